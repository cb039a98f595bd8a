//! Canaries and shadows, lineage, cards and signatures, on a real file system.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use milieu_registry::{
    Change, ChangeKind, DataDescription, Draft, ElementType, LineageEnd, ModelCard, PictureFit,
    PicturePreparation, Preprocessing, Registry, RegistryError, STAGES_FORMAT, Signature, Stage, Stages,
    TensorSpec, TextPreparation, Trial, check_model,
};
use milieu_types::Timestamp;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const AT: Timestamp = Timestamp::from_secs(1_800_000_000);

fn draft(parent: Option<u32>) -> Draft {
    Draft {
        kind: "image-cifar10".into(),
        created_at: AT,
        files: vec![("model.onnx".into(), b"weights".to_vec())],
        metrics: BTreeMap::from([("accuracy".into(), 0.9)]),
        data: DataDescription::default(),
        parent,
        recipe: String::new(),
        code_version: String::new(),
        attributes: BTreeMap::new(),
    }
}

fn with_versions(parents: &[Option<u32>]) -> (tempfile::TempDir, Registry) {
    let directory = tempfile::tempdir().unwrap();
    let registry = Registry::open(directory.path()).unwrap();
    for &parent in parents {
        registry.publish(&draft(parent)).unwrap();
    }
    (directory, registry)
}

fn trial(version: u32, share: f64) -> Trial {
    Trial { version, share }
}

#[test]
fn trials_beside_the_live_version() {
    const KIND: &str = "image-cifar10";
    let (_directory, registry) = with_versions(&[None; 5]);
    let refused = |result: Result<(), RegistryError>, expected: &str| {
        let error = result.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    refused(registry.set_canary(KIND, trial(2, 0.1), AT), "no live version");
    registry.promote(KIND, 1, AT).unwrap();
    refused(registry.set_canary(KIND, trial(1, 0.1), AT), "it is the live version");
    refused(registry.set_canary(KIND, trial(9, 0.1), AT), "no version 9");
    for share in [0.0, -0.5, 1.5, f64::NAN] {
        refused(registry.set_shadow(KIND, trial(2, share), AT), "above 0 and at most 1");
    }
    registry.set_shadow(KIND, trial(2, 1.0), AT).unwrap();
    registry.set_canary(KIND, trial(3, 0.05), AT).unwrap();
    registry.set_canary(KIND, trial(3, 0.05), AT).unwrap();
    registry.set_canary(KIND, trial(3, 0.25), AT).unwrap();
    let expected = Stages { live: Some(1), canary: Some(trial(3, 0.25)), shadow: Some(trial(2, 1.0)) };
    assert_eq!(registry.stages(KIND).unwrap(), expected);
    let stages: Vec<_> = registry.list(KIND).unwrap().iter().map(|line| line.stage).collect();
    assert_eq!(stages, [Stage::Live, Stage::Shadow, Stage::Canary, Stage::Candidate, Stage::Candidate]);

    // What is live or on trial outlives a clean-up.
    assert_eq!(registry.prune(KIND, 0).unwrap(), [4]);
    assert_eq!(registry.end_shadow(KIND, AT).unwrap(), Some(2));
    assert_eq!(registry.end_shadow(KIND, AT).unwrap(), None);
    registry.promote(KIND, 3, AT).unwrap();
    assert_eq!(registry.stages(KIND).unwrap(), Stages { live: Some(3), ..Stages::default() });
    assert_eq!(registry.end_canary(KIND, AT).unwrap(), None);
    assert_eq!(registry.rollback(KIND, AT).unwrap(), 1);

    use ChangeKind::{Canary, EndShadow, Promote, Rollback, Shadow};
    let kinds: Vec<_> = registry.changes(KIND).unwrap().iter().map(|change| change.change).collect();
    assert_eq!(kinds, [Promote, Shadow, Canary, Canary, EndShadow, Promote, Rollback]);
}

#[test]
fn asking_about_a_kind_does_not_make_it() {
    let (directory, registry) = with_versions(&[]);
    assert_eq!(registry.stages("nothing").unwrap(), Stages::default());
    assert!(matches!(registry.rollback("nothing", AT), Err(RegistryError::UnknownKind { .. })));
    assert!(matches!(registry.end_canary("nothing", AT), Err(RegistryError::UnknownKind { .. })));
    assert!(matches!(registry.prune("nothing", 1), Err(RegistryError::UnknownKind { .. })));
    assert!(matches!(registry.promote("nothing", 1, AT), Err(RegistryError::UnknownVersion { .. })));
    assert!(!directory.path().join("nothing").exists());
}

#[test]
fn lineage() {
    fn check(spoil: impl Fn(&Path), version: u32, ancestors: &[u32], end: LineageEnd, children: &[u32]) {
        let (directory, registry) = with_versions(&[None, Some(1), Some(2), Some(2), Some(4)]);
        spoil(&directory.path().join("image-cifar10"));
        let found = registry.lineage("image-cifar10", version).unwrap();
        let numbers = |relatives: &[milieu_registry::Relative]| {
            relatives.iter().map(|relative| relative.version).collect::<Vec<_>>()
        };
        let found = (numbers(&found.ancestors), found.end, numbers(&found.children));
        assert_eq!(found, (ancestors.to_vec(), end, children.to_vec()));
    }
    let parent_of_1 = |parent: &'static str| {
        move |kind: &Path| {
            let path = kind.join("v000001/manifest.json");
            let text = fs::read_to_string(&path).unwrap();
            fs::write(&path, text.replace("\"parent\": null", &format!("\"parent\": {parent}"))).unwrap();
        }
    };
    check(|_| {}, 1, &[], LineageEnd::Origin, &[2]);
    check(|_| {}, 2, &[1], LineageEnd::Origin, &[3, 4]);
    check(|_| {}, 5, &[4, 2, 1], LineageEnd::Origin, &[]);
    check(|kind| fs::remove_dir_all(kind.join("v000002")).unwrap(), 5, &[4], LineageEnd::Missing(2), &[]);
    check(
        |kind| fs::write(kind.join("v000002/manifest.json"), b"{").unwrap(),
        5,
        &[4],
        LineageEnd::Damaged(2),
        &[],
    );
    check(parent_of_1("4"), 5, &[4, 2, 1], LineageEnd::Cycle(4), &[]);
    check(parent_of_1("1"), 1, &[], LineageEnd::Cycle(1), &[1, 2]);
    let (_directory, registry) = with_versions(&[None, Some(1)]);
    let found = registry.lineage("image-cifar10", 2).unwrap();
    assert_eq!(found.ancestors[0].metrics["accuracy"], 0.9);
    assert!(matches!(
        registry.lineage("image-cifar10", 3),
        Err(RegistryError::UnknownVersion { version: 3, .. })
    ));
}

