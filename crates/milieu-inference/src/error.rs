//! What can go wrong between a file and an answer.

use crate::InputError;
use std::path::PathBuf;
use std::time::Duration;

/// There is no engine of the kind that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// Neither auto, rten nor onnxruntime.
    #[error("{0:?} is no engine: auto, rten or onnxruntime")]
    Unknown(String),
    /// The library of ONNX Runtime is not there, or cannot be used.
    #[error("ONNX Runtime cannot be used: {0}")]
    Runtime(String),
}

/// Why a model is not loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is larger than the limit; nothing of it was read.
    #[error("the model has {size} bytes, more than the limit of {limit}")]
    TooLarge {
        /// Its size, in bytes.
        size: u64,
        /// The limit, in bytes.
        limit: u64,
    },
    /// The bytes are no ONNX model: damaged, cut short or something else altogether.
    #[error("the file is no ONNX model: {reason}")]
    Malformed {
        /// How it shows.
        reason: String,
    },
    /// The model needs something that is not served.
    #[error("the model has {what}, which is not supported")]
    Unsupported {
        /// What it needs.
        what: String,
    },
    /// The engine refused the model, or broke down over it.
    #[error("{engine} refuses the model: {reason}")]
    Refused {
        /// The engine.
        engine: &'static str,
        /// What it says.
        reason: String,
    },
}

/// A model could not be run on its inputs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The engine reported an error.
    #[error("the model failed: {0}")]
    Failed(String),
    /// The engine broke down; it goes on with the next request.
    #[error("the engine broke down: {0}")]
    Panicked(String),
    /// The engine gave something other than the model's outputs.
    #[error("the model gave an output that is not as declared: {0}")]
    Output(String),
}

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InferError {
    /// The tensors are no input of the model.
    #[error(transparent)]
    Input(#[from] InputError),
    /// All permits are taken.
    #[error("too many requests are waiting; try again in {retry_after:?}")]
    Overloaded {
        /// When about half of what is waiting now will have been answered.
        retry_after: Duration,
    },
    /// The request waited longer than it was allowed to, and was not run.
    #[error("the request waited too long")]
    TimedOut,
    /// The version is closed and takes no more requests.
    #[error("the model is no longer served")]
    Closed,
    /// The model failed on this request.
    #[error(transparent)]
    Run(#[from] RunError),
}
