//! What speaks against an account being what it seems, each sign compared with what is usual here.

use super::Traits;
use milieu_graph::Csr;
use milieu_world::Secs;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// How much each sign alone can make of the score, at most.
const WEIGHTS: [f32; 4] = [0.8, 0.3, 0.9, 0.9];
/// Robust deviations from the median at which a burst begins to count, and that it takes to count in full.
const BURST: (f32, f32) = (3.0, 3.0);
/// The smallest spread of logarithms of bursts that is believed.
const LEAST_SPREAD: f32 = 0.35;
/// Follow ties from which on it tells something that none is returned.
const MANY_FOLLOWS: f32 = 20.0;
/// Other authors of a text that make it one of many hands.
const OTHER_AUTHORS: u32 = 2;
/// Own texts from which on duplicates tell something.
const FEW_TEXTS: u32 = 3;
/// The share of duplicates at which they begin to count, and what it takes to count in full.
const DUPLICATES: (f32, f32) = (0.2, 0.5);
/// Joined so many seconds apart at most, accounts are of the same age.
const SAME_AGE: Secs = 86_400;
/// Followed accounts of the same age at which a ring begins, and that it takes to count in full.
const RING: (f32, f32) = (3.0, 5.0);
/// The most neighbours that a ring is looked for among.
const RING_AMONG: usize = 256;

/// What speaks against an account. Scores are from 0, nothing, to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Suspicion {
    /// All together: `1 - product of (1 - weight * score)` with weights .8, .3, .9 and .9 in the order below.
    pub score: f32,
    /// Many follow ties begun within an hour.
    pub burst: f32,
    /// Many follow ties, and fewer returned than usual.
    pub one_sided: f32,
    /// Texts that several others have too.
    pub duplicates: f32,
    /// Dense following among accounts that joined within a day.
    pub ring: f32,
    /// The most follow ties begun within an hour.
    pub most_in_an_hour: u32,
    /// What is usual here: the median of those who follow anybody.
    pub usual_in_an_hour: f32,
    /// Whom the account follows.
    pub follows: u32,
    /// The share that follows back.
    pub returned: f32,
    /// The share of own texts that at least two other accounts have too.
    pub copied: f32,
    /// Followed accounts that joined within a day of this one.
    pub same_age: u32,
    /// The share of possible follow ties among these that there are.
    pub density: f32,
}

/// What is usual among all accounts.
struct Usual {
    /// The median of ln(1 + most follow ties in an hour), and its spread.
    burst: (f32, f32),
    /// The median share of follow ties that are returned.
    returned: f32,
    /// Accounts that have each text.
    texts: FxHashMap<u64, u32>,
    /// When all joined, ascending.
    joined: Vec<Secs>,
}

