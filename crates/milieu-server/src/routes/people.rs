//! `GET /v1/people/{user}`.

use super::App;
use super::feed::language;
use crate::answer::{Answer, Json, Query, path_id, rest};
use crate::state::now;
use axum::extract::State;
use axum::http::Uri;
use milieu_api::{SuggestionList, SuggestionOut, SuggestionReason};
use milieu_people::suggest::{Reason, Suggestion, suggest};
use milieu_types::Language;
use milieu_world::{View, secs};

/// Whom a user may know. A user whom nobody has named yet has no relations, and so no suggestions.
pub(super) async fn people(State(shared): App, uri: Uri) -> Answer<SuggestionList> {
    let user = path_id(rest(&uri, "/v1/people/"), "user")?;
    let query = Query::read(&uri, &["limit", "explain", "lang"])?;
    let (limit, explain, language) = (query.limit()?, query.flag("explain")?, language(&query)?);
    let world = shared.world.read();
    let view = world.view(secs(now()));
    let found = match world.user(user.as_str()) {
        Some(user) => suggest(&view, user, limit, &shared.config.people.suggest),
        None => Vec::new(),
    };
    let people = found.iter().filter_map(|suggestion| out(&view, suggestion, explain, language)).collect();
    Ok(Json(SuggestionList { user: user.as_str().into(), people }))
}

fn out(view: &View<'_>, suggestion: &Suggestion, explain: bool, language: Language) -> Option<SuggestionOut> {
    let reason = |reason: &Reason| SuggestionReason {
        kind: reason.kind(),
        text: reason.words(view, language),
        count: reason.count(),
        people: reason
            .people()
            .iter()
            .filter_map(|&user| view.world().user_id(user))
            .map(Into::into)
            .collect(),
        names: reason.names().iter().filter_map(|&name| view.world().name(name)).map(Into::into).collect(),
    };
    Some(SuggestionOut {
        id: view.world().user_id(suggestion.user)?.to_owned(),
        name: view.name(suggestion.user).map(Into::into),
        score: suggestion.score,
        reasons: suggestion.reasons.iter().map(reason).collect(),
        explain: explain.then(|| suggestion.evidence.numbers().into_iter().collect()),
    })
}
