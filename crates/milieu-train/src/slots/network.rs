//! A tagger while it learns, and what it says of texts.

use super::characters::{UNKNOWN, encoder_of_characters};
use super::data::Data;
use super::figures::{Answers, Right};
use super::recipe::{FitConfig, Recipe};
use crate::descent::{Descent, Learning, Step, class_loss, together};
use crate::texts::{EncoderConfig, EncoderError, ReadEncoder, read_encoder};
use milieu_dataset::mix;
use milieu_models::text::{TaggerBatch, TextBody, TextTagger};
use milieu_nn::kernels::{Spans, Succession};
use milieu_nn::losses::smooth;
use milieu_nn::{EncoderShape, Parameters, Tape, values};
use milieu_text::tags::{Slot, TagChain, may_begin, may_follow, tag_count, tags_of};
use milieu_text::{Unit, UnitTokens};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;

/// Longer gradients are shortened to this.
const LONGEST: f32 = 1.0;
/// Tokens that are answered together.
const TOGETHER: usize = 4096;

/// What a tagger has learnt, with what is needed to serve it.
#[derive(Debug, Clone, PartialEq)]
pub struct TunedTagger {
    /// How large its encoder is.
    pub shape: EncoderShape,
    /// What the encoder and the heads learnt.
    pub parameters: Parameters,
    /// How scores of units become parts.
    pub chain: TagChain,
    /// The bytes of `tokenizer.json`.
    pub tokenizer: Vec<u8>,
    /// Tokens of a text that are read.
    pub tokens: usize,
}

/// A text as the network reads it, and the right tags of its units.
struct Read {
    tokens: Vec<u32>,
    units: Vec<Unit>,
    tags: Vec<u32>,
}

/// A body with new heads.
pub(super) struct Taggers<'a> {
    recipe: &'a Recipe,
    data: &'a Data,
    network: TextTagger,
    shape: EncoderShape,
    first: Parameters,
    tokenizer: Vec<u8>,
    /// Tokens of a text that are read.
    most: usize,
    texts: Vec<Read>,
}

impl<'a> Taggers<'a> {
    pub(super) fn new(recipe: &'a Recipe, data: &'a Data) -> Result<Self, EncoderError> {
        let ReadEncoder { found, tokenizer, json } = encoder(recipe, data)?;
        let (shape, most) = (found.encoder.shape(), tokenizer.most());
        if most > shape.positions {
            return Err(EncoderError::TooLong { wanted: most, positions: shape.positions });
        }
        let succession = Succession::new(tag_count(data.labels.len()), may_begin, may_follow);
        let body = TextBody::Encoder(found.encoder);
        let (network, first) =
            TextTagger::new(body, found.parameters, data.classes.len(), succession, recipe.seed);
        let read = |(text, slots): (&String, &Vec<Slot>)| {
            let UnitTokens { tokens, units } = tokenizer.units(text);
            let tags = tags_of(&units, slots);
            Read { tokens, units, tags }
        };
        let texts = data.texts.par_iter().zip(&data.slots).map(read).collect();
        Ok(Self { recipe, data, network, shape, first, tokenizer: json, most, texts })
    }

    /// A model with what is needed to serve it.
    pub(super) fn tuned(&self, parameters: Parameters) -> TunedTagger {
        TunedTagger {
            shape: self.shape,
            chain: self.chain(&parameters),
            parameters,
            tokenizer: self.tokenizer.clone(),
            tokens: self.most,
        }
    }

    /// A network that is about to learn.
    pub(super) fn begin(&self) -> Learning {
        let FitConfig { decay, head_rate, .. } = self.recipe.train;
        let rate = |name: &str| if TextTagger::is_of_heads(name) { head_rate } else { 1.0 };
        Learning::new(&self.first, decay).with_rates(rate)
    }

    /// Some texts one after the other.
    fn batch(&self, numbers: &[usize]) -> TaggerBatch {
        let mut batch = TaggerBatch {
            tokens: Vec::new(),
            spans: Spans::new(numbers.iter().map(|&at| self.texts[at].tokens.len())),
            units: Vec::new(),
            unit_spans: Spans::new(numbers.iter().map(|&at| self.texts[at].units.len())),
        };
        for &at in numbers {
            let Read { tokens, units, .. } = &self.texts[at];
            batch.units.extend(units.iter().map(|unit| batch.tokens.len() + unit.place));
            batch.tokens.extend(tokens);
        }
        batch
    }

