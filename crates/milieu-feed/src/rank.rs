//! Ranking: asks the sources, filters, scores all candidates at once, arranges.

use crate::actions::ActionScorer;
use crate::config::FeedConfig;
use crate::engine::Engine;
use crate::filters::Gate;
use crate::inputs::{INPUTS, Inputs};
use crate::model::Models;
use crate::prior::PREDICTED;
use crate::receipt::score;
use crate::select::arrange;
use crate::sources::{Ask, propose};
use crate::stages::{Source, Stage};
use milieu_world::{Feature, ItemIx, Taste, View};
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// A candidate with its score and what it was made of.
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

impl Engine {
    /// Ranks what the sources propose.
    pub(crate) fn rank(
        &self,
        view: &View<'_>,
        taste: &Taste,
        models: &Models,
        disabled: &[Stage],
        served: &FxHashSet<ItemIx>,
    ) -> Vec<Scored> {
        let gate = Gate { view, user: taste.user(), config: &self.config, disabled, served };
        let scored = self.with_scratch(|scores| {
            let inputs = Inputs::gather(view, taste, models.collaborative.as_ref(), scores);
            let candidates = self.propose(&inputs, models, &gate);
            score_all(&inputs, &candidates, &models.actions, &self.config)
        });
        arrange(view, scored, &self.config, disabled, &self.counts)
    }

    /// What the sources would propose to a user and the filters let through, unscored: the population that
    /// an action model has to order, for drawing what was not chosen.
    #[must_use]
    pub fn candidates(&self, view: &View<'_>, taste: &Taste) -> Vec<ItemIx> {
        let models = self.models();
        let served = FxHashSet::default();
        let gate = Gate { view, user: taste.user(), config: &self.config, disabled: &[], served: &served };
        let candidates = self.with_scratch(|scores| {
            let inputs = Inputs::gather(view, taste, models.collaborative.as_ref(), scores);
            self.propose(&inputs, &models, &gate)
        });
        candidates.into_iter().map(|(item, _)| item).collect()
    }

    fn propose(&self, inputs: &Inputs<'_>, models: &Models, gate: &Gate<'_>) -> Vec<(ItemIx, Source)> {
        let trends = self.trends.get(gate.view);
        let ask = Ask {
            view: gate.view,
            taste: inputs.taste(),
            config: &self.config,
            has_model: models.collaborative.is_some(),
            inputs,
            trends: &trends,
        };
        let mut known = FxHashSet::default();
        let mut candidates = Vec::new();
        for source in Source::ALL {
            if gate.disabled.contains(&Stage::Source(source)) {
                continue;
            }
            let proposed = propose(source, &ask);
            self.counts.source(source, proposed.as_ref().map(Vec::len).map_err(|&error| error));
            for item in proposed.unwrap_or_default() {
                if !known.insert(item) {
                    continue;
                }
                match gate.refuse(item) {
                    Some(filter) => self.counts.refused(filter),
                    None => candidates.push((item, source)),
                }
            }
        }
        candidates
    }
}

/// Scores candidates, each by itself.
pub(crate) fn score_all(
    inputs: &Inputs<'_>,
    candidates: &[(ItemIx, Source)],
    actions: &ActionScorer,
    config: &FeedConfig,
) -> Vec<Scored> {
    let mut rows = vec![[0.0; INPUTS]; candidates.len()];
    for (row, &(item, _)) in rows.iter_mut().zip(candidates) {
        inputs.write(item, row);
    }
    let probabilities = actions.predict(&rows);
    let scored = |((&(item, source), inputs), probabilities): ((&(ItemIx, Source), [f32; INPUTS]), _)| {
        let followed = inputs[Feature::FollowsAuthor as usize] > 0.0;
        let network_factor = if followed { 1.0 } else { config.out_of_network };
        Scored {
            item,
            source,
            inputs,
            action_version: actions.version(),
            probabilities,
            network_factor,
            score: score(&probabilities, &config.weights, network_factor),
            diversity_factor: 1.0,
        }
    };
    candidates.iter().zip(rows).zip(probabilities).map(scored).collect()
}
