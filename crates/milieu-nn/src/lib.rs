//! Neural networks: layers, losses, optimisers, and what they are computed by. The only crate that knows
//! the tensor framework.
//!
//! A network is data: a list of [`Layer`]s and named [`Parameters`] that are plain values. A [`Tape`] puts
//! them into tensors for one step, records what is done to them, and hands out their gradients as plain
//! values again, which an [`Optimiser`] works on.

pub mod attention;
mod average;
mod encoder;
mod gradient;
mod initialise;
pub mod kernels;
mod layer;
pub mod losses;
mod network;
pub mod ops;
mod optimiser;
mod orthogonal;
mod parameters;
pub mod recurrent;
mod schedule;
mod tape;
mod whitening;

pub use average::Average;
pub use burn::tensor::Tensor;
pub use encoder::{Encoder, EncoderShape};
pub use gradient::{Gradient, Gradients, accumulate};
pub use initialise::Initialiser;
pub use layer::{Activation, Layer, ShapeError, Size};
pub use network::Network;
pub use optimiser::{Optimiser, OptimiserConfig, clip};
pub use parameters::{Parameter, ParameterId, ParameterKind, Parameters, Statistics};
pub use schedule::Schedule;
pub use tape::{Tape, values};
pub use whitening::whitening;