    /// Takes a share of characters for unknown, so that something is learnt of what is.
    fn forget(&self, batch: &mut TaggerBatch, seed: u64) {
        let share = self.recipe.characters.as_ref().map_or(0.0, |characters| characters.unknown);
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        for &at in batch.units.iter().filter(|_| share > 0.0) {
            if random.random::<f64>() < share {
                batch.tokens[at] = UNKNOWN;
            }
        }
    }

    /// One epoch over the training part; what is drawn depends on the seed and the epoch alone. `tell` hears how many
    /// steps are done of how many. Gives the mean loss.
    pub(super) fn epoch(
        &self,
        state: &mut Learning,
        epoch: usize,
        tell: &mut dyn FnMut(usize, usize),
    ) -> f64 {
        let Self { recipe, data, .. } = self;
        let FitConfig { epochs, batch, rate, dropout, .. } = recipe.train;
        let (seed, train, warm_up) = (recipe.seed, &data.parts.train, recipe.warm_up());
        let loss = |tape: &Tape<'_>, step: Step<'_>| {
            let Step { numbers, number, of, seed } = step;
            let mut batch = self.batch(numbers);
            self.forget(&mut batch, mix(seed, (of + number) as u64));
            let right = numbers.iter().flat_map(|&at| self.texts[at].tags.iter().copied()).collect();
            let tagged = self.network.forward(tape, &batch, dropout);
            let loss = self.network.chain_loss(tape, tagged.emissions, &batch.unit_spans, right);
            let Some(logits) = tagged.logits else { return loss };
            let classes: Vec<usize> = numbers.iter().map(|&at| data.right[at]).collect();
            // The negative logarithm of the probability of all that is right of a text.
            loss + class_loss(tape, logits, smooth(&classes, data.classes.len(), 0.0), false)
        };
        let descent = Descent { seed, train, epochs, batch, rate, warm_up, longest: LONGEST };
        descent.epoch(state, epoch, loss, tell)
    }

    /// What a network says of some texts; `None` where that is not of numbers.
    pub(super) fn answer(&self, parameters: &Parameters, numbers: &[usize]) -> Option<Answers> {
        let chain = self.chain(parameters);
        let mut answers = Answers { logits: Vec::new(), slots: Vec::with_capacity(numbers.len()) };
        for some in together(numbers, TOGETHER, |at| self.texts[at].tokens.len()) {
            let batch = self.batch(some);
            let tape = Tape::answering(parameters);
            let tagged = self.network.forward(&tape, &batch, 0.0);
            let logits = tagged.logits.map(values).unwrap_or_default();
            let emissions = values(tagged.emissions);
            if logits.iter().chain(&emissions).any(|score| !score.is_finite()) {
                return None;
            }
            answers.logits.extend(logits);
            let tags = chain.tags();
            let texts: Vec<_> = some.iter().zip(batch.unit_spans.iter()).collect();
            let slots = |(&at, units): (&usize, std::ops::Range<usize>)| {
                chain.parts(&self.texts[at].units, &emissions[units.start * tags..units.end * tags])
            };
            answers.slots.par_extend(texts.into_par_iter().map(slots));
        }
        Some(answers)
    }

    /// What is right of some texts.
    pub(super) fn right(&self, numbers: &[usize]) -> Right<'a> {
        let data = self.data;
        Right {
            classes: &data.classes,
            labels: &data.labels,
            class: numbers.iter().map(|&at| data.right[at]).collect(),
            slots: numbers.iter().map(|&at| data.slots[at].as_slice()).collect(),
        }
    }

    fn chain(&self, parameters: &Parameters) -> TagChain {
        let scores = self.network.chain(parameters);
        let chain = TagChain::new(self.data.labels.clone(), scores.transitions, scores.ends);
        // What is not of numbers is seen in the loss; the shapes are the network's.
        chain.unwrap_or_else(|_| TagChain::even(self.data.labels.clone()))
    }
}

/// The encoder that a recipe begins with.
fn encoder(recipe: &Recipe, data: &Data) -> Result<ReadEncoder, EncoderError> {
    if let Some(EncoderConfig { path: Some(path), tokens, .. }) = &recipe.encoder {
        return read_encoder(path, *tokens);
    }
    let config = recipe.characters.clone().unwrap_or_default();
    let texts = data.parts.train.iter().map(|&at| data.texts[at].as_str());
    encoder_of_characters(&config, texts, recipe.seed)
}
