//! Architectures of neural networks: which layers, in which order.

pub mod image;
pub mod sequence;
