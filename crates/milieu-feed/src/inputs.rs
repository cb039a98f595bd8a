//! What the action model reads of a user and an item: one assembly for training and serving.

use crate::model::Collaborative;
use crate::next::NextItems;
use milieu_factors::Accumulator;
use milieu_world::{FEATURES, Feature, ItemIx, Taste, View};
use rustc_hash::FxHashMap;

/// The names of what models say of an item, in order, behind the world's features.
const OF_MODELS: [&str; 4] = ["Collaborative", "CollaborativeRank", "Next", "NextRank"];
/// The number of inputs: the world's features, then those of the collaborative and the next-item model.
pub const INPUTS: usize = FEATURES + OF_MODELS.len();
/// How many of a user's best items a model tells apart; the rest are alike to it.
const RANKED: usize = 256;

/// The names of the inputs, in order: the world's features; the collaborative score as a share of the
/// user's best; `ln(1 + rank) / ln(1 + 256)` among the items the user has not met, 1 for the rest; and the same
/// two of what comes next, where the share is one of probabilities.
#[must_use]
pub fn input_names() -> [&'static str; INPUTS] {
    let of_models = |place: usize| OF_MODELS.get(place.wrapping_sub(FEATURES)).copied().unwrap_or_default();
    std::array::from_fn(|place| {
        Feature::ALL.get(place).map_or_else(|| of_models(place), |feature| feature.name())
    })
}

/// A user's side of the inputs, for many items.
pub struct Inputs<'a> {
    view: &'a View<'a>,
    taste: &'a Taste,
    collaborative: Best,
    next: Best,
}

/// A model's best for a user among what they have not met, best first, with scores.
#[derive(Default)]
struct Best {
    items: Vec<(ItemIx, f32)>,
    ranks: FxHashMap<ItemIx, usize>,
}

impl Best {
    fn new(mut items: Vec<(ItemIx, f32)>, view: &View<'_>, taste: &Taste) -> Self {
        items.retain(|&(item, _)| taste.user().is_none_or(|user| !view.has_met(user, item)));
        items.truncate(RANKED);
        let ranks = items.iter().enumerate().map(|(rank, &(item, _))| (item, rank)).collect();
        Self { items, ranks }
    }

    /// An item's score as a share of the best one's, and its rank.
    fn of(&self, item: ItemIx) -> [f32; 2] {
        let top = self.items.first().map_or(0.0, |&(_, score)| score);
        let rank = self.ranks.get(&item).copied();
        let score = rank.map_or(0.0, |rank| self.items[rank].1);
        let share = if top > 0.0 { (score / top).clamp(0.0, 1.0) } else { 0.0 };
        [share, rank.map_or(1.0, |rank| (rank as f32).ln_1p() / (RANKED as f32).ln_1p())]
    }
}

impl<'a> Inputs<'a> {
    /// Asks the models that are given for the taste. `scores` is scratch, left empty.
    pub fn gather(
        view: &'a View<'a>,
        taste: &'a Taste,
        (collaborative, next): (Option<&Collaborative>, Option<&NextItems>),
        scores: &mut Accumulator,
    ) -> Self {
        let collaborative = collaborative.map(|model| {
            let history = model.history(taste);
            let mut found = Vec::new();
            model.served().recommend(&history, RANKED + history.len(), scores, &mut found);
            let of_world = |&(number, score): &(u32, f32)| Some((model.world_item(number)?, score));
            Best::new(found.iter().filter_map(of_world).collect(), view, taste)
        });
        let next = next.map(|model| Best::new(model.best(taste).to_vec(), view, taste));
        Self { view, taste, collaborative: collaborative.unwrap_or_default(), next: next.unwrap_or_default() }
    }

    /// The taste the inputs are of.
    pub(crate) fn taste(&self) -> &'a Taste {
        self.taste
    }

    /// The collaborative model's best, best first.
    pub(crate) fn collaborative(&self) -> impl Iterator<Item = ItemIx> + '_ {
        self.collaborative.items.iter().map(|&(item, _)| item)
    }

    /// The next-item model's best, best first.
    pub(crate) fn next(&self) -> impl Iterator<Item = ItemIx> + '_ {
        self.next.items.iter().map(|&(item, _)| item)
    }

    /// Writes the inputs of an item; all are finite, and none depends on the other candidates.
    pub fn write(&self, item: ItemIx, out: &mut [f32; INPUTS]) {
        if let Some(features) = out.first_chunk_mut::<FEATURES>() {
            self.taste.features(self.view, item, features);
        }
        for (place, best) in [(FEATURES, &self.collaborative), (FEATURES + 2, &self.next)] {
            out[place..place + 2].copy_from_slice(&best.of(item));
        }
    }
}
