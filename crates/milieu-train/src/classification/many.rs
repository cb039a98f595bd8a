//! How good a classifier is whose examples have any number of classes.

use super::{BINS, ClassFigures, Figures, TEMPERATURE_STEPS, auc};
use crate::eval::bootstrap;

/// The threshold of a class of which nothing was seen.
const UNSEEN: f64 = 0.5;

/// Measures `logits`, `N x C`, divided by `temperature`, each for itself, against the classes of each example. A class is
/// said where its probability reaches its threshold.
#[must_use]
pub fn measure_many(
    logits: &[f32],
    right: &[&[usize]],
    names: &[String],
    (thresholds, temperature): (&[f64], f64),
    seed: u64,
) -> Figures {
    let count = names.len();
    let rows: Vec<Vec<f64>> = probabilities(logits, count, temperature);
    let is = is(right, count);
    let said: Vec<Vec<bool>> = rows
        .iter()
        .map(|row| row.iter().zip(thresholds).map(|(share, least)| share >= least).collect())
        .collect();
    let exact: Vec<f64> = said.iter().zip(&is).map(|(said, is)| f64::from(u8::from(said == is))).collect();
    let classes: Vec<ClassFigures> = (0..count)
        .map(|class| {
            let pairs = || said.iter().zip(&is).map(|(said, is)| (said[class], is[class]));
            let of = |wanted: (bool, bool)| pairs().filter(|&pair| pair == wanted).count() as f64;
            let (hit, false_alarm, missed) = (of((true, true)), of((true, false)), of((false, true)));
            let share = |of: f64| if hit == 0.0 { 0.0 } else { hit / of };
            let scores: Vec<f64> = rows.iter().map(|row| row[class]).collect();
            let is: Vec<bool> = is.iter().map(|is| is[class]).collect();
            ClassFigures {
                name: names[class].clone(),
                examples: (hit + missed) as usize,
                precision: share(hit + false_alarm),
                recall: share(hit + missed),
                f1: share(hit + (false_alarm + missed) / 2.0),
                auc: auc(&scores, &is),
            }
        })
        .collect();
    let mut loss = 0.0;
    let mut bins = [(0.0, 0.0); BINS];
    for (row, is) in rows.iter().zip(&is) {
        for (&share, &is) in row.iter().zip(is) {
            loss -= (if is { share } else { 1.0 - share }).max(1e-12).ln();
            let bin = &mut bins[((share * BINS as f64) as usize).min(BINS - 1)];
            bin.0 += share;
            bin.1 += f64::from(u8::from(is));
        }
    }
    let all = (rows.len() * count).max(1) as f64;
    Figures {
        examples: rows.len(),
        accuracy: bootstrap(&exact, seed),
        macro_f1: classes.iter().map(|class| class.f1).sum::<f64>() / count.max(1) as f64,
        log_loss: loss / all,
        calibration_error: bins.iter().map(|(share, is)| (share - is).abs()).sum::<f64>() / all,
        temperature,
        classes,
        confusion: Vec::new(),
        thresholds: thresholds.to_vec(),
        unknown: None,
    }
}

/// The temperature with the least log loss, and for each class the threshold with the greatest F1 after it (Yang 2001,
/// "SCut"): in the middle between two scores, so that it does not hang on one example.
#[must_use]
pub fn fit_thresholds(logits: &[f32], right: &[&[usize]], count: usize) -> (Vec<f64>, f64) {
    let is = is(right, count);
    let temperature = temperature(logits, &is, count);
    let rows = probabilities(logits, count, temperature);
    let threshold = |class: usize| {
        let mut scores: Vec<(f64, bool)> =
            rows.iter().zip(&is).map(|(row, is)| (row[class], is[class])).collect();
        scores.sort_by(|a, b| b.0.total_cmp(&a.0));
        let positives = scores.iter().filter(|score| score.1).count() as f64;
        let (mut hits, mut best, mut threshold) = (0.0, 0.0, UNSEEN);
        for (place, &(score, is)) in scores.iter().enumerate() {
            hits += f64::from(u8::from(is));
            let next = scores.get(place + 1).map_or(0.0, |next| next.0);
            let f1 = 2.0 * hits / (place as f64 + 1.0 + positives);
            if next < score && f1 > best {
                (best, threshold) = (f1, f64::midpoint(score, next));
            }
        }
        threshold
    };
    ((0..count).map(threshold).collect(), temperature)
}

