//! One model's name: what serves under it, and how that follows the registry.

use super::error::ServingError;
use super::load::{Loaded, Loader};
use super::model::{Model, OnTrial, Versions};
use milieu_content::{EMBEDDING_TASK, SLOTS_TASK};
use milieu_inference::Share;
use milieu_registry::{ModelCard, Preprocessing, StagesMark, Trial};
use parking_lot::{Mutex, RwLock};
use std::sync::Arc;

/// The task of models that say what a picture shows.
const OF_PICTURES: &str = "image_classification";
/// The task of models that classify texts.
const OF_TEXTS: &str = "text_classification";

/// See the module.
#[derive(Default)]
pub(crate) struct Slot {
    /// Held while versions are loaded and changed, so that one change happens at a time. Requests do not wait.
    followed: Mutex<Followed>,
    model: RwLock<Option<Arc<Model>>>,
    said: RwLock<Said>,
}

/// How far the registry has been followed.
#[derive(Default)]
struct Followed {
    /// What the stages were when they were last read; `None` before that.
    mark: Option<Option<StagesMark>>,
    /// A version that is about to be used.
    prepared: Option<Arc<Loaded>>,
}

/// What a model can be asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    Pictures,
    Texts,
    /// Vectors of texts.
    Meanings,
}

/// What is known without loading anything.
#[derive(Default)]
struct Said {
    classifies: Option<Content>,
    error: Option<String>,
}

impl Slot {
    /// What serves, if anything.
    pub(crate) fn loaded(&self) -> Option<Arc<Model>> {
        self.model.read().clone()
    }

    /// What the live version classifies, if anything.
    pub(crate) fn classifies(&self) -> Option<Content> {
        self.said.read().classifies
    }

    /// Why a version that should serve does not, if so.
    pub(crate) fn error(&self) -> Option<String> {
        self.said.read().error.clone()
    }

    /// Follows the registry where the stages have changed.
    pub(crate) fn look(&self, loader: &Loader, name: &str, load: bool) -> Result<(), ServingError> {
        let mut followed = self.followed.lock();
        if followed.mark == Some(loader.registry.stages_mark(name)?) {
            return Ok(());
        }
        self.take_in(&mut followed, loader, name, load)
    }

    /// Follows the registry.
    pub(crate) fn follow(&self, loader: &Loader, name: &str, load: bool) -> Result<(), ServingError> {
        self.take_in(&mut self.followed.lock(), loader, name, load)
    }

    /// What serves, loaded where it is not yet. What was refused is not tried again before the stages change.
    pub(crate) fn model(&self, loader: &Loader, name: &str) -> Result<Arc<Model>, ServingError> {
        let nothing = || ServingError::NothingLive { name: name.to_owned() };
        let mut followed = self.followed.lock();
        if let Some(model) = self.loaded() {
            return Ok(model);
        }
        if followed.mark == Some(loader.registry.stages_mark(name)?)
            && let Some(error) = self.error()
        {
            return Err(ServingError::Still(error));
        }
        self.take_in(&mut followed, loader, name, true)?;
        self.loaded().ok_or_else(nothing)
    }

    /// Loads a version that is about to be used. What runs in no engine has nothing to load.
    pub(crate) fn prepare(
        &self,
        loader: &Loader,
        name: &str,
        version: u32,
        as_shadow: bool,
    ) -> Result<(), ServingError> {
        let mut followed = self.followed.lock();
        let card = ModelCard::of(&loader.registry.manifest(name, version)?)?;
        if card.model_file.is_empty() {
            return Ok(());
        }
        let current = self.loaded().map(|model| model.versions());
        let known = current.as_ref().and_then(|versions| versions.find(version)).cloned();
        let loaded = match known {
            Some(loaded) => loaded,
            None => Arc::new(loader.load(name, version)?),
        };
        if let (true, Some(versions)) = (as_shadow, &current) {
            reads_the_same(name, &versions.live, &loaded)?;
        }
        followed.prepared = Some(loaded);
        Ok(())
    }

    fn take_in(
        &self,
        followed: &mut Followed,
        loader: &Loader,
        name: &str,
        load: bool,
    ) -> Result<(), ServingError> {
        // Before the stages are read: a change in between is found the next time.
        followed.mark = Some(loader.registry.stages_mark(name)?);
        let prepared = followed.prepared.take();
        let result = self.serve(loader, name, prepared, load);
        self.said.write().error = result.as_ref().err().map(ToString::to_string);
        result
    }

    fn serve(
        &self,
        loader: &Loader,
        name: &str,
        prepared: Option<Arc<Loaded>>,
        load: bool,
    ) -> Result<(), ServingError> {
        let stages = loader.registry.stages(name)?;
        let card = match stages.live {
            Some(live) => Some(ModelCard::of(&loader.registry.manifest(name, live)?)?),
            None => None,
        };
        let (Some(live), Some(card)) = (stages.live, card.filter(|card| !card.model_file.is_empty())) else {
            self.said.write().classifies = None;
            *self.model.write() = None;
            return Ok(());
        };
        self.said.write().classifies = match (&card.preprocessing, card.task.as_str()) {
            (Some(Preprocessing::Picture(_)), OF_PICTURES) => Some(Content::Pictures),
            (Some(preprocessing), OF_TEXTS) if preprocessing.is_of_texts() => Some(Content::Texts),
            (Some(Preprocessing::Text(_)), SLOTS_TASK) => Some(Content::Texts),
            (Some(Preprocessing::Text(_)), EMBEDDING_TASK) => Some(Content::Meanings),
            _ => None,
        };
        let model = self.loaded();
        if !load && model.is_none() && prepared.is_none() {
            return Ok(());
        }
        let current = model.as_ref().map(|model| model.versions());
        let get = |version| {
            let known = current.as_ref().and_then(|versions| versions.find(version)).or(prepared.as_ref());
            match known.filter(|known| known.version == version) {
                Some(known) => Ok(Arc::clone(known)),
                None => loader.load(name, version).map(Arc::new),
            }
        };
        let live = get(live)?;
        // A version on trial that cannot be loaded takes no request from the live one.
        let mut fault = None;
        let mut trial = |trial: Option<Trial>, shadow: bool| -> OnTrial {
            let trial = trial?;
            let loaded = get(trial.version).and_then(|loaded| {
                if shadow {
                    reads_the_same(name, &live, &loaded)?;
                }
                Ok(loaded)
            });
            match loaded {
                Ok(loaded) => Share::new(trial.share).map(|share| (loaded, share)),
                Err(error) => {
                    fault.get_or_insert(error);
                    None
                }
            }
        };
        let (canary, shadow) = (trial(stages.canary, false), trial(stages.shadow, true));
        let next = Versions { live, canary, shadow };
        for loaded in next.all() {
            tracing::debug!(model = name, version = loaded.version, "serves");
        }
        match model {
            Some(model) => model.change(next),
            None => *self.model.write() = Some(Arc::new(Model::new(name, next))),
        }
        fault.map_or(Ok(()), Err)
    }
}

/// Copies of what one version read are no use to one that reads something else.
fn reads_the_same(name: &str, live: &Loaded, shadow: &Loaded) -> Result<(), ServingError> {
    let (one, other) = (live.batcher.signature(), shadow.batcher.signature());
    if one.inputs == other.inputs && live.card.preprocessing == shadow.card.preprocessing {
        return Ok(());
    }
    Err(ServingError::Refused {
        name: name.to_owned(),
        version: shadow.version,
        reason: format!(
            "a shadow gets the tensors of the live version {}, whose inputs or preparation are others",
            live.version
        ),
    })
}
