//! `/v1/analyze`: what content shows.

use super::App;
use crate::answer::{Answer, Json, Query, content};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use milieu_api::{ImageAnalysis, ImageLabel};
use std::time::{Duration, Instant};

/// The name that stands for the only model that classifies pictures.
const DEFAULT: &str = "default";

pub(super) async fn image(
    State(shared): App,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Answer<ImageAnalysis> {
    let query = Query::read(&uri, &["model", "top", "key"])?;
    let top = query.number("top", 1, 1000, 5)?;
    let model = query.text("model").filter(|name| *name != DEFAULT);
    let limit = shared.config.inference.request_bytes;
    let arrival = Duration::from_secs(shared.config.server.body_timeout_secs);
    let bytes = content(&headers, body, limit, arrival).await?;
    let start = Instant::now();
    let analyzed = shared.serving.classify(model, query.text("key"), bytes, top).await?;
    let label =
        |class: milieu_content::Class| ImageLabel { label: class.label, probability: class.probability };
    Ok(Json(ImageAnalysis {
        model: analyzed.model,
        version: analyzed.version,
        width: analyzed.width,
        height: analyzed.height,
        labels: analyzed.classes.into_iter().map(label).collect(),
        milliseconds: start.elapsed().as_secs_f64() * 1e3,
    }))
}
