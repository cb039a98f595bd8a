//! Labelled pictures: read from folders and archives, decoded, cleaned, split and augmented.

mod augment;
mod blend;
mod clean;
mod collect;
mod hash;
mod screen;
mod source;
mod split;
#[cfg(test)]
mod tests;

pub use crate::dropped::{Dropped, Reason};
pub use crate::examples::Part;
pub use crate::files::{SourceError, SourceFile, read_files};
pub use crate::split::Parts;
pub use augment::{Augmentation, Cut, augment, augment_turned, rotate};
pub use blend::{Batch, Blend, blend};
pub use clean::{CleaningConfig, WrongLabels, clean, drop_suspects, list_suspects};
pub use collect::{CollectError, Collection, Labelled, Wanted, collect, collect_wanted};
pub use hash::{fingerprint, perceptual_hash};
pub use milieu_media::{DecodeError, DecodeLimits, Fit, Picture, Preparation, decode, png};
pub use screen::{Classifier, Screen, Sensitive, skin_share};
pub use source::{Entry, Source};
pub use split::split;
