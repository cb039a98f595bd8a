//! `/v2`: the Open Inference Protocol, version 2, over HTTP with its binary tensor data extension. Its errors are
//! objects with one text, which is why the rest of the server's are not used here.

mod request;
mod response;
mod values;

use super::App;
use crate::answer::{Refusal, content, json, rest};
use crate::serving::{Loaded, Model, ServingError};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use milieu_api::ApiError;
use milieu_inference::Port;
use milieu_types::ErrorCode;
use request::Request;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How many bytes of a body are JSON, where tensors follow it.
const HEADER_LENGTH: &str = "inference-header-content-length";

/// A refusal in the protocol's form.
pub(super) struct Fault(Refusal);

impl From<ApiError> for Fault {
    fn from(error: ApiError) -> Self {
        Self(error.into())
    }
}

impl From<ServingError> for Fault {
    fn from(error: ServingError) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let message = self.0.error.message.clone();
        self.0.respond(&json!({ "error": message }))
    }
}

fn invalid(message: impl Into<String>) -> Fault {
    ApiError::new(ErrorCode::InvalidTensor, message).into()
}

pub(super) fn routes() -> Router<Arc<crate::state::Shared>> {
    Router::new()
        .route("/v2", get(server))
        .route("/v2/health/live", get(live))
        .route("/v2/health/ready", get(ready))
        .route("/v2/models/{name}", get(metadata))
        .route("/v2/models/{name}/versions/{version}", get(metadata))
        .route("/v2/models/{name}/ready", get(model_ready))
        .route("/v2/models/{name}/versions/{version}/ready", get(model_ready))
        .route("/v2/models/{name}/infer", post(infer))
        .route("/v2/models/{name}/versions/{version}/infer", post(infer))
}

async fn server() -> Response {
    json(
        StatusCode::OK,
        &json!({
            "name": "milieu",
            "version": env!("CARGO_PKG_VERSION"),
            "extensions": ["binary_tensor_data"],
        }),
    )
}

async fn live() -> Response {
    json(StatusCode::OK, &json!({ "live": true }))
}

async fn ready(State(shared): App) -> Response {
    let ready = shared.ready.load(Ordering::Acquire);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    json(status, &json!({ "ready": ready }))
}

/// The model and, where the path names one, the version.
async fn asked(shared: &crate::state::Shared, uri: &Uri) -> Result<(Arc<Model>, Option<Arc<Loaded>>), Fault> {
    let mut parts = rest(uri, "/v2/models/").split('/');
    let name = parts.next().unwrap_or_default();
    let version = match parts.next() {
        Some("versions") => parts.next(),
        _ => None,
    };
    let model = shared.serving.model(name).await?;
    let Some(version) = version else { return Ok((model, None)) };
    let not_served = || ServingError::NotServed { name: name.to_owned(), version: version.to_owned() };
    let loaded = shared.serving.version(&model, version.parse().map_err(|_| not_served())?)?;
    Ok((model, Some(loaded)))
}

fn port(port: &Port) -> Value {
    json!({ "name": port.name, "datatype": port.data_type.name(), "shape": port.wire_shape() })
}

async fn metadata(State(shared): App, uri: Uri) -> Result<Response, Fault> {
    let (model, version) = asked(&shared, &uri).await?;
    let versions = model.versions();
    let numbers: Vec<String> = versions.all().map(|loaded| loaded.version.to_string()).collect();
    let signature = version.as_ref().unwrap_or(&versions.live).batcher.signature();
    let ports = |ports: &[Port]| ports.iter().map(port).collect::<Vec<_>>();
    Ok(json(
        StatusCode::OK,
        &json!({
            "name": model.name,
            "versions": numbers,
            "platform": format!("{}_onnx", shared.serving.engine()),
            "inputs": ports(&signature.inputs),
            "outputs": ports(&signature.outputs),
        }),
    ))
}

async fn model_ready(State(shared): App, uri: Uri) -> Result<Response, Fault> {
    let (model, _) = asked(&shared, &uri).await?;
    Ok(json(StatusCode::OK, &json!({ "name": model.name, "ready": true })))
}

async fn infer(State(shared): App, uri: Uri, headers: HeaderMap, body: Body) -> Result<Response, Fault> {
    let (model, version) = asked(&shared, &uri).await?;
    let length = match headers.get(HEADER_LENGTH) {
        None => None,
        Some(length) => {
            let number = length.to_str().ok().and_then(|length| length.parse().ok());
            Some(number.ok_or_else(|| invalid("Inference-Header-Content-Length is no number"))?)
        }
    };
    let arrival = Duration::from_secs(shared.config.server.body_timeout_secs);
    let bytes = content(&headers, body, shared.config.inference.request_bytes, arrival).await?;
    // Reading megabytes of numbers takes long.
    let request = shared.serving.work(move || Request::read(&bytes, length)).await?.map_err(invalid)?;
    let Request { id, key, inputs, wanted } = request;
    let key = key.map_or_else(|| shared.serving.next_key(), String::into_bytes);
    let (loaded, answer) = shared.serving.infer(&model, version, &key, inputs).await?;
    let name = model.name.clone();
    let write = move || {
        let outputs = &loaded.batcher.signature().outputs;
        response::write(&name, &answer, outputs, id, &wanted)
    };
    let written = shared.serving.work(write).await?;
    let (bytes, length) = written.map_err(invalid)?;
    Ok(match length {
        None => ([(header::CONTENT_TYPE, "application/json")], bytes).into_response(),
        Some(length) => (
            [
                (header::CONTENT_TYPE.as_str(), "application/octet-stream"),
                (HEADER_LENGTH, &length.to_string()),
            ],
            bytes,
        )
            .into_response(),
    })
}
