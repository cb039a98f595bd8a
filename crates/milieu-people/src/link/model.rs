//! Learning links from a graph's own past.

use super::features::{FEATURES, LinkReader, WIDTH};
use super::{Activity, Hardness, LinkError, Negatives, NodeTable};
use milieu_graph::{Csr, Direction, Edge};
use milieu_ranker::{ActionModel, Examples, NEGATIVE, POSITIVE, TrainConfig, TrainReport, train};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The one task of the model.
const TASK: &str = "link";

/// Fewer links than this teach nothing.
const LEAST_LINKS: usize = 20;

/// Two nodes.
pub type Pair = (u32, u32);

/// How links are learnt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinkTraining {
    /// Decides which links are hidden and which pairs are compared.
    pub seed: u64,
    /// The share of the links that is hidden each time, above 0 to below 1.
    pub hidden: f64,
    /// How many times links are hidden, each time others.
    pub rounds: usize,
    /// Pairs of any two nodes for each hidden link.
    pub random: usize,
    /// Pairs as many steps apart for each end of each hidden link. Among the nearest pairs that are not linked yet many
    /// will be: taught that they are none, the model puts links lower (ADR 0155 has the figures), so there are none.
    pub hard: usize,
    /// Most links that are learnt from in a round.
    pub most: usize,
    /// The network.
    pub network: TrainConfig,
}

impl Default for LinkTraining {
    fn default() -> Self {
        Self {
            seed: 0,
            hidden: 0.15,
            rounds: 6,
            random: 5,
            hard: 0,
            most: 30_000,
            network: TrainConfig {
                learning_rate: 1e-3,
                decay: 1e-4,
                negatives_per_positive: 1000.0,
                ..TrainConfig::default()
            },
        }
    }
}

/// A model of links, and how it was learnt.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainedLinks {
    /// It.
    pub model: LinkModel,
    /// What happened.
    pub report: TrainReport,
}

/// The chance that two who are not linked come to be, as far as the pairs of the training go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LinkModel(ActionModel);

impl LinkModel {
    /// A model that was read from a file.
    ///
    /// # Errors
    /// One of other features.
    pub fn new(model: ActionModel) -> Result<Self, LinkError> {
        model.check_names(&FEATURES, &[TASK])?;
        Ok(Self(model))
    }

    /// How likely each of so many pairs is to be a link, `n x WIDTH` features row-major: the chance among pairs as it was
    /// trained with, where links are more frequent than among all.
    ///
    /// # Errors
    /// Features that are no whole rows.
    pub fn scores(&self, features: &[f32]) -> Result<Vec<f32>, LinkError> {
        let mut scores = vec![0.0; features.len() / WIDTH];
        self.0.predict(features, &mut scores)?;
        Ok(scores)
    }

    /// The network behind it.
    #[must_use]
    pub fn network(&self) -> &ActionModel {
        &self.0
    }
}

/// A graph as it was, and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Past {
    /// What was known.
    pub known: Csr,
    /// Links that came, or were hidden: none of them is in what was known.
    pub links: Vec<Pair>,
    /// What each node had done lately; empty where nothing is known of times.
    pub activity: Activity,
    /// Every link, known or to come, as far as the training may know.
    pub whole: Csr,
}

/// Hides a part of a graph's links, each round others. `graph` is undirected.
///
/// # Errors
/// Too few links.
pub fn hide_links(graph: &Csr, config: &LinkTraining) -> Result<Vec<Past>, LinkError> {
    let mut links: Vec<Pair> =
        graph.all_arcs().filter(|arc| arc.from < arc.to).map(|arc| (arc.from, arc.to)).collect();
    let hidden = (links.len() as f64 * config.hidden) as usize;
    if hidden < LEAST_LINKS || links.len() - hidden < LEAST_LINKS {
        return Err(LinkError::TooFew(links.len(), (2.0 * LEAST_LINKS as f64 / config.hidden) as usize));
    }
    links.shuffle(&mut Pcg64Mcg::seed_from_u64(config.seed));
    let round = |round: usize| {
        let (before, rest) = links.split_at(round * hidden);
        let (away, after) = rest.split_at(hidden);
        let left = before.iter().chain(after).map(|&(from, to)| Edge::plain(from, to));
        let known = Csr::from_edges(graph.nodes(), &left.collect::<Vec<_>>(), Direction::Undirected)?;
        Ok(Past { known, links: away.to_vec(), activity: Activity::default(), whole: graph.clone() })
    };
    (0..config.rounds.clamp(1, links.len() / hidden)).map(round).collect()
}

