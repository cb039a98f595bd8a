//! Communities that never were, for the demo, for tests and for load.
//!
//! [`community`] makes a small one with a known truth about who would like what; [`load`] makes a large
//! one cheaply; [`approx`] compares numbers with a tolerance. Everything is a function of its
//! parameters and a seed: the same parameters give the same records.

pub mod approx;
pub mod community;
pub mod load;

use milieu_types::{Event, EventKind, Id, Timestamp};

/// An id of a text made here: short, not empty, without control characters.
#[expect(clippy::expect_used, reason = "the generators make only valid ids")]
fn id(text: String) -> Id {
    Id::new(text).expect("a valid id")
}

/// An event with nothing but who did what to what and when.
fn event(number: u64, kind: EventKind, actor: Id, object: Id, at: Timestamp) -> Event {
    Event {
        id: Some(id(format!("e{number}"))),
        kind,
        actor,
        object,
        target: None,
        value: None,
        at,
        context: None,
    }
}
