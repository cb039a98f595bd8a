//! `POST /v1/items/search` and `GET /v1/items/{id}/understood`.

use super::App;
use super::entities::{item, item_not_found};
use super::needs::of_item;
use crate::answer::{Answer, Json, body as json_body};
use crate::serving::ServingError;
use crate::state::{Shared, now};
use crate::understanding::{Found, Hit, Label, Plan, Said, Topic, not_yet, search as find};
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use milieu_api::{
    ApiError, ClassLabel, ItemUnderstood, Reading, SearchHit, SearchHits, TopicOfItem, read_search,
};
use milieu_types::{ErrorCode, Id};
use milieu_world::secs;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(super) async fn search(State(shared): App, headers: HeaderMap, body: Body) -> Answer<SearchHits> {
    let limit = shared.config.server.body_limit_bytes;
    let arrival = Duration::from_secs(shared.config.server.body_timeout_secs);
    let bytes = json_body(&headers, body, limit, arrival).await?;
    let start = Instant::now();
    let asked = read_search(&bytes)?;
    let mut plan = Plan::of(&shared, asked.mode)?;
    let mut vector = Vec::new();
    if let Some((name, version)) = &plan.meaning {
        match shared.serving.embed_query(name, *version, asked.query.clone()).await {
            // Another version has become live since.
            Err(ServingError::NotServed { .. } | ServingError::NothingLive { .. }) => {
                if asked.mode.is_some() || !plan.terms {
                    return Err(not_yet(name).into());
                }
                plan.meaning = None;
            }
            other => vector = other?,
        }
    }
    let (of, mode) = (Arc::clone(&shared), plan.mode());
    let (model, version) = plan.meaning.clone().unzip();
    let work = move || find(&of, &plan, &vector, &asked, secs(now()));
    let found = shared.serving.work(work).await??;
    let hit = |Hit { id, score, by, item }| SearchHit { id, score, by, item: item.map(Into::into) };
    Ok(Json(SearchHits {
        mode,
        model,
        version,
        searched: found.searched,
        items: found.items.into_iter().map(hit).collect(),
        milliseconds: start.elapsed().as_secs_f64() * 1e3,
    }))
}

/// What is known of an item that there is.
pub(super) async fn understood(shared: Arc<Shared>, id: Id) -> Answer<ItemUnderstood> {
    let Some(item) = item(&shared.world.read(), &id) else { return Err(item_not_found(&id).into()) };
    let (of, name) = (Arc::clone(&shared), id.clone());
    let known = tokio::task::spawn_blocking(move || of.understanding.of(name.as_str()))
        .await
        .map_err(|error| ApiError::new(ErrorCode::Internal, error.to_string()))?;
    let reading = |(name, said): (String, Said)| {
        let mut reading = Reading { version: said.version, labels: None, dimensions: None, failed: false };
        match said.found {
            Found::Meaning(vector) => reading.dimensions = Some(vector.len()),
            Found::Labels(labels) => {
                let label = |label: Label| ClassLabel {
                    label: label.label,
                    probability: label.probability,
                    applies: label.applies,
                };
                reading.labels = Some(labels.into_iter().map(label).collect());
            }
            Found::Failed => reading.failed = true,
        }
        (name, reading)
    };
    let number = shared.world.read().item(id.as_str());
    let topic = number.and_then(|item| shared.understanding.topic_of(item.0));
    let topic = topic.map(|Topic { id, terms }| TopicOfItem { id, terms });
    let models: BTreeMap<String, Reading> =
        known.into_iter().flat_map(|known| known.by).map(reading).collect();
    let needs = match item.text {
        Some(text) => of_item(&shared, text, &models).await?,
        None => Vec::new(),
    };
    Ok(Json(ItemUnderstood { id: id.as_str().to_owned(), models, topic, needs }))
}
