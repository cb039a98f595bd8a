//! The data directory: the log, the world folded from it, snapshots.
//!
//! ```text
//! DIR/log          the event log, the truth
//! DIR/snapshots    the world, so that a start need not read the whole log
//! DIR/models       model versions
//! DIR/receipts     receipts of the feeds served lately
//! DIR/datasets     uploaded data sets
//! DIR/jobs         jobs, and what came of them
//! DIR/understood   what models say of the texts of items
//! DIR/people       communities and ranks of users, and the learnt strength of ties
//! ```

use crate::config::LogConfig;
use milieu_eventlog::{Log, LogError, LogOptions, SnapshotStore};
use milieu_types::Seq;
use milieu_world::World;
use std::io::Read;
use std::path::{Path, PathBuf};

/// How many records are applied while the world is locked.
pub(crate) const CHUNK: usize = 256;

/// An opened data directory.
pub struct Store {
    /// The log.
    pub log: Log,
    /// The fold of all of it.
    pub world: World,
    /// Where snapshots go.
    pub snapshots: SnapshotStore,
    /// How it was opened.
    pub opened: Opened,
}

/// How the world came to be.
#[derive(Debug, Clone, Default)]
pub struct Opened {
    /// The last record in the snapshot that was read; 0 for none.
    pub snapshot: Seq,
    /// How many records were replayed.
    pub replayed: u64,
    /// Why snapshots were passed over.
    pub notices: Vec<String>,
}

/// Where the models of a data directory are.
#[must_use]
pub fn models_dir(data: &Path) -> PathBuf {
    data.join("models")
}

/// Opens the log of a data directory alone.
///
/// # Errors
/// [`LogError`].
pub fn open_log(data: &Path, config: &LogConfig) -> Result<Log, LogError> {
    std::fs::create_dir_all(data).map_err(|source| LogError::Io { path: data.to_path_buf(), source })?;
    let LogConfig { cache_bytes, memtable_bytes, queue_bytes } = *config;
    let options = LogOptions { cache_bytes, memtable_bytes, queue_bytes };
    Log::open(&data.join("log"), &options)
}

impl Store {
    /// Opens a data directory, making it where there is none: the newest good snapshot, then the log's
    /// tail. `progress` hears how many records are done and how many there are.
    ///
    /// # Errors
    /// [`LogError`] when the log cannot be opened or read.
    pub fn open(data: &Path, config: &LogConfig, progress: impl FnMut(u64, u64)) -> Result<Self, LogError> {
        let log = open_log(data, config)?;
        let snapshots = SnapshotStore::open(&data.join("snapshots"))?;
        let mut opened = Opened::default();
        let mut world = read_snapshot(&snapshots, &log, &mut opened)?.unwrap_or_default();
        opened.snapshot = world.applied();
        opened.replayed = replay(&log, &mut world, progress)?;
        Ok(Self { log, world, snapshots, opened })
    }
}

fn read_snapshot(
    snapshots: &SnapshotStore,
    log: &Log,
    opened: &mut Opened,
) -> Result<Option<World>, LogError> {
    let newest = snapshots.newest_valid()?;
    for skipped in newest.skipped {
        opened.notices.push(format!("{}: {}", skipped.path.display(), skipped.reason));
    }
    let Some(mut snapshot) = newest.snapshot else { return Ok(None) };
    if snapshot.last_seq > log.last_seq() {
        opened.notices.push(format!(
            "the snapshot of record {} is ahead of the log, which ends at {}",
            snapshot.last_seq,
            log.last_seq()
        ));
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(snapshot.length).unwrap_or(0));
    let read = snapshot.payload.read_to_end(&mut bytes).map_err(|error| error.to_string());
    match read.and_then(|_| World::read_snapshot(&bytes).map_err(|error| error.to_string())) {
        Ok(world) => Ok(Some(world)),
        Err(reason) => {
            opened.notices.push(format!("the snapshot of record {}: {reason}", snapshot.last_seq));
            Ok(None)
        }
    }
}

/// Folds what the world has not seen yet.
fn replay(log: &Log, world: &mut World, mut progress: impl FnMut(u64, u64)) -> Result<u64, LogError> {
    let first = world.applied() + 1;
    let total = (log.last_seq() + 1).saturating_sub(first);
    let mut done = 0;
    for entry in log.replay(first)? {
        let (seq, record) = entry?;
        world.apply(seq, &record);
        done += 1;
        if done % 10_000 == 0 {
            progress(done, total);
        }
    }
    Ok(done)
}

/// What [`verify`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// Records in the log.
    pub records: u64,
    /// The last record in the newest snapshot, 0 for none.
    pub snapshot: Seq,
    /// The fingerprint of the world by snapshot and tail.
    pub digest: u64,
    /// The fingerprint of the world folded from the first record.
    pub replayed: u64,
}

/// Compares the world by snapshot and tail with the world folded from the first record.
///
/// # Errors
/// [`LogError`] when the log cannot be read.
pub fn verify(data: &Path, config: &LogConfig, progress: impl FnMut(u64, u64)) -> Result<Verified, LogError> {
    let store = Store::open(data, config, |_, _| ())?;
    let digest = store.world.digest();
    drop(store.world);
    let mut fresh = World::new();
    replay(&store.log, &mut fresh, progress)?;
    let (records, snapshot) = (store.log.last_seq(), store.opened.snapshot);
    Ok(Verified { records, snapshot, digest, replayed: fresh.digest() })
}
