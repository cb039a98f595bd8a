//! From a version in the registry to one that runs.

use super::budget::{Budget, Reservation};
use super::error::ServingError;
use crate::config::{Config, Engine};
use milieu_content::{Classifier, NotAClassifier, Scale, TextEmbedder};
use milieu_inference::{BatchOptions, Batcher, EngineChoice, EngineError, Engines, LoadOptions};
use milieu_onnx::{Limits, Model};
use milieu_registry::{ModelCard, Registry, signature_of};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A version that runs. Its thread ends with the last hold on it.
pub(crate) struct Loaded {
    pub(crate) version: u32,
    pub(crate) card: ModelCard,
    /// How it classifies, where it does.
    pub(crate) classifier: Result<Classifier, NotAClassifier>,
    /// How it makes vectors of texts, where it does.
    pub(crate) embedder: Result<Arc<TextEmbedder>, NotAClassifier>,
    pub(crate) batcher: Arc<Batcher>,
    pub(crate) memory: Reservation,
}

/// Loads versions, each by the same settings.
pub(crate) struct Loader {
    pub(crate) registry: Registry,
    pub(crate) engines: Engines,
    pub(crate) budget: Budget,
    load: LoadOptions,
    batch: BatchOptions,
}

/// As many threads as the server may use.
pub(crate) fn threads(config: &Config) -> NonZeroUsize {
    let wanted = [config.inference.threads, config.server.threads];
    let given = wanted.into_iter().find_map(NonZeroUsize::new);
    given.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN)
}

impl Loader {
    pub(crate) fn new(registry: Registry, config: &Config) -> Result<Self, EngineError> {
        let of = &config.inference;
        let choice = match of.engine {
            Engine::Auto => EngineChoice::Auto,
            Engine::Rten => EngineChoice::Rten,
            Engine::OnnxRuntime => EngineChoice::OnnxRuntime,
        };
        let library = (!of.library.is_empty()).then(|| Path::new(&of.library));
        let engines = Engines::find(choice, library, threads(config))?;
        tracing::info!(engine = engines.kind().name(), reason = engines.reason(), "models run");
        let least = NonZeroUsize::MIN;
        let batch = BatchOptions {
            permits: NonZeroUsize::new(of.queue).unwrap_or(least),
            most_rows: NonZeroUsize::new(of.max_batch).unwrap_or(least),
            most_wait: Duration::from_micros(of.max_wait_micros),
            within_a_run: true,
            // JSON is longer than what it says but for the shortest numbers.
            most_bytes: of.request_bytes.saturating_mul(4),
        };
        let load = LoadOptions { most_bytes: of.model_bytes, ..LoadOptions::default() };
        Ok(Self { registry, engines, budget: Budget::new(of.memory_bytes), load, batch })
    }

    /// Reads, checks and starts a version. Its size is looked at before it is read, and its bytes are
    /// walked over and compared with its card before any engine sees them.
    pub(crate) fn load(&self, name: &str, version: u32) -> Result<Loaded, ServingError> {
        let refused = |reason: String| ServingError::Refused { name: name.to_owned(), version, reason };
        let manifest = self.registry.manifest(name, version)?;
        let card = ModelCard::of(&manifest)?;
        let file = manifest.files.iter().find(|file| file.name == card.model_file);
        let size = file.ok_or_else(|| refused("it names no model file".into()))?.bytes;
        if size > self.load.most_bytes {
            let limit = self.load.most_bytes;
            return Err(refused(format!(
                "its model file has {size} bytes, the limit of inference.model_bytes is {limit}"
            )));
        }
        let memory = self.budget.reserve(size).map_err(|exceeded| ServingError::Memory {
            name: name.to_owned(),
            version,
            wanted: exceeded.wanted,
            taken: exceeded.taken,
            limit: exceeded.limit,
        })?;
        let limits = Limits { bytes: self.load.most_bytes, ..Limits::default() };
        let mut scale = Scale::default();
        let (loaded, card) = self.registry.load_model(name, version, |bytes| {
            let model = Model::read(bytes, &limits).map_err(|error| error.to_string())?;
            scale = scale_of(&model);
            signature_of(&model)
        })?;
        let bytes = loaded.files.get(&card.model_file).map(Vec::as_slice).unwrap_or_default();
        let engine = self.engines.load(bytes, self.load).map_err(|error| refused(error.to_string()))?;
        let file = |name: &str| loaded.files.get(name).cloned();
        let classifier = Classifier::new(&card, engine.signature(), scale, &file);
        let embedder = TextEmbedder::new(&card, engine.signature(), &file).map(Arc::new);
        let batcher = Batcher::start(&version.to_string(), engine, self.batch)
            .map_err(|error| refused(format!("no thread can be started for it: {error}")))?;
        Ok(Loaded { version, card, classifier, embedder, batcher: Arc::new(batcher), memory })
    }
}

/// Whether the first output is one of probabilities: made by a softmax.
fn scale_of(model: &Model) -> Scale {
    let graph = model.graph();
    let Some(output) = graph.output.first() else { return Scale::Logits };
    let maker = graph.node.iter().find(|node| node.output_name(0) == output.name());
    match maker {
        Some(node) if node.is("Softmax") => Scale::Probabilities,
        _ => Scale::Logits,
    }
}
