//! From the registry into the feed.

use crate::state::Shared;
use milieu_factors::Served;
use milieu_feed::{ActionScorer, Collaborative, Models, NextItems};
use milieu_inference::{EngineChoice, Engines, LoadOptions, SequenceModel};
use milieu_ranker::ActionModel;
use milieu_registry::{ModelCard, StagesMark, Version};
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

/// The kind of the collaborative models in the registry.
pub const COLLABORATIVE: &str = "collaborative";
/// The file of a collaborative version with a [`Served`], in postcard.
pub const SERVED_FILE: &str = "model.postcard";
/// The file of a collaborative version with the id of each of its items, a JSON array.
pub const ITEMS_FILE: &str = "items.json";
/// The kind of the action models in the registry.
pub const ACTIONS: &str = "actions";
/// The file of an action version with an [`ActionModel`], in JSON.
pub const ACTIONS_FILE: &str = "model.json";
/// The kind of the next-item models in the registry: what the recipe of that name publishes as.
pub const NEXT: &str = "feed-sequence";
/// The kinds that the feed uses.
pub(crate) const OF_FEED: [&str; 3] = [COLLABORATIVE, NEXT, ACTIONS];

/// What the stages of the feed's models are, to see whether they were changed elsewhere.
pub(crate) fn marks(shared: &Shared) -> [Option<StagesMark>; OF_FEED.len()] {
    OF_FEED.map(|kind| shared.registry.stages_mark(kind).ok().flatten())
}

/// Takes the live versions of the registry into use, all at once. What cannot be used is left out, and
/// said.
pub(crate) fn load_models(shared: &Shared) -> Result<(), String> {
    let mut found = Found::default();
    let models = Models {
        collaborative: found.take(live(shared, COLLABORATIVE, |name, of| collaborative(shared, name, of))),
        next: found.take(live(shared, NEXT, |name, of| next(shared, name, of))),
        actions: found.take(live(shared, ACTIONS, actions)).unwrap_or_default(),
    };
    shared.engine.set_models(models);
    *shared.models.lock() = found.names;
    if found.errors.is_empty() { Ok(()) } else { Err(found.errors.join("; ")) }
}

/// What was found while models were loaded.
#[derive(Default)]
struct Found {
    /// The versions that can be used, by kind.
    names: BTreeMap<&'static str, String>,
    /// Why others cannot.
    errors: Vec<String>,
}

impl Found {
    fn take<T>(&mut self, live: Result<Option<Live<T>>, String>) -> Option<T> {
        let live = live.map_err(|error| self.errors.push(error)).ok()??;
        self.names.insert(live.kind, live.name);
        Some(live.model)
    }
}

/// A live version that can be used.
struct Live<T> {
    kind: &'static str,
    /// Such as `collaborative/3`.
    name: String,
    model: T,
}

/// The action model of a receipt, where the registry still has it.
pub(crate) fn action_version(shared: &Shared, name: &str) -> Option<ActionScorer> {
    let number = name.strip_prefix(ACTIONS)?.strip_prefix('/')?.parse().ok()?;
    let version = shared.registry.load(ACTIONS, number).ok()?;
    actions(name, &version).ok()
}

fn live<T>(
    shared: &Shared,
    kind: &'static str,
    read: impl FnOnce(&str, &Version) -> Result<T, String>,
) -> Result<Option<Live<T>>, String> {
    let Some(number) = shared.registry.live(kind).map_err(|error| error.to_string())? else {
        return Ok(None);
    };
    let name = format!("{kind}/{number}");
    let version = shared.registry.load(kind, number).map_err(|error| format!("{name}: {error}"))?;
    let model = read(&name, &version).map_err(|error| format!("{name}: {error}"))?;
    Ok(Some(Live { kind, name, model }))
}

fn file<'v>(version: &'v Version, name: &str) -> Result<&'v [u8], String> {
    version.files.get(name).map(Vec::as_slice).ok_or_else(|| format!("has no file {name}"))
}

fn collaborative(shared: &Shared, name: &str, version: &Version) -> Result<Collaborative, String> {
    let served: Served =
        postcard::from_bytes(file(version, SERVED_FILE)?).map_err(|error| error.to_string())?;
    let ids: Vec<String> =
        serde_json::from_slice(file(version, ITEMS_FILE)?).map_err(|error| error.to_string())?;
    if !served.is_sound() || served.items() != ids.len() {
        return Err("contradicts itself".into());
    }
    Ok(Collaborative::bind(name.to_owned(), served, &ids, &shared.world.read()))
}

/// The same engine on one thread as where its inputs to the action model were made.
fn next(shared: &Shared, name: &str, version: &Version) -> Result<NextItems, String> {
    let card = ModelCard::of(&version.manifest).map_err(|error| error.to_string())?;
    let engines =
        Engines::find(EngineChoice::Rten, None, NonZeroUsize::MIN).map_err(|error| error.to_string())?;
    let options = LoadOptions { most_bytes: shared.config.inference.model_bytes, ..LoadOptions::default() };
    let engine =
        engines.load(file(version, &card.model_file)?, options).map_err(|error| error.to_string())?;
    let model = SequenceModel::new(engine).map_err(|error| error.to_string())?;
    let length = model.length();
    let scores = Arc::new(move |tokens: &[i64]| {
        model.scores(tokens).inspect_err(|error| tracing::error!(%error, "the next-item model fails")).ok()
    });
    Ok(NextItems::bind(name.to_owned(), scores, length, &card.labels, &shared.world.read()))
}

fn actions(name: &str, version: &Version) -> Result<ActionScorer, String> {
    let model: ActionModel =
        serde_json::from_slice(file(version, ACTIONS_FILE)?).map_err(|error| error.to_string())?;
    ActionScorer::learnt(name, model).map_err(|error| error.to_string())
}
