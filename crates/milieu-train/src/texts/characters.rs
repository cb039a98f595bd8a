//! Networks of characters, which learn from nothing, as a family of models.

use super::data::Data;
use super::family::Family;
use super::network::NetworkConfig;
use super::recipe::{FitConfig, Recipe};
use milieu_dataset::mix;
use milieu_models::text::{CharacterBatch, CharacterDropout, CharacterNetwork, CharacterShape};
use milieu_nn::kernels::Spans;
use milieu_nn::losses::{cross_entropy, divergence, logistic};
use milieu_nn::{Average, Optimiser, OptimiserConfig, Parameters, Schedule, Tape, Tensor, clip, values};
use milieu_text::{CharacterRows, Characters, UNKNOWN};
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

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

/// A network in the midst of learning.
#[derive(Serialize, Deserialize)]
pub(super) struct Learning {
    parameters: Parameters,
    optimiser: Optimiser,
    average: Option<Average>,
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

    fn loss(&self, tape: &Tape<'_>, numbers: &[usize], seed: u64) -> Tensor<1> {
        let NetworkConfig { embedding_dropout, token_dropout, r_drop, .. } = *self.config;
        let FitConfig { dropout, smoothing, .. } = self.recipe.train;
        // Two answers to each text, between which chance alone makes the difference.
        let twice = if r_drop > 0.0 { numbers.repeat(2) } else { numbers.to_vec() };
        let (count, classes) = (numbers.len(), self.data.classes.len());
        let batch = self.packed(&twice, token_dropout, seed);
        let dropout = CharacterDropout { embedded: embedding_dropout, pooled: dropout };
        let logits = self.network.logits(tape, &batch, dropout);
        let wanted = twice.iter().flat_map(|&at| self.data.wanted(at, smoothing)).collect();
        let targets = tape.tensor(wanted, [twice.len(), classes]);
        let loss = if self.data.many {
            // The sum over classes, as in the bag: a mean would make steps of many classes small.
            logistic(logits.clone(), targets) * classes as f32
        } else {
            cross_entropy(logits.clone(), targets, None)
        };
        if r_drop <= 0.0 {
            return loss;
        }
        let answers = [0, count].map(|from| logits.clone().narrow(0, from, count));
        let [one, other] = answers;
        loss + divergence(one, other, self.data.many) * r_drop
    }
}

impl Family for Networks<'_> {
    type Model = Parameters;
    type State = Learning;

    fn begin(&self) -> Learning {
        let decay = self.recipe.train.decay;
        let config = OptimiserConfig::AdamW { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: decay };
        let average = self.config.average;
        Learning {
            parameters: self.first.clone(),
            optimiser: Optimiser::new(config),
            average: (average > 0.0).then(|| Average::new(&self.first, average)),
        }
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
            let seed = mix(seed, number as u64);
            let tape = Tape::training(&state.parameters, seed);
            let loss = self.loss(&tape, numbers, mix(seed, 1));
            let value = values(loss.clone()).first().copied().unwrap_or(f32::NAN);
            let (mut gradients, _) = tape.gradients(&loss);
            clip(&mut gradients, LONGEST);
            state.optimiser.step(&mut state.parameters, &gradients, rate);
            if let Some(average) = &mut state.average {
                average.update(&state.parameters);
            }
            sum += f64::from(value) * numbers.len() as f64;
            tell(number + 1, steps);
            if !value.is_finite() {
                break;
            }
        }
        sum / order.len().max(1) as f64
    }

    fn model<'s>(&self, state: &'s Learning) -> &'s Parameters {
        state.average.as_ref().map_or(&state.parameters, Average::parameters)
    }

    fn answer(&self, parameters: &Parameters, numbers: &[usize]) -> Vec<f32> {
        let mut logits = Vec::with_capacity(numbers.len() * self.data.classes.len());
        let mut rest = numbers;
        while !rest.is_empty() {
            let mut total = 0;
            let count = rest.iter().take_while(|&&at| {
                total += self.rows[at].characters.len();
                total <= TOGETHER
            });
            let (some, after) = rest.split_at(count.count().max(1));
            let tape = Tape::answering(parameters);
            let batch = self.packed(some, 0.0, 0);
            logits.extend(values(self.network.logits(&tape, &batch, CharacterDropout::default())));
            rest = after;
        }
        logits
    }

    fn parameters(&self, parameters: &Parameters) -> usize {
        parameters.count()
    }
}
