//! Jobs: a bounded queue, each done in a process of its own, kept on disk until it is done.
//!
//! A job that the server's end finds queued or running is done at the next start. Its process ends with the
//! server, killed or not, and goes on from its checkpoint.

mod events;
mod folder;

pub(crate) use events::events;

use crate::child::{ChildHandle, Limits};
use crate::config::Config;
use crate::datasets::{Datasets, data_file};
use crate::disk;
use crate::models::{ACTIONS, COLLABORATIVE};
use crate::state::{Shared, now};
use folder::{Folder, Stored};
use milieu_api::{ApiError, Dataset, Job, JobSpec, JobState};
use milieu_types::ErrorCode;
use parking_lot::{Condvar, Mutex};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// A job that ran at so many ends of the server that nobody asked for is suspected to bring them about.
const MOST_CUT_OFF: u32 = 5;
/// How long a cancelled process may take to vanish.
const PATIENCE: Duration = Duration::from_secs(10);

/// Checks what a job is to do with the data in a file, and gives its recipe, if it has one. The binary supplies
/// it.
pub type CheckJob = Box<dyn Fn(&JobSpec, &str) -> Result<Option<String>, ApiError> + Send + Sync>;

/// Does a job to its end, in another process. The binary supplies it.
pub type RunJob = Box<dyn Fn(JobInput<'_>) -> JobOutcome + Send + Sync>;

/// What the process of a job gets.
pub struct JobInput<'a> {
    /// What is to be done.
    pub spec: &'a JobSpec,
    /// The folder to work in, with `recipe.toml` if there is a recipe; results go to `run` in it.
    pub folder: &'a Path,
    /// The data directory, as seen from that folder.
    pub data: &'a str,
    /// The file of the data set, as seen from there.
    pub dataset: &'a str,
    /// How much of the machine it may take.
    pub limits: Limits,
    /// To start the process by, so that it can be ended.
    pub child: &'a ChildHandle,
    /// Takes each line that it says on the way.
    pub heard: &'a mut (dyn FnMut(&str) + Send),
}

/// What came of a job.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct JobOutcome {
    /// Its figures, if it has any.
    pub summary: Option<Value>,
    /// Why it failed, if it did.
    pub error: Option<String>,
}

/// See the module.
pub(crate) struct Jobs {
    root: PathBuf,
    queue: usize,
    keep: usize,
    state: Mutex<State>,
    /// A job was queued, or ended, or the server stops.
    wake: Condvar,
}

struct State {
    jobs: BTreeMap<u64, Entry>,
    next: u64,
    stopping: bool,
}

struct Entry {
    stored: Stored,
    child: Arc<ChildHandle>,
    cancelled: bool,
    changed: watch::Sender<()>,
}

/// How many jobs there are.
pub(crate) struct Counts {
    pub(crate) queued: usize,
    pub(crate) running: usize,
    pub(crate) listeners: usize,
}

impl Entry {
    fn new(stored: Stored) -> Self {
        Self { stored, child: Arc::default(), cancelled: false, changed: watch::Sender::new(()) }
    }
}

fn name_of(number: u64) -> String {
    format!("j{number}")
}

/// The number in an id, which is spelt in one way only.
fn number_of(id: &str) -> Option<u64> {
    let number = id.strip_prefix('j')?.parse().ok()?;
    (name_of(number) == id).then_some(number)
}

fn missing(id: &str) -> ApiError {
    ApiError::at(ErrorCode::JobNotFound, "id", format!("there is no job {id}"))
}

fn failed(error: &io::Error) -> ApiError {
    tracing::error!(%error, "a job cannot be stored or read");
    ApiError::new(ErrorCode::StorageFailed, "the disk is full or broken")
}

