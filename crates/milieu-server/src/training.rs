//! When to train, how it goes, and taking what came of it into use.

use crate::child::{ChildHandle, Limits};
use crate::models::{OF_FEED, load_models};
use crate::state::{Shared, now};
use milieu_api::Training;
use milieu_registry::{Registry, RegistryError};
use milieu_types::{Record, Seq, Timestamp};
use parking_lot::{Condvar, Mutex};
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many lines of progress are kept.
const LINES: usize = 64;

/// What one run of training gets.
pub struct TrainingInput<'a> {
    /// The directory of the registry to publish into.
    pub registry: PathBuf,
    /// The time to train as of.
    pub at: Timestamp,
    /// About how many records there are.
    pub count: u64,
    /// The records of the log.
    pub records: &'a mut dyn Iterator<Item = Result<(Seq, Record), String>>,
    /// How much of the machine it may take.
    pub limits: Limits,
    /// To start the process by, so that it can be ended.
    pub child: &'a ChildHandle,
    /// Takes each line of progress.
    pub progress: &'a (dyn Fn(Value) + Sync),
}

/// Runs one training to its end, in another process. The binary supplies it.
pub type RunTraining = Box<dyn Fn(TrainingInput<'_>) -> Result<(), String> + Send + Sync>;

/// Decides when to train.
#[derive(Default)]
pub(crate) struct Trainer {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    child: Arc<ChildHandle>,
    status: Training,
    wanted: bool,
    stop: bool,
    last_start: Option<Instant>,
}

impl Trainer {
    pub(crate) fn status(&self) -> Training {
        self.state.lock().status.clone()
    }

    /// Asks for a run.
    pub(crate) fn start(&self) {
        self.state.lock().wanted = true;
        self.wake.notify_all();
    }

    /// Ends a run that is on, and starts no more.
    pub(crate) fn stop(&self) {
        let mut state = self.state.lock();
        state.stop = true;
        state.child.stop();
        self.wake.notify_all();
    }

    /// Waits until a run is due. `None` when the server stops.
    fn wait(&self, shared: &Shared) -> Option<Arc<ChildHandle>> {
        let config = &shared.config.training;
        let mut state = self.state.lock();
        loop {
            if state.stop {
                return None;
            }
            let records = shared.log.last_seq();
            let due = (state.status.trained_to as f64 * (1.0 + config.growth)).max(config.min_records as f64);
            let rested = state.last_start.is_none_or(|start| start.elapsed().as_secs() >= config.pause_secs);
            if state.wanted || (config.enabled && rested && records as f64 >= due) {
                state.wanted = false;
                state.last_start = Some(Instant::now());
                state.status.running = true;
                state.status.error = None;
                state.status.progress.clear();
                state.child = Arc::default();
                return Some(Arc::clone(&state.child));
            }
            self.wake.wait_for(&mut state, Duration::from_secs(1));
        }
    }

    fn heard(&self, line: Value) {
        let mut state = self.state.lock();
        let progress = &mut state.status.progress;
        if progress.len() == LINES {
            progress.remove(0);
        }
        progress.push(line);
    }
}

/// The life of the training thread.
pub(crate) fn run(shared: &Arc<Shared>) {
    let trainer = &shared.trainer;
    let Some(work) = &shared.work else { return };
    trainer.state.lock().status.trained_to = trained_to(&shared.registry).unwrap_or(0);
    while let Some(child) = trainer.wait(shared) {
        let last = shared.log.last_seq();
        tracing::info!(records = last, "training starts");
        let result = once(shared, &work.train, &child);
        let mut state = trainer.state.lock();
        state.status.running = false;
        state.status.runs += 1;
        // A run that fails is not tried again before the log has grown once more.
        state.status.trained_to = last;
        match result {
            Ok(()) => tracing::info!("training done"),
            Err(_) if state.stop => tracing::info!("training is cut off, as the server stops"),
            Err(error) => {
                tracing::warn!(error, "training failed");
                state.status.error = Some(error);
            }
        }
    }
}

/// The last record that any model of the log learnt from, whether or not it was good enough to be live.
fn trained_to(registry: &Registry) -> Result<Seq, RegistryError> {
    let mut last = 0;
    for kind in OF_FEED {
        for listed in registry.list(kind)? {
            last = last.max(listed.manifest.map_or(0, |manifest| manifest.data.last_seq));
        }
    }
    Ok(last)
}

fn once(shared: &Shared, run: &RunTraining, child: &ChildHandle) -> Result<(), String> {
    let mut records = shared
        .log
        .replay(1)
        .map_err(|error| error.to_string())?
        .map(|entry| entry.map_err(|error| error.to_string()));
    let published = Mutex::new(Vec::new());
    let progress = |line: Value| {
        tell(&line);
        if line["event"] == "published"
            && let Some(kind) = OF_FEED.into_iter().find(|kind| line["kind"] == *kind)
            && let Some(version) = line["version"].as_u64()
        {
            published.lock().push((kind, version, line["promote"] == true));
        }
        shared.trainer.heard(line);
    };
    run(TrainingInput {
        registry: shared.registry_dir.clone(),
        at: now(),
        count: shared.log.last_seq(),
        records: &mut records,
        limits: shared.config.training.limits(),
        child,
        progress: &progress,
    })?;
    for (kind, version, promote) in published.into_inner() {
        let version = u32::try_from(version).map_err(|error| error.to_string())?;
        if promote {
            shared.registry.promote(kind, version, now()).map_err(|error| error.to_string())?;
        }
        let keep = shared.config.training.keep_versions;
        shared.registry.prune(kind, keep).map_err(|error| error.to_string())?;
    }
    load_models(shared)
}

/// Says in the server's own log what came of a run.
fn tell(line: &Value) {
    let text = |field: &str| line[field].as_str().unwrap_or_default();
    match text("event") {
        "published" => tracing::info!(
            kind = text("kind"),
            version = line["version"].as_u64(),
            promoted = line["promote"] == true,
            metrics = %line["metrics"],
            "model trained"
        ),
        "skipped" => tracing::info!(kind = text("kind"), reason = text("reason"), "no model trained"),
        _ => (),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic in a test is a failed test")]
mod tests {
    use super::*;
    use crate::models::{ACTIONS, COLLABORATIVE};
    use milieu_registry::{DataDescription, Draft};
    use std::collections::BTreeMap;

    #[test]
    fn only_models_of_the_log_say_how_far_it_is_learnt() {
        fn check(published: &[(&str, Seq)], expected: Seq) {
            let directory = tempfile::tempdir().unwrap();
            let registry = Registry::open(directory.path()).unwrap();
            for &(kind, last_seq) in published {
                let draft = Draft {
                    kind: kind.into(),
                    created_at: Timestamp::from_secs(1),
                    files: Vec::new(),
                    metrics: BTreeMap::new(),
                    data: DataDescription { last_seq, ..DataDescription::default() },
                    parent: None,
                    recipe: String::new(),
                    code_version: String::new(),
                    attributes: BTreeMap::new(),
                };
                registry.publish(&draft).unwrap();
            }
            assert_eq!(trained_to(&registry).unwrap(), expected);
        }
        check(&[], 0);
        check(&[("image-cifar10", 99)], 0);
        check(&[(COLLABORATIVE, 5), (ACTIONS, 7), ("image-cifar10", 99)], 7);
        check(&[(COLLABORATIVE, 8), (COLLABORATIVE, 5)], 8);
    }
}
