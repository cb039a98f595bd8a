//! Training one candidate and measuring it on held-out items.

use super::candidate::{Candidate, Values};
use super::metrics::Accuracy;
use super::ranking::{BLOCK, top_lists, top_of};
use milieu_dataset::ratings::Rating;
use milieu_factors::{
    Accumulator, FactorsError, FilterBank, Interactions, Model, Response, Scaling, Served, friends_mix,
};
use rayon::prelude::*;

/// The data of a trial: what is learnt from, what is not to be shown again, what is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    /// How many users there are.
    pub users: usize,
    /// How many items there are.
    pub items: usize,
    /// What the model learns from.
    pub train: &'a [Rating],
    /// What users are known to have beyond that: masked, not learnt from.
    pub masked: &'a [Rating],
    /// What is looked for.
    pub held_out: &'a [Rating],
    /// Directed ties between users.
    pub ties: &'a [(u32, u32)],
}

/// The matrices of [`Parts`], made once for many candidates.
#[derive(Debug, Clone)]
pub struct Trial<'a> {
    parts: Parts<'a>,
    binary: Interactions,
    log: Interactions,
    masked: Interactions,
    held_out: Interactions,
    popular: Vec<f32>,
}

/// A trained candidate, ready to score the users it was trained on.
#[derive(Debug)]
pub struct Trained {
    model: Model,
    served: Option<Served>,
    mix: Option<Interactions>,
}

impl<'a> Trial<'a> {
    /// Builds the matrices.
    ///
    /// # Errors
    /// [`FactorsError`] for ratings outside the shape or without a positive value.
    pub fn new(parts: Parts<'a>) -> Result<Self, FactorsError> {
        let matrix = |values: Values, ratings| values.matrix(parts.users, parts.items, ratings);
        let binary = matrix(Values::Binary, parts.train)?;
        let mut popular = vec![0.0; parts.items];
        binary.triples().for_each(|(_, item, weight)| popular[item as usize] += weight);
        Ok(Self {
            parts,
            binary,
            log: matrix(Values::Log, parts.train)?,
            masked: matrix(Values::Binary, parts.masked)?,
            held_out: matrix(Values::Binary, parts.held_out)?,
            popular,
        })
    }

    /// The training matrix that a candidate sees.
    #[must_use]
    pub fn data(&self, values: Values) -> &Interactions {
        match values {
            Values::Binary => &self.binary,
            Values::Log => &self.log,
        }
    }

    /// Whether values differ, so that there is something to choose about them.
    #[must_use]
    pub fn has_values(&self) -> bool {
        self.parts.train.windows(2).any(|pair| pair[0].value != pair[1].value)
    }

    /// Whether there are ties.
    #[must_use]
    pub fn has_ties(&self) -> bool {
        !self.parts.ties.is_empty()
    }

    /// The users who have anything held out.
    #[must_use]
    pub fn users(&self) -> Vec<u32> {
        (0..self.parts.users as u32).filter(|&user| !self.held_out.row(user as usize).is_empty()).collect()
    }

    /// Trains a candidate. With `neighbours` it is the served form with that many weights an item that
    /// will be measured.
    ///
    /// # Errors
    /// [`FactorsError`] where the model cannot be trained.
    pub fn train(&self, candidate: &Candidate, neighbours: Option<usize>) -> Result<Trained, FactorsError> {
        let data = self.data(candidate.values);
        let model = Model::train(&candidate.model, data)?;
        let served = neighbours.map(|neighbours| model.served(neighbours));
        let mix = if candidate.friends > 0.0 && self.has_ties() {
            Some(friends_mix(data, self.parts.ties, candidate.friends)?)
        } else {
            None
        };
        Ok(Trained { model, served, mix })
    }

    /// Ranks all items for each of `users` with a candidate of these [`Values`].
    #[must_use]
    pub fn lists(&self, trained: &Trained, values: Values, users: &[u32], k: usize) -> Vec<Vec<u32>> {
        let data = self.data(values);
        let score = |users: &[u32], out: &mut [f32]| {
            trained.score(data, users, out);
            for (row, &user) in out.chunks_exact_mut(self.parts.items.max(1)).zip(users) {
                self.stand_in(trained.mix.as_ref(), data, user, row);
            }
        };
        top_lists(score, users, self.parts.items, &[&self.binary, &self.masked], k)
    }

