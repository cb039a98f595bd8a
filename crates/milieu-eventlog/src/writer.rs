//! Appending: a bounded queue, and one thread that commits whatever waits in it as a group.

use crate::entry::Prepared;
use crate::group::{Group, Refusal};
use crate::log::Shared;
use crate::{AppendError, Entry, LogError, Outcome};
use milieu_types::{Record, Seq};
use parking_lot::{Condvar, Mutex};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::thread::JoinHandle;

/// Sees every new record once, in order, when it is on disk and before its caller hears of it.
pub type Sink = Box<dyn FnMut(&[(Seq, Record)]) + Send>;

type Answer = Result<Vec<Outcome>, AppendError>;

/// A group takes further batches until it holds this many entries. More would not make the sync any
/// cheaper per entry, only the first caller wait longer.
const GROUP_ENTRIES: usize = 8192;

struct Job {
    entries: Vec<Prepared>,
    size: usize,
    done: Box<dyn FnOnce(Answer) + Send>,
}

enum State {
    Open,
    /// Commits what waits, takes nothing new.
    Closing,
    Closed,
    Failed(String),
}

struct Inbox {
    jobs: VecDeque<Job>,
    bytes: usize,
    state: State,
}

struct Queue {
    limit: usize,
    inbox: Mutex<Inbox>,
    wake: Condvar,
}

/// Appends to a log. Shared between threads by reference; closes the log when dropped.
pub struct Writer {
    queue: Arc<Queue>,
    committer: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(shared: Arc<Shared>, queue_bytes: usize, sink: Sink) -> Result<Self, LogError> {
        let inbox = Inbox { jobs: VecDeque::new(), bytes: 0, state: State::Open };
        let queue = Arc::new(Queue { limit: queue_bytes, inbox: Mutex::new(inbox), wake: Condvar::new() });
        let of_thread = Arc::clone(&queue);
        let path = shared.path.clone();
        let committer = std::thread::Builder::new()
            .name("eventlog".into())
            .spawn(move || Committer { shared, queue: of_thread, sink }.run())
            .map_err(LogError::io(&path))?;
        Ok(Self { queue, committer: Some(committer) })
    }

    /// Stores a batch and waits until it is on disk and the sink has seen it. The outcomes are in the
    /// order of the entries.
    ///
    /// # Errors
    /// [`AppendError`]; nothing of the batch is stored then.
    pub fn append(&self, entries: Vec<Entry>) -> Result<Vec<Outcome>, AppendError> {
        let (sender, receiver) = mpsc::sync_channel(1);
        self.submit(entries, move |answer| drop(sender.send(answer)))?;
        receiver.recv().unwrap_or(Err(AppendError::Closed))
    }

    /// Stores a batch without waiting: `done` is called with what [`Self::append`] would have given.
    ///
    /// `done` runs in the commit thread, so it must be quick and must not panic; sending into a
    /// one-shot channel is what it is for. It is dropped uncalled only if the sink panics.
    ///
    /// # Errors
    /// What is known at once, such as [`AppendError::Overloaded`]; `done` is not called then.
    pub fn submit(
        &self,
        entries: Vec<Entry>,
        done: impl FnOnce(Result<Vec<Outcome>, AppendError>) + Send + 'static,
    ) -> Result<(), AppendError> {
        let entries = entries
            .into_iter()
            .enumerate()
            .map(|(index, entry)| Prepared::new(index, entry))
            .collect::<Result<Vec<_>, _>>()?;
        let size = entries.iter().map(Prepared::size).sum();
        let mut inbox = self.queue.inbox.lock();
        match &inbox.state {
            State::Open => {}
            State::Closing | State::Closed => return Err(AppendError::Closed),
            State::Failed(message) => return Err(AppendError::Storage(message.clone())),
        }
        // A batch larger than the whole queue may enter an empty one, or it could never be stored.
        if inbox.bytes > 0 && inbox.bytes.saturating_add(size) > self.queue.limit {
            return Err(AppendError::Overloaded);
        }
        inbox.bytes += size;
        inbox.jobs.push_back(Job { entries, size, done: Box::new(done) });
        drop(inbox);
        self.queue.wake.notify_one();
        Ok(())
    }