fn card() -> ModelCard {
    ModelCard {
        task: "image_classification".into(),
        model_file: "model.onnx".into(),
        inputs: vec![TensorSpec::new("pixels", ElementType::F32, &[0, 3, 32, 32])],
        outputs: vec![TensorSpec::new("logits", ElementType::F32, &[0, 2])],
        preprocessing: Some(Preprocessing::Picture(PicturePreparation {
            side: 32,
            fit: PictureFit::Squash,
            mean: [0.491_4, 0.482_2, 0.446_5],
            deviation: [0.247, 0.243_5, 0.261_6],
        })),
        labels: vec!["cat".into(), "dog".into()],
        temperature: Some(1.5),
        thresholds: Vec::new(),
        unknown: None,
        chain: None,
        licence: Some("apache-2.0".into()),
        source: None,
    }
}

#[test]
fn a_card_survives_the_registry() {
    let (_directory, registry) = with_versions(&[]);
    let mut input = draft(None);
    input.attributes.insert("architecture".into(), "resnet9".into());
    card().write(&mut input.attributes).unwrap();
    registry.publish(&input).unwrap();
    let manifest = registry.manifest("image-cifar10", 1).unwrap();
    assert_eq!(ModelCard::of(&manifest).unwrap(), card());
    assert_eq!(manifest.attributes["architecture"], "resnet9");
    assert_eq!(manifest.attributes["preprocessing"]["kind"], "picture");
    // A version without a card has an empty one.
    assert_eq!(ModelCard::of(&registry.publish(&draft(None)).unwrap()).unwrap(), ModelCard::default());
}

