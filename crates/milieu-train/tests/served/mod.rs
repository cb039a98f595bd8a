//! What a published network is once it serves, and once it is made smaller.

use milieu_content::{Scale, TextClassifier};
use milieu_inference::{EngineChoice, Engines, LoadOptions};
use milieu_registry::{Draft, Registry, check_model};
use milieu_train::optimise::{ExamplesConfig, Method, Optimisation, optimise};
use milieu_types::Timestamp;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// Looks whether the first version of a model gives these logits in every engine that is here, and has these labels first.
pub(crate) fn serves(registry: &Registry, name: &str, logits: &[(&str, Vec<f32>)], first: &[(&str, &str)]) {
    let (version, card) = registry.load_model(name, 1, check_model).unwrap();
    let threads = NonZeroUsize::MIN;
    let library = std::env::var_os("MILIEU_ONNXRUNTIME").map(PathBuf::from);
    let rten = Engines::find(EngineChoice::Rten, None, threads).unwrap();
    let other = library.map(|path| Engines::find(EngineChoice::OnnxRuntime, Some(&path), threads).unwrap());
    for engines in std::iter::once(rten).chain(other) {
        let mut engine = engines.load(&version.files["model.onnx"], LoadOptions::default()).unwrap();
        let file = |name: &str| version.files.get(name).cloned();
        let classifier = TextClassifier::new(&card, engine.signature(), Scale::Logits, &file).unwrap();
        for (text, expected) in logits {
            let outputs = engine.run(&classifier.prepare(text).unwrap().inputs).unwrap();
            let found = outputs[0].as_f32().unwrap();
            let close = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-4);
            assert!(close && found.len() == expected.len(), "{engines:?} {text}: {found:?} {expected:?}");
        }
        for (text, label) in first {
            let outputs = engine.run(&classifier.prepare(text).unwrap().inputs).unwrap();
            assert_eq!(classifier.classes(&outputs, 1).unwrap()[0].label, *label, "{engines:?} {text}");
        }
    }
}

/// The first version of a model in 8 bits, which is hardly worse on the texts of a table.
pub(crate) fn in_8_bits(registry: &Registry, name: &str, table: &Path, folder: &Path) -> Draft {
    let wanted = Optimisation {
        name: name.to_owned(),
        version: 1,
        method: Method::Int8Dynamic,
        examples: ExamplesConfig {
            path: table.to_owned(),
            most: 0,
            seed: 1,
            text: "text".to_owned(),
            label: "label".to_owned(),
        },
        most_lost: 0.05,
        folder: folder.to_owned(),
        engine: EngineChoice::Rten,
        library: None,
        threads: NonZeroUsize::MIN,
    };
    let (report, draft) = optimise(registry, &wanted, Timestamp::from_secs(1), &mut |_| {}).unwrap();
    assert!(report.passed && report.after.figures.accuracy.mean > 0.95, "{report:?}");
    draft.unwrap()
}
