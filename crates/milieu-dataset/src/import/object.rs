//! ActivityStreams 2.0 objects as items.

use super::activity::{published, references, type_of};
use super::out::{id, plain_item};
use super::text;
use milieu_types::validate::{MAX_MEDIA, MAX_TAG_BYTES, MAX_TAGS, MAX_TEXT_BYTES, MAX_URL_BYTES};
use milieu_types::{Id, Item, Media, MediaKind, Timestamp};
use serde_json::Value;

/// The ways to write "everybody" as a recipient.
const PUBLIC: [&str; 3] = ["https://www.w3.org/ns/activitystreams#Public", "as:Public", "Public"];

pub(super) fn is_actor(kind: &str) -> bool {
    matches!(kind, "Person" | "Service" | "Group" | "Organization" | "Application")
}

pub(super) fn is_item(kind: &str) -> bool {
    matches!(
        kind,
        "Note" | "Article" | "Page" | "Question" | "Image" | "Video" | "Audio" | "Document" | "Event"
    )
}

/// The item an object is; `actor` is its author where it names none, `at` its time.
pub(super) fn item(value: &Value, actor: Option<&Id>, at: Timestamp) -> Result<Item, String> {
    let own = references(Some(value));
    let mut item = plain_item(id("id", own.first().ok_or("id is missing")?)?, published(value, at)?);
    item.author = match references(value.get("attributedTo")).first() {
        Some(author) => Some(id("attributedTo", author)?),
        None => actor.cloned(),
    };
    let (words, language) = words(value);
    item.text = words;
    item.language = language;
    item.tags = hashtags(value);
    for tag in item.text.as_deref().map(text::hashtags).unwrap_or_default() {
        push_tag(tag, &mut item.tags);
    }
    if let Some(parent) = references(value.get("inReplyTo")).first() {
        item.reply_to = Some(id("inReplyTo", parent)?);
    }
    item.media = media(value);
    item.hidden = !is_public(value);
    Ok(item)
}

/// Title, summary and content as plain text, and the language of the content map.
fn words(value: &Value) -> (Option<String>, Option<String>) {
    let map = value.get("contentMap").and_then(Value::as_object);
    let content = value.get("content").and_then(Value::as_str);
    // Where the content is one of the map's, that entry names the language.
    let entry = map.and_then(|map| {
        let same = map.iter().find(|(_, text)| content.is_some() && text.as_str() == content);
        same.or_else(|| map.iter().next())
    });
    let content = content.or_else(|| entry?.1.as_str());
    let heads = ["name", "summary"].iter().filter_map(|key| value.get(key)?.as_str());
    let parts: Vec<String> =
        heads.chain(content).map(text::strip_html).filter(|part| !part.is_empty()).collect();
    let mut text = parts.join("\n\n");
    text.truncate(text::truncate(&text, MAX_TEXT_BYTES).len());
    let language = entry.map(|(language, _)| short(language)).filter(|l| !l.is_empty() && l != "und");
    (Some(text).filter(|text| !text.is_empty()), language)
}

/// The hashtags an object declares, without `#`, in lower case.
pub(super) fn hashtags(value: &Value) -> Vec<String> {
    let mut tags = Vec::new();
    for tag in one_or_many(value.get("tag")) {
        let is_hashtag = type_of(tag) == Some("Hashtag");
        let name = tag.get("name").and_then(Value::as_str).filter(|_| is_hashtag);
        if let Some(name) = name.or_else(|| tag.as_str().filter(|name| name.starts_with('#'))) {
            push_tag(name.trim_start_matches('#').to_lowercase(), &mut tags);
        }
    }
    tags
}

fn push_tag(tag: String, tags: &mut Vec<String>) {
    if (1..=MAX_TAG_BYTES).contains(&tag.len()) && tags.len() < MAX_TAGS && !tags.contains(&tag) {
        tags.push(tag);
    }
}

/// A name cut to the longest allowed.
pub(super) fn short(name: &str) -> String {
    text::truncate(name, MAX_TAG_BYTES).to_owned()
}

fn media(value: &Value) -> Vec<Media> {
    let attached = one_or_many(value.get("attachment")).into_iter();
    let own = Some(value).filter(|value| media_kind(value).is_some());
    attached
        .chain(own)
        .filter_map(|file| Some(Media { kind: media_kind(file)?, url: url(file.get("url"))? }))
        .filter(|media| (1..=MAX_URL_BYTES).contains(&media.url.len()))
        .take(MAX_MEDIA)
        .collect()
}

fn media_kind(value: &Value) -> Option<MediaKind> {
    let of_mime = |mime: &str| match mime.split('/').next() {
        Some("image") => Some(MediaKind::Image),
        Some("audio") => Some(MediaKind::Audio),
        Some("video") => Some(MediaKind::Video),
        _ => None,
    };
    match type_of(value) {
        Some("Image") => Some(MediaKind::Image),
        Some("Audio") => Some(MediaKind::Audio),
        Some("Video") => Some(MediaKind::Video),
        _ => value.get("mediaType").and_then(Value::as_str).and_then(of_mime),
    }
}

/// The address in a string, a Link, or the first of an array of these.
fn url(value: Option<&Value>) -> Option<String> {
    let link = |value: &Value| value.as_str().or_else(|| value.get("href")?.as_str()).map(str::to_owned);
    one_or_many(value).into_iter().find_map(link)
}

/// Addressed to nobody in particular counts as public.
fn is_public(value: &Value) -> bool {
    let fields = [value.get("to"), value.get("cc")];
    fields.iter().all(Option::is_none)
        || fields.into_iter().flat_map(references).any(|to| PUBLIC.contains(&to))
}

fn one_or_many(value: Option<&Value>) -> Vec<&Value> {
    match value {
        Some(Value::Array(values)) => values.iter().collect(),
        Some(value) => vec![value],
        None => Vec::new(),
    }
}
