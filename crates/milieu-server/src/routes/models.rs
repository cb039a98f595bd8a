//! `/v1/models`: what the registry holds, promotion and roll back.

use super::App;
use crate::answer::{Answer, blocking, body, rest};
use crate::listing;
use crate::models::{ACTIONS, COLLABORATIVE, load_models};
use crate::state::{Shared, now};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use milieu_api::{ApiError, ModelCardOut, ModelList, ModelStages, read_promote};
use milieu_registry::RegistryError;
use milieu_types::ErrorCode;
use std::time::Duration;

pub(super) async fn all(State(shared): App) -> Answer<ModelList> {
    blocking(move || listing::list(&shared.registry).map_err(refuse)).await
}

pub(super) async fn one(State(shared): App, uri: Uri) -> Answer<ModelStages> {
    let name = part(&uri, 0);
    blocking(move || listing::model(&shared.registry, &name).map_err(refuse)).await
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
    let server = &shared.config.server;
    let timeout = Duration::from_secs(server.body_timeout_secs);
    let wanted = read_promote(&body(&headers, content, server.body_limit_bytes, timeout).await?)?;
    blocking(move || {
        shared.registry.promote(&name, wanted.version, now()).map_err(refuse)?;
        changed(&shared, &name)
    })
    .await
}

pub(super) async fn rollback(State(shared): App, uri: Uri) -> Answer<ModelStages> {
    let name = part(&uri, 0);
    blocking(move || {
        shared.registry.rollback(&name, now()).map_err(refuse)?;
        changed(&shared, &name)
    })
    .await
}

/// Takes what was made live into use where the feed reads it, and says how the model stands.
fn changed(shared: &Shared, name: &str) -> Result<ModelStages, ApiError> {
    if [COLLABORATIVE, ACTIONS].contains(&name) {
        load_models(shared).map_err(|error| ApiError::new(ErrorCode::Internal, error))?;
    }
    listing::model(&shared.registry, name).map_err(refuse)
}

/// A part of the path after `/v1/models/`. No name of a model needs an escape.
fn part(uri: &Uri, at: usize) -> String {
    rest(uri, "/v1/models/").split('/').nth(at).unwrap_or("").to_owned()
}

#[allow(clippy::needless_pass_by_value, reason = "it stands in map_err")]
pub(super) fn refuse(error: RegistryError) -> ApiError {
    let (code, field) = match error {
        RegistryError::UnknownKind { .. } => (ErrorCode::ModelNotFound, "name"),
        RegistryError::UnknownVersion { .. } => (ErrorCode::ModelNotFound, "version"),
        RegistryError::NothingToRollBack { .. } | RegistryError::InvalidName { .. } => {
            (ErrorCode::InvalidParameter, "name")
        }
        _ => return ApiError::new(ErrorCode::Internal, error.to_string()),
    };
    ApiError::at(code, field, error.to_string())
}
