//! Search for items by meaning and by terms, and what is known of an item's text, on the wire.

use crate::{ApiError, ClassLabel, ItemOut, TextNeed, TopicOfItem, parse};
use milieu_types::{ErrorCode, Id, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Bytes of a query; models read far less.
const MOST_QUERY: usize = 65_536;
/// Hits of a search.
const MOST_HITS: usize = 1000;
/// Ids or tags of a filter.
const MOST_NAMES: usize = 10_000;

/// What is searched for.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SearchItems)]
pub struct SearchRequest {
    /// A text; items whose texts mean much the same, or have terms of it, are found.
    query: String,
    /// By what; by both where a model that makes vectors of texts is live, else by terms, where it is left out.
    mode: Option<SearchMode>,
    /// How many items, 1 to 1000; 10 where it is left out.
    k: Option<usize>,
    /// Only these items.
    ids: Option<Vec<String>>,
    /// Only items with one of these tags.
    tags: Option<Vec<String>>,
    /// Only items of this language, written as the items have it.
    language: Option<String>,
    /// Only items of this author.
    author: Option<String>,
    /// Only items of one of these topics.
    topics: Option<Vec<u32>>,
    /// Only items made at this time or later.
    #[schema(format = DateTime)]
    after: Option<String>,
    /// Only items made before this time.
    #[schema(format = DateTime)]
    before: Option<String>,
    /// With the items themselves.
    full: Option<bool>,
}

/// By what items are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SearchMode {
    /// Vectors near that of the query.
    Meaning,
    /// Terms of the query, by BM25.
    Terms,
    /// Both rankings, joined by their places.
    Hybrid,
}

/// What is searched for.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchIn {
    /// The text.
    pub query: String,
    /// By what, where it was said.
    pub mode: Option<SearchMode>,
    /// How many items.
    pub k: usize,
    /// Only these items.
    pub ids: Option<Vec<Id>>,
    /// Only items with one of these tags.
    pub tags: Option<Vec<String>>,
    /// Only items of this language.
    pub language: Option<String>,
    /// Only items of this author.
    pub author: Option<Id>,
    /// Only items of one of these topics.
    pub topics: Option<Vec<u32>>,
    /// Only items made at this time or later.
    pub after: Option<Timestamp>,
    /// Only items made before this time.
    pub before: Option<Timestamp>,
    /// With the items themselves.
    pub full: bool,
}

/// Reads what is searched for.
///
/// # Errors
/// [`ErrorCode::InvalidJson`], [`ErrorCode::InvalidParameter`], [`ErrorCode::InvalidId`], [`ErrorCode::InvalidTime`],
/// [`ErrorCode::BatchTooLarge`].
pub fn read_search(body: &[u8]) -> Result<SearchIn, ApiError> {
    let invalid = |field: &str, message: String| ApiError::at(ErrorCode::InvalidParameter, field, message);
    let asked: SearchRequest = parse::one(body, ErrorCode::InvalidParameter)?;
    if asked.query.trim().is_empty() {
        return Err(invalid("query", "holds no text".into()));
    }
    if asked.query.len() > MOST_QUERY {
        let message = format!("has {} bytes, the limit is {MOST_QUERY}", asked.query.len());
        return Err(invalid("query", message));
    }
    let k = asked.k.unwrap_or(10);
    if !(1..=MOST_HITS).contains(&k) {
        return Err(invalid("k", format!("must be 1 to {MOST_HITS}")));
    }
    let few = |field: &str, entries: Option<usize>| match entries {
        Some(entries) if entries > MOST_NAMES => {
            let message = format!("holds {entries} entries, the limit is {MOST_NAMES}");
            Err(ApiError::at(ErrorCode::BatchTooLarge, field, message))
        }
        _ => Ok(()),
    };
    few("ids", asked.ids.as_ref().map(Vec::len))?;
    few("tags", asked.tags.as_ref().map(Vec::len))?;
    few("topics", asked.topics.as_ref().map(Vec::len))?;
    let ids = asked.ids.map(|ids| {
        let numbered = ids.into_iter().enumerate();
        numbered.map(|(at, id)| parse::id("", &format!("ids[{at}]"), id)).collect()
    });
    let time = |field: &str, text: Option<String>| text.map(|text| parse::time("", field, &text)).transpose();
    Ok(SearchIn {
        query: asked.query,
        mode: asked.mode,
        k,
        ids: ids.transpose()?,
        tags: asked.tags,
        language: asked.language,
        author: asked.author.map(|id| parse::id("", "author", id)).transpose()?,
        topics: asked.topics,
        after: time("after", asked.after)?,
        before: time("before", asked.before)?,
        full: asked.full.unwrap_or(false),
    })
}

