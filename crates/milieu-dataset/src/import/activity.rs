//! One ActivityStreams 2.0 activity or object as records
//! (<https://www.w3.org/TR/activitystreams-vocabulary/>).
//!
//! | activity | becomes |
//! |---|---|
//! | Create, Update of an item; an item by itself | the item; for Create with `inReplyTo` also a `reply` |
//! | Create, Update of an actor; an actor by itself | the user |
//! | Like, EmojiReact | `like` |
//! | Dislike | `hide` |
//! | Announce | `share` |
//! | View, Listen | `view` |
//! | Read | `click` |
//! | Add | `save` |
//! | Flag | `report` |
//! | Follow, Block, Ignore | `follow`, `block`, `mute` |
//! | Join | `join` |
//! | Undo of an embedded Follow, Block or Ignore | `unfollow`, `unblock`, `unmute` |
//! | Undo of anything else | `undo` of the activity's id |
//! | Delete | deletes the item, or the user where actor and object are the same |
//!
//! The other activities of the vocabulary are left out and counted. An item addressed to somebody
//! (`to`, `cc`) but not to the public is hidden. An activity's id is the event's id.

use super::out::{Out, event_id, id, plain_event, plain_user};
use super::time;
use milieu_types::{Event, EventKind, Id, Record, Timestamp};
use serde_json::Value;

/// Activities without a meaning here.
const LEFT_OUT: [&str; 13] = [
    "Accept",
    "Arrive",
    "Invite",
    "Leave",
    "Move",
    "Offer",
    "Reject",
    "Remove",
    "TentativeAccept",
    "TentativeReject",
    "Travel",
    "Tombstone",
    "Relationship",
];

/// Takes one activity or object.
pub(super) fn take(value: &Value, out: &mut Out) -> Result<(), String> {
    let kind = type_of(value).ok_or("has no type")?;
    match kind {
        "Create" | "Update" => create(value, kind == "Create", out),
        "Undo" => undo(value, out),
        "Delete" => delete(value, out),
        _ if super::object::is_actor(kind) => user(value, out),
        _ if super::object::is_item(kind) => out.item(super::object::item(value, None, out.options.at)?),
        _ if LEFT_OUT.contains(&kind) => {
            out.skip("activities without a counterpart");
            Ok(())
        }
        _ => match event_kind(kind) {
            Some(kind) => events(value, kind, out),
            None => Err(format!("unknown type {kind:.40}")),
        },
    }
}

fn event_kind(kind: &str) -> Option<EventKind> {
    Some(match kind {
        "Like" | "EmojiReact" => EventKind::Like,
        "Dislike" => EventKind::Hide,
        "Announce" => EventKind::Share,
        "View" | "Listen" => EventKind::View,
        "Read" => EventKind::Click,
        "Add" => EventKind::Save,
        "Flag" => EventKind::Report,
        "Follow" => EventKind::Follow,
        "Block" => EventKind::Block,
        "Ignore" => EventKind::Mute,
        "Join" => EventKind::Join,
        _ => return None,
    })
}

/// One event for each object of the activity.
fn events(value: &Value, kind: EventKind, out: &mut Out) -> Result<(), String> {
    let (actor, at) = (actor(value)?, published(value, out.options.at)?);
    let objects = references(value.get("object"));
    if objects.is_empty() {
        return Err("object is missing".to_owned());
    }
    for (place, object) in objects.iter().enumerate() {
        let object = id("object", object)?;
        let made = activity_id(value, kind, &actor, &object, at, place)?;
        out.event_in_place(plain_event(made, kind, actor.clone(), object, at))?;
    }
    Ok(())
}

fn create(value: &Value, is_new: bool, out: &mut Out) -> Result<(), String> {
    let object = value.get("object").ok_or("object is missing")?;
    let kind = type_of(object).ok_or("the object must be embedded, with its type")?;
    if super::object::is_actor(kind) {
        return user(object, out);
    }
    if !super::object::is_item(kind) {
        return Err(format!("unknown type of object {kind:.40}"));
    }
    let (actor, at) = (actor(value)?, published(value, out.options.at)?);
    let item = super::object::item(object, Some(&actor), at)?;
    let reply = match (&item.reply_to, is_new) {
        (Some(parent), true) => {
            let made = activity_id(value, EventKind::Reply, &actor, parent, at, 0)?;
            let event = plain_event(made, EventKind::Reply, actor, parent.clone(), item.at);
            Some(Event { target: Some(item.id.clone()), ..event })
        }
        _ => None,
    };
    out.item(item)?;
    reply.map_or(Ok(()), |event| out.event_in_place(event))
}

