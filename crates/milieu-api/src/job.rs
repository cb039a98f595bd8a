//! Jobs: work that takes long, done in processes of its own.

use crate::ApiError;
use crate::dataset::read_name;
use crate::parse::one;
use milieu_types::ErrorCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

const CODE: ErrorCode = ErrorCode::InvalidJob;
/// The longest recipe in bytes.
const MOST_RECIPE: usize = 256 << 10;
/// The most settings, and the longest in bytes.
const MOST_SETTINGS: usize = 100;
const MOST_SETTING: usize = 4096;

/// What a job is to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum JobSpec {
    /// Train a model by a recipe.
    Train(TrainJob),
    /// Make a smaller or faster version of a model.
    Optimize(OptimizeJob),
}

/// A model to train.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainJob {
    /// The name of the model: 1 to 64 of `a-z`, `0-9`, `-` and `_`.
    pub model: String,
    /// The name of the data set to learn from.
    pub dataset: String,
    /// The recipe, in TOML; where it is left out, the one for pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipe: Option<String>,
    /// Settings that replace those of the recipe, such as `train.epochs=3`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<String>,
}

/// A version to make smaller or faster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OptimizeJob {
    /// The name of the model.
    pub model: String,
    /// The number of the version to begin with.
    pub version: u32,
    /// The name of the data set to measure by, and to train on with.
    pub dataset: String,
    /// What is done.
    pub method: OptimizeMethod,
    /// The share that goes, of methods that take something away; one half where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<f32>,
    /// Epochs of training on after something was taken away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<u32>,
    /// The most accuracy that may be lost, in points; a version that loses more is not published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_lost: Option<f64>,
}

/// What can be done to a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OptimizeMethod {
    /// Weights and activations in 8 bits, by what the data shows.
    Int8,
    /// Weights in 8 bits, activations by what each request shows.
    Int8Dynamic,
    /// Weights in 8 bits alone.
    Int8Weights,
    /// Numbers of 16 bits.
    Half,
    /// The smallest weights become zero.
    Magnitude,
    /// The least channels go.
    Channels,
}

impl OptimizeMethod {
    /// Its name on the wire and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Int8 => "int8",
            Self::Int8Dynamic => "int8-dynamic",
            Self::Int8Weights => "int8-weights",
            Self::Half => "half",
            Self::Magnitude => "magnitude",
            Self::Channels => "channels",
        }
    }
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It waits for its turn.
    Queued,
    /// It is on.
    Running,
    /// It ended well.
    Done,
    /// It ended badly.
    Failed,
    /// It was cancelled.
    Cancelled,
}

/// A job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Job {
    /// Its id.
    pub id: String,
    /// What it does.
    #[serde(flatten)]
    pub spec: JobSpec,
    /// Where it stands.
    pub state: JobState,
    /// When it was asked for, RFC 3339.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it began.
    #[schema(format = DateTime)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// When it ended.
    #[schema(format = DateTime)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    /// What it said so far, one line an epoch; only where one job is asked for.
    #[schema(value_type = Vec<Object>)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub progress: Vec<Value>,
    /// Its figures, once it has ended.
    #[schema(value_type = Object)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<Value>,
    /// Why it failed, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The jobs.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct JobList {
    /// The newest first.
    pub jobs: Vec<Job>,
}

