//! What the action model reads of a user and an item: one assembly for training and serving.

use crate::model::Collaborative;
use milieu_factors::Accumulator;
use milieu_world::{FEATURES, Feature, ItemIx, Taste, View};
use rustc_hash::FxHashMap;

/// The number of inputs: the world's features, then those of the collaborative model.
pub const INPUTS: usize = FEATURES + 2;
/// How many of a user's best items the collaborative model tells apart; the rest are alike to it.
const RANKED: usize = 256;

/// The names of the inputs, in order: the world's features; the collaborative score as a share of the
/// user's best; `ln(1 + rank) / ln(1 + 256)` among the items the user has not met, 1 for the rest.
#[must_use]
pub fn input_names() -> [&'static str; INPUTS] {
    let own = |place: usize| if place == FEATURES { "Collaborative" } else { "CollaborativeRank" };
    std::array::from_fn(|place| Feature::ALL.get(place).map_or_else(|| own(place), |feature| feature.name()))
}

/// A user's side of the inputs, for many items.
pub struct Inputs<'a> {
    view: &'a View<'a>,
    taste: &'a Taste,
    /// The collaborative model's best for the user among what they have not met, best first.
    best: Vec<(ItemIx, f32)>,
    ranks: FxHashMap<ItemIx, usize>,
}

impl<'a> Inputs<'a> {
    /// Asks the collaborative model for the taste. `scores` is scratch, left empty.
    pub fn gather(
        view: &'a View<'a>,
        taste: &'a Taste,
        collaborative: Option<&Collaborative>,
        scores: &mut Accumulator,
    ) -> Self {
        let mut best = Vec::new();
        if let Some(model) = collaborative {
            let history = model.history(taste);
            let mut found = Vec::new();
            model.served().recommend(&history, RANKED + history.len(), scores, &mut found);
            let unmet = |item: ItemIx| taste.user().is_none_or(|user| !view.has_met(user, item));
            best.extend(found.iter().filter_map(|&(number, score)| Some((model.world_item(number)?, score))));
            best.retain(|&(item, _)| unmet(item));
            best.truncate(RANKED);
        }
        let ranks = best.iter().enumerate().map(|(rank, &(item, _))| (item, rank)).collect();
        Self { view, taste, best, ranks }
    }

    /// The taste the inputs are of.
    pub(crate) fn taste(&self) -> &'a Taste {
        self.taste
    }

    /// The collaborative model's best, best first.
    pub(crate) fn best(&self) -> impl Iterator<Item = ItemIx> + '_ {
        self.best.iter().map(|&(item, _)| item)
    }

    /// Writes the inputs of an item; all are finite, and none depends on the other candidates.
    pub fn write(&self, item: ItemIx, out: &mut [f32; INPUTS]) {
        if let Some(features) = out.first_chunk_mut::<FEATURES>() {
            self.taste.features(self.view, item, features);
        }
        let top = self.best.first().map_or(0.0, |&(_, score)| score);
        let rank = self.ranks.get(&item).copied();
        let score = rank.map_or(0.0, |rank| self.best[rank].1);
        out[FEATURES] = if top > 0.0 { (score / top).clamp(0.0, 1.0) } else { 0.0 };
        out[FEATURES + 1] = rank.map_or(1.0, |rank| (rank as f32).ln_1p() / (RANKED as f32).ln_1p());
    }
}