fn median(mut values: Vec<f32>) -> f32 {
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

impl Usual {
    fn of(traits: &[Option<Traits>]) -> Self {
        let all = || traits.iter().flatten();
        let bursts: Vec<f32> =
            all().filter(|of| of.follows > 0).map(|of| (of.most_in_an_hour as f32).ln_1p()).collect();
        let centre = median(bursts.clone());
        // The median deviation of a normal distribution is its standard deviation by 1.4826.
        let spread = 1.4826 * median(bursts.iter().map(|burst| (burst - centre).abs()).collect());
        let returned = all().filter(|of| of.follows > 0).map(|of| of.returned as f32 / of.follows as f32);
        let mut texts = FxHashMap::default();
        for &text in all().flat_map(|of| &of.texts) {
            *texts.entry(text).or_default() += 1;
        }
        let mut joined: Vec<Secs> = all().map(|of| of.joined).collect();
        joined.sort_unstable();
        Self {
            burst: (centre, spread.max(LEAST_SPREAD)),
            returned: median(returned.collect()),
            texts,
            joined,
        }
    }

    /// The share of all accounts that joined within a day of a time.
    fn of_age(&self, joined: Secs) -> f32 {
        let from = self.joined.partition_point(|other| joined.saturating_sub(*other) > SAME_AGE);
        let to = self.joined.partition_point(|other| *other <= joined.saturating_add(SAME_AGE));
        to.saturating_sub(from) as f32 / self.joined.len().max(1) as f32
    }
}

/// From 0 at `begin` to 1 at `begin + full`.
fn rise(value: f32, (begin, full): (f32, f32)) -> f32 {
    ((value - begin) / full).clamp(0.0, 1.0)
}

/// What speaks against each account, in the order of `traits`; `followed` holds who follows whom.
///
/// A burst is far above the median of all in robust deviations (median absolute deviation; Hampel 1974), so that a few
/// bursting accounts do not make bursts usual. Of the accounts that one follows, those who joined within a day are a ring
/// as far as they follow each other and are more than their share of all accounts: where everybody joined on one day, the
/// same age tells nothing. Bursts of followers are no sign: nobody can help who follows them.
#[must_use]
pub fn suspect(traits: &[Option<Traits>], followed: &Csr) -> Vec<Option<Suspicion>> {
    let usual = Usual::of(traits);
    let one = |(number, traits_of): (usize, &Option<Traits>)| {
        let of = traits_of.as_ref()?;
        let mut found = Suspicion {
            most_in_an_hour: of.most_in_an_hour,
            usual_in_an_hour: usual.burst.0.exp_m1(),
            follows: of.follows,
            returned: of.returned as f32 / of.follows.max(1) as f32,
            ..Suspicion::default()
        };
        let above = ((of.most_in_an_hour as f32).ln_1p() - usual.burst.0) / usual.burst.1;
        found.burst = rise(above, BURST);
        if usual.returned > 0.0 {
            let many = rise((of.follows as f32 / MANY_FOLLOWS).max(f32::MIN_POSITIVE).ln(), (0.0, 2.0));
            found.one_sided = many * (1.0 - found.returned / usual.returned).max(0.0);
        }
        if of.written >= FEW_TEXTS {
            let is_copied =
                |text: &&u64| usual.texts.get(text).is_some_and(|authors| *authors > OTHER_AUTHORS);
            // Own repetitions of one text count once, on both sides.
            found.copied = of.texts.iter().filter(is_copied).count() as f32 / of.texts.len().max(1) as f32;
            found.duplicates = rise(found.copied, DUPLICATES);
        }
        ring(&mut found, number as u32, of, traits, followed, &usual);
        let scores = [found.burst, found.one_sided, found.duplicates, found.ring];
        found.score =
            1.0 - scores.iter().zip(WEIGHTS).map(|(score, weight)| 1.0 - weight * score).product::<f32>();
        Some(found)
    };
    traits.iter().enumerate().map(one).collect()
}

fn ring(
    found: &mut Suspicion,
    number: u32,
    of: &Traits,
    traits: &[Option<Traits>],
    followed: &Csr,
    usual: &Usual,
) {
    let is_of_age = |other: &&u32| {
        let joined = traits.get(**other as usize).and_then(Option::as_ref).map(|other| other.joined);
        joined.is_some_and(|joined| joined.abs_diff(of.joined) <= SAME_AGE)
    };
    let neighbours = followed.neighbours(number);
    let peers: Vec<u32> = neighbours.iter().filter(is_of_age).copied().take(RING_AMONG).collect();
    found.same_age = peers.len() as u32;
    if peers.len() < 2 {
        return;
    }
    let ties: usize =
        peers.iter().map(|peer| peers.iter().filter(|other| followed.has(*peer, **other)).count()).sum();
    found.density = ties as f32 / (peers.len() * (peers.len() - 1)) as f32;
    let (share, base) = (peers.len() as f32 / neighbours.len().max(1) as f32, usual.of_age(of.joined));
    let beyond = if base < 1.0 { ((share - base) / (1.0 - base)).max(0.0) } else { 0.0 };
    found.ring = rise(peers.len() as f32, RING) * found.density * beyond;
}
