//! Models on the wire: what the registry holds, and changes of what is live.

use crate::{ApiError, ModelServing, parse};
use milieu_types::ErrorCode;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The model versions.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ModelList {
    /// The versions, by name, the oldest first.
    pub models: Vec<ModelOut>,
}

/// A model version in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = ModelVersion)]
pub struct ModelOut {
    /// Which job it does, such as `image-cifar10`.
    pub name: String,
    /// Its number.
    pub version: u32,
    /// `candidate`, `shadow`, `canary`, `live` or `retired`.
    pub stage: String,
    /// Its figures.
    pub metrics: BTreeMap<String, f64>,
    /// When it was made, RFC 3339; empty where it is damaged.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// Why it cannot be used, if it cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub damaged: Option<String>,
}

/// A model: its versions, what it serves with, and how that came to be.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Model)]
pub struct ModelStages {
    /// Which job it does.
    pub name: String,
    /// The version that answers, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live: Option<u32>,
    /// The version that answers some requests in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary: Option<ModelTrial>,
    /// The version that computes some requests beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shadow: Option<ModelTrial>,
    /// The versions, the oldest first.
    pub versions: Vec<ModelOut>,
    /// Every change of the stages so far, the oldest first.
    pub changes: Vec<ModelChange>,
    /// How it serves; absent for models that run in no engine, and where no server answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serving: Option<ModelServing>,
}

/// A version on trial beside the live one.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ModelTrial {
    /// Its number.
    pub version: u32,
    /// The share of the requests it gets, above 0 and at most 1.
    pub share: f64,
}

/// One change of the stages of a model.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ModelChange {
    /// `promote`, `rollback`, `canary`, `shadow`, `end_canary` or `end_shadow`.
    pub change: String,
    /// To which version.
    pub version: u32,
    /// When, RFC 3339.
    #[schema(format = DateTime)]
    pub at: String,
    /// The share of the requests of a canary or a shadow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
}

/// All that is known about a model version.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = ModelCard)]
pub struct ModelCardOut {
    /// Which job it does.
    pub name: String,
    /// Its number.
    pub version: u32,
    /// `candidate`, `shadow`, `canary`, `live` or `retired`.
    pub stage: String,
    /// When it was made, RFC 3339.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// Its figures.
    pub metrics: BTreeMap<String, f64>,
    /// Task, inputs, outputs, preprocessing, labels, licence and what else it says of its use.
    #[schema(value_type = Object)]
    pub attributes: serde_json::Value,
    /// Its files.
    pub files: Vec<ModelFile>,
    /// What it learnt from.
    pub data: ModelData,
    /// The settings it was made with.
    pub recipe: String,
    /// The version of the code that made it; empty where that is not known.
    pub code_version: String,
    /// Where it comes from, and what came of it.
    pub lineage: ModelLineage,
}

/// One file of a model version.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ModelFile {
    /// Its name.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256 in lower-case hexadecimal.
    pub sha256: String,
}

/// What a model version learnt from.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ModelData {
    /// The last record of the log that was read; 0 where the data is no log.
    pub last_seq: u64,
    /// How much there was, by name.
    pub counts: BTreeMap<String, u64>,
    /// A hash of the data in hexadecimal; empty where there is none.
    pub hash: String,
}

/// The relatives of a model version.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ModelLineage {
    /// Its parent, the parent's parent and so on.
    pub ancestors: Vec<ModelOut>,
    /// Why they end: `origin`, or `missing`, `damaged` or `cycle` with the version.
    pub end: String,
    /// The versions that name it as their parent, the oldest first.
    pub children: Vec<ModelOut>,
}

/// Which version is to be live.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PromoteModel)]
pub struct PromoteIn {
    /// Its number.
    pub version: u32,
}

/// Reads the body of a promotion.
///
/// # Errors
/// [`ErrorCode::InvalidJson`], [`ErrorCode::InvalidParameter`].
pub fn read_promote(body: &[u8]) -> Result<PromoteIn, ApiError> {
    parse::one(body, ErrorCode::InvalidParameter)
}
