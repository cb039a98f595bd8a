//! The hot loops of training on a processor, over plain slices. Whoever calls them decides about tensors.

mod catalogue;
mod convolution;
mod normalise;
mod plan;
mod pooling;
mod scores;
mod tile;

pub use catalogue::{Competition, Outcome};
pub use convolution::Convolution;
pub use normalise::{Moments, Normalisation};
pub use plan::ConvolutionShape;
pub use pooling::Pooling;
pub use scores::scores;
