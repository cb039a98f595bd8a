//! Users and items: put, patch, get, delete, one or many.

use super::App;
use crate::answer::{Answer, Json, body, path_id, rest};
use crate::state::Shared;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use milieu_api::{
    ApiError, BatchStored, Stored, UserOut, read_item, read_item_patch, read_items, read_user,
    read_user_patch, read_users,
};
use milieu_eventlog::Entry;
use milieu_types::{ErrorCode, Id, Timestamp, User};
use milieu_world::World;
use std::time::Duration;

const USERS: &str = "/v1/users/";
const ITEMS: &str = "/v1/items/";
/// A view that sees what is dated by a clock ahead of the server's too.
pub(super) const ALL_TIME: u32 = u32::MAX;

async fn read(shared: &Shared, headers: &HeaderMap, content: Body) -> Result<Bytes, ApiError> {
    let server = &shared.config.server;
    let timeout = Duration::from_secs(server.body_timeout_secs);
    body(headers, content, server.body_limit_bytes, timeout).await
}

async fn store_one(shared: &Shared, entry: Entry) -> Answer<Stored> {
    let outcomes =
        shared.store(vec![entry]).await.map_err(|error| error.refuse(|_, field| field.to_owned()))?;
    match outcomes.first() {
        Some(outcome) => Ok(Json(Stored { id: outcome.id().clone(), seq: outcome.seq() })),
        None => Err(ApiError::new(ErrorCode::Internal, "the log gave no answer").into()),
    }
}

async fn store_many(shared: &Shared, list: &str, entries: Vec<Entry>) -> Answer<BatchStored> {
    let stored = entries.len();
    if stored == 0 {
        return Ok(Json(BatchStored { stored, last_seq: shared.log.last_seq() }));
    }
    let outcomes = shared
        .store(entries)
        .await
        .map_err(|error| error.refuse(|at, field| format!("{list}[{at}].{field}")))?;
    let last_seq = outcomes.last().map_or(0, milieu_eventlog::Outcome::seq);
    Ok(Json(BatchStored { stored, last_seq }))
}

fn user(world: &World, id: &Id) -> Option<User> {
    world.view(ALL_TIME).user(world.user(id.as_str())?)
}

pub(super) fn item(world: &World, id: &Id) -> Option<milieu_types::Item> {
    world.view(ALL_TIME).item(world.item(id.as_str())?)
}

fn user_at(shared: &Shared) -> impl Fn(&Id) -> Option<Timestamp> {
    |id| user(&shared.world.read(), id).map(|user| user.at)
}

fn item_at(shared: &Shared) -> impl Fn(&Id) -> Option<Timestamp> {
    |id| item(&shared.world.read(), id).map(|item| item.at)
}

fn user_not_found(id: &Id) -> ApiError {
    ApiError::at(ErrorCode::UserNotFound, "id", format!("there is no user {id}"))
}

pub(super) fn item_not_found(id: &Id) -> ApiError {
    ApiError::at(ErrorCode::ItemNotFound, "id", format!("there is no item {id}"))
}

pub(super) async fn put_user(
    State(shared): App,
    uri: Uri,
    headers: HeaderMap,
    content: Body,
) -> Answer<Stored> {
    let id = path_id(rest(&uri, USERS), "id")?;
    let bytes = read(&shared, &headers, content).await?;
    let user = read_user(&bytes, &id, shared.clock(), user_at(&shared))?;
    store_one(&shared, Entry::PutUser(user)).await
}

pub(super) async fn put_users(State(shared): App, headers: HeaderMap, content: Body) -> Answer<BatchStored> {
    let bytes = read(&shared, &headers, content).await?;
    let users = read_users(&bytes, shared.clock(), shared.config.server.batch_limit, user_at(&shared))?;
    store_many(&shared, "users", users.into_iter().map(Entry::PutUser).collect()).await
}

pub(super) async fn patch_user(
    State(shared): App,
    uri: Uri,
    headers: HeaderMap,
    content: Body,
) -> Answer<Stored> {
    let id = path_id(rest(&uri, USERS), "id")?;
    let bytes = read(&shared, &headers, content).await?;
    let patch = read_user_patch(&bytes, id.clone())?;
    user(&shared.world.read(), &id).ok_or_else(|| user_not_found(&id))?;
    store_one(&shared, Entry::PatchUser(patch)).await
}

pub(super) async fn get_user(State(shared): App, uri: Uri) -> Answer<UserOut> {
    let id = path_id(rest(&uri, USERS), "id")?;
    let found = user(&shared.world.read(), &id).ok_or_else(|| user_not_found(&id))?;
    Ok(Json(found.into()))
}

pub(super) async fn delete_user(State(shared): App, uri: Uri) -> Answer<Stored> {
    let id = path_id(rest(&uri, USERS), "id")?;
    // A bare user, known from events alone, can be deleted too.
    shared.world.read().user(id.as_str()).ok_or_else(|| user_not_found(&id))?;
    store_one(&shared, Entry::DeleteUser { id, at: crate::state::now() }).await
}

pub(super) async fn put_item(
    State(shared): App,
    uri: Uri,
    headers: HeaderMap,
    content: Body,
) -> Answer<Stored> {
    let id = path_id(rest(&uri, ITEMS), "id")?;
    let bytes = read(&shared, &headers, content).await?;
    let item = read_item(&bytes, &id, shared.clock(), item_at(&shared))?;
    store_one(&shared, Entry::PutItem(item)).await
}

pub(super) async fn put_items(State(shared): App, headers: HeaderMap, content: Body) -> Answer<BatchStored> {
    let bytes = read(&shared, &headers, content).await?;
    let items = read_items(&bytes, shared.clock(), shared.config.server.batch_limit, item_at(&shared))?;
    store_many(&shared, "items", items.into_iter().map(Entry::PutItem).collect()).await
}

pub(super) async fn patch_item(
    State(shared): App,
    uri: Uri,
    headers: HeaderMap,
    content: Body,
) -> Answer<Stored> {
    let id = path_id(rest(&uri, ITEMS), "id")?;
    let bytes = read(&shared, &headers, content).await?;
    let patch = read_item_patch(&bytes, id.clone())?;
    item(&shared.world.read(), &id).ok_or_else(|| item_not_found(&id))?;
    store_one(&shared, Entry::PatchItem(patch)).await
}

pub(super) async fn delete_item(State(shared): App, uri: Uri) -> Answer<Stored> {
    let id = path_id(rest(&uri, ITEMS), "id")?;
    shared.world.read().item(id.as_str()).ok_or_else(|| item_not_found(&id))?;
    store_one(&shared, Entry::DeleteItem { id, at: crate::state::now() }).await
}
