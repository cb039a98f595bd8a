//! The versions of models that read the texts of items.

use super::results::{Covered, Found, Label};
use crate::serving::{Failure, Loaded, ServingError};
use crate::state::Shared;
use milieu_content::Class;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How long a model that cannot be used is left alone.
const REST: Duration = Duration::from_secs(30);
/// The longest wait before a busy model is asked again.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// A text that every model reads, to tell a broken model from a text that breaks it.
const PROBE: &str = "a";

/// A live version.
pub(super) struct Reader {
    pub(super) name: String,
    /// Whether it makes vectors; else it classifies.
    pub(super) embeds: bool,
    loaded: Arc<Loaded>,
}

/// What can be used now, and what is left alone for a while.
#[derive(Default)]
pub(super) struct Readers {
    pub(super) ready: Vec<Reader>,
    /// The names of all live models that are to read, those too that cannot be used.
    pub(super) known: BTreeSet<String>,
    resting: BTreeMap<String, Instant>,
}

/// The name of the model whose vectors items are searched by, of the names of those that make vectors.
pub(super) fn of_search<'n>(shared: &Shared, names: &'n [String]) -> Option<&'n String> {
    let wanted = &shared.config.understanding.model;
    if wanted.is_empty() { names.first() } else { names.iter().find(|name| *name == wanted) }
}

impl Readers {
    /// Finds out what is live.
    pub(super) fn look(&mut self, shared: &Shared) {
        let (meanings, labels) = shared.serving.models_of_texts();
        let embeds = of_search(shared, &meanings).map(|name| (name.clone(), true));
        let models: Vec<(String, bool)> =
            embeds.into_iter().chain(labels.into_iter().map(|name| (name, false))).collect();
        self.known = models.iter().map(|(name, _)| name.clone()).collect();
        self.resting.retain(|_, until| *until > Instant::now());
        self.ready.clear();
        for (name, embeds) in models {
            if self.resting.contains_key(&name) {
                continue;
            }
            match shared.serving.live(&name) {
                // Parts of texts are found when they are asked for, and not kept.
                Ok(loaded) if !embeds && loaded.finds_parts() => {
                    self.known.remove(&name);
                }
                Ok(loaded) => self.ready.push(Reader { name, embeds, loaded }),
                Err(error) => self.rest(&name, &error),
            }
        }
    }

    /// Leaves a model alone for a while.
    pub(super) fn rest(&mut self, name: &str, error: &ServingError) {
        tracing::warn!(model = name, %error, "a model cannot read the texts of items for now");
        self.resting.insert(name.to_owned(), Instant::now() + REST);
    }

    /// The version of each model that can be used.
    pub(super) fn versions(&self) -> Covered {
        self.ready.iter().map(|reader| (reader.name.clone(), reader.version())).collect()
    }
}

impl Reader {
    pub(super) fn version(&self) -> u32 {
        self.loaded.version
    }

    /// What the model says of each text; waits while it is busy. [`Found::Failed`] where it fails on a text by itself.
    ///
    /// # Errors
    /// Why the model cannot be used for any.
    pub(super) fn read(&self, shared: &Shared, texts: &[&str]) -> Result<Vec<Found>, ServingError> {
        let error = match self.when_it_can(shared, texts) {
            Ok(found) => return Ok(found),
            Err(Failure::Texts(error)) => error,
            Err(other) => return Err(reason(other)),
        };
        if self.when_it_can(shared, &[PROBE]).is_err() {
            return Err(error);
        }
        let mut all = Vec::with_capacity(texts.len());
        for text in texts {
            match self.when_it_can(shared, &[text]) {
                Ok(found) => all.extend(found),
                Err(Failure::Texts(error)) => {
                    tracing::warn!(model = self.name, version = self.version(), %error, "a text cannot be read");
                    all.push(Found::Failed);
                }
                Err(other) => return Err(reason(other)),
            }
        }
        Ok(all)
    }

    fn when_it_can(&self, shared: &Shared, texts: &[&str]) -> Result<Vec<Found>, Failure> {
        loop {
            match self.now(texts, shared.config.understanding.labels) {
                Err(Failure::Busy(wait)) if shared.ready.load(Ordering::Acquire) => {
                    std::thread::sleep(wait.min(LONGEST_WAIT));
                }
                result => return result,
            }
        }
    }

    fn now(&self, texts: &[&str], labels: usize) -> Result<Vec<Found>, Failure> {
        if self.embeds {
            let vectors = self.loaded.embed_now(&self.name, texts)?;
            return Ok(vectors.into_iter().map(Found::Meaning).collect());
        }
        let label = |Class { label, probability, applies }| Label { label, probability, applies };
        let found = |classes: Vec<Class>| Found::Labels(classes.into_iter().map(label).collect());
        // Those that apply are kept too where they are many: whoever filters by them is to find them.
        let keep = |classes: Vec<Class>| -> Vec<Class> {
            let kept = |(place, class): &(usize, Class)| *place < labels || class.applies == Some(true);
            classes.into_iter().enumerate().filter(kept).map(|(_, class)| class).collect()
        };
        let read = self.loaded.classify_now(&self.name, texts, usize::MAX)?;
        Ok(read.into_iter().map(|classes| found(keep(classes))).collect())
    }
}

fn reason(failure: Failure) -> ServingError {
    match failure {
        Failure::Busy(_) => ServingError::Busy,
        Failure::Model(error) | Failure::Texts(error) => error,
    }
}
