//! How good a classifier is, from its logits.

mod many;
mod unknown;

pub use many::{Threshold, fit_thresholds, measure_many};
pub use unknown::{UnknownFigures, fit_unknown, measure_unknown};

use crate::eval::{Interval, bootstrap};
use serde::Serialize;

/// Bins of confidence for the calibration error.
const BINS: usize = 15;
/// Steps of the search for a temperature.
const TEMPERATURE_STEPS: usize = 60;

/// Figures of one class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassFigures {
    /// Its name.
    pub name: String,
    /// Examples of which it is known whether they are of it.
    pub known: usize,
    /// Examples of it.
    pub examples: usize,
    /// Share of what was called it that is it; 0 where nothing was.
    pub precision: f64,
    /// Share of it that was called it.
    pub recall: f64,
    /// Their harmonic mean.
    pub f1: f64,
    /// The mean of it and of the F1 of what is not of the class: the macro F1 of the question whether something is.
    pub macro_f1: f64,
    /// Area under the curve of true over false positives, this class against all others; `None` where
    /// there are no two kinds.
    pub auc: Option<f64>,
}

/// How many examples of a class are called it, and how many others.
struct Counts {
    hits: usize,
    false_alarms: usize,
    missed: usize,
    others: usize,
}

impl ClassFigures {
    fn new(name: &str, counts: &Counts, auc: Option<f64>) -> Self {
        let &Counts { hits, false_alarms, missed, others } = counts;
        let share = |of: usize| if hits == 0 { 0.0 } else { hits as f64 / of as f64 };
        let wrong = (false_alarms + missed) as f64 / 2.0;
        let f1 = |right: usize| if right == 0 { 0.0 } else { right as f64 / (right as f64 + wrong) };
        Self {
            name: name.to_owned(),
            known: hits + false_alarms + missed + others,
            examples: hits + missed,
            precision: share(hits + false_alarms),
            recall: share(hits + missed),
            f1: f1(hits),
            macro_f1: f64::midpoint(f1(hits), f1(others)),
            auc,
        }
    }
}

/// Figures of a classifier. Where examples have any number of classes of which some are not known, all figures are of what is
/// known.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Examples measured on.
    pub examples: usize,
    /// Share of right answers, with a 95% interval over examples; where examples have any number of classes, an answer
    /// is right that has all of them and no other.
    pub accuracy: Interval,
    /// Mean F1 of the classes; of those of which something is known.
    pub macro_f1: f64,
    /// Mean negative log probability of the right class.
    pub log_loss: f64,
    /// Expected calibration error over 15 bins of confidence (Guo et al. 2017).
    pub calibration_error: f64,
    /// What logits are divided by.
    pub temperature: f64,
    /// Each class.
    pub classes: Vec<ClassFigures>,
    /// How many of the class of the row were called the class of the column; empty where examples have any number of
    /// classes.
    pub confusion: Vec<Vec<usize>>,
    /// From which probability on each class is said, where examples have any number of them; else empty.
    pub thresholds: Vec<f64>,
    /// How well what is of no class is told from what is, where a class stands for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<UnknownFigures>,
}

