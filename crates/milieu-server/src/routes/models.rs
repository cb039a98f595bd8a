//! `/v1/models`: what the registry holds, promotion and roll back.

use super::App;
use crate::answer::{Answer, blocking, body, rest};
use crate::listing;
use crate::models::{OF_FEED, load_models};
use crate::serving::ServingError;
use crate::state::{Shared, now};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use milieu_api::{ApiError, ModelCardOut, ModelList, ModelStages, TrialIn, read_promote, read_trial};
use milieu_registry::{RegistryError, Trial};
use milieu_types::ErrorCode;
use std::time::Duration;

pub(super) async fn all(State(shared): App) -> Answer<ModelList> {
    blocking(move || listing::list(&shared.registry).map_err(refuse)).await
}

pub(super) async fn one(State(shared): App, uri: Uri) -> Answer<ModelStages> {
    let name = part(&uri, 0);
    blocking(move || stages(&shared, &name)).await
}

pub(super) async fn version(State(shared): App, uri: Uri) -> Answer<ModelCardOut> {
    let name = part(&uri, 0);
    let number = part(&uri, 1).parse().map_err(|_| {
        ApiError::at(ErrorCode::InvalidParameter, "version", "must be the number of a version")
    })?;
    blocking(move || listing::version(&shared.registry, &name, number).map_err(refuse)).await
}

pub(super) async fn promote(
    State(shared): App,
    uri: Uri,
    headers: HeaderMap,
    content: Body,
) -> Answer<ModelStages> {
    let name = part(&uri, 0);
    let wanted = read_promote(&given(&shared, &headers, content).await?)?;
    blocking(move || {
        shared.serving.prepare(&name, wanted.version, false)?;
        shared.registry.promote(&name, wanted.version, now()).map_err(refuse)?;
        changed(&shared, &name)
    })
    .await
}

pub(super) async fn rollback(State(shared): App, uri: Uri) -> Answer<ModelStages> {
    let name = part(&uri, 0);
    blocking(move || {
        if let Some(version) = shared.registry.earlier(&name).map_err(refuse)? {
            shared.serving.prepare(&name, version, false)?;
        }
        shared.registry.rollback(&name, now()).map_err(refuse)?;
        changed(&shared, &name)
    })
    .await
}

pub(super) async fn set_canary(
    State(shared): App,
    uri: Uri,
    headers: HeaderMap,
    content: Body,
) -> Answer<ModelStages> {
    let name = part(&uri, 0);
    let TrialIn { version, share } = read_trial(&given(&shared, &headers, content).await?)?;
    blocking(move || {
        shared.serving.prepare(&name, version, false)?;
        shared.registry.set_canary(&name, Trial { version, share }, now()).map_err(refuse)?;
        changed(&shared, &name)
    })
    .await
}

pub(super) async fn set_shadow(
    State(shared): App,
    uri: Uri,
    headers: HeaderMap,
    content: Body,
) -> Answer<ModelStages> {
    let name = part(&uri, 0);
    let TrialIn { version, share } = read_trial(&given(&shared, &headers, content).await?)?;
    blocking(move || {
        shared.serving.prepare(&name, version, true)?;
        shared.registry.set_shadow(&name, Trial { version, share }, now()).map_err(refuse)?;
        changed(&shared, &name)
    })
    .await
}

pub(super) async fn end_canary(State(shared): App, uri: Uri) -> Answer<ModelStages> {
    let name = part(&uri, 0);
    blocking(move || {
        shared.registry.end_canary(&name, now()).map_err(refuse)?;
        changed(&shared, &name)
    })
    .await
}

pub(super) async fn end_shadow(State(shared): App, uri: Uri) -> Answer<ModelStages> {
    let name = part(&uri, 0);
    blocking(move || {
        shared.registry.end_shadow(&name, now()).map_err(refuse)?;
        changed(&shared, &name)
    })
    .await
}

/// The JSON body of a change.
async fn given(shared: &Shared, headers: &HeaderMap, content: Body) -> Result<Bytes, ApiError> {
    let server = &shared.config.server;
    body(headers, content, server.body_limit_bytes, Duration::from_secs(server.body_timeout_secs)).await
}

/// Takes a change into use where the feed or an engine serves the model, and says how the model stands.
fn changed(shared: &Shared, name: &str) -> Result<ModelStages, ApiError> {
    if OF_FEED.contains(&name) {
        load_models(shared).map_err(|error| ApiError::new(ErrorCode::Internal, error))?;
    }
    shared.serving.follow(name)?;
    stages(shared, name)
}

fn stages(shared: &Shared, name: &str) -> Result<ModelStages, ApiError> {
    let mut model = listing::model(&shared.registry, name).map_err(refuse)?;
    model.serving = shared.serving.report(name);
    Ok(model)
}

/// A part of the path after `/v1/models/`. No name of a model needs an escape.
fn part(uri: &Uri, at: usize) -> String {
    rest(uri, "/v1/models/").split('/').nth(at).unwrap_or("").to_owned()
}

#[allow(clippy::needless_pass_by_value, reason = "it stands in map_err")]
pub(super) fn refuse(error: RegistryError) -> ApiError {
    ServingError::from(error).into()
}
