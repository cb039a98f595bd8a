//! What can go wrong.

use thiserror::Error;

/// Why a model could not be trained, read or asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RankerError {
    /// Two lengths that belong together do not agree.
    #[error("{what}: {found} values where {expected} were expected")]
    Shape {
        /// What the values are.
        what: &'static str,
        /// Values expected.
        expected: usize,
        /// Values there are.
        found: usize,
    },
    /// A size is 0 or larger than the model supports.
    #[error("{what}: {found} is outside 1 to {most}")]
    Size {
        /// What is counted.
        what: &'static str,
        /// The count.
        found: usize,
        /// The largest that is supported.
        most: usize,
    },
    /// A number of a model, an example or a configuration is NaN, infinite, or outside its range.
    #[error("{0} is out of range")]
    OutOfRange(&'static str),
    /// A label that is none of the three there are.
    #[error("unknown label {0}")]
    Label(u8),
    /// The model was written in a format this version cannot read.
    #[error("model format {found} where {expected} is read")]
    Version {
        /// The format this version reads.
        expected: u32,
        /// The format of the model.
        found: u32,
    },
    /// The model was trained on other features, or the same in another order.
    #[error("feature {place} is {expected:?} here and {found:?} in the model")]
    Features {
        /// The first place where the names differ.
        place: usize,
        /// The name expected there, empty past the end.
        expected: String,
        /// The model's name there, empty past the end.
        found: String,
    },
    /// The model predicts other tasks, or the same in another order.
    #[error("task {place} is {expected:?} here and {found:?} in the model")]
    Tasks {
        /// The first place where the names differ.
        place: usize,
        /// The name expected there, empty past the end.
        expected: String,
        /// The model's name there, empty past the end.
        found: String,
    },
    /// No example is left to learn from.
    #[error("no labelled example to learn from")]
    NoExamples,
}