/// Learns which of the pairs that were not linked came to be: what was known of these and of other pairs is read from
/// the graph as it was, and the network learns to tell them apart.
///
/// # Errors
/// Too few links, a setting out of its range.
pub fn train_links(pasts: &[Past], config: &LinkTraining) -> Result<TrainedLinks, LinkError> {
    let count = pasts.iter().map(|past| past.links.len()).sum();
    if count < LEAST_LINKS {
        return Err(LinkError::TooFew(count, LEAST_LINKS));
    }
    let mut random = Pcg64Mcg::seed_from_u64(config.seed ^ 1);
    let mut examples = Vec::new();
    for past in pasts {
        let taken = &past.links[..past.links.len().min(config.most)];
        let (pairs, labels): (Vec<Pair>, Vec<bool>) =
            against(&past.known, &past.whole, taken, config, &mut random).into_iter().unzip();
        examples.extend(features_of(&past.known, past.activity.clone(), &pairs)?.into_iter().zip(labels));
    }
    // What is held out is the end of the list.
    examples.shuffle(&mut random);
    let mut list = Examples::new(FEATURES.map(str::to_owned).to_vec(), vec![TASK.to_owned()]);
    for (row, link) in examples {
        list.push(&row, &[if link { POSITIVE } else { NEGATIVE }], 1.0)?;
    }
    let (model, report) = train(&list, &TrainConfig { seed: config.seed, ..config.network.clone() })?;
    Ok(TrainedLinks { model: LinkModel(model), report })
}

/// The hidden links, and pairs that are none.
fn against(
    known: &Csr,
    whole: &Csr,
    links: &[Pair],
    config: &LinkTraining,
    random: &mut Pcg64Mcg,
) -> Vec<(Pair, bool)> {
    let mut ordered = links.to_vec();
    // Links of one node lie together, so that its surroundings are walked once.
    ordered.sort_unstable();
    let mut negatives = Negatives::new(known, whole);
    let mut labelled: Vec<(Pair, bool)> = ordered.iter().map(|&link| (link, true)).collect();
    let mut hard = |kept: u32, left: u32, random: &mut Pcg64Mcg| {
        let others = negatives.in_place_of(left, kept, Hardness::SameDistance, config.hard, random);
        labelled.extend(others.into_iter().map(|other| ((kept, other), false)));
    };
    ordered.iter().for_each(|&(from, to)| hard(from, to, random));
    ordered.sort_unstable_by_key(|&(from, to)| (to, from));
    ordered.iter().for_each(|&(from, to)| hard(to, from, random));
    labelled.extend(
        (0..links.len() * config.random).filter_map(|_| negatives.anywhere(random)).map(|pair| (pair, false)),
    );
    labelled
}

/// What a graph says of pairs, in their order; on all threads.
///
/// # Errors
/// A node that is not there.
fn features_of(graph: &Csr, activity: Activity, pairs: &[Pair]) -> Result<Vec<[f32; WIDTH]>, LinkError> {
    let nodes = NodeTable::of(graph, activity)?;
    read_pairs(graph, &nodes, pairs, |reader, other| reader.features(other))
}

