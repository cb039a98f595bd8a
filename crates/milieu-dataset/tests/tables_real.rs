//! Labelled data sets as they are published, counted against what their publishers state.
//!
//! Skipped, with the reason printed, where the shared data is not at hand (`MILIEU_SHARED`, by default
//! `../shared` beside the workspace); a failure instead with `MILIEU_REQUIRE_SHARED=1`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use milieu_dataset::split::{Shares, SplitRule, split};
use milieu_dataset::tables::{PairConfig, TableConfig, TableFormat, read_manifest, read_pairs, read_table};
use milieu_dataset::{Examples, Part};
use std::path::PathBuf;

fn shared(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("MILIEU_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let found = root.join("data").join(path);
    if found.exists() {
        return Some(found);
    }
    assert!(std::env::var_os("MILIEU_REQUIRE_SHARED").is_none(), "{} is not there", found.display());
    eprintln!("skipped: {} is not there", found.display());
    None
}

/// Examples of the training, validation and test part, classes, and bad lines.
fn counts<T>(examples: &Examples<T>) -> ([usize; 3], usize, usize) {
    let of = |part| examples.examples.iter().filter(|example| example.part == Some(part)).count();
    ([Part::Train, Part::Validation, Part::Test].map(of), examples.classes.len(), examples.bad.count)
}

#[test]
fn tweeteval() {
    // Of 10,000 tweets on hate to learn from and choose by, eight are blank.
    for (name, parts, classes, blank) in [
        ("emotion", [3257, 374, 1421], 4, 0),
        ("hate", [8993, 999, 2970], 2, 8),
        ("offensive", [11916, 1324, 860], 2, 0),
    ] {
        let Some(path) = shared(&format!("tweeteval/{name}")) else { return };
        let config = PairConfig { names: Some("mapping.txt".into()), ..PairConfig::default() };
        let found = read_pairs(&path, &config).unwrap();
        assert_eq!(counts(&found), (parts, classes, blank), "{name}: {:?}", found.bad.first);
    }
}

#[test]
fn snips() {
    let Some(path) = shared("nlu_snips") else { return };
    let config = PairConfig { text: "seq.in".into(), label: "label".into(), ..PairConfig::default() };
    let found = read_pairs(&path, &config).unwrap();
    assert_eq!(counts(&found), ([13084, 700, 700], 7, 0), "{:?}", found.bad.first);
}

#[test]
fn goemotions() {
    let Some(path) = shared("goemotions") else { return };
    let config = TableConfig {
        header: vec!["text".into(), "label".into(), "id".into()],
        separator: Some(','),
        names: Some("labels.txt".into()),
        ..TableConfig::default()
    };
    let found = read_table(&path, &config).unwrap();
    assert_eq!(counts(&found), ([43410, 5426, 5427], 28, 0), "{:?}", found.bad.first);
}

#[test]
fn chinese_reviews() {
    let Some(path) = shared("chinese_sentiment") else { return };
    let config = TableConfig { text: "review".into(), ..TableConfig::default() };
    let found = read_table(&path.join("ChnSentiCorp_htl_all.csv.gz"), &config).unwrap();
    // One of the 7,766 reviews is empty.
    assert_eq!((found.examples.len(), found.bad.count), (7765, 1), "{:?}", found.bad.first);
    let found = read_table(&path.join("online_shopping_10_cats.zip"), &config).unwrap();
    assert_eq!(found.examples.len() + found.bad.count, 62774);
    assert!(found.bad.count < 5, "{:?}", found.bad.first);
}

#[test]
fn digits_by_speaker() {
    let Some(path) = shared("fsdd") else { return };
    let config = TableConfig {
        text: "file".into(),
        label: Some("digit".into()),
        group: Some("speaker".into()),
        part: Some("split".into()),
        format: Some(TableFormat::Csv),
        ..TableConfig::default()
    };
    let mut found =
        read_manifest(&path.join("labels.csv.gz"), &path.join("fsdd_flac.tar.xz"), &config).unwrap();
    assert_eq!(counts(&found), ([2700, 0, 300], 10, 0), "{:?}", found.bad.first);
    assert!(found.examples[0].value.read().unwrap().starts_with(b"fLaC"));
    // Six speakers, one of them for each part that measures.
    found.examples.iter_mut().for_each(|example| example.part = None);
    let shares = Shares { validation: 0.16, test: 0.16 };
    let parts = split(&found.facts(), shares, SplitRule::Group { seed: 1 }).unwrap();
    assert_eq!((parts.train.len(), parts.validation.len(), parts.test.len()), (2000, 500, 500));
}
