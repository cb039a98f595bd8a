//! What goes into the log and what comes back.

use crate::{AppendError, codec};
use milieu_types::{Event, EventKind, Id, Item, ItemPatch, Record, Seq, Timestamp, User, UserPatch};
use xxhash_rust::xxh3::xxh3_128;

/// Something to store.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// Something happened. An event of kind `undo` becomes [`Record::Undo`].
    Event {
        /// The event, checked by [`milieu_types::validate::event`].
        event: Event,
        /// Whether the app said when it happened. Where it did not, `at` is the time of arrival, which
        /// differs when the app sends the event again, and so does not count for its content.
        at_given: bool,
    },
    /// A user is described.
    PutUser(User),
    /// Some fields of a user change.
    PatchUser(UserPatch),
    /// A user goes.
    DeleteUser {
        /// Whom.
        id: Id,
        /// When it was asked for.
        at: Timestamp,
    },
    /// An item is described.
    PutItem(Item),
    /// Some fields of an item change.
    PatchItem(ItemPatch),
    /// An item goes.
    DeleteItem {
        /// Which.
        id: Id,
        /// When it was asked for.
        at: Timestamp,
    },
}

/// What became of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is stored.
    Accepted {
        /// Its place in the log.
        seq: Seq,
        /// The id of the event, given or the log's own; the id of the user or item otherwise.
        id: Id,
    },
    /// The same event was stored before, or the event it undoes is undone already: nothing to do.
    Duplicate {
        /// The place of the record that stands for it.
        seq: Seq,
        /// The id of the event that was sent; of the earlier undo where it came without one.
        id: Id,
    },
}

impl Outcome {
    /// The place in the log of the record that stands for the entry.
    #[must_use]
    pub fn seq(&self) -> Seq {
        match self {
            Self::Accepted { seq, .. } | Self::Duplicate { seq, .. } => *seq,
        }
    }

    /// The id; see the variants.
    #[must_use]
    pub fn id(&self) -> &Id {
        match self {
            Self::Accepted { id, .. } | Self::Duplicate { id, .. } => id,
        }
    }
}

/// A hash of everything in an event but its id.
pub(crate) type ContentHash = u128;

/// An entry with all the work done that needs no knowledge of the log.
pub(crate) struct Prepared {
    /// The record, its event without an id of the log's own as yet.
    pub(crate) record: Record,
    /// Its bytes; empty for an undo, whose bytes hold the undone event.
    pub(crate) bytes: Vec<u8>,
    /// For an event with an id.
    pub(crate) content: Option<ContentHash>,
}

impl Prepared {
    pub(crate) fn new(index: usize, entry: Entry) -> Result<Self, AppendError> {
        let unencodable = |source| AppendError::Unencodable { index, source };
        let (record, content) = match entry {
            Entry::Event { event, at_given } => {
                if event.id.as_ref().is_some_and(|id| id.as_str().starts_with('~')) {
                    return Err(AppendError::ReservedId { index });
                }
                let content = match event.id {
                    Some(_) => Some(content_hash(&event, at_given).map_err(unencodable)?),
                    None => None,
                };
                (Record::Event(event), content)
            }
            Entry::PutUser(user) => (Record::PutUser(user), None),
            Entry::PatchUser(patch) => (Record::PatchUser(patch), None),
            Entry::DeleteUser { id, at } => (Record::DeleteUser { id, at }, None),
            Entry::PutItem(item) => (Record::PutItem(item), None),
            Entry::PatchItem(patch) => (Record::PatchItem(patch), None),
            Entry::DeleteItem { id, at } => (Record::DeleteItem { id, at }, None),
        };
        let bytes = match &record {
            Record::Event(event) if event.kind == EventKind::Undo => Vec::new(),
            record => codec::encode_record(record).map_err(unencodable)?,
        };
        Ok(Self { record, bytes, content })
    }

    /// The room taken in the queue, roughly.
    pub(crate) fn size(&self) -> usize {
        self.bytes.len() + size_of::<Self>()
    }
}

/// Frozen, since the hashes are kept for ever: 128-bit XXH3 of the postcard form of the fields in the
/// order below. Not meant to withstand an adversary: whoever may write to the log gains nothing from
/// two events with the same hash.
fn content_hash(event: &Event, at_given: bool) -> Result<ContentHash, crate::RecordError> {
    let Event { id: _, kind, actor, object, target, value, at, context } = event;
    let at = at_given.then_some(at);
    postcard::to_stdvec(&(kind, actor, object, target, value, at, context))
        .map(|bytes| xxh3_128(&bytes))
        .map_err(crate::RecordError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// These values are on users' disks.
    #[test]
    fn content_hash_is_frozen() {
        fn check(edit: impl FnOnce(&mut Event), at_given: bool, expected: ContentHash) {
            let mut event = Event {
                id: Some(Id::new("e1").unwrap()),
                kind: EventKind::Like,
                actor: Id::new("ann").unwrap(),
                object: Id::new("post/1").unwrap(),
                target: None,
                value: Some(0.5),
                at: Timestamp::from_secs(1_795_507_200),
                context: Some("{}".into()),
            };
            edit(&mut event);
            assert_eq!(content_hash(&event, at_given), Ok(expected), "{event:?} {expected:#x}");
        }
        let with_time = 277_330_815_556_029_460_749_445_293_469_362_714_548;
        let without_time = 67_053_070_899_545_649_662_577_169_981_539_406_534;
        check(|_| (), true, with_time);
        check(|e| e.id = None, true, with_time);
        check(|_| (), false, without_time);
        check(|e| e.at = Timestamp::from_secs(1), false, without_time);
    }
}
