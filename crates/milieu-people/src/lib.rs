//! Who belongs together, and why: suggestions, ties, interests, communities and credibility of people.
//!
//! Everything here is a function of a view of the world and of numbers that were computed from one before. What may be
//! said of whom (blocks, mutes, the deleted, the undiscoverable) is read from the view at the moment of the answer.
//!
//! Files, models' versions and HTTP are not here.

pub mod circles;
pub mod communities;
pub mod credibility;
pub mod export;
mod follows;
pub mod interests;
pub mod link;
pub mod measures;
pub mod poisson;
#[cfg(test)]
mod samples;
pub mod signs;
pub mod strength;
pub mod suggest;
pub mod ties;

pub use follows::FollowTies;
