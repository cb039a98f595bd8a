//! `GET /v1/feed/{user}` and `GET /v1/receipts/{id}`.

use super::App;
use crate::answer::{Answer, Json, Query, path_id, rest};
use crate::models::action_version;
use crate::state::{Shared, now};
use axum::extract::State;
use axum::http::Uri;
use milieu_api::{ApiError, Explanation, Feed, FeedEntry, Reason, ReceiptOut, Replay};
use milieu_feed::{FeedQuery, LabelBound, PREDICTED, Receipt, Stage, input_names, receipt_place};
use milieu_types::{ErrorCode, Id, Language, TieKind};
use milieu_world::{ItemIx, View, secs};
use std::sync::Arc;

const PARAMETERS: [&str; 9] =
    ["limit", "cursor", "explain", "full", "disable", "exclude_labels", "only_labels", "order", "lang"];
/// The most labels that one parameter names.
const LABELS: usize = 100;

fn parameter(name: &str, message: impl Into<String>) -> ApiError {
    ApiError::at(ErrorCode::InvalidParameter, name, message)
}

fn stages(text: &str) -> Result<Vec<Stage>, ApiError> {
    text.split(',')
        .filter(|name| !name.is_empty())
        .map(|name| {
            Stage::from_name(name)
                .ok_or_else(|| parameter("disable", format!("{name:?} is no stage that can be left out")))
        })
        .collect()
}

/// The labels that a parameter names, separated by commas.
fn labels(shared: &Shared, parameters: &Query, name: &str) -> Result<Vec<LabelBound>, ApiError> {
    let Some(text) = parameters.text(name) else { return Ok(Vec::new()) };
    if !shared.config.understanding.enabled {
        let message = "understanding.enabled is false: nobody knows what items say";
        return Err(ApiError::new(ErrorCode::Unavailable, message));
    }
    let read = |bound: &str| {
        let message = || format!("{bound:?} is not MODEL/LABEL, or MODEL/LABEL:P with P from 0 to 1");
        LabelBound::from_name(bound).ok_or_else(|| parameter(name, message()))
    };
    let found: Vec<LabelBound> =
        text.split(',').filter(|bound| !bound.is_empty()).map(read).collect::<Result<_, _>>()?;
    if found.len() > LABELS {
        return Err(parameter(name, format!("names {} labels; the most are {LABELS}", found.len())));
    }
    Ok(found)
}

/// The language of reasons.
pub(super) fn language(parameters: &Query) -> Result<Language, ApiError> {
    let Some(name) = parameters.text("lang") else { return Ok(Language::default()) };
    Language::from_name(name).ok_or_else(|| parameter("lang", "must be en or zh"))
}

pub(super) async fn feed(State(shared): App, uri: Uri) -> Answer<Feed> {
    let user = path_id(rest(&uri, "/v1/feed/"), "user")?;
    let parameters = Query::read(&uri, &PARAMETERS)?;
    let query = FeedQuery {
        limit: parameters.limit()?,
        cursor: parameters.text("cursor").map(Into::into),
        disabled: stages(parameters.text("disable").unwrap_or(""))?,
        exclude: labels(&shared, &parameters, "exclude_labels")?,
        only: labels(&shared, &parameters, "only_labels")?,
        language: language(&parameters)?,
    };
    let (explain, full) = (parameters.flag("explain")?, parameters.flag("full")?);
    let at = now();
    let world = shared.world.read();
    let view = world.view(secs(at));
    match parameters.text("order") {
        None | Some("ranked") => {}
        Some("chronological") => return Ok(Json(chronological(&shared, &view, &user, &query, full))),
        Some(_) => return Err(parameter("order", "must be ranked or chronological").into()),
    }
    let page = shared
        .engine
        .feed(&view, user.as_str(), &query, at)
        .map_err(|error| ApiError::at(ErrorCode::InvalidCursor, "cursor", error.to_string()))?;
    if let Some((number, _)) = page.entries.first().and_then(|entry| receipt_place(&entry.receipt))
        && let Some(receipts) = shared.engine.receipts(number)
    {
        shared.receipts.keep(number, receipts);
    }
    let items = page.entries.into_iter().map(|entry| FeedEntry {
        item: full.then(|| view.item(entry.item)).flatten().map(Into::into),
        explain: explain.then(|| explanation(&shared, &entry.receipt)).flatten(),
        id: entry.id,
        score: entry.score,
        source: entry.source.name().into(),
        reason: Reason { kind: entry.reason.kind, text: entry.reason.text },
        receipt: Some(entry.receipt),
    });
    Ok(Json(Feed { items: items.collect(), user: user.as_str().into(), cursor: page.cursor }))
}

