//! What a run knows between two epochs, and when it is over.

use serde::{Deserialize, Serialize};

/// A model `M` in the midst of learning, `S`, with what came of each epoch, `E`.
#[derive(Serialize, Deserialize)]
pub(crate) struct Epochs<S, M, E> {
    pub(crate) now: S,
    pub(crate) done: Vec<E>,
    /// The best model so far, the latest of equal ones, with its worth and its epoch, from 1.
    best: Option<(f64, usize, M)>,
    pub(crate) seconds: f64,
}

impl<S, M, E> Epochs<S, M, E> {
    pub(crate) fn begin(now: S) -> Self {
        Self { now, done: Vec::new(), best: None, seconds: 0.0 }
    }

    /// Whether all epochs are done, or nothing better came for long enough; a patience of 0 has no end.
    pub(crate) fn is_over(&self, epochs: usize, patience: usize) -> bool {
        let best = self.best.as_ref().map_or(0, |(_, epoch, _)| *epoch);
        self.done.len() >= epochs || (patience > 0 && self.done.len() - best >= patience)
    }

    /// Adds an epoch that took so long. The greater its worth, the better is the model.
    pub(crate) fn keep(&mut self, epoch: E, worth: f64, seconds: f64, model: impl FnOnce(&S) -> M) {
        self.done.push(epoch);
        self.seconds += seconds;
        if self.best.as_ref().is_none_or(|(best, ..)| worth >= *best) {
            self.best = Some((worth, self.done.len(), model(&self.now)));
        }
    }

    /// The best model; where there was no epoch, the one as it is. Beside it the epochs and the seconds.
    pub(crate) fn end(self, now: impl FnOnce(&S) -> M) -> (M, Vec<E>, f64) {
        let Self { now: last, done, best, seconds } = self;
        (best.map_or_else(|| now(&last), |(.., best)| best), done, seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_of_the_best_epochs() {
        let check = |worths: &[f64], patience: usize, over: bool, expected: usize| {
            let mut epochs: Epochs<usize, usize, ()> = Epochs::begin(0);
            for worth in worths {
                assert!(!epochs.is_over(9, patience));
                epochs.now += 1;
                epochs.keep((), *worth, 0.5, |now| *now);
            }
            assert_eq!(epochs.is_over(9, patience), over, "{worths:?}");
            let (best, done, seconds) = epochs.end(|now| *now);
            assert_eq!((best, done.len(), seconds), (expected, worths.len(), 0.5 * worths.len() as f64));
        };
        check(&[], 2, false, 0);
        check(&[0.5, 0.6, 0.6], 2, false, 3);
        check(&[0.5, 0.6, 0.4, 0.5], 2, true, 2);
        check(&[0.6, 0.5, 0.4, 0.3], 0, false, 1);
        check(&[0.1; 9], 0, true, 9);
    }
}
