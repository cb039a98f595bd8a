//! How well links are foretold: the learnt model beside every score that needs no learning.

use super::measures::{area, hits_of_all, place};
use super::split::{Links, Split, SplitBy};
use milieu_dataset::edges::EdgeList;
use milieu_graph::{Embedding, EmbeddingConfig, GraphError, Heuristic, WalkConfig};
use milieu_people::link::{
    Hardness, LinkError, LinkModel, LinkTraining, Negatives, NodeTable, Pair, WIDTH, hide_links, read_pairs,
    train_links,
};
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Instant;

/// Negatives for each end of a link: any that are as far away, and the nearest.
const HARD: [(&str, Hardness, usize); 2] =
    [("same_distance", Hardness::SameDistance, 100), ("nearest", Hardness::Nearest, 250)];

/// What is evaluated.
#[derive(Debug, Clone)]
pub struct LinkEval {
    /// The share of the links that is hidden, above 0 to .5.
    pub hide: f64,
    /// Which are.
    pub by: SplitBy,
    /// How many times, each with another seed.
    pub seeds: u64,
    /// Hidden links that are told from hard pairs, each seed.
    pub hard: usize,
    /// How the model learns.
    pub training: LinkTraining,
}

/// Why links cannot be evaluated.
#[derive(Debug, thiserror::Error)]
pub enum LinkEvalError {
    /// The list has no times.
    #[error("not every edge of the list has a time")]
    NoTimes,
    /// A share out of its range.
    #[error("{0} of the links cannot be hidden; it must be above 0 and at most 0.5")]
    Hide(f64),
    /// Nothing is left to foretell.
    #[error("no hidden link is between nodes that were known before; hide more")]
    NothingHidden,
    /// See there.
    #[error(transparent)]
    Links(#[from] LinkError),
    /// See there.
    #[error(transparent)]
    Graph(#[from] GraphError),
}

/// The mean over the seeds, and the deviation between them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Mean {
    /// The mean.
    pub mean: f64,
    /// The standard deviation; 0 of one seed.
    pub deviation: f64,
}

impl Mean {
    pub(super) fn of(values: &[f64]) -> Self {
        let count = values.len().max(1) as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        Self { mean, deviation: (squares / (count - 1.0).max(1.0)).sqrt() }
    }
}

/// How one score does among hard pairs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct HardReport {
    /// The mean reciprocal place of a link among its own negatives.
    pub mrr: Mean,
    /// The share of the links in the first ten places.
    pub hits_at_10: Mean,
}

/// How one score does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScoreReport {
    /// Its name.
    pub score: String,
    /// The area under the ROC curve against pairs of chance.
    pub auc: Mean,
    /// The share of the links above all but 49 of the pairs of chance.
    pub hits_at_50: Mean,
    /// By kind of hard pairs.
    pub hard: BTreeMap<&'static str, HardReport>,
}

/// What one seed had.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeedReport {
    /// It.
    pub seed: u64,
    /// Links that were known.
    pub known: usize,
    /// Links that were to be foretold.
    pub hidden: usize,
    /// Pairs that the model learnt from.
    pub examples: usize,
    /// How far its chances are off, on pairs like those it learnt from that it did not learn from.
    pub calibration_error: Option<f64>,
    /// Seconds to learn.
    pub train_seconds: f64,
}

/// The whole report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LinkReport {
    /// Nodes of the list.
    pub nodes: usize,
    /// Pairs that are linked.
    pub links: usize,
    /// What decided which were hidden.
    pub by: SplitBy,
    /// The share that was hidden.
    pub hide: f64,
    /// Each seed.
    pub seeds: Vec<SeedReport>,
    /// The learnt model first, then every other score.
    pub scores: Vec<ScoreReport>,
    /// By how much the learnt model is above the best other score, by measure: .1 is ten percent.
    pub gain: BTreeMap<String, f64>,
}

/// The name of the learnt model in reports.
const LEARNT: &str = "learnt";

/// Values by score, measure and seed.
type Values = BTreeMap<(usize, String), Vec<f64>>;