/// The newest items that the user may see: the order to compare a ranked feed with.
fn chronological(shared: &Shared, view: &View<'_>, user: &Id, query: &FeedQuery, full: bool) -> Feed {
    let world = view.world();
    let reader = world.user(user.as_str());
    let may_see = |item: &ItemIx| {
        let author = view.facts(*item).author;
        match (reader, author) {
            (Some(reader), Some(author)) => {
                reader != author
                    && !view.is_blocked(reader, author)
                    && view.tie(TieKind::Mute, reader, author).is_none()
            }
            _ => true,
        }
    };
    let entry = |item: ItemIx| {
        Some(FeedEntry {
            id: world.item_id(item)?.to_owned(),
            score: 0.0,
            source: "newest".into(),
            reason: Reason { kind: "newest".into(), text: view.item_time(item).to_string() },
            receipt: None,
            item: full.then(|| view.item(item)).flatten().map(Into::into),
            explain: None,
        })
    };
    let wants = shared.engine.wants(query);
    let newest = view.newest().filter(|&item| view.is_visible(item) && wants(item)).filter(may_see);
    Feed {
        user: user.as_str().into(),
        items: newest.filter_map(entry).take(query.limit).collect(),
        cursor: None,
    }
}

fn explanation(shared: &Shared, receipt: &str) -> Option<Explanation> {
    shared.engine.receipt(receipt).map(|(receipt, ..)| explain(&receipt))
}

fn explain(receipt: &Receipt) -> Explanation {
    let named =
        |values: [f32; PREDICTED.len()]| PREDICTED.map(|action| action.name()).into_iter().zip(values);
    Explanation {
        probabilities: named(receipt.probabilities).collect(),
        weights: named(receipt.weights.in_order()).collect(),
        inputs: input_names().into_iter().map(Into::into).zip(receipt.inputs.iter().copied()).collect(),
        network_factor: receipt.network_factor,
        diversity_factor: receipt.diversity_factor,
    }
}

pub(super) async fn receipt(State(shared): App, uri: Uri) -> Answer<ReceiptOut> {
    Query::read(&uri, &[])?;
    let id = path_id(rest(&uri, "/v1/receipts/"), "id")?;
    let lost =
        || ApiError::at(ErrorCode::ReceiptNotFound, "id", format!("there is no receipt {id}, or no more"));
    let receipt = find(&shared, id.as_str()).await.ok_or_else(lost)?;
    let replayed = match shared.engine.replay(&receipt) {
        Some(replayed) => Some(replayed),
        None => replay_old(&shared, &receipt).await,
    };
    let (_, score) = replayed.ok_or_else(lost)?;
    let explain = explain(&receipt);
    let action = ("actions", receipt.action_version);
    let collaborative = receipt.collaborative_version.map(|version| ("collaborative", version));
    let next = receipt.next_version.map(|version| ("next", version));
    Ok(Json(ReceiptOut {
        id: receipt.id,
        user: receipt.user,
        item: receipt.item,
        at: receipt.at.to_string(),
        applied: receipt.applied,
        source: receipt.source.name().into(),
        rank: receipt.rank,
        score: receipt.score,
        explain,
        models: collaborative.into_iter().chain(next).chain([action]).collect(),
        replay: Replay { score, equal: score.to_bits() == receipt.score.to_bits() },
    }))
}

/// Makes a decision again with the model that made it, which is no longer the one in use.
async fn replay_old(shared: &Arc<Shared>, receipt: &Receipt) -> Option<([f32; PREDICTED.len()], f32)> {
    let (of, receipt) = (Arc::clone(shared), receipt.clone());
    let replay = move || receipt.replay(&action_version(&of, &receipt.action_version)?);
    tokio::task::spawn_blocking(replay).await.ok().flatten()
}

/// A receipt from memory, else from disk.
async fn find(shared: &Arc<Shared>, id: &str) -> Option<Receipt> {
    let (page, place) = receipt_place(id)?;
    if let Some(receipts) = shared.engine.receipts(page) {
        return receipts.get(place).cloned();
    }
    let of = Arc::clone(shared);
    tokio::task::spawn_blocking(move || of.receipts.find(page, place)).await.ok().flatten()
}
