//! `GET /v1/users/{id}/interests`, `/v1/users/{id}/credibility`, `/v1/ties/{a}/{b}`, `/v1/communities` and
//! `/v1/communities/{id}`.

use super::App;
use super::entities::get_user;
use crate::answer::{Answer, Json, Query, Refusal, path_id, rest};
use crate::relations;
use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use milieu_api::{ApiError, CommunityList, CommunityOut, TieOut};
use milieu_types::ErrorCode;
use std::sync::Arc;

/// `GET /v1/users/{id}` and what belongs to a user. The `/` before the last part is a plain one there; an id's own is
/// escaped.
pub(super) async fn of_user(State(shared): App, uri: Uri) -> Result<Response, Refusal> {
    let rest = rest(&uri, "/v1/users/");
    if let Some(escaped) = rest.strip_suffix("/interests") {
        let (id, most) = (path_id(escaped, "id")?, Query::read(&uri, &["limit"])?.limit()?);
        return Ok(Json(relations::interests(&shared, &id, most)?).into_response());
    }
    if let Some(escaped) = rest.strip_suffix("/credibility") {
        Query::read(&uri, &[])?;
        return Ok(Json(relations::credibility(&shared, &path_id(escaped, "id")?)?).into_response());
    }
    get_user(State(shared), uri).await.map(IntoResponse::into_response)
}

pub(super) async fn tie(State(shared): App, uri: Uri) -> Answer<TieOut> {
    Query::read(&uri, &[])?;
    let (a, b) = rest(&uri, "/v1/ties/").split_once('/').unwrap_or_default();
    Ok(Json(relations::tie(&shared, &path_id(a, "a")?, &path_id(b, "b")?)?))
}

pub(super) async fn communities(State(shared): App, uri: Uri) -> Answer<CommunityList> {
    let most = Query::read(&uri, &["limit"])?.limit()?;
    let of = Arc::clone(&shared);
    // Every member of every community is looked at.
    Ok(Json(shared.serving.work(move || relations::communities(&of, most)).await?))
}

pub(super) async fn community(State(shared): App, uri: Uri) -> Answer<CommunityOut> {
    let query = Query::read(&uri, &["limit", "after"])?;
    let (most, after) = (query.limit()?, query.number("after", 0, u32::MAX as usize, 0)?);
    let id = rest(&uri, "/v1/communities/");
    let missing = || ApiError::at(ErrorCode::CommunityNotFound, "id", format!("there is no community {id}"));
    let id = id.parse().map_err(|_| missing())?;
    Ok(Json(relations::community(&shared, id, after, most)?))
}