/// Hides links, learns from the others, and tells the hidden ones from pairs of chance and from hard ones; `told` hears of
/// each step.
///
/// # Errors
/// [`LinkEvalError`].
pub fn evaluate_links(
    list: &EdgeList,
    eval: &LinkEval,
    told: impl Fn(&str),
) -> Result<LinkReport, LinkEvalError> {
    if eval.by == SplitBy::Time && !list.is_timed() {
        return Err(LinkEvalError::NoTimes);
    }
    if !(eval.hide > 0.0 && eval.hide <= 0.5) {
        return Err(LinkEvalError::Hide(eval.hide));
    }
    let links = Links::of(list);
    let names = names();
    let (mut values, mut seeds) = (Values::new(), Vec::new());
    for seed in 0..eval.seeds {
        let split = Split::new(&links, eval.by, eval.hide, seed)?;
        if split.hidden.is_empty() {
            return Err(LinkEvalError::NothingHidden);
        }
        let training = LinkTraining { seed, ..eval.training.clone() };
        let begun = Instant::now();
        let made;
        let pasts = if split.pasts.is_empty() {
            made = hide_links(&split.known, &training)?;
            &made
        } else {
            &split.pasts
        };
        let learnt = train_links(pasts, &training)?;
        seeds.push(SeedReport {
            seed,
            known: split.known.arcs() / 2,
            hidden: split.hidden.len(),
            examples: learnt.report.training_examples,
            calibration_error: learnt.report.heads.first().and_then(|head| head.calibration_error),
            train_seconds: begun.elapsed().as_secs_f64(),
        });
        told(&format!("seed {seed}: learnt from {} pairs", learnt.report.training_examples));
        let scorer = Scorer::new(&split, learnt.model, seed)?;
        against_any(&split, &scorer, seed, &mut values)?;
        for (name, hardness, most) in HARD {
            against_hard(&split, &scorer, (name, hardness, most, eval.hard), seed, &mut values)?;
            told(&format!("seed {seed}: told from pairs of {name}"));
        }
    }
    let mean = |score: usize, measure: &str| {
        Mean::of(values.get(&(score, measure.to_owned())).map_or(&[][..], Vec::as_slice))
    };
    let scores: Vec<ScoreReport> = names
        .iter()
        .enumerate()
        .map(|(score, name)| ScoreReport {
            score: name.clone(),
            auc: mean(score, "auc"),
            hits_at_50: mean(score, "hits_at_50"),
            hard: HARD
                .iter()
                .map(|&(kind, ..)| {
                    let of = |measure: &str| mean(score, &format!("{kind}_{measure}"));
                    (kind, HardReport { mrr: of("mrr"), hits_at_10: of("hits_at_10") })
                })
                .collect(),
        })
        .collect();
    let measures: std::collections::BTreeSet<&String> = values.keys().map(|(_, measure)| measure).collect();
    let gain = measures.into_iter().map(|measure| {
        let best = (1..names.len()).map(|score| mean(score, measure).mean).fold(f64::MIN, f64::max);
        (measure.clone(), mean(0, measure).mean / best - 1.0)
    });
    let gain = gain.collect();
    Ok(LinkReport {
        nodes: list.names.len(),
        links: links.pairs.len(),
        by: eval.by,
        hide: eval.hide,
        seeds,
        scores,
        gain,
    })
}

/// The scores in the order of [`Scorer::scores`].
fn names() -> Vec<String> {
    let plain = Heuristic::ALL.iter().map(|heuristic| heuristic.name());
    [LEARNT]
        .into_iter()
        .chain(plain)
        .chain(["personal_pagerank", "node_vectors"])
        .map(str::to_owned)
        .collect()
}

/// Scores pairs by everything.
struct Scorer<'s> {
    split: &'s Split,
    nodes: NodeTable,
    model: LinkModel,
    vectors: Embedding,
}

impl<'s> Scorer<'s> {
    fn new(split: &'s Split, model: LinkModel, seed: u64) -> Result<Self, LinkEvalError> {
        let walks = WalkConfig { seed, ..WalkConfig::default() };
        let config = EmbeddingConfig { walks, ..EmbeddingConfig::default() };
        let vectors = Embedding::train(&split.known, &config)?;
        Ok(Self { split, nodes: NodeTable::of(&split.known, split.activity.clone())?, model, vectors })
    }