/// Reads something of each pair, in their order; on all threads, each standing at one node after the other.
///
/// # Errors
/// A node that is not there.
pub fn read_pairs<T: Send + Clone + Default>(
    graph: &Csr,
    nodes: &NodeTable,
    pairs: &[Pair],
    read: impl Fn(&LinkReader<'_, Csr>, u32) -> T + Sync,
) -> Result<Vec<T>, LinkError> {
    let mut order: Vec<usize> = (0..pairs.len()).collect();
    order.sort_unstable_by_key(|&place| (pairs[place].0, place));
    let groups: Vec<&[usize]> = order.chunk_by(|&a, &b| pairs[a].0 == pairs[b].0).collect();
    let read_group = |reader: &mut LinkReader<'_, Csr>, group: &[usize]| {
        if let Some(&first) = group.first() {
            reader.stand_at(pairs[first].0)?;
        }
        Ok(group.iter().map(|&place| (place, read(reader, pairs[place].1))).collect::<Vec<_>>())
    };
    let parts: Result<Vec<Vec<(usize, T)>>, LinkError> = groups
        .into_par_iter()
        .map_init(|| LinkReader::new(graph, nodes), |reader, group| read_group(reader, group))
        .collect();
    let mut all = vec![T::default(); pairs.len()];
    for (place, value) in parts?.into_iter().flatten() {
        all[place] = value;
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    /// Groups of ten who mostly know each other, and some links between groups.
    fn groups(seed: u64) -> Csr {
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let mut edges = Vec::new();
        for from in 0..200_u32 {
            for to in 0..from {
                if random.random_bool(if from / 10 == to / 10 { 0.7 } else { 0.005 }) {
                    edges.push(Edge::plain(from, to));
                }
            }
        }
        Csr::from_edges(200, &edges, Direction::Undirected).unwrap()
    }

    fn score(model: &LinkModel, graph: &Csr, pair: Pair) -> f32 {
        let nodes = NodeTable::of(graph, Activity::default()).unwrap();
        let rows =
            read_pairs(graph, &nodes, &[pair], |reader, other| reader.features(other).to_vec()).unwrap();
        model.scores(&rows[0]).unwrap()[0]
    }

    #[test]
    fn those_of_one_group_are_likely_and_it_does_not_matter_who_comes_first() {
        let graph = groups(1);
        let config = LinkTraining::default();
        let pasts = hide_links(&graph, &config).unwrap();
        for past in &pasts {
            assert!(past.links.iter().all(|&(from, to)| !past.known.has(from, to) && graph.has(from, to)));
        }
        let learnt = train_links(&pasts, &config).unwrap();
        assert_eq!(train_links(&pasts, &config).unwrap().model, learnt.model);
        let apart = (0..10).flat_map(|from| (from + 1..10).map(move |to| (from, to)));
        let near = apart.clone().find(|&(from, to)| !graph.has(from, to)).unwrap();
        let far = apart.map(|(from, to)| (from, to + 50)).find(|&(from, to)| !graph.has(from, to)).unwrap();
        let (likely, unlikely) = (score(&learnt.model, &graph, near), score(&learnt.model, &graph, far));
        assert!(likely > 5.0 * unlikely, "{likely} {unlikely}");
        assert!((score(&learnt.model, &graph, (near.1, near.0)) - likely).abs() < 1e-5);
    }

    #[test]
    fn too_little_to_learn_from_is_said() {
        let graph = Csr::from_edges(9, &[Edge::plain(0, 1)], Direction::Undirected).unwrap();
        let config = LinkTraining::default();
        assert!(matches!(hide_links(&graph, &config), Err(LinkError::TooFew(1, _))));
        assert!(matches!(train_links(&[], &config), Err(LinkError::TooFew(0, _))));
    }

    #[test]
    fn a_model_of_other_features_is_refused() {
        let mut examples = Examples::new(vec!["other".to_owned()], vec![TASK.to_owned()]);
        examples.push(&[1.0], &[POSITIVE], 1.0).unwrap();
        examples.push(&[0.0], &[NEGATIVE], 1.0).unwrap();
        let (model, _) = train(&examples, &TrainConfig::default()).unwrap();
        assert!(LinkModel::new(model).is_err());
    }
}
