//! The hot loops of training on a processor, over plain slices. Whoever calls them decides about tensors.

mod convolution;
mod plan;
mod tile;

pub use convolution::Convolution;
pub use plan::ConvolutionShape;
