//! Models of the registry in service: which versions are loaded, and what is done when that changes.
//!
//! A model serves what the registry's stages say: the live version, a canary's share, a shadow's copies. Changes
//! through this server take effect before they are answered; those by other processes are found by looking at
//! the stage files now and then. A version that cannot be loaded leaves everything as it was, and is said.

mod analyze;
mod budget;
mod error;
mod explain;
mod gate;
mod items;
mod load;
mod model;
mod moderation;
mod needs;
mod report;
mod slot;
mod texts;

pub(crate) use error::ServingError;
pub(crate) use explain::Explained;
pub(crate) use items::Failure;
pub(crate) use load::Loaded;
pub(crate) use model::Model;
pub(crate) use needs::NEEDS;
pub(crate) use texts::Said;

use crate::config::{Config, Load};
use gate::Gate;
use load::Loader;
use milieu_inference::EngineError;
use milieu_media::DecodeLimits;
use milieu_registry::Registry;
use parking_lot::RwLock;
use slot::{Content, Slot};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// See the module.
pub(crate) struct Serving {
    loader: Loader,
    slots: RwLock<BTreeMap<String, Arc<Slot>>>,
    /// Models are loaded before they are asked for.
    eager: bool,
    gate: Gate,
    timeout: Duration,
    limits: DecodeLimits,
    /// Keys of requests that have none: any will do, as long as they differ.
    requests: AtomicU64,
}

impl Serving {
    pub(crate) fn open(registry: Registry, config: &Config) -> Result<Self, EngineError> {
        let of = &config.inference;
        Ok(Self {
            loader: Loader::new(registry, config)?,
            slots: RwLock::default(),
            eager: of.load == Load::Start,
            gate: Gate::new(load::threads(config).get(), of.queue),
            timeout: Duration::from_millis(of.timeout_millis),
            limits: DecodeLimits { most_pixels: of.max_pixels, ..DecodeLimits::default() },
            requests: AtomicU64::new(0),
        })
    }

    /// Looks at every model of the registry, and loads what is new or has changed. What cannot be used is
    /// said in the server's own log.
    pub(crate) fn look(&self) {
        let names = match self.loader.registry.kinds() {
            Ok(names) => names,
            Err(error) => {
                tracing::error!(%error, "the models cannot be listed");
                return;
            }
        };
        for name in names {
            let slot = self.slot_of_kind(&name);
            if let Err(error) = slot.look(&self.loader, &name, self.eager) {
                tracing::warn!(model = name, %error, "a model version is not served");
            }
        }
    }

    /// Takes what the registry says of a model into use, at once.
    pub(crate) fn follow(&self, name: &str) -> Result<(), ServingError> {
        self.slot(name)?.follow(&self.loader, name, self.eager)
    }

    /// Loads a version that is about to be used, so that one that cannot be is refused before anything changes.
    pub(crate) fn prepare(&self, name: &str, version: u32, as_shadow: bool) -> Result<(), ServingError> {
        self.slot(name)?.prepare(&self.loader, name, version, as_shadow)
    }

    /// The model of this name, loaded where it is not yet. Waits for the disk.
    fn load(&self, name: &str) -> Result<Arc<Model>, ServingError> {
        let slot = self.slot(name)?;
        slot.model(&self.loader, name)
    }

    /// The model of this name.
    pub(crate) async fn model(self: &Arc<Self>, name: &str) -> Result<Arc<Model>, ServingError> {
        let slot = self.slots.read().get(name).cloned();
        if let Some(model) = slot.and_then(|slot| slot.loaded()) {
            return Ok(model);
        }
        let (serving, name) = (Arc::clone(self), name.to_owned());
        blocking(move || serving.load(&name)).await
    }

    /// The name of the only model of its kind.
    fn only(&self, content: Content) -> Result<String, ServingError> {
        let slots = self.slots.read();
        let found: Vec<&String> = slots
            .iter()
            .filter(|(_, slot)| slot.classifies() == Some(content))
            .map(|(name, _)| name)
            .collect();
        let does = match content {
            Content::Pictures => "classifies pictures",
            Content::Texts => "classifies texts",
            Content::Meanings => "makes vectors of texts",
        };
        match found[..] {
            [only] => Ok(only.clone()),
            [] => Err(ServingError::Choice(format!("there is no live model that {does}"))),
            _ => {
                let names: Vec<&str> = found.iter().map(|name| name.as_str()).collect();
                Err(ServingError::Choice(format!("must be one of {}", names.join(", "))))
            }
        }
    }

    /// The names of all models that classify texts.
    fn text_classifiers(&self) -> Result<BTreeSet<String>, ServingError> {
        let slots = self.slots.read();
        let of_texts = slots.iter().filter(|(_, slot)| slot.classifies() == Some(Content::Texts));
        let names: BTreeSet<String> = of_texts.map(|(name, _)| name.clone()).collect();
        if names.is_empty() {
            return Err(ServingError::Choice("there is no live model that classifies texts".into()));
        }
        Ok(names)
    }

    /// A key for a request that has none.
    pub(crate) fn next_key(&self) -> Vec<u8> {
        self.requests.fetch_add(1, Ordering::Relaxed).to_le_bytes().to_vec()
    }

    pub(crate) fn engine(&self) -> &'static str {
        self.loader.engines.kind().name()
    }

    /// Runs what takes the processor for long on a thread of its own, as soon as there is room for it.
    pub(crate) async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ServingError> {
        let permit = self.gate.enter().await?;
        // The permit goes along: the work goes on when nobody waits for it any more.
        let work = move || {
            let _permit = permit;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| ServingError::Thread(error.to_string()))
    }

    fn slot(&self, name: &str) -> Result<Arc<Slot>, ServingError> {
        if let Some(slot) = self.slots.read().get(name) {
            return Ok(slot.clone());
        }
        self.loader.registry.must_be_kind(name)?;
        Ok(self.slot_of_kind(name))
    }

    fn slot_of_kind(&self, name: &str) -> Arc<Slot> {
        self.slots.write().entry(name.to_owned()).or_default().clone()
    }
}

/// Runs what waits for the disk where that keeps no other request waiting.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ServingError> + Send + 'static,
) -> Result<T, ServingError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(ServingError::Thread(error.to_string())),
    }
}
