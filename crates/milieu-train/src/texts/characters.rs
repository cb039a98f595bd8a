//! Networks of characters, which learn from nothing, as a family of models.

use super::data::Data;
use super::family::Family;
use super::network::NetworkConfig;
use super::recipe::{FitConfig, Recipe};
use crate::descent::{Learning, Step, class_loss, together};
use milieu_dataset::mix;
use milieu_models::text::{CharacterBatch, CharacterDropout, CharacterNetwork, CharacterShape};
use milieu_nn::kernels::Spans;
use milieu_nn::losses::divergence;
use milieu_nn::{Parameters, Tape, Tensor, values};
use milieu_text::{CharacterRows, Characters, UNKNOWN};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;

/// Longer gradients are shortened to this.
const LONGEST: f32 = 5.0;
/// Characters that are answered together.
const TOGETHER: usize = 8192;

/// What a network of characters has learnt.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainedCharacters {
    /// How large it is.
    pub shape: CharacterShape,
    /// What it learnt.
    pub parameters: Parameters,
    /// The characters and pairs that it knows.
    pub vocabulary: Characters,
}

/// Networks over the characters of texts.
pub(super) struct Networks<'a> {
    recipe: &'a Recipe,
    config: &'a NetworkConfig,
    data: &'a Data,
    vocabulary: Characters,
    network: CharacterNetwork,
    first: Parameters,
    /// The rows of each text.
    rows: Vec<CharacterRows>,
}

impl<'a> Networks<'a> {
    pub(super) fn new(recipe: &'a Recipe, config: &'a NetworkConfig, data: &'a Data) -> Self {
        let texts = data.parts.train.iter().map(|&at| data.texts[at].as_str());
        let fewest = [config.fewest_characters, config.fewest_pairs];
        let vocabulary = Characters::learn(texts, fewest, config.characters);
        let [characters, pairs] = vocabulary.rows();
        let NetworkConfig { width, filters, ref windows, .. } = *config;
        let shape = CharacterShape { characters, pairs, width, filters, windows: windows.clone() };
        let (network, first) = CharacterNetwork::new(shape, data.classes.len(), recipe.seed);
        let rows = data.texts.par_iter().map(|text| {
            let rows = vocabulary.rows_of(text);
            if rows.characters.is_empty() {
                // One in which nothing is seen has a label all the same.
                return CharacterRows { characters: vec![UNKNOWN], pairs: vec![UNKNOWN] };
            }
            rows
        });
        let rows = rows.collect();
        Self { recipe, config, data, vocabulary, network, first, rows }
    }

    /// A model with what is needed to serve it.
    pub(super) fn trained(&self, parameters: Parameters) -> TrainedCharacters {
        let (shape, vocabulary) = (self.network.shape().clone(), self.vocabulary.clone());
        TrainedCharacters { shape, parameters, vocabulary }
    }

    /// Some texts one after the other; of each a share of the positions is unknown, which a seed decides.
    fn packed(&self, numbers: &[usize], dropped: f32, seed: u64) -> CharacterBatch {
        let mut batch = CharacterBatch {
            characters: Vec::new(),
            pairs: Vec::new(),
            spans: Spans::new(numbers.iter().map(|&at| self.rows[at].characters.len())),
        };
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        for &at in numbers {
            let CharacterRows { characters, pairs } = &self.rows[at];
            for (&character, &pair) in characters.iter().zip(pairs) {
                let drops = dropped > 0.0 && random.random::<f32>() < dropped;
                batch.characters.push(if drops { UNKNOWN } else { character });
                batch.pairs.push(if drops { UNKNOWN } else { pair });
            }
        }
        batch
    }

    fn loss(&self, tape: &Tape<'_>, step: Step<'_>) -> Tensor<1> {
        let NetworkConfig { embedding_dropout, token_dropout, r_drop, .. } = *self.config;
        let FitConfig { dropout, smoothing, .. } = self.recipe.train;
        let count = step.numbers.len();
        // Two answers to each text, between which chance alone makes the difference.
        let twice = if r_drop > 0.0 { step.numbers.repeat(2) } else { step.numbers.to_vec() };
        let batch = self.packed(&twice, token_dropout, mix(mix(step.seed, step.number as u64), 1));
        let dropout = CharacterDropout { embedded: embedding_dropout, pooled: dropout };
        let logits = self.network.logits(tape, &batch, dropout);
        let wanted = twice.iter().flat_map(|&at| self.data.wanted(at, smoothing)).collect();
        let loss = class_loss(tape, logits.clone(), wanted, self.data.many);
        if r_drop <= 0.0 {
            return loss;
        }
        let [one, other] = [0, count].map(|from| logits.clone().narrow(0, from, count));
        loss + divergence(one, other, self.data.many) * r_drop
    }
}

impl Family for Networks<'_> {
    type Model = Parameters;
    type State = Learning;

    fn begin(&self) -> Learning {
        Learning::new(&self.first, self.recipe.train.decay).with_average(self.config.average)
    }

    fn epoch(&self, state: &mut Learning, epoch: usize, tell: &mut dyn FnMut(usize, usize)) -> f64 {
        let descent = self.recipe.descent(self.data, self.config.warm_up, LONGEST);
        descent.epoch(state, epoch, |tape, step| self.loss(tape, step), tell)
    }

    fn model<'s>(&self, state: &'s Learning) -> &'s Parameters {
        state.model()
    }

    fn answer(&self, parameters: &Parameters, numbers: &[usize]) -> Vec<f32> {
        let mut logits = Vec::with_capacity(numbers.len() * self.data.classes.len());
        for some in together(numbers, TOGETHER, |at| self.rows[at].characters.len()) {
            let tape = Tape::answering(parameters);
            let batch = self.packed(some, 0.0, 0);
            logits.extend(values(self.network.logits(&tape, &batch, CharacterDropout::default())));
        }
        logits
    }

    fn parameters(&self, parameters: &Parameters) -> usize {
        parameters.count()
    }
}
