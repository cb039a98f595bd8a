//! The items of a model and those of the world.

use milieu_world::{ItemIx, World};

const UNKNOWN: u32 = u32::MAX;

/// Which item of the world is which of a model.
#[derive(Debug, Clone)]
pub(crate) struct Numbers {
    /// The world's number of each item of the model.
    to_world: Vec<u32>,
    /// The model's number of each item of the world.
    to_model: Vec<u32>,
}

impl Numbers {
    /// Binds a model whose item `i` has the id `ids[i]`. Items that the world does not know have no number
    /// in it.
    pub(crate) fn bind(ids: &[String], world: &World) -> Self {
        let to_world: Vec<u32> = ids.iter().map(|id| world.item(id).map_or(UNKNOWN, |item| item.0)).collect();
        let mut to_model = vec![UNKNOWN; world.item_bound()];
        for (number, &item) in to_world.iter().enumerate() {
            if let Some(place) = to_model.get_mut(item as usize) {
                *place = number as u32;
            }
        }
        Self { to_world, to_model }
    }

    pub(crate) fn model_item(&self, item: ItemIx) -> Option<u32> {
        self.to_model.get(item.at()).copied().filter(|&number| number != UNKNOWN)
    }

    pub(crate) fn world_item(&self, number: u32) -> Option<ItemIx> {
        self.to_world.get(number as usize).copied().filter(|&item| item != UNKNOWN).map(ItemIx)
    }
}
