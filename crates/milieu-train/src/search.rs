//! Choosing among settings on a budget.

use serde::{Deserialize, Serialize};

/// How settings are chosen: successive halving (Jamieson and Talwalkar 2016). All candidates are trained for a
/// few epochs, the better half of them anew for twice as many, and so on until one is left.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SearchConfig {
    /// Lists of settings like those of the command line, `["train.rate=0.1", "model.width=32"]`; at most 64, none
    /// for no search.
    pub candidates: Vec<Vec<String>>,
    /// Epochs of the first round, 1 or more.
    pub epochs: Option<usize>,
}

/// A trial of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Which candidate, from 0.
    pub candidate: usize,
    /// Epochs it was trained for.
    pub epochs: usize,
    /// What it reached on the validation part; more is better.
    pub score: f64,
}

/// The rounds of a search over so many candidates: how many take part, and for how many epochs.
#[must_use]
pub fn rounds(candidates: usize, epochs: usize) -> Vec<(usize, usize)> {
    let mut rounds = Vec::new();
    let (mut left, mut epochs) = (candidates, epochs.max(1));
    while left > 1 {
        rounds.push((left, epochs));
        left = left.div_ceil(2);
        epochs *= 2;
    }
    rounds
}

/// Searches; `try_out` trains a candidate for so many epochs and gives its score, of which a higher one is
/// better and one that is no number the worst. Gives the best candidate and every trial.
///
/// # Errors
/// The first error of `try_out`.
pub fn halve<E>(
    candidates: usize,
    epochs: usize,
    mut try_out: impl FnMut(usize, usize) -> Result<f64, E>,
) -> Result<(usize, Vec<Trial>), E> {
    let mut left: Vec<usize> = (0..candidates).collect();
    let mut trials = Vec::new();
    for (count, epochs) in rounds(candidates, epochs) {
        let mut scored = Vec::with_capacity(count);
        for &candidate in left.iter().take(count) {
            let score = try_out(candidate, epochs)?;
            trials.push(Trial { candidate, epochs, score });
            scored.push((if score.is_nan() { f64::NEG_INFINITY } else { score }, candidate));
        }
        // The sort is stable: of equals the one that is named first stays.
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        left = scored.into_iter().take(count.div_ceil(2)).map(|(_, candidate)| candidate).collect();
    }
    Ok((left.first().copied().unwrap_or(0), trials))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_better_half_goes_on() {
        fn check(scores: &[f64], best: usize, tried: &[(usize, usize)]) {
            let found = halve::<()>(scores.len(), 2, |candidate, _| Ok(scores[candidate])).unwrap();
            let trials: Vec<_> = found.1.iter().map(|trial| (trial.candidate, trial.epochs)).collect();
            assert_eq!((found.0, trials.as_slice()), (best, tried), "{scores:?}");
        }
        check(&[], 0, &[]);
        check(&[0.5], 0, &[]);
        check(&[0.5, 0.6], 1, &[(0, 2), (1, 2)]);
        check(&[0.5, 0.5], 0, &[(0, 2), (1, 2)]);
        check(&[f64::NAN, 0.1], 1, &[(0, 2), (1, 2)]);
        check(
            &[0.1, 0.9, 0.5, 0.8, 0.2],
            1,
            &[(0, 2), (1, 2), (2, 2), (3, 2), (4, 2), (1, 4), (3, 4), (2, 4), (1, 8), (3, 8)],
        );
        assert_eq!(halve(3, 1, |candidate, _| if candidate == 1 { Err("no") } else { Ok(0.0) }), Err("no"));
    }
}
