//! One version of a model behind a bounded queue: requests that came close together and have one shape are
//! run as one batch, on a thread of the version's own.

mod pending;
mod queue;
mod worker;

pub use pending::{Answer, Pending};

use crate::engine::STACK;
use crate::metrics::{Metrics, count};
use crate::shadow::{Agreement, ShadowTarget};
use crate::{Engine, InferError, InputError, MetricsSnapshot, Signature, Tensor};
use pending::Reply;
use queue::{Job, Queue};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How requests are queued and batched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchOptions {
    /// The most requests under way at once, waiting or running. Further ones are refused.
    pub permits: NonZeroUsize,
    /// The most rows of one run. A request with more is run in parts.
    pub most_rows: NonZeroUsize,
    /// How long a request waits for others to share a run with, while the engine is idle.
    pub most_wait: Duration,
    /// Whether it waits no longer than a run has taken in the mean so far: those that come later lose less by the next
    /// run than those that are there by waiting.
    pub within_a_run: bool,
    /// The most bytes of one request's tensors.
    pub most_bytes: usize,
}

impl Default for BatchOptions {
    fn default() -> Self {
        const PERMITS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(255);
        const ROWS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(31);
        Self {
            permits: PERMITS,
            most_rows: ROWS,
            most_wait: Duration::from_millis(2),
            within_a_run: false,
            most_bytes: 256 << 20,
        }
    }
}

/// A version of a model that is being served. Dropping it closes it: what is queued is still answered, then
/// the engine is dropped.
pub struct Batcher {
    version: Arc<str>,
    signature: Arc<Signature>,
    options: BatchOptions,
    queue: Arc<Queue>,
    metrics: Arc<Metrics>,
    worker: Option<JoinHandle<()>>,
}

impl Batcher {
    /// Starts a thread that runs the engine. `version` is the name that answers carry.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn start(version: &str, engine: Box<dyn Engine>, options: BatchOptions) -> std::io::Result<Self> {
        let version: Arc<str> = version.into();
        let signature = Arc::new(engine.signature().clone());
        let (queue, metrics) = (Arc::new(Queue::new(options.permits)), Arc::new(Metrics::default()));
        let worker = worker::Worker::new(version.clone(), engine, options, queue.clone(), metrics.clone());
        let thread = std::thread::Builder::new().name("milieu-infer".to_owned()).stack_size(STACK);
        let worker = Some(thread.spawn(move || worker.run())?);
        Ok(Self { version, signature, options, queue, metrics, worker })
    }

    /// The version's name.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What the model takes and gives.
    #[must_use]
    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// What happened so far.
    #[must_use]
    pub fn metrics(&self) -> MetricsSnapshot {
        self.metrics.read()
    }

    /// Hands in a request: one tensor for each input, in the signature's order. After `timeout` it is not
    /// run any more; a run under way is not broken off. A caller that drops the [`Pending`] has no run
    /// started for it either.
    ///
    /// # Errors
    /// [`InferError::Input`], [`InferError::Overloaded`] and [`InferError::Closed`] at once; the others
    /// come out of the [`Pending`].
    pub fn submit(&self, inputs: Vec<Tensor>, timeout: Option<Duration>) -> Result<Pending, InferError> {
        self.submit_with(Arc::new(inputs), timeout, None)
    }

    /// Like [`submit`](Self::submit); the inputs and the answer go to a shadow version as well, after the
    /// caller has been answered.
    pub(crate) fn submit_with(
        &self,
        inputs: Arc<Vec<Tensor>>,
        timeout: Option<Duration>,
        shadow: Option<ShadowTarget>,
    ) -> Result<Pending, InferError> {
        let (sender, receiver) = oneshot::channel();
        self.enqueue(inputs, timeout, Reply::Caller { sender, shadow })?;
        Ok(Pending::new(receiver))
    }

    /// Hands in the copy of a request that has been answered already. It is dropped, and counted so, where
    /// there is no room for it.
    pub(crate) fn offer(
        &self,
        inputs: Arc<Vec<Tensor>>,
        expected: Arc<Vec<Tensor>>,
        agreement: Arc<Agreement>,
    ) {
        let reply = Reply::Shadow { expected, agreement: agreement.clone() };
        if self.enqueue(inputs, None, reply).is_err() {
            agreement.dropped();
        }
    }

    fn enqueue(
        &self,
        inputs: Arc<Vec<Tensor>>,
        timeout: Option<Duration>,
        reply: Reply,
    ) -> Result<(), InferError> {
        count(&self.metrics.requests);
        let rows = self.check(&inputs).inspect_err(|_| count(&self.metrics.invalid))?;
        let now = Instant::now();
        let deadline = timeout.and_then(|timeout| now.checked_add(timeout));
        let job = Job { inputs, rows, since: now, deadline, reply };
        self.queue.push(job).map_err(|refusal| {
            count(&self.metrics.refused);
            match refusal {
                queue::Refusal::Closed => InferError::Closed,
                queue::Refusal::Full => InferError::Overloaded { retry_after: self.retry_after() },
            }
        })
    }

    fn check(&self, inputs: &[Tensor]) -> Result<usize, InputError> {
        let given = crate::join::bytes(inputs);
        if given > self.options.most_bytes {
            return Err(InputError::TooLarge { given, limit: self.options.most_bytes });
        }
        self.signature.check(inputs)
    }

    /// Half of the time that all permits' requests take in full batches, within a millisecond and a minute.
    fn retry_after(&self) -> Duration {
        let rows = if self.signature.is_batched() { self.options.most_rows.get() } else { 1 };
        let runs = self.options.permits.get().div_ceil(2 * rows);
        let runs = u32::try_from(runs).unwrap_or(u32::MAX);
        let wait = self.metrics.mean_run().saturating_mul(runs);
        wait.clamp(Duration::from_millis(1), Duration::from_secs(60))
    }

    /// Takes no more requests; those that wait are still answered.
    pub fn close(&self) {
        self.queue.close();
    }

    /// Takes no more requests, answers those that wait, and returns when the engine is gone.
    pub fn drain(mut self) {
        self.close();
        if let Some(worker) = self.worker.take() {
            // The worker catches the panics of engines; were it to end by one, its requests are answered
            // by the loss of their senders, and there is nothing left to do here.
            let _ = worker.join();
        }
    }
}

impl Drop for Batcher {
    fn drop(&mut self) {
        self.close();
    }
}

impl std::fmt::Debug for Batcher {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Batcher").field("version", &self.version).finish_non_exhaustive()
    }
}