    /// Trains a candidate; its NDCG at `k` for each of `users`.
    ///
    /// # Errors
    /// [`FactorsError`] where the model cannot be trained.
    pub fn ndcg_by_user(
        &self,
        candidate: &Candidate,
        users: &[u32],
        k: usize,
    ) -> Result<Vec<f64>, FactorsError> {
        let trained = self.train(candidate, None)?;
        let lists = self.lists(&trained, candidate.values, users, k);
        Ok(self.measure(users, &lists, k).iter().map(|accuracy| accuracy.ndcg).collect())
    }

    /// The mean NDCG of graph filters with one scaling, without friends: one row of targets for each
    /// response. Much cheaper than one by one.
    #[must_use]
    pub fn filters_ndcg(
        &self,
        values: Values,
        scaling: Scaling,
        (responses, targets): (&[Response], &[f32]),
        users: &[u32],
        k: usize,
    ) -> Vec<Vec<f64>> {
        let data = self.data(values);
        let bank = FilterBank::new(data, scaling, responses, targets);
        let masks = [&self.binary, &self.masked];
        let of_block = |block: &[u32]| {
            let mut sums = vec![vec![0.0; targets.len()]; responses.len()];
            bank.score(None, block, |response, target, rows| {
                for (row, &user) in rows.chunks_exact_mut(self.parts.items.max(1)).zip(block) {
                    self.stand_in(None, data, user, row);
                    let list = top_of(row, user, &masks, k);
                    let relevant = self.held_out.row(user as usize);
                    sums[response][target] += Accuracy::of(&list, relevant, k).ndcg;
                }
            });
            sums
        };
        // Summed in the order of the blocks, so that threads do not decide the rounding.
        let blocks: Vec<_> = users.par_chunks(BLOCK).map(of_block).collect();
        let mut means = vec![vec![0.0; targets.len()]; responses.len()];
        for sums in &blocks {
            for (mean, sum) in means.iter_mut().flatten().zip(sums.iter().flatten()) {
                *mean += sum / users.len() as f64;
            }
        }
        means
    }

    /// Who has no history, nor friends to speak for them, gets what is popular.
    fn stand_in(&self, mix: Option<&Interactions>, data: &Interactions, user: u32, row: &mut [f32]) {
        let user = user as usize;
        if data.row(user).is_empty() && mix.is_none_or(|mix| mix.row(user).len() == 1) {
            row.copy_from_slice(&self.popular);
        }
    }

    /// Measures lists against what was held out, user by user.
    #[must_use]
    pub fn measure(&self, users: &[u32], lists: &[Vec<u32>], k: usize) -> Vec<Accuracy> {
        let of = |(&user, list): (&u32, &Vec<u32>)| Accuracy::of(list, self.held_out.row(user as usize), k);
        users.iter().zip(lists).map(of).collect()
    }
}

impl Trained {
    /// Scores users of the training matrix `data`.
    fn score(&self, data: &Interactions, users: &[u32], out: &mut [f32]) {
        match &self.served {
            None => self.model.score(self.mix.as_ref(), users, out),
            Some(served) => self.score_served(served, data, users, out),
        }
    }

    fn score_served(&self, served: &Served, data: &Interactions, users: &[u32], out: &mut [f32]) {
        out.fill(0.0);
        let items = data.items();
        let mut scores = Accumulator::new(items);
        let mut history = Vec::new();
        let mut best = Vec::new();
        for (row, &user) in out.chunks_exact_mut(items.max(1)).zip(users) {
            history.clear();
            // The models mix histories of unit length in the square root of the degree; so here too.
            let degree = |user: usize| data.row_weights(user).iter().sum::<f32>().max(f32::MIN_POSITIVE);
            let own = degree(user as usize);
            let mut add = |user: usize, share: f32| {
                let share = share * (own / degree(user)).sqrt();
                let row = data.row(user).iter().zip(data.row_weights(user));
                history.extend(row.map(|(&item, &weight)| (item, share * weight)));
            };
            match &self.mix {
                None => add(user as usize, 1.0),
                Some(mix) => {
                    let shares = mix.row(user as usize).iter().zip(mix.row_weights(user as usize));
                    shares.for_each(|(&other, &share)| add(other as usize, share));
                }
            }
            served.recommend(&history, row.len(), &mut scores, &mut best);
            best.iter().for_each(|&(item, score)| row[item as usize] = score);
        }
    }
}