    /// Stores what waits and ends the commit thread. Afterwards everything answers
    /// [`AppendError::Closed`].
    ///
    /// # Errors
    /// [`LogError::Panicked`] when the sink panicked.
    pub fn close(mut self) -> Result<(), LogError> {
        self.join()
    }

    fn join(&mut self) -> Result<(), LogError> {
        let mut inbox = self.queue.inbox.lock();
        if matches!(inbox.state, State::Open) {
            inbox.state = State::Closing;
        }
        drop(inbox);
        self.queue.wake.notify_one();
        match self.committer.take().map(JoinHandle::join) {
            Some(Err(_)) => Err(LogError::Panicked),
            Some(Ok(())) | None => Ok(()),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // A panic of the sink has been reported by its thread; there is nobody left to tell.
        let _ = self.join();
    }
}

struct Committer {
    shared: Arc<Shared>,
    queue: Arc<Queue>,
    sink: Sink,
}

impl Committer {
    fn run(mut self) {
        while let Some(jobs) = self.next_group() {
            if let Err(error) = self.commit(jobs) {
                self.fail(error);
                return;
            }
        }
    }

    /// Waits for work; none when the log is closing and all is done.
    fn next_group(&self) -> Option<Vec<Job>> {
        let mut inbox = self.queue.inbox.lock();
        while inbox.jobs.is_empty() {
            if !matches!(inbox.state, State::Open) {
                return None;
            }
            self.queue.wake.wait(&mut inbox);
        }
        let mut jobs = Vec::new();
        let mut entries = 0;
        while entries < GROUP_ENTRIES
            && let Some(job) = inbox.jobs.pop_front()
        {
            entries += job.entries.len();
            inbox.bytes -= job.size;
            jobs.push(job);
        }
        Some(jobs)
    }

    fn commit(&mut self, jobs: Vec<Job>) -> Result<(), Failure> {
        let last = self.shared.last.load(Ordering::Acquire);
        let mut group = Group::new(&self.shared.store, last + 1);
        let mut answers = Vec::with_capacity(jobs.len());
        let mut broken = None;
        for Job { entries, done, .. } in jobs {
            let answer = match broken {
                None => group.add(entries),
                Some(_) => Ok(Vec::new()),
            };
            match answer {
                Ok(outcomes) => answers.push((done, Ok(outcomes))),
                Err(Refusal::Append(error)) => answers.push((done, Err(error))),
                Err(Refusal::Log(error)) => {
                    answers.push((done, Ok(Vec::new())));
                    broken = Some(error);
                }
            }
        }
        let records = match broken.map_or_else(|| group.commit(), Err) {
            Ok(records) => records,
            Err(error) => {
                let waiting = answers.into_iter().map(|(done, _)| done).collect();
                return Err(Failure { error, waiting });
            }
        };
        if let Some((seq, _)) = records.last() {
            (self.sink)(&records);
            self.shared.last.store(*seq, Ordering::Release);
        }
        for (done, answer) in answers {
            done(answer);
        }
        Ok(())
    }

    /// Fails everybody who waits and refuses everybody who comes.
    fn fail(&self, failure: Failure) {
        let last = self.shared.last.load(Ordering::Acquire);
        let message = match self.shared.store.fence(last) {
            Ok(()) => failure.error.to_string(),
            Err(fence) => format!("{}; and the failure could not be noted: {fence}", failure.error),
        };
        let mut inbox = self.queue.inbox.lock();
        inbox.state = State::Failed(message.clone());
        let jobs = std::mem::take(&mut inbox.jobs);
        inbox.bytes = 0;
        drop(inbox);
        for done in failure.waiting.into_iter().chain(jobs.into_iter().map(|job| job.done)) {
            done(Err(AppendError::Storage(message.clone())));
        }
    }
}

impl Drop for Committer {
    /// Also runs when the sink panics: nobody may wait for a thread that is gone.
    fn drop(&mut self) {
        let mut inbox = self.queue.inbox.lock();
        if !matches!(inbox.state, State::Failed(_)) {
            inbox.state = State::Closed;
        }
        let jobs = std::mem::take(&mut inbox.jobs);
        drop(inbox);
        drop(jobs);
    }
}

struct Failure {
    error: LogError,
    waiting: Vec<Box<dyn FnOnce(Answer) + Send>>,
}
