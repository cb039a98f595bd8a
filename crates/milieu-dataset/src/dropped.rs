//! What was left out, and why.

use milieu_media::DecodeError;
use serde::{Deserialize, Serialize};

/// An example that was left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dropped {
    /// The path of its file, or its file and line.
    pub name: String,
    /// Why.
    pub reason: Reason,
}

/// Who says that a picture is sensitive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judge {
    /// A classifier.
    Classifier,
    /// The rule that looks at the share of skin.
    Skin,
}

/// Why something is left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reason {
    /// It has no bytes.
    Empty,
    /// It has more bytes than are read.
    TooManyBytes {
        /// How many.
        bytes: u64,
    },
    /// It cannot be read.
    Unreadable {
        /// What the disk says.
        message: String,
    },
    /// It cannot be decoded.
    Undecodable {
        /// What the decoder says.
        message: String,
    },
    /// It has too few pixels.
    TooSmall {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
    },
    /// It has too many pixels.
    TooLarge {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
    },
    /// The same came before, for the same class.
    Duplicate {
        /// Where.
        of: String,
    },
    /// The same stands for another class too: one of the labels is wrong, and which is not known.
    Contradiction {
        /// Where.
        with: String,
    },
    /// The same is in a part that measures.
    Leak {
        /// Where.
        into: String,
    },
    /// Nearly the same came before, for the same class.
    NearDuplicate {
        /// Where.
        of: String,
        /// Bits of the perceptual hash that differ.
        distance: u32,
    },
    /// Nearly the same stands for another class too.
    NearContradiction {
        /// Where.
        with: String,
        /// Bits of the perceptual hash that differ.
        distance: u32,
    },
    /// Nearly the same is in a part that measures.
    NearLeak {
        /// Where.
        into: String,
        /// Bits of the perceptual hash that differ.
        distance: u32,
    },
    /// Its label is probably wrong.
    WrongLabel {
        /// The label it has.
        given: String,
        /// The label it should probably have.
        likely: String,
        /// How much more probable that is, 0 to 1.
        margin: f32,
    },
    /// It is probably not for everybody's eyes.
    Sensitive {
        /// Who says so.
        by: Judge,
        /// How sure: the classifier's score, or the share of skin, 0 to 1.
        score: f32,
    },
    /// Whether it is for everybody's eyes could not be found out.
    Unjudged {
        /// What the classifier says.
        message: String,
    },
}

impl From<DecodeError> for Reason {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Empty => Self::Empty,
            DecodeError::Undecodable(message) => Self::Undecodable { message },
            DecodeError::TooSmall { width, height } => Self::TooSmall { width, height },
            DecodeError::TooLarge { width, height } => Self::TooLarge { width, height },
        }
    }
}
