//! Whether as much comes as is expected: a reliability table.

/// Where bins begin, in interactions that are expected.
const EDGES: [f64; 9] = [0.0, 0.001, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0];

/// Pairs of which about as much is expected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// The least that is expected.
    pub from: f64,
    /// How many pairs.
    pub pairs: u32,
    /// The mean that is expected.
    pub expected: f64,
    /// The mean that came.
    pub came: f64,
}

/// What was expected beside what came.
#[derive(Debug, Clone, PartialEq)]
pub struct Reliability {
    /// Those with any pair, ascending.
    pub bins: Vec<Bin>,
    /// The sum over all pairs of what was expected, by the sum of what came; 1 is right.
    pub ratio: f64,
    /// The mean over pairs of the distance between the means of their bin, by the mean that came.
    pub error: f64,
}

/// The table of `(expected, came)`.
#[must_use]
pub fn reliability(pairs: impl IntoIterator<Item = (f64, u32)>) -> Reliability {
    let mut sums = [(0_u32, 0.0, 0.0); EDGES.len()];
    for (expected, came) in pairs {
        let place = EDGES.partition_point(|edge| *edge <= expected).saturating_sub(1);
        let sum = &mut sums[place];
        *sum = (sum.0 + 1, sum.1 + expected, sum.2 + f64::from(came));
    }
    let (expected, came) = sums.iter().fold((0.0, 0.0), |all, sum| (all.0 + sum.1, all.1 + sum.2));
    let filled = EDGES.into_iter().zip(sums).filter(|(_, sum)| sum.0 > 0);
    let bins: Vec<Bin> = filled
        .map(|(from, (pairs, expected, came))| {
            let each = f64::from(pairs);
            Bin { from, pairs, expected: expected / each, came: came / each }
        })
        .collect();
    let apart: f64 = bins.iter().map(|bin| f64::from(bin.pairs) * (bin.expected - bin.came).abs()).sum();
    let by = |value: f64| if came > 0.0 { value / came } else { f64::INFINITY };
    let (ratio, error) = if bins.is_empty() { (1.0, 0.0) } else { (by(expected), by(apart)) };
    Reliability { bins, ratio, error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_hold_means() {
        let found = reliability([(0.02, 0), (0.02, 0), (0.02, 0), (0.02, 1), (2.0, 2), (50.0, 49)]);
        assert_eq!(found.bins.len(), 3);
        let [few, some, many] = found.bins.as_slice() else { panic!("three bins") };
        assert_eq!((few.from, few.pairs, few.came), (0.01, 4, 0.25));
        assert!((few.expected - 0.02).abs() < 1e-12);
        assert_eq!((some.expected, some.came, many.from), (2.0, 2.0, 10.0));
        assert!((found.ratio - 52.08 / 52.0).abs() < 1e-9, "{}", found.ratio);
        assert!((found.error - 1.92 / 52.0).abs() < 1e-9, "{}", found.error);
        assert_eq!(reliability([]).bins, []);
    }
}