fn user(value: &Value, out: &mut Out) -> Result<(), String> {
    let mut user =
        plain_user(id("id", id_of(value).ok_or("id is missing")?)?, published(value, out.options.at)?);
    let name = ["name", "preferredUsername"].iter().filter_map(|key| value.get(key)?.as_str());
    user.name = name.map(str::trim).find(|name| !name.is_empty()).map(super::object::short);
    user.tags = super::object::hashtags(value);
    user.discoverable = value.get("discoverable").and_then(Value::as_bool).unwrap_or(true);
    out.user(user)
}

fn undo(value: &Value, out: &mut Out) -> Result<(), String> {
    let (actor, at) = (actor(value)?, published(value, out.options.at)?);
    let undone = value.get("object").ok_or("object is missing")?;
    let ends = match type_of(undone) {
        Some("Follow") => Some(EventKind::Unfollow),
        Some("Block") => Some(EventKind::Unblock),
        Some("Ignore") => Some(EventKind::Unmute),
        _ => None,
    };
    let (kind, object) = match (ends, references(undone.get("object")).first()) {
        (Some(kind), Some(object)) => (kind, id("object.object", object)?),
        _ => {
            let object = id_of(undone).ok_or("the activity to undo has no id")?;
            (EventKind::Undo, id("object", object)?)
        }
    };
    let made = activity_id(value, kind, &actor, &object, at, 0)?;
    out.event_in_place(plain_event(made, kind, actor, object, at))
}

fn delete(value: &Value, out: &mut Out) -> Result<(), String> {
    let (actor, at) = (actor(value)?, published(value, out.options.at)?);
    milieu_types::validate::time("published", at, out.options.latest).map_err(|v| v.to_string())?;
    let objects = references(value.get("object"));
    let object = id("object", objects.first().ok_or("object is missing")?)?;
    let record = if object == actor {
        Record::DeleteUser { id: object, at }
    } else {
        Record::DeleteItem { id: object, at }
    };
    out.delete(record);
    Ok(())
}

/// The activity's own id, with the object's place where there are several; without one, made from the
/// activity.
fn activity_id(
    value: &Value,
    kind: EventKind,
    actor: &Id,
    object: &Id,
    at: Timestamp,
    place: usize,
) -> Result<Id, String> {
    match (id_of(value), place) {
        (Some(own), 0) => id("id", own),
        (Some(own), _) => event_id("activitystreams", &[own, &place.to_string()]),
        (None, _) => {
            let at = at.millis().to_string();
            event_id("activitystreams", &[kind.name(), actor.as_str(), object.as_str(), &at])
        }
    }
}

fn actor(value: &Value) -> Result<Id, String> {
    let actors = references(value.get("actor").or_else(|| value.get("attributedTo")));
    id("actor", actors.first().ok_or("actor is missing")?)
}

/// When it was published, or updated, or else `default`.
pub(super) fn published(value: &Value, default: Timestamp) -> Result<Timestamp, String> {
    match value.get("published").or_else(|| value.get("updated")) {
        None | Some(Value::Null) => Ok(default),
        Some(Value::String(text)) => time::parse(text).map_err(|reason| format!("published: {reason}")),
        Some(_) => Err("published: not a time".to_owned()),
    }
}

/// The type; the first one where there are several.
pub(super) fn type_of(value: &Value) -> Option<&str> {
    let kind = value.get("type").or_else(|| value.get("@type"))?;
    kind.as_str().or_else(|| kind.as_array()?.iter().find_map(Value::as_str))
}

fn id_of(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.get("id").or_else(|| value.get("@id"))?.as_str())
}

/// The ids a property refers to: a string, an object with an id, or an array of these.
pub(super) fn references(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::Array(values)) => values.iter().filter_map(id_of).collect(),
        Some(value) => id_of(value).into_iter().collect(),
        None => Vec::new(),
    }
}
