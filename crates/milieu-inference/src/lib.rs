//! Serving ONNX models: engines, queue, dynamic batching, permits, hot swap.
//!
//! ```text
//! Engines   load a file, within limits        -> Engine    one model, run by one thread at a time
//! Batcher   queue, permits, batches, deadlines           one version: an engine on a thread of its own
//! Deployment  live version, canary, shadow, hot swap     one model's name
//! ```
//!
//! A request is one [`Tensor`] for each input of the model's [`Signature`]; its answer is a [`Pending`]
//! that is awaited on any asynchronous runtime, or waited for by a thread. There is no runtime in here.
//!
//! Times are durations by the monotonic clock. They decide when a batch is started and which requests are
//! too late for it, never what is answered.

mod batcher;
mod deployment;
mod engine;
mod error;
mod join;
mod metrics;
mod outline;
mod sequence;
mod shadow;
mod signature;
mod tensor;

pub use batcher::{Answer, BatchOptions, Batcher, Pending};
pub use deployment::{Chosen, Deployment, Role, Share, VersionReport};
pub use engine::{Engine, EngineChoice, EngineKind, Engines, LoadOptions};
pub use error::{EngineError, InferError, LoadError, RunError};
pub use join::join;
pub use metrics::{BOUNDS_MICROSECONDS, HistogramSnapshot, MetricsSnapshot};
pub use sequence::SequenceModel;
pub use shadow::AgreementSnapshot;
pub use signature::{Dimension, InputError, Port, Signature};
pub use tensor::{Data, DataType, ShapeError, Tensor};
