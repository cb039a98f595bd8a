//! The plain data every other crate speaks: ids, time, events, users, items, log records, error kinds.
//!
//! Nothing here does IO, reads a clock or knows a tensor. A value of these types that came through
//! [`validate`] is well formed, so the rest of the system never has to doubt it.

mod entity;
mod error;
mod event;
mod id;
mod language;
mod record;
mod time;
pub mod validate;

pub use entity::{Item, ItemPatch, Media, MediaKind, User, UserPatch};
pub use error::ErrorCode;
pub use event::{Action, Event, EventKind, ObjectKind, TieKind};
pub use id::{Id, IdError, MAX_ID_BYTES};
pub use language::Language;
pub use record::{Record, Seq};
pub use time::{Timestamp, TimestampError};
