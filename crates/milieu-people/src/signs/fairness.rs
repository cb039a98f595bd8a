//! Fairness of givers and goodness of receivers.

use super::Ledger;

/// Rounds at most; each halves what is still wrong (Kumar et al. 2016, theorem 1), so 20 leave a millionth.
const ROUNDS: usize = 20;

/// How fair everybody judges and how good everybody is (Kumar, Spezzano, Subrahmanian & Faloutsos, "Edge weight prediction in
/// weighted signed networks", ICDM 2016, section III): goodness is the mean of what one got, weighted by the givers' fairness;
/// fairness is 1 less half the mean distance of what one gave from the receivers' goodness.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fairness {
    /// From 0 to 1; 1 of whoever gave nothing.
    pub fairness: Vec<f64>,
    /// From -1 to 1; 0 of whoever got nothing.
    pub goodness: Vec<f64>,
}

impl Fairness {
    /// Of everybody in a ledger.
    #[must_use]
    pub fn of(ledger: &Ledger) -> Self {
        let nodes = ledger.people.len();
        let mut found = Self { fairness: vec![1.0; nodes], goodness: vec![0.0; nodes] };
        for _ in 0..ROUNDS {
            for (goodness, person) in found.goodness.iter_mut().zip(&ledger.people) {
                let got: f64 = person
                    .got
                    .iter()
                    .map(|&(from, value)| found.fairness[from as usize] * f64::from(value))
                    .sum();
                *goodness = got / person.got.len().max(1) as f64;
            }
            for (fairness, person) in found.fairness.iter_mut().zip(&ledger.people) {
                let distance: f64 = person
                    .given
                    .iter()
                    .map(|&(to, value)| (f64::from(value) - found.goodness[to as usize]).abs())
                    .sum();
                *fairness = 1.0 - distance / (2 * person.given.len().max(1)) as f64;
            }
        }
        found
    }
}
