//! `GET /v1/topics`.

use super::App;
use crate::answer::{Answer, Json};
use crate::state::now;
use crate::understanding::topics;
use axum::extract::State;
use milieu_api::TopicList;
use milieu_world::secs;
use std::sync::Arc;

pub(super) async fn all(State(shared): App) -> Answer<TopicList> {
    let of = Arc::clone(&shared);
    // Every item with a topic is looked at.
    Ok(Json(shared.serving.work(move || topics(&of, secs(now()))).await?))
}
