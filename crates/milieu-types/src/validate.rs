//! The rules an event, a user or an item must pass before it may enter the log.
//!
//! Structural rules only: nothing here asks whether a user or an item exists. An event about a user
//! or an item that was never described is valid; the world makes a bare one, which is shown to
//! nobody until it is described.

use crate::{ErrorCode, Event, EventKind, Item, ItemPatch, Media, ObjectKind, Timestamp, User, UserPatch};

/// The largest `value` of an event.
pub const MAX_VALUE: f32 = 1e9;
/// The longest item text, in bytes.
pub const MAX_TEXT_BYTES: usize = 64 * 1024;
/// The longest event context, in bytes.
pub const MAX_CONTEXT_BYTES: usize = 4 * 1024;
/// The most tags of a user or an item.
pub const MAX_TAGS: usize = 64;
/// The longest tag, name, language or keyword, in bytes.
pub const MAX_TAG_BYTES: usize = 128;
/// The most media of an item.
pub const MAX_MEDIA: usize = 32;
/// The longest media URL, in bytes.
pub const MAX_URL_BYTES: usize = 2048;
/// The most muted keywords of a user.
pub const MAX_MUTED_KEYWORDS: usize = 256;

/// A broken rule: which code, which field, and what is wrong in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct Violation {
    /// The code the caller sees.
    pub code: ErrorCode,
    /// The field at fault, relative to the checked value, such as `at` or `tags[3]`.
    pub field: String,
    /// What is wrong.
    pub message: String,
}

fn violation<T>(
    code: ErrorCode,
    field: impl Into<String>,
    message: impl Into<String>,
) -> Result<T, Violation> {
    Err(Violation { code, field: field.into(), message: message.into() })
}

/// Checks a time against the epoch and the latest time allowed.
///
/// # Errors
/// [`ErrorCode::InvalidTime`] when `at` is before 1970 or after `latest`.
pub fn time(field: &str, at: Timestamp, latest: Timestamp) -> Result<(), Violation> {
    if at < Timestamp::from_millis(0) {
        return violation(ErrorCode::InvalidTime, field, "is before 1970");
    }
    if at > latest {
        return violation(
            ErrorCode::InvalidTime,
            field,
            format!("lies in the future (the latest allowed is {latest})"),
        );
    }
    Ok(())
}

/// Checks an event as it came from the app. `latest` is the server's time plus the allowed clock skew.
///
/// # Errors
/// The first broken rule.
pub fn event(event: &Event, latest: Timestamp) -> Result<(), Violation> {
    if event.id.as_ref().is_some_and(|id| id.as_str().starts_with('~')) {
        return violation(ErrorCode::InvalidId, "id", "ids that begin with ~ are the server's own");
    }
    if event.kind.object_kind() == ObjectKind::User && event.actor == event.object {
        return violation(
            ErrorCode::InvalidEvent,
            "object",
            format!("nobody can {} themselves", event.kind.name()),
        );
    }
    if event.kind == EventKind::Undo && event.id.as_ref() == Some(&event.object) {
        return violation(ErrorCode::InvalidEvent, "object", "an undo cannot undo itself");
    }
    if let Some(value) = event.value
        && !(0.0..=MAX_VALUE).contains(&value)
    {
        return violation(ErrorCode::InvalidEvent, "value", "must be a number from 0 to 1000000000");
    }
    if event.context.as_ref().is_some_and(|context| context.len() > MAX_CONTEXT_BYTES) {
        return violation(ErrorCode::InvalidEvent, "context", "has more than 4096 bytes");
    }
    time("at", event.at, latest)
}

/// Checks a user as it came from the app.
///
/// # Errors
/// The first broken rule.
pub fn user(user: &User, latest: Timestamp) -> Result<(), Violation> {
    let code = ErrorCode::InvalidUser;
    short(code, "name", user.name.as_deref())?;
    short(code, "language", user.language.as_deref())?;
    strings(code, "tags", &user.tags, MAX_TAGS)?;
    strings(code, "muted_keywords", &user.muted_keywords, MAX_MUTED_KEYWORDS)?;
    time("at", user.at, latest)
}

/// Checks a change of a user.
///
/// # Errors
/// The first broken rule.
pub fn user_patch(patch: &UserPatch) -> Result<(), Violation> {
    let code = ErrorCode::InvalidUser;
    short(code, "name", patch.name.as_ref().and_then(Option::as_deref))?;
    short(code, "language", patch.language.as_ref().and_then(Option::as_deref))?;
    strings(code, "tags", patch.tags.as_deref().unwrap_or(&[]), MAX_TAGS)?;
    strings(code, "muted_keywords", patch.muted_keywords.as_deref().unwrap_or(&[]), MAX_MUTED_KEYWORDS)
}

/// Checks an item as it came from the app.
///
/// # Errors
/// The first broken rule.
pub fn item(item: &Item, latest: Timestamp) -> Result<(), Violation> {
    let code = ErrorCode::InvalidItem;
    text(item.text.as_deref())?;
    short(code, "language", item.language.as_deref())?;
    strings(code, "tags", &item.tags, MAX_TAGS)?;
    media(&item.media)?;
    if item.reply_to.as_ref() == Some(&item.id) {
        return violation(code, "reply_to", "an item cannot answer itself");
    }
    time("at", item.at, latest)
}

