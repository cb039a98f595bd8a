//! Batches made ahead by background threads, in order and in bounded memory.

use std::collections::BTreeMap;
use std::io;
use std::iter::FusedIterator;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, Scope};

/// How batches are made ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoaderConfig {
    /// Threads that make batches, at least 1.
    pub workers: usize,
    /// The most batches that are being made or wait to be taken, at least 1. One more is in the hands of the
    /// consumer.
    pub ahead: usize,
}

impl Default for LoaderConfig {
    fn default() -> Self {
        Self { workers: 2, ahead: 4 }
    }
}

/// Why a batch does not come.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoaderError<E> {
    /// It could not be made.
    #[error("batch {batch}: {error}")]
    Batch {
        /// Its number, from 0.
        batch: usize,
        /// Why.
        error: E,
    },
    /// The thread that made it panicked.
    #[error("the thread that made batch {batch} died")]
    Died {
        /// Its number, from 0.
        batch: usize,
    },
}

/// Batches `0..count`, in order, each made by `make` of its number alone: they are the same whatever the number
/// of workers. A worker begins a batch only while fewer than [`LoaderConfig::ahead`] are unfinished or wait.
/// An error takes the place of its batch, and the next ones follow. Dropping the loader stops its workers: it
/// waits until each is done with the batch in hand.
pub struct Loader<B, E> {
    shared: Arc<Shared<B, E>>,
}

struct Shared<B, E> {
    state: Mutex<State<B, E>>,
    changed: Condvar,
    count: usize,
    ahead: usize,
}

struct State<B, E> {
    /// The number of the batch that is begun next.
    begun: usize,
    /// The number of the batch that is taken next.
    taken: usize,
    ready: BTreeMap<usize, Result<B, LoaderError<E>>>,
    workers: usize,
    stopped: bool,
}

impl<B: Send, E: Send> Loader<B, E> {
    /// Starts the workers on threads of their own.
    ///
    /// # Errors
    /// What the system says where it gives no thread.
    pub fn new(
        count: usize,
        config: LoaderConfig,
        make: impl Fn(usize) -> Result<B, E> + Send + Sync + 'static,
    ) -> io::Result<Self>
    where
        B: 'static,
        E: 'static,
    {
        let make = Arc::new(make);
        Self::start(count, config, |shared| {
            let make = make.clone();
            builder().spawn(move || shared.work(&*make)).map(|_| ())
        })
    }

    /// Starts the workers within a scope, so that `make` may borrow what lives longer.
    ///
    /// # Errors
    /// What the system says where it gives no thread.
    pub fn scoped<'scope>(
        scope: &'scope Scope<'scope, '_>,
        count: usize,
        config: LoaderConfig,
        make: impl Fn(usize) -> Result<B, E> + Send + Sync + 'scope,
    ) -> io::Result<Self>
    where
        B: 'scope,
        E: 'scope,
    {
        let make = Arc::new(make);
        Self::start(count, config, |shared| {
            let make = make.clone();
            builder().spawn_scoped(scope, move || shared.work(&*make)).map(|_| ())
        })
    }

    fn start(
        count: usize,
        config: LoaderConfig,
        spawn: impl Fn(Arc<Shared<B, E>>) -> io::Result<()>,
    ) -> io::Result<Self> {
        let state = State { begun: 0, taken: 0, ready: BTreeMap::new(), workers: 0, stopped: false };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            changed: Condvar::new(),
            count,
            ahead: config.ahead.max(1),
        });
        let loader = Self { shared };
        for _ in 0..config.workers.max(1).min(count) {
            loader.shared.lock().workers += 1;
            if let Err(error) = spawn(loader.shared.clone()) {
                loader.shared.lock().workers -= 1;
                return Err(error);
            }
        }
        Ok(loader)
    }
}

fn builder() -> Builder {
    Builder::new().name("loader".to_owned())
}

impl<B, E> Shared<B, E> {
    /// A panic of another thread leaves the state whole: nothing that can panic runs under the lock.
    fn lock(&self) -> MutexGuard<'_, State<B, E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, guard: MutexGuard<'a, State<B, E>>) -> MutexGuard<'a, State<B, E>> {
        self.changed.wait(guard).unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the next batch that may be begun; nothing where there is no more to do.
    fn begin(&self) -> Option<usize> {
        let mut state = self.lock();
        while !state.stopped && state.begun < self.count {
            if state.begun < state.taken + self.ahead {
                state.begun += 1;
                return Some(state.begun - 1);
            }
            state = self.wait(state);
        }
        None
    }

    fn work(&self, make: &(impl Fn(usize) -> Result<B, E> + ?Sized)) {
        let mut worker = Worker { shared: self, batch: None };
        while let Some(batch) = self.begin() {
            worker.batch = Some(batch);
            let made = make(batch).map_err(|error| LoaderError::Batch { batch, error });
            worker.batch = None;
            let mut state = self.lock();
            // What nobody will take is not kept.
            if !state.stopped {
                state.ready.insert(batch, made);
            }
            drop(state);
            self.changed.notify_all();
        }
    }
}

/// Says that a worker is gone, however it goes.
struct Worker<'a, B, E> {
    shared: &'a Shared<B, E>,
    batch: Option<usize>,
}