impl Jobs {
    /// Opens the jobs of a data directory; those that have not ended are queued again.
    pub(crate) fn open(root: PathBuf, config: &Config) -> io::Result<Self> {
        disk::sweep(&root)?;
        let (mut jobs, mut next) = (BTreeMap::new(), 1);
        for name in disk::names(&root)? {
            let Some(number) = number_of(&name) else { continue };
            // The number of a damaged job is not given again.
            next = next.max(number.saturating_add(1));
            match Folder::new(&root, &name).read() {
                Ok(stored) => drop(jobs.insert(number, Entry::new(stored))),
                Err(error) => tracing::warn!(job = name, %error, "a job cannot be read"),
            }
        }
        let state = State { jobs, next, stopping: false };
        let (queue, keep) = (config.jobs.queue, config.jobs.keep);
        let jobs = Self { root, queue, keep, state: Mutex::new(state), wake: Condvar::new() };
        for entry in jobs.state.lock().jobs.values_mut() {
            if entry.stored.job.state == JobState::Running {
                entry.stored.cut_off += 1;
                match entry.stored.cut_off > MOST_CUT_OFF {
                    true => {
                        end(entry, JobState::Failed, Some("the server ended too often while it ran".into()))
                    }
                    false => entry.stored.job.state = JobState::Queued,
                }
                jobs.keep_state(entry);
            }
        }
        Ok(jobs)
    }

    fn folder(&self, id: &str) -> Folder {
        Folder::new(&self.root, id)
    }

    /// Writes where a job stands, and tells whoever listens.
    fn keep_state(&self, entry: &Entry) {
        if let Err(error) = self.folder(&entry.stored.job.id).write(&entry.stored) {
            // It goes on in memory; at worst the job is done again after a restart.
            tracing::error!(job = entry.stored.job.id, %error, "the state of a job cannot be kept");
        }
        entry.changed.send_replace(());
    }

    /// Queues a job. Its data set cannot be removed from here on.
    pub(crate) fn create(
        &self,
        mut spec: JobSpec,
        datasets: &Datasets,
        check: &CheckJob,
    ) -> Result<Job, ApiError> {
        if [COLLABORATIVE, ACTIONS].contains(&spec.model()) {
            let message = "is the name of a model of the feed, which the server trains itself";
            return Err(ApiError::at(ErrorCode::InvalidJob, "model", message));
        }
        let mut state = self.state.lock();
        let dataset = datasets.get(spec.dataset())?;
        let recipe = check(&spec, &seen_from_job(&dataset))?;
        if let JobSpec::Train(train) = &mut spec {
            // It stands in a file of its own.
            train.recipe = None;
        }
        if state.stopping {
            return Err(ApiError::new(ErrorCode::Unavailable, "the server is stopping"));
        }
        let queued = |entry: &&Entry| entry.stored.job.state == JobState::Queued;
        if state.jobs.values().filter(queued).count() >= self.queue {
            let message = format!("{} jobs are waiting already; try again", self.queue);
            return Err(ApiError::new(ErrorCode::Overloaded, message));
        }
        let number = state.next;
        let job = Job {
            id: name_of(number),
            spec,
            state: JobState::Queued,
            created_at: now().to_string(),
            started_at: None,
            ended_at: None,
            progress: Vec::new(),
            summary: None,
            error: None,
        };
        let stored = Stored::new(job.clone());
        let scratch = self.root.join(format!(".{}", job.id));
        self.folder(&job.id).create(&scratch, &stored, recipe.as_deref()).map_err(|error| failed(&error))?;
        state.next = number.saturating_add(1);
        state.jobs.insert(number, Entry::new(stored));
        self.forget(&mut state);
        self.wake.notify_all();
        Ok(job)
    }

    /// The jobs, the newest first.
    pub(crate) fn list(&self) -> Vec<Job> {
        self.state.lock().jobs.values().rev().map(|entry| entry.stored.job.clone()).collect()
    }

    fn look<T>(&self, id: &str, look: impl FnOnce(&mut Entry) -> T) -> Result<T, ApiError> {
        let mut state = self.state.lock();
        let entry = number_of(id).and_then(|number| state.jobs.get_mut(&number));
        entry.map(look).ok_or_else(|| missing(id))
    }