/// What a search found.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SearchHits {
    /// By what items were found.
    pub mode: SearchMode,
    /// The model whose vectors were compared, where vectors were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// How many items have a vector of this version, or terms, where only terms were looked for; less than all while they
    /// are still read.
    pub searched: usize,
    /// The items, the best first.
    pub items: Vec<SearchHit>,
    /// How long it took, from the whole body to the answer.
    pub milliseconds: f64,
}

/// An item that a search found.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SearchHit {
    /// The item's id.
    pub id: String,
    /// What the order stands on: that of the one ranking, or, of two, the sum of 1 / (60 + place) over those that have it.
    pub score: f32,
    /// What the item was found by.
    pub by: FoundBy,
    /// The item, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<ItemOut>,
}

/// What an item was found by: one of the two at least.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, ToSchema)]
pub struct FoundBy {
    /// Its score is the cosine between the meanings of the item's text and of the query, -1 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meaning: Option<RankedPlace>,
    /// Its score is that of BM25, above 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terms: Option<RankedPlace>,
}

/// Where an item stands in a ranking.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct RankedPlace {
    /// The place, from 1.
    pub place: usize,
    /// The score.
    pub score: f32,
}

/// What models say of an item's text.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ItemUnderstood {
    /// The item's id.
    pub id: String,
    /// By the name of each model that has read it; none where it still waits, or has no text.
    pub models: BTreeMap<String, Reading>,
    /// What it is about; absent where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<TopicOfItem>,
    /// What whoever wrote it is after, see `needs` of `/v1/analyze/text`.
    pub needs: Vec<TextNeed>,
}

/// What a model says of an item's text.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Reading {
    /// The version that read it.
    pub version: u32,
    /// The classes, the most probable first, where the model classifies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<Vec<ClassLabel>>,
    /// How many values its vector has, where the model makes vectors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<usize>,
    /// Whether the model failed on the text.
    pub failed: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_searched_for() {
        fn check(body: &str, expected: Result<usize, (ErrorCode, &str)>) {
            let found = read_search(body.as_bytes());
            let found = found.as_ref().map(|asked| asked.k);
            let found = found.map_err(|error| (error.code, error.field.as_deref().unwrap_or("")));
            assert_eq!(found, expected, "{body}");
        }
        check(r#"{"query":"sun"}"#, Ok(10));
        check(
            r#"{"query":"sun","k":3,"ids":["a"],"tags":["t"],"language":"en","author":"u","topics":[1],"full":true,
                "after":"2026-01-01T00:00:00Z","before":"2027-01-01T00:00:00Z"}"#,
            Ok(3),
        );
        let invalid = |field| Err((ErrorCode::InvalidParameter, field));
        check("{}", invalid("query"));
        check(r#"{"query":" \n"}"#, invalid("query"));
        check(r#"{"query":"a","k":0}"#, invalid("k"));
        check(r#"{"query":"a","k":1001}"#, invalid("k"));
        check(r#"{"query":"a","words":1}"#, invalid("words"));
        check(r#"{"query":"a","mode":"hybrid"}"#, Ok(10));
        check(r#"{"query":"a","topics":["cats"]}"#, invalid("topics[0]"));
        check(r#"{"query":"a","mode":"sound"}"#, invalid("mode"));
        check(r#"{"query":"a","ids":["a",""]}"#, Err((ErrorCode::InvalidId, "ids[1]")));
        check(r#"{"query":"a","author":""}"#, Err((ErrorCode::InvalidId, "author")));
        check(r#"{"query":"a","after":"yesterday"}"#, Err((ErrorCode::InvalidTime, "after")));
        check("{\"query\":\"a", Err((ErrorCode::InvalidJson, "query")));
        let long = serde_json::json!({"query": "a".repeat(MOST_QUERY + 1)}).to_string();
        check(&long, invalid("query"));
        let many = serde_json::json!({"query": "a", "tags": vec!["a"; MOST_NAMES + 1]}).to_string();
        check(&many, Err((ErrorCode::BatchTooLarge, "tags")));
    }
}
