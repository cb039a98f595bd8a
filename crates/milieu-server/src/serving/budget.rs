//! The memory for loaded models.

use parking_lot::Mutex;
use std::sync::Arc;

/// Packed weights, the file's own, and room for a run: what a loaded model is counted as, in sizes of its file.
const FACTOR: u64 = 3;

/// How much may be taken, and is. Clones share one account.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    limit: u64,
    taken: Arc<Mutex<u64>>,
}

/// A part of the budget, given back when dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    bytes: u64,
    of: Budget,
}

/// There is not enough left.
#[derive(Debug, PartialEq)]
pub(crate) struct Exceeded {
    pub(crate) wanted: u64,
    pub(crate) taken: u64,
    pub(crate) limit: u64,
}

impl Budget {
    pub(crate) fn new(limit: u64) -> Self {
        Self { limit, taken: Arc::default() }
    }

    /// Takes what a model of so many bytes is counted as.
    pub(crate) fn reserve(&self, file: u64) -> Result<Reservation, Exceeded> {
        let wanted = file.saturating_mul(FACTOR);
        let mut taken = self.taken.lock();
        match taken.checked_add(wanted) {
            Some(sum) if sum <= self.limit => *taken = sum,
            _ => return Err(Exceeded { wanted, taken: *taken, limit: self.limit }),
        }
        Ok(Reservation { bytes: wanted, of: self.clone() })
    }

    pub(crate) fn taken(&self) -> u64 {
        *self.taken.lock()
    }
}

impl Reservation {
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        *self.of.taken.lock() -= self.bytes;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic in a test is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_comes_back() {
        let budget = Budget::new(30);
        let first = budget.reserve(6).unwrap();
        assert_eq!((first.bytes(), budget.taken()), (18, 18));
        let refused = budget.reserve(5).unwrap_err();
        assert_eq!(refused, Exceeded { wanted: 15, taken: 18, limit: 30 });
        let second = budget.reserve(4).unwrap();
        drop(first);
        assert_eq!(budget.taken(), 12);
        drop(second);
        assert!(budget.reserve(u64::MAX).is_err());
        assert!(budget.reserve(10).is_ok());
    }
}
