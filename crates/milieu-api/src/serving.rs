//! Models at work on the wire: how the versions of a model fare.

use crate::{ApiError, parse};
use milieu_types::ErrorCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How a model serves.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct ModelServing {
    /// What runs it, `rten` or `onnxruntime`.
    pub engine: String,
    /// The versions that are loaded: live, canary, shadow.
    pub versions: Vec<ServedVersion>,
    /// Why a version that should serve does not, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A version that is loaded, and what happened to it since.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ServedVersion {
    /// Its number.
    pub version: u32,
    /// `live`, `canary` or `shadow`.
    pub role: String,
    /// The share of the requests that it answers, or gets copies of.
    pub share: f64,
    /// The memory that it is counted as.
    pub memory_bytes: u64,
    /// Requests handed in.
    pub requests: u64,
    /// Those answered.
    pub answered: u64,
    /// Those that were no input of the model.
    pub invalid: u64,
    /// Those refused since too many were under way.
    pub refused: u64,
    /// Those that waited too long.
    pub timed_out: u64,
    /// Those on which the model failed.
    pub failed: u64,
    /// How many rows a run had on average; 0 before the first.
    pub mean_batch: f64,
    /// How long requests waited on average.
    pub wait_milliseconds: f64,
    /// How long runs took on average.
    pub run_milliseconds: f64,
    /// How a shadow agrees with the versions that answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agreement: Option<ShadowAgreement>,
}

/// How the answers of a shadow compare with those given.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ShadowAgreement {
    /// Requests that both answered.
    pub compared: u64,
    /// Those with the same numbers, within a thousandth.
    pub agreed: u64,
    /// Those with the same first class.
    pub same_first: u64,
    /// Requests on which the shadow failed.
    pub failed: u64,
    /// Copies for which there was no room.
    pub dropped: u64,
}

/// Which version is to be tried beside the live one.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TryModel)]
pub struct TrialIn {
    /// Its number.
    pub version: u32,
    /// The share of the requests it gets, above 0 and at most 1.
    pub share: f64,
}

/// Reads the body of a trial.
///
/// # Errors
/// [`ErrorCode::InvalidJson`], [`ErrorCode::InvalidParameter`].
pub fn read_trial(body: &[u8]) -> Result<TrialIn, ApiError> {
    parse::one(body, ErrorCode::InvalidParameter)
}
