//! One group commit in the making: what the batches of several callers come to, given the log and the
//! batches before them.

use crate::entry::{ContentHash, Prepared};
use crate::store::Store;
use crate::{AppendError, LogError, Outcome, codec};
use milieu_types::{Event, EventKind, Id, Record, Seq};
use rustc_hash::FxHashMap;

/// Records to be written, with the indexes over them.
pub(crate) struct Group<'a> {
    store: &'a Store,
    first: Seq,
    records: Vec<(Seq, Record)>,
    bytes: Vec<Vec<u8>>,
    ids: FxHashMap<Id, (Seq, ContentHash)>,
    undone: FxHashMap<Seq, Seq>,
}

/// Why a batch does not enter the group.
pub(crate) enum Refusal {
    /// The caller's fault.
    Append(AppendError),
    /// The log cannot be read.
    Log(LogError),
}

impl From<LogError> for Refusal {
    fn from(error: LogError) -> Self {
        Self::Log(error)
    }
}

/// What to take back when a batch is refused half way.
#[derive(Default)]
struct Added {
    ids: Vec<Id>,
    undone: Vec<Seq>,
}

impl<'a> Group<'a> {
    /// An empty group whose first record will be at `first`.
    pub(crate) fn new(store: &'a Store, first: Seq) -> Self {
        Self {
            store,
            first,
            records: Vec::new(),
            bytes: Vec::new(),
            ids: FxHashMap::default(),
            undone: FxHashMap::default(),
        }
    }

    /// Adds a batch, whole or not at all.
    pub(crate) fn add(&mut self, batch: Vec<Prepared>) -> Result<Vec<Outcome>, Refusal> {
        let before = self.records.len();
        let mut added = Added::default();
        let outcomes = batch
            .into_iter()
            .enumerate()
            .map(|(index, entry)| self.add_one(index, entry, &mut added))
            .collect::<Result<_, _>>();
        if outcomes.is_err() {
            self.records.truncate(before);
            self.bytes.truncate(before);
            for id in &added.ids {
                self.ids.remove(id);
            }
            for seq in &added.undone {
                self.undone.remove(seq);
            }
        }
        outcomes
    }

    /// Writes the group and syncs it; gives back its records, in order.
    pub(crate) fn commit(self) -> Result<Vec<(Seq, Record)>, LogError> {
        if self.records.is_empty() && self.ids.is_empty() {
            return Ok(self.records);
        }
        let mut batch = self.store.batch(self.records.len() + self.ids.len() + self.undone.len());
        for (bytes, (seq, _)) in self.bytes.into_iter().zip(&self.records) {
            batch.put_record(*seq, bytes);
        }
        // In order, neighbours in the memtable are found in the processor's cache.
        let mut ids: Vec<_> = self.ids.iter().collect();
        ids.sort_unstable();
        for (id, (seq, content)) in ids {
            batch.put_event_id(id, *seq, *content);
        }
        for (undone, undo) in self.undone {
            batch.put_undone(undone, undo);
        }
        batch.commit()?;
        Ok(self.records)
    }

    fn add_one(&mut self, index: usize, entry: Prepared, added: &mut Added) -> Result<Outcome, Refusal> {
        let Prepared { record, bytes, content } = entry;
        let given = match (&record, content) {
            (Record::Event(Event { id: Some(id), .. }), Some(content)) => Some((id.clone(), content)),
            _ => None,
        };
        if let Some((id, content)) = &given
            && let Some((seq, known)) = self.event_id(id)?
        {
            return if known == *content {
                Ok(Outcome::Duplicate { seq, id: id.clone() })
            } else {
                Err(Refusal::Append(AppendError::Conflict { index, id: id.clone() }))
            };
        }
        match record {
            Record::Event(event) if event.kind == EventKind::Undo => {
                self.add_undo(index, event, given, added)
            }
            record => Ok(self.push(record, bytes, given, added)),
        }
    }

