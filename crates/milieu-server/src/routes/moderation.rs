//! What harms in texts, as clients of OpenAI and of Perspective ask for it.

use super::App;
use super::analyze::of_tasks;
use super::doors::read;
use crate::answer::{Answer, Json, Refusal};
use crate::config::ModerationConfig;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use milieu_api::{CommentScores, Moderation, ModerationIn, Moderations, read_comment, read_moderation};
use milieu_content::{Category, Verdict};
use milieu_types::ErrorCode;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use xxhash_rust::xxh3::xxh3_64;

/// OpenAI's `/v1/moderations`.
pub(super) async fn moderations(State(shared): App, headers: HeaderMap, body: Body) -> Answer<Moderations> {
    let body = read(&shared, &headers, body).await?;
    let ModerationIn { texts, model } = read_moderation(&body)?;
    let ModerationConfig { models, labels } = &shared.config.moderation;
    let names = model.map_or_else(|| models.clone(), |name| vec![name]);
    let found = shared.serving.moderate(&names, labels, None, texts).await.map_err(of_tasks)?;
    let result = |verdicts: BTreeMap<Category, Verdict>| {
        let of = |category: &Category| verdicts.get(category);
        Moderation {
            flagged: verdicts.values().any(|verdict| verdict.applies),
            categories: found
                .known
                .iter()
                .map(|category| (category.name(), of(category).is_some_and(|verdict| verdict.applies)))
                .collect(),
            category_scores: found
                .known
                .iter()
                .map(|category| (category.name(), of(category).map_or(0.0, |verdict| verdict.probability)))
                .collect(),
        }
    };
    let models: Vec<String> =
        found.models.iter().map(|(name, version)| format!("{name}@{version}")).collect();
    Ok(Json(Moderations {
        id: format!("modr-{:016x}", xxh3_64(&body)),
        model: models.join("+"),
        results: found.verdicts.into_iter().map(result).collect(),
    }))
}

/// The attributes of Perspective that categories stand for; any of them is toxic.
const ATTRIBUTES: [(&str, &[Category]); 4] = [
    ("IDENTITY_ATTACK", &[Category::Hate, Category::HateThreatening]),
    ("INSULT", &[Category::Harassment]),
    ("SEXUALLY_EXPLICIT", &[Category::Sexual, Category::SexualMinors]),
    (
        "THREAT",
        &[
            Category::HarassmentThreatening,
            Category::HateThreatening,
            Category::IllicitViolent,
            Category::Violence,
        ],
    ),
];
const TOXIC: &str = "TOXICITY";

/// A refusal as Google's servers give it.
pub(super) struct GoogleRefusal(Refusal);

impl<E: Into<Refusal>> From<E> for GoogleRefusal {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for GoogleRefusal {
    fn into_response(self) -> Response {
        let (code, message) = (self.0.error.status(), self.0.error.message.clone());
        let status = match code {
            400..=403 | 413 | 415 => "INVALID_ARGUMENT",
            404 => "NOT_FOUND",
            429 => "RESOURCE_EXHAUSTED",
            504 => "DEADLINE_EXCEEDED",
            _ => "UNAVAILABLE",
        };
        self.0.respond(&json!({"error": {"code": code, "message": message, "status": status}}))
    }
}

/// `comments:analyze` of Perspective.
pub(super) async fn comment(
    State(shared): App,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<CommentScores>, GoogleRefusal> {
    let asked = read_comment(&read(&shared, &headers, body).await?)?;
    let ModerationConfig { models, labels } = &shared.config.moderation;
    let found = shared.serving.moderate(models, labels, None, vec![asked.text.clone()]).await;
    let found = found.map_err(of_tasks)?;
    let verdicts = found.verdicts.into_iter().next().unwrap_or_default();
    let probability = |categories: &mut dyn Iterator<Item = &Category>| {
        categories.filter_map(|category| verdicts.get(category)).map(|v| v.probability).fold(0.0, f64::max)
    };
    let known = |categories: &[Category]| categories.iter().any(|category| found.known.contains(category));
    let mut probabilities: BTreeMap<String, f64> = ATTRIBUTES
        .iter()
        .filter(|(_, categories)| known(categories))
        .map(|(name, categories)| ((*name).to_owned(), probability(&mut categories.iter())))
        .collect();
    probabilities.insert(TOXIC.to_owned(), probability(&mut found.known.iter()));
    if let Some(name) = asked.attributes.keys().find(|name| !probabilities.contains_key(*name)) {
        let there: Vec<&str> = probabilities.keys().map(String::as_str).collect();
        let message = format!("Attribute {name} is not known here; there are {}", there.join(", "));
        let error = milieu_api::ApiError::at(ErrorCode::InvalidParameter, "requestedAttributes", message);
        return Err(error.into());
    }
    Ok(Json(CommentScores::new(&asked, &probabilities, BTreeSet::new())))
}
