//! The collaborative model of a community, from its log.

use crate::eval::{self, Budget, Candidate, Family, Outcome, Parts, Trial, search};
use crate::{Progress, TrainConfig};
use milieu_dataset::ItemSequences;
use milieu_dataset::ratings::Rating;
use milieu_factors::{FactorsError, Model, Served};
use milieu_types::{Action, Record, Seq};
use milieu_world::{ItemIx, UserIx, World, secs};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64Mcg;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Length of the lists that candidates are compared on.
const LIST: usize = 20;
/// What one candidate's training may cost: a few seconds on two cores, since it runs beside serving.
const BUDGET: Budget = Budget { users: 1000, operations: 5e10, bytes: 2e9 };
/// The fewest users with anything held out that a choice, and the judgement of what was chosen, can each
/// rest on.
const FEWEST_JUDGES: usize = 10;
/// The most users that what was chosen is judged on.
const MOST_JUDGES: usize = 4000;

/// Positive interactions while the log is read.
#[derive(Debug, Default)]
pub struct Gathered {
    world: World,
    positives: Vec<(UserIx, ItemIx, u32)>,
    views: u64,
    last: Seq,
    records: u64,
}

/// The family and settings that a validation part chose.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// What was chosen.
    pub candidate: Candidate,
    /// NDCG of each family where the choice was made; and where it was judged, that of the chosen, of
    /// popularity (`/bar`), of the incumbent's recipe, and the confidence interval of the gain over
    /// popularity.
    pub metrics: BTreeMap<String, f64>,
    /// Whether it beats popularity, which needs no model, by more than luck.
    pub beats_popularity: bool,
}

/// A trained collaborative model, in the form that serving loads.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainedCollaborative {
    /// The model.
    pub served: Served,
    /// The id of each of its items.
    pub items: Vec<String>,
    /// Users learnt from.
    pub users: usize,
    /// Distinct pairs learnt from.
    pub interactions: usize,
}

impl Gathered {
    /// Folds the next record.
    pub fn apply(&mut self, seq: Seq, record: &Record) {
        self.world.apply(seq, record);
        self.last = seq;
        self.records += 1;
        let Record::Event(event) = record else { return };
        let Some(action) = event.kind.action() else { return };
        self.views += u64::from(action == Action::View);
        if action.is_positive()
            && let (Some(user), Some(item)) =
                (self.world.user(event.actor.as_str()), self.world.item(event.object.as_str()))
        {
            self.positives.push((user, item, secs(event.at)));
        }
    }

    /// The world so far.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The world so far, for good.
    #[must_use]
    pub fn into_world(self) -> World {
        self.world
    }

    /// The last record folded.
    #[must_use]
    pub fn last(&self) -> Seq {
        self.last
    }

    /// How many records were folded.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Whether the app reports what it shows.
    #[must_use]
    pub fn has_views(&self) -> bool {
        self.views >= self.positives.len() as u64
    }

    /// Chooses family and settings by the latest [`TrainConfig::recent_share`] of the interactions so far,
    /// as far as they went to items that were known before: no collaborative model can know others.
    /// Half of the users choose; the other half, who had no say, judge the choice against popularity and
    /// against the incumbent's recipe, which stays unless the choice beats it by more than luck.
    /// `Err` says why there is nothing to choose by.
    ///
    /// # Errors
    /// [`FactorsError`] where a model cannot be trained.
    pub fn choose(
        &self,
        config: &TrainConfig,
        incumbent: Option<&Candidate>,
        mut progress: impl FnMut(Progress),
    ) -> Result<Result<Choice, String>, FactorsError> {
        let mut data = self.ratings();
        if data.ratings.len() < config.min_interactions {
            return Ok(Err(format!(
                "{} positive interactions are too few; {} are needed",
                data.ratings.len(),
                config.min_interactions
            )));
        }
        if data.ratings.first().map(|r| r.at) == data.ratings.last().map(|r| r.at) {
            // An import without times: there is no latest part, so a part at random stands for it.
            data.ratings.shuffle(&mut Pcg64Mcg::seed_from_u64(config.seed));
        }
        let recent = (data.ratings.len() as f64 * config.recent_share.clamp(0.0, 0.5)) as usize;
        let (train, recent) = data.ratings.split_at(data.ratings.len() - recent);
        let mut known = vec![false; data.items.len()];
        train.iter().for_each(|rating| known[rating.item as usize] = true);
        let held_out: Vec<Rating> = recent.iter().copied().filter(|r| known[r.item as usize]).collect();
        let trial = Trial::new(Parts { train, held_out: &held_out, ..data.parts() })?;
        let mut choosing = trial.users();
        if choosing.len() < 2 * FEWEST_JUDGES {
            return Ok(Err(format!(
                "only {} users came back to items known before; {} are needed to compare models",
                choosing.len(),
                2 * FEWEST_JUDGES
            )));
        }
        choosing.shuffle(&mut Pcg64Mcg::seed_from_u64(config.seed));
        let mut judging = choosing.split_off(choosing.len().div_ceil(2));
        judging.truncate(MOST_JUDGES);
        progress(Progress::Stage { name: "choosing a collaborative model".into() });
        let families = [Family::Popularity, Family::ItemKnn, Family::GraphFilter, Family::Ease];
        let outcome = search(&trial, choosing, &families, LIST, BUDGET, config.seed)?;
        for (candidate, ndcg) in &outcome.families {
            let metrics = BTreeMap::from([(format!("ndcg@{LIST}"), *ndcg)]);
            progress(Progress::Validated { model: candidate.model.name().into(), metrics });
        }
        judge(&trial, &outcome, incumbent, &judging, config.seed).map(Ok)
    }