/// Which classes an example has.
fn is(right: &[&[usize]], count: usize) -> Vec<Vec<bool>> {
    let row = |classes: &&[usize]| (0..count).map(|class| classes.contains(&class)).collect();
    right.iter().map(row).collect()
}

fn probabilities(logits: &[f32], count: usize, temperature: f64) -> Vec<Vec<f64>> {
    let share = |&logit: &f32| sigmoid(f64::from(logit) / temperature);
    logits.chunks_exact(count.max(1)).map(|row| row.iter().map(share).collect()).collect()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// By golden section over its logarithm.
fn temperature(logits: &[f32], is: &[Vec<bool>], count: usize) -> f64 {
    let loss = |logarithm: f64| -> f64 {
        let rows = logits.chunks_exact(count.max(1)).zip(is);
        let of = |(&logit, &is): (&f32, &bool)| {
            let x = f64::from(logit) / logarithm.exp();
            // The logarithm of 1 + exp(x) without overflow.
            x.max(0.0) + (-x.abs()).exp().ln_1p() - if is { x } else { 0.0 }
        };
        rows.map(|(row, is)| row.iter().zip(is).map(of).sum::<f64>()).sum()
    };
    let ratio = (5f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (0.05f64.ln(), 20f64.ln());
    for _ in 0..TEMPERATURE_STEPS {
        let (one, other) = (high - ratio * (high - low), low + ratio * (high - low));
        if loss(one) <= loss(other) { high = other } else { low = one }
    }
    f64::midpoint(low, high).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_by_hand() {
        let names = ["a".to_owned(), "b".to_owned()];
        let logits = [2.0, -2.0, 2.0, 2.0, -2.0, 2.0, -2.0, -2.0];
        let right: [&[usize]; 4] = [&[0], &[0], &[1], &[0]];
        let found = measure_many(&logits, &right, &names, (&[0.5, 0.5], 1.0), 1);
        assert_eq!(found.accuracy.mean, 0.5);
        let [a, b] = &found.classes[..] else { panic!("{found:?}") };
        assert_eq!((a.examples, a.precision, a.recall), (3, 1.0, 2.0 / 3.0));
        assert!((a.f1 - 0.8).abs() < 1e-12 && (b.f1 - 2.0 / 3.0).abs() < 1e-12, "{found:?}");
        // Two of eight are wrong, each logit at a loss of ln(1 + e^2) where it is and ln(1 + e^-2) where it is not.
        let expected = (2.0 * 2.126_928 + 6.0 * 0.126_928) / 8.0;
        assert!((found.log_loss - expected).abs() < 1e-5, "{}", found.log_loss);
        assert_eq!(measure_many(&[], &[], &names, (&[0.5, 0.5], 1.0), 1).examples, 0);
    }

    #[test]
    fn thresholds_are_where_f1_is_greatest() {
        // Of the first class the two highest are right; of the second nothing was seen.
        let logits = [3.0, 0.0, 1.0, 0.0, -1.0, 0.0, -3.0, 0.0];
        let right: [&[usize]; 4] = [&[0], &[0], &[], &[]];
        let (thresholds, temperature) = fit_thresholds(&logits, &right, 2);
        assert!(temperature > 0.0 && temperature.is_finite());
        let share = |logit: f64| sigmoid(logit / temperature);
        assert!(thresholds[0] < share(1.0) && thresholds[0] > share(-1.0), "{thresholds:?}");
        assert_eq!(thresholds[1], UNSEEN);
        // Over-confidence is taken out: three of four are right at a logit of 10.
        let logits: Vec<f32> = vec![10.0; 400];
        let classes: Vec<&[usize]> = (0..400).map(|at| if at % 4 == 0 { &[][..] } else { &[0] }).collect();
        let (_, temperature) = fit_thresholds(&logits, &classes, 1);
        assert!((temperature - 10.0 / 3f64.ln()).abs() < 1e-3, "{temperature}");
    }
}
