//! How well what is of no class is told from what is.

use super::softmax;
use serde::Serialize;

/// Figures of a classifier that may say that an example is of no class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UnknownFigures {
    /// The class that stands for none.
    pub label: String,
    /// Where the best other class is less probable than this, or than that class, the answer is none.
    pub threshold: f64,
    /// The share of examples of a class that are given it.
    pub known_accuracy: f64,
    /// The share of examples of none of which that is said.
    pub unknown_recall: f64,
    /// The share of answers of none that are right.
    pub unknown_precision: f64,
}

/// An example as it is judged: the probability of the best class that is known, whether it is the right one, whether the
/// class for none is more probable still, and whether the example is of none.
struct Judged {
    best: f64,
    right: bool,
    doubted: bool,
    unknown: bool,
}

fn judged(logits: &[f32], right: &[usize], count: usize, unknown: usize, temperature: f64) -> Vec<Judged> {
    let rows = logits.chunks_exact(count.max(1)).zip(right);
    let judge = |(row, &right): (&[f32], &usize)| {
        let row = softmax(row, temperature);
        let known = (0..count).filter(|&class| class != unknown);
        let class = known.fold(None, |best: Option<usize>, class| match best {
            Some(best) if row[best] >= row[class] => Some(best),
            _ => Some(class),
        });
        let best = class.map_or(0.0, |class| row[class]);
        Judged {
            best,
            right: class == Some(right),
            doubted: row.get(unknown).is_some_and(|&none| none >= best),
            unknown: right == unknown,
        }
    };
    rows.map(judge).collect()
}

/// The threshold with the greatest recall of what is of none, among those at which no more than `most_lost` of the greatest
/// share of right answers to the others is lost.
#[must_use]
pub fn fit_unknown(
    (logits, right): (&[f32], &[usize]),
    count: usize,
    unknown: usize,
    temperature: f64,
    most_lost: f64,
) -> f64 {
    let judged = judged(logits, right, count, unknown, temperature);
    let known = judged.iter().filter(|one| !one.unknown).count().max(1) as f64;
    let accuracy = |threshold: f64| {
        let right = |one: &&Judged| !one.unknown && one.right && !one.doubted && one.best >= threshold;
        judged.iter().filter(right).count() as f64 / known
    };
    let least = accuracy(0.0) - most_lost;
    // The recall only grows with the threshold, so the greatest that is allowed is the best.
    let mut scores: Vec<f64> = judged.iter().map(|one| one.best).collect();
    scores.sort_by(f64::total_cmp);
    let allowed = scores.partition_point(|&score| accuracy(score) >= least);
    allowed.checked_sub(1).map_or(0.0, |place| scores[place])
}

/// Measures at a threshold.
#[must_use]
pub fn measure_unknown(
    (logits, right): (&[f32], &[usize]),
    names: &[String],
    unknown: usize,
    temperature: f64,
    threshold: f64,
) -> UnknownFigures {
    let judged = judged(logits, right, names.len(), unknown, temperature);
    let none = |one: &Judged| one.doubted || one.best < threshold;
    let count = |is: &dyn Fn(&Judged) -> bool| judged.iter().filter(|one| is(one)).count() as f64;
    let share = |part: f64, all: f64| if all == 0.0 { 0.0 } else { part / all };
    let found = count(&|one| one.unknown && none(one));
    UnknownFigures {
        label: names.get(unknown).cloned().unwrap_or_default(),
        threshold,
        known_accuracy: share(
            count(&|one| !one.unknown && one.right && !none(one)),
            count(&|one| !one.unknown),
        ),
        unknown_recall: share(found, count(&|one| one.unknown)),
        unknown_precision: share(found, count(&none)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_costs_no_more_than_is_allowed() {
        // Two classes and none. The best of the known has a share of about e^x / (e^x + 2).
        let row = |x: f32| [x, 0.0, 0.0];
        let logits: Vec<f32> =
            [4.0, 3.0, 2.0, 1.0, 2.5, 0.5, 0.4, -9.0].iter().flat_map(|&x| row(x)).collect();
        let right = [0, 0, 0, 0, 2, 2, 2, 2];
        let names = ["a", "b", "none"].map(str::to_owned);
        let at = |most_lost: f64| {
            let threshold = fit_unknown((&logits, &right), 3, 2, 1.0, most_lost);
            measure_unknown((&logits, &right), &names, 2, 1.0, threshold)
        };
        let strict = at(0.0);
        assert_eq!((strict.known_accuracy, strict.unknown_recall), (1.0, 0.75), "{strict:?}");
        assert_eq!((strict.unknown_precision, strict.label.as_str()), (1.0, "none"));
        let loose = at(0.5);
        assert_eq!((loose.known_accuracy, loose.unknown_recall), (0.5, 1.0), "{loose:?}");
        assert_eq!(fit_unknown((&[], &[]), 3, 2, 1.0, 0.1), 0.0);
    }
}
