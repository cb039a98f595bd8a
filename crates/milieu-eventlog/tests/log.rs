//! What appending promises, case by case.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic here is a failed test")]

mod common;

use common::{Answer, accepted, contents, duplicate, event, id, item, like, open, small, undo};
use milieu_eventlog::{AppendError, Entry, Log, LogError, LogOptions};
use milieu_types::{EventKind, Record, Seq, Timestamp};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};

/// Appends one batch after another to one log; reopens between them, so that nothing hangs on memory.
fn check(steps: Vec<(Vec<Entry>, Answer)>) -> Vec<(Seq, Record)> {
    let dir = tempfile::tempdir().unwrap();
    for (number, (batch, expected)) in steps.into_iter().enumerate() {
        let (log, writer) = open(dir.path());
        let before = contents(&log);
        let found = writer.append(batch);
        assert_eq!(found, expected, "step {number}");
        if found.is_err() {
            assert_eq!(contents(&log), before, "step {number} left something");
        }
        writer.close().unwrap();
    }
    contents(&open(dir.path()).0)
}

#[test]
fn numbers_and_ids() {
    let patch = milieu_types::UserPatch {
        id: id("ann"),
        name: None,
        tags: None,
        language: None,
        muted_keywords: None,
        discoverable: None,
    };
    let records = check(vec![
        (vec![], Ok(vec![])),
        (
            vec![like(Some("a"), "ann", "p"), like(None, "ann", "p"), Entry::PutItem(item("p", "hi"))],
            Ok(vec![accepted(1, "a"), accepted(2, "~2"), accepted(3, "p")]),
        ),
        (
            vec![
                like(None, "ann", "p"),
                Entry::PatchUser(patch.clone()),
                Entry::DeleteItem { id: id("p"), at: Timestamp::from_secs(2) },
            ],
            Ok(vec![accepted(4, "~4"), accepted(5, "ann"), accepted(6, "p")]),
        ),
    ]);
    let like_event = |event_id: &str| Record::Event(event(Some(event_id), EventKind::Like, "ann", "p"));
    assert_eq!(
        records,
        [
            (1, like_event("a")),
            (2, like_event("~2")),
            (3, Record::PutItem(item("p", "hi"))),
            (4, like_event("~4")),
            (5, Record::PatchUser(patch)),
            (6, Record::DeleteItem { id: id("p"), at: Timestamp::from_secs(2) }),
        ]
    );
}

#[test]
fn the_same_event_again_is_a_duplicate_and_another_a_conflict() {
    let conflict = |index, event_id: &str| Err(AppendError::Conflict { index, id: id(event_id) });
    let arrived = |at: i64| {
        let mut event = event(Some("t"), EventKind::Like, "ann", "p");
        event.at = Timestamp::from_secs(at);
        event
    };
    let records = check(vec![
        (vec![like(Some("a"), "ann", "p")], Ok(vec![accepted(1, "a")])),
        (vec![like(Some("a"), "ann", "p")], Ok(vec![duplicate(1, "a")])),
        (vec![like(Some("a"), "ann", "q")], conflict(0, "a")),
        (vec![like(Some("b"), "ann", "p"), like(Some("a"), "ben", "p")], conflict(1, "a")),
        (
            vec![like(Some("b"), "ann", "p"), like(Some("a"), "ann", "p"), like(Some("b"), "ann", "p")],
            Ok(vec![accepted(2, "b"), duplicate(1, "a"), duplicate(2, "b")]),
        ),
        (vec![like(Some("c"), "ann", "p"), like(Some("c"), "ann", "q")], conflict(1, "c")),
        (vec![like(Some("c"), "ann", "q")], Ok(vec![accepted(3, "c")])),
        // Without a time of the app's, the time of arrival does not count.
        (vec![Entry::Event { event: arrived(5), at_given: false }], Ok(vec![accepted(4, "t")])),
        (vec![Entry::Event { event: arrived(6), at_given: false }], Ok(vec![duplicate(4, "t")])),
        (vec![Entry::Event { event: arrived(5), at_given: true }], conflict(0, "t")),
        (
            vec![like(None, "ann", "p"), like(None, "ann", "p")],
            Ok(vec![accepted(5, "~5"), accepted(6, "~6")]),
        ),
        (vec![like(Some("~7"), "ann", "p")], Err(AppendError::ReservedId { index: 0 })),
    ]);
    assert_eq!(records.len(), 6);
}

