//! Items by the meaning of a text: only what may be shown, and what the filters keep.

use super::meanings::Meanings;
use super::readers::of_search;
use crate::state::Shared;
use milieu_api::{ApiError, SearchIn};
use milieu_types::{ErrorCode, Item};
use milieu_world::{ItemIx, NameIx, Secs, UserIx, View, World, secs};
use parking_lot::RwLockReadGuard;
use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::sync::Arc;

/// Items that are looked at under one hold of the world, so that storing never waits for a search.
const HOLD: u32 = 1024;

/// What a search found.
pub(crate) struct Hits {
    pub(crate) model: String,
    pub(crate) version: u32,
    pub(crate) searched: usize,
    /// Id, cosine, and the item where it was asked for.
    pub(crate) items: Vec<(String, f32, Option<Item>)>,
}

/// Which items count, in the numbers of the world.
struct Filter {
    ids: Option<HashSet<u32>>,
    tags: Option<Vec<NameIx>>,
    language: Option<NameIx>,
    author: Option<UserIx>,
    after: Secs,
    /// The first second that is too late.
    before: Secs,
}

impl Filter {
    /// `None` where nothing can pass, since the world has no such name.
    fn of(asked: &SearchIn, world: &World) -> Option<Self> {
        let ids = asked.ids.as_ref().map(|ids| {
            ids.iter().filter_map(|id| world.item(id.as_str())).map(|item| item.0).collect::<HashSet<u32>>()
        });
        let tags = asked
            .tags
            .as_ref()
            .map(|tags| tags.iter().filter_map(|tag| world.find_name(tag)).collect::<Vec<NameIx>>());
        let language = match &asked.language {
            Some(language) => Some(world.find_name(language)?),
            None => None,
        };
        let author = match &asked.author {
            Some(author) => Some(world.user(author.as_str())?),
            None => None,
        };
        let after = asked.after.map_or(0, secs);
        let before = asked.before.map_or(Secs::MAX, secs);
        Some(Self { ids, tags, language, author, after, before })
    }

    fn keeps(&self, view: &View<'_>, number: u32) -> bool {
        let item = ItemIx(number);
        if !view.is_visible(item) || self.ids.as_ref().is_some_and(|ids| !ids.contains(&number)) {
            return false;
        }
        let facts = view.facts(item);
        (self.after..self.before).contains(&facts.at)
            && self.language.is_none_or(|language| facts.language == Some(language))
            && self.author.is_none_or(|author| facts.author == Some(author))
            && self.tags.as_ref().is_none_or(|tags| facts.tags.iter().any(|tag| tags.contains(tag)))
    }
}

/// The model to ask for the vector of a query: name and version.
pub(crate) fn model(shared: &Shared) -> Result<(String, u32), ApiError> {
    if !shared.config.understanding.enabled {
        return Err(ApiError::new(
            ErrorCode::Unavailable,
            "understanding.enabled is false: items are not read",
        ));
    }
    let (names, _) = shared.serving.models_of_texts();
    let Some(name) = of_search(shared, &names) else {
        let message = "there is no live model that makes vectors of texts (task text_embedding): promote one";
        let wanted = &shared.config.understanding.model;
        let named = (!wanted.is_empty()).then(|| format!("; understanding.model names {wanted}"));
        return Err(ApiError::new(
            ErrorCode::ModelNotFound,
            format!("{message}{}", named.unwrap_or_default()),
        ));
    };
    let held = shared.understanding.meanings.read();
    match held.as_ref().filter(|held| held.model == *name) {
        Some(held) => Ok((held.model.clone(), held.version)),
        None => Err(not_yet(name)),
    }
}

/// The version that made the vectors is served no more, and those of the new one are not there yet.
pub(crate) fn not_yet(name: &str) -> ApiError {
    ApiError::new(ErrorCode::Unavailable, format!("{name} is about to read the items; try again"))
}

/// Finds items near the vector that a version made of a query. Takes a while with many items.
pub(crate) fn search(
    shared: &Arc<Shared>,
    (name, version): (&str, u32),
    query: &[f32],
    asked: &SearchIn,
    now: Secs,
) -> Result<Hits, ApiError> {
    let held = shared.understanding.meanings.read();
    let is_it = |held: &&Meanings| held.model == name && held.version == version;
    let held = held.as_ref().filter(is_it).ok_or_else(|| not_yet(name))?;
    let world = shared.world.read();
    let (model, searched) = (name.to_owned(), held.len());
    let Some(filter) = Filter::of(asked, &world) else {
        return Ok(Hits { model, version, searched, items: Vec::new() });
    };
    let (world, looked_at) = (RefCell::new(world), Cell::new(0));
    let keep = |number: u32| {
        looked_at.set(looked_at.get() + 1);
        if looked_at.get() % HOLD == 0 {
            RwLockReadGuard::bump(&mut world.borrow_mut());
        }
        filter.keeps(&world.borrow().view(now), number)
    };
    let found = held
        .search(query, asked.k, keep)
        .map_err(|error| ApiError::new(ErrorCode::ModelFailed, error.to_string()))?;
    // What was deleted or hidden meanwhile is in no answer.
    let world = world.into_inner();
    let view = world.view(now);
    let hit = |(number, score): (u32, f32)| {
        let item = ItemIx(number);
        let id = world.item_id(item).filter(|_| view.is_visible(item))?;
        Some((id.to_owned(), score, asked.full.then(|| view.item(item)).flatten()))
    };
    Ok(Hits { model, version, searched, items: found.into_iter().filter_map(hit).collect() })
}
