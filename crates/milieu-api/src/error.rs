//! The error body, and the one place where codes become HTTP statuses.

use milieu_types::validate::Violation;
use milieu_types::{ErrorCode, IdError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A refusal or failure, as the caller sees it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// Which kind.
    pub code: ErrorCode,
    /// What is wrong, in words.
    pub message: String,
    /// The part of the request at fault, such as `events[3].at`.
    pub field: Option<String>,
}

/// The body of every answer that is no success.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// The error.
    pub error: ErrorDetail,
}

/// What went wrong.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ErrorDetail {
    /// One of a closed list.
    #[schema(value_type = String, example = "invalid_event")]
    pub code: ErrorCode,
    /// In words.
    pub message: String,
    /// The part of the request at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "events[3].at")]
    pub field: Option<String>,
}

impl ApiError {
    /// An error that no part of the request can be blamed for.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: None }
    }

    /// An error in a part of the request.
    pub fn at(code: ErrorCode, field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: Some(field.into()) }
    }

    /// A violation in the value that stands at `prefix` of the request; `""` for the body itself.
    #[must_use]
    pub fn violation(prefix: &str, violation: Violation) -> Self {
        Self::at(violation.code, join(prefix, &violation.field), violation.message)
    }

    /// A bad id in `field`.
    #[must_use]
    pub fn id(field: impl Into<String>, error: IdError) -> Self {
        Self::at(ErrorCode::InvalidId, field, error.to_string())
    }

    /// The HTTP status of the error.
    #[must_use]
    pub fn status(&self) -> u16 {
        status(self.code)
    }

    /// The body of the answer.
    #[must_use]
    pub fn body(&self) -> ErrorBody {
        let Self { code, message, field } = self.clone();
        ErrorBody { error: ErrorDetail { code, message, field } }
    }
}

/// The HTTP status of each code.
#[must_use]
pub fn status(code: ErrorCode) -> u16 {
    use ErrorCode as E;
    match code {
        E::InvalidJson
        | E::InvalidId
        | E::InvalidEvent
        | E::InvalidUser
        | E::InvalidItem
        | E::InvalidTime
        | E::InvalidParameter
        | E::InvalidDataset
        | E::InvalidJob
        | E::InvalidPicture
        | E::InvalidTensor
        | E::InvalidCursor => 400,
        E::NotEnabled => 403,
        E::UserNotFound
        | E::ItemNotFound
        | E::ModelNotFound
        | E::ReceiptNotFound
        | E::DatasetNotFound
        | E::JobNotFound
        | E::CommunityNotFound
        | E::NotFound => 404,
        E::MethodNotAllowed => 405,
        E::EventConflict | E::DatasetConflict => 409,
        E::BodyTooLarge | E::BatchTooLarge | E::PictureTooLarge => 413,
        E::UnsupportedMediaType => 415,
        E::UnknownEvent | E::ModelRefused => 422,
        E::Overloaded => 429,
        E::Internal | E::ModelFailed => 500,
        E::Unavailable => 503,
        E::TimedOut => 504,
        E::StorageFailed => 507,
    }
}

/// `prefix.field`, without the dot where one of them is empty or the field is an index.
pub(crate) fn join(prefix: &str, field: &str) -> String {
    match (prefix, field) {
        ("", field) => field.to_owned(),
        (prefix, "") => prefix.to_owned(),
        (prefix, field) if field.starts_with('[') => format!("{prefix}{field}"),
        (prefix, field) => format!("{prefix}.{field}"),
    }
}
