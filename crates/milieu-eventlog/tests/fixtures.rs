//! Frozen files of every disk format: what an older Milieu wrote must stay readable for ever.
//!
//! `UPDATE_FIXTURES=1 cargo test -p milieu-eventlog --test fixtures` writes the files that are missing.
//! It never touches those that are there: a format that changes gets a new version and a new folder.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic here is a failed test")]

mod common;

use common::{accepted, contents, duplicate, event, id, item, like, small, undo};
use milieu_eventlog::{Entry, Log, RECORD_VERSION, SnapshotStore, decode_record, encode_record};
use milieu_types::{EventKind, Item, ItemPatch, Media, MediaKind, Record, Timestamp, User, UserPatch};
use std::io::Read;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/eventlog/v1")
}

fn updating() -> bool {
    std::env::var_os("UPDATE_FIXTURES").is_some()
}

/// A record of every variant, with every optional field both present and absent, and every event kind.
fn samples() -> Vec<(String, Record)> {
    let at = Timestamp::from_millis(1_795_507_200_250);
    let mut full = event(Some("e/1 é"), EventKind::Reply, "ann", "post/7");
    full.target = Some(id("post/8"));
    full.value = Some(2.5);
    full.context = Some(r#"{"from":"search"}"#.into());
    let user = User {
        id: id("用户/7"),
        name: Some("Ann".into()),
        tags: vec!["beer".into(), "hiking".into()],
        language: Some("zh-Hans".into()),
        muted_keywords: vec!["spoiler".into()],
        discoverable: true,
        at,
    };
    let bare_user = User {
        name: None,
        tags: vec![],
        language: None,
        muted_keywords: vec![],
        discoverable: false,
        ..user.clone()
    };
    let full_item = Item {
        author: Some(id("ann")),
        media: [MediaKind::Image, MediaKind::Audio, MediaKind::Video]
            .map(|kind| Media { kind, url: "https://example.org/m".into() })
            .to_vec(),
        tags: vec!["beer".into()],
        reply_to: Some(id("post/6")),
        language: Some("en".into()),
        at: Timestamp::from_millis(-5),
        hidden: true,
        ..item("post/7", "Which yeast? 🍺")
    };
    let user_patch = UserPatch {
        id: id("ann"),
        name: Some(None),
        tags: Some(vec![]),
        language: Some(Some("en".into())),
        muted_keywords: None,
        discoverable: Some(false),
    };
    let item_patch = ItemPatch {
        id: id("post/7"),
        text: Some(Some("Which hops?".into())),
        media: Some(vec![]),
        tags: None,
        language: Some(None),
        hidden: Some(false),
    };
    let mut samples = vec![
        ("event_full", Record::Event(full.clone())),
        (
            "undo",
            Record::Undo {
                event: event(None, EventKind::Undo, "ann", "e/1 é"),
                undone: full,
                undone_seq: 300,
            },
        ),
        ("put_user_full", Record::PutUser(user)),
        ("put_user_bare", Record::PutUser(bare_user)),
        ("patch_user", Record::PatchUser(user_patch)),
        ("delete_user", Record::DeleteUser { id: id("ann"), at }),
        ("put_item_full", Record::PutItem(full_item)),
        ("put_item_bare", Record::PutItem(Item { text: None, ..item("post/9", "") })),
        ("patch_item", Record::PatchItem(item_patch)),
        ("delete_item", Record::DeleteItem { id: id("post/7"), at }),
    ]
    .into_iter()
    .map(|(name, record)| (name.to_string(), record))
    .collect::<Vec<_>>();
    for kind in EventKind::ALL {
        samples.push((format!("event_{}", kind.name()), Record::Event(event(None, kind, "ann", "b"))));
    }
    samples
}

#[test]
fn records() {
    assert_eq!(RECORD_VERSION, 1, "make a folder and a test for the new version, and keep this one");
    for (name, record) in samples() {
        let path = folder().join(format!("{name}.bin"));
        if updating() && !path.exists() {
            std::fs::create_dir_all(folder()).unwrap();
            std::fs::write(&path, encode_record(&record).unwrap()).unwrap();
        }
        let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(decode_record(&bytes).as_ref(), Ok(&record), "{name}");
        assert_eq!(encode_record(&record).as_ref(), Ok(&bytes), "{name}");
    }
}

#[test]
fn no_prefix_of_a_record_is_a_record() {
    for (name, record) in samples() {
        let bytes = encode_record(&record).unwrap();
        for length in 0..bytes.len() {
            assert!(decode_record(&bytes[..length]).is_err(), "{name} cut to {length}");
        }
    }
}

#[test]
fn snapshots() {
    let path = folder().join("snapshots");
    if updating() && !path.exists() {
        SnapshotStore::open(&path).unwrap().write(42, |out| out.write_all(b"the state after 42")).unwrap();
    }
    let store = SnapshotStore::open(&path).unwrap();
    let mut snapshot = store.newest_valid().unwrap().snapshot.expect("a snapshot");
    let mut payload = String::new();
    snapshot.payload.read_to_string(&mut payload).unwrap();
    assert_eq!((snapshot.last_seq, payload.as_str()), (42, "the state after 42"));
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// A whole log, with the formats of the storage engine and the hashes kept for the ids.
#[test]
fn logs() {
    let path = folder().join("log");
    let batch = || {
        vec![
            like(Some("a"), "ann", "p"),
            like(None, "ann", "p"),
            Entry::PutItem(item("p", "hi")),
            undo(Some("u"), "ann", "a"),
        ]
    };
    if updating() && !path.exists() {
        let log = Log::open(&path, &small()).unwrap();
        log.start(Box::new(|_| ())).unwrap().append(batch()).unwrap();
        drop(log);
        // Opening again cuts the room off that the engine keeps in advance.
        Log::open(&path, &small()).unwrap();
    }
    let dir = tempfile::tempdir().unwrap();
    copy(&path, dir.path());
    let log = Log::open(dir.path(), &small()).unwrap();
    assert_eq!(contents(&log).len(), 4);
    let writer = log.start(Box::new(|_| ())).unwrap();
    let mut again = batch();
    again[1] = like(Some("new"), "ann", "p");
    again.remove(2);
    assert_eq!(writer.append(again), Ok(vec![duplicate(1, "a"), accepted(5, "new"), duplicate(4, "u")]));
}
