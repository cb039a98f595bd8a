//! The selector: arranges scored candidates into a list.

use crate::config::FeedConfig;
use crate::rank::Candidate;
use crate::stages::{Filter, Source, Stage, StageCounts};
use milieu_world::View;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use std::collections::{BinaryHeap, VecDeque};
use std::hash::Hash;

/// How many places back a repeated topic counts.
const TOPIC_WINDOW: usize = 5;
/// How many candidates are weighed against each other for each place of the list. Discounts would have to
/// take more than that from all the better ones for another to be chosen.
const WEIGHED_PER_PLACE: usize = 3;

/// Arranges the candidates greedily: at each place the one with the best score after the discounts
/// for authors and topics that stand above it; every `explore_every`-th place goes to the best of
/// the explored. Leaves out what says the same as one above. Gives the places of the chosen among the
/// candidates, each with its discount.
///
/// Scores themselves are not changed, and the order of equal ones is that of the items' numbers.
pub(crate) fn arrange(
    view: &View<'_>,
    candidates: &[Candidate],
    config: &FeedConfig,
    disabled: &[Stage],
    counts: &StageCounts,
) -> Vec<(usize, f32)> {
    let drop_duplicates = !disabled.contains(&Stage::Filter(Filter::Duplicate));
    let order = order(candidates, config.reserve * WEIGHED_PER_PLACE);
    let of_explore = |&rank: &usize| candidates[order[rank]].source == Source::Explore;
    let mut explored = (0..order.len()).filter(of_explore).peekable();
    let mut left = Left::new(view, candidates, &order, config, !disabled.contains(&Stage::Diversity));
    let mut texts: FxHashSet<u64> = FxHashSet::with_capacity_and_hasher(config.reserve, FxBuildHasher);
    let mut list = Vec::with_capacity(config.reserve.min(order.len()));
    while list.len() < config.reserve {
        let explore_now = config.explore_every > 0 && (list.len() + 1).is_multiple_of(config.explore_every);
        while explored.next_if(|&rank| left.ranked[rank].taken).is_some() {}
        let explore = if explore_now { explored.next().map(|rank| (rank, 1.0)) } else { None };
        let Some((rank, discount)) = explore.or_else(|| left.best()) else { break };
        left.take(rank);
        let text = view.facts(candidates[order[rank]].item).text_hash;
        if drop_duplicates && text != 0 && !texts.insert(text) {
            counts.refused(Filter::Duplicate);
            continue;
        }
        left.repeat(rank);
        list.push((order[rank], discount));
    }
    list
}

/// The places of the best `most` candidates and of all the explored, the best first.
fn order(candidates: &[Candidate], most: usize) -> Vec<usize> {
    let key =
        |candidate: &Candidate| u64::from(!ascending(candidate.score)) << 32 | u64::from(candidate.item.0);
    let mut keys: Vec<(u64, usize)> = candidates.iter().map(key).zip(0..).collect();
    if keys.len() > most {
        keys.select_nth_unstable(most);
        let explored = |&(_, place): &(u64, usize)| candidates[place].source == Source::Explore;
        let rest: Vec<(u64, usize)> = keys[most..].iter().copied().filter(explored).collect();
        keys.truncate(most);
        keys.extend(rest);
    }
    keys.sort_unstable();
    keys.into_iter().map(|(_, place)| place).collect()
}

/// A whole number that orders as the number does.
fn ascending(number: f32) -> u32 {
    let bits = number.to_bits();
    if bits >> 31 == 0 { bits | 1 << 31 } else { !bits }
}

/// Candidates not chosen yet, by their first tag, and how much is taken off.
struct Left {
    /// The candidates, the best first.
    ranked: Vec<Ranked>,
    /// For each topic, what is left of it.
    topics: Vec<Topic>,
    /// For each topic, the discounted worth of its best and that one's author; they are kept apart from
    /// the topics because all of them are read for each place.
    tops: Vec<Worth>,
    top_authors: Vec<u32>,
    /// The discount of each author.
    authors: Vec<f32>,
    /// The topics of the latest places.
    window: VecDeque<u32>,
    diverse: bool,
    author_repeat: f32,
    topic_discounts: [f32; TOPIC_WINDOW + 1],
}

struct Ranked {
    score: f32,
    author: u32,
    topic: u32,
    taken: bool,
}

/// A topic has one discount, so only the best of it after the authors' discounts can be the next. Those
/// discounts only grow: what stood in the heap with another one is put back where it belongs when it
/// comes up.
struct Topic {
    left: BinaryHeap<Worth>,
    discount: f32,
}

