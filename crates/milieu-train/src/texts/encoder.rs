//! Published encoders that go on learning, as a family of models.

use super::data::Data;
use super::family::Family;
use super::recipe::{EncoderConfig, Recipe};
use milieu_dataset::mix;
use milieu_models::text::{Published, PublishedError, TextClassifier, published};
use milieu_nn::kernels::Spans;
use milieu_nn::losses::{cross_entropy, logistic};
use milieu_nn::{EncoderShape, Optimiser, OptimiserConfig, Parameters, Schedule, Tape, clip, values};
use milieu_text::{Tokenizer, TokenizerError};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
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

/// An encoder in the midst of learning.
#[derive(Serialize, Deserialize)]
pub(super) struct Learning {
    parameters: Parameters,
    optimiser: Optimiser,
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
        let decay = self.recipe.train.decay;
        let config = OptimiserConfig::AdamW { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: decay };
        Learning { parameters: self.first.clone(), optimiser: Optimiser::new(config) }
    }

    fn epoch(&self, state: &mut Learning, epoch: usize, tell: &mut dyn FnMut(usize, usize)) -> f64 {
        let config = &self.recipe.train;
        let seed = mix(self.recipe.seed, epoch as u64 + 1);
        let mut order = self.data.parts.train.clone();
        order.shuffle(&mut Pcg64Mcg::seed_from_u64(seed));
        let steps = order.len().div_ceil(config.batch);
        let schedule = Schedule::OneCycle { warm_up: self.config.warm_up };
        let mut sum = 0.0;
        for (number, numbers) in order.chunks(config.batch).enumerate() {
            let step = epoch * steps + number;
            let rate = config.rate * schedule.factor(step, config.epochs * steps) as f32;
            let (tokens, spans) = self.packed(numbers);
            let wanted = numbers.iter().flat_map(|&at| self.data.wanted(at, config.smoothing)).collect();
            let tape = Tape::training(&state.parameters, mix(seed, number as u64));
            let logits = self.network.logits(&tape, &tokens, &spans, config.dropout);
            let targets = tape.tensor(wanted, [numbers.len(), self.data.classes.len()]);
            let loss = if self.data.many {
                // The sum over classes, as in the bag: a mean would make steps of many classes small.
                logistic(logits, targets) * self.data.classes.len() as f32
            } else {
                cross_entropy(logits, targets, None)
            };
            let value = values(loss.clone()).first().copied().unwrap_or(f32::NAN);
            let (mut gradients, _) = tape.gradients(&loss);
            clip(&mut gradients, LONGEST);
            state.optimiser.step(&mut state.parameters, &gradients, rate);
            sum += f64::from(value) * numbers.len() as f64;
            tell(number + 1, steps);
            if !value.is_finite() {
                break;
            }
        }
        sum / order.len().max(1) as f64
    }

    fn model<'s>(&self, state: &'s Learning) -> &'s Parameters {
        &state.parameters
    }

    fn answer(&self, parameters: &Parameters, numbers: &[usize]) -> Vec<f32> {
        let mut logits = Vec::with_capacity(numbers.len() * self.data.classes.len());
        let mut rest = numbers;
        while !rest.is_empty() {
            let mut total = 0;
            let count = rest.iter().take_while(|&&at| {
                total += self.tokens[at].len();
                total <= TOGETHER
            });
            let (batch, after) = rest.split_at(count.count().max(1));
            let (tokens, spans) = self.packed(batch);
            let tape = Tape::answering(parameters);
            logits.extend(values(self.network.logits(&tape, &tokens, &spans, 0.0)));
            rest = after;
        }
        logits
    }

    fn parameters(&self, parameters: &Parameters) -> usize {
        parameters.count()
    }
}
