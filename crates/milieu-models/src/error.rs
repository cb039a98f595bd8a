//! What can be wrong with layers and parameters that belong together.

use milieu_nn::ShapeError;
use milieu_onnx::OnnxError;

/// Why a network cannot be exported or pruned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// A layer does not fit what comes before it.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// A parameter is absent or of another shape than its layer needs.
    #[error("parameter {name:?} is absent or does not have the shape {shape:?}")]
    Parameter {
        /// Its name.
        name: String,
        /// The shape that it should have.
        shape: Vec<usize>,
    },
    /// The share to remove is not between 0 and 1.
    #[error("the share {0} is not between 0 and 1")]
    Share(String),
    /// The graph breaks a rule of ONNX.
    #[error(transparent)]
    Onnx(#[from] OnnxError),
    /// There is no graph for layers of this kind.
    #[error("{0} have no graph")]
    Graph(&'static str),
}
