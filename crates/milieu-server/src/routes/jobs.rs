//! `/v1/jobs`.

use super::App;
use super::models::refuse;
use crate::answer::{Answer, Json, Refusal, blocking, body};
use crate::jobs::events;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::sse::{KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use milieu_api::{ApiError, Job, JobList, read_job};
use milieu_types::ErrorCode;
use std::sync::Arc;
use std::time::Duration;

/// A comment is sent where there was no event for so long, so that nothing between takes the stream for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

pub(super) async fn list(State(shared): App) -> Json<JobList> {
    Json(JobList { jobs: shared.jobs.list() })
}

pub(super) async fn create(State(shared): App, headers: HeaderMap, content: Body) -> Answer<Job> {
    let server = &shared.config.server;
    let timeout = Duration::from_secs(server.body_timeout_secs);
    let bytes = body(&headers, content, server.body_limit_bytes, timeout).await?;
    let spec = read_job(&bytes)?;
    blocking(move || {
        let work = shared.work.as_ref();
        let work = work.ok_or_else(|| ApiError::new(ErrorCode::Unavailable, "this server cannot do jobs"))?;
        if let Some(version) = spec.version() {
            shared.registry.manifest(spec.model(), version).map_err(refuse)?;
        }
        shared.jobs.create(spec, &shared.datasets, &work.check)
    })
    .await
}

pub(super) async fn get(State(shared): App, Path(id): Path<String>) -> Answer<Job> {
    blocking(move || shared.jobs.describe(&id)).await
}

pub(super) async fn cancel(State(shared): App, Path(id): Path<String>) -> Answer<Job> {
    blocking(move || shared.jobs.cancel(&id)).await
}

pub(super) async fn listen(
    State(shared): App,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let seen = headers.get("last-event-id").and_then(|number| number.to_str().ok()?.parse().ok());
    let stream = events(Arc::clone(&shared), id, seen.unwrap_or(0))?;
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE).text("on");
    Ok(Sse::new(stream).keep_alive(keep_alive).into_response())
}

pub(super) async fn report(State(shared): App, Path(id): Path<String>) -> Result<Response, Refusal> {
    let Json(page) = blocking(move || shared.jobs.report(&id)).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        // The names in it are those of uploaded files: nothing of it may run.
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, page).into_response())
}
