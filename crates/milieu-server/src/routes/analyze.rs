//! `/v1/analyze`: what content shows.

use super::App;
use crate::answer::{Answer, Json, Query, Refusal, body as json_body, content};
use crate::serving::{Explained, ServingError};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use milieu_api::{
    ClassLabel, ExplainedLabel, ImageAnalysis, MovingWord, SlotLabel, TextAnalysis, TextIn, TextLabels,
    TextResult, read_texts,
};
use milieu_content::{Class, Moving, TextPart};
use std::time::{Duration, Instant};

/// The name that stands for the only model that classifies pictures.
const DEFAULT: &str = "default";
/// Words of an explanation.
const MOST_WORDS: usize = 10;

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
    Ok(Json(ImageAnalysis {
        model: analyzed.model,
        version: analyzed.version,
        width: analyzed.width,
        height: analyzed.height,
        labels: labels(analyzed.classes),
        milliseconds: start.elapsed().as_secs_f64() * 1e3,
    }))
}

pub(super) async fn text(State(shared): App, headers: HeaderMap, body: Body) -> Answer<TextAnalysis> {
    let limit = shared.config.inference.request_bytes;
    let arrival = Duration::from_secs(shared.config.server.body_timeout_secs);
    let bytes = json_body(&headers, body, limit, arrival).await?;
    let start = Instant::now();
    let TextIn { texts, tasks, top, key, explain } = read_texts(&bytes)?;
    let mut results: Vec<TextResult> = texts.iter().map(|_| TextResult::default()).collect();
    let kept = if explain { texts.clone() } else { Vec::new() };
    let said = shared.serving.read_texts(tasks, key.as_deref(), texts, top).await.map_err(of_tasks)?;
    for said in said {
        let mut explained = match explain {
            true => shared.serving.explain(&said, &kept).await?,
            false => Vec::new(),
        }
        .into_iter();
        // Of each text, where the model finds labelled parts at all.
        let mut parts = said.parts.map(Vec::into_iter);
        for (result, classes) in results.iter_mut().zip(said.classes) {
            let explanation = explained.next().flatten().map(explanation);
            let slots = parts.as_mut().map(|parts| slots(parts.next().unwrap_or_default()));
            let found = TextLabels { version: said.version, labels: labels(classes), slots, explanation };
            result.tasks.insert(said.model.clone(), found);
        }
    }
    Ok(Json(TextAnalysis { results, milliseconds: start.elapsed().as_secs_f64() * 1e3 }))
}

/// Models are named in `tasks` here.
pub(super) fn of_tasks(error: ServingError) -> Refusal {
    let mut refusal = Refusal::from(error);
    if matches!(refusal.error.field.as_deref(), Some("model" | "name")) {
        refusal.error.field = Some("tasks".to_owned());
    }
    refusal
}

fn explanation(Explained { label, words }: Explained) -> ExplainedLabel {
    let word = |Moving { text, start, end, weight }| MovingWord { text, start, end, weight };
    ExplainedLabel { label, words: words.into_iter().take(MOST_WORDS).map(word).collect() }
}

fn labels(classes: Vec<Class>) -> Vec<ClassLabel> {
    classes
        .into_iter()
        .map(|class| ClassLabel {
            label: class.label,
            probability: class.probability,
            applies: class.applies,
        })
        .collect()
}

fn slots(parts: Vec<TextPart>) -> Vec<SlotLabel> {
    let slot = |TextPart { label, start, end, text, score }| SlotLabel { label, start, end, text, score };
    parts.into_iter().map(slot).collect()
}