impl<B, E> Drop for Worker<'_, B, E> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.workers -= 1;
        if let Some(batch) = self.batch {
            state.ready.insert(batch, Err(LoaderError::Died { batch }));
        }
        drop(state);
        self.shared.changed.notify_all();
    }
}

impl<B, E> Iterator for Loader<B, E> {
    type Item = Result<B, LoaderError<E>>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut state = self.shared.lock();
        let batch = state.taken;
        if batch >= self.shared.count {
            return None;
        }
        let made = loop {
            if let Some(made) = state.ready.remove(&batch) {
                break made;
            }
            // With every worker dead, nothing will come.
            if state.workers == 0 {
                break Err(LoaderError::Died { batch });
            }
            state = self.shared.wait(state);
        };
        state.taken += 1;
        drop(state);
        self.shared.changed.notify_all();
        Some(made)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.shared.count - self.shared.lock().taken;
        (left, Some(left))
    }
}

impl<B, E> ExactSizeIterator for Loader<B, E> {}
impl<B, E> FusedIterator for Loader<B, E> {}

impl<B, E> Drop for Loader<B, E> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.stopped = true;
        self.shared.changed.notify_all();
        while state.workers > 0 {
            state = self.shared.wait(state);
        }
        let left = std::mem::take(&mut state.ready);
        drop(state);
        drop(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    /// Counts how many of its kind live.
    struct Counted(usize, Arc<AtomicUsize>);

    impl Counted {
        fn new(number: usize, live: &Arc<AtomicUsize>, most: &AtomicUsize) -> Self {
            most.fetch_max(live.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            Self(number, live.clone())
        }
    }

    impl Drop for Counted {
        fn drop(&mut self) {
            self.1.fetch_sub(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn in_order_whatever_the_workers() {
        let make = |number: usize| {
            std::thread::sleep(Duration::from_micros((number as u64 * 7919) % 300));
            Ok::<_, String>(number * number)
        };
        let expected: Vec<_> = (0..50).map(|number| Ok(number * number)).collect();
        for (workers, ahead) in [(0, 0), (1, 1), (2, 1), (3, 8), (8, 3), (4, 100)] {
            let loader = Loader::new(50, LoaderConfig { workers, ahead }, make).unwrap();
            assert_eq!(loader.len(), 50);
            assert_eq!(loader.collect::<Vec<_>>(), expected, "{workers} {ahead}");
        }
        assert_eq!(Loader::new(0, LoaderConfig::default(), make).unwrap().next(), None);
    }

    #[test]
    fn memory_is_bounded() {
        for (workers, ahead) in [(1, 1), (4, 2), (3, 5)] {
            let (live, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            let (inner, top) = (live.clone(), most.clone());
            let make = move |number| Ok::<_, ()>(Counted::new(number, &inner, &top));
            let loader = Loader::new(60, LoaderConfig { workers, ahead }, make).unwrap();
            for (number, batch) in loader.enumerate() {
                // A slow consumer: the workers would run far ahead if they could.
                std::thread::sleep(Duration::from_micros(300));
                assert_eq!(batch.unwrap().0, number);
            }
            let most = most.load(Ordering::SeqCst);
            assert!(most <= ahead + 1, "{most} batches lived at once, {ahead} ahead");
            assert_eq!(live.load(Ordering::SeqCst), 0);
        }
    }

    #[test]
    fn dropping_stops_the_workers() {
        let (live, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let made = Arc::new(AtomicUsize::new(0));
        let (inner, counter) = (live.clone(), made.clone());
        let make = move |number| {
            counter.fetch_add(1, Ordering::SeqCst);
            Ok::<_, ()>(Counted::new(number, &inner, &most))
        };
        let mut loader = Loader::new(usize::MAX, LoaderConfig { workers: 3, ahead: 4 }, make).unwrap();
        assert_eq!(loader.next().unwrap().unwrap().0, 0);
        drop(loader);
        assert_eq!(live.load(Ordering::SeqCst), 0);
        let after = made.load(Ordering::SeqCst);
        assert!(after <= 5, "{after}");
    }

    #[test]
    fn errors_and_panics_reach_the_consumer() {
        let make = |number: usize| if number == 3 { Err("broken file") } else { Ok(number) };
        let found: Vec<_> = Loader::new(6, LoaderConfig::default(), make).unwrap().collect();
        assert_eq!(found[3], Err(LoaderError::Batch { batch: 3, error: "broken file" }));
        assert_eq!(found.iter().filter(|batch| batch.is_ok()).count(), 5);
        let make = |number: usize| {
            assert!(number != 2, "a panic that this test wants");
            Ok::<_, ()>(number)
        };
        let one = LoaderConfig { workers: 1, ahead: 4 };
        let found: Vec<_> = Loader::new(5, one, make).unwrap().collect();
        let died = |batch| Err(LoaderError::Died { batch });
        assert_eq!(found, [Ok(0), Ok(1), died(2), died(3), died(4)]);
    }

    #[test]
    fn borrows_within_a_scope() {
        let words = ["a".to_owned(), "b".to_owned()];
        let found: Vec<String> = std::thread::scope(|scope| {
            let make = |number: usize| Ok::<_, ()>(words[number % 2].clone());
            let loader = Loader::scoped(scope, 4, LoaderConfig::default(), make).unwrap();
            loader.map(Result::unwrap).collect()
        });
        assert_eq!(found, ["a", "b", "a", "b"]);
    }
}
