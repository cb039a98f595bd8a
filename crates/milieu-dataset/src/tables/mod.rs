//! Labelled tables: CSV, TSV and JSONL with named columns, files of texts beside files of labels, texts with tagged parts,
//! manifests of recordings. Lines that are no examples are reported with their number and reason.

mod cells;
mod columns;
mod document;
mod gather;
mod lines;
mod pairs;
mod records;
mod sounds;
mod table;
mod tagged;
#[cfg(test)]
mod tests;

pub use gather::{ClassName, read_class_names};
pub use pairs::{PairConfig, read_pairs};
pub use sounds::{read_manifest, read_sound_folders};
pub use table::{TableConfig, TableFormat, read_table};
pub use tagged::{TaggedConfig, TaggedText, TaggedTexts, TextSlot, read_tagged};

use crate::files::SourceError;
use std::path::PathBuf;

/// Why there are no examples.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// Files cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// There is nothing to read.
    #[error("{} has no file {expected}", path.display())]
    NoFiles {
        /// Where was looked.
        path: PathBuf,
        /// What was looked for.
        expected: String,
    },
    /// There is more text than is kept in memory.
    #[error("{} has more than {most} bytes of text", path.display())]
    TooLarge {
        /// Where.
        path: PathBuf,
        /// How much is kept.
        most: u64,
    },
}
