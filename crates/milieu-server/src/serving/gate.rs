//! How much decoding goes on at once, and how much waits.

use super::error::ServingError;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Lets a bounded number in, keeps a bounded number waiting, and refuses the rest.
pub(crate) struct Gate {
    inside: Arc<Semaphore>,
    waiting: AtomicUsize,
    most_waiting: usize,
}

/// One that waits, until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Gate {
    pub(crate) fn new(inside: usize, most_waiting: usize) -> Self {
        Self { inside: Arc::new(Semaphore::new(inside)), waiting: AtomicUsize::new(0), most_waiting }
    }

    pub(crate) async fn enter(&self) -> Result<OwnedSemaphorePermit, ServingError> {
        if let Ok(permit) = self.inside.clone().try_acquire_owned() {
            return Ok(permit);
        }
        // Counted before it is looked at, so that no two get the last place.
        let waiting = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.waiting);
        if waiting >= self.most_waiting {
            return Err(ServingError::Busy);
        }
        self.inside.clone().acquire_owned().await.map_err(|error| ServingError::Thread(error.to_string()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic in a test is a failed test")]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn one_inside_one_waiting() {
        let gate = Gate::new(1, 1);
        let inside = gate.enter().await.unwrap();
        let waits = gate.enter();
        tokio::pin!(waits);
        assert!(tokio::time::timeout(Duration::from_millis(5), &mut waits).await.is_err());
        assert!(matches!(gate.enter().await, Err(ServingError::Busy)));
        drop(inside);
        drop(waits.await.unwrap());
        assert!(gate.enter().await.is_ok());
    }
}
