//! Events on the wire.

use crate::{ApiError, parse};
use milieu_types::{ErrorCode, Event, EventKind, Id, Seq, Timestamp, validate};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// An event as the app sends it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Event)]
pub struct EventIn<'a> {
    /// The app's id of the event: sending it again is harmless. Without one the server gives it one.
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    /// What happened.
    #[serde(borrow, rename = "type")]
    #[schema(value_type = EventType)]
    kind: Cow<'a, str>,
    /// The user who did it.
    #[serde(borrow)]
    #[schema(example = "ann")]
    actor: Cow<'a, str>,
    /// The item, user, group or event it was done to, as the type says.
    #[serde(borrow)]
    #[schema(example = "post-1")]
    object: Cow<'a, str>,
    /// A second thing involved, such as the answer of a `reply`.
    #[serde(borrow)]
    target: Option<Cow<'a, str>>,
    /// Seconds for `dwell`, a weight or a rating elsewhere; from 0 to 1e9.
    value: Option<f64>,
    /// When it happened, RFC 3339; the time of arrival where it is left out.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Cow<'a, str>>,
    /// Anything the app wants to keep with it, up to 4096 bytes.
    #[serde(borrow)]
    #[schema(value_type = Option<Object>)]
    context: Option<&'a RawValue>,
}

/// The names of the event types, for the description.
#[derive(Debug)]
pub struct EventType;

impl PartialSchema for EventType {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(EventKind::ALL.map(EventKind::name)))
            .into()
    }
}

impl ToSchema for EventType {}

/// An event that passed every check of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct ParsedEvent {
    /// The event; where the app gave no time, `at` is the time of arrival.
    pub event: Event,
    /// Whether the app gave the time.
    pub at_given: bool,
}

/// A batch of checked events, with the way back from a place in it to the request.
#[derive(Debug)]
pub struct ParsedEvents {
    /// The events.
    pub events: Vec<ParsedEvent>,
    single: bool,
}

impl ParsedEvents {
    /// Reads and checks the body of `POST /v1/events`: an array, `{"events": [...]}` or one event.
    /// `now` is the time of arrival, `latest` the latest time accepted, `most` the batch limit.
    ///
    /// # Errors
    /// The first thing wrong, with its place.
    pub fn read(body: &[u8], now: Timestamp, latest: Timestamp, most: usize) -> Result<Self, ApiError> {
        let batch = parse::batch::<EventIn<'_>>(body, "events", ErrorCode::InvalidEvent, most)?;
        let single = batch.path(0).is_empty();
        let path_of = |index: usize| batch.path(index);
        let events = batch
            .entries
            .iter()
            .enumerate()
            .map(|(index, event)| event.check(now, latest, || path_of(index)))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self { events, single })
    }

    /// The path of a field of the event at `index`.
    #[must_use]
    pub fn field(&self, index: usize, field: &str) -> String {
        event_field(self.single, index, field)
    }

    /// Whether the body was one event and not a list.
    #[must_use]
    pub fn is_single(&self) -> bool {
        self.single
    }
}

/// The path of a field of the event at `index` of a request.
#[must_use]
pub fn event_field(single: bool, index: usize, field: &str) -> String {
    if single { field.to_owned() } else { format!("events[{index}].{field}") }
}

impl EventIn<'_> {
    fn check(
        &self,
        now: Timestamp,
        latest: Timestamp,
        path: impl Fn() -> String,
    ) -> Result<ParsedEvent, ApiError> {
        let id = |field: &str, text: &str| {
            Id::new(text).map_err(|error| ApiError::id(crate::error::join(&path(), field), error))
        };
        let kind = EventKind::from_name(&self.kind).ok_or_else(|| {
            let known = EventKind::ALL.map(EventKind::name).join(", ");
            let shown: String = self.kind.chars().take(64).collect();
            let message = format!("{shown:?} is no event type; the types are {known}");
            ApiError::at(ErrorCode::InvalidEvent, crate::error::join(&path(), "type"), message)
        })?;
        let at = match &self.at {
            Some(text) => parse::time(&path(), "at", text)?,
            None => now,
        };
        let event = Event {
            id: self.id.as_deref().map(|text| id("id", text)).transpose()?,
            kind,
            actor: id("actor", &self.actor)?,
            object: id("object", &self.object)?,
            target: self.target.as_deref().map(|text| id("target", text)).transpose()?,
            // What does not fit becomes infinite, which the check below refuses.
            value: self.value.map(|value| value as f32),
            at,
            context: self.context.map(|context| context.get().to_owned()),
        };
        validate::event(&event, latest).map_err(|violation| ApiError::violation(&path(), violation))?;
        Ok(ParsedEvent { event, at_given: self.at.is_some() })
    }
}

/// The answer to `POST /v1/events`: everything is on disk.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EventsStored {
    /// How many are new.
    pub accepted: usize,
    /// How many were known already.
    pub duplicates: usize,
    /// Every event of the request, in its order.
    pub events: Vec<EventStored>,
}

/// One stored event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventStored {
    /// Its id, given by the app or by the server.
    #[schema(value_type = String)]
    pub id: Id,
    /// Its place in the log.
    #[schema(value_type = u64)]
    pub seq: Seq,
    /// Whether it was known already.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub duplicate: bool,
}
