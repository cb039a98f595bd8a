//! What can go wrong.

use thiserror::Error;

/// Why an index could not be built, searched or read.
#[derive(Debug, Error)]
pub enum VectorError {
    /// A vector has another number of dimensions than the index.
    #[error("a vector of {found} dimensions where the index has {expected}")]
    Dimensions {
        /// Dimensions of the index.
        expected: usize,
        /// Dimensions given.
        found: usize,
    },
    /// The number of dimensions is 0 or larger than 4,096.
    #[error("an index cannot have {0} dimensions (1 to 4096)")]
    UnsupportedDimensions(usize),
    /// A vector holds NaN, an infinity, or numbers whose squares overflow.
    #[error("the vector of id {0} is not finite")]
    NotFinite(u32),
    /// The query holds NaN, an infinity, or numbers whose squares overflow.
    #[error("the query is not finite")]
    QueryNotFinite,
    /// An id was given twice.
    #[error("id {0} was given twice")]
    DuplicateId(u32),
    /// More vectors than slots can be numbered by `u32`.
    #[error("an index holds at most {} vectors", u32::MAX)]
    Full,
    /// The file is not an index, or was written by a version this one cannot read.
    #[error("not an index file of this version")]
    Format,
    /// The file says something that cannot be.
    #[error("broken index file: {0}")]
    Broken(&'static str),
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}
