//! How well predicted circles fit given ones.

use serde::Serialize;

/// Predicted circles against given ones; all numbers are from 0 to 1, more is better.
///
/// The first two are those of McAuley & Leskovec (NIPS 2012, section "evaluation metrics"): each predicted circle is assigned to at
/// most one given one, as many as there are of the fewer, so that the mean over the assigned pairs is the largest. Predicting few circles
/// that are sure costs nothing there; `average_f1` and `recall_f1` say what it does cost.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Match {
    /// The mean F1 of the assigned pairs.
    pub f1: f64,
    /// The mean of 1 less the balanced error rate: half the share of the given members that were missed, and half the share of
    /// the others that were taken for members.
    pub balanced: f64,
    /// Half the mean over the predicted circles of the best F1 with a given one, and half the mean over the given ones of
    /// the best with a predicted one (Yang & Leskovec, WSDM 2013).
    pub average_f1: f64,
    /// The mean over the given circles of the best F1 with a predicted one.
    pub recall_f1: f64,
    /// How many circles were predicted.
    pub predicted: usize,
    /// How many were given.
    pub given: usize,
}

impl Match {
    /// Compares circles among `alters` people; members ascend. No circles on either side give zeros.
    #[must_use]
    pub fn of(predicted: &[Vec<u32>], given: &[Vec<u32>], alters: usize) -> Self {
        let counts = Self { predicted: predicted.len(), given: given.len(), ..Self::default() };
        if predicted.is_empty() || given.is_empty() {
            return counts;
        }
        let table = |measure: &dyn Fn(&[u32], &[u32]) -> f64| -> Vec<Vec<f64>> {
            given.iter().map(|given| predicted.iter().map(|found| measure(given, found)).collect()).collect()
        };
        let f1s = table(&f1);
        let balanced = table(&|given, found| 1.0 - error_rate(given, found, alters));
        let best_of_given: Vec<f64> = f1s.iter().map(|row| row.iter().copied().fold(0.0, f64::max)).collect();
        let best_of_predicted: Vec<f64> = (0..predicted.len())
            .map(|column| f1s.iter().map(|row| row[column]).fold(0.0, f64::max))
            .collect();
        let recall_f1 = mean(&best_of_given);
        Self {
            f1: assigned(&f1s),
            balanced: assigned(&balanced),
            average_f1: 0.5 * (recall_f1 + mean(&best_of_predicted)),
            recall_f1,
            ..counts
        }
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn common(a: &[u32], b: &[u32]) -> usize {
    a.iter().filter(|member| b.binary_search(member).is_ok()).count()
}

fn f1(given: &[u32], found: &[u32]) -> f64 {
    2.0 * common(given, found) as f64 / (given.len() + found.len()).max(1) as f64
}

fn error_rate(given: &[u32], found: &[u32], alters: usize) -> f64 {
    let common = common(given, found);
    let missed = (given.len() - common) as f64 / given.len().max(1) as f64;
    let wrong = (found.len() - common) as f64 / alters.saturating_sub(given.len()).max(1) as f64;
    0.5 * (missed + wrong)
}

/// The mean of the pairs of rows and columns whose sum is the largest, each row and column at most once, as many as there are of
/// the fewer: the assignment problem by shortest augmenting paths (Kuhn 1955; Jonker & Volgenant 1987).
fn assigned(gains: &[Vec<f64>]) -> f64 {
    let columns = gains.first().map_or(0, Vec::len);
    if columns < gains.len() {
        let turned: Vec<Vec<f64>> =
            (0..columns).map(|column| gains.iter().map(|row| row[column]).collect()).collect();
        return assigned(&turned);
    }
    let rows = gains.len();
    // Numbers from 1 on; 0 stands for none.
    let (mut of_row, mut of_column) = (vec![0.0; rows + 1], vec![0.0; columns + 1]);
    let mut taken = vec![0; columns + 1];
    for row in 1..=rows {
        taken[0] = row;
        let mut column = 0;
        let (mut least, mut from, mut done) =
            (vec![f64::INFINITY; columns + 1], vec![0; columns + 1], vec![false; columns + 1]);
        while taken[column] != 0 {
            done[column] = true;
            let (owner, mut step, mut next) = (taken[column], f64::INFINITY, 0);
            for other in 1..=columns {
                if done[other] {
                    continue;
                }
                let cost = -gains[owner - 1][other - 1] - of_row[owner] - of_column[other];
                if cost < least[other] {
                    (least[other], from[other]) = (cost, column);
                }
                if least[other] < step {
                    (step, next) = (least[other], other);
                }
            }
            for other in 0..=columns {
                if done[other] {
                    of_row[taken[other]] += step;
                    of_column[other] -= step;
                } else {
                    least[other] -= step;
                }
            }
            column = next;
        }
        while column != 0 {
            taken[column] = taken[from[column]];
            column = from[column];
        }
    }
    let sum: f64 =
        (1..=columns).filter(|&column| taken[column] != 0).map(|c| gains[taken[c] - 1][c - 1]).sum();
    sum / rows.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn matches() {
        let check = |predicted: &[&[u32]], given: &[&[u32]], expected: [f64; 4]| {
            let lists = |sets: &[&[u32]]| sets.iter().map(|set| set.to_vec()).collect::<Vec<_>>();
            let found = Match::of(&lists(predicted), &lists(given), 10);
            let found = [found.f1, found.balanced, found.average_f1, found.recall_f1];
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-9, "{predicted:?} {given:?} {found}");
            }
        };
        check(&[], &[&[1]], [0.0; 4]);
        check(&[&[1]], &[], [0.0; 4]);
        check(&[&[1, 2]], &[&[1, 2]], [1.0; 4]);
        check(&[&[1, 2]], &[&[1, 2], &[3, 4]], [1.0, 1.0, 0.75, 0.5]);
        check(&[&[1, 2], &[5]], &[&[1, 2]], [1.0, 1.0, 0.75, 1.0]);
        // Two of four found, one of six others taken for a member.
        let balanced = 1.0 - 0.5 * (0.5 + 1.0 / 6.0);
        check(&[&[1, 2, 9]], &[&[1, 2, 3, 4]], [4.0 / 7.0, balanced, 4.0 / 7.0, 4.0 / 7.0]);
    }

    proptest! {
        /// No other assignment of a small table has a larger sum.
        #[test]
        fn the_best_assignment(
            (rows, columns, numbers) in (1_usize..4, 1_usize..6)
                .prop_flat_map(|(r, c)| (Just(r), Just(c), prop::collection::vec(0_u8..20, r * c)))
        ) {
            let gains: Vec<Vec<f64>> =
                numbers.chunks(columns).map(|row| row.iter().map(|&x| f64::from(x)).collect()).collect();
            let best = best(&gains, 0, &mut vec![false; columns], rows.min(columns));
            prop_assert!((assigned(&gains) * rows.min(columns) as f64 - best).abs() < 1e-9);
        }
    }

    /// By trying all.
    fn best(gains: &[Vec<f64>], row: usize, used: &mut Vec<bool>, left: usize) -> f64 {
        if left == 0 || row == gains.len() {
            return if left == 0 { 0.0 } else { f64::NEG_INFINITY };
        }
        let mut most = best(gains, row + 1, used, left);
        for column in 0..used.len() {
            if !used[column] {
                used[column] = true;
                most = most.max(gains[row][column] + best(gains, row + 1, used, left - 1));
                used[column] = false;
            }
        }
        most
    }
}
