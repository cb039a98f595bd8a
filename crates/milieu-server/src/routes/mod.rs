//! The routes, and what surrounds each request.

mod admin;
mod analyze;
mod datasets;
mod doors;
mod entities;
mod events;
mod feed;
mod jobs;
mod lists;
mod models;
mod moderation;
mod needs;
mod people;
mod protocol;
mod relations;
mod search;
mod topics;

use crate::answer::Refusal;
use crate::state::Shared;
use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};
use milieu_api::ApiError;
use milieu_types::ErrorCode;
use std::sync::Arc;
use std::time::Instant;
use tower_http::compression::CompressionLayer;
use tower_http::decompression::RequestDecompressionLayer;

/// A handler's share of the server.
pub(crate) type App = State<Arc<Shared>>;

/// Every route of the server.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/v1/events", post(events::store))
        .route("/v1/users", post(entities::put_users).get(lists::users))
        .route(
            "/v1/users/{*id}",
            get(relations::of_user)
                .put(entities::put_user)
                .patch(entities::patch_user)
                .delete(entities::delete_user),
        )
        .route("/v1/items", post(entities::put_items))
        .route(
            "/v1/items/{*id}",
            get(lists::of_item)
                .put(entities::put_item)
                .patch(entities::patch_item)
                .delete(entities::delete_item),
        )
        // An item may have this id too.
        .route(
            "/v1/items/search",
            post(search::search)
                .get(lists::of_item)
                .put(entities::put_item)
                .patch(entities::patch_item)
                .delete(entities::delete_item),
        )
        .route("/v1/feed/{*user}", get(feed::feed))
        .route("/v1/ties/{a}/{b}", get(relations::tie))
        .route("/v1/communities", get(relations::communities))
        .route("/v1/communities/{id}", get(relations::community))
        .route("/v1/people/{*user}", get(people::people))
        .route("/v1/topics", get(topics::all))
        .route("/v1/trends", get(lists::trends))
        .route("/v1/receipts/{id}", get(feed::receipt))
        .route("/v1/stats", get(admin::stats))
        .route("/v1/training", get(admin::training).post(admin::train))
        .route("/v1/models", get(models::all))
        .route("/v1/models/{name}", get(models::one))
        .route("/v1/models/{name}/{version}", get(models::version))
        .route("/v1/models/{name}/promote", post(models::promote))
        .route("/v1/models/{name}/rollback", post(models::rollback))
        .route("/v1/datasets", get(datasets::list))
        .route("/v1/datasets/{name}", get(datasets::get).post(datasets::upload).delete(datasets::delete))
        .route("/v1/jobs", get(jobs::list).post(jobs::create))
        .route("/v1/jobs/{id}", get(jobs::get).delete(jobs::cancel))
        .route("/v1/jobs/{id}/cancel", post(jobs::cancel))
        .route("/v1/jobs/{id}/events", get(jobs::listen))
        .route("/v1/jobs/{id}/report", get(jobs::report))
        .route("/v1/models/{name}/canary", post(models::set_canary).delete(models::end_canary))
        .route("/v1/models/{name}/shadow", post(models::set_shadow).delete(models::end_shadow))
        .route("/v1/analyze/image", post(analyze::image))
        .route("/v1/analyze/text", post(analyze::text))
        .route("/v1/embeddings", post(doors::embeddings))
        .route("/embed", post(doors::embed))
        .route("/predict", post(doors::predict))
        .route("/v1/moderations", post(moderation::moderations))
        .route("/v1alpha1/comments:analyze", post(moderation::comment))
        .merge(protocol::routes())
        .route("/", get(admin::page))
        .route("/healthz", get(admin::healthz))
        .route("/readyz", get(admin::readyz))
        .route("/metrics", get(admin::metrics))
        .route("/openapi.json", get(admin::openapi))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(RequestDecompressionLayer::new())
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(Arc::clone(&shared), measure))
        .with_state(shared)
}

async fn not_found(request: Request) -> Refusal {
    ApiError::new(ErrorCode::NotFound, format!("there is no route {}", request.uri().path())).into()
}

async fn method_not_allowed(request: Request) -> Refusal {
    let message = format!("{} is not allowed on {}", request.method(), request.uri().path());
    ApiError::new(ErrorCode::MethodNotAllowed, message).into()
}

async fn measure(State(shared): App, route: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let response = next.run(request).await;
    let route = route.as_ref().map(MatchedPath::as_str);
    shared.metrics.request(route, response.status().as_u16(), start.elapsed());
    tracing::debug!(route, status = response.status().as_u16(), micros = start.elapsed().as_micros() as u64);
    response
}
