//! Suggestions of people: whom somebody may know or want to know, and why.
//!
//! Sources propose people ([`sources`]), a gate leaves those who may be shown ([`gate`]), and what is public between each of
//! them and the asker is counted ([`own`]), scored ([`Evidence::score`]) and put into words ([`Reason`]). Everything is read
//! from the view at the moment of the answer, so the next answer after a block, a dismissal or a delete knows of it.

mod config;
mod evidence;
mod gate;
mod own;
mod reason;
mod sources;

pub use config::SuggestConfig;
pub use evidence::Evidence;
pub use reason::Reason;

use milieu_world::{UserIx, View};
use own::Own;

/// Somebody whom the asker may want to know.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// Who.
    pub user: UserIx,
    /// See [`Evidence::score`].
    pub score: f32,
    /// What speaks for it.
    pub evidence: Evidence,
    /// The same as reasons, those that tell most first; never none.
    pub reasons: Vec<Reason>,
}

/// At most `limit` people whom `user` may know, the likeliest first. A score does not depend on who else is suggested.
///
/// The work is bounded whatever the user's ties: see [`SuggestConfig`].
#[must_use]
pub fn suggest(view: &View<'_>, user: UserIx, limit: usize, config: &SuggestConfig) -> Vec<Suggestion> {
    let own = Own::read(view, user);
    let weigh = |candidate: UserIx| {
        let evidence = own.evidence(candidate);
        evidence.is_any().then(|| (evidence.score(), candidate, evidence))
    };
    let mut found: Vec<(f32, UserIx, Evidence)> =
        sources::candidates(&own, config.candidates, config.ties).into_iter().filter_map(weigh).collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    found.truncate(limit);
    let told = |(score, user, evidence): (f32, UserIx, Evidence)| Suggestion {
        reasons: reason::reasons(&own, user, &evidence, config),
        user,
        score,
        evidence,
    };
    found.into_iter().map(told).collect()
}
