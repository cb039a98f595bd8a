//! A matrix on the vectors of an encoder that learns nothing, as a family of models.

use super::data::Data;
use super::family::Family;
use super::kept::Kept;
use super::recipe::Recipe;
use super::registered::{Registered, RegisteredError};
use super::regression::{Examples, Linear, fit};
use milieu_content::EMBEDDING_TASK;
use milieu_onnx::proto::Tensor;
use milieu_onnx::{Builder, Element, Length, Limits, Model, OnnxError, Value, rewrite};
use milieu_registry::ModelCard;
use std::collections::BTreeMap;
use std::path::Path;
use xxhash_rust::xxh3::Xxh3;

/// The logarithms to the base 10 of the first penalty and the last.
const PENALTIES: [f64; 2] = [2.0, -4.0];

/// An encoder of the registry, and what was learnt on its vectors.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadOnEncoder {
    /// What was learnt.
    pub head: Linear,
    /// The encoder.
    pub encoder: FrozenEncoder,
}

/// An encoder as the registry has it.
#[derive(Debug, Clone, PartialEq)]
pub struct FrozenEncoder {
    /// `NAME@VERSION`.
    pub name: String,
    /// What it says of itself.
    pub card: ModelCard,
    /// Its files by name.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl From<Registered> for FrozenEncoder {
    fn from(encoder: Registered) -> Self {
        let Registered { name, card, files, .. } = encoder;
        Self { name, card, files }
    }
}

impl HeadOnEncoder {
    /// The graph of both: it takes what the encoder takes, and gives `logits`, `N x C`.
    ///
    /// # Errors
    /// [`OnnxError`] where the encoder is none.
    pub fn onnx(&self) -> Result<Model, OnnxError> {
        let Linear { width, weight, bias } = &self.head;
        let mut graph = Builder::new("head");
        let rows = graph.input("vectors", Element::F32, &["N".into(), Length::Fixed(*width)]);
        let weight = graph.constant(Tensor::of_f32("head.weight", &[bias.len(), *width], weight));
        let constant = graph.constant(Tensor::of_f32("head.bias", &[bias.len()], bias));
        graph.node_named("Gemm", &[&rows, &weight, &constant], "logits", vec![("transB", Value::Int(1))]);
        graph.output("logits", Element::F32, &["N".into(), Length::Fixed(bias.len())]);
        let head = graph.finish()?;
        let bytes = self.encoder.files.get(&self.encoder.card.model_file);
        let encoder = Model::read(bytes.map(Vec::as_slice).unwrap_or_default(), &Limits::default())?;
        let value = encoder.graph().output.first().map(|output| output.name().to_owned());
        rewrite::join(&encoder, &value.unwrap_or_default(), &head)
    }
}

/// The same model, where it makes vectors of texts.
pub(super) fn embeds(model: Registered) -> Result<Registered, RegisteredError> {
    if model.card.task == EMBEDDING_TASK {
        return Ok(model);
    }
    let reason = "it makes no vectors of texts".to_owned();
    Err(RegisteredError::Misfit { name: model.name, reason })
}

/// Matrices on the vectors of texts. Vectors are brought to a mean of nothing and a variance of 1 over all values, so that
/// a penalty means the same on those of every encoder.
pub(super) struct Heads<'a> {
    recipe: &'a Recipe,
    data: &'a Data,
    width: usize,
    /// The vector of each text.
    vectors: Vec<f32>,
    mean: Vec<f32>,
    deviation: f32,
    hash: u64,
}

