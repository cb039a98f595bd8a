//! What the operator asks: health, counts, training, the page.

use super::App;
use crate::answer::{Answer, Json};
use crate::metrics::Gauge;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use milieu_api::{ApiError, Health, Stats, Training};
use milieu_types::ErrorCode;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub(super) async fn page() -> Html<&'static str> {
    Html(include_str!("../page.html"))
}

pub(super) async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], milieu_api::openapi())
}

pub(super) async fn healthz() -> Json<Health> {
    Json(Health { status: "ok".into() })
}

pub(super) async fn readyz(State(shared): App) -> Response {
    if shared.ready.load(Ordering::Acquire) {
        Json(Health { status: "ok".into() }).into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, Json(Health { status: "stopping".into() })).into_response()
    }
}

pub(super) async fn metrics(State(shared): App) -> impl IntoResponse {
    let training = shared.trainer.status();
    let jobs = shared.jobs.counts();
    let understood = shared.understanding.progress();
    let gauge = |name, help, value| Gauge { name, help, value };
    let gauges = [
        gauge("milieu_log_records", "Records in the log", shared.log.last_seq() as f64),
        gauge("milieu_world_applied", "The last record in the world", shared.world.read().applied() as f64),
        gauge(
            "milieu_snapshot_record",
            "The last record in the newest snapshot",
            shared.snapshot_seq.load(Ordering::Acquire) as f64,
        ),
        gauge(
            "milieu_receipts_lost",
            "Pages whose receipts were not kept on disk",
            shared.receipts.lost() as f64,
        ),
        gauge("milieu_training_running", "Whether a training is on", f64::from(u8::from(training.running))),
        gauge("milieu_training_runs", "Trainings that ended", training.runs as f64),
        gauge("milieu_jobs_queued", "Jobs that wait", jobs.queued as f64),
        gauge("milieu_jobs_running", "Jobs that are on", jobs.running as f64),
        gauge("milieu_job_listeners", "Open streams of events of jobs", jobs.listeners as f64),
        gauge(
            "milieu_understanding_waiting",
            "New items that models have yet to read",
            understood.waiting as f64,
        ),
        gauge(
            "milieu_understanding_again",
            "Items that new versions of models have yet to look at",
            understood.again as f64,
        ),
        gauge("milieu_understanding_read", "Texts of items read since the start", understood.read as f64),
        gauge(
            "milieu_understanding_failed",
            "Texts of items at which a model failed since the start",
            understood.failed as f64,
        ),
        gauge("milieu_understanding_searched", "Items that are found by meaning", understood.searched as f64),
        gauge("milieu_understanding_terms", "Items that are found by terms", understood.terms as f64),
    ];
    let mut text = shared.metrics.text(&gauges);
    shared.serving.write_metrics(&mut text);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text)
}

pub(super) async fn stats(State(shared): App) -> Answer<Stats> {
    let of = Arc::clone(&shared);
    // Counting reads every user and item: too long for a thread that answers requests.
    let size = tokio::task::spawn_blocking(move || of.world.read_long(milieu_world::World::size))
        .await
        .map_err(|error| ApiError::new(ErrorCode::Internal, error.to_string()))?;
    let models: BTreeMap<&'static str, String> = shared.models.lock().clone();
    Ok(Json(Stats {
        users: size.users,
        items: size.items,
        follows: size.follows,
        pairs: size.pairs,
        records: shared.log.last_seq(),
        snapshot: shared.snapshot_seq.load(Ordering::Acquire),
        models,
        stages: serde_json::to_value(shared.engine.stages()).unwrap_or_default(),
    }))
}

pub(super) async fn training(State(shared): App) -> Json<Training> {
    Json(shared.trainer.status())
}

pub(super) async fn train(State(shared): App) -> Answer<Training> {
    if shared.work.is_none() {
        return Err(ApiError::new(ErrorCode::Unavailable, "this server cannot train").into());
    }
    shared.trainer.start();
    Ok(Json(shared.trainer.status()))
}
