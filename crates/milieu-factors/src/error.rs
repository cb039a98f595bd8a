//! What can go wrong in training.

use crate::{IalsError, InteractionsError};

/// Why a model could not be trained.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FactorsError {
    /// A linear system lost its positive definiteness to rounding.
    #[error("the system has no Cholesky factor in single precision with ridge {ridge}; use a larger ridge")]
    NotPositive {
        /// The ridge in use.
        ridge: f32,
    },
    /// Triples outside a matrix.
    #[error(transparent)]
    Interactions(#[from] InteractionsError),
    /// The factorisation.
    #[error(transparent)]
    Ials(#[from] IalsError),
}