/// Checks a change of an item.
///
/// # Errors
/// The first broken rule.
pub fn item_patch(patch: &ItemPatch) -> Result<(), Violation> {
    let code = ErrorCode::InvalidItem;
    text(patch.text.as_ref().and_then(Option::as_deref))?;
    short(code, "language", patch.language.as_ref().and_then(Option::as_deref))?;
    strings(code, "tags", patch.tags.as_deref().unwrap_or(&[]), MAX_TAGS)?;
    media(patch.media.as_deref().unwrap_or(&[]))
}

fn text(text: Option<&str>) -> Result<(), Violation> {
    match text {
        Some(text) if text.len() > MAX_TEXT_BYTES => {
            violation(ErrorCode::InvalidItem, "text", format!("has more than {MAX_TEXT_BYTES} bytes"))
        }
        _ => Ok(()),
    }
}

fn short(code: ErrorCode, field: &str, text: Option<&str>) -> Result<(), Violation> {
    match text {
        Some("") => violation(code, field, "must not be empty; leave it out"),
        Some(text) if text.len() > MAX_TAG_BYTES => {
            violation(code, field, format!("has more than {MAX_TAG_BYTES} bytes"))
        }
        _ => Ok(()),
    }
}

fn strings(code: ErrorCode, field: &str, values: &[String], most: usize) -> Result<(), Violation> {
    if values.len() > most {
        return violation(code, field, format!("holds more than {most} entries"));
    }
    values.iter().enumerate().try_for_each(|(at, value)| short(code, &format!("{field}[{at}]"), Some(value)))
}

fn media(media: &[Media]) -> Result<(), Violation> {
    if media.len() > MAX_MEDIA {
        return violation(ErrorCode::InvalidItem, "media", format!("holds more than {MAX_MEDIA} entries"));
    }
    match media.iter().position(|m| m.url.is_empty() || m.url.len() > MAX_URL_BYTES) {
        Some(at) => violation(
            ErrorCode::InvalidItem,
            format!("media[{at}].url"),
            format!("must have 1 to {MAX_URL_BYTES} bytes"),
        ),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Id;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn sample(kind: EventKind) -> Event {
        Event {
            id: None,
            kind,
            actor: Id::new("ann").unwrap(),
            object: Id::new("ben").unwrap(),
            target: None,
            value: None,
            at: NOW,
            context: None,
        }
    }

    #[test]
    fn events() {
        fn check(edit: impl FnOnce(&mut Event), expected: Option<(ErrorCode, &str)>) {
            let mut input = sample(EventKind::Follow);
            edit(&mut input);
            let found = event(&input, NOW).err();
            assert_eq!(found.as_ref().map(|v| (v.code, v.field.as_str())), expected, "{input:?}");
        }
        check(|_| (), None);
        check(|e| e.object = e.actor.clone(), Some((ErrorCode::InvalidEvent, "object")));
        check(|e| e.value = Some(f32::NAN), Some((ErrorCode::InvalidEvent, "value")));
        check(|e| e.value = Some(f32::INFINITY), Some((ErrorCode::InvalidEvent, "value")));
        check(|e| e.value = Some(-0.5), Some((ErrorCode::InvalidEvent, "value")));
        check(|e| e.value = Some(0.0), None);
        check(|e| e.at = Timestamp::from_millis(-1), Some((ErrorCode::InvalidTime, "at")));
        check(|e| e.at = Timestamp::from_millis(NOW.millis() + 1), Some((ErrorCode::InvalidTime, "at")));
        check(|e| e.id = Some(Id::new("~1").unwrap()), Some((ErrorCode::InvalidId, "id")));
        check(|e| e.context = Some("x".repeat(5000)), Some((ErrorCode::InvalidEvent, "context")));
        // An item may well have the id of a user, so acting on it is no self-reference.
        check(
            |e| {
                e.kind = EventKind::Like;
                e.object = e.actor.clone();
            },
            None,
        );
    }

    #[test]
    fn items() {
        fn check(edit: impl FnOnce(&mut Item), expected: Option<&str>) {
            let mut input = Item {
                id: Id::new("p").unwrap(),
                author: None,
                text: None,
                media: vec![],
                tags: vec![],
                reply_to: None,
                language: None,
                at: NOW,
                hidden: false,
            };
            edit(&mut input);
            assert_eq!(item(&input, NOW).err().map(|v| v.field).as_deref(), expected);
        }
        check(|_| (), None);
        check(|i| i.tags = vec!["a".into(), String::new()], Some("tags[1]"));
        check(|i| i.tags = vec!["a".into(); 65], Some("tags"));
        check(|i| i.text = Some("x".repeat(MAX_TEXT_BYTES + 1)), Some("text"));
        check(|i| i.reply_to = Some(i.id.clone()), Some("reply_to"));
        check(
            |i| i.media = vec![Media { kind: crate::MediaKind::Image, url: String::new() }],
            Some("media[0].url"),
        );
    }
}
