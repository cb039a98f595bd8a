//! What a run learns from.

use super::recipe::{DataConfig, Recipe};
use super::run::TrainError;
use crate::parts::parted;
use milieu_dataset::split::Parts;
use milieu_dataset::tables::{PairConfig, TableConfig, read_pairs, read_table};
use milieu_dataset::{BadLines, Dropped, Examples, Part, clean_texts};
use milieu_nn::losses::smooth;
use std::collections::HashMap;
use std::path::Path;
use xxhash_rust::xxh3::Xxh3;

/// Texts that are ready to learn from.
pub(super) struct Data {
    pub(super) classes: Vec<String>,
    /// Whether a text may have any number of labels; else it has one.
    pub(super) many: bool,
    /// The class that stands for none, where there is one.
    pub(super) unknown: Option<usize>,
    pub(super) texts: Vec<String>,
    /// The classes of each text.
    pub(super) right: Vec<Vec<usize>>,
    pub(super) parts: Parts,
    pub(super) dropped: Vec<Dropped>,
    pub(super) bad: BadLines,
    pub(super) hash: u64,
}

impl Data {
    pub(super) fn read(recipe: &Recipe) -> Result<Self, TrainError> {
        let config = &recipe.data;
        let mut examples = examples(config)?;
        let many = config.separator.is_some();
        if !many && let Some(example) = examples.examples.iter().find(|example| example.labels.len() != 1) {
            return Err(TrainError::Labels { name: example.name.clone(), count: example.labels.len() });
        }
        let dropped = if config.clean { clean_texts(&mut examples) } else { Vec::new() };
        let parts = parted(&examples.facts(), config.shares(), recipe.seed)?;
        let Examples { classes, examples, bad } = examples;
        if classes.len() < 2 {
            return Err(TrainError::Classes { count: classes.len() });
        }
        let unknown = config.unknown.as_ref().map(|unknown| {
            let place = classes.iter().position(|class| class == unknown);
            place.ok_or_else(|| TrainError::Unknown { label: unknown.clone() })
        });
        let unknown = unknown.transpose()?;
        let (texts, right): (Vec<String>, Vec<Vec<usize>>) =
            examples.into_iter().map(|example| (example.value, example.labels)).unzip();
        let mut hash = Xxh3::new();
        for part in [&parts.train, &parts.validation, &parts.test] {
            hash.update(&(part.len() as u64).to_le_bytes());
            for &at in part {
                hash.update(texts[at].as_bytes());
                right[at].iter().for_each(|&class| hash.update(&(class as u64).to_le_bytes()));
            }
        }
        Ok(Self { classes, many, unknown, texts, right, parts, dropped, bad, hash: hash.digest() })
    }

    /// The right classes of some texts.
    pub(super) fn right(&self, numbers: &[usize]) -> Vec<&[usize]> {
        numbers.iter().map(|&at| self.right[at].as_slice()).collect()
    }

    /// What is wanted of each class for a text: shares that add up to 1, or 1 and 0 where there may be any number.
    pub(super) fn wanted(&self, at: usize, smoothing: f32) -> Vec<f32> {
        if !self.many {
            return smooth(&self.right[at], self.classes.len(), smoothing);
        }
        let mut wanted = vec![0.0; self.classes.len()];
        self.right[at].iter().for_each(|&class| wanted[class] = 1.0);
        wanted
    }
}

/// The texts of a recipe with their labels, and with the parts that it says they are for.
fn examples(config: &DataConfig) -> Result<Examples<String>, TrainError> {
    let table = TableConfig {
        format: config.format,
        header: config.header.clone(),
        text: config.text.clone(),
        label: Some(config.label.clone()),
        separator: config.separator,
        part: config.part.clone(),
        names: config.names.clone(),
        ..TableConfig::default()
    };
    if let Some(path) = &config.path {
        let pairs =
            PairConfig { names: config.names.clone(), separator: config.separator, ..PairConfig::default() };
        return Ok(if config.pairs { read_pairs(path, &pairs)? } else { read_table(path, &table)? });
    }
    let read = |path: &Path| Ok::<_, TrainError>(read_table(path, &table)?);
    let all = config.places().each(read, |found| (found.examples.len(), &found.bad))?;
    Ok(joined(all))
}

/// Examples of several files as one, with classes by their names; those of the first file come first.
fn joined(all: Vec<(Examples<String>, Part)>) -> Examples<String> {
    let mut out = Examples::default();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (examples, part) in all {
        let numbers: Vec<usize> = examples
            .classes
            .iter()
            .map(|class| {
                *places.entry(class.clone()).or_insert_with(|| {
                    out.classes.push(class.clone());
                    out.classes.len() - 1
                })
            })
            .collect();
        out.bad.count += examples.bad.count;
        out.bad.first.extend(examples.bad.first);
        out.examples.extend(examples.examples.into_iter().map(|mut example| {
            example.labels.iter_mut().for_each(|label| *label = numbers[*label]);
            example.part = Some(part);
            example
        }));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use milieu_dataset::Labelled;

    #[test]
    fn classes_are_joined_by_name() {
        let file = |classes: &[&str]| Examples {
            classes: classes.iter().map(|&class| class.to_owned()).collect(),
            examples: (0..classes.len())
                .map(|label| Labelled {
                    name: String::new(),
                    labels: vec![label],
                    part: None,
                    group: None,
                    at: None,
                    value: classes[label].to_owned(),
                })
                .collect(),
            bad: BadLines::default(),
        };
        let found = joined(vec![(file(&["b", "a"]), Part::Train), (file(&["a", "c"]), Part::Test)]);
        assert_eq!(found.classes, ["b", "a", "c"]);
        let right: Vec<(&str, usize, Option<Part>)> =
            found.examples.iter().map(|e| (e.value.as_str(), e.labels[0], e.part)).collect();
        let (train, test) = (Some(Part::Train), Some(Part::Test));
        assert_eq!(right, [("b", 0, train), ("a", 1, train), ("a", 1, test), ("c", 2, test)]);
    }
}
