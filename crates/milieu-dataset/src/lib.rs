//! Reading data from elsewhere: import formats, ratings, sequences, tables, pictures; cleaning, splits,
//! augmentation, batches made ahead.

mod dropped;
mod duplicates;
pub mod edges;
pub mod egos;
mod examples;
mod files;
mod hamming;
pub mod import;
mod loader;
pub mod pictures;
mod random;
pub mod ratings;
mod sequences;

pub use sequences::{ItemSequences, SequencesError};
mod settings;
pub mod split;
mod suspects;
pub mod tables;
mod told;

pub use dropped::{Dropped, Judge, Reason};
pub use duplicates::{Fingerprint, clean_by_text, clean_texts};
pub use examples::{BadLine, BadLines, Examples, Facts, Labelled, Part};
pub use files::{Place, SourceError, SourceFile, read_files};
pub use loader::{Loader, LoaderConfig, LoaderError};
pub use random::mix;
pub use settings::RangeError;
pub use suspects::{Suspect, Suspicion, SuspicionError, suspects};
pub use told::clean_told_texts;
