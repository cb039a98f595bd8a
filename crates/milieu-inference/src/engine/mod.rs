//! Engines: what runs a model. Two are built in, rten in pure Rust and ONNX Runtime where its library is
//! found; bags of n-grams, and windows over words beside them, are run by own code
//! with either.

mod bag;
mod choice;
mod drawn;
mod guard;
mod onnxruntime;
mod rten;
mod windows;

pub use choice::{EngineChoice, EngineKind, Engines};
pub(crate) use guard::{STACK, guarded};

use crate::{RunError, Signature, Tensor};

/// A loaded model that can be run. It belongs to one thread at a time and may use more of its own.
pub trait Engine: Send {
    /// What the model takes and gives.
    fn signature(&self) -> &Signature;

    /// Runs the model on one tensor for each input, in the signature's order, which are believed to fit
    /// it ([`Signature::check`]). Gives one tensor for each output.
    ///
    /// # Errors
    /// [`RunError`]; the engine can be run again after it.
    fn run(&mut self, inputs: &[Tensor]) -> Result<Vec<Tensor>, RunError>;
}

/// What holds for every model that is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadOptions {
    /// The most bytes of a file.
    pub most_bytes: u64,
    /// Keep a copy of the weights in the layout that the kernels want: faster, for up to twice the memory.
    /// ONNX Runtime always does so.
    pub prepack: bool,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self { most_bytes: 1 << 30, prepack: true }
    }
}
