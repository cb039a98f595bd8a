//! Lists: users, what belongs to an item, trends.

use super::App;
use super::entities::{ALL_TIME, item, item_not_found};
use super::search::understood;
use crate::answer::{Json, Query, Refusal, path_id, rest};
use crate::state::{Shared, now};
use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use milieu_api::{Audience, ItemList, ItemOut, ItemScore, UserList, UserScore};
use milieu_types::Id;
use milieu_world::{ItemIx, UserIx, secs};

/// `GET /v1/users`.
pub(super) async fn users(State(shared): App, uri: Uri) -> Result<Json<UserList>, Refusal> {
    let query = Query::read(&uri, &["limit", "after"])?;
    let (limit, after) = (query.limit()?, query.number("after", 0, u32::MAX as usize, 0)?);
    let world = shared.world.read();
    let view = world.view(ALL_TIME);
    let mut users = Vec::new();
    let mut number = after;
    while number < world.user_bound() && users.len() < limit {
        users.extend(view.user(UserIx(number as u32)).map(Into::into));
        number += 1;
    }
    let next = (number < world.user_bound()).then_some(number as u32);
    Ok(Json(UserList { users, next }))
}

/// `GET /v1/items/{id}`, `/v1/items/{id}/similar`, `/audience` and `/understood`. The `/` before the
/// last part is a plain one there; an id's own is escaped.
pub(super) async fn of_item(State(shared): App, uri: Uri) -> Result<Response, Refusal> {
    let rest = rest(&uri, "/v1/items/");
    if let Some(escaped) = rest.strip_suffix("/similar") {
        return similar(&shared, &path_id(escaped, "id")?, &uri).map(IntoResponse::into_response);
    }
    if let Some(escaped) = rest.strip_suffix("/audience") {
        return audience(&shared, &path_id(escaped, "id")?, &uri).map(IntoResponse::into_response);
    }
    if let Some(escaped) = rest.strip_suffix("/understood") {
        return understood(shared, path_id(escaped, "id")?).await.map(IntoResponse::into_response);
    }
    let id = path_id(rest, "id")?;
    let found = item(&shared.world.read(), &id).ok_or_else(|| item_not_found(&id))?;
    Ok(Json(ItemOut::from(found)).into_response())
}

fn similar(shared: &Shared, id: &Id, uri: &Uri) -> Result<Json<ItemList>, Refusal> {
    let limit = Query::read(uri, &["limit"])?.limit()?;
    let world = shared.world.read();
    let number = known(&world, id)?;
    let found = shared.engine.similar(&world.view(secs(now())), number, limit);
    let score = |item: ItemIx| Some(ItemScore { id: world.item_id(item)?.to_owned(), score: None });
    Ok(Json(ItemList { items: found.into_iter().filter_map(score).collect() }))
}

fn audience(shared: &Shared, id: &Id, uri: &Uri) -> Result<Json<Audience>, Refusal> {
    let limit = Query::read(uri, &["limit"])?.limit()?;
    let world = shared.world.read();
    let number = known(&world, id)?;
    let found = shared.engine.audience(&world.view(secs(now())), number, limit);
    let score = |(user, score)| Some(UserScore { id: world.user_id(user)?.to_owned(), score });
    Ok(Json(Audience { users: found.into_iter().filter_map(score).collect() }))
}

fn known(world: &milieu_world::World, id: &Id) -> Result<ItemIx, Refusal> {
    item(world, id).and_then(|_| world.item(id.as_str())).ok_or_else(|| item_not_found(id).into())
}

/// `GET /v1/trends`.
pub(super) async fn trends(State(shared): App, uri: Uri) -> Result<Json<ItemList>, Refusal> {
    let limit = Query::read(&uri, &["limit"])?.limit()?;
    let world = shared.world.read();
    let found = shared.engine.trends(&world.view(secs(now())), limit);
    let score = |trend: milieu_feed::Trend| {
        Some(ItemScore { id: world.item_id(trend.item)?.to_owned(), score: Some(trend.score) })
    };
    Ok(Json(ItemList { items: found.into_iter().filter_map(score).collect() }))
}
