//! ActivityStreams 2.0: one activity or object a line, or a file that is one collection (an `outbox.json`
//! as Mastodon exports it) or one array.
//!
//! What an activity becomes is written at [`super::activity`]. The file's order is kept.

use super::jsonl::parse;
use super::out::Out;
use super::{Reader, activity};
use serde_json::Value;

pub(super) struct ActivityStreams;

impl Reader for ActivityStreams {
    fn line(&mut self, _role: usize, line: &str, out: &mut Out) -> Result<(), String> {
        let value: Value = parse(line)?;
        let items = value.get("orderedItems").or_else(|| value.get("items"));
        match items {
            Some(Value::Array(entries)) => entries.iter().try_for_each(|entry| activity::take(entry, out)),
            _ => activity::take(&value, out),
        }
    }
}
