//! What the action model reads of a user and an item: one assembly for training and serving.

use crate::model::Collaborative;
use milieu_factors::{Accumulator, Served};
use milieu_world::{FEATURES, Feature, ItemIx, Taste, View};

/// The number of inputs: the world's features, then the collaborative score.
pub const INPUTS: usize = FEATURES + 1;

/// The names of the inputs, in order.
#[must_use]
pub fn input_names() -> [&'static str; INPUTS] {
    std::array::from_fn(|place| Feature::ALL.get(place).map_or("Collaborative", |feature| feature.name()))
}

/// A user's side of the inputs, for many items.
pub struct Inputs<'a> {
    view: &'a View<'a>,
    taste: &'a Taste,
    collaborative: Option<&'a Collaborative>,
    scores: &'a mut Accumulator,
}

impl<'a> Inputs<'a> {
    /// Scores the user's taste by the collaborative model. `scores` is scratch, left empty at the end.
    pub fn gather(
        view: &'a View<'a>,
        taste: &'a Taste,
        collaborative: Option<&'a Collaborative>,
        scores: &'a mut Accumulator,
    ) -> Self {
        if let Some(model) = collaborative
            && let Served::Neighbours(neighbours) = model.served()
        {
            scores.reserve(neighbours.items());
            neighbours.score_history(&model.history(taste), scores);
        }
        Self { view, taste, collaborative, scores }
    }

    /// The best items of the collaborative model for this user, in its own numbers, best first; those of
    /// the history may be among them.
    pub(crate) fn best(&self, count: usize, best: &mut Vec<(u32, f32)>) {
        match self.collaborative.map(Collaborative::served) {
            Some(Served::Neighbours(_)) => self.scores.top(count, best),
            Some(popularity) => popularity.recommend(&[], count, &mut Accumulator::default(), best),
            None => best.clear(),
        }
    }

    /// Writes the inputs of an item; all are finite.
    pub fn write(&self, item: ItemIx, out: &mut [f32; INPUTS]) {
        if let Some(features) = out.first_chunk_mut::<FEATURES>() {
            self.taste.features(self.view, item, features);
        }
        let raw = self
            .collaborative
            .and_then(|model| model.model_item(item))
            .map_or(0.0, |number| self.scores.get(number).max(0.0));
        // Between 0 and 1 whatever the model's scale, and not in need of the other candidates' scores.
        out[FEATURES] = raw / (raw + 1.0);
    }
}

impl Drop for Inputs<'_> {
    fn drop(&mut self) {
        self.scores.drain(|_, _| ());
    }
}
