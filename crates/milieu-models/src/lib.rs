//! Architectures of neural networks: which layers, in which order; their ONNX graphs; smaller ones made of
//! larger ones.

mod error;
mod export;
pub mod image;
mod parts;
mod prune;
pub mod sequence;
pub mod text;

pub use error::ModelError;
pub use export::{TextOutput, onnx, onnx_characters, onnx_next, onnx_text, onnx_words};
pub use prune::prune;
