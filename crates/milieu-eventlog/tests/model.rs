//! Random work against a log and a plain model of one; now and then the log is opened anew.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic here is a failed test")]

mod common;

use common::{contents, event, id, open, small};
use milieu_eventlog::{AppendError, Entry, Log, Outcome};
use milieu_types::{Event, EventKind, Id, Record, Seq, Timestamp};
use proptest::prelude::*;
use std::collections::HashMap;

#[derive(Debug, Clone)]
enum Step {
    Append(Vec<Entry>),
    Reopen,
}

/// The log as a list and a map.
#[derive(Default)]
struct Model {
    records: Vec<Record>,
    ids: HashMap<Id, (Seq, Event, bool)>,
    undone: HashMap<Seq, Seq>,
}

impl Model {
    fn append(&mut self, batch: &[Entry]) -> Result<Vec<Outcome>, AppendError> {
        let before = (self.records.clone(), self.ids.clone(), self.undone.clone());
        let outcomes = batch.iter().enumerate().map(|(index, entry)| self.append_one(index, entry)).collect();
        if Result::is_err(&outcomes) {
            (self.records, self.ids, self.undone) = before;
        }
        outcomes
    }

    fn append_one(&mut self, index: usize, entry: &Entry) -> Result<Outcome, AppendError> {
        let seq = self.records.len() as Seq + 1;
        let Entry::Event { event: sent, at_given } = entry else {
            let Entry::DeleteUser { id, at } = entry else { panic!("not generated") };
            self.records.push(Record::DeleteUser { id: id.clone(), at: *at });
            return Ok(Outcome::Accepted { seq, id: id.clone() });
        };
        if let Some(id) = &sent.id
            && let Some((seq, known, known_at)) = self.ids.get(id)
        {
            let same = Event { at: known.at, ..sent.clone() } == *known
                && at_given == known_at
                && (!at_given || sent.at == known.at);
            return match same {
                true => Ok(Outcome::Duplicate { seq: *seq, id: id.clone() }),
                false => Err(AppendError::Conflict { index, id: id.clone() }),
            };
        }
        let mut stored = sent.clone();
        stored.id.get_or_insert(id(&format!("~{seq}")));
        let given_id = stored.id.clone().unwrap();
        let mut place = seq;
        let mut record = Record::Event(stored.clone());
        if sent.kind == EventKind::Undo {
            let found = self.records.iter().position(
                |r| matches!(r, Record::Event(e) if e.id.as_ref() == Some(&sent.object) && e.actor == sent.actor),
            );
            let undone_seq = found.ok_or(AppendError::UnknownEvent { index })? as Seq + 1;
            let Record::Event(undone) = self.records[undone_seq as usize - 1].clone() else { unreachable!() };
            place = *self.undone.entry(undone_seq).or_insert(seq);
            record = Record::Undo { event: stored, undone, undone_seq };
        }
        if let Some(id) = &sent.id {
            self.ids.insert(id.clone(), (place, sent.clone(), *at_given));
        }
        if place == seq {
            self.records.push(record);
            return Ok(Outcome::Accepted { seq, id: given_id });
        }
        let Record::Undo { event: first, .. } = &self.records[place as usize - 1] else { unreachable!() };
        Ok(Outcome::Duplicate { seq: place, id: sent.id.clone().or(first.id.clone()).unwrap() })
    }
}

/// Few ids, actors and objects, so that duplicates, conflicts and undos abound.
fn entries() -> impl Strategy<Value = Entry> {
    let event_id = prop_oneof![Just(None), (0..12u8).prop_map(|n| Some(format!("e{n}")))];
    let undone =
        prop_oneof![(0..12u8).prop_map(|n| format!("e{n}")), (1..30u8).prop_map(|n| format!("~{n}"))];
    let actor = prop_oneof![4 => Just("ann"), 1 => Just("ben")];
    let like = (event_id.clone(), actor.clone(), 0..3u8, 0..2i64, any::<bool>()).prop_map(
        |(event_id, actor, object, at, at_given)| {
            let mut event = event(event_id.as_deref(), EventKind::Like, actor, &format!("p{object}"));
            event.at = Timestamp::from_secs(at);
            Entry::Event { event, at_given }
        },
    );
    let undo = (event_id, actor, undone).prop_map(|(event_id, actor, undone)| Entry::Event {
        event: event(event_id.as_deref(), EventKind::Undo, actor, &undone),
        at_given: true,
    });
    let delete =
        (0..5u8).prop_map(|n| Entry::DeleteUser { id: id(&format!("u{n}")), at: Timestamp::from_secs(9) });
    prop_oneof![6 => like, 3 => undo, 1 => delete]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let append = proptest::collection::vec(entries(), 0..5).prop_map(Step::Append);
    proptest::collection::vec(prop_oneof![9 => append, 1 => Just(Step::Reopen)], 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_log_is_its_model(steps in steps()) {
        let dir = tempfile::tempdir().unwrap();
        let mut model = Model::default();
        let (mut log, mut writer) = open(dir.path());
        for step in steps {
            match step {
                Step::Append(batch) => prop_assert_eq!(writer.append(batch.clone()), model.append(&batch)),
                Step::Reopen => {
                    writer.close().unwrap();
                    drop(log);
                    (log, writer) = open(dir.path());
                }
            }
        }
        let expected: Vec<_> = (1..).zip(model.records.clone()).collect();
        prop_assert_eq!(contents(&log), expected.clone());
        drop((log, writer));
        let log = Log::open(dir.path(), &small()).unwrap();
        prop_assert_eq!(contents(&log), expected);
        for (id, (seq, ..)) in &model.ids {
            prop_assert_eq!(log.get_event(id).unwrap().map(|(seq, _)| seq), Some(*seq));
        }
    }
}

/// Many tables on disk, not only memtables, hold what the log remembers.
#[test]
fn ids_are_remembered_beyond_memory() {
    let dir = tempfile::tempdir().unwrap();
    let batch = |number: usize| -> Vec<Entry> {
        let event =
            |k| event(Some(&format!("event-{:08}", k * 7919 % 1_000_003)), EventKind::View, "ann", "p");
        (number * 1000..(number + 1) * 1000)
            .map(|k| Entry::Event { event: event(k), at_given: true })
            .collect()
    };
    let (log, writer) = open(dir.path());
    for number in 0..60 {
        writer.append(batch(number)).unwrap();
    }
    writer.close().unwrap();
    drop(log);
    let (log, writer) = open(dir.path());
    assert_eq!(log.replay(1).unwrap().map(Result::unwrap).count(), 60_000);
    for number in (0..60).step_by(7) {
        let outcomes = writer.append(batch(number)).unwrap();
        for (k, outcome) in outcomes.iter().enumerate() {
            assert!(
                matches!(outcome, Outcome::Duplicate { seq, .. } if *seq == (number * 1000 + k + 1) as Seq)
            );
        }
    }
    assert_eq!(log.last_seq(), 60_000);
}
