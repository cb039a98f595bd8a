//! Ranking: asks the sources, filters, scores all candidates at once, arranges.

use crate::actions::ActionScorer;
use crate::config::FeedConfig;
use crate::engine::{Engine, FeedQuery};
use crate::filters::Gate;
use crate::inputs::{INPUTS, Inputs};
use crate::model::Models;
use crate::prior::PREDICTED;
use crate::receipt::score;
use crate::select::arrange;
use crate::sources::{Ask, propose};
use crate::stages::{Source, Stage};
use crate::wanted::Wanted;
use milieu_factors::Accumulator;
use milieu_world::{Feature, ItemIx, Taste, View};
use rustc_hash::{FxBuildHasher, FxHashSet};
use std::sync::Arc;

/// A candidate with its score.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    pub(crate) item: ItemIx,
    pub(crate) source: Source,
    pub(crate) network_factor: f32,
    pub(crate) score: f32,
}

/// A candidate on a list, with what its score was made of.
#[derive(Debug, Clone)]
pub(crate) struct Scored {
    pub(crate) item: ItemIx,
    pub(crate) source: Source,
    pub(crate) inputs: [f32; INPUTS],
    /// Which action model scored it: a page may be shown after the model was replaced.
    pub(crate) action_version: Arc<str>,
    pub(crate) probabilities: [f32; PREDICTED.len()],
    pub(crate) network_factor: f32,
    pub(crate) score: f32,
    pub(crate) diversity_factor: f32,
}

/// Memory that is too large to be made for each query.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// Empty between queries, and as large as the largest model it met.
    pub(crate) scores: Accumulator,
    pub(crate) rows: Vec<[f32; INPUTS]>,
}

impl Engine {
    /// Ranks what the sources propose.
    pub(crate) fn rank(
        &self,
        view: &View<'_>,
        taste: &Taste,
        models: &Models,
        query: &FeedQuery,
        served: &FxHashSet<ItemIx>,
    ) -> Vec<Scored> {
        let disabled = &query.disabled;
        let wanted = self.wanted(query);
        let gate = Gate { view, user: taste.user(), config: &self.config, disabled, served };
        self.with_scratch(|Scratch { scores, rows }| {
            let inputs = Inputs::gather(view, taste, models.proposing(), scores);
            let proposed = self.propose(&inputs, models, &gate, wanted);
            let scores = score_all(&inputs, &proposed, &models.actions, &self.config, rows);
            arrange(view, &scores.candidates, &self.config, disabled, &self.counts)
                .into_iter()
                .map(|(place, diversity_factor)| scores.explained(place, diversity_factor))
                .collect()
        })
    }

    /// What the sources would propose to a user and the filters let through, unscored: the population that
    /// an action model has to order, for drawing what was not chosen.
    #[must_use]
    pub fn candidates(&self, view: &View<'_>, inputs: &Inputs<'_>) -> Vec<ItemIx> {
        let served = FxHashSet::default();
        let user = inputs.taste().user();
        let gate = Gate { view, user, config: &self.config, disabled: &[], served: &served };
        self.propose(inputs, &self.models(), &gate, self.hidden()).into_iter().map(|(item, _)| item).collect()
    }

    fn propose(
        &self,
        inputs: &Inputs<'_>,
        models: &Models,
        gate: &Gate<'_>,
        wanted: Option<Wanted<'_>>,
    ) -> Vec<(ItemIx, Source)> {
        let trends = self.trends.get(gate.view);
        let ask = Ask {
            view: gate.view,
            taste: inputs.taste(),
            config: &self.config,
            models,
            inputs,
            trends: &trends,
            wanted,
        };
        let mut proposed: Vec<(Source, Vec<ItemIx>)> = Vec::with_capacity(Source::ALL.len());
        for source in Source::ALL {
            if gate.disabled.contains(&Stage::Source(source)) {
                continue;
            }
            let items = propose(source, &ask);
            self.counts.source(source, items.as_ref().map(Vec::len).map_err(|&error| error));
            proposed.push((source, items.unwrap_or_default()));
        }
        // Where few are wanted, all that is proposed is looked through for them.
        let only = wanted.is_some_and(|wanted| wanted.is_only());
        let most =
            if only { proposed.iter().map(|(_, items)| items.len()).sum() } else { self.config.candidates };
        let (items, sources) = interleave(&proposed, most);
        gate.view.read_ahead(&items);
        let mut candidates: Vec<(ItemIx, Source)> = items.into_iter().zip(sources).collect();
        let labels = wanted.map(Wanted::gate);
        let refuse = |item| gate.refuse(item).or_else(|| labels.as_ref()?.refuse(item));
        candidates.retain(|&(item, _)| match refuse(item) {
            Some(filter) => {
                self.counts.refused(filter);
                false
            }
            None => true,
        });
        candidates.truncate(self.config.candidates);
        candidates
    }
}

