//! The registry through its public face, on a real file system.
#![allow(clippy::unwrap_used)]

use milieu_registry::{ChangeKind, DataDescription, Draft, Limits, Registry, RegistryError, Stage};
use milieu_types::Timestamp;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

const AT: Timestamp = Timestamp::from_secs(1_800_000_000);

fn draft(weights: &[u8]) -> Draft {
    Draft {
        kind: "ranker".into(),
        created_at: AT,
        files: vec![("weights.bin".into(), weights.to_vec()), ("notes.txt".into(), b"a note".to_vec())],
        metrics: BTreeMap::from([("ndcg@10".into(), 0.25)]),
        data: DataDescription {
            last_seq: 7,
            counts: BTreeMap::from([("events".into(), 7)]),
            hash: "00".into(),
        },
        parent: None,
        recipe: "epochs = 3".into(),
        code_version: "0.1.0".into(),
        attributes: BTreeMap::from([("labels".into(), serde_json::json!(["like", "hide"]))]),
    }
}

fn registry() -> (tempfile::TempDir, Registry) {
    let directory = tempfile::tempdir().unwrap();
    let registry = Registry::open(directory.path()).unwrap();
    (directory, registry)
}

#[test]
fn what_is_published_is_loaded() {
    let (_directory, registry) = registry();
    assert_eq!(registry.kinds().unwrap(), Vec::<String>::new());
    assert!(registry.list("ranker").unwrap().is_empty());
    let first = registry.publish(&draft(b"one")).unwrap();
    let second = registry.publish(&Draft { parent: Some(1), ..draft(b"two") }).unwrap();
    assert_eq!((first.version, second.version, second.parent), (1, 2, Some(1)));
    let loaded = registry.load("ranker", 2).unwrap();
    assert_eq!(loaded.manifest, second);
    assert_eq!(loaded.files["weights.bin"], b"two");
    assert_eq!(loaded.manifest.attributes["labels"][1], "hide");
    assert_eq!(registry.kinds().unwrap(), ["ranker"]);
    let stages: Vec<_> = registry.list("ranker").unwrap().iter().map(|l| (l.version, l.stage)).collect();
    assert_eq!(stages, [(1, Stage::Candidate), (2, Stage::Candidate)]);
    assert!(matches!(registry.load("ranker", 3), Err(RegistryError::UnknownVersion { version: 3, .. })));
    assert!(matches!(registry.load("other", 1), Err(RegistryError::UnknownVersion { .. })));
}

#[test]
fn promote_and_roll_back() {
    let (_directory, registry) = registry();
    for weights in [b"1", b"2", b"3"] {
        registry.publish(&draft(weights)).unwrap();
    }
    assert_eq!(registry.live("ranker").unwrap(), None);
    assert!(matches!(registry.rollback("ranker", AT), Err(RegistryError::NothingToRollBack { .. })));
    assert!(matches!(registry.promote("ranker", 4, AT), Err(RegistryError::UnknownVersion { .. })));
    registry.promote("ranker", 1, AT).unwrap();
    registry.promote("ranker", 3, AT).unwrap();
    registry.promote("ranker", 3, AT).unwrap();
    let stages: Vec<_> = registry.list("ranker").unwrap().iter().map(|l| l.stage).collect();
    assert_eq!(stages, [Stage::Retired, Stage::Candidate, Stage::Live]);
    assert_eq!(registry.rollback("ranker", AT).unwrap(), 1);
    assert_eq!(registry.live("ranker").unwrap(), Some(1));
    assert!(registry.rollback("ranker", AT).is_err());
    let kinds: Vec<_> = registry.changes("ranker").unwrap().iter().map(|c| c.change).collect();
    assert_eq!(kinds, [ChangeKind::Promote, ChangeKind::Promote, ChangeKind::Rollback]);
}

#[test]
fn pruning_keeps_what_serves_and_what_served_before() {
    let (_directory, registry) = registry();
    for _ in 0..5 {
        registry.publish(&draft(b"w")).unwrap();
    }
    registry.promote("ranker", 1, AT).unwrap();
    registry.promote("ranker", 2, AT).unwrap();
    assert_eq!(registry.prune("ranker", 3).unwrap(), [3, 4]);
    assert_eq!(registry.prune("ranker", 0).unwrap(), [0; 0]);
    assert_eq!(registry.rollback("ranker", AT).unwrap(), 1);
    assert_eq!(registry.prune("ranker", 1).unwrap(), [2]);
    assert_eq!(registry.publish(&draft(b"w")).unwrap().version, 6);
}

