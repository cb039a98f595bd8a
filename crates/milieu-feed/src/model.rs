//! The trained models a feed uses, bound to the numbers of the world.

use crate::actions::ActionScorer;
use crate::next::NextItems;
use crate::numbers::Numbers;
use milieu_factors::{Accumulator, Served};
use milieu_world::{ItemIx, Taste, World};

/// How many of a user's newest liked items the model is asked with.
const HISTORY: usize = 40;

/// A collaborative model with its items bound to the world's.
#[derive(Debug, Clone)]
pub struct Collaborative {
    /// The registry's name of it, such as `collaborative/3`.
    pub version: String,
    served: Served,
    numbers: Numbers,
}

impl Collaborative {
    /// Binds a model whose item `i` has the id `ids[i]`. Items the world does not know are never
    /// proposed.
    #[must_use]
    pub fn bind(version: String, served: Served, ids: &[String], world: &World) -> Self {
        Self { version, served, numbers: Numbers::bind(ids, world) }
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
        self.numbers.model_item(item)
    }

    pub(crate) fn world_item(&self, number: u32) -> Option<ItemIx> {
        self.numbers.world_item(number)
    }
}

/// The models in use; swapped as a whole.
#[derive(Debug, Clone, Default)]
pub struct Models {
    /// `None` until the first training.
    pub collaborative: Option<Collaborative>,
    /// `None` until one is promoted.
    pub next: Option<NextItems>,
    /// Hand-set until the first training.
    pub actions: ActionScorer,
}

impl Models {
    /// The models that propose.
    #[must_use]
    pub fn proposing(&self) -> (Option<&Collaborative>, Option<&NextItems>) {
        (self.collaborative.as_ref(), self.next.as_ref())
    }
}
