//! How much is going on around an item, now and over days.

use crate::Secs;
use serde::{Deserialize, Serialize};

const HOURS: usize = 12;
const DAYS: usize = 14;
const HOUR: u32 = 3600;
const DAY: u32 = 86_400;

/// Half-life of [`Heat::short`], in hours; three periods of its window, as [`DECAY`] has it.
pub const SHORT_HALF_LIFE_HOURS: f32 = 3.0;
/// Half-life of [`Heat::long`], in days; three periods of its window, as [`DECAY`] has it.
pub const LONG_HALF_LIFE_DAYS: f32 = 3.0;

/// Decayed counts over two windows, kept as whole numbers by hour (12) and by day (14).
///
/// Whole numbers in buckets, and not one decaying float, so that the order of events does not matter,
/// an undo takes back exactly what was added, and the past can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Heat {
    /// The number of the newest hour that holds anything, counted from the epoch.
    hour: u32,
    /// The number of the newest day that holds anything.
    day: u32,
    /// Counts by hour, the newest first.
    hours: [u16; HOURS],
    /// Counts by day, the newest first.
    days: [u16; DAYS],
}

fn advance<const N: usize>(newest: &mut u32, buckets: &mut [u16; N], period: u32) {
    if period > *newest {
        let shift = ((period - *newest) as usize).min(N);
        buckets.copy_within(0..N - shift, shift);
        buckets[..shift].fill(0);
        *newest = period;
    }
}

fn bucket<const N: usize>(newest: u32, buckets: &mut [u16; N], period: u32) -> Option<&mut u16> {
    buckets.get_mut(newest.checked_sub(period)? as usize)
}

/// `2^(-k / 3)` for each age `k` that counts; both half-lives are three periods.
const DECAY: [f32; 4 * DAYS] = {
    // 2^(-1/3) to the last bit of the type; powers by steps of three, so that no error adds up.
    const STEP: f32 = 0.793_700_5;
    let mut powers = [1.0; 4 * DAYS];
    let mut age = 1;
    while age < powers.len() {
        powers[age] = match age {
            1 => STEP,
            2 => STEP * STEP,
            _ => powers[age - 3] * 0.5,
        };
        age += 1;
    }
    powers
};

/// The counts, each times `2^(-k / 3)` for its age of `k` periods at `now`, summed.
fn decayed<const N: usize>(newest: u32, buckets: &[u16; N], now: u32) -> f32 {
    // A bucket newer than `now` is the future and does not count.
    let hidden = newest.saturating_sub(now) as usize;
    let aged = now.saturating_sub(newest) as usize;
    if hidden >= N || aged >= N * 4 {
        return 0.0;
    }
    let weighted = |(&count, weight): (&u16, &f32)| f32::from(count) * weight;
    DECAY[aged] * buckets[hidden..].iter().zip(&DECAY).map(weighted).sum::<f32>()
}

/// [`Heat::burst`] from [`Heat::short`] and [`Heat::long`].
pub(crate) fn burst(short: f32, long: f32) -> f32 {
    // Both windows hold the same number of their periods, and a day has 24 hours.
    let expected = long / 24.0;
    (short - expected) / (expected + 1.0).sqrt()
}

impl Heat {
    pub(crate) fn add(&mut self, at: Secs) {
        advance(&mut self.hour, &mut self.hours, at / HOUR);
        advance(&mut self.day, &mut self.days, at / DAY);
        if let Some(count) = bucket(self.hour, &mut self.hours, at / HOUR) {
            *count = count.saturating_add(1);
        }
        if let Some(count) = bucket(self.day, &mut self.days, at / DAY) {
            *count = count.saturating_add(1);
        }
    }

    pub(crate) fn take(&mut self, at: Secs) {
        if let Some(count) = bucket(self.hour, &mut self.hours, at / HOUR) {
            *count = count.saturating_sub(1);
        }
        if let Some(count) = bucket(self.day, &mut self.days, at / DAY) {
            *count = count.saturating_sub(1);
        }
    }

    /// Events of the last 12 active hours, halved every [`SHORT_HALF_LIFE_HOURS`].
    #[must_use]
    pub fn short(&self, now: Secs) -> f32 {
        decayed(self.hour, &self.hours, now / HOUR)
    }

    /// Events of the last 14 active days, halved every [`LONG_HALF_LIFE_DAYS`].
    #[must_use]
    pub fn long(&self, now: Secs) -> f32 {
        decayed(self.day, &self.days, now / DAY)
    }

    /// How far the present hours exceed what the days would let one expect, in standard deviations
    /// of a Poisson count (Kleinberg-style burst, by the simplest statistic that ranks the same).
    #[must_use]
    pub fn burst(&self, now: Secs) -> f32 {
        burst(self.short(now), self.long(now))
    }

    /// The periods that hold anything, with their counts: hours, then days. Equal for heats that
    /// differ only in events that were taken back.
    pub(crate) fn held(&self) -> [Vec<(u32, u16)>; 2] {
        fn periods(newest: u32, counts: &[u16]) -> Vec<(u32, u16)> {
            (0..)
                .zip(counts)
                .filter(|(_, count)| **count > 0)
                .map(|(age, &count)| (newest.saturating_sub(age), count))
                .collect()
        }
        [periods(self.hour, &self.hours), periods(self.day, &self.days)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn halves() {
        let mut heat = Heat::default();
        let now = 1_000_000 * HOUR;
        for _ in 0..8 {
            heat.add(now);
        }
        assert!((heat.short(now) - 8.0).abs() < 1e-5);
        assert!((heat.short(now + 3 * HOUR) - 4.0).abs() < 1e-4);
        assert!((heat.long(now + 3 * DAY) - 4.0).abs() < 1e-4);
        assert_eq!(heat.short(now - HOUR), 0.0, "the future does not count");
        assert!(heat.burst(now) > 3.0);
        heat.take(now);
        assert!((heat.short(now) - 7.0).abs() < 1e-5);
    }

    proptest! {
        #[test]
        fn order_does_not_matter(mut times in prop::collection::vec(1_700_000_000u32..1_702_000_000, 0..60)) {
            let fold = |times: &[u32]| { let mut heat = Heat::default(); times.iter().for_each(|&t| heat.add(t)); heat };
            let forward = fold(&times);
            times.reverse();
            prop_assert_eq!(fold(&times), forward);
        }
    }
}
