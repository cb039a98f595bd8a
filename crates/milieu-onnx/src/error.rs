//! What can be wrong with a model.

/// Every way in which a model is refused. None leaves anything half done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OnnxError {
    /// There is more of something than the limits allow.
    #[error("{found} {what} exceed the limit of {limit}")]
    Limit {
        /// Of what.
        what: &'static str,
        /// How many there are, at least.
        found: u64,
        /// How many are allowed.
        limit: u64,
    },
    /// The bytes are no protobuf message, or end too early.
    #[error("byte {at}: {reason}")]
    Damaged {
        /// Where.
        at: usize,
        /// How it shows.
        reason: &'static str,
    },
    /// A message's fields do not have the types that they should have.
    #[error("the file is no ONNX model: {0}")]
    Message(String),
    /// The model breaks a rule of ONNX.
    #[error("{place}: {reason}")]
    Invalid {
        /// Which graph, node or tensor.
        place: String,
        /// Which rule.
        reason: String,
    },
    /// The values of a tensor are in another file, which is never read.
    #[error("tensor {tensor}: its values are in another file; save the model with its weights inside")]
    ExternalData {
        /// The tensor.
        tensor: String,
    },
    /// A rewrite does not know how to deal with a part of the model.
    #[error("{place}: {reason}")]
    Unsupported {
        /// Which node or tensor.
        place: String,
        /// What is not known.
        reason: String,
    },
    /// An argument of a rewrite is out of its range, or names what is not there.
    #[error("{0}")]
    Argument(String),
}

impl OnnxError {
    pub(crate) fn invalid(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Invalid { place: place.into(), reason: reason.into() }
    }

    pub(crate) fn unsupported(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Unsupported { place: place.into(), reason: reason.into() }
    }
}