    /// Trains a candidate on everything so far.
    ///
    /// # Errors
    /// [`FactorsError`] where it cannot be trained.
    pub fn train(
        &self,
        candidate: &Candidate,
        config: &TrainConfig,
    ) -> Result<TrainedCollaborative, FactorsError> {
        let data = self.ratings();
        let trial = Trial::new(Parts { train: &data.ratings, ..data.parts() })?;
        let model = Model::train(&candidate.model, trial.data(candidate.values))?;
        let id = |&number: &u32| self.world.item_id(ItemIx(number)).unwrap_or_default().to_owned();
        Ok(TrainedCollaborative {
            served: model.served(config.neighbours_each(data.items.len())),
            items: data.items.originals.iter().map(id).collect(),
            users: data.users.len(),
            interactions: data.ratings.len(),
        })
    }

    /// Positive interactions that count. What was undone or deleted since is no longer met, and is not among
    /// them.
    fn pairs(&self) -> Vec<(UserIx, ItemIx, u32)> {
        let view = self.world.view(u32::MAX);
        let mut pairs = self.positives.clone();
        pairs.retain(|&(user, item, _)| view.has_met(user, item) && view.is_visible(item));
        pairs
    }

    /// What each user took, oldest first, each item at its latest time: as a taste tells it.
    pub(crate) fn sequences(&self) -> ItemSequences {
        let mut pairs = self.pairs();
        pairs.sort_by_key(|&(user, item, at)| (user, item, Reverse(at)));
        pairs.dedup_by_key(|&mut (user, item, _)| (user, item));
        pairs.sort_by_key(|&(user, item, at)| (user, at, item));
        let mut numbers = Numbering::default();
        let mut found = ItemSequences::default();
        for of_user in pairs.chunk_by(|a, b| a.0 == b.0) {
            found.users.extend(of_user.first().map(|(user, ..)| user.0.to_string()));
            found.sequences.push(of_user.iter().map(|&(_, item, _)| numbers.number(item.0)).collect());
        }
        let id = |&number: &u32| self.world.item_id(ItemIx(number)).unwrap_or_default().to_owned();
        found.items = numbers.originals.iter().map(id).collect();
        found
    }

    /// The distinct positive pairs in order of time.
    fn ratings(&self) -> Data {
        let mut pairs = self.pairs();
        pairs.sort_unstable_by_key(|&(user, item, at)| (user, item, at));
        pairs.dedup_by_key(|&mut (user, item, _)| (user, item));
        pairs.sort_by_key(|&(_, _, at)| at);
        let (mut users, mut items) = (Numbering::default(), Numbering::default());
        let ratings = pairs
            .into_iter()
            .map(|(user, item, at)| Rating {
                user: users.number(user.0),
                item: items.number(item.0),
                value: 1.0,
                at: Some(i64::from(at)),
            })
            .collect();
        Data { users, items, ratings }
    }
}

/// Ratings under numbers without gaps.
struct Data {
    users: Numbering,
    items: Numbering,
    ratings: Vec<Rating>,
}

impl Data {
    fn parts(&self) -> Parts<'_> {
        Parts {
            users: self.users.len(),
            items: self.items.len(),
            train: &[],
            masked: &[],
            held_out: &[],
            ties: &[],
        }
    }
}

