//! Who belongs together, and why: suggestions, ties, interests, communities and credibility of people.
//!
//! Everything here is a function of a view of the world and of numbers that were computed from one before. What may be
//! said of whom (blocks, mutes, the deleted, the undiscoverable) is read from the view at the moment of the answer.
//!
//! Files, models' versions and HTTP are not here.

mod follows;
pub mod suggest;

pub use follows::FollowTies;
