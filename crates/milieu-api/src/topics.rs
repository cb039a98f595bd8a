//! Topics on the wire.

use milieu_types::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// What items are about.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct TopicList {
    /// The model whose vectors the topics are groups of; absent where none is live, and there are no topics.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// How many items have a vector of this version; many of them may have no topic.
    pub searched: usize,
    /// Those with an item that may be shown, the largest first.
    pub topics: Vec<TopicEntry>,
}

/// A topic: items whose texts mean much the same.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TopicEntry {
    /// Its id, which it keeps while it stays near where it was.
    pub id: u32,
    /// Words that are frequent in its items and rare in others, the best first; none where they share no words.
    pub terms: Vec<String>,
    /// How many items it has, of those that may be shown.
    pub size: usize,
    /// Ids of the items in the middle of it.
    pub examples: Vec<String>,
    /// The time of its newest item.
    #[schema(value_type = String, format = DateTime)]
    pub newest: Timestamp,
}

/// The topic of an item.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TopicOfItem {
    /// The topic's id.
    pub id: u32,
    /// The words it is named by.
    pub terms: Vec<String>,
}
