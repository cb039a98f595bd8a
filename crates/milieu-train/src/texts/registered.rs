//! A model of texts that the registry has, run over many texts.

use crate::checkpoint::CheckpointError;
use milieu_content::TextReading;
use milieu_inference::{
    Engine, EngineChoice, EngineError, Engines, LoadError, LoadOptions, RunError, Tensor, join,
};
use milieu_onnx::{Limits, Model, OnnxError};
use milieu_registry::{ModelCard, Registry, RegistryError, signature_of};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;

/// Texts that are prepared together; those of one length among them share runs.
const PREPARED: usize = 4096;
/// Texts of a run.
const TOGETHER: usize = 32;

/// Why a model of the registry cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RegisteredError {
    /// There is nowhere to look.
    #[error("{0} is the name of a model, but there is no registry to find it in")]
    NoRegistry(String),
    /// Its name is none.
    #[error("{0:?} is not like NAME or NAME@VERSION")]
    Name(String),
    /// It has no live version, and none was named.
    #[error("{0} has no live version; name one, as in {0}@1")]
    NothingLive(String),
    /// The registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// There is nothing to run it.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Its graph.
    #[error("{0}")]
    Onnx(#[from] OnnxError),
    /// It cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// It cannot be run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// What it said cannot be kept.
    #[error(transparent)]
    Kept(#[from] CheckpointError),
    /// It is a model of something else.
    #[error("{name}: {reason}")]
    Misfit {
        /// The model.
        name: String,
        /// Why.
        reason: String,
    },
}

/// See the module.
pub(super) struct Registered {
    /// `NAME@VERSION`.
    pub(super) name: String,
    /// What it says of itself.
    pub(super) card: ModelCard,
    /// Its files by name.
    pub(super) files: BTreeMap<String, Vec<u8>>,
    /// The SHA-256 of its graph.
    pub(super) hash: String,
    reading: TextReading,
    engine: Box<dyn Engine>,
}

/// Hears of the rows of some texts, which come with their numbers.
pub(super) type Tell<'a> = dyn FnMut(&[usize], &[Vec<f32>]) + 'a;

impl Registered {
    /// Loads `NAME@VERSION`, or the live version of `NAME`.
    pub(super) fn open(registry: Option<&Registry>, named: &str) -> Result<Self, RegisteredError> {
        let registry = registry.ok_or_else(|| RegisteredError::NoRegistry(named.to_owned()))?;
        let (kind, version) = match named.split_once('@') {
            Some((kind, version)) => {
                let number = version.parse().map_err(|_| RegisteredError::Name(named.to_owned()))?;
                (kind, number)
            }
            None => {
                let live = registry.live(named)?;
                (named, live.ok_or_else(|| RegisteredError::NothingLive(named.to_owned()))?)
            }
        };
        let (loaded, card) = registry.load_model(kind, version, |bytes| {
            let model = Model::read(bytes, &Limits::default()).map_err(|error| error.to_string())?;
            signature_of(&model)
        })?;
        let name = format!("{kind}@{version}");
        let entry = loaded.manifest.files.iter().find(|entry| entry.name == card.model_file);
        let hash = entry.map(|entry| entry.sha256.clone()).unwrap_or_default();
        let bytes = loaded.files.get(&card.model_file).map(Vec::as_slice).unwrap_or_default();
        let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let engine = Engines::find(EngineChoice::Auto, None, threads)?.load(bytes, LoadOptions::default())?;
        let file = |name: &str| loaded.files.get(name).cloned();
        let reading = TextReading::new(&card, engine.signature(), &file)
            .map_err(|reason| RegisteredError::Misfit { name: name.clone(), reason })?;
        Ok(Self { name, card, files: loaded.files, hash, reading, engine })
    }

    /// What it gives first for each text: a row of numbers; an empty one for a text in which it sees nothing. `tell`
    /// hears of the rows of a run as soon as they are there, with the numbers of their texts.
    pub(super) fn rows(
        &mut self,
        texts: &[&str],
        tell: &mut Tell<'_>,
    ) -> Result<Vec<Vec<f32>>, RegisteredError> {
        let mut rows = vec![Vec::new(); texts.len()];
        for (chunk, some) in texts.chunks(PREPARED).enumerate() {
            let prepared: Vec<Option<Vec<Tensor>>> = some
                .par_iter()
                .map(|text| self.reading.prepare(text).map(|prepared| prepared.inputs))
                .collect();
            let mut shapes: BTreeMap<Vec<&[usize]>, Vec<usize>> = BTreeMap::new();
            for (place, inputs) in prepared.iter().enumerate() {
                if let Some(inputs) = inputs {
                    shapes.entry(inputs.iter().map(Tensor::shape).collect()).or_default().push(place);
                }
            }
            for places in shapes.values().flat_map(|places| places.chunks(TOGETHER)) {
                let inputs: Vec<&Vec<Tensor>> =
                    places.iter().filter_map(|&place| prepared[place].as_ref()).collect();
                let found = self.run(&inputs)?;
                let numbers: Vec<usize> = places.iter().map(|place| chunk * PREPARED + place).collect();
                tell(&numbers, &found);
                numbers.into_iter().zip(found).for_each(|(number, row)| rows[number] = row);
            }
        }
        Ok(rows)
    }

    /// The rows of texts of one length.
    fn run(&mut self, texts: &[&Vec<Tensor>]) -> Result<Vec<Vec<f32>>, RegisteredError> {
        let misfit = || RegisteredError::Misfit {
            name: self.name.clone(),
            reason: "it gives no row of numbers for each text".to_owned(),
        };
        let count = texts.first().map_or(0, |inputs| inputs.len());
        let inputs: Option<Vec<Tensor>> =
            (0..count).map(|place| join(texts.iter().map(|inputs| &inputs[place]))).collect();
        let outputs = self.engine.run(&inputs.ok_or_else(misfit)?)?;
        let output = outputs.first().ok_or_else(misfit)?;
        match (output.shape(), output.as_f32()) {
            (&[rows, width], Some(values)) if rows == texts.len() && width > 0 => {
                Ok(values.chunks_exact(width).map(<[f32]>::to_vec).collect())
            }
            _ => Err(misfit()),
        }
    }
}
