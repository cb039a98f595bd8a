//! Answers to questions.

use crate::{ItemOut, UserOut};
use serde::Serialize;
use utoipa::ToSchema;

/// Why an item is in a feed.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Reason)]
pub struct ReasonOut {
    /// The kind, for an app that words it by itself.
    #[schema(example = "followed")]
    pub kind: String,
    /// In words.
    pub text: String,
}

/// One entry of a feed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FeedEntry {
    /// The item's id.
    pub id: String,
    /// Expected worth.
    pub score: f32,
    /// Which source proposed it first.
    pub source: &'static str,
    /// Why it is here.
    pub reason: ReasonOut,
    /// The id of the receipt of the decision.
    pub receipt: String,
    /// The whole decision; only with `explain=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub explanation: Option<serde_json::Value>,
    /// The item itself; only with `items=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<ItemOut>,
}

/// A page of a feed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Feed {
    /// The entries, the best first.
    pub items: Vec<FeedEntry>,
    /// Where the next page begins; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// An id with a score.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ScoredId {
    /// The id of an item or a user.
    pub id: String,
    /// Comparable within one answer; absent where the order is all there is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f32>,
}

/// A ranked list of items: similar ones or trends.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RankedItems {
    /// The best first.
    pub items: Vec<ScoredId>,
}

/// Users whom an item may interest.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Audience {
    /// The best first.
    pub users: Vec<ScoredId>,
}

/// The newest items.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Latest {
    /// The newest first.
    pub items: Vec<ItemOut>,
}

/// Some users.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Users {
    /// In the order in which they were first heard of.
    pub users: Vec<UserOut>,
}

/// How much the server holds.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Stats {
    /// Described users.
    pub users: usize,
    /// Described items.
    pub items: usize,
    /// Follow ties.
    pub follows: usize,
    /// Distinct pairs of a user and an item that met.
    pub pairs: usize,
    /// The last log record that answers know of.
    pub last_seq: u64,
}
