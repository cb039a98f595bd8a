//! Learning rates over the steps of a run.

use serde::{Deserialize, Serialize};

/// How the learning rate goes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Schedule {
    /// The same throughout.
    Constant,
    /// Up in a straight line over a share of the steps, then down along half a cosine to 0 (Loshchilov and
    /// Hutter 2017).
    Cosine {
        /// The share of the steps that go up, 0 to 1.
        warm_up: f64,
    },
    /// Up in a straight line over a share of the steps, then down in a straight line to 0 (Smith 2018).
    OneCycle {
        /// The share of the steps that go up, 0 to 1.
        warm_up: f64,
    },
}

impl Schedule {
    /// The factor of the highest rate at a step of so many, from 0 to 1.
    #[must_use]
    pub fn factor(self, step: usize, steps: usize) -> f64 {
        let done = (step as f64 + 0.5) / steps.max(1) as f64;
        let (warm_up, fall): (f64, fn(f64) -> f64) = match self {
            Self::Constant => return 1.0,
            Self::Cosine { warm_up } => (warm_up, |left| 0.5 - 0.5 * (std::f64::consts::PI * left).cos()),
            Self::OneCycle { warm_up } => (warm_up, |left| left),
        };
        if done < warm_up {
            return done / warm_up;
        }
        fall(((1.0 - done) / (1.0 - warm_up).max(f64::EPSILON)).clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn up_and_down() {
        fn check(schedule: Schedule, step: usize, expected: f64) {
            let found = schedule.factor(step, 100);
            assert!((found - expected).abs() < 1e-9, "{schedule:?} {step}: {found} {expected}");
        }
        check(Schedule::Constant, 99, 1.0);
        check(Schedule::OneCycle { warm_up: 0.25 }, 12, 0.5);
        check(Schedule::OneCycle { warm_up: 0.25 }, 99, 0.005 / 0.75);
        check(Schedule::Cosine { warm_up: 0.0 }, 49, 0.5 + 0.5 * (std::f64::consts::PI * 0.495).cos());
        check(Schedule::Cosine { warm_up: 1.0 }, 49, 0.495);
        assert!(
            (0..200).all(|step| (0.0..=1.0).contains(&Schedule::OneCycle { warm_up: 0.3 }.factor(step, 100)))
        );
    }
}
