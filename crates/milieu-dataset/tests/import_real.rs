//! Imports of real public data, counted against what their publishers state.
//!
//! Skipped, with the reason printed, where the shared data is not at hand (`MILIEU_SHARED`, by default
//! `../shared` beside the workspace).

use milieu_dataset::import::{Format, Import, Options, open};
use milieu_types::{EventKind, Id, Record, Timestamp};
use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

fn shared(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("MILIEU_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let found = root.join("data").join(path);
    if !found.exists() {
        eprintln!("skipped: {} is not there", found.display());
        return None;
    }
    Some(found)
}

/// What an import gave.
#[derive(Default)]
struct Counted {
    users: usize,
    items: usize,
    events: BTreeMap<EventKind, usize>,
    ids: HashSet<Id>,
    bad: Vec<String>,
    out_of_order: usize,
    unknown_actors: usize,
}

fn count(import: &mut Import) -> Counted {
    let mut counted = Counted::default();
    let mut users = HashSet::new();
    let mut last = Timestamp::default();
    for entry in import {
        match entry {
            Ok(Record::PutUser(user)) => {
                counted.users += 1;
                users.insert(user.id);
            }
            Ok(Record::PutItem(_)) => counted.items += 1,
            Ok(Record::Event(event)) => {
                *counted.events.entry(event.kind).or_default() += 1;
                counted.out_of_order += usize::from(event.at < last);
                counted.unknown_actors += usize::from(!users.contains(&event.actor));
                last = event.at;
                counted.ids.extend(event.id);
            }
            Ok(other) => counted.bad.push(format!("unexpected {other:?}")),
            Err(bad) => counted.bad.push(bad.to_string()),
        }
    }
    counted
}

/// Checks the counts of one data set. `skipped` is in order of name, `repeated` the events that are in
/// the files more than once.
#[derive(Debug, PartialEq)]
struct Expected {
    users: usize,
    items: usize,
    events: Vec<(EventKind, usize)>,
    skipped: Vec<(&'static str, u64)>,
    repeated: usize,
    bad: usize,
}

fn check(format: Format, path: &str, expected: Expected) {
    let Some(path) = shared(path) else { return };
    let options = Options::new(Timestamp::from_secs(1_893_456_000));
    let mut import = open(format, &[path], options).unwrap_or_else(|error| panic!("{error}"));
    let counted = count(&mut import);
    let total: usize = counted.events.values().sum();
    let found = Expected {
        users: counted.users,
        items: counted.items,
        events: counted.events.into_iter().collect(),
        skipped: import.skipped().iter().map(|(what, n)| (*what, *n)).collect(),
        repeated: total - counted.ids.len(),
        bad: counted.bad.len(),
    };
    assert_eq!(found, expected, "{:?}", counted.bad.first());
    assert_eq!(counted.out_of_order, 0);
    assert_eq!(counted.unknown_actors, 0);
    assert_eq!(import.progress().read, import.progress().total);
}

#[test]
fn lastfm() {
    check(
        Format::LastfmHetrec,
        "lastfm_hetrec2011",
        Expected {
            users: 1_892,
            items: 17_632,
            events: vec![(EventKind::Like, 92_834), (EventKind::Follow, 25_434)],
            skipped: vec![],
            repeated: 0,
            bad: 0,
        },
    );
}

#[test]
fn movielens() {
    check(
        Format::MovieLens,
        "ml_latest_small",
        Expected {
            users: 610,
            items: 9_742,
            events: vec![(EventKind::Click, 52_256), (EventKind::Like, 48_580)],
            skipped: vec![("tags folded into their films", 3_683)],
            repeated: 0,
            bad: 0,
        },
    );
}

#[test]
fn stackexchange() {
    check(
        Format::StackExchange,
        "stackexchange_beer",
        Expected {
            users: 3_948,
            items: 591 + 1_398,
            events: vec![
                (EventKind::Like, 357),
                (EventKind::Reply, 1_393 + 1_821),
                (EventKind::Save, 211),
                (EventKind::Follow, 2_333),
            ],
            skipped: vec![
                ("anonymous votes", 10_210),
                ("comments of users who are gone", 39),
                ("posts that are neither question nor answer", 117),
                ("votes on posts or of users that are not in the dump", 20),
            ],
            repeated: 0,
            bad: 0,
        },
    );
}

#[test]
fn college_messages() {
    check(
        Format::Edges,
        "collegemsg/CollegeMsg.txt.gz",
        Expected {
            users: 1_899,
            items: 0,
            events: vec![(EventKind::Follow, 59_835)],
            skipped: vec![],
            repeated: 37,
            bad: 0,
        },
    );
}

#[test]
fn facebook() {
    check(
        Format::Edges,
        "ego_facebook/facebook_combined.txt.gz",
        Expected {
            users: 4_039,
            items: 0,
            events: vec![(EventKind::Follow, 88_234)],
            skipped: vec![],
            repeated: 0,
            bad: 0,
        },
    );
}
