//! Routes of other servers, for clients that are written for them.

use super::App;
use super::analyze::of_tasks;
use crate::answer::{Answer, Json, Query, body as json_body};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use milieu_api::{Embeddings, InferenceIn, Prediction, read_embeddings, read_inference};
use serde::Serialize;
use std::collections::BTreeSet;
use std::time::Duration;

/// The most labels of a text.
const MOST_LABELS: usize = 1000;

/// OpenAI's `/v1/embeddings`.
pub(super) async fn embeddings(State(shared): App, headers: HeaderMap, body: Body) -> Answer<Embeddings> {
    let asked = read_embeddings(&read(&shared, &headers, body).await?)?;
    let found = shared.serving.embed(asked.model.as_deref(), asked.key.as_deref(), asked.texts).await?;
    Ok(Json(Embeddings::new(found.model, found.vectors, found.tokens, asked.encoding)))
}

/// `/embed` of text-embeddings-inference.
pub(super) async fn embed(
    State(shared): App,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Answer<Vec<Vec<f32>>> {
    let query = Query::read(&uri, &["model"])?;
    let InferenceIn { texts, .. } = read_inference(&read(&shared, &headers, body).await?)?;
    Ok(Json(shared.serving.embed(query.text("model"), None, texts).await?.vectors))
}

/// What `/predict` answers: labels of one text, or of each.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Predictions {
    One(Vec<Prediction>),
    Many(Vec<Vec<Prediction>>),
}

/// `/predict` of text-embeddings-inference.
pub(super) async fn predict(
    State(shared): App,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Answer<Predictions> {
    let query = Query::read(&uri, &["model"])?;
    let InferenceIn { texts, single } = read_inference(&read(&shared, &headers, body).await?)?;
    let name = match query.text("model") {
        Some(name) => name.to_owned(),
        None => shared.serving.only_of_texts()?,
    };
    let names = Some(BTreeSet::from([name]));
    let said = shared.serving.read_texts(names, None, texts.into(), MOST_LABELS).await.map_err(of_tasks)?;
    let classes = said.into_iter().next().map(|said| said.classes).unwrap_or_default();
    let mut labels: Vec<Vec<Prediction>> = classes
        .into_iter()
        .map(|classes| {
            let label =
                |class: milieu_content::Class| Prediction { score: class.probability, label: class.label };
            classes.into_iter().map(label).collect()
        })
        .collect();
    Ok(Json(match single {
        true => Predictions::One(labels.pop().unwrap_or_default()),
        false => Predictions::Many(labels),
    }))
}

pub(super) async fn read(
    shared: &crate::state::Shared,
    headers: &HeaderMap,
    body: Body,
) -> Result<Bytes, crate::answer::Refusal> {
    let limit = shared.config.inference.request_bytes;
    let arrival = Duration::from_secs(shared.config.server.body_timeout_secs);
    Ok(json_body(headers, body, limit, arrival).await?)
}
