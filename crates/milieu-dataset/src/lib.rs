//! Reading data from elsewhere: import formats, ratings, sequences, pictures; cleaning, splits, augmentation.

pub mod import;
pub mod pictures;
pub mod ratings;
mod sequences;

pub use sequences::{ItemSequences, SequencesError};
