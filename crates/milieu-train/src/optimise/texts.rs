//! Texts to measure with, read as a server reads them.

use super::examples::{Batch, ExamplesConfig, ExamplesError, TOGETHER};
use milieu_content::TextReading;
use milieu_dataset::Part;
use milieu_dataset::tables::{TableConfig, read_table};
use milieu_inference::{Signature, Tensor, join};
use milieu_registry::ModelCard;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Prepared texts.
pub(super) struct TextExamples {
    /// The inputs of each.
    inputs: Vec<Vec<Tensor>>,
    /// Their labels, as numbers of the card's.
    pub(super) right: Vec<usize>,
}

impl TextExamples {
    /// Texts of a table that are to measure with, where it says what is for what, else all; those with another label than
    /// the model knows, and those in which it sees nothing, are left out.
    pub(super) fn read(
        config: &ExamplesConfig,
        card: &ModelCard,
        signature: &Signature,
        files: &BTreeMap<String, Vec<u8>>,
    ) -> Result<Self, ExamplesError> {
        let file = |name: &str| files.get(name).cloned();
        let reading = TextReading::new(card, signature, &file).map_err(ExamplesError::Card)?;
        if !card.thresholds.is_empty() {
            let reason = "it gives any number of labels, of which no accuracy can be lost";
            return Err(ExamplesError::Card(reason.to_owned()));
        }
        let table = TableConfig {
            text: config.text.clone(),
            label: Some(config.label.clone()),
            ..TableConfig::default()
        };
        let found = read_table(&config.path, &table)?;
        let places: Vec<Option<usize>> =
            found.classes.iter().map(|class| card.labels.iter().position(|label| label == class)).collect();
        let tested = found.examples.iter().any(|example| example.part == Some(Part::Test));
        let prepared: Vec<(Vec<Tensor>, usize)> = found
            .examples
            .par_iter()
            .filter(|example| !tested || example.part == Some(Part::Test))
            .filter_map(|example| {
                let right = places.get(*example.labels.first()?).copied().flatten()?;
                Some((reading.prepare(&example.value)?.inputs, right))
            })
            .collect();
        if prepared.is_empty() {
            return Err(ExamplesError::NoLabels);
        }
        let (inputs, right) = prepared.into_iter().unzip();
        Ok(Self { inputs, right })
    }

    /// Texts of one length together, as the server's batches are.
    pub(super) fn batches(&self) -> Vec<Batch> {
        let mut shapes: BTreeMap<Vec<&[usize]>, Vec<usize>> = BTreeMap::new();
        for (number, inputs) in self.inputs.iter().enumerate() {
            shapes.entry(inputs.iter().map(Tensor::shape).collect()).or_default().push(number);
        }
        let batches = shapes.values().flat_map(|numbers| numbers.chunks(TOGETHER));
        let joined = |numbers: &[usize]| {
            let count = self.inputs[*numbers.first()?].len();
            let input = |place: usize| join(numbers.iter().map(move |&number| &self.inputs[number][place]));
            let inputs = (0..count).map(input).collect::<Option<_>>()?;
            Some(Batch { numbers: numbers.to_vec(), inputs })
        };
        batches.filter_map(joined).collect()
    }
}
