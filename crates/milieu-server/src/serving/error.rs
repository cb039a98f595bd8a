//! What can go wrong between a model's name and an answer.

use milieu_api::ApiError;
use milieu_content::{NotAClassifier, OutputError};
use milieu_inference::{InferError, InputError};
use milieu_media::DecodeError;
use milieu_registry::RegistryError;
use milieu_types::ErrorCode;
use std::time::Duration;

/// See the module.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServingError {
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A version that no engine takes.
    #[error("{name} {version} cannot be served: {reason}")]
    Refused { name: String, version: u32, reason: String },
    #[error(
        "{name} {version} counts as {wanted} bytes of memory; {taken} of the {limit} of inference.memory_bytes are taken"
    )]
    Memory { name: String, version: u32, wanted: u64, taken: u64, limit: u64 },
    /// What a version was refused for, asked for once more.
    #[error("{0}")]
    Still(String),
    #[error("{name} has no live version that runs in an engine")]
    NothingLive { name: String },
    #[error("version {version} of {name} is not served; live, canary and shadow versions are")]
    NotServed { name: String, version: String },
    #[error("{0}")]
    Choice(String),
    #[error("{name}: {source}")]
    NotAClassifier { name: String, source: NotAClassifier },
    #[error(transparent)]
    Picture(#[from] DecodeError),
    #[error(transparent)]
    Infer(#[from] InferError),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error("too many requests wait to be decoded; try again")]
    Busy,
    #[error("the request took longer than {0:?}")]
    TimedOut(Duration),
    #[error("{0}")]
    Thread(String),
}

impl ServingError {
    /// When to try again, where that may help.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Infer(InferError::Overloaded { retry_after }) => Some(*retry_after),
            Self::Busy => Some(Duration::from_secs(1)),
            _ => None,
        }
    }

    fn code(&self) -> (ErrorCode, Option<&'static str>) {
        use ErrorCode as E;
        match self {
            Self::Registry(error) => registry_code(error),
            Self::Refused { .. } | Self::Memory { .. } | Self::Still(_) => (E::ModelRefused, Some("version")),
            Self::NothingLive { .. } => (E::ModelNotFound, Some("name")),
            Self::NotServed { .. } => (E::ModelNotFound, Some("version")),
            Self::Choice(_) | Self::NotAClassifier { .. } => (E::InvalidParameter, Some("model")),
            Self::Picture(DecodeError::TooLarge { .. }) => (E::PictureTooLarge, None),
            Self::Picture(_) => (E::InvalidPicture, None),
            Self::Infer(InferError::Input(InputError::TooLarge { .. })) => (E::BodyTooLarge, Some("inputs")),
            Self::Infer(InferError::Input(_)) => (E::InvalidTensor, Some("inputs")),
            Self::Infer(InferError::Overloaded { .. }) | Self::Busy => (E::Overloaded, None),
            Self::Infer(InferError::TimedOut) | Self::TimedOut(_) => (E::TimedOut, None),
            Self::Infer(InferError::Closed) => (E::Unavailable, None),
            Self::Infer(InferError::Run(_)) | Self::Output(_) => (E::ModelFailed, None),
            Self::Thread(_) => (E::Internal, None),
        }
    }
}

/// The code of what the registry says, and the part of the request that it is about.
fn registry_code(error: &RegistryError) -> (ErrorCode, Option<&'static str>) {
    match error {
        RegistryError::UnknownKind { .. } => (ErrorCode::ModelNotFound, Some("name")),
        RegistryError::UnknownVersion { .. } => (ErrorCode::ModelNotFound, Some("version")),
        RegistryError::NothingToRollBack { .. } | RegistryError::InvalidName { .. } => {
            (ErrorCode::InvalidParameter, Some("name"))
        }
        RegistryError::InvalidTrial { .. } => (ErrorCode::InvalidParameter, None),
        RegistryError::InvalidCard { .. }
        | RegistryError::SignatureMismatch { .. }
        | RegistryError::Damaged { .. }
        | RegistryError::TooLarge { .. } => (ErrorCode::ModelRefused, Some("version")),
        RegistryError::Io { .. } | RegistryError::InvalidDraft { .. } => (ErrorCode::Internal, None),
    }
}

impl From<ServingError> for ApiError {
    fn from(error: ServingError) -> Self {
        let (code, field) = error.code();
        Self { code, message: error.to_string(), field: field.map(String::from) }
    }
}