    fn add_undo(
        &mut self,
        index: usize,
        event: Event,
        given: Option<(Id, ContentHash)>,
        added: &mut Added,
    ) -> Result<Outcome, Refusal> {
        let unknown = || Refusal::Append(AppendError::UnknownEvent { index });
        let undone_seq = self.event_place(&event.object)?.ok_or_else(unknown)?;
        let undone = match self.record(undone_seq)? {
            Some(Record::Event(undone)) if undone.actor == event.actor => undone,
            _ => return Err(unknown()),
        };
        if let Some(seq) = self.undo_of(undone_seq)? {
            // The id is spent even so: it must not come to mean another event later.
            let id = match given {
                Some((id, content)) => {
                    self.ids.insert(id.clone(), (seq, content));
                    added.ids.push(id.clone());
                    id
                }
                None => match self.record(seq)? {
                    Some(Record::Undo { event: Event { id: Some(id), .. }, .. }) => id,
                    _ => return Err(Refusal::Log(LogError::Gap(seq))),
                },
            };
            return Ok(Outcome::Duplicate { seq, id });
        }
        let record = Record::Undo { event, undone, undone_seq };
        let bytes = codec::encode_record(&record)
            .map_err(|source| Refusal::Append(AppendError::Unencodable { index, source }))?;
        let outcome = self.push(record, bytes, given, added);
        self.undone.insert(undone_seq, outcome.seq());
        added.undone.push(undone_seq);
        Ok(outcome)
    }

    fn push(
        &mut self,
        record: Record,
        bytes: Vec<u8>,
        given: Option<(Id, ContentHash)>,
        added: &mut Added,
    ) -> Outcome {
        let seq = self.first + self.records.len() as Seq;
        let record = codec::with_own_id(seq, record);
        let id = match (&given, &record) {
            (Some((id, _)), _) => id.clone(),
            (None, Record::Event(event) | Record::Undo { event, .. }) => {
                event.id.clone().unwrap_or_else(|| codec::own_id(seq))
            }
            (None, Record::PutUser(user)) => user.id.clone(),
            (None, Record::PatchUser(patch)) => patch.id.clone(),
            (None, Record::PutItem(item)) => item.id.clone(),
            (None, Record::PatchItem(patch)) => patch.id.clone(),
            (None, Record::DeleteUser { id, .. } | Record::DeleteItem { id, .. }) => id.clone(),
        };
        if let Some((id, content)) = given {
            self.ids.insert(id.clone(), (seq, content));
            added.ids.push(id);
        }
        self.records.push((seq, record));
        self.bytes.push(bytes);
        Outcome::Accepted { seq, id }
    }

    fn event_id(&self, id: &Id) -> Result<Option<(Seq, ContentHash)>, LogError> {
        match self.ids.get(id) {
            Some(found) => Ok(Some(*found)),
            None => self.store.event_id(id),
        }
    }

    /// Where the event of that id, given or the log's own, stands.
    fn event_place(&self, id: &Id) -> Result<Option<Seq>, LogError> {
        let Some(seq) = codec::own_seq(id) else {
            return Ok(self.event_id(id)?.map(|(seq, _)| seq));
        };
        Ok(match self.record(seq)? {
            Some(Record::Event(event)) if event.id.as_ref() == Some(id) => Some(seq),
            _ => None,
        })
    }

    fn record(&self, seq: Seq) -> Result<Option<Record>, LogError> {
        match seq.checked_sub(self.first) {
            Some(index) => {
                let index = usize::try_from(index).unwrap_or(usize::MAX);
                Ok(self.records.get(index).map(|(_, record)| record.clone()))
            }
            None => self.store.record(seq),
        }
    }

    fn undo_of(&self, seq: Seq) -> Result<Option<Seq>, LogError> {
        match self.undone.get(&seq) {
            Some(undo) => Ok(Some(*undo)),
            None => self.store.undo_of(seq),
        }
    }
}
