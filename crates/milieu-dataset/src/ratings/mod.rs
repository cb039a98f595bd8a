//! Who rated, heard or visited what: the public data sets that collaborative models are compared on.

mod read;
mod split;

pub use read::{RatingsError, lastfm_hetrec, lightgcn, movielens};
pub use split::{Split, SplitError, SplitRule};

/// One user's dealing with one item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rating {
    /// The user's number, below [`Ratings::users`].
    pub user: u32,
    /// The item's number, below [`Ratings::items`].
    pub item: u32,
    /// Play count, stars, or 1 where the data only says that it happened. Positive and finite.
    pub value: f32,
    /// Unix seconds, where the data says when.
    pub at: Option<i64>,
}

/// A data set with users and items numbered from 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Ratings {
    /// How many users there are.
    pub users: usize,
    /// How many items there are.
    pub items: usize,
    /// Everything there is to learn from; each pair comes once.
    pub ratings: Vec<Rating>,
    /// The test part, where the data set comes already split.
    pub test: Option<Vec<Rating>>,
    /// Directed ties between users, each once, none to oneself. Mutual ties come in both directions.
    pub ties: Vec<(u32, u32)>,
}
