//! The features of an edge, from what was known when it was made.

use super::ledger::{FADING, Side, get};
use super::triads::{KINDS, triads};
use super::{Fairness, Ledger, SignedEdge};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Half-lives of fading counts, as shares of the time that the training part spans.
const HALF_LIVES: [f64; FADING] = [0.001, 0.01, 0.1];
/// How much the share of good opinions of all counts in that of one person, in opinions.
const PRIOR: f64 = 5.0;
/// Fairness and goodness are computed anew when the ledger has grown by this share, or this number, whichever is more.
const REFRESH: (f64, usize) = (0.01, 16);
/// Numbers of each of the four sides: what the giver gave, got, what the receiver got, gave.
const OF_SIDE: usize = 6 + 2 * FADING;

/// How many features an edge has.
pub const FEATURES: usize = 4 * OF_SIDE + 2 + 2 + 5 + KINDS + 2;

/// What the training part measures time and opinions in.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Units {
    /// Half-lives of fading counts, in the unit of the edges' times.
    pub half_lives: [f64; FADING],
    /// The value of the strongest opinion, above 0.
    pub scale: f32,
}

impl Units {
    /// Of a list of edges, ascending by time.
    #[must_use]
    pub fn of(edges: &[SignedEdge]) -> Self {
        let span = match (edges.first(), edges.last()) {
            (Some(first), Some(last)) => (last.at - first.at).max(1) as f64,
            _ => 1.0,
        };
        let scale = edges.iter().map(|edge| edge.value.abs()).fold(f32::MIN_POSITIVE, f32::max);
        Self { half_lives: HALF_LIVES.map(|share| share * span), scale }
    }
}

/// Which past the features of edges are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// For each edge all that is older than it, as a server knows it.
    EachEdge,
    /// For all of them what was known before the first.
    First,
}

/// The features of the edges in `range`, [`FEATURES`] numbers each, row-major. `edges` ascend by time and are between
/// `nodes` people. No number of an edge depends on edges of its own time or later.
#[must_use]
pub fn rows(
    edges: &[SignedEdge],
    nodes: usize,
    range: Range<usize>,
    moment: Moment,
    units: &Units,
) -> Vec<f32> {
    let mut ledger = Ledger::new(nodes, units);
    let (mut added, mut stale) = (0, 0);
    let mut standing = None;
    let wanted = edges.get(range.clone()).unwrap_or_default();
    let mut rows = Vec::with_capacity(wanted.len() * FEATURES);
    let begin = wanted.first().map_or(0, |edge| edge.at);
    for edge in wanted {
        let at = if moment == Moment::First { begin } else { edge.at };
        while let Some(older) = edges.get(added).filter(|older| older.at < at) {
            ledger.add(older);
            added += 1;
        }
        if standing.is_none() || added >= stale {
            standing = Some(Fairness::of(&ledger));
            stale = added + REFRESH.1.max((added as f64 * REFRESH.0) as usize);
        }
        if let Some(standing) = &standing {
            row(&ledger, standing, edge.from, edge.to, at, &mut rows);
        }
    }
    rows
}

/// Names of the features, in the order of their columns.
pub(super) fn names() -> Vec<String> {
    let mut names = Vec::with_capacity(FEATURES);
    for side in ["giver gave", "giver got", "receiver got", "receiver gave"] {
        for what in ["good", "bad", "share of good", "mean", "last", "since"] {
            names.push(format!("{side}: {what}"));
        }
        for half_life in 0..FADING {
            names.push(format!("{side}: good, faded {half_life}"));
            names.push(format!("{side}: bad, faded {half_life}"));
        }
    }
    let single = [
        "giver's age",
        "receiver's age",
        "back",
        "before",
        "fairness of giver",
        "goodness of receiver",
        "fairness times goodness",
        "goodness of giver",
        "fairness of receiver",
    ];
    names.extend(single.map(str::to_owned));
    names.extend((0..KINDS).map(|kind| format!("triads {kind:04b}")));
    names.extend(["balance of triads", "mean of good judges"].map(str::to_owned));
    names
}

/// Places of features that say something by themselves: the share of good opinions that the receiver got, their
/// fairness times goodness.
pub(super) const RECEIVED: usize = 2 * OF_SIDE + 2;
pub(super) const FAIR_AND_GOOD: usize = 4 * OF_SIDE + 6;

/// Adds the features of what `from` would say of `to` at a moment. Both must be in the ledger.
fn row(ledger: &Ledger, standing: &Fairness, from: u32, to: u32, at: i64, out: &mut Vec<f32>) {
    let (giver, receiver) = (&ledger.people[from as usize], &ledger.people[to as usize]);
    let prior = (ledger.count[0] + 1.0) / (ledger.count[0] + ledger.count[1] + 2.0);
    let unit = ledger.half_lives[0];
    let since = |then: Option<i64>| then.map_or(f32::NAN, |then| log((at - then) as f64 / unit));
    for side in [&giver.giving, &giver.getting, &receiver.getting, &receiver.giving] {
        of_side(side, prior, out);
        out.push(since(side.last));
        for counts in side.faded(at, &ledger.half_lives) {
            out.extend(counts.map(log));
        }
    }
    out.push(since(giver.first));
    out.push(since(receiver.first));
    out.push(get(&receiver.given, from).unwrap_or_default());
    out.push(get(&giver.given, to).unwrap_or_default());
    let of = |values: &[f64], person: u32| values[person as usize];
    let (fairness, goodness) = (&standing.fairness, &standing.goodness);
    let numbers = [
        of(fairness, from),
        of(goodness, to),
        of(fairness, from) * of(goodness, to),
        of(goodness, from),
        of(fairness, to),
    ];
    out.extend(numbers.map(|x| x as f32));
    let triads = triads(giver, receiver);
    out.extend(triads.map(|count| log(f64::from(count))));
    // A triad is balanced where the product of its three signs is good, so that two of the same sign speak for a good third.
    let balance = |signs: &[u32]| match *signs {
        [good, first, second, bad] => f64::from(good + bad) - f64::from(first + second),
        _ => 0.0,
    };
    let all: u32 = triads.iter().sum();
    let balanced: f64 = triads.chunks_exact(4).map(balance).sum();
    out.push((balanced / f64::from(all + 1)) as f32);
    // What the receiver was told by those who are fair and well thought of themselves.
    let (mut sum, mut weights) = (0.0, 0.0);
    for &(judge, value) in &receiver.got {
        let weight = of(fairness, judge) * of(goodness, judge).max(0.0);
        sum += weight * f64::from(value);
        weights += weight;
    }
    out.push((sum / (weights + 0.5)) as f32);
}

fn of_side(side: &Side, prior: f64, out: &mut Vec<f32>) {
    let [good, bad] = side.count;
    out.push(log(good));
    out.push(log(bad));
    out.push(((good + PRIOR * prior) / (good + bad + PRIOR)) as f32);
    out.push((side.sum / (good + bad + 1.0)) as f32);
    out.push(side.value as f32);
}

fn log(x: f64) -> f32 {
    x.max(0.0).ln_1p() as f32
}
