//! Whether a tie warms or cools: the rate of the last days against the rate before.

use super::Dealings;
use milieu_world::Secs;

/// The last days.
const RECENT: u32 = 30 * 86_400;
/// The days before them.
const EARLIER: u32 = 90 * 86_400;
/// The shortest time before that is compared with.
const SHORTEST: u32 = 14 * 86_400;
/// Below it a difference is taken for none.
const SIGNIFICANT: f64 = 0.05;

/// Where a tie goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// More than before.
    Warming,
    /// Less than before.
    Cooling,
    /// No difference that chance could not make.
    Steady,
}

/// A trend, and what it is read from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// Where it goes.
    pub course: Course,
    /// Interactions of the last 30 days, both ways.
    pub recent: u32,
    /// Interactions of the time before.
    pub earlier: u32,
    /// How long that time is, in days: 90 or, where the two or what is known of them are younger, less.
    pub earlier_days: f64,
    /// How likely chance alone makes such a difference.
    pub p: f64,
}

/// The trend of a tie whose ends are both there from `born` on; `None` where nothing was done in the time that is compared,
/// or where there is too little of it.
///
/// The test is that of two Poisson rates: given their sum, the one count is binomial (Przyborowski & Wilenski 1940,
/// "Homogeneity of results in testing samples from Poisson series"); two-sided by twice the smaller tail.
#[must_use]
pub fn trend(a: &Dealings, b: &Dealings, now: Secs, born: Secs) -> Option<Trend> {
    let turn = now.saturating_sub(RECENT);
    let start = turn.saturating_sub(EARLIER).max(born).max(a.known_from).max(b.known_from);
    let long = turn.saturating_sub(start);
    if long < SHORTEST {
        return None;
    }
    let both = |from: Secs, to: Secs| a.within(from, to) + b.within(from, to);
    let (recent, earlier) = (both(turn, now), both(start, turn));
    if recent + earlier == 0 {
        return None;
    }
    let share = f64::from(RECENT) / f64::from(RECENT + long);
    let p = two_sided(recent, recent + earlier, share);
    let more = f64::from(recent) * f64::from(long) > f64::from(earlier) * f64::from(RECENT);
    let course = match (p < SIGNIFICANT, more) {
        (false, _) => Course::Steady,
        (true, true) => Course::Warming,
        (true, false) => Course::Cooling,
    };
    Some(Trend { course, recent, earlier, earlier_days: f64::from(long) / 86_400.0, p })
}

/// Twice the smaller tail at `k` of so many draws that each are a hit with probability `share`, at most 1.
pub(crate) fn two_sided(k: u32, draws: u32, share: f64) -> f64 {
    let (mut at_most, mut at_least) = (0.0, 0.0);
    let odds = (share / (1.0 - share)).ln();
    let mut log = f64::from(draws) * (1.0 - share).ln();
    for hits in 0..=draws {
        let probability = log.exp();
        at_most += if hits <= k { probability } else { 0.0 };
        at_least += if hits >= k { probability } else { 0.0 };
        log += odds + (f64::from(draws - hits) / f64::from(hits + 1)).ln();
    }
    (2.0 * f64::min(at_most, at_least)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ties::Deal;

    const NOW: Secs = 1_790_000_000;

    fn done(days: impl Iterator<Item = u32>) -> Dealings {
        Dealings { done: days.map(|day| (NOW - day * 86_400, Deal::Like)).collect(), ..Dealings::default() }
    }

    #[test]
    fn tails_of_the_binomial() {
        let check = |k, draws, share, expected: f64| {
            let found = two_sided(k, draws, share);
            assert!((found - expected).abs() < 1e-6, "{k} of {draws}: {found}");
        };
        check(5, 10, 0.5, 1.0);
        check(10, 10, 0.5, 2.0 / 1024.0);
        check(0, 4, 0.25, 2.0 * 0.75_f64.powi(4));
        check(2, 20, 0.5, 2.0 * 211.0 / 1_048_576.0);
        check(0, 0, 0.3, 1.0);
    }

    #[test]
    fn rates_are_compared() {
        let check = |a: Dealings, born: Secs, expected: Option<(Course, u32, u32)>| {
            let found = trend(&a, &Dealings::default(), NOW, born);
            assert_eq!(found.map(|trend| (trend.course, trend.recent, trend.earlier)), expected);
        };
        check(Dealings::default(), 0, None);
        check(done(1..120), 0, Some((Course::Steady, 29, 90)));
        check(done(1..25), 0, Some((Course::Warming, 24, 0)));
        check(done(40..110), 0, Some((Course::Cooling, 0, 70)));
        check(done([3, 60].into_iter()), 0, Some((Course::Steady, 1, 1)));
        // They met three weeks ago: there is no time before.
        check(done(1..20), NOW - 21 * 86_400, None);
        check(done(1..60), NOW - 60 * 86_400, Some((Course::Steady, 29, 30)));
        check(Dealings { known_from: NOW - 50 * 86_400, ..done(1..50) }, 0, Some((Course::Steady, 29, 20)));
    }
}