#[test]
fn undoing() {
    let unknown = |index| Err(AppendError::UnknownEvent { index });
    let records = check(vec![
        (vec![undo(None, "ann", "a")], unknown(0)),
        (
            vec![like(Some("a"), "ann", "p"), like(None, "ann", "q")],
            Ok(vec![accepted(1, "a"), accepted(2, "~2")]),
        ),
        (vec![undo(None, "ben", "a")], unknown(0)),
        (vec![like(Some("x"), "ann", "p"), undo(None, "ann", "nothing")], unknown(1)),
        (vec![undo(Some("u"), "ann", "a")], Ok(vec![accepted(3, "u")])),
        (vec![undo(Some("u"), "ann", "a")], Ok(vec![duplicate(3, "u")])),
        (vec![undo(None, "ann", "a")], Ok(vec![duplicate(3, "u")])),
        (vec![undo(Some("v"), "ann", "a")], Ok(vec![duplicate(3, "v")])),
        (vec![undo(Some("v"), "ann", "a")], Ok(vec![duplicate(3, "v")])),
        // The id of the second undo is spent.
        (vec![like(Some("v"), "ann", "p")], Err(AppendError::Conflict { index: 0, id: id("v") })),
        // An undo cannot be undone, under either of its ids.
        (vec![undo(None, "ann", "u")], unknown(0)),
        (vec![undo(None, "ann", "~3")], unknown(0)),
        // The log's own ids; an event with an id of the app's has no other.
        (vec![undo(None, "ann", "~1")], unknown(0)),
        (
            vec![undo(None, "ann", "~2"), undo(None, "ann", "~2")],
            Ok(vec![accepted(4, "~4"), duplicate(4, "~4")]),
        ),
        (vec![undo(None, "ann", "~99")], unknown(0)),
        // Within one batch, also by the id that the log will give.
        (
            vec![
                like(Some("b"), "ann", "p"),
                undo(None, "ann", "b"),
                like(None, "ann", "p"),
                undo(None, "ann", "~7"),
            ],
            Ok(vec![accepted(5, "b"), accepted(6, "~6"), accepted(7, "~7"), accepted(8, "~8")]),
        ),
        (vec![undo(None, "ann", "~10"), like(None, "ann", "p")], unknown(0)),
        // A refused batch leaves no trace of its undo.
        (vec![like(Some("c"), "ann", "p")], Ok(vec![accepted(9, "c")])),
        (vec![undo(None, "ann", "c"), undo(None, "ann", "nothing")], unknown(1)),
        (vec![undo(None, "ann", "c")], Ok(vec![accepted(10, "~10")])),
        (vec![Entry::PutItem(item("p", "hi"))], Ok(vec![accepted(11, "p")])),
        (vec![undo(None, "ann", "~11")], unknown(0)),
    ]);
    assert_eq!(
        records[2].1,
        Record::Undo {
            event: event(Some("u"), EventKind::Undo, "ann", "a"),
            undone: event(Some("a"), EventKind::Like, "ann", "p"),
            undone_seq: 1,
        }
    );
    assert!(
        matches!(&records[3].1, Record::Undo { undone_seq: 2, undone, .. } if undone.id == Some(id("~2")))
    );
}

#[test]
fn events_are_found_by_id() {
    let dir = tempfile::tempdir().unwrap();
    let (log, writer) = open(dir.path());
    let batch = vec![like(Some("a"), "ann", "p"), like(None, "ann", "q"), Entry::PutItem(item("i", ""))];
    writer.append(batch).unwrap();
    writer.append(vec![undo(Some("u"), "ann", "a"), undo(Some("v"), "ann", "a")]).unwrap();
    let check = |event_id: &str, expected: Option<(Seq, &str)>| {
        let found = log.get_event(&id(event_id)).unwrap();
        let found = found.map(|(seq, event)| (seq, event.id.unwrap().to_string()));
        assert_eq!(found, expected.map(|(seq, id)| (seq, id.to_string())), "{event_id}");
    };
    check("a", Some((1, "a")));
    check("~1", None);
    check("~2", Some((2, "~2")));
    check("~3", None);
    check("u", Some((4, "u")));
    check("v", Some((4, "u")));
    check("~5", None);
    check("i", None);
}

