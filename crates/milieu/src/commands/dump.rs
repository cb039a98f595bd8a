//! `milieu log dump`: the records as JSON lines, in the words of the wire.

use super::{configuration, must_be_data};
use crate::cli::Dump;
use anyhow::Result;
use milieu_api::{ItemOut, UserOut};
use milieu_server::store::open_log;
use milieu_types::{Event, Id, ItemPatch, Record, Seq, Timestamp, UserPatch};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::io::{BufWriter, ErrorKind, Write};

/// One line.
#[derive(Serialize)]
struct Line {
    seq: Seq,
    #[serde(flatten)]
    record: RecordOut,
    /// For an undo: the record it takes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    undone: Option<Seq>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum RecordOut {
    Event(EventOut),
    User(UserOut),
    PatchUser(Map<String, Value>),
    DeleteUser { id: Id, at: Timestamp },
    Item(ItemOut),
    PatchItem(Map<String, Value>),
    DeleteItem { id: Id, at: Timestamp },
}

#[derive(Serialize)]
struct EventOut {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Id>,
    #[serde(rename = "type")]
    kind: &'static str,
    actor: Id,
    object: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<f32>,
    at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<Value>,
}

pub(super) fn run(args: &Dump) -> Result<()> {
    let config = configuration(&args.settings, &[])?;
    must_be_data(&args.data)?;
    let log = open_log(&args.data, &config.log)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    for entry in log.replay(args.from)? {
        let (seq, record) = entry?;
        serde_json::to_writer(&mut out, &Line::new(seq, record))
            .map_err(std::io::Error::from)
            .or_else(gone)?;
        out.write_all(b"\n").or_else(gone)?;
    }
    out.flush().or_else(gone)?;
    Ok(())
}

/// A reader that has seen enough, such as `head`, is no failure.
fn gone(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == ErrorKind::BrokenPipe {
        std::process::exit(0);
    }
    Err(error)
}

impl Line {
    fn new(seq: Seq, record: Record) -> Self {
        let mut undone = None;
        let record = match record {
            Record::Event(event) => RecordOut::Event(event.into()),
            Record::Undo { event, undone_seq, .. } => {
                undone = Some(undone_seq);
                RecordOut::Event(event.into())
            }
            Record::PutUser(user) => RecordOut::User(user.into()),
            Record::PatchUser(patch) => RecordOut::PatchUser(user_patch(patch)),
            Record::DeleteUser { id, at } => RecordOut::DeleteUser { id, at },
            Record::PutItem(item) => RecordOut::Item(item.into()),
            Record::PatchItem(patch) => RecordOut::PatchItem(item_patch(patch)),
            Record::DeleteItem { id, at } => RecordOut::DeleteItem { id, at },
        };
        Self { seq, record, undone }
    }
}

impl From<Event> for EventOut {
    fn from(event: Event) -> Self {
        let Event { id, kind, actor, object, target, value, at, context } = event;
        let context = context.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text)));
        Self { id, kind: kind.name(), actor, object, target, value, at, context }
    }
}

/// Only what the patch changes; `null` where it removes.
fn user_patch(patch: UserPatch) -> Map<String, Value> {
    let UserPatch { id, name, tags, language, muted_keywords, discoverable } = patch;
    changed([
        ("id", Some(json!(id))),
        ("name", name.map(Value::from)),
        ("tags", tags.map(Value::from)),
        ("language", language.map(Value::from)),
        ("muted_keywords", muted_keywords.map(Value::from)),
        ("discoverable", discoverable.map(Value::from)),
    ])
}

fn item_patch(patch: ItemPatch) -> Map<String, Value> {
    let ItemPatch { id, text, media, tags, language, hidden } = patch;
    changed([
        ("id", Some(json!(id))),
        ("text", text.map(Value::from)),
        ("media", media.map(|media| json!(media))),
        ("tags", tags.map(Value::from)),
        ("language", language.map(Value::from)),
        ("hidden", hidden.map(Value::from)),
    ])
}

fn changed<const N: usize>(fields: [(&str, Option<Value>); N]) -> Map<String, Value> {
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_in_the_words_of_the_wire() {
        fn check(record: Record, expected: &Value) {
            let line = serde_json::to_value(Line::new(7, record)).unwrap();
            assert_eq!(&line, expected);
        }
        let id = |text: &str| Id::new(text).unwrap();
        let at = Timestamp::from_secs(1_767_225_600);
        let event = |kind, own: &str, object: &str| Event {
            id: Some(id(own)),
            kind,
            actor: id("ann"),
            object: id(object),
            target: None,
            value: Some(0.5),
            at,
            context: Some(r#"{"place":"home"}"#.into()),
        };
        let (like, undo) = (milieu_types::EventKind::Like, milieu_types::EventKind::Undo);
        let told = |kind: &str, own: &str, object: &str| {
            json!({
                "id": own, "type": kind, "actor": "ann", "object": object, "value": 0.5,
                "at": "2026-01-01T00:00:00Z", "context": {"place": "home"},
            })
        };
        check(
            Record::Event(event(like, "e1", "post")),
            &json!({"seq": 7, "event": told("like", "e1", "post")}),
        );
        check(
            Record::Undo { event: event(undo, "e2", "e1"), undone: event(like, "e1", "post"), undone_seq: 3 },
            &json!({"seq": 7, "event": told("undo", "e2", "e1"), "undone": 3}),
        );
        check(
            Record::PatchItem(ItemPatch {
                id: id("post"),
                text: Some(None),
                media: None,
                tags: Some(vec!["tea".into()]),
                language: None,
                hidden: Some(true),
            }),
            &json!({"seq": 7, "patch_item": {"id": "post", "text": null, "tags": ["tea"], "hidden": true}}),
        );
        check(
            Record::DeleteUser { id: id("ann"), at },
            &json!({"seq": 7, "delete_user": {"id": "ann", "at": "2026-01-01T00:00:00Z"}}),
        );
    }
}
