//! `POST /v1/events`.

use super::App;
use crate::answer::{Answer, Json, body};
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use milieu_api::{EventStored, EventsStored, ParsedEvents, event_field};
use milieu_eventlog::{Entry, Outcome};
use std::sync::atomic::Ordering;
use std::time::Duration;

pub(super) async fn store(State(shared): App, headers: HeaderMap, content: Body) -> Answer<EventsStored> {
    let server = &shared.config.server;
    let timeout = Duration::from_secs(server.body_timeout_secs);
    let bytes = body(&headers, content, server.body_limit_bytes, timeout).await?;
    let clock = shared.clock();
    let parsed = ParsedEvents::read(&bytes, clock.now, clock.latest, server.batch_limit)?;
    drop(bytes);
    let single = parsed.is_single();
    let entries: Vec<Entry> = parsed
        .events
        .into_iter()
        .map(|parsed| Entry::Event { event: parsed.event, at_given: parsed.at_given })
        .collect();
    if entries.is_empty() {
        return Ok(Json(EventsStored { accepted: 0, duplicates: 0, events: Vec::new() }));
    }
    let outcomes = shared
        .store(entries)
        .await
        .map_err(|error| error.refuse(|index, field| event_field(single, index, field)))?;
    let events: Vec<EventStored> = outcomes
        .into_iter()
        .map(|outcome| match outcome {
            Outcome::Accepted { seq, id } => EventStored { id, seq, duplicate: false },
            Outcome::Duplicate { seq, id } => EventStored { id, seq, duplicate: true },
        })
        .collect();
    let duplicates = events.iter().filter(|event| event.duplicate).count();
    let accepted = events.len() - duplicates;
    shared.metrics.events_accepted.fetch_add(accepted as u64, Ordering::Relaxed);
    shared.metrics.events_duplicate.fetch_add(duplicates as u64, Ordering::Relaxed);
    Ok(Json(EventsStored { accepted, duplicates, events }))
}