#[test]
fn damage_is_found() {
    fn check(damage: impl Fn(&Path), expected: &str) {
        let (directory, registry) = registry();
        registry.publish(&draft(b"good weights")).unwrap();
        registry.promote("ranker", 1, AT).unwrap();
        damage(&directory.path().join("ranker"));
        let error = registry
            .live("ranker")
            .and_then(|version| registry.load("ranker", version.unwrap()))
            .unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    let manifest = |edit: fn(&str) -> String| {
        move |kind: &Path| {
            let path = kind.join("v000001/manifest.json");
            fs::write(&path, edit(&fs::read_to_string(&path).unwrap())).unwrap();
        }
    };
    check(|kind| fs::write(kind.join("v000001/weights.bin"), b"evil weights").unwrap(), "checksum");
    check(|kind| fs::write(kind.join("v000001/weights.bin"), b"good").unwrap(), "4 bytes");
    check(|kind| fs::write(kind.join("v000001/weights.bin"), b"good weights and more").unwrap(), "21 bytes");
    check(|kind| fs::remove_file(kind.join("v000001/weights.bin")).unwrap(), "missing");
    check(|kind| fs::write(kind.join("stages.json"), b"{\"changes\":[{").unwrap(), "damaged");
    check(|kind| fs::remove_file(kind.join("v000001/manifest.json")).unwrap(), "no version 1");
    check(manifest(|text| text[..text.len() / 2].to_owned()), "damaged");
    check(manifest(|_| "\u{0}\u{1}".into()), "damaged");
    check(manifest(|text| text.replace("\"format\": 1", "\"format\": 2")), "format 2");
    check(manifest(|text| text.replace("\"version\": 1", "\"version\": 2")), "it describes ranker 2");
    check(manifest(|text| text.replace("weights.bin", "../../secret")), "is no name of a file");
    check(manifest(|text| text.replace("\"bytes\": 12", "\"bytes\": 99999999999999")), "exceeds the limit");
}

#[test]
fn a_damaged_version_is_neither_promoted_nor_hides_the_others() {
    let (directory, registry) = registry();
    registry.publish(&draft(b"one")).unwrap();
    registry.publish(&draft(b"two")).unwrap();
    fs::write(directory.path().join("ranker/v000002/manifest.json"), b"").unwrap();
    assert!(matches!(registry.promote("ranker", 2, AT), Err(RegistryError::Damaged { .. })));
    let listed = registry.list("ranker").unwrap();
    assert!(listed[0].manifest.is_ok() && listed[1].manifest.is_err());
    assert_eq!(registry.publish(&draft(b"three")).unwrap().version, 3);
}

#[test]
fn a_torn_publish_is_invisible_and_swept() {
    let (directory, registry) = registry();
    registry.publish(&draft(b"one")).unwrap();
    let torn = directory.path().join("ranker/publishing");
    fs::create_dir(&torn).unwrap();
    fs::write(torn.join("weights.bin"), b"half").unwrap();
    fs::write(directory.path().join("ranker/stages.new"), b"half").unwrap();
    assert_eq!(registry.list("ranker").unwrap().len(), 1);
    assert_eq!(registry.publish(&draft(b"two")).unwrap().version, 2);
    registry.promote("ranker", 2, AT).unwrap();
    assert!(!torn.exists());
    assert_eq!(registry.load("ranker", 2).unwrap().files["weights.bin"], b"two");
}

#[test]
fn drafts_that_break_a_rule_leave_nothing() {
    fn check(edit: impl FnOnce(&mut Draft), expected: &str) {
        let directory = tempfile::tempdir().unwrap();
        let limits = Limits { file_bytes: 16, version_bytes: 16, files: 2, ..Limits::default() };
        let registry = Registry::open_with(directory.path(), limits).unwrap();
        let mut input = draft(b"w");
        edit(&mut input);
        let error = registry.publish(&input).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(registry.list("ranker").unwrap().is_empty());
    }
    check(|d| d.kind = "../ranker".into(), "is no name of a kind");
    check(|d| d.files[0].0 = "a/b".into(), "is no name of a file");
    check(|d| d.files[0].0 = "manifest.json".into(), "is no name of a file");
    check(|d| d.files[0].0 = d.files[1].0.clone(), "two files");
    check(|d| d.metrics = BTreeMap::from([("loss".into(), f64::NAN)]), "the metric loss is NaN");
    check(|d| d.files[0].1 = vec![0; 17], "exceeds the limit");
    check(|d| d.files.push(("third".into(), vec![])), "exceeds the limit");
    check(|d| d.files[1].1 = vec![0; 16], "17 exceeds the limit of 16");
    check(|d| d.parent = Some(1), "its parent 1 is no earlier version");
}

#[test]
fn readers_see_whole_versions_while_writers_write() {
    let (directory, registry) = registry();
    registry.publish(&draft(&[0; 64])).unwrap();
    registry.promote("ranker", 1, AT).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..2)
            .map(|_| {
                // A handle of its own, as another process would have.
                let registry = Registry::open(directory.path()).unwrap();
                scope.spawn(move || {
                    for _ in 0..10 {
                        let next = registry.publish(&draft(&[7; 64])).unwrap().version;
                        registry.promote("ranker", next, AT).unwrap();
                    }
                })
            })
            .collect();
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let serving = registry.live("ranker").unwrap().unwrap();
                    assert_eq!(registry.load("ranker", serving).unwrap().manifest.version, serving);
                }
            });
        }
        let results: Vec<_> = writers.into_iter().map(|writer| writer.join()).collect();
        done.store(true, Ordering::Relaxed);
        assert!(results.iter().all(Result::is_ok));
    });
    let versions: Vec<u32> = registry.list("ranker").unwrap().iter().map(|l| l.version).collect();
    assert_eq!(versions, (1..=21).collect::<Vec<_>>());
    assert_eq!(registry.changes("ranker").unwrap().len(), 21);
}
