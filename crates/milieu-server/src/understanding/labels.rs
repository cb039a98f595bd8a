//! The labels of items in memory, where feeds read them.

use super::meanings::number;
use super::readers::Readers;
use super::results::{Found, ResultsError, Understood};
use super::worker::Worker;
use crate::state::Shared;
use milieu_feed::ItemLabel;
use milieu_world::ItemIx;

/// Items that are looked at under one hold of the world.
const HOLD: u32 = 4096;

/// What models say of an item.
fn said<'u>(shared: &Shared, known: &'u Understood) -> Vec<ItemLabel<'u>> {
    let moderation = &shared.config.moderation;
    let mut row = Vec::new();
    for (model, said) in &known.by {
        let Found::Labels(labels) = &said.found else { continue };
        let judges = moderation.models.is_empty() || moderation.models.contains(model);
        row.extend(labels.iter().enumerate().map(|(place, found)| ItemLabel {
            model,
            label: &found.label,
            probability: found.probability as f32,
            applies: found.applies.unwrap_or(place == 0),
            harms: judges && moderation.labels.of(model, &found.label).is_some(),
        }));
    }
    row
}

impl Worker<'_> {
    /// All labels that are stored, of the models that are live.
    pub(super) fn read_labels(&self, readers: &Readers) -> Result<(), ResultsError> {
        for entry in self.results.all() {
            let (id, mut known) = entry?;
            known.by.retain(|name, _| readers.known.contains(name));
            let number = number(&self.shared.world.read(), &id);
            if let Some(number) = number {
                self.label(number, &known);
            }
        }
        Ok(())
    }

    /// Forgets what models say that are live no more.
    pub(super) fn keep_labels(&self, readers: &Readers) {
        let is_known = |name: &str| readers.known.contains(name);
        self.shared.engine.change_labels(|labels| labels.keep_models(is_known));
    }

    /// Has feeds know an item by what is known of its text, and by nothing else.
    pub(super) fn label(&self, number: u32, known: &Understood) {
        let row = said(self.shared, known);
        self.shared.engine.change_labels(|labels| labels.put(ItemIx(number), row));
    }

    /// Forgets what is said of items that are gone. Their ids have no numbers any more.
    pub(super) fn sweep_labels(&self) {
        let Shared { world, engine, .. } = self.shared;
        let mut from = 0;
        loop {
            let gone: Vec<ItemIx> = {
                let world = world.read();
                if from as usize >= world.item_bound() {
                    return;
                }
                let is_gone = |item: &ItemIx| world.item_id(*item).is_none();
                engine.read_labels(|labels| labels.items(from..from + HOLD).filter(is_gone).collect())
            };
            engine.change_labels(|labels| gone.iter().for_each(|item| labels.remove(*item)));
            from += HOLD;
        }
    }

    /// Forgets what is said of an item without a text.
    pub(super) fn unlabel(&self, id: &str) {
        let number = number(&self.shared.world.read(), id);
        if let Some(number) = number {
            self.shared.engine.change_labels(|labels| labels.remove(ItemIx(number)));
        }
    }
}