/// The first of each source, then the second of each, and so on to `most` distinct items; each with the
/// source that had it highest.
fn interleave(proposed: &[(Source, Vec<ItemIx>)], most: usize) -> (Vec<ItemIx>, Vec<Source>) {
    let mut known = FxHashSet::with_capacity_and_hasher(most, FxBuildHasher);
    let (mut items, mut sources) = (Vec::with_capacity(most), Vec::with_capacity(most));
    let deepest = proposed.iter().map(|(_, items)| items.len()).max().unwrap_or(0);
    for place in 0..deepest {
        for (source, list) in proposed {
            let Some(&item) = list.get(place) else { continue };
            if items.len() == most {
                return (items, sources);
            }
            if known.insert(item) {
                items.push(item);
                sources.push(*source);
            }
        }
    }
    (items, sources)
}

/// Scored candidates, and what the scores were made of.
pub(crate) struct Scores<'a> {
    pub(crate) candidates: Vec<Candidate>,
    inputs: &'a [[f32; INPUTS]],
    probabilities: Vec<[f32; PREDICTED.len()]>,
    action_version: Arc<str>,
}

impl Scores<'_> {
    fn explained(&self, place: usize, diversity_factor: f32) -> Scored {
        let Candidate { item, source, network_factor, score } = self.candidates[place];
        Scored {
            item,
            source,
            inputs: self.inputs[place],
            action_version: Arc::clone(&self.action_version),
            probabilities: self.probabilities[place],
            network_factor,
            score,
            diversity_factor,
        }
    }
}

/// Scores candidates, each by itself. `rows` is scratch.
pub(crate) fn score_all<'a>(
    inputs: &Inputs<'_>,
    proposed: &[(ItemIx, Source)],
    actions: &ActionScorer,
    config: &FeedConfig,
    rows: &'a mut Vec<[f32; INPUTS]>,
) -> Scores<'a> {
    // Every place of every row is written below.
    rows.resize(proposed.len(), [0.0; INPUTS]);
    for (row, &(item, _)) in rows.iter_mut().zip(proposed) {
        inputs.write(item, row);
    }
    let probabilities = actions.predict(rows);
    let candidate = |((&(item, source), inputs), probabilities): ((&(ItemIx, Source), &[f32; INPUTS]), _)| {
        let followed = inputs[Feature::FollowsAuthor as usize] > 0.0;
        let network_factor = if followed { 1.0 } else { config.out_of_network };
        let score = score(probabilities, &config.weights, network_factor);
        Candidate { item, source, network_factor, score }
    };
    let candidates = proposed.iter().zip(rows.iter()).zip(&probabilities).map(candidate).collect();
    Scores { candidates, inputs: rows, probabilities, action_version: actions.version() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_take_turns() {
        let proposed = [
            (Source::Followed, vec![ItemIx(1), ItemIx(2), ItemIx(3)]),
            (Source::Fresh, vec![]),
            (Source::Similar, vec![ItemIx(4), ItemIx(1), ItemIx(2)]),
        ];
        let check = |most: usize, expected: &[(u32, Source)]| {
            let (items, sources) = interleave(&proposed, most);
            let found: Vec<_> = items.iter().map(|item| item.0).zip(sources).collect();
            assert_eq!(found, expected);
        };
        let all = [(1, Source::Followed), (4, Source::Similar), (2, Source::Followed), (3, Source::Followed)];
        check(9, &all);
        check(4, &all);
        check(3, &all[..3]);
        check(0, &[]);
    }
}
