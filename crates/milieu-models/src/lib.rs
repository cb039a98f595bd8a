//! Architectures of neural networks: which layers, in which order; their ONNX graphs; smaller ones made of
//! larger ones.

mod error;
mod export;
pub mod image;
mod parts;
mod prune;
pub mod sequence;

pub use error::ModelError;
pub use export::{onnx, onnx_next};
pub use prune::prune;
