//! What all requests share, and the two threads that write to it.

use crate::config::Config;
use crate::datasets::Datasets;
use crate::jobs::Jobs;
use crate::metrics::Metrics;
use crate::receipts::ReceiptStore;
use crate::relations::Relations;
use crate::serving::Serving;
use crate::store::CHUNK;
use crate::training::Trainer;
use crate::understanding::{ChangedTexts, Understanding};
use crate::work::Work;
use milieu_api::ApiError;
use milieu_eventlog::{Entry, Log, Outcome, SnapshotStore, Writer};
use milieu_feed::Engine;
use milieu_registry::Registry;
use milieu_types::{ErrorCode, Record, Seq, Timestamp};
use milieu_world::World;
use parking_lot::{Mutex, RwLock};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// See the module.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) world: Arc<SharedWorld>,
    pub(crate) engine: Engine,
    pub(crate) log: Log,
    /// `None` once the server has stopped.
    pub(crate) writer: RwLock<Option<Writer>>,
    pub(crate) snapshots: SnapshotStore,
    pub(crate) snapshot_seq: AtomicU64,
    pub(crate) registry: Registry,
    pub(crate) registry_dir: PathBuf,
    /// The versions in use, by kind.
    pub(crate) models: Mutex<BTreeMap<&'static str, String>>,
    pub(crate) receipts: ReceiptStore,
    /// What runs in other processes; `None` where this server does without.
    pub(crate) work: Option<Work>,
    pub(crate) serving: Arc<Serving>,
    pub(crate) trainer: Trainer,
    pub(crate) datasets: Datasets,
    pub(crate) jobs: Jobs,
    pub(crate) understanding: Understanding,
    pub(crate) relations: Relations,
    pub(crate) metrics: Metrics,
    pub(crate) ready: AtomicBool,
}

/// The world, and a gate that its writer passes first.
///
/// A lock that a writer waits for lets no new reader in. Whoever reads for long therefore shuts the
/// gate: the writer waits there, and short readers go on.
pub(crate) struct SharedWorld {
    world: RwLock<World>,
    gate: Mutex<()>,
    changed_texts: Option<ChangedTexts>,
}

impl SharedWorld {
    /// With a note of changed texts where somebody takes it.
    pub(crate) fn new(world: World, changed_texts: Option<ChangedTexts>) -> Self {
        Self { world: RwLock::new(world), gate: Mutex::new(()), changed_texts }
    }

    pub(crate) fn changed_texts(&self) -> Option<&ChangedTexts> {
        self.changed_texts.as_ref()
    }

    /// For the time of one answer.
    pub(crate) fn read(&self) -> parking_lot::RwLockReadGuard<'_, World> {
        self.world.read()
    }

    /// For as long as it takes; nothing is applied meanwhile.
    pub(crate) fn read_long<T>(&self, read: impl FnOnce(&World) -> T) -> T {
        let _shut = self.gate.lock();
        read(&self.world.read())
    }

    /// The log's sink: applies records a chunk at a time, so that no reader waits long.
    pub(crate) fn apply(&self, records: &[(Seq, Record)]) {
        for chunk in records.chunks(CHUNK) {
            let _open = self.gate.lock();
            let mut world = self.world.write();
            let mut changed = Vec::new();
            for (seq, record) in chunk {
                ChangedTexts::going(&world, record, &mut changed);
                world.apply(*seq, record);
                ChangedTexts::come(&world, record, &mut changed);
            }
            drop(world);
            if let Some(texts) = &self.changed_texts {
                texts.note(changed);
            }
        }
    }
}

/// The server's clock.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

impl Shared {
    pub(crate) fn clock(&self) -> milieu_api::Clock {
        let now = now();
        let skew = self.config.server.clock_skew_secs.saturating_mul(1000);
        milieu_api::Clock { now, latest: Timestamp::from_millis(now.millis().saturating_add(skew)) }
    }

    /// Stores entries; returns when they are on disk and in the world.
    pub(crate) async fn store(&self, entries: Vec<Entry>) -> Result<Vec<Outcome>, StoreError> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        {
            let writer = self.writer.read();
            let writer = writer.as_ref().ok_or(StoreError(milieu_eventlog::AppendError::Closed))?;
            // Nobody listens any more when the request was given up; the records are stored all the same.
            writer.submit(entries, move |answer| drop(sender.send(answer))).map_err(StoreError)?;
        }
        match receiver.await {
            Ok(answer) => answer.map_err(StoreError),
            Err(_) => Err(StoreError(milieu_eventlog::AppendError::Closed)),
        }
    }

    /// Writes a snapshot of the world unless the newest one is as new. Returns its last record.
    pub(crate) fn write_snapshot(&self) -> Result<Seq, milieu_eventlog::LogError> {
        self.world.read_long(|world| {
            let last = world.applied();
            if last > self.snapshot_seq.load(Ordering::Acquire) {
                self.snapshots
                    .write(last, |writer| world.write_snapshot(writer).map_err(std::io::Error::other))?;
                self.snapshot_seq.store(last, Ordering::Release);
                tracing::info!(last, "snapshot written");
            }
            Ok(last)
        })
    }
}

/// Why entries were not stored.
#[derive(Debug)]
pub(crate) struct StoreError(pub(crate) milieu_eventlog::AppendError);

impl StoreError {
    /// The refusal, with the entry at fault placed by `field`.
    pub(crate) fn refuse(self, field: impl Fn(usize, &str) -> String) -> ApiError {
        use milieu_eventlog::AppendError as A;
        match self.0 {
            A::Overloaded => ApiError::new(ErrorCode::Overloaded, "too much waits to be stored; try again"),
            A::Conflict { index, id } => ApiError::at(
                ErrorCode::EventConflict,
                field(index, "id"),
                format!("an event {id} exists with another content"),
            ),
            A::UnknownEvent { index } => ApiError::at(
                ErrorCode::UnknownEvent,
                field(index, "object"),
                "is no known event of this actor that could be undone",
            ),
            A::ReservedId { index } => ApiError::at(
                ErrorCode::InvalidId,
                field(index, "id"),
                "ids that begin with ~ are the server's own",
            ),
            A::Unencodable { index, source } => {
                ApiError::at(ErrorCode::Internal, field(index, ""), source.to_string())
            }
            A::Storage(message) => {
                tracing::error!(message, "the event log failed");
                ApiError::new(ErrorCode::StorageFailed, "the disk is full or broken; nothing was stored")
            }
            A::Closed => ApiError::new(ErrorCode::Unavailable, "the server is stopping"),
        }
    }
}
