//! Suggestions of people on the wire.

use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// People whom a user may know.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SuggestionList {
    /// To whom.
    pub user: String,
    /// The likeliest first.
    pub people: Vec<SuggestionOut>,
}

/// Somebody whom a user may know.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SuggestionOut {
    /// The user's id.
    pub id: String,
    /// The name to show; absent where none was described.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What speaks for it, in no unit; does not depend on the others.
    pub score: f32,
    /// Why, those that tell most first; never none.
    pub reasons: Vec<SuggestionReason>,
    /// With `explain=true`: the numbers behind the score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explain: Option<BTreeMap<&'static str, f32>>,
}

/// Why somebody is suggested. Made only of what everybody may see.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SuggestionReason {
    /// The kind, for an app with words of its own: `friends_in_common`, `follows_you`, `you_react`, `they_react`,
    /// `both_answer`, `same_items`, `same_groups` or `same_tags`.
    pub kind: &'static str,
    /// In words.
    pub text: String,
    /// How many friends, reactions, answers, items, groups or tags; absent for `follows_you`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Ids of some of the friends in common, those that tell most first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<String>,
    /// The tags or groups.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
}
