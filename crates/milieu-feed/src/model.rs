//! The trained models a feed uses, bound to the numbers of the world.

use crate::actions::ActionScorer;
use milieu_factors::{Accumulator, Served};
use milieu_world::{ItemIx, Taste, World};

const UNKNOWN: u32 = u32::MAX;
/// How many of a user's newest liked items the model is asked with.
const HISTORY: usize = 40;

/// A collaborative model with its items bound to the world's.
#[derive(Debug, Clone)]
pub struct Collaborative {
    /// The registry's name of it, such as `collaborative/3`.
    pub version: String,
    served: Served,
    /// The world's number of each item of the model.
    to_world: Vec<u32>,
    /// The model's number of each item of the world.
    to_model: Vec<u32>,
}

impl Collaborative {
    /// Binds a model whose item `i` has the id `ids[i]`. Items the world does not know are never
    /// proposed.
    #[must_use]
    pub fn bind(version: String, served: Served, ids: &[String], world: &World) -> Self {
        let to_world: Vec<u32> = ids.iter().map(|id| world.item(id).map_or(UNKNOWN, |item| item.0)).collect();
        let mut to_model = vec![UNKNOWN; world.item_bound()];
        for (number, &item) in to_world.iter().enumerate() {
            if let Some(place) = to_model.get_mut(item as usize) {
                *place = number as u32;
            }
        }
        Self { version, served, to_world, to_model }
    }

    /// The model itself.
    #[must_use]
    pub fn served(&self) -> &Served {
        &self.served
    }

    /// The user's taste in the model's item numbers.
    pub(crate) fn history(&self, taste: &Taste) -> Vec<(u32, f32)> {
        let known = |&(item, weight): &(ItemIx, f32)| Some((self.model_item(item)?, weight));
        taste.liked().iter().filter_map(known).take(HISTORY).collect()
    }

    /// The best items of the model alone for a taste, best first; known ones may be among them.
    #[must_use]
    pub fn recommend(&self, taste: &Taste, count: usize) -> Vec<ItemIx> {
        let (mut scores, mut best) = (Accumulator::default(), Vec::new());
        self.served.recommend(&self.history(taste), count, &mut scores, &mut best);
        best.into_iter().filter_map(|(number, _)| self.world_item(number)).collect()
    }

    pub(crate) fn model_item(&self, item: ItemIx) -> Option<u32> {
        self.to_model.get(item.at()).copied().filter(|&number| number != UNKNOWN)
    }

    pub(crate) fn world_item(&self, number: u32) -> Option<ItemIx> {
        self.to_world.get(number as usize).copied().filter(|&item| item != UNKNOWN).map(ItemIx)
    }
}

/// The models in use; swapped as a whole.
#[derive(Debug, Clone, Default)]
pub struct Models {
    /// `None` until the first training.
    pub collaborative: Option<Collaborative>,
    /// Hand-set until the first training.
    pub actions: ActionScorer,
}
