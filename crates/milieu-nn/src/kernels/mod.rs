//! The hot loops of training on a processor, over plain slices. Whoever calls them decides about tensors.

mod attention;
mod catalogue;
mod convolution;
mod crf;
mod curves;
mod distances;
mod gelu;
mod layer_norm;
mod linear;
mod mask;
mod normalise;
mod plan;
mod pooling;
mod scores;
mod spans;
mod tile;
mod windows;

pub use attention::PackedAttention;
pub use catalogue::{Competition, Outcome};
pub use convolution::Convolution;
pub use crf::{Crf, CrfLoss, CrfScores, Succession};
pub use distances::{Distances, distance_bucket};
pub use gelu::{gelu, gelu_backward};
pub use layer_norm::LayerNorm;
pub use linear::Linear;
pub use mask::mask;
pub use normalise::{Moments, Normalisation};
pub use plan::ConvolutionShape;
pub use pooling::Pooling;
pub use scores::scores;
pub use spans::Spans;
pub use windows::{Largest, Windows};
