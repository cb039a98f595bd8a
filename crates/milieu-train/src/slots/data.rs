//! What a run learns from.

use super::recipe::{DataConfig, Recipe};
use super::run::TrainError;
use crate::parts::parted;
use milieu_dataset::split::Parts;
use milieu_dataset::tables::{TaggedConfig, TaggedText, TaggedTexts, read_tagged};
use milieu_dataset::{BadLines, Dropped, Examples, Part, clean_by_text};
use milieu_text::tags::Slot;
use std::collections::HashMap;
use std::path::Path;
use xxhash_rust::xxh3::Xxh3;

/// Texts that are ready to learn from.
pub(super) struct Data {
    /// The labels of whole texts; empty where they have none.
    pub(super) classes: Vec<String>,
    /// The labels of parts.
    pub(super) labels: Vec<String>,
    pub(super) texts: Vec<String>,
    /// The class of each text; 0 where there are none.
    pub(super) right: Vec<usize>,
    /// The labelled parts of each text.
    pub(super) slots: Vec<Vec<Slot>>,
    pub(super) parts: Parts,
    pub(super) dropped: Vec<Dropped>,
    pub(super) bad: BadLines,
    pub(super) hash: u64,
}

impl Data {
    pub(super) fn read(recipe: &Recipe) -> Result<Self, TrainError> {
        let config = &recipe.data;
        let TaggedTexts { texts: mut examples, slots: labels } = examples(config)?;
        let with = examples.examples.iter().filter(|example| !example.labels.is_empty()).count();
        if with > 0
            && let Some(example) = examples.examples.iter().find(|example| example.labels.is_empty())
        {
            return Err(TrainError::NoIntent { name: example.name.clone() });
        }
        let dropped =
            if config.clean { clean_by_text(&mut examples, |tagged| &tagged.text) } else { Vec::new() };
        let parts = parted(&examples.facts(), config.shares(), recipe.seed)?;
        if labels.is_empty() {
            return Err(TrainError::NoSlots);
        }
        let Examples { classes, examples, bad } = examples;
        let mut data = Self {
            classes,
            labels,
            texts: Vec::with_capacity(examples.len()),
            right: Vec::with_capacity(examples.len()),
            slots: Vec::with_capacity(examples.len()),
            parts,
            dropped,
            bad,
            hash: 0,
        };
        for example in examples {
            let TaggedText { text, slots } = example.value;
            data.texts.push(text);
            data.right.push(example.labels.first().copied().unwrap_or(0));
            let slot = |slot: milieu_dataset::tables::TextSlot| Slot {
                label: slot.label,
                start: slot.start,
                end: slot.end,
            };
            data.slots.push(slots.into_iter().map(slot).collect());
        }
        data.hash = data.fingerprint();
        Ok(data)
    }

    /// A number that other data do not have.
    fn fingerprint(&self) -> u64 {
        let mut hash = Xxh3::new();
        for part in [&self.parts.train, &self.parts.validation, &self.parts.test] {
            hash.update(&(part.len() as u64).to_le_bytes());
            for &at in part {
                hash.update(self.texts[at].as_bytes());
                let slots = self.slots[at].iter().flat_map(|slot| [slot.label, slot.start, slot.end]);
                for number in std::iter::once(self.right[at]).chain(slots) {
                    hash.update(&(number as u64).to_le_bytes());
                }
            }
        }
        hash.digest()
    }
}

/// The texts of a recipe, with the parts that it says they are for.
fn examples(config: &DataConfig) -> Result<TaggedTexts, TrainError> {
    let like = TaggedConfig {
        between: config.between.clone(),
        intent: config.intent.clone(),
        ..TaggedConfig::default()
    };
    if let Some(path) = &config.path {
        return Ok(read_tagged(path, &like)?);
    }
    let read = |path: &Path| Ok::<_, TrainError>(read_tagged(path, &like)?);
    let found = config.places().each(read, |found| (found.texts.examples.len(), &found.texts.bad))?;
    let mut all = TaggedTexts::default();
    for (texts, part) in found {
        join(&mut all, texts, part);
    }
    Ok(all)
}

/// Adds the texts of a file; labels are the same by their names.
fn join(all: &mut TaggedTexts, found: TaggedTexts, part: Part) {
    let numbers = |known: &mut Vec<String>, names: &[String]| -> Vec<usize> {
        let mut places: HashMap<String, usize> =
            known.iter().enumerate().map(|(place, name)| (name.clone(), place)).collect();
        let number = |name: &String| {
            *places.entry(name.clone()).or_insert_with(|| {
                known.push(name.clone());
                known.len() - 1
            })
        };
        names.iter().map(number).collect()
    };
    let classes = numbers(&mut all.texts.classes, &found.texts.classes);
    let slots = numbers(&mut all.slots, &found.slots);
    all.texts.bad.count += found.texts.bad.count;
    all.texts.bad.first.extend(found.texts.bad.first);
    all.texts.examples.extend(found.texts.examples.into_iter().map(|mut example| {
        example.labels.iter_mut().for_each(|label| *label = classes[*label]);
        example.value.slots.iter_mut().for_each(|slot| slot.label = slots[slot.label]);
        example.part = Some(part);
        example
    }));
}
