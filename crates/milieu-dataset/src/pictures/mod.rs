//! Labelled pictures: read from folders and archives, decoded, cleaned, split and augmented.

mod augment;
mod clean;
mod collect;
mod decode;
mod encode;
mod prepare;
mod source;
mod split;
#[cfg(test)]
mod tests;

pub use augment::{Augmentation, Cut, augment};
pub use clean::{CleaningConfig, Dropped, Reason, clean};
pub use collect::{CollectError, Collection, Labelled, Part, collect};
pub use decode::{DecodeError, DecodeLimits, Picture, decode};
pub use encode::png;
pub use prepare::{Fit, Preparation};
pub use source::{SourceError, SourceFile, read_files};
pub use split::{Parts, split};