/// The score after the author's discount, then the better rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Worth(u64);

impl Worth {
    fn new(worth: f32, rank: usize) -> Self {
        Self(u64::from(ascending(worth)) << 32 | u64::from(!(rank as u32)))
    }

    /// Less than any candidate's.
    const NONE: Self = Self(0);

    fn rank(self) -> usize {
        !(self.0 as u32) as usize
    }
}

/// An author or topic that is none, and never repeats.
const NONE: u32 = 0;

/// Hands out small numbers from 1 on.
struct Numbers<K>(FxHashMap<K, u32>);

impl<K: Eq + Hash> Numbers<K> {
    fn new(most: usize) -> Self {
        Self(FxHashMap::with_capacity_and_hasher(most, FxBuildHasher))
    }

    fn of(&mut self, key: Option<K>) -> u32 {
        let next = self.0.len() as u32 + 1;
        key.map_or(NONE, |key| *self.0.entry(key).or_insert(next))
    }
}

impl Left {
    fn new(
        view: &View<'_>,
        candidates: &[Candidate],
        order: &[usize],
        config: &FeedConfig,
        diverse: bool,
    ) -> Self {
        let (mut authors, mut topics) = (Numbers::new(order.len()), Numbers::new(order.len()));
        let mut left: Vec<Vec<Worth>> = vec![Vec::new()];
        let mut ranked = Vec::with_capacity(order.len());
        for (rank, &place) in order.iter().enumerate() {
            let Candidate { item, score, .. } = candidates[place];
            let facts = view.facts(item);
            let (author, topic) = (authors.of(facts.author), topics.of(facts.tags.first().copied()));
            left.resize_with(left.len().max(topic as usize + 1), Vec::new);
            left[topic as usize].push(Worth::new(score, rank));
            ranked.push(Ranked { score, author, topic, taken: false });
        }
        let count = left.len();
        let mut left = Self {
            ranked,
            topics: left.into_iter().map(|left| Topic { left: left.into(), discount: 1.0 }).collect(),
            tops: vec![Worth::NONE; count],
            top_authors: vec![NONE; count],
            authors: vec![1.0; authors.0.len() + 1],
            window: VecDeque::with_capacity(TOPIC_WINDOW),
            diverse,
            author_repeat: config.author_repeat,
            topic_discounts: std::array::from_fn(|repeats| config.topic_repeat.powi(repeats as i32)),
        };
        (0..count).for_each(|topic| left.look_up(topic));
        left
    }

    /// Notes the best of a topic anew.
    fn look_up(&mut self, topic: usize) {
        let first = self.topics[topic].first(&self.ranked, &self.authors);
        (self.tops[topic], self.top_authors[topic]) = first.map_or((Worth::NONE, NONE), |first| {
            let Ranked { score, author, .. } = self.ranked[first];
            let discount = self.authors[author as usize] * self.topics[topic].discount;
            (Worth::new(discounted(score, discount), first), author)
        });
    }

    /// The rank of the candidate with the best discounted score, with its discount.
    fn best(&self) -> Option<(usize, f32)> {
        let best = self.tops.iter().max().filter(|&&best| best != Worth::NONE)?.rank();
        let Ranked { author, topic, .. } = self.ranked[best];
        Some((best, self.authors[author as usize] * self.topics[topic as usize].discount))
    }

    /// Takes a candidate away.
    fn take(&mut self, rank: usize) {
        self.ranked[rank].taken = true;
        self.look_up(self.ranked[rank].topic as usize);
    }

    /// Discounts the author and the topic of a candidate that is on the list now.
    fn repeat(&mut self, rank: usize) {
        let Ranked { author, topic, .. } = self.ranked[rank];
        if !self.diverse {
            return;
        }
        if author != NONE {
            self.authors[author as usize] *= self.author_repeat;
            for topic in 0..self.tops.len() {
                if self.top_authors[topic] == author {
                    self.look_up(topic);
                }
            }
        }
        if topic != NONE {
            let oldest = if self.window.len() == TOPIC_WINDOW { self.window.pop_front() } else { None };
            self.window.push_back(topic);
            for topic in oldest.into_iter().chain([topic]) {
                let repeats = self.window.iter().filter(|&&other| other == topic).count();
                self.topics[topic as usize].discount = self.topic_discounts[repeats];
                self.look_up(topic as usize);
            }
        }
    }
}

