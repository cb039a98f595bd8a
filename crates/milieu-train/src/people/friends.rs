//! Friendships that were hidden, told from pairs that are none: by what two people hear, by the other friendships, by both.

use super::links::{LinkEvalError, Mean};
use super::listening::{TASTE_NAMES, TASTES, Tastes};
use super::measures::{area, hits_of_all};
use milieu_dataset::ratings::Ratings;
use milieu_graph::{Csr, Direction, Edge, Heuristic};
use milieu_people::link::{
    Activity, FEATURES, Hardness, LinkError, LinkTraining, Negatives, NodeTable, Pair, WIDTH, hide_links,
    read_pairs,
};
use milieu_ranker::{ActionModel, Examples, NEGATIVE, POSITIVE, TrainConfig, train};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;
use serde::Serialize;
use std::fmt::Write;

/// The bar of the hit rate.
const HITS: usize = 50;
/// Numbers of a pair: what the graph says, then what listening says.
const ALL: usize = WIDTH + TASTES;
/// What each learnt model looks at.
const LEARNT: [(&str, std::ops::Range<usize>); 3] =
    [("learnt: graph and listening", 0..ALL), ("learnt: graph", 0..WIDTH), ("learnt: listening", WIDTH..ALL)];
/// Numbers of listening that are scores by themselves.
const PLAIN: [(&str, usize); 2] = [("listening cosine", 0), ("rare artists shared", 1)];

/// Networks of which a learnt score is the mean.
const NETWORKS: u64 = 3;

/// What pairs that are no friends are like. Which of any two people are friends, and which of those who are as far from each other, are
/// two questions: the distance says most of the one and nothing of the other. So each has its own model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Against {
    /// Any.
    Chance,
    /// As many steps apart as friends are without their friendship.
    AsFar,
}

/// What is evaluated.
#[derive(Debug, Clone)]
pub struct FriendEval {
    /// The share of the friendships that is hidden, above 0 to .5.
    pub hide: f64,
    /// How many times, each with another seed.
    pub seeds: u64,
    /// How the models learn: of the known friendships as many are hidden again as `hide` says, each round others. `random` pairs
    /// are learnt beside each for the model against chance, `hard` beside each end for that against pairs as far.
    pub training: LinkTraining,
}

impl Default for FriendEval {
    fn default() -> Self {
        Self {
            hide: 0.2,
            seeds: 5,
            training: LinkTraining { random: 10, hard: 4, ..LinkTraining::default() },
        }
    }
}

/// How one score does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FriendScore {
    /// Its name.
    pub score: String,
    /// The area under the ROC curve against as many pairs of chance.
    pub auc: Mean,
    /// The share of the hidden friendships above all but 49 of these.
    pub hits_at_50: Mean,
    /// The area against pairs that are as many steps apart as the friends are without their friendship: one for each end.
    pub hard_auc: Mean,
    /// The share of the hidden friendships above all but 49 of these.
    pub hard_hits_at_50: Mean,
}

/// What one seed had.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FriendSeed {
    /// It.
    pub seed: u64,
    /// Friendships that were known, and that were hidden.
    pub friendships: (usize, usize),
    /// Pairs that the models against chance and against pairs as far learnt from.
    pub examples: [usize; 2],
}

/// The whole report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FriendReport {
    /// People.
    pub users: usize,
    /// Friendships.
    pub friendships: usize,
    /// The share that was hidden.
    pub hide: f64,
    /// Each seed.
    pub seeds: Vec<FriendSeed>,
    /// The learnt models first, then every score that needs no learning.
    pub scores: Vec<FriendScore>,
}

/// Hides friendships, learns from the others, and tells the hidden ones from pairs that are no friends; `told` hears of each
/// seed.
///
/// # Errors
/// A share out of its range, too few friendships.
pub fn evaluate_friends(
    ratings: &Ratings,
    eval: &FriendEval,
    told: impl Fn(&str),
) -> Result<FriendReport, LinkEvalError> {
    if !(eval.hide > 0.0 && eval.hide <= 0.5) {
        return Err(LinkEvalError::Hide(eval.hide));
    }
    let mut friends: Vec<Pair> = ratings.ties.iter().map(|&(a, b)| (a.min(b), a.max(b))).collect();
    friends.sort_unstable();
    friends.dedup();
    let tastes = Tastes::new(ratings.users, ratings.items, &ratings.ratings);
    let whole = graph(ratings.users, &friends)?;
    // By score, the four measures of each seed.
    let mut values = vec![<[Vec<f64>; 4]>::default(); names().len()];
    let mut seeds = Vec::new();
    for seed in 0..eval.seeds {
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let mut shuffled = friends.clone();
        shuffled.shuffle(&mut random);
        let hidden = shuffled.split_off(shuffled.len() - (shuffled.len() as f64 * eval.hide) as usize);
        if hidden.is_empty() {
            return Err(LinkEvalError::NothingHidden);
        }
        let known = graph(ratings.users, &shuffled)?;
        let mut negatives = Negatives::new(&known, &whole);
        let mut examples = [0; 2];
        for (which, against) in [Against::Chance, Against::AsFar].into_iter().enumerate() {
            let (models, learnt_from) = learn(&known, &tastes, against, eval, seed)?;
            let others = others(&mut negatives, &hidden, against, 1, &mut random);
            let links = scores(&known, &tastes, &models, &hidden)?;
            let others = scores(&known, &tastes, &models, &others)?;
            for (values, (links, others)) in values.iter_mut().zip(links.iter().zip(&others)) {
                values[2 * which].push(area(links, others));
                values[2 * which + 1].push(hits_of_all(links, others, HITS));
            }
            examples[which] = learnt_from;
        }
        told(&format!("seed {seed}: learnt from {} and {} pairs", examples[0], examples[1]));
        seeds.push(FriendSeed { seed, friendships: (shuffled.len(), hidden.len()), examples });
    }
    let scores = names().into_iter().zip(&values).map(|(score, values)| {
        let [auc, hits_at_50, hard_auc, hard_hits_at_50] = values.each_ref().map(|values| Mean::of(values));
        FriendScore { score, auc, hits_at_50, hard_auc, hard_hits_at_50 }
    });
    Ok(FriendReport {
        users: ratings.users,
        friendships: friends.len(),
        hide: eval.hide,
        seeds,
        scores: scores.collect(),
    })
}