    /// The scores of each pair, by score.
    fn scores(&self, pairs: &[Pair]) -> Result<Vec<Vec<f64>>, LinkEvalError> {
        type Read = (Vec<f32>, Vec<f64>);
        let read: Vec<Read> = read_pairs(&self.split.known, &self.nodes, pairs, |reader, other| {
            let paths = reader.paths(other);
            let plain = Heuristic::ALL.iter().map(|heuristic| heuristic.of(&paths));
            let scores = plain.chain([reader.pagerank(other).iter().sum::<f64>()]).collect();
            (reader.features(other).to_vec(), scores)
        })?;
        let features: Vec<f32> = read.iter().flat_map(|(features, _)| features.iter().copied()).collect();
        debug_assert_eq!(features.len(), pairs.len() * WIDTH);
        let learnt = self.model.scores(&features)?.into_iter().map(f64::from).collect();
        let mut scores: Vec<Vec<f64>> = vec![learnt];
        let kinds = read.first().map_or(0, |(_, scores)| scores.len());
        scores.extend((0..kinds).map(|kind| read.iter().map(|(_, scores)| scores[kind]).collect()));
        scores.push(pairs.iter().map(|&pair| self.near(pair)).collect());
        Ok(scores)
    }

    /// The product of two nodes' vectors.
    fn near(&self, (from, to): Pair) -> f64 {
        self.vectors.vector(from).iter().zip(self.vectors.vector(to)).map(|(a, b)| f64::from(a * b)).sum()
    }
}

/// Tells the hidden links from as many pairs of chance.
fn against_any(
    split: &Split,
    scorer: &Scorer<'_>,
    seed: u64,
    values: &mut Values,
) -> Result<(), LinkEvalError> {
    let mut random = Pcg64Mcg::seed_from_u64(seed ^ 2);
    let negatives = Negatives::new(&split.known, &split.whole);
    let others: Vec<Pair> = (0..split.hidden.len()).filter_map(|_| negatives.anywhere(&mut random)).collect();
    let (links, others) = (scorer.scores(&split.hidden)?, scorer.scores(&others)?);
    for (score, (links, others)) in links.iter().zip(&others).enumerate() {
        values.entry((score, "auc".to_owned())).or_default().push(area(links, others));
        values.entry((score, "hits_at_50".to_owned())).or_default().push(hits_of_all(links, others, 50));
    }
    Ok(())
}

/// Tells hidden links from hard pairs, each from its own.
fn against_hard(
    split: &Split,
    scorer: &Scorer<'_>,
    (name, hardness, most, links): (&str, Hardness, usize, usize),
    seed: u64,
    values: &mut Values,
) -> Result<(), LinkEvalError> {
    let mut random = Pcg64Mcg::seed_from_u64(seed ^ 3);
    let mut negatives = Negatives::new(&split.known, &split.whole);
    let links = &split.hidden[..split.hidden.len().min(links)];
    let (mut pairs, mut ends) = (Vec::new(), Vec::new());
    for &(from, to) in links {
        for (kept, left) in [(from, to), (to, from)] {
            let others = negatives.in_place_of(left, kept, hardness, most, &mut random);
            pairs.extend(others.into_iter().map(|other| (kept, other)));
        }
        ends.push(pairs.len());
    }
    let (links, others) = (scorer.scores(links)?, scorer.scores(&pairs)?);
    for (score, (links, others)) in links.iter().zip(&others).enumerate() {
        let places: Vec<f64> = links
            .iter()
            .zip(ends.iter().scan(0, |begin, &end| Some(std::mem::replace(begin, end)..end)))
            .map(|(&link, own)| place(link, &others[own]))
            .collect();
        let mean = |of: &dyn Fn(f64) -> f64| {
            places.iter().map(|&place| of(place)).sum::<f64>() / places.len().max(1) as f64
        };
        values.entry((score, format!("{name}_mrr"))).or_default().push(mean(&|place| 1.0 / place));
        values
            .entry((score, format!("{name}_hits_at_10")))
            .or_default()
            .push(mean(&|place| f64::from(u8::from(place <= 10.0))));
    }
    Ok(())
}
