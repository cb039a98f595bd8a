//! Published encoders that go on learning, as a family of models.

use super::data::Data;
use super::family::Family;
use super::recipe::{EncoderConfig, FitConfig, Recipe};
use crate::descent::{Learning, Step, class_loss, together};
use milieu_models::text::{Published, PublishedError, TextClassifier, published};
use milieu_nn::kernels::Spans;
use milieu_nn::{EncoderShape, Parameters, Tape, values};
use milieu_text::{Tokenizer, TokenizerError};
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// The tokenizer of an encoder, in its folder and in that of a version.
pub(crate) const TOKENIZER: &str = "tokenizer.json";
/// Longer gradients are shortened to this.
const LONGEST: f32 = 1.0;
/// Tokens that are answered together.
const TOGETHER: usize = 4096;

/// Why an encoder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EncoderError {
    /// A file of it cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Its tokenizer.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// Its configuration or its weights.
    #[error(transparent)]
    Published(#[from] PublishedError),
    /// It has no place for so many tokens.
    #[error("encoder.tokens is {wanted}, but the encoder has positions for {positions}")]
    TooLong {
        /// Tokens that are wanted.
        wanted: usize,
        /// Tokens there can be.
        positions: usize,
    },
    /// The tokenizer knows tokens that the encoder does not.
    #[error("the tokenizer knows {tokenizer} tokens, and the encoder {encoder}")]
    Vocabulary {
        /// Tokens of the tokenizer.
        tokenizer: usize,
        /// Tokens of the encoder.
        encoder: usize,
    },
}

/// What an encoder and its head have learnt.
#[derive(Debug, Clone, PartialEq)]
pub struct TunedEncoder {
    /// How large the encoder is.
    pub shape: EncoderShape,
    /// What both learnt.
    pub parameters: Parameters,
    /// The bytes of `tokenizer.json`.
    pub tokenizer: Vec<u8>,
    /// Tokens of a text that are read.
    pub tokens: usize,
}

/// A published encoder as it lies in a folder.
pub(crate) struct ReadEncoder {
    pub(crate) found: Published,
    pub(crate) tokenizer: Tokenizer,
    /// The bytes of `tokenizer.json`.
    pub(crate) json: Vec<u8>,
}

/// Reads an encoder and its tokenizer, which keeps so many tokens of a text.
pub(crate) fn read_encoder(folder: &Path, tokens: usize) -> Result<ReadEncoder, EncoderError> {
    let read = |name: &str| {
        let path = folder.join(name);
        std::fs::read(&path).map_err(|source| EncoderError::Io { path, source })
    };
    let json = read(TOKENIZER)?;
    let tokenizer = Tokenizer::new(&json, tokens)?;
    let found = published(&read("config.json")?, &read("model.safetensors")?)?;
    let encoder = found.encoder.shape().vocabulary;
    if tokenizer.vocabulary() > encoder {
        return Err(EncoderError::Vocabulary { tokenizer: tokenizer.vocabulary(), encoder });
    }
    Ok(ReadEncoder { found, tokenizer, json })
}

/// A published encoder with a new head.
pub(super) struct Encoders<'a> {
    recipe: &'a Recipe,
    config: &'a EncoderConfig,
    data: &'a Data,
    network: TextClassifier,
    first: Parameters,
    tokenizer: Vec<u8>,
    /// The tokens of each text.
    tokens: Vec<Vec<u32>>,
}

impl<'a> Encoders<'a> {
    pub(super) fn new(
        recipe: &'a Recipe,
        config: &'a EncoderConfig,
        data: &'a Data,
        folder: &Path,
    ) -> Result<Self, EncoderError> {
        let ReadEncoder { found, tokenizer: known, json: tokenizer } = read_encoder(folder, config.tokens)?;
        let positions = found.encoder.shape().positions;
        if config.tokens > positions {
            return Err(EncoderError::TooLong { wanted: config.tokens, positions });
        }
        let (network, first) =
            TextClassifier::new(found.encoder, found.parameters, data.classes.len(), recipe.seed);
        let tokens = data.texts.par_iter().map(|text| known.tokens(text)).collect();
        Ok(Self { recipe, config, data, network, first, tokenizer, tokens })
    }

    /// A model with what is needed to serve it.
    pub(super) fn tuned(&self, parameters: Parameters) -> TunedEncoder {
        let (shape, tokenizer) = (self.network.shape(), self.tokenizer.clone());
        TunedEncoder { shape, parameters, tokenizer, tokens: self.config.tokens }
    }

    /// The tokens of some texts one after the other.
    fn packed(&self, numbers: &[usize]) -> (Vec<u32>, Spans) {
        let tokens = numbers.iter().flat_map(|&at| self.tokens[at].iter().copied()).collect();
        (tokens, Spans::new(numbers.iter().map(|&at| self.tokens[at].len())))
    }
}

impl Family for Encoders<'_> {
    type Model = Parameters;
    type State = Learning;

    fn begin(&self) -> Learning {
        Learning::new(&self.first, self.recipe.train.decay)
    }

    fn epoch(&self, state: &mut Learning, epoch: usize, tell: &mut dyn FnMut(usize, usize)) -> f64 {
        let FitConfig { dropout, smoothing, .. } = self.recipe.train;
        let loss = |tape: &Tape<'_>, step: Step<'_>| {
            let (tokens, spans) = self.packed(step.numbers);
            let logits = self.network.logits(tape, &tokens, &spans, dropout);
            let wanted = step.numbers.iter().flat_map(|&at| self.data.wanted(at, smoothing)).collect();
            class_loss(tape, logits, wanted, self.data.many)
        };
        self.recipe.descent(self.data, self.config.warm_up, LONGEST).epoch(state, epoch, loss, tell)
    }

    fn model<'s>(&self, state: &'s Learning) -> &'s Parameters {
        state.model()
    }

    fn answer(&self, parameters: &Parameters, numbers: &[usize]) -> Vec<f32> {
        let mut logits = Vec::with_capacity(numbers.len() * self.data.classes.len());
        for some in together(numbers, TOGETHER, |at| self.tokens[at].len()) {
            let (tokens, spans) = self.packed(some);
            let tape = Tape::answering(parameters);
            logits.extend(values(self.network.logits(&tape, &tokens, &spans, 0.0)));
        }
        logits
    }

    fn parameters(&self, parameters: &Parameters) -> usize {
        parameters.count()
    }
}