/// Writes the report as aligned text. Learnt scores are of one model against chance, and of another against hard pairs.
#[must_use]
pub fn friend_table(report: &FriendReport) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "{} people, {} friendships, {:.0}% hidden; mean and deviation of {} seeds",
        report.users,
        report.friendships,
        report.hide * 100.0,
        report.seeds.len()
    );
    let _ =
        writeln!(out, "{:<28} {:>16} {:>16} {:>16} {:>16}", "", "auc", "hits@50", "hard auc", "hard hits@50");
    for score in &report.scores {
        let cells = [score.auc, score.hits_at_50, score.hard_auc, score.hard_hits_at_50]
            .map(|mean| format!("{:>16}", format!("{:.4} ±{:.4}", mean.mean, mean.deviation)));
        let _ = writeln!(out, "{:<28} {}", score.score, cells.join(" "));
    }
    out
}

/// The scores in the order of [`scores`].
fn names() -> Vec<String> {
    let learnt = LEARNT.iter().map(|(name, _)| *name);
    let plain = PLAIN.iter().map(|(name, _)| *name);
    let graph = Heuristic::ALL.iter().map(|heuristic| heuristic.name());
    learnt.chain(plain).chain(graph).map(str::to_owned).collect()
}

fn graph(users: usize, friends: &[Pair]) -> Result<Csr, LinkError> {
    let edges: Vec<Edge> = friends.iter().map(|&(a, b)| Edge::plain(a, b)).collect();
    Ok(Csr::from_edges(users, &edges, Direction::Undirected)?)
}

/// Pairs that are no friends: so many of chance for each friendship, or for each end of each so many that are as far away.
fn others(
    negatives: &mut Negatives<'_>,
    friends: &[Pair],
    against: Against,
    count: usize,
    random: &mut Pcg64Mcg,
) -> Vec<Pair> {
    if against == Against::Chance {
        return (0..friends.len() * count).filter_map(|_| negatives.anywhere(random)).collect();
    }
    let mut pairs = Vec::new();
    for &(a, b) in friends {
        for (kept, left) in [(a, b), (b, a)] {
            let found = negatives.in_place_of(left, kept, Hardness::SameDistance, count, random);
            pairs.extend(found.into_iter().map(|other| (kept, other)));
        }
    }
    pairs
}

/// What graph and listening say of a pair, [`ALL`] numbers, and the plain scores of the graph.
type Row = (Vec<f32>, Vec<f64>);

/// Reads pairs, in their order.
fn read(known: &Csr, tastes: &Tastes, pairs: &[Pair]) -> Result<Vec<Row>, LinkError> {
    let nodes = NodeTable::of(known, Activity::default())?;
    let mut rows = read_pairs(known, &nodes, pairs, |reader, other| {
        let paths = reader.paths(other);
        let plain = Heuristic::ALL.iter().map(|heuristic| heuristic.of(&paths)).collect();
        (reader.features(other).to_vec(), plain)
    })?;
    for ((row, _), &(a, b)) in rows.iter_mut().zip(pairs) {
        row.extend(tastes.of(a, b));
    }
    Ok(rows)
}

