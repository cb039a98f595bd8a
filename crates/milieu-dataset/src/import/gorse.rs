//! What Gorse (0.4 and 0.5) exports: `users.jsonl`, `items.jsonl`, `feedback.jsonl`.
//!
//! * Users: `UserId`; strings found in `Labels` become tags, whatever their nesting (numbers, such as
//!   embeddings, are left out); `Comment` of at most 128 bytes becomes the name. They have no time and
//!   get that of the options.
//! * Items: `ItemId`, `IsHidden`, `Timestamp`; `Categories` and strings of `Labels` become tags,
//!   `Comment` the text. There are no authors.
//! * Feedback: `FeedbackType` is an action of Milieu where it has such a name or a common synonym
//!   ([`action`]), otherwise `click`. `Value`, where above 0, is kept. Gorse has one feedback for each
//!   type, user and item, and so has the import.
//!
//! A time before 1970 (Gorse writes the year 1 for "none") counts as missing.

use super::jsonl::parse;
use super::out::{Out, event_id, id, plain_event, plain_item, plain_user};
use super::text::truncate;
use super::{Reader, time};
use milieu_types::validate::{MAX_TAG_BYTES, MAX_TAGS, MAX_TEXT_BYTES};
use milieu_types::{Action, Timestamp};
use serde::Deserialize;
use serde_json::Value;

const USERS: usize = 0;
const ITEMS: usize = 1;

pub(super) struct Gorse;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UserLine {
    user_id: String,
    labels: Option<Value>,
    comment: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ItemLine {
    item_id: String,
    is_hidden: Option<bool>,
    categories: Option<Vec<String>>,
    timestamp: Option<String>,
    labels: Option<Value>,
    comment: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FeedbackLine {
    feedback_type: String,
    user_id: String,
    item_id: String,
    value: Option<f64>,
    timestamp: Option<String>,
}

impl Reader for Gorse {
    fn line(&mut self, role: usize, line: &str, out: &mut Out) -> Result<(), String> {
        match role {
            USERS => user(&parse(line)?, out),
            ITEMS => item(parse(line)?, out),
            _ => feedback(&parse(line)?, out),
        }
    }
}

fn user(line: &UserLine, out: &mut Out) -> Result<(), String> {
    let mut user = plain_user(id("UserId", &line.user_id)?, out.options.at);
    collect_labels(line.labels.as_ref(), &mut user.tags);
    user.name = line.comment.clone().filter(|name| (1..=MAX_TAG_BYTES).contains(&name.len()));
    out.user(user)
}

fn item(line: ItemLine, out: &mut Out) -> Result<(), String> {
    let at = at(line.timestamp.as_deref(), out)?;
    let mut item = plain_item(id("ItemId", &line.item_id)?, at);
    line.categories.iter().flatten().for_each(|category| push_tag(category, &mut item.tags));
    collect_labels(line.labels.as_ref(), &mut item.tags);
    item.text = line.comment.filter(|text| !text.is_empty());
    if let Some(text) = &mut item.text {
        text.truncate(truncate(text, MAX_TEXT_BYTES).len());
    }
    item.hidden = line.is_hidden.unwrap_or(false);
    out.item(item)
}

fn feedback(line: &FeedbackLine, out: &mut Out) -> Result<(), String> {
    let at = at(line.timestamp.as_deref(), out)?;
    let kind = action(&line.feedback_type).unwrap_or_else(|| {
        out.skip("feedback of unknown types, read as click");
        Action::Click
    });
    let made = event_id("gorse", &[&line.feedback_type, &line.user_id, &line.item_id])?;
    let (actor, object) = (id("UserId", &line.user_id)?, id("ItemId", &line.item_id)?);
    let mut event = plain_event(made, kind.event_kind(), actor, object, at);
    event.value = line.value.filter(|&value| value != 0.0).map(|value| value as f32);
    out.event(event)
}

/// The action a feedback type stands for, without regard to case, `_` and `-`.
fn action(name: &str) -> Option<Action> {
    let name = name.to_lowercase().replace(['_', '-', ' '], "");
    Some(match name.as_str() {
        "view" | "read" | "impression" | "seen" | "exposure" | "show" => Action::View,
        "click" | "open" | "watch" | "play" | "listen" | "visit" => Action::Click,
        "dwell" | "stay" | "readtime" | "watchtime" => Action::Dwell,
        "like" | "star" | "upvote" | "love" | "thumbsup" | "heart" | "rate" => Action::Like,
        "reply" | "comment" | "answer" => Action::Reply,
        "share" | "repost" | "forward" | "retweet" | "fork" => Action::Share,
        "quote" => Action::Quote,
        "save" | "bookmark" | "collect" | "favorite" | "favourite" | "cart" | "buy" | "purchase" => {
            Action::Save
        }
        "hide" | "dislike" | "downvote" | "thumbsdown" | "notinterested" => Action::Hide,
        "report" | "flag" => Action::Report,
        _ => return None,
    })
}

fn at(text: Option<&str>, out: &Out) -> Result<Timestamp, String> {
    match text.filter(|text| !text.is_empty()) {
        None => Ok(out.options.at),
        Some(text) => {
            let at = time::parse(text).map_err(|reason| format!("Timestamp: {reason}"))?;
            Ok(if at < Timestamp::from_millis(0) { out.options.at } else { at })
        }
    }
}

fn push_tag(tag: &str, tags: &mut Vec<String>) {
    let fits = (1..=MAX_TAG_BYTES).contains(&tag.len()) && tags.len() < MAX_TAGS;
    if fits && !tags.iter().any(|known| known == tag) {
        tags.push(tag.to_owned());
    }
}

fn collect_labels(labels: Option<&Value>, tags: &mut Vec<String>) {
    match labels {
        Some(Value::String(label)) => push_tag(label, tags),
        Some(Value::Array(labels)) => labels.iter().for_each(|label| collect_labels(Some(label), tags)),
        Some(Value::Object(labels)) => labels.values().for_each(|label| collect_labels(Some(label), tags)),
        _ => {}
    }
}