#[test]
fn cards_that_break_a_rule() {
    fn check(edit: impl Fn(&mut ModelCard), expected: &str) {
        let mut card = card();
        edit(&mut card);
        let error = card.write(&mut BTreeMap::new()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let picture = |side, deviation| {
        let (fit, mean) = (PictureFit::Crop, [0.0; 3]);
        Some(Preprocessing::Picture(PicturePreparation { side, fit, mean, deviation }))
    };
    check(|card| card.labels = vec![String::new(); 200_001], "200001 labels");
    check(|card| card.labels[1] = "x".repeat(4097), "longer than 4096 bytes");
    check(|card| card.temperature = Some(0.0), "the temperature is 0");
    check(|card| card.temperature = Some(f64::NAN), "the temperature is NaN");
    check(|card| card.preprocessing = picture(0, [1.0; 3]), "0 pixels a side");
    check(|card| card.preprocessing = picture(50_000, [1.0; 3]), "50000 pixels a side");
    check(|card| card.preprocessing = picture(32, [1.0, 0.0, 1.0]), "cannot be used");
    check(
        |card| {
            let tokenizer = "tokenizer.json".into();
            card.preprocessing = Some(Preprocessing::Text(TextPreparation { tokenizer, maximum_tokens: 0 }));
        },
        "0 tokens",
    );
    check(|card| card.inputs.push(card.inputs[0].clone()), "two inputs are called pixels");
}

#[test]
fn cards_on_disk_are_not_trusted() {
    fn check(attributes: serde_json::Value, expected: &str) {
        let (_directory, registry) = with_versions(&[]);
        let attributes = serde_json::from_value(attributes).unwrap();
        let manifest = registry.publish(&Draft { attributes, ..draft(None) }).unwrap();
        let error = ModelCard::of(&manifest).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    use serde_json::json;
    check(json!({"labels": "cat"}), "expected a sequence");
    check(json!({"model_file": "../../etc/passwd"}), "no file ../../etc/passwd");
    check(json!({"temperature": -1}), "the temperature is -1");
    check(json!({"preprocessing": {"kind": "smell"}}), "unknown variant `smell`");
    check(
        json!({"preprocessing": {"kind": "text", "tokenizer": "t.json", "maximum_tokens": 8}}),
        "no file t.json",
    );
    let grams = |words: u32, rows: u64| {
        json!({"preprocessing": {"kind": "grams", "words": words, "shortest": 3, "longest": 5, "apart": 3,
            "disguise": false, "rows": rows}})
    };
    check(grams(0, 4096), "the limits are 8 and 16777216 rows");
    check(grams(2, 1 << 30), "the limits are 8 and 16777216 rows");
    for order in [json!({"rows": 2, "maximum_words": 9}), json!({"rows": 300, "maximum_words": 0})] {
        let mut read = grams(2, 4096);
        read["preprocessing"]["order"] = order;
        check(read, "the limits are 16777216 rows and");
    }
}

#[test]
fn the_signature_is_compared_before_a_model_is_used() {
    fn check(found: Result<Signature, String>, expected: Result<(), &str>) {
        let (_directory, registry) = with_versions(&[]);
        let mut input = draft(None);
        card().write(&mut input.attributes).unwrap();
        registry.publish(&input).unwrap();
        let loaded = registry.load_model("image-cifar10", 1, |bytes| {
            assert_eq!(bytes, b"weights");
            found
        });
        match (loaded, expected) {
            (Ok((_, read)), Ok(())) => assert_eq!(read, card()),
            (Err(RegistryError::SignatureMismatch { reason, .. }), Err(expected)) => {
                assert!(reason.contains(expected), "{reason}");
            }
            (found, expected) => panic!("{found:?} where {expected:?} was expected"),
        }
    }
    check(Ok(card().signature()), Ok(()));
    check(Ok(Signature::default()), Err("it has no input pixels"));
    check(Err("cut short".into()), Err("cut short"));
    check(check_model(b"weights"), Err(""));
    let (_directory, registry) = with_versions(&[None]);
    let error = registry.load_model("image-cifar10", 1, |_| Ok(Signature::default())).unwrap_err();
    assert!(error.to_string().contains("names no model file"), "{error}");
}

#[test]
fn what_an_older_milieu_wrote_is_read() {
    let frozen = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/registry/v1");
    let directory = tempfile::tempdir().unwrap();
    copy(&frozen, directory.path());
    let registry = Registry::open(directory.path()).unwrap();
    let stages: Vec<_> = registry.list("ranker").unwrap().iter().map(|line| line.stage).collect();
    assert_eq!(stages, [Stage::Retired, Stage::Live, Stage::Retired]);
    for version in 1..=3 {
        let loaded = registry.load("ranker", version).unwrap();
        assert_eq!(loaded.manifest.code_version, "");
        assert_eq!(loaded.manifest.data.counts["events"], 7);
    }
    let before = registry.changes("ranker").unwrap();
    let at = Timestamp::from_millis(1_795_507_200_250 + 12 * 60_000);
    assert_eq!(before[2], Change { change: ChangeKind::Rollback, version: 1, at, share: None });
    let ancestors = registry.lineage("ranker", 3).unwrap().ancestors;
    assert_eq!(ancestors.iter().map(|relative| relative.version).collect::<Vec<_>>(), [2, 1]);

    // The first change writes the format of now, with all that was there.
    registry.set_canary("ranker", trial(3, 0.5), AT).unwrap();
    let text = fs::read_to_string(directory.path().join("ranker/stages.json")).unwrap();
    assert!(text.contains(&format!("\"format\": {STAGES_FORMAT}")));
    assert_eq!(registry.changes("ranker").unwrap()[..4], before);
    assert_eq!(registry.rollback("ranker", AT).unwrap(), 1);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        match entry.path().is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name())),
            false => drop(fs::copy(entry.path(), to.join(entry.file_name())).unwrap()),
        }
    }
}