/// Networks for each of [`LEARNT`], from friendships that are hidden once more, and how many pairs they learnt from.
fn learn(
    known: &Csr,
    tastes: &Tastes,
    against: Against,
    eval: &FriendEval,
    seed: u64,
) -> Result<(Vec<Vec<ActionModel>>, usize), LinkError> {
    let training = LinkTraining { seed, hidden: eval.hide, ..eval.training.clone() };
    let mut random = Pcg64Mcg::seed_from_u64(seed ^ 1);
    let mut examples: Vec<(Vec<f32>, bool)> = Vec::new();
    for past in hide_links(known, &training)? {
        let mut negatives = Negatives::new(&past.known, &past.whole);
        let count = if against == Against::Chance { training.random } else { training.hard };
        let mut pairs = past.links.clone();
        pairs.extend(others(&mut negatives, &past.links, against, count, &mut random));
        let rows = read(&past.known, tastes, &pairs)?;
        let friends = past.links.len();
        examples.extend(rows.into_iter().enumerate().map(|(place, (row, _))| (row, place < friends)));
    }
    // What is held out is the end of the list.
    examples.shuffle(&mut random);
    let names: Vec<&str> = FEATURES.iter().chain(&TASTE_NAMES).copied().collect();
    let networks = |columns: &std::ops::Range<usize>| -> Result<Vec<ActionModel>, LinkError> {
        let wanted = names[columns.clone()].iter().map(|name| (*name).to_owned()).collect();
        let mut list = Examples::new(wanted, vec!["friends".to_owned()]);
        for (row, friends) in &examples {
            list.push(&row[columns.clone()], &[if *friends { POSITIVE } else { NEGATIVE }], 1.0)?;
        }
        (0..NETWORKS)
            .into_par_iter()
            .map(|number| seed.wrapping_mul(NETWORKS).wrapping_add(number))
            .map(|seed| Ok(train(&list, &TrainConfig { seed, ..training.network.clone() })?.0))
            .collect()
    };
    let models = LEARNT.iter().map(|(_, columns)| networks(columns)).collect::<Result<_, _>>()?;
    Ok((models, examples.len()))
}

/// The scores of each pair, by score, in the order of [`names`].
fn scores(
    known: &Csr,
    tastes: &Tastes,
    models: &[Vec<ActionModel>],
    pairs: &[Pair],
) -> Result<Vec<Vec<f64>>, LinkError> {
    let rows = read(known, tastes, pairs)?;
    let mut scores = Vec::new();
    for (networks, (_, columns)) in models.iter().zip(&LEARNT) {
        let features: Vec<f32> =
            rows.iter().flat_map(|(row, _)| row[columns.clone()].iter().copied()).collect();
        let (mut sum, mut chances) = (vec![0.0; rows.len()], vec![0.0_f32; rows.len()]);
        for network in networks {
            network.predict(&features, &mut chances)?;
            sum.iter_mut().zip(&chances).for_each(|(sum, chance)| *sum += f64::from(*chance));
        }
        scores.push(sum);
    }
    for (_, place) in PLAIN {
        scores.push(rows.iter().map(|(row, _)| f64::from(row[WIDTH + place])).collect());
    }
    for place in 0..Heuristic::ALL.len() {
        scores.push(rows.iter().map(|(_, plain)| plain[place]).collect());
    }
    Ok(scores)
}

#[cfg(test)]
mod tests {
    use super::*;
    use milieu_dataset::ratings::Rating;
    use rand::Rng;

    /// Groups of ten hear their own artists; friends are of one group, by chance.
    fn scene(seed: u64) -> Ratings {
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let (mut ratings, mut ties) = (Vec::new(), Vec::new());
        for user in 0..200_u32 {
            let mut heard: Vec<u32> = (0..6).map(|_| user / 10 * 8 + random.random_range(0..8)).collect();
            heard.extend((0..4).map(|_| 160 + random.random_range(0..40)));
            heard.sort_unstable();
            heard.dedup();
            ratings.extend(heard.into_iter().map(|item| Rating { user, item, value: 3.0, at: None }));
            for other in 0..user {
                let rate = if other / 10 == user / 10 { 0.4 } else { 0.003 };
                if random.random_bool(rate) {
                    ties.extend([(user, other), (other, user)]);
                }
            }
        }
        Ratings { users: 200, items: 200, ratings, test: None, ties }
    }

    #[test]
    fn listening_helps_where_it_says_who_belongs_together() {
        let eval = FriendEval { seeds: 2, ..FriendEval::default() };
        let report = evaluate_friends(&scene(1), &eval, |_| {}).unwrap();
        let score = |name: &str| report.scores.iter().find(|score| score.score == name).unwrap();
        let (both, graph) = (score("learnt: graph and listening"), score("learnt: graph"));
        assert!(both.auc.mean > 0.9 && both.auc.mean > graph.auc.mean, "{report:?}");
        assert!(score("listening cosine").auc.mean > 0.85, "{report:?}");
        assert_eq!(report, evaluate_friends(&scene(1), &eval, |_| {}).unwrap());
        assert!(friend_table(&report).contains("rare artists shared"));
    }

    #[test]
    fn refusals() {
        let none = Ratings { users: 3, items: 0, ratings: Vec::new(), test: None, ties: vec![(0, 1)] };
        let hide = |hide| FriendEval { hide, ..FriendEval::default() };
        assert!(matches!(evaluate_friends(&none, &hide(0.6), |_| {}), Err(LinkEvalError::Hide(_))));
        assert!(matches!(evaluate_friends(&none, &hide(0.2), |_| {}), Err(LinkEvalError::NothingHidden)));
        let few = Ratings { ties: vec![(0, 1), (1, 2), (0, 2)], ..none };
        assert!(matches!(evaluate_friends(&few, &hide(0.4), |_| {}), Err(LinkEvalError::Links(_))));
    }
}
