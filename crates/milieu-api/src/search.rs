//! Search for items by meaning, and what is known of an item's text, on the wire.

use crate::{ApiError, ClassLabel, ItemOut, parse};
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
    /// A text; items whose texts mean much the same are found.
    query: String,
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
    /// Only items made at this time or later.
    #[schema(format = DateTime)]
    after: Option<String>,
    /// Only items made before this time.
    #[schema(format = DateTime)]
    before: Option<String>,
    /// With the items themselves.
    full: Option<bool>,
}

/// What is searched for.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchIn {
    /// The text.
    pub query: String,
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
    let few = |field: &str, names: &Option<Vec<String>>| match names {
        Some(names) if names.len() > MOST_NAMES => {
            let message = format!("holds {} entries, the limit is {MOST_NAMES}", names.len());
            Err(ApiError::at(ErrorCode::BatchTooLarge, field, message))
        }
        _ => Ok(()),
    };
    few("ids", &asked.ids)?;
    few("tags", &asked.tags)?;
    let ids = asked.ids.map(|ids| {
        let numbered = ids.into_iter().enumerate();
        numbered.map(|(at, id)| parse::id("", &format!("ids[{at}]"), id)).collect()
    });
    let time = |field: &str, text: Option<String>| text.map(|text| parse::time("", field, &text)).transpose();
    Ok(SearchIn {
        query: asked.query,
        k,
        ids: ids.transpose()?,
        tags: asked.tags,
        language: asked.language,
        author: asked.author.map(|id| parse::id("", "author", id)).transpose()?,
        after: time("after", asked.after)?,
        before: time("before", asked.before)?,
        full: asked.full.unwrap_or(false),
    })
}

/// What a search found.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SearchHits {
    /// The model whose vectors were compared.
    pub model: String,
    /// Its version.
    pub version: u32,
    /// How many items have a vector of this version; less than all while it still reads.
    pub searched: usize,
    /// The items, the nearest first.
    pub items: Vec<SearchHit>,
    /// How long it took, from the whole body to the answer.
    pub milliseconds: f64,
}

/// An item that a search found.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SearchHit {
    /// The item's id.
    pub id: String,
    /// The cosine between the meanings of its text and of the query, -1 to 1.
    pub score: f32,
    /// The item, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<ItemOut>,
}

/// What models say of an item's text.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ItemUnderstood {
    /// The item's id.
    pub id: String,
    /// By the name of each model that has read it; none where it still waits, or has no text.
    pub models: BTreeMap<String, Reading>,
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
            r#"{"query":"sun","k":3,"ids":["a"],"tags":["t"],"language":"en","author":"u","full":true,
                "after":"2026-01-01T00:00:00Z","before":"2027-01-01T00:00:00Z"}"#,
            Ok(3),
        );
        let invalid = |field| Err((ErrorCode::InvalidParameter, field));
        check("{}", invalid("query"));
        check(r#"{"query":" \n"}"#, invalid("query"));
        check(r#"{"query":"a","k":0}"#, invalid("k"));
        check(r#"{"query":"a","k":1001}"#, invalid("k"));
        check(r#"{"query":"a","words":1}"#, invalid("words"));
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