impl<'a> Heads<'a> {
    /// Makes the vectors of all texts, which are kept in the folder.
    pub(super) fn new(
        recipe: &'a Recipe,
        data: &'a Data,
        encoder: &mut Registered,
        folder: &Path,
        tell: &mut dyn FnMut(usize, usize),
    ) -> Result<Self, RegisteredError> {
        let texts: Vec<&str> = data.texts.iter().map(String::as_str).collect();
        let rows = Kept::open(folder, "vectors", encoder)?.ask(encoder, &texts, tell)?;
        let width = rows.iter().map(Vec::len).max().unwrap_or(0);
        let mut vectors = vec![0.0; texts.len() * width];
        for (vector, row) in vectors.chunks_exact_mut(width.max(1)).zip(&rows) {
            vector.iter_mut().zip(row).for_each(|(value, x)| *value = *x);
        }
        if let Some(value) = vectors.iter().find(|value| !value.is_finite()) {
            let reason = format!("it gives {value}");
            return Err(RegisteredError::Misfit { name: encoder.name.clone(), reason });
        }
        let mut hash = Xxh3::new();
        vectors.iter().for_each(|value| hash.update(&value.to_le_bytes()));
        let mut made = Self {
            recipe,
            data,
            width,
            vectors,
            mean: vec![0.0; width],
            deviation: 1.0,
            hash: hash.digest(),
        };
        made.standardise();
        Ok(made)
    }

    fn standardise(&mut self) {
        let train = &self.data.parts.train;
        let count = train.len().max(1) as f32;
        for &at in train {
            let vector = &self.vectors[at * self.width..(at + 1) * self.width];
            self.mean.iter_mut().zip(vector).for_each(|(mean, x)| *mean += x / count);
        }
        for vector in self.vectors.chunks_exact_mut(self.width.max(1)) {
            vector.iter_mut().zip(&self.mean).for_each(|(x, mean)| *x -= mean);
        }
        let squares: f64 = train
            .iter()
            .flat_map(|&at| &self.vectors[at * self.width..(at + 1) * self.width])
            .map(|x| f64::from(x * x))
            .sum();
        let values = (train.len() * self.width).max(1) as f64;
        self.deviation = ((squares / values).sqrt() as f32).max(f32::MIN_POSITIVE);
        let deviation = self.deviation;
        self.vectors.iter_mut().for_each(|x| *x /= deviation);
    }

    /// A number of the vectors.
    pub(super) fn hash(&self) -> u64 {
        self.hash
    }

    /// What was learnt, for vectors as the encoder gives them.
    pub(super) fn plain(&self, head: &Linear) -> Linear {
        let weight: Vec<f32> = head.weight.iter().map(|x| x / self.deviation).collect();
        let moved = |row: &[f32]| row.iter().zip(&self.mean).map(|(x, mean)| x * mean).sum::<f32>();
        let rows = weight.chunks_exact(self.width.max(1));
        let bias = head.bias.iter().zip(rows).map(|(bias, row)| bias - moved(row)).collect();
        Linear { width: self.width, weight, bias }
    }

    fn rows(&self, numbers: &[usize]) -> impl Iterator<Item = &[f32]> {
        numbers.iter().map(|&at| &self.vectors[at * self.width..(at + 1) * self.width])
    }
}

impl Family for Heads<'_> {
    type Model = Linear;
    type State = Linear;

    fn begin(&self) -> Linear {
        Linear::new(self.width, self.data.classes.len())
    }

    /// The optimum at the next weaker penalty, from that of the last one (Friedman et al. 2010, "Regularization Paths").
    fn epoch(&self, head: &mut Linear, epoch: usize, tell: &mut dyn FnMut(usize, usize)) -> f64 {
        let config = &self.recipe.train;
        let way = epoch as f64 / config.epochs.saturating_sub(1).max(1) as f64;
        let penalty = 10f64.powf(PENALTIES[0] + way * (PENALTIES[1] - PENALTIES[0]));
        let train = &self.data.parts.train;
        let values: Vec<f32> = self.rows(train).flatten().copied().collect();
        let shares: Vec<f32> = train.iter().flat_map(|&at| self.data.wanted(at, config.smoothing)).collect();
        let (width, classes) = (self.width, self.data.classes.len());
        let examples = Examples { width, classes, values: &values, shares: &shares, many: self.data.many };
        let loss = fit(examples, penalty, head);
        tell(1, 1);
        loss
    }

    fn model<'s>(&self, state: &'s Linear) -> &'s Linear {
        state
    }

    fn answer(&self, head: &Linear, numbers: &[usize]) -> Vec<f32> {
        self.rows(numbers).flat_map(|row| head.logits(row)).collect()
    }

    fn parameters(&self, head: &Linear) -> usize {
        head.weight.len() + head.bias.len()
    }
}