/// Compares what a search chose with popularity and with the incumbent's recipe, on users who had no say
/// in the search: the best of many is the luckiest of many too.
fn judge(
    trial: &Trial<'_>,
    outcome: &Outcome,
    incumbent: Option<&Candidate>,
    users: &[u32],
    seed: u64,
) -> Result<Choice, FactorsError> {
    let of =
        |(candidate, ndcg): &(Candidate, f64)| (format!("ndcg@{LIST}/{}", candidate.model.name()), *ndcg);
    let mut metrics: BTreeMap<String, f64> = outcome.families.iter().map(of).collect();
    let mut candidate = outcome.chosen;
    let mut ndcg = trial.ndcg_by_user(&candidate, users, LIST)?;
    if let Some(incumbent) = incumbent {
        let before = trial.ndcg_by_user(incumbent, users, LIST)?;
        metrics.insert(format!("ndcg@{LIST}/incumbent"), mean(&before));
        if !eval::choose(Some(&before), &ndcg, seed).promote {
            (candidate, ndcg) = (*incumbent, before);
        }
    }
    let popularity = trial.ndcg_by_user(&Family::Popularity.start(), users, LIST)?;
    let gain = eval::choose(Some(&popularity), &ndcg, seed);
    metrics.extend([
        (format!("ndcg@{LIST}"), mean(&ndcg)),
        (format!("ndcg@{LIST}/bar"), mean(&popularity)),
        ("gain".to_owned(), gain.difference.mean),
        ("gain/low".to_owned(), gain.difference.low),
        ("gain/high".to_owned(), gain.difference.high),
    ]);
    Ok(Choice { candidate, metrics, beats_popularity: gain.promote })
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Numbers from 0 for the numbers of the world that occur, in order of their first occurrence.
#[derive(Default)]
struct Numbering {
    numbers: BTreeMap<u32, u32>,
    originals: Vec<u32>,
}

impl Numbering {
    fn number(&mut self, original: u32) -> u32 {
        let next = self.originals.len() as u32;
        let number = *self.numbers.entry(original).or_insert(next);
        if number == next {
            self.originals.push(original);
        }
        number
    }

    fn len(&self) -> usize {
        self.originals.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use milieu_types::{Event, EventKind, Id, Item, Timestamp};
    use rand::Rng;

    /// Forty readers of forty items; `pick` says which item a reader likes at each of twelve steps.
    fn community(mut pick: impl FnMut(u32, u32) -> u32) -> Gathered {
        let id = |text: String| Id::new(text).unwrap();
        let mut gathered = Gathered::default();
        let mut seq = 0;
        let mut tell = |gathered: &mut Gathered, record: Record| {
            seq += 1;
            gathered.apply(seq, &record);
        };
        for number in 0..40 {
            let item = Item {
                id: id(format!("p{number}")),
                author: None,
                text: None,
                media: vec![],
                tags: vec![],
                reply_to: None,
                language: None,
                at: Timestamp::from_secs(1000),
                hidden: false,
            };
            tell(&mut gathered, Record::PutItem(item));
        }
        for step in 0..12_u32 {
            for user in 0..40_u32 {
                let event = Event {
                    id: None,
                    kind: EventKind::Like,
                    actor: id(format!("u{user}")),
                    object: id(format!("p{}", pick(step, user))),
                    target: None,
                    value: None,
                    at: Timestamp::from_secs(2000 + i64::from(step * 100 + user)),
                    context: None,
                };
                tell(&mut gathered, Record::Event(event));
            }
        }
        gathered
    }

    #[test]
    fn learns_circles_and_promotes_no_luck() {
        let config = TrainConfig::default();
        // Two circles, each with items of its own; everybody reads a third of their circle's.
        let gathered = community(|step, user| (user * 7 + step * 3 + step * step) % 20 + 20 * (user % 2));
        let choice = gathered.choose(&config, None, |_| ()).unwrap().unwrap();
        assert!(choice.beats_popularity, "{:?}", choice.metrics);
        let stays = gathered.choose(&config, Some(&choice.candidate), |_| ()).unwrap().unwrap();
        assert_eq!(stays.candidate, choice.candidate);
        assert!(choice.metrics["gain/low"] > 0.0, "{:?}", choice.metrics);
        let trained = gathered.train(&choice.candidate, &config).unwrap();
        let number = |id: &str| trained.items.iter().position(|item| item == id).unwrap() as u32;
        let (mut scores, mut best) = (milieu_factors::Accumulator::default(), Vec::new());
        trained.served.recommend(&[(number("p4"), 1.0), (number("p6"), 1.0)], 5, &mut scores, &mut best);
        let circle = |item: u32| trained.items[item as usize][1..].parse::<u32>().unwrap() / 20;
        assert!(best.iter().all(|&(item, _)| circle(item) == 0), "{best:?}");
        let mut random = Pcg64Mcg::seed_from_u64(5);
        let aimless = community(|_, _| random.random_range(0..40));
        let choice = aimless.choose(&config, None, |_| ()).unwrap().unwrap();
        assert!(!choice.beats_popularity, "{:?}", choice.metrics);
        let forgetful = community(|step, user| 20 * u32::from(step > 9) + (user + step) % 20);
        let why = forgetful.choose(&config, None, |_| ()).unwrap().unwrap_err();
        assert!(why.contains("items known before"), "{why}");
        let too_few = Gathered::default().choose(&config, None, |_| ()).unwrap();
        assert!(too_few.unwrap_err().contains("too few"));
    }
}
