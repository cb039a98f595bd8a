//! Bags of n-grams as a family of models.

use super::bag::{Bag, Loss, Step, Wanted};
use super::data::Data;
use super::distil::Lessons;
use super::family::Family;
use super::recipe::Recipe;
use super::taught::Taught;
use milieu_dataset::mix;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;

/// Bags over the n-grams of texts.
pub(super) struct Bags<'a> {
    recipe: &'a Recipe,
    data: &'a Data,
    taught: Taught<'a>,
    /// The rows of each text's n-grams.
    rows: Vec<Vec<u32>>,
}

impl<'a> Bags<'a> {
    pub(super) fn new(recipe: &'a Recipe, data: &'a Data, lessons: Option<&'a Lessons>) -> Self {
        let taught = Taught::new(recipe, data, lessons);
        let rows = taught.texts().par_iter().map(|text| recipe.model.grams.rows_of(text)).collect();
        Self { recipe, data, taught, rows }
    }

    fn wanted(&self, at: usize, seed: u64) -> Wanted {
        let config = &self.recipe.train;
        let mut rows = self.rows[at].clone();
        if config.dropout > 0.0 {
            let mut random = Pcg64Mcg::seed_from_u64(mix(seed, at as u64));
            rows.retain(|_| random.random::<f32>() >= config.dropout);
        }
        Wanted { rows, shares: self.taught.wanted(at) }
    }
}

impl Family for Bags<'_> {
    type Model = Bag;
    type State = Bag;

    fn begin(&self) -> Bag {
        let Recipe { model, seed, .. } = self.recipe;
        Bag::new(model.grams.rows as usize, model.width, model.rectified, self.data.classes.len(), *seed)
    }

    fn epoch(&self, bag: &mut Bag, epoch: usize, tell: &mut dyn FnMut(usize, usize)) -> f64 {
        let config = &self.recipe.train;
        let seed = mix(self.recipe.seed, epoch as u64 + 1);
        let mut order = self.taught.numbers();
        order.shuffle(&mut Pcg64Mcg::seed_from_u64(seed));
        let steps = order.len().div_ceil(config.batch);
        let loss = if self.data.many { Loss::Logistic } else { Loss::CrossEntropy };
        let mut sum = 0.0;
        for (number, numbers) in order.chunks(config.batch).enumerate() {
            let done = (epoch * steps + number) as f32 / (config.epochs * steps) as f32;
            let batch: Vec<Wanted> = numbers.par_iter().map(|&at| self.wanted(at, seed)).collect();
            sum += bag.step(&batch, Step { rate: config.rate * (1.0 - done), decay: config.decay, loss });
            tell(number + 1, steps);
        }
        sum / order.len().max(1) as f64
    }

    fn model<'s>(&self, state: &'s Bag) -> &'s Bag {
        state
    }

    fn answer(&self, bag: &Bag, numbers: &[usize]) -> Vec<f32> {
        let rows: Vec<Vec<f32>> = numbers.par_iter().map(|&at| bag.logits(&self.rows[at])).collect();
        rows.concat()
    }

    fn parameters(&self, bag: &Bag) -> usize {
        bag.parameters()
    }
}
