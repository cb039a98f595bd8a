//! What a model says, by its card.

use crate::classes::Scale;
use crate::picture::PictureClassifier;
use crate::text::TextClassifier;
use milieu_inference::Signature;
use milieu_registry::ModelCard;
use std::sync::Arc;

/// A model cannot be used to classify such a thing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it does not {does}: {reason}")]
pub struct NotAClassifier {
    /// What: `classify pictures`.
    pub does: &'static str,
    /// Why not.
    pub reason: String,
}

/// What a model classifies; a copy costs nothing.
#[derive(Debug, Clone)]
pub enum Classifier {
    /// Pictures.
    Pictures(Arc<PictureClassifier>),
    /// Texts.
    Texts(Arc<TextClassifier>),
}

impl Classifier {
    /// What the card says about a model of this signature, where the two agree; `file` gives a file of the version by its
    /// name.
    ///
    /// # Errors
    /// [`NotAClassifier`].
    pub fn new(
        card: &ModelCard,
        signature: &Signature,
        scale: Scale,
        file: &dyn Fn(&str) -> Option<Vec<u8>>,
    ) -> Result<Self, NotAClassifier> {
        match &card.preprocessing {
            Some(preprocessing) if preprocessing.is_of_texts() => {
                TextClassifier::new(card, signature, scale, file).map(|made| Self::Texts(Arc::new(made)))
            }
            _ => PictureClassifier::new(card, signature, scale).map(|made| Self::Pictures(Arc::new(made))),
        }
    }

    /// How it classifies pictures.
    ///
    /// # Errors
    /// [`NotAClassifier`].
    pub fn of_pictures(self) -> Result<Arc<PictureClassifier>, NotAClassifier> {
        match self {
            Self::Pictures(classifier) => Ok(classifier),
            Self::Texts(_) => {
                Err(NotAClassifier { does: "classify pictures", reason: "it reads texts".into() })
            }
        }
    }

    /// How it classifies texts.
    ///
    /// # Errors
    /// [`NotAClassifier`].
    pub fn of_texts(self) -> Result<Arc<TextClassifier>, NotAClassifier> {
        match self {
            Self::Texts(classifier) => Ok(classifier),
            Self::Pictures(_) => {
                Err(NotAClassifier { does: "classify texts", reason: "it reads pictures".into() })
            }
        }
    }
}
