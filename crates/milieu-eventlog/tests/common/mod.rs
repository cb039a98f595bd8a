//! Short ways to make entries and to look into a log.

#![allow(dead_code, reason = "each test file uses some of it")]

use milieu_eventlog::{AppendError, Entry, Log, LogOptions, Outcome, Writer};
use milieu_types::{Event, EventKind, Id, Item, Record, Seq, Timestamp};
use std::path::Path;

pub(crate) fn id(text: &str) -> Id {
    Id::new(text).unwrap()
}

pub(crate) fn event(event_id: Option<&str>, kind: EventKind, actor: &str, object: &str) -> Event {
    Event {
        id: event_id.map(id),
        kind,
        actor: id(actor),
        object: id(object),
        target: None,
        value: None,
        at: Timestamp::from_secs(1_795_507_200),
        context: None,
    }
}

pub(crate) fn like(event_id: Option<&str>, actor: &str, object: &str) -> Entry {
    Entry::Event { event: event(event_id, EventKind::Like, actor, object), at_given: true }
}

pub(crate) fn undo(event_id: Option<&str>, actor: &str, object: &str) -> Entry {
    Entry::Event { event: event(event_id, EventKind::Undo, actor, object), at_given: true }
}

pub(crate) fn item(item_id: &str, text: &str) -> Item {
    Item {
        id: id(item_id),
        author: None,
        text: Some(text.into()),
        media: vec![],
        tags: vec![],
        reply_to: None,
        language: None,
        at: Timestamp::from_secs(1),
        hidden: false,
    }
}

pub(crate) fn small() -> LogOptions {
    LogOptions { cache_bytes: 1 << 20, memtable_bytes: 1 << 20, queue_bytes: 1 << 20 }
}

pub(crate) fn open(dir: &Path) -> (Log, Writer) {
    let log = Log::open(dir, &small()).unwrap();
    let writer = log.start(Box::new(|_| ())).unwrap();
    (log, writer)
}

pub(crate) fn contents(log: &Log) -> Vec<(Seq, Record)> {
    log.replay(1).unwrap().map(Result::unwrap).collect()
}

pub(crate) fn accepted(seq: Seq, given: &str) -> Outcome {
    Outcome::Accepted { seq, id: id(given) }
}

pub(crate) fn duplicate(seq: Seq, given: &str) -> Outcome {
    Outcome::Duplicate { seq, id: id(given) }
}

pub(crate) type Answer = Result<Vec<Outcome>, AppendError>;
