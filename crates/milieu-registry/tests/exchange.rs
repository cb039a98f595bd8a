//! Models from elsewhere in, and versions out, on a real file system.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use milieu_registry::{
    ElementType, Import, ImportLimits, ModelCard, Preprocessing, Registry, TensorSpec, TextPreparation,
    check_model,
};
use milieu_types::Timestamp;
use std::fs;

const AT: Timestamp = Timestamp::from_secs(1_800_000_000);
/// Reads `numbers: f32[batch, 4]`, gives `logits: f32[batch, 2]`.
const MODEL: &[u8] = include_bytes!("../../../testdata/models/mini.onnx");

fn import() -> Import {
    Import { kind: "mini".into(), at: AT, ..Import::default() }
}

fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

#[test]
fn a_folder_with_what_belongs_to_it() {
    let from = folder(&[
        ("model.onnx", MODEL),
        ("pytorch_model.bin", b"not taken"),
        ("tokenizer.json", b"{}"),
        ("tokenizer_config.json", br#"{"model_max_length": 256}"#),
        (
            "config.json",
            br#"{"architectures": ["BertForSequenceClassification"], "id2label": {"0": "no", "1": "yes"}}"#,
        ),
        ("README.md", b"---\nlicense: mit\n---\n"),
    ]);
    let source = Some("hf:org/mini@0".to_owned());
    let draft = Import { source, ..import() }.read(from.path(), check_model).unwrap();
    let names: Vec<_> = draft.files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["README.md", "config.json", "model.onnx", "tokenizer.json", "tokenizer_config.json"]);
    let to = tempfile::tempdir().unwrap();
    let manifest = Registry::open(to.path()).unwrap().publish(&draft).unwrap();
    let expected = ModelCard {
        task: "text_classification".into(),
        model_file: "model.onnx".into(),
        labels: vec!["no".into(), "yes".into()],
        preprocessing: Some(Preprocessing::Text(TextPreparation {
            tokenizer: "tokenizer.json".into(),
            maximum_tokens: 256,
        })),
        inputs: vec![TensorSpec::new("numbers", ElementType::F32, &[0, 4])],
        outputs: vec![TensorSpec::new("logits", ElementType::F32, &[0, 2])],
        licence: Some("mit".into()),
        source: Some("hf:org/mini@0".into()),
        temperature: None,
        thresholds: Vec::new(),
        unknown: None,
        chain: None,
    };
    assert_eq!(ModelCard::of(&manifest).unwrap(), expected);
}

#[test]
fn what_is_exported_is_imported_again() {
    let from = folder(&[("net.onnx", MODEL), ("labels.txt", b"cat\ndog")]);
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let here = Registry::open(here.path()).unwrap();
    let mut draft = import().read(from.path(), check_model).unwrap();
    // Files that no one else would take come back by the manifest.
    draft.files.push(("calibration.bin".into(), vec![1, 2, 3]));
    draft.metrics.insert("accuracy".into(), 0.9);
    draft.recipe = "epochs = 3".into();
    let first = here.publish(&draft).unwrap();
    let out = there.path().join("out");
    assert_eq!(here.export("mini", 1, &out).unwrap(), first);
    assert!(here.export("mini", 1, &out).unwrap_err().to_string().contains("not empty"));

    let again = here.publish(&import().read(&out, check_model).unwrap()).unwrap();
    assert_eq!(again.version, 2);
    let sorted = |manifest: &milieu_registry::Manifest| {
        let mut files = manifest.files.clone();
        files.sort_by(|a, b| a.name.cmp(&b.name));
        files
    };
    assert_eq!(sorted(&again), sorted(&first));
    assert_eq!((&again.metrics, &again.recipe), (&first.metrics, &first.recipe));
    assert_eq!(again.attributes, first.attributes);
    assert_eq!(ModelCard::of(&again).unwrap().labels, ["cat", "dog"]);

    let mut other = MODEL.to_vec();
    *other.last_mut().unwrap() ^= 1;
    fs::write(out.join("net.onnx"), other).unwrap();
    let error = import().read(&out, check_model).unwrap_err().to_string();
    assert!(error.contains("checksum differs"), "{error}");
}

#[test]
fn refusals() {
    fn check(files: &[(&str, &[u8])], path: &str, edit: impl Fn(&mut Import), expected: &str) {
        let from = folder(files);
        let mut import = import();
        edit(&mut import);
        let error = import.read(&from.path().join(path), check_model).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let limits = ImportLimits { model_bytes: MODEL.len() as u64, companion_bytes: 4, entries: 2 };
    let less = ImportLimits { model_bytes: MODEL.len() as u64 - 1, ..limits };
    check(&[], "", |_| (), "no .onnx file");
    check(&[("model.bin", MODEL)], "model.bin", |_| (), "is no .onnx file");
    check(&[], "model.onnx", |_| (), "model.onnx");
    check(&[("model.onnx", b"")], "model.onnx", |_| (), "no usable model");
    check(&[("model.onnx", b"<html>")], "", |_| (), "model.onnx is no usable model");
    check(&[("a.onnx", MODEL), ("b.onnx", MODEL)], "", |_| (), "one of them must be chosen: a.onnx, b.onnx");
    check(&[("a.onnx", MODEL)], "", |import| import.file = Some("c.onnx".into()), "there is no file c.onnx");
    check(&[("a.onnx", MODEL)], "", |import| import.limits = less, "199 exceeds the limit of 198");
    check(
        &[("a.onnx", MODEL), ("labels.txt", b"too long")],
        "",
        |import| import.limits = limits,
        "8 exceeds the limit of 4",
    );
    check(
        &[("a.onnx", MODEL), ("b", b""), ("c", b"")],
        "",
        |import| import.limits = limits,
        "3 exceeds the limit of 2",
    );
    check(&[("a b.onnx", MODEL)], "a b.onnx", |_| (), "is no name of a file");
}

#[test]
fn a_single_file() {
    let from = folder(&[("net.onnx", MODEL), ("labels.txt", b"cat\ndog")]);
    let draft = import().read(&from.path().join("net.onnx"), check_model).unwrap();
    assert_eq!(draft.files, [("net.onnx".to_owned(), MODEL.to_vec())]);
    assert_eq!(draft.attributes["model_file"], "net.onnx");
}
