//! Answers to questions: feeds, similar items, trends, audiences, receipts, counts, training.

use crate::{ItemOut, UserOut};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A page of a feed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Feed {
    /// Whose.
    pub user: String,
    /// The entries, the best first.
    pub items: Vec<FeedEntry>,
    /// Pass it on for the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// One entry of a feed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FeedEntry {
    /// The item's id.
    pub id: String,
    /// Expected worth; does not depend on the other entries.
    pub score: f32,
    /// Which source proposed it first.
    pub source: String,
    /// Why.
    pub reason: Reason,
    /// The id of the receipt, for `/v1/receipts/{id}`; absent in the order of time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    /// With `full=true`: the item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<ItemOut>,
    /// With `explain=true`: the numbers behind the score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explain: Option<Explanation>,
}

/// Why an item is in a feed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Reason {
    /// The kind, for an app with words of its own.
    pub kind: String,
    /// In words.
    pub text: String,
}

/// The numbers behind a score.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Explanation {
    /// P(action) of each predicted action.
    pub probabilities: BTreeMap<&'static str, f32>,
    /// What each action is worth.
    pub weights: BTreeMap<&'static str, f32>,
    /// What the probabilities are made of: features of user, item and their relation, and what the collaborative
    /// and the next-item model say, from 0 to 1.
    pub inputs: BTreeMap<String, f32>,
    /// The factor for an author who is not followed.
    pub network_factor: f32,
    /// The factor for repeated authors and topics.
    pub diversity_factor: f32,
}

/// A decision, and the same decision made again.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReceiptOut {
    /// Its id.
    pub id: String,
    /// For whom.
    pub user: String,
    /// What was shown.
    pub item: String,
    /// When, RFC 3339.
    #[schema(format = DateTime)]
    pub at: String,
    /// The last log record the decision knew of.
    pub applied: u64,
    /// Which source proposed the item first.
    pub source: String,
    /// Its place in the feed, 0 for the first.
    pub rank: usize,
    /// The score.
    pub score: f32,
    /// What the score was made of.
    pub explain: Explanation,
    /// The versions of the models.
    pub models: BTreeMap<&'static str, String>,
    /// The decision made again from the features.
    pub replay: Replay,
}

/// A decision made again.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Replay {
    /// The score.
    pub score: f32,
    /// Whether it is, bit for bit, the score of then.
    pub equal: bool,
}

/// Items like an item, or trending ones.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ItemList {
    /// The items, the best first.
    pub items: Vec<ItemScore>,
}

/// An item in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ItemScore {
    /// The item's id.
    pub id: String,
    /// How much it trends; absent where the order is all there is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f32>,
}

/// Whom an item may interest.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Audience {
    /// The users, the most likely first.
    pub users: Vec<UserScore>,
}

/// A user in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UserScore {
    /// The user's id.
    pub id: String,
    /// Expected worth of the item for the user.
    pub score: f32,
}

/// Users in the order they became known.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UserList {
    /// The users.
    pub users: Vec<UserOut>,
    /// Pass it on as `after` for more; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<u32>,
}

/// What the server holds.
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
    /// Records in the log.
    pub records: u64,
    /// The last record in the newest snapshot.
    pub snapshot: u64,
    /// The versions of the models in use.
    pub models: BTreeMap<&'static str, String>,
    /// How often each stage of the feed proposed, refused or failed.
    #[schema(value_type = Object)]
    pub stages: serde_json::Value,
}

/// How training stands.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct Training {
    /// Whether a run is on.
    pub running: bool,
    /// How many runs ended.
    pub runs: u64,
    /// The last record of the log in the last run that ended well.
    pub trained_to: u64,
    /// What the run said, the latest last.
    #[schema(value_type = Vec<Object>)]
    pub progress: Vec<serde_json::Value>,
    /// Why the last run failed, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Whether the server is up.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Health {
    /// `ok`, or what is wrong.
    pub status: String,
}
