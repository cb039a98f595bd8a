//! Bags of n-grams beside windows over words, as a family of models.

use super::data::Data;
use super::distil::Lessons;
use super::family::Family;
use super::order::OrderConfig;
use super::recipe::{FitConfig, Recipe};
use super::taught::Taught;
use crate::descent::{Descent, Learning, Step, class_loss, together};
use milieu_dataset::mix;
use milieu_models::text::{WordBatch, WordDropout, WordNetwork, WordShape};
use milieu_nn::kernels::Spans;
use milieu_nn::{Parameters, Tape, Tensor, values};
use milieu_text::UNKNOWN;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;

/// Longer gradients are shortened to this.
const LONGEST: f32 = 5.0;
/// N-grams and words that are answered together.
const TOGETHER: usize = 8192;

/// What a network of words has learnt.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainedWords {
    /// How large it is.
    pub shape: WordShape,
    /// What it learnt.
    pub parameters: Parameters,
}

/// Networks over the n-grams and the words of texts.
pub(super) struct Words<'a> {
    recipe: &'a Recipe,
    config: &'a OrderConfig,
    data: &'a Data,
    taught: Taught<'a>,
    /// The numbers of all that is learnt from.
    numbers: Vec<usize>,
    network: WordNetwork,
    first: Parameters,
    /// The rows of the n-grams of each text, and of its words.
    rows: Vec<(Vec<u32>, Vec<u32>)>,
}

impl<'a> Words<'a> {
    pub(super) fn new(
        recipe: &'a Recipe,
        config: &'a OrderConfig,
        data: &'a Data,
        lessons: Option<&'a Lessons>,
    ) -> Self {
        let model = &recipe.model;
        let shape = WordShape {
            grams: model.grams.rows as usize,
            bag: model.width,
            rectified: model.rectified,
            words: config.rows as usize,
            width: config.width,
            filters: config.filters,
            windows: config.windows.clone(),
        };
        let (network, first) = WordNetwork::new(shape, data.classes.len(), recipe.seed);
        let taught = Taught::new(recipe, data, lessons);
        let words = config.words();
        let rows = taught.texts().into_par_iter().map(|text| {
            let (grams, mut words) = model.grams.rows_in_order(&words, text);
            if words.is_empty() {
                // One in which nothing is seen has a label all the same.
                words.push(UNKNOWN);
            }
            (grams, words)
        });
        let rows = rows.collect();
        Self { recipe, config, data, numbers: taught.numbers(), taught, network, first, rows }
    }

    /// A model with what is needed to serve it.
    pub(super) fn trained(&self, parameters: Parameters) -> TrainedWords {
        TrainedWords { shape: self.network.shape().clone(), parameters }
    }

    /// Some texts one after the other; of the n-grams of each a share is left out, and of its words a share is unknown, which a
    /// seed decides.
    fn packed(&self, numbers: &[usize], [grams, words]: [f32; 2], seed: u64) -> WordBatch {
        let rows = |&at: &usize| {
            let (mut bag, mut order) = self.rows[at].clone();
            let mut random = Pcg64Mcg::seed_from_u64(mix(seed, at as u64));
            if grams > 0.0 {
                bag.retain(|_| random.random::<f32>() >= grams);
            }
            if words > 0.0 {
                for word in &mut order {
                    *word = if random.random::<f32>() < words { UNKNOWN } else { *word };
                }
            }
            (bag, order)
        };
        let (bags, order): (Vec<Vec<u32>>, Vec<Vec<u32>>) = numbers.iter().map(rows).unzip();
        WordBatch {
            bags: Spans::new(bags.iter().map(Vec::len)),
            spans: Spans::new(order.iter().map(Vec::len)),
            grams: bags.concat(),
            words: order.concat(),
        }
    }

    fn loss(&self, tape: &Tape<'_>, step: Step<'_>) -> Tensor<1> {
        let OrderConfig { embedding_dropout, token_dropout, .. } = *self.config;
        let dropout = self.recipe.train.dropout;
        let batch = self.packed(step.numbers, [dropout, token_dropout], step.seed);
        let dropout = WordDropout { embedded: embedding_dropout, pooled: dropout };
        let wanted = step.numbers.iter().flat_map(|&at| self.taught.wanted(at)).collect();
        class_loss(tape, self.network.logits(tape, &batch, dropout), wanted, self.data.many)
    }
}

impl Family for Words<'_> {
    type Model = Parameters;
    type State = Learning;

    fn begin(&self) -> Learning {
        Learning::new(&self.first, self.recipe.train.decay).with_average(self.config.average)
    }

    fn epoch(&self, state: &mut Learning, epoch: usize, tell: &mut dyn FnMut(usize, usize)) -> f64 {
        let FitConfig { epochs, batch, rate, .. } = self.recipe.train;
        let (seed, train, warm_up) = (self.recipe.seed, &self.numbers, self.config.warm_up);
        let descent = Descent { seed, train, epochs, batch, rate, warm_up, longest: LONGEST };
        descent.epoch(state, epoch, |tape, step| self.loss(tape, step), tell)
    }

    fn model<'s>(&self, state: &'s Learning) -> &'s Parameters {
        state.model()
    }

    fn answer(&self, parameters: &Parameters, numbers: &[usize]) -> Vec<f32> {
        let mut logits = Vec::with_capacity(numbers.len() * self.data.classes.len());
        let length = |at: usize| self.rows[at].0.len() + self.rows[at].1.len();
        for some in together(numbers, TOGETHER, length) {
            let tape = Tape::answering(parameters);
            let batch = self.packed(some, [0.0; 2], 0);
            logits.extend(values(self.network.logits(&tape, &batch, WordDropout::default())));
        }
        logits
    }

    fn parameters(&self, parameters: &Parameters) -> usize {
        parameters.count()
    }
}
