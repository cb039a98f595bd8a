//! Requests taken apart and answers put together.

use crate::serving::ServingError;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use milieu_api::ApiError;
use milieu_types::{ErrorCode, Id};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use std::time::Duration;

/// What a handler gives: a JSON value, or a refusal.
pub(crate) type Answer<T> = Result<Json<T>, Refusal>;

/// A success with a JSON body.
pub(crate) struct Json<T>(pub(crate) T);

/// A refusal with the error body.
pub(crate) struct Refusal {
    pub(crate) error: ApiError,
    /// When to try again, where the server has too much to do.
    pub(crate) retry_after: Option<Duration>,
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        let retry_after = (error.code == ErrorCode::Overloaded).then_some(Duration::from_secs(1));
        Self { error, retry_after }
    }
}

impl From<ServingError> for Refusal {
    fn from(error: ServingError) -> Self {
        let retry_after = error.retry_after();
        Self { error: error.into(), retry_after }
    }
}

impl Refusal {
    /// The answer with this body.
    pub(crate) fn respond(&self, body: &impl Serialize) -> Response {
        let status = StatusCode::from_u16(self.error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = json(status, body);
        if let Some(wait) = self.retry_after {
            // Whole seconds are all that the header knows.
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => (status, [(header::CONTENT_TYPE, "application/json")], bytes).into_response(),
        Err(error) => {
            tracing::error!(%error, "an answer cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        json(StatusCode::OK, &self.0)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.respond(&self.error.body())
    }
}

/// Runs what reads or writes the disk on a thread that may wait for it.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Answer<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => Ok(Json(result?)),
        Err(error) => Err(ApiError::new(ErrorCode::Internal, error.to_string()).into()),
    }
}

/// Reads a JSON body of at most `limit` bytes that must arrive within `timeout`.
pub(crate) async fn body(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    timeout: Duration,
) -> Result<axum::body::Bytes, ApiError> {
    if let Some(kind) = headers.get(header::CONTENT_TYPE) {
        let kind = kind.to_str().unwrap_or("");
        let essence = kind.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
        if essence != "application/json" && !essence.ends_with("+json") {
            let message = format!("the content type is {kind}, not application/json");
            return Err(ApiError::new(ErrorCode::UnsupportedMediaType, message));
        }
    }
    content(headers, body, limit, timeout).await
}

/// Reads a body of any type, of at most `limit` bytes that must arrive within `timeout`.
pub(crate) async fn content(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    timeout: Duration,
) -> Result<axum::body::Bytes, ApiError> {
    let too_large = || {
        ApiError::new(ErrorCode::BodyTooLarge, format!("the body is larger than the limit of {limit} bytes"))
    };
    let length =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    match tokio::time::timeout(timeout, axum::body::to_bytes(body, limit)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => {
            let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            if error.to_string().contains("length limit") || source.contains("length limit") {
                Err(too_large())
            } else {
                Err(ApiError::new(ErrorCode::InvalidJson, format!("the body cannot be read: {error}")))
            }
        }
        Err(_) => {
            let message = format!("the body did not arrive within {} seconds", timeout.as_secs());
            Err(ApiError::new(ErrorCode::InvalidJson, message))
        }
    }
}

/// What stands in the path after `prefix`, not decoded, so that an escaped `/` can be told from a
/// plain one.
pub(crate) fn rest<'u>(uri: &'u Uri, prefix: &str) -> &'u str {
    uri.path().strip_prefix(prefix).unwrap_or("")
}

/// An id from a part of the path.
pub(crate) fn path_id(escaped: &str, field: &str) -> Result<Id, ApiError> {
    let text = percent_decode_str(escaped)
        .decode_utf8()
        .map_err(|_| ApiError::at(ErrorCode::InvalidId, field, "is not UTF-8"))?;
    Id::new(text).map_err(|error| ApiError::id(field, error))
}

/// The query parameters, each known and given once.
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    pub(crate) fn read(uri: &Uri, known: &[&str]) -> Result<Self, ApiError> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for part in uri.query().unwrap_or("").split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let decode = |text: &str| {
                let spaced = text.replace('+', " ");
                percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
            };
            let (name, value) = (decode(name), decode(value));
            let wrong = |message: String| ApiError::at(ErrorCode::InvalidParameter, &*name, message);
            if !known.contains(&name.as_str()) {
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                return Err(wrong(format!("is no parameter here; known: {known}")));
            }
            if pairs.iter().any(|(other, _)| *other == name) {
                return Err(wrong("is given twice".into()));
            }
            pairs.push((name, value));
        }
        Ok(Self { pairs })
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool, ApiError> {
        match self.text(name) {
            None | Some("false" | "0") => Ok(false),
            Some("" | "true" | "1") => Ok(true),
            Some(_) => Err(ApiError::at(ErrorCode::InvalidParameter, name, "must be true or false")),
        }
    }

    pub(crate) fn number(
        &self,
        name: &str,
        least: usize,
        most: usize,
        default: usize,
    ) -> Result<usize, ApiError> {
        let Some(text) = self.text(name) else { return Ok(default) };
        text.parse().ok().filter(|number| (least..=most).contains(number)).ok_or_else(|| {
            ApiError::at(
                ErrorCode::InvalidParameter,
                name,
                format!("must be a number from {least} to {most}"),
            )
        })
    }

    pub(crate) fn limit(&self) -> Result<usize, ApiError> {
        self.number("limit", 1, 100, 20)
    }
}