impl Topic {
    /// The rank of the best that is left.
    fn first(&mut self, ranked: &[Ranked], authors: &[f32]) -> Option<usize> {
        while let Some(mut top) = self.left.peek_mut() {
            let Ranked { score, author, taken, .. } = ranked[top.rank()];
            let now = Worth::new(discounted(score, authors[author as usize]), top.rank());
            if taken {
                std::collections::binary_heap::PeekMut::pop(top);
            } else if now == *top {
                return Some(top.rank());
            } else {
                *top = now;
            }
        }
        None
    }
}

/// A negative score is not made better by a discount.
fn discounted(score: f32, discount: f32) -> f32 {
    if score > 0.0 { score * discount } else { score }
}

#[cfg(test)]
mod tests {
    use super::*;
    use milieu_types::{Id, Item, Record, Timestamp};
    use milieu_world::{ItemIx, World};

    fn id(text: String) -> Id {
        Id::new(text).unwrap()
    }

    /// Items of a few authors and topics; every seventh says what another says.
    fn world(items: u64) -> World {
        let mut world = World::new();
        for number in 0..items {
            let item = Item {
                id: id(format!("i{number}")),
                author: (number % 11 != 0).then(|| id(format!("u{}", number * number % 5))),
                text: Some(format!("words {}", if number % 7 == 0 { number / 14 } else { 1000 + number })),
                media: vec![],
                tags: if number % 13 == 0 { vec![] } else { vec![format!("t{}", number % 3)] },
                reply_to: None,
                language: None,
                at: Timestamp::from_secs(1_790_000_000),
                hidden: false,
            };
            world.apply(number + 1, &Record::PutItem(item));
        }
        world
    }

    /// The same by looking at every candidate for every place.
    fn naive(view: &View<'_>, candidates: &[Candidate], config: &FeedConfig, diverse: bool) -> Vec<usize> {
        let mut left: Vec<usize> = (0..candidates.len()).collect();
        left.sort_by(|&a, &b| {
            let (a, b) = (&candidates[a], &candidates[b]);
            b.score.total_cmp(&a.score).then(a.item.cmp(&b.item))
        });
        let (mut list, mut texts) = (Vec::<usize>::new(), Vec::new());
        let facts = |place: usize| view.facts(candidates[place].item);
        while list.len() < config.reserve && !left.is_empty() {
            let worth = |&place: &usize| {
                let author = facts(place).author;
                let repeats = list.iter().filter(|&&o| author.is_some() && facts(o).author == author).count();
                let tagged: Vec<_> = list.iter().filter_map(|&o| facts(o).tags.first()).collect();
                let window = &tagged[tagged.len().saturating_sub(TOPIC_WINDOW)..];
                let topic = facts(place).tags.first();
                let same = window.iter().filter(|&&other| Some(other) == topic).count();
                let mut discount = 1.0;
                if diverse {
                    (0..repeats).for_each(|_| discount *= config.author_repeat);
                    discount *= config.topic_repeat.powi(same as i32);
                }
                discounted(candidates[place].score, discount)
            };
            let explored = left.iter().position(|&place| candidates[place].source == Source::Explore);
            let turn = (list.len() + 1).is_multiple_of(config.explore_every);
            let at = explored.filter(|_| turn).unwrap_or_else(|| {
                let better =
                    |best: usize, at: usize| if worth(&left[at]) > worth(&left[best]) { at } else { best };
                (0..left.len()).reduce(better).unwrap_or(0)
            });
            let place = left.remove(at);
            if texts.contains(&facts(place).text_hash) {
                continue;
            }
            texts.push(facts(place).text_hash);
            list.push(place);
        }
        list
    }

    #[test]
    fn agrees_with_looking_at_every_candidate() {
        let world = world(60);
        let view = world.view(1_790_000_100);
        let config = FeedConfig { reserve: 20, explore_every: 6, ..FeedConfig::default() };
        let mut random = 1_u64;
        for round in 0..200 {
            let mut next = |below: u64| {
                random =
                    random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (random >> 33) % below
            };
            let candidate = |item: u32| Candidate {
                item: ItemIx(item),
                source: if next(8) == 0 { Source::Explore } else { Source::Fresh },
                network_factor: 1.0,
                // Few distinct scores, so that many are equal; some negative.
                score: next(if round % 2 == 0 { 9 } else { 1000 }) as f32 / 7.0 - 0.3,
            };
            let candidates: Vec<Candidate> = (0..60).map(candidate).collect();
            for (diverse, disabled) in [(true, &[][..]), (false, &[Stage::Diversity])] {
                let found = arrange(&view, &candidates, &config, disabled, &StageCounts::default());
                let found: Vec<usize> = found.into_iter().map(|(place, _)| place).collect();
                assert_eq!(found, naive(&view, &candidates, &config, diverse), "round {round}");
            }
        }
    }
}