#[test]
fn the_sink_sees_everything_once_and_before_the_caller() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(dir.path(), &small()).unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let writer = log.start(Box::new(move |records| sink.lock().unwrap().extend_from_slice(records))).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (writer, seen) = (&writer, &seen);
            scope.spawn(move || {
                for number in 0..50 {
                    let own = format!("{thread}-{number}");
                    let shared = format!("shared-{number}");
                    let batch = vec![
                        like(Some(&own), "ann", "p"),
                        like(Some(&shared), "ann", "p"),
                        like(None, "ann", "p"),
                    ];
                    let outcomes = writer.append(batch).unwrap();
                    let seen = seen.lock().unwrap();
                    for outcome in outcomes {
                        let (seq, record) = &seen[outcome.seq() as usize - 1];
                        assert_eq!(*seq, outcome.seq());
                        assert!(matches!(record, Record::Event(e) if e.id.as_ref() == Some(outcome.id())));
                    }
                }
            });
        }
    });
    writer.close().unwrap();
    assert_eq!(log.last_seq(), 8 * 50 * 2 + 50);
    assert_eq!(contents(&log), *seen.lock().unwrap());
}

#[test]
fn a_full_queue_refuses_and_a_closing_log_stores_what_it_took() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(dir.path(), &LogOptions { queue_bytes: 4000, ..small() }).unwrap();
    let (go, gate) = mpsc::channel::<()>();
    let (entered, in_sink) = mpsc::channel::<()>();
    let writer = log
        .start(Box::new(move |_| {
            let _ = entered.send(());
            let _ = gate.recv();
        }))
        .unwrap();
    let answered = Arc::new(AtomicU64::new(0));
    let submit = |number: usize| {
        let answered = Arc::clone(&answered);
        let batch = vec![like(Some(&format!("e{number}")), "ann", "p")];
        writer.submit(batch, move |answer| {
            answer.unwrap();
            answered.fetch_add(1, Ordering::Relaxed);
        })
    };
    submit(0).unwrap();
    in_sink.recv().unwrap();
    let mut taken = 1;
    while submit(taken).is_ok() {
        taken += 1;
    }
    assert_eq!(submit(taken), Err(AppendError::Overloaded));
    assert!((5..50).contains(&taken), "{taken}");
    drop(go);
    writer.close().unwrap();
    assert_eq!(answered.load(Ordering::Relaxed), taken as u64);
    assert_eq!(log.last_seq(), taken as u64);
}

#[test]
fn one_batch_may_be_larger_than_the_queue() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(dir.path(), &LogOptions { queue_bytes: 10, ..small() }).unwrap();
    let writer = log.start(Box::new(|_| ())).unwrap();
    let text = "x".repeat(60_000);
    let batch: Vec<_> = (0..40).map(|n| Entry::PutItem(item(&format!("i{n}"), &text))).collect();
    assert_eq!(writer.append(batch).unwrap().len(), 40);
    writer.close().unwrap();
    assert_eq!(contents(&log).len(), 40);
}

#[test]
fn one_log_one_owner() {
    let dir = tempfile::tempdir().unwrap();
    let (log, writer) = open(dir.path());
    assert!(matches!(log.start(Box::new(|_| ())), Err(LogError::Started)));
    assert!(matches!(Log::open(dir.path(), &small()), Err(LogError::Locked(_))));
    let reader = log.clone();
    drop((log, writer));
    assert!(matches!(Log::open(dir.path(), &small()), Err(LogError::Locked(_))));
    drop(reader);
    open(dir.path());
}

#[test]
fn a_panicking_sink_closes_the_log_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(dir.path(), &small()).unwrap();
    let writer = log.start(Box::new(|_| panic!("the sink of this test panics"))).unwrap();
    assert_eq!(writer.append(vec![like(None, "ann", "p")]), Err(AppendError::Closed));
    assert_eq!(writer.append(vec![like(None, "ann", "p")]), Err(AppendError::Closed));
    assert!(matches!(writer.close(), Err(LogError::Panicked)));
    drop(log);
    assert_eq!(contents(&open(dir.path()).0).len(), 1);
}

#[test]
fn replay_begins_anywhere_and_never_beyond_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let (log, writer) = open(dir.path());
    assert_eq!(log.replay(0).unwrap().count(), 0);
    assert_eq!(log.replay(1).unwrap().count(), 0);
    writer.append((0..10).map(|_| like(None, "ann", "p")).collect()).unwrap();
    let check = |from: Seq, expected: Option<Vec<Seq>>| {
        let found = log.replay(from).ok().map(|r| r.map(|r| r.unwrap().0).collect::<Vec<_>>());
        assert_eq!(found, expected, "{from}");
    };
    check(0, Some((1..=10).collect()));
    check(9, Some(vec![9, 10]));
    check(11, Some(vec![]));
    check(12, None);
    assert!(matches!(log.replay(12), Err(LogError::Behind { from: 12, last: 10 })));
}
