//! Milieu's own lines: `{"user":{...}}`, `{"item":{...}}`, or an event as `POST /v1/events` takes it.
//!
//! Unknown keys are refused, so that a mistyped one is not lost in silence. `at` may be left out and
//! is then the time of the options. The file's order is kept. A file that is one JSON array of such
//! objects is read too.

use super::out::Out;
use super::{Reader, text};
use milieu_types::{Event, EventKind, Id, Item, Media, Timestamp, User};
use serde::Deserialize;
use serde_json::Value;

pub(super) struct Jsonl;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EventLine {
    id: Option<Id>,
    #[serde(rename = "type")]
    kind: EventKind,
    actor: Id,
    object: Id,
    target: Option<Id>,
    value: Option<f64>,
    at: Option<Timestamp>,
    context: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserLine {
    id: Id,
    name: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    language: Option<String>,
    #[serde(default)]
    muted_keywords: Vec<String>,
    discoverable: Option<bool>,
    at: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemLine {
    id: Id,
    author: Option<Id>,
    text: Option<String>,
    #[serde(default)]
    media: Vec<Media>,
    #[serde(default)]
    tags: Vec<String>,
    reply_to: Option<Id>,
    language: Option<String>,
    at: Option<Timestamp>,
    #[serde(default)]
    hidden: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserWrapper {
    user: UserLine,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemWrapper {
    item: ItemLine,
}

impl Reader for Jsonl {
    fn line(&mut self, _role: usize, line: &str, out: &mut Out) -> Result<(), String> {
        match wrapper(line) {
            Some("user") => out.user(parse::<UserWrapper>(line)?.user.into_user(out.options.at)),
            Some("item") => out.item(parse::<ItemWrapper>(line)?.item.into_item(out.options.at)),
            _ => out.event_in_place(parse::<EventLine>(line)?.into_event(line, out.options.at)?),
        }
    }
}

/// The first key of the object where it wraps a user or an item; no event begins with such a key.
fn wrapper(line: &str) -> Option<&str> {
    let key = line.trim_start().strip_prefix('{')?.trim_start().strip_prefix('"')?;
    key.split_once('"').map(|(key, _)| key)
}

/// Parses a line, with the column in the reason.
pub(super) fn parse<'l, T: Deserialize<'l>>(line: &'l str) -> Result<T, String> {
    serde_json::from_str(line).map_err(|error| {
        let reason = error.to_string();
        text::truncate(&reason, 300).replace(" at line 1 column ", " at column ")
    })
}

impl EventLine {
    fn into_event(self, line: &str, default: Timestamp) -> Result<Event, String> {
        // An event without an id gets one from its text: two equal lines are one event.
        let id = match self.id {
            Some(id) => id,
            None => super::out::event_id("jsonl", &[line.trim()])?,
        };
        Ok(Event {
            id: Some(id),
            kind: self.kind,
            actor: self.actor,
            object: self.object,
            target: self.target,
            value: self.value.map(|value| value as f32),
            at: self.at.unwrap_or(default),
            context: self.context.map(|context| context.to_string()),
        })
    }
}

impl UserLine {
    fn into_user(self, default: Timestamp) -> User {
        User {
            id: self.id,
            name: self.name,
            tags: self.tags,
            language: self.language,
            muted_keywords: self.muted_keywords,
            discoverable: self.discoverable.unwrap_or(true),
            at: self.at.unwrap_or(default),
        }
    }
}

impl ItemLine {
    fn into_item(self, default: Timestamp) -> Item {
        Item {
            id: self.id,
            author: self.author,
            text: self.text,
            media: self.media,
            tags: self.tags,
            reply_to: self.reply_to,
            language: self.language,
            at: self.at.unwrap_or(default),
            hidden: self.hidden,
        }
    }
}