impl Figures {
    /// The figures that are kept with a version, under their names.
    #[must_use]
    pub fn metrics(&self) -> [(&'static str, f64); 6] {
        [
            ("accuracy", self.accuracy.mean),
            ("accuracy_low", self.accuracy.low),
            ("accuracy_high", self.accuracy.high),
            ("macro_f1", self.macro_f1),
            ("log_loss", self.log_loss),
            ("calibration_error", self.calibration_error),
        ]
    }
}

/// Measures `logits`, `N x C`, divided by `temperature`, against the right classes.
#[must_use]
pub fn measure(logits: &[f32], right: &[usize], names: &[String], temperature: f64, seed: u64) -> Figures {
    let count = names.len();
    let rows: Vec<Vec<f64>> =
        logits.chunks_exact(count.max(1)).map(|row| softmax(row, temperature)).collect();
    let called: Vec<usize> = rows.iter().map(|row| best(row)).collect();
    let mut confusion = vec![vec![0; count]; count];
    for (&right, &called) in right.iter().zip(&called) {
        confusion[right][called] += 1;
    }
    let hits: Vec<f64> =
        right.iter().zip(&called).map(|(right, called)| f64::from(u8::from(right == called))).collect();
    let classes: Vec<ClassFigures> = (0..count)
        .map(|class| {
            let hits = confusion[class][class];
            let examples: usize = confusion[class].iter().sum();
            let answers: usize = confusion.iter().map(|row| row[class]).sum();
            let (false_alarms, missed) = (answers - hits, examples - hits);
            let others = rows.len() - examples - false_alarms;
            let scores: Vec<f64> = rows.iter().map(|row| row[class]).collect();
            let is: Vec<bool> = right.iter().map(|&right| right == class).collect();
            let counts = Counts { hits, false_alarms, missed, others };
            ClassFigures::new(&names[class], &counts, auc(&scores, &is))
        })
        .collect();
    let right_share = |row: &[f64], right: usize| row.get(right).copied().unwrap_or(0.0).max(1e-12);
    let loss: f64 = rows.iter().zip(right).map(|(row, &right)| -right_share(row, right).ln()).sum();
    Figures {
        examples: rows.len(),
        accuracy: bootstrap(&hits, seed),
        macro_f1: classes.iter().map(|class| class.f1).sum::<f64>() / count.max(1) as f64,
        log_loss: loss / rows.len().max(1) as f64,
        calibration_error: calibration_error(&rows, &called, &hits),
        temperature,
        classes,
        confusion,
        thresholds: Vec::new(),
        unknown: None,
    }
}

/// The temperature with the least log loss, by golden section over its logarithm. Found on a validation part
/// it takes out over-confidence and changes no answer (Guo et al. 2017).
#[must_use]
pub fn fit_temperature(logits: &[f32], right: &[usize], classes: usize) -> f64 {
    let loss = |logarithm: f64| -> f64 {
        let rows = logits.chunks_exact(classes.max(1)).zip(right);
        rows.map(|(row, &right)| -softmax(row, logarithm.exp())[right].max(1e-12).ln()).sum()
    };
    let ratio = (5f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (0.05f64.ln(), 20f64.ln());
    for _ in 0..TEMPERATURE_STEPS {
        let (one, other) = (high - ratio * (high - low), low + ratio * (high - low));
        if loss(one) <= loss(other) { high = other } else { low = one }
    }
    ((low + high) / 2.0).exp()
}

pub(crate) fn softmax(row: &[f32], temperature: f64) -> Vec<f64> {
    let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f64> = row.iter().map(|&x| (f64::from(x - most) / temperature).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

/// The first of the largest.
pub(crate) fn best(row: &[f64]) -> usize {
    row.iter().enumerate().fold(0, |best, (place, &x)| if x > row[best] { place } else { best })
}

fn calibration_error(rows: &[Vec<f64>], called: &[usize], hits: &[f64]) -> f64 {
    let mut bins = [(0.0, 0.0); BINS];
    for ((row, &called), &hit) in rows.iter().zip(called).zip(hits) {
        let bin = ((row[called] * BINS as f64) as usize).min(BINS - 1);
        bins[bin].0 += row[called];
        bins[bin].1 += hit;
    }
    bins.iter().map(|(confidence, hits)| (confidence - hits).abs()).sum::<f64>() / rows.len().max(1) as f64
}

/// The share of pairs of a positive and a negative that are in the right order; equal ones count half.
fn auc(scores: &[f64], is: &[bool]) -> Option<f64> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let positives = is.iter().filter(|&&is| is).count();
    let negatives = is.len() - positives;
    if positives == 0 || negatives == 0 {
        return None;
    }
    let (mut ranks, mut from) = (0.0, 0);
    while from < order.len() {
        // Scores that are no numbers are alike too.
        let like = |o: usize| scores[o].total_cmp(&scores[order[from]]).is_eq();
        let to = from + order[from..].iter().take_while(|&&o| like(o)).count();
        let middle = (from + to + 1) as f64 / 2.0;
        ranks += middle * order[from..to].iter().filter(|&&o| is[o]).count() as f64;
        from = to;
    }
    let (p, n) = (positives as f64, negatives as f64);
    Some((ranks - p * (p + 1.0) / 2.0) / (p * n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_by_hand() {
        let names = ["a".to_owned(), "b".to_owned()];
        // Confidence .5 each way at 0, else e^2/(1+e^2) = .8808.
        let logits = [2.0, 0.0, 0.0, 2.0, 2.0, 0.0, 0.0, 2.0];
        let found = measure(&logits, &[0, 1, 1, 1], &names, 1.0, 1);
        assert_eq!(found.confusion, [[1, 0], [1, 2]]);
        assert_eq!(found.accuracy.mean, 0.75);
        assert_eq!((found.classes[0].precision, found.classes[0].recall), (0.5, 1.0));
        assert!((found.classes[1].f1 - 0.8).abs() < 1e-12);
        assert!((found.macro_f1 - (2.0 / 3.0 + 0.8) / 2.0).abs() < 1e-12);
        assert!((found.log_loss - (3.0 * 0.126_928 + 2.126_928) / 4.0).abs() < 1e-5);
        assert!((found.calibration_error - 0.130_797).abs() < 1e-5);
        // Of the three pairs one is a tie and two are right.
        assert!((found.classes[0].auc.unwrap() - 2.5 / 3.0).abs() < 1e-12);
        assert_eq!(measure(&[], &[], &names, 1.0, 1).examples, 0);
        assert_eq!(measure(&[f32::NAN; 8], &[0, 1, 1, 1], &names, 1.0, 1).examples, 4);
    }

    #[test]
    fn temperature_takes_over_confidence_out() {
        // Three of four are right: the best confidence is .75, that is a logit difference of ln 3.
        let logits: Vec<f32> = (0..400).flat_map(|_| [10.0, 0.0]).collect();
        let right: Vec<usize> = (0..400).map(|number| usize::from(number % 4 == 0)).collect();
        let temperature = fit_temperature(&logits, &right, 2);
        assert!((temperature - 10.0 / 3f64.ln()).abs() < 1e-3, "{temperature}");
        let names = ["a".to_owned(), "b".to_owned()];
        assert!(measure(&logits, &right, &names, temperature, 1).calibration_error < 1e-4);
        assert!(measure(&logits, &right, &names, 1.0, 1).calibration_error > 0.2);
    }
}
