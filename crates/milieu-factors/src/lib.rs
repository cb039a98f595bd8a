//! Collaborative filtering by linear algebra.

mod interactions;

pub use interactions::{Interactions, InteractionsError};
