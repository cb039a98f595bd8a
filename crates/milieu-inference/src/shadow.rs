//! A shadow version gets copies of requests that another version has answered. Its answers are compared
//! with those and dropped, so that a new version is seen at work before anybody depends on it.

use crate::batcher::Batcher;
use crate::{Data, Tensor};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How the answers of a shadow version compare with those given to callers.
#[derive(Debug)]
pub(crate) struct Agreement {
    tolerance: f64,
    compared: AtomicU64,
    agreed: AtomicU64,
    same_first: AtomicU64,
    failed: AtomicU64,
    dropped: AtomicU64,
}

/// The state of an agreement at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AgreementSnapshot {
    /// Requests that both versions answered.
    pub compared: u64,
    /// Of those: with equal shapes and types, and no value further apart than the tolerance.
    pub agreed: u64,
    /// Of those: with the greatest value of each row of the first output at the same place, that is the
    /// same class in a classifier.
    pub same_first: u64,
    /// Requests on which the shadow version failed.
    pub failed: u64,
    /// Copies for which there was no room.
    pub dropped: u64,
}

/// Where copies go.
#[derive(Clone)]
pub(crate) struct ShadowTarget {
    pub(crate) version: Arc<Batcher>,
    pub(crate) agreement: Arc<Agreement>,
}

impl ShadowTarget {
    pub(crate) fn offer(self, inputs: Arc<Vec<Tensor>>, outputs: Arc<Vec<Tensor>>) {
        self.version.offer(inputs, outputs, self.agreement);
    }
}

impl Agreement {
    pub(crate) fn new(tolerance: f64) -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            tolerance,
            compared: zero(),
            agreed: zero(),
            same_first: zero(),
            failed: zero(),
            dropped: zero(),
        }
    }

    pub(crate) fn failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn dropped(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn compare(&self, expected: &[Tensor], given: &[Tensor]) {
        self.compared.fetch_add(1, Ordering::Relaxed);
        let agree = expected.len() == given.len()
            && expected.iter().zip(given).all(|(expected, given)| within(expected, given, self.tolerance));
        self.agreed.fetch_add(u64::from(agree), Ordering::Relaxed);
        let same_first = match (expected.first(), given.first()) {
            (Some(expected), Some(given)) => {
                let places = greatest(expected);
                places.is_some() && places == greatest(given)
            }
            _ => false,
        };
        self.same_first.fetch_add(u64::from(same_first), Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> AgreementSnapshot {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        AgreementSnapshot {
            compared: read(&self.compared),
            agreed: read(&self.agreed),
            same_first: read(&self.same_first),
            failed: read(&self.failed),
            dropped: read(&self.dropped),
        }
    }
}

fn within(expected: &Tensor, given: &Tensor, tolerance: f64) -> bool {
    fn close(pairs: impl Iterator<Item = (f64, f64)>, tolerance: f64) -> bool {
        let mut pairs = pairs;
        pairs.all(|(one, other)| one == other || (one - other).abs() <= tolerance)
    }
    if expected.shape() != given.shape() {
        return false;
    }
    match (expected.data(), given.data()) {
        (Data::F32(one), Data::F32(other)) => {
            close(one.iter().zip(other).map(|(one, other)| (f64::from(*one), f64::from(*other))), tolerance)
        }
        (Data::F64(one), Data::F64(other)) => {
            close(one.iter().zip(other).map(|(one, other)| (*one, *other)), tolerance)
        }
        (Data::F16(one), Data::F16(other)) => {
            close(one.iter().zip(other).map(|(one, other)| (one.to_f64(), other.to_f64())), tolerance)
        }
        (one, other) => one == other,
    }
}

/// Where the greatest value of each row is, the first of equals; of 32-bit floats with at least one
/// dimension only.
fn greatest(tensor: &Tensor) -> Option<Vec<usize>> {
    let (values, width) = (tensor.as_f32()?, *tensor.shape().last()?);
    let first = |row: &[f32]| {
        let mut best = 0;
        for (at, value) in row.iter().enumerate() {
            if *value > row[best] {
                best = at;
            }
        }
        best
    };
    (width > 0).then(|| values.chunks_exact(width).map(first).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_compared() {
        fn check(expected: &[f32], given: &[f32], agreed: bool, same_first: bool) {
            let tensor = |values: &[f32]| {
                let shape = vec![values.len() / 2, 2];
                [Tensor::new(shape, Data::F32(values.to_vec())).unwrap()]
            };
            let agreement = Agreement::new(0.1);
            agreement.compare(&tensor(expected), &tensor(given));
            let read = agreement.read();
            let found = (read.compared, read.agreed == 1, read.same_first == 1);
            assert_eq!(found, (1, agreed, same_first), "{expected:?} {given:?}");
        }
        check(&[0.0, 1.0], &[0.05, 0.95], true, true);
        check(&[0.0, 1.0], &[0.2, 0.8], false, true);
        check(&[0.0, 1.0], &[1.0, 0.0], false, false);
        check(&[0.5, 0.45], &[0.45, 0.5], true, false);
        check(&[0.0, 1.0, 1.0, 0.0], &[0.0, 1.0, 0.0, 1.0], false, false);
        check(&[0.0, 1.0], &[0.0, 1.0, 0.0, 1.0], false, false);
        check(&[0.0, 1.0], &[f32::NAN, 1.0], false, false);
        check(&[f32::INFINITY, 1.0], &[f32::INFINITY, 1.0], true, true);
    }
}