impl JobState {
    /// Whether nothing more will come.
    #[must_use]
    pub fn is_ended(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

impl JobSpec {
    /// The data set that it reads.
    #[must_use]
    pub fn dataset(&self) -> &str {
        match self {
            Self::Train(job) => &job.dataset,
            Self::Optimize(job) => &job.dataset,
        }
    }

    /// The name of the model that comes of it.
    #[must_use]
    pub fn model(&self) -> &str {
        match self {
            Self::Train(job) => &job.model,
            Self::Optimize(job) => &job.model,
        }
    }

    /// The version of that model that there must be already, if any.
    #[must_use]
    pub fn version(&self) -> Option<u32> {
        match self {
            Self::Train(_) => None,
            Self::Optimize(job) => Some(job.version),
        }
    }
}

/// Reads what a job is to do.
///
/// # Errors
/// `invalid_json` and `invalid_job`, each with the place at fault.
pub fn read_job(body: &[u8]) -> Result<JobSpec, ApiError> {
    let spec: JobSpec = one(body, CODE)?;
    read_name(spec.model(), "model", CODE)?;
    read_name(spec.dataset(), "dataset", CODE)?;
    match &spec {
        JobSpec::Train(job) => check_train(job)?,
        JobSpec::Optimize(job) => check_optimize(job)?,
    }
    Ok(spec)
}

fn check_train(TrainJob { recipe, settings, .. }: &TrainJob) -> Result<(), ApiError> {
    if recipe.as_ref().is_some_and(|recipe| recipe.len() > MOST_RECIPE) {
        return Err(ApiError::at(CODE, "recipe", format!("is longer than {MOST_RECIPE} bytes")));
    }
    if settings.len() > MOST_SETTINGS {
        return Err(ApiError::at(CODE, "settings", format!("holds more than {MOST_SETTINGS}")));
    }
    for (at, setting) in settings.iter().enumerate() {
        if setting.len() > MOST_SETTING || setting.contains('\0') || !setting.contains('=') {
            let message = format!("must be like key=value, without NUL, at most {MOST_SETTING} bytes");
            return Err(ApiError::at(CODE, format!("settings[{at}]"), message));
        }
    }
    Ok(())
}

fn check_optimize(job: &OptimizeJob) -> Result<(), ApiError> {
    let rules = [
        (job.share.is_none_or(|share| share > 0.0 && share < 1.0), "share", "above 0 and below 1"),
        (job.epochs.is_none_or(|epochs| epochs <= 1000), "epochs", "at most 1000"),
        (job.most_lost.is_none_or(|most| (0.0..=100.0).contains(&most)), "most_lost", "0 to 100"),
    ];
    match rules.into_iter().find(|rule| !rule.0) {
        Some((_, field, range)) => Err(ApiError::at(CODE, field, format!("must be {range}"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs() {
        fn check(body: &str, expected: Option<(ErrorCode, Option<&str>)>) {
            let found = read_job(body.as_bytes());
            let refusal = found.as_ref().err().map(|error| (error.code, error.field.as_deref()));
            assert_eq!(refusal, expected, "{body}: {found:?}");
        }
        let bad = |field| Some((ErrorCode::InvalidJob, Some(field)));
        let train = |more: &str| format!(r#"{{"kind":"train","model":"m","dataset":"d"{more}}}"#);
        check(&train(""), None);
        check(&train(r#","recipe":"task = 'x'","settings":["train.epochs=3"]"#), None);
        check("", Some((ErrorCode::InvalidJson, None)));
        check("{", Some((ErrorCode::InvalidJson, None)));
        check(r#"{"model":"m","dataset":"d"}"#, bad("kind"));
        check(r#"{"kind":"train","dataset":"d"}"#, bad("model"));
        check(r#"{"kind":"train","model":"M","dataset":"d"}"#, bad("model"));
        check(r#"{"kind":"train","model":"m","dataset":"../d"}"#, bad("dataset"));
        check(r#"{"kind":"fly"}"#, Some((ErrorCode::InvalidJob, Some("kind"))));
        check(&train(r#","colour":1"#), bad("colour"));
        let optimize = |more: &str| {
            format!(r#"{{"kind":"optimize","model":"m","version":2,"dataset":"d","method":"int8"{more}}}"#)
        };
        check(&optimize(r#","most_lost":0.5"#), None);
        check(&optimize(r#","share":1"#), bad("share"));
        check(&optimize(r#","epochs":1001"#), bad("epochs"));
        check(&optimize(r#","most_lost":-1"#), bad("most_lost"));
        check(&optimize(r#","recipe":"""#), bad("recipe"));
        check(&train(r#","settings":["a=1","b"]"#), bad("settings[1]"));
        check(&train(r#","settings":["a=\u0000"]"#), bad("settings[0]"));
        check(&train(&format!(r#","recipe":"{}""#, "x".repeat(MOST_RECIPE + 1))), bad("recipe"));
        check(&train(&format!(r#","settings":["a={}"]"#, "x".repeat(MOST_SETTING))), bad("settings[0]"));
    }
}
