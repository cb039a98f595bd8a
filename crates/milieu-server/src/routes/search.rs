//! `POST /v1/items/search` and `GET /v1/items/{id}/understood`.

use super::App;
use super::entities::{item, item_not_found};
use crate::answer::{Answer, Json, body as json_body};
use crate::serving::ServingError;
use crate::state::{Shared, now};
use crate::understanding::{Found, Label, Said, model, not_yet, search as find};
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use milieu_api::{ApiError, ClassLabel, ItemUnderstood, Reading, SearchHit, SearchHits, read_search};
use milieu_types::{ErrorCode, Id, Item};
use milieu_world::secs;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(super) async fn search(State(shared): App, headers: HeaderMap, body: Body) -> Answer<SearchHits> {
    let limit = shared.config.server.body_limit_bytes;
    let arrival = Duration::from_secs(shared.config.server.body_timeout_secs);
    let bytes = json_body(&headers, body, limit, arrival).await?;
    let start = Instant::now();
    let asked = read_search(&bytes)?;
    let (name, version) = model(&shared)?;
    let embedded = shared.serving.embed_query(&name, version, asked.query.clone()).await;
    let vector = match embedded {
        // Another version has become live since.
        Err(ServingError::NotServed { .. } | ServingError::NothingLive { .. }) => {
            return Err(not_yet(&name).into());
        }
        other => other?,
    };
    let of = Arc::clone(&shared);
    let work = move || find(&of, (&name, version), &vector, &asked, secs(now()));
    let found = shared.serving.work(work).await??;
    let hit =
        |(id, score, item): (String, f32, Option<Item>)| SearchHit { id, score, item: item.map(Into::into) };
    Ok(Json(SearchHits {
        model: found.model,
        version: found.version,
        searched: found.searched,
        items: found.items.into_iter().map(hit).collect(),
        milliseconds: start.elapsed().as_secs_f64() * 1e3,
    }))
}

/// What is known of an item that there is.
pub(super) async fn understood(shared: Arc<Shared>, id: Id) -> Answer<ItemUnderstood> {
    if item(&shared.world.read(), &id).is_none() {
        return Err(item_not_found(&id).into());
    }
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
    let models = known.map_or_else(Default::default, |known| known.by.into_iter().map(reading).collect());
    Ok(Json(ItemUnderstood { id: id.as_str().to_owned(), models }))
}
