//! How good a classifier is whose examples have any number of classes.

use super::{BINS, ClassFigures, Counts, Figures, TEMPERATURE_STEPS, auc};
use crate::eval::bootstrap;
use serde::{Deserialize, Serialize};

/// The threshold of a class of which nothing was seen.
const UNSEEN: f64 = 0.5;

/// Measures `logits`, `N x C`, divided by `temperature`, each for itself, against what is known of each class of each
/// example. A class is said where its probability reaches its threshold.
#[must_use]
pub fn measure_many(
    logits: &[f32],
    told: &[Vec<Option<bool>>],
    names: &[String],
    (thresholds, temperature): (&[f64], f64),
    seed: u64,
) -> Figures {
    let count = names.len();
    let rows: Vec<Vec<f64>> = probabilities(logits, count, temperature);
    let is_right = |(row, told): (&Vec<f64>, &Vec<Option<bool>>)| {
        let mut said = row.iter().zip(thresholds).map(|(share, least)| share >= least).zip(told);
        f64::from(u8::from(said.all(|(said, is)| is.is_none_or(|is| is == said))))
    };
    let exact: Vec<f64> = rows.iter().zip(told).map(is_right).collect();
    let classes: Vec<ClassFigures> = (0..count)
        .map(|class| {
            let (scores, is): (Vec<f64>, Vec<bool>) = known(&rows, told, class).unzip();
            let of = |wanted: (bool, bool)| {
                let pairs = scores.iter().map(|&share| share >= thresholds[class]).zip(is.iter().copied());
                pairs.filter(|&pair| pair == wanted).count()
            };
            let counts = Counts {
                hits: of((true, true)),
                false_alarms: of((true, false)),
                missed: of((false, true)),
                others: of((false, false)),
            };
            ClassFigures::new(&names[class], &counts, auc(&scores, &is))
        })
        .collect();
    let mut loss = 0.0;
    let mut bins = [(0.0, 0.0); BINS];
    for (share, is) in (0..count).flat_map(|class| known(&rows, told, class)) {
        loss -= (if is { share } else { 1.0 - share }).max(1e-12).ln();
        let bin = &mut bins[((share * BINS as f64) as usize).min(BINS - 1)];
        bin.0 += share;
        bin.1 += f64::from(u8::from(is));
    }
    let all = classes.iter().map(|class| class.known).sum::<usize>().max(1) as f64;
    let seen: Vec<f64> = classes.iter().filter(|class| class.known > 0).map(|class| class.f1).collect();
    Figures {
        examples: rows.len(),
        accuracy: bootstrap(&exact, seed),
        macro_f1: seen.iter().sum::<f64>() / seen.len().max(1) as f64,
        log_loss: loss / all,
        calibration_error: bins.iter().map(|(share, is)| (share - is).abs()).sum::<f64>() / all,
        temperature,
        classes,
        confusion: Vec::new(),
        thresholds: thresholds.to_vec(),
        unknown: None,
    }
}

/// What the threshold of a class is chosen by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Threshold {
    /// The greatest F1 of the class: little of it is missed.
    #[default]
    F1,
    /// The greatest mean of its F1 and of that of its absence: what is not of a common class counts, too.
    MacroF1,
}

impl Threshold {
    /// How good it is to say a class of so many examples, `hits` of which are of it, of `all` with so many positives.
    fn worth(self, (hits, said): (f64, f64), (positives, all): (f64, f64)) -> f64 {
        let f1 = 2.0 * hits / (said + positives);
        let others = 2.0 * all - said - positives;
        let absence = if others > 0.0 { 2.0 * (all - positives - said + hits) / others } else { 0.0 };
        match self {
            Self::F1 => f1,
            Self::MacroF1 => f64::midpoint(f1, absence),
        }
    }
}

/// The temperature with the least log loss, and for each class the threshold that is worth most after it (Yang 2001,
/// "SCut"): in the middle between two scores, so that it does not hang on one example. Both by what is known of the classes
/// of each example.
#[must_use]
pub fn fit_thresholds(
    logits: &[f32],
    told: &[Vec<Option<bool>>],
    count: usize,
    by: Threshold,
) -> (Vec<f64>, f64) {
    let temperature = temperature(logits, told, count);
    let rows = probabilities(logits, count, temperature);
    let threshold = |class: usize| {
        let mut scores: Vec<(f64, bool)> = known(&rows, told, class).collect();
        scores.sort_by(|a, b| b.0.total_cmp(&a.0));
        let positives = scores.iter().filter(|score| score.1).count() as f64;
        let (mut hits, mut best, mut threshold) = (0.0, 0.0, UNSEEN);
        for (place, &(score, is)) in scores.iter().enumerate() {
            hits += f64::from(u8::from(is));
            let next = scores.get(place + 1).map_or(0.0, |next| next.0);
            let worth = by.worth((hits, place as f64 + 1.0), (positives, scores.len() as f64));
            if positives > 0.0 && next < score && worth > best {
                (best, threshold) = (worth, f64::midpoint(score, next));
            }
        }
        threshold
    };
    ((0..count).map(threshold).collect(), temperature)
}

/// How probable a class is of each example of which it is known whether it is of it, and whether it is.
fn known<'a>(
    rows: &'a [Vec<f64>],
    told: &'a [Vec<Option<bool>>],
    class: usize,
) -> impl Iterator<Item = (f64, bool)> + 'a {
    let of = move |(row, told): (&'a Vec<f64>, &'a Vec<Option<bool>>)| {
        Some((*row.get(class)?, (*told.get(class)?)?))
    };
    rows.iter().zip(told).filter_map(of)
}

