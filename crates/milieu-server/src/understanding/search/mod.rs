//! Items by the meaning of a text, by its terms, or by both: only what may be shown, and what the filters keep.

mod filter;

use super::meanings::Meanings;
use super::readers::of_search;
use crate::state::Shared;
use filter::Filter;
use milieu_api::{ApiError, FoundBy, RankedPlace, SearchIn, SearchMode};
use milieu_text::terms::{TermCounts, fused};
use milieu_types::{ErrorCode, Item};
use milieu_world::{ItemIx, Secs};
use parking_lot::RwLockReadGuard;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

/// Items that are looked at under one hold of the world, so that storing never waits for a search.
const HOLD: u32 = 1024;
/// Places of each of two rankings that are joined, at least: what one has further down may be first in both.
const DEPTH: usize = 100;

/// What is to be compared.
pub(crate) struct Plan {
    /// Name and version of the model to ask for the vector of the query.
    pub(crate) meaning: Option<(String, u32)>,
    pub(crate) terms: bool,
}

/// What a search found.
pub(crate) struct Hits {
    /// How many items have a vector, or terms, where only terms were looked for.
    pub(crate) searched: usize,
    pub(crate) items: Vec<Hit>,
}

/// An item that a search found.
pub(crate) struct Hit {
    pub(crate) id: String,
    pub(crate) score: f32,
    pub(crate) by: FoundBy,
    /// Where it was asked for.
    pub(crate) item: Option<Item>,
}

/// Items by their numbers with their scores, the best first.
type Ranking = Vec<(u32, f32)>;

impl Plan {
    /// What a search compares that asks for a mode or leaves the choice.
    pub(crate) fn of(shared: &Shared, mode: Option<SearchMode>) -> Result<Self, ApiError> {
        let meaning = || model(shared);
        Ok(match mode {
            Some(SearchMode::Meaning) => Self { meaning: Some(meaning()?), terms: false },
            Some(SearchMode::Terms) => Self { meaning: None, terms: must_have_terms(shared)? },
            Some(SearchMode::Hybrid) => Self { meaning: Some(meaning()?), terms: must_have_terms(shared)? },
            None if shared.config.understanding.terms => Self { meaning: meaning().ok(), terms: true },
            None => Self { meaning: Some(meaning()?), terms: false },
        })
    }

    pub(crate) fn mode(&self) -> SearchMode {
        match (&self.meaning, self.terms) {
            (Some(_), true) => SearchMode::Hybrid,
            (Some(_), false) => SearchMode::Meaning,
            (None, _) => SearchMode::Terms,
        }
    }
}

fn must_have_terms(shared: &Shared) -> Result<bool, ApiError> {
    if shared.config.understanding.terms {
        return Ok(true);
    }
    Err(ApiError::new(ErrorCode::Unavailable, "understanding.terms is false: items are not found by terms"))
}

/// The model to ask for the vector of a query: name and version.
fn model(shared: &Shared) -> Result<(String, u32), ApiError> {
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

/// Finds items by what the plan compares; `vector` is what its model made of the query. Takes a while with many items.
pub(crate) fn search(
    shared: &Arc<Shared>,
    plan: &Plan,
    vector: &[f32],
    asked: &SearchIn,
    now: Secs,
) -> Result<Hits, ApiError> {
    let held = shared.understanding.meanings.read();
    let filter = Filter::of(asked, &shared.world.read(), held.as_ref());
    let k = if plan.mode() == SearchMode::Hybrid { DEPTH.max(2 * asked.k) } else { asked.k };
    let mut searched = 0;
    let terms = if plan.terms {
        let index = shared.understanding.terms.read();
        searched = index.len();
        // Few items are asked about, but those far apart in time.
        let keep = |number| {
            filter.as_ref().is_some_and(|filter| filter.keeps(&shared.world.read().view(now), number))
        };
        if filter.is_some() { index.search(&TermCounts::of(&asked.query), k, keep) } else { Ranking::new() }
    } else {
        Ranking::new()
    };
    let mut meaning = Ranking::new();
    if let Some((name, version)) = &plan.meaning {
        let is_it = |held: &&Meanings| held.model == *name && held.version == *version;
        let held = held.as_ref().filter(is_it).ok_or_else(|| not_yet(name))?;
        searched = held.len();
        if let Some(filter) = &filter {
            meaning = near(shared, held, vector, k, filter, now)?;
        }
    }
    let found = joined(plan.mode(), meaning, terms);
    // What was deleted or hidden meanwhile is in no answer.
    let world = shared.world.read();
    let view = world.view(now);
    let hit = |(number, score, by): (u32, f32, FoundBy)| {
        let item = ItemIx(number);
        let id = world.item_id(item).filter(|_| view.is_visible(item))?.to_owned();
        Some(Hit { id, score, by, item: asked.full.then(|| view.item(item)).flatten() })
    };
    Ok(Hits { searched, items: found.into_iter().take(asked.k).filter_map(hit).collect() })
}

/// The items nearest to a vector.
fn near(
    shared: &Shared,
    held: &Meanings,
    vector: &[f32],
    k: usize,
    filter: &Filter<'_>,
    now: Secs,
) -> Result<Ranking, ApiError> {
    let (world, looked_at) = (RefCell::new(shared.world.read()), Cell::new(0));
    let keep = |number: u32| {
        looked_at.set(looked_at.get() + 1);
        if looked_at.get() % HOLD == 0 {
            RwLockReadGuard::bump(&mut world.borrow_mut());
        }
        filter.keeps(&world.borrow().view(now), number)
    };
    held.search(vector, k, keep).map_err(|error| ApiError::new(ErrorCode::ModelFailed, error.to_string()))
}

/// The one ranking there is, or both joined.
fn joined(mode: SearchMode, meaning: Ranking, terms: Ranking) -> Vec<(u32, f32, FoundBy)> {
    let places = |ranking: &Ranking| -> HashMap<u32, RankedPlace> {
        let place =
            |(at, &(number, score)): (usize, &(u32, f32))| (number, RankedPlace { place: at + 1, score });
        ranking.iter().enumerate().map(place).collect()
    };
    let numbers = |ranking: &Ranking| -> Vec<u32> { ranking.iter().map(|(number, _)| *number).collect() };
    let order = match mode {
        SearchMode::Meaning => meaning.clone(),
        SearchMode::Terms => terms.clone(),
        SearchMode::Hybrid => {
            let both = fused(&[&numbers(&meaning), &numbers(&terms)]);
            both.into_iter().map(|(number, score)| (number, score as f32)).collect()
        }
    };
    let (meaning, terms) = (places(&meaning), places(&terms));
    let by = |number| FoundBy { meaning: meaning.get(&number).copied(), terms: terms.get(&number).copied() };
    order.into_iter().map(|(number, score)| (number, score, by(number))).collect()
}