    /// A job, without what it said.
    pub(crate) fn get(&self, id: &str) -> Result<Job, ApiError> {
        self.look(id, |entry| entry.stored.job.clone())
    }

    /// A job with what it said.
    pub(crate) fn describe(&self, id: &str) -> Result<Job, ApiError> {
        let job = self.get(id)?;
        let progress = self.folder(id).all_progress().map_err(|error| failed(&error))?;
        Ok(Job { progress, ..job })
    }

    /// The report of a job, where there is one yet.
    pub(crate) fn report(&self, id: &str) -> Result<Vec<u8>, ApiError> {
        self.get(id)?;
        self.folder(id).report().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                ApiError::new(ErrorCode::NotFound, format!("job {id} has no report yet"))
            }
            _ => failed(&error),
        })
    }

    /// Ends a job, and gives it once it has ended. One that has ended already stays as it is.
    pub(crate) fn cancel(&self, id: &str) -> Result<Job, ApiError> {
        let mut state = self.state.lock();
        let number = number_of(id).ok_or_else(|| missing(id))?;
        let entry = state.jobs.get_mut(&number).ok_or_else(|| missing(id))?;
        match entry.stored.job.state {
            JobState::Queued => {
                end(entry, JobState::Cancelled, None);
                self.keep_state(entry);
            }
            JobState::Running => {
                entry.cancelled = true;
                entry.child.stop();
            }
            JobState::Done | JobState::Failed | JobState::Cancelled => {}
        }
        let until = Instant::now() + PATIENCE;
        loop {
            let job =
                state.jobs.get(&number).map(|entry| entry.stored.job.clone()).ok_or_else(|| missing(id))?;
            if job.state.is_ended() || self.wake.wait_until(&mut state, until).timed_out() {
                return Ok(job);
            }
        }
    }

    /// Removes a data set unless a job needs it.
    pub(crate) fn remove_dataset(&self, datasets: &Datasets, name: &str) -> Result<Dataset, ApiError> {
        // Under the lock no job can begin to need it.
        let state = self.state.lock();
        let needs = |entry: &&Entry| {
            let job = &entry.stored.job;
            !job.state.is_ended() && job.spec.dataset() == name
        };
        match state.jobs.values().find(needs) {
            Some(entry) => {
                let message = format!("job {} needs it", entry.stored.job.id);
                Err(ApiError::at(ErrorCode::DatasetConflict, "name", message))
            }
            None => datasets.remove(name),
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        let state = self.state.lock();
        let of = |wanted| state.jobs.values().filter(|entry| entry.stored.job.state == wanted).count();
        Counts {
            queued: of(JobState::Queued),
            running: of(JobState::Running),
            listeners: state.jobs.values().map(|entry| entry.changed.receiver_count()).sum(),
        }
    }

    /// Starts no more jobs and ends the processes of those that run; they go on at the next start.
    pub(crate) fn stop(&self) {
        let mut state = self.state.lock();
        state.stopping = true;
        for entry in state.jobs.values() {
            if entry.stored.job.state == JobState::Running {
                entry.child.stop();
            }
            entry.changed.send_replace(());
        }
        self.wake.notify_all();
    }

    fn is_stopping(&self) -> bool {
        self.state.lock().stopping
    }

    /// Waits for a job, the oldest first, and marks it as running. `None` when the server stops.
    fn next(&self) -> Option<(Stored, Arc<ChildHandle>)> {
        let mut state = self.state.lock();
        loop {
            if state.stopping {
                return None;
            }
            let queued = |entry: &&mut Entry| entry.stored.job.state == JobState::Queued;
            if let Some(entry) = state.jobs.values_mut().find(queued) {
                entry.stored.starts += 1;
                entry.stored.job.state = JobState::Running;
                entry.stored.job.started_at.get_or_insert_with(|| now().to_string());
                entry.child = Arc::default();
                self.keep_state(entry);
                return Some((entry.stored.clone(), Arc::clone(&entry.child)));
            }
            self.wake.wait(&mut state);
        }
    }

    fn perform(&self, shared: &Shared, run: &RunJob, stored: &Stored, child: &ChildHandle) -> JobOutcome {
        let failed = |error: String| JobOutcome { summary: None, error: Some(error) };
        let (id, spec) = (&stored.job.id, &stored.job.spec);
        let folder = self.folder(id);
        let dataset = match shared.datasets.get(spec.dataset()) {
            Ok(dataset) => seen_from_job(&dataset),
            Err(error) => return failed(error.message),
        };
        let mut transcript = match folder.transcript() {
            Ok(transcript) => transcript,
            Err(error) => return failed(format!("what it says cannot be kept: {error}")),
        };
        let mut heard = |line: &str| {
            if transcript.heard(line) {
                // A job that vanished meanwhile has no listeners.
                let _ = self.look(id, |entry| entry.changed.send_replace(()));
            }
        };
        if stored.starts > 1 {
            heard(r#"{"event":"resumed"}"#);
        }
        let input = JobInput {
            spec,
            folder: folder.path(),
            data: "../..",
            dataset: &dataset,
            limits: shared.config.training.limits(),
            child,
            heard: &mut heard,
        };
        run(input)
    }

    fn finish(&self, id: &str, outcome: JobOutcome) {
        let mut state = self.state.lock();
        let stopping = state.stopping;
        let Some(entry) = number_of(id).and_then(|number| state.jobs.get_mut(&number)) else { return };
        let stopped = entry.child.is_stopped();
        entry.stored.job.summary = outcome.summary;
        match outcome.error {
            None => end(entry, JobState::Done, None),
            Some(_) if entry.cancelled => end(entry, JobState::Cancelled, None),
            Some(_) if stopping && stopped => entry.stored.job.state = JobState::Queued,
            Some(error) => end(entry, JobState::Failed, Some(error)),
        }
        let job = &entry.stored.job;
        tracing::info!(job = id, state = ?job.state, error = job.error, "a job's process ended");
        self.keep_state(entry);
        self.wake.notify_all();
    }

    /// Removes the oldest jobs that have ended, where there are too many.
    fn forget(&self, state: &mut State) {
        let is_ended = |entry: &Entry| entry.stored.job.state.is_ended();
        let ended: Vec<u64> =
            state.jobs.iter().filter(|(_, entry)| is_ended(entry)).map(|(&number, _)| number).collect();
        for number in &ended[..ended.len().saturating_sub(self.keep)] {
            state.jobs.remove(number);
            let id = name_of(*number);
            if let Err(error) = disk::remove(self.folder(&id).path(), &self.root.join(format!(".{id}"))) {
                tracing::warn!(job = id, %error, "an old job cannot be removed");
            }
        }
    }
}

/// Marks a job as ended.
fn end(entry: &mut Entry, state: JobState, error: Option<String>) {
    let job = &mut entry.stored.job;
    job.state = state;
    job.error = error;
    job.ended_at = Some(now().to_string());
}

/// The file of a data set as seen from the folder of a job. Said this way it stays right when the data
/// directory is moved, and tells a reader of reports nothing of the machine.
fn seen_from_job(dataset: &Dataset) -> String {
    format!("../../datasets/{}/{}", dataset.name, data_file(dataset.format))
}

/// The life of a thread that does jobs.
pub(crate) fn run(shared: &Shared) {
    let Some(work) = &shared.work else { return };
    while let Some((stored, child)) = shared.jobs.next() {
        let id = &stored.job.id;
        tracing::info!(job = id, starts = stored.starts, "a job's process starts");
        let outcome = shared.jobs.perform(shared, &work.run, &stored, &child);
        shared.jobs.finish(id, outcome);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids() {
        fn check(id: &str, expected: Option<u64>) {
            assert_eq!(number_of(id), expected, "{id}");
        }
        check("j1", Some(1));
        check("j18446744073709551615", Some(u64::MAX));
        for bad in ["", "j", "j01", "j+1", "1", "j-1", "../j1", "j18446744073709551616"] {
            check(bad, None);
        }
    }
}
