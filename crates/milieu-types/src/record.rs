//! What the event log holds.

use crate::{Event, Id, Item, ItemPatch, Timestamp, User, UserPatch};
use serde::{Deserialize, Serialize};

/// The place of a record in the log: 1 for the first, without gaps.
pub type Seq = u64;

/// One record of the log. The world is the fold of these, in order of their [`Seq`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Record {
    /// Something happened.
    Event(Event),
    /// Something that had happened is taken back. Carries the event that is taken back, so that the
    /// fold needs no look-up.
    Undo {
        /// The `undo` event itself.
        event: Event,
        /// The event it takes back.
        undone: Event,
        /// The place of the event it takes back.
        undone_seq: Seq,
    },
    /// A user is described, anew or for the first time.
    PutUser(User),
    /// Some fields of a user change.
    PatchUser(UserPatch),
    /// A user and everything they did and made goes.
    DeleteUser {
        /// Whom.
        id: Id,
        /// When it was asked for.
        at: Timestamp,
    },
    /// An item is described, anew or for the first time.
    PutItem(Item),
    /// Some fields of an item change.
    PatchItem(ItemPatch),
    /// An item and everything done to it goes.
    DeleteItem {
        /// Which.
        id: Id,
        /// When it was asked for.
        at: Timestamp,
    },
}