fn probabilities(logits: &[f32], count: usize, temperature: f64) -> Vec<Vec<f64>> {
    let share = |&logit: &f32| sigmoid(f64::from(logit) / temperature);
    logits.chunks_exact(count.max(1)).map(|row| row.iter().map(share).collect()).collect()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// By golden section over its logarithm.
fn temperature(logits: &[f32], told: &[Vec<Option<bool>>], count: usize) -> f64 {
    let loss = |logarithm: f64| -> f64 {
        let rows = logits.chunks_exact(count.max(1)).zip(told);
        let of = |(&logit, &is): (&f32, &Option<bool>)| {
            let Some(is) = is else { return 0.0 };
            let x = f64::from(logit) / logarithm.exp();
            // The logarithm of 1 + exp(x) without overflow.
            x.max(0.0) + (-x.abs()).exp().ln_1p() - if is { x } else { 0.0 }
        };
        rows.map(|(row, told)| row.iter().zip(told).map(of).sum::<f64>()).sum()
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

    /// Examples that have these classes and no other, all known.
    fn whole(right: &[&[usize]], count: usize) -> Vec<Vec<Option<bool>>> {
        let row = |classes: &&[usize]| (0..count).map(|class| Some(classes.contains(&class))).collect();
        right.iter().map(row).collect()
    }

    #[test]
    fn figures_by_hand() {
        let names = ["a".to_owned(), "b".to_owned()];
        let logits = [2.0, -2.0, 2.0, 2.0, -2.0, 2.0, -2.0, -2.0];
        let right = whole(&[&[0], &[0], &[1], &[0]], 2);
        let found = measure_many(&logits, &right, &names, (&[0.5, 0.5], 1.0), 1);
        assert_eq!(found.accuracy.mean, 0.5);
        let [a, b] = &found.classes[..] else { panic!("{found:?}") };
        assert_eq!((a.known, a.examples, a.precision, a.recall), (4, 3, 1.0, 2.0 / 3.0));
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
        let right = whole(&[&[0], &[0], &[], &[]], 2);
        let (thresholds, temperature) = fit_thresholds(&logits, &right, 2, Threshold::F1);
        assert!(temperature > 0.0 && temperature.is_finite());
        let share = |logit: f64| sigmoid(logit / temperature);
        assert!(thresholds[0] < share(1.0) && thresholds[0] > share(-1.0), "{thresholds:?}");
        assert_eq!(thresholds[1], UNSEEN);
        // Over-confidence is taken out: three of four are right at a logit of 10.
        let logits: Vec<f32> = vec![10.0; 400];
        let classes: Vec<&[usize]> = (0..400).map(|at| if at % 4 == 0 { &[][..] } else { &[0] }).collect();
        let (_, temperature) = fit_thresholds(&logits, &whole(&classes, 1), 1, Threshold::F1);
        assert!((temperature - 10.0 / 3f64.ln()).abs() < 1e-3, "{temperature}");
    }

    #[test]
    fn thresholds_by_both_sides() {
        let said = |by, is: &[bool]| {
            let logits: Vec<f32> = (0..is.len()).map(|place| -(place as f32)).collect();
            let told: Vec<Vec<Option<bool>>> = is.iter().map(|&is| vec![Some(is)]).collect();
            let (thresholds, temperature) = fit_thresholds(&logits, &told, 1, by);
            let reached = |logit: &&f32| sigmoid(f64::from(**logit) / temperature) >= thresholds[0];
            logits.iter().filter(reached).count()
        };
        let (y, n) = (true, false);
        // Of all six, four are of it: an F1 of .8, and none of its absence. Of the first two, .67 and .67.
        let mixed = [y, y, n, n, y, y];
        assert_eq!((said(Threshold::F1, &mixed), said(Threshold::MacroF1, &mixed)), (6, 2));
        let clear = [y, y, y, n, n];
        assert_eq!((said(Threshold::F1, &clear), said(Threshold::MacroF1, &clear)), (3, 3));
    }

    #[test]
    fn what_is_not_known_says_nothing() {
        let (yes, no) = (Some(true), Some(false));
        let names = ["a".to_owned(), "b".to_owned()];
        // The class at 1 alone, as it is known: two right, a false alarm, one that is right not to be said.
        let alone = [2.0f32, 1.0, 0.5, -1.0];
        let of_it = [yes, yes, no, no].map(|is| vec![is]);
        let like = fit_thresholds(&alone, &of_it, 1, Threshold::F1);
        let expected = measure_many(&alone, &of_it, &names[1..], (&[0.5], like.1), 1);
        assert!((expected.classes[0].macro_f1 - f64::midpoint(0.8, 2.0 / 3.0)).abs() < 1e-12, "{expected:?}");
        // The same beside another one of which nothing is known, and beside examples of which it is not.
        let logits = [9.0f32, 2.0, -9.0, 1.0, 3.0, 0.5, 0.0, -1.0, 1.0, 7.0, 1.0, -7.0];
        let mut told: Vec<Vec<Option<bool>>> = of_it.iter().map(|is| vec![None, is[0]]).collect();
        told.extend([vec![None, None], vec![None, None]]);
        let (thresholds, temperature) = fit_thresholds(&logits, &told, 2, Threshold::F1);
        assert_eq!((thresholds[0], temperature), (UNSEEN, like.1));
        assert_eq!(thresholds[1], like.0[0]);
        let found = measure_many(&logits, &told, &names, (&[0.5, 0.5], temperature), 1);
        assert_eq!((found.classes[0].known, found.classes[0].auc), (0, None));
        assert_eq!(found.classes[1], expected.classes[0]);
        assert_eq!((found.macro_f1, found.log_loss), (expected.macro_f1, expected.log_loss));
        assert_eq!(found.calibration_error, expected.calibration_error);
        // Five of six are right in all that is known of them.
        assert!((found.accuracy.mean - 5.0 / 6.0).abs() < 1e-12);
    }
}
