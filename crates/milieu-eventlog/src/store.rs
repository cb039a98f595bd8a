//! The log on disk: three keyspaces of the storage engine, written together in one atomic batch.
//!
//! - `records`: place (`u64`, big endian) -> record, see [`crate::encode_record`]
//! - `ids`: id of an event -> place (`u64`, big endian), content hash (`u128`, big endian)
//! - `undone`: place of an undone event -> place of the undo, both `u64`, big endian

use crate::entry::ContentHash;
use crate::fence::Fence;
use crate::{LogError, LogOptions, codec, journal};
use fjall::config::{BlockSizePolicy, CompressionPolicy, FilterPolicy};
use fjall::{
    CompressionType, Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, PersistMode, Slice,
};
use milieu_types::{Id, Record, Seq};
use std::fs::File;
use std::path::Path;
use std::time::Duration;

/// Before a commit, wait while this many full memtables of a keyspace wait to be written out. The
/// engine itself waits at four, for ever if its writer threads have given up on a full disk; as each
/// commit fills at most one more, staying below two never meets that.
const MAX_FULL_MEMTABLES: usize = 2;
/// The same for tables not yet merged; the engine stops at thirty.
const MAX_FRESH_TABLES: usize = 28;

pub(crate) struct Store {
    db: Database,
    records: Keyspace,
    ids: Keyspace,
    undone: Keyspace,
    // Holds the lock of the folder, so it is dropped last.
    fence: Fence,
}

impl Store {
    pub(crate) fn open(dir: &Path, options: &LogOptions) -> Result<Self, LogError> {
        std::fs::create_dir_all(dir).map_err(LogError::io(dir))?;
        let fence = Fence::open(&dir.join("fence"))?;
        let path = dir.join("events");
        if !path.try_exists().map_err(LogError::io(&path))? {
            create(dir, &path, options)?;
        }
        journal::repair(&path)?;
        let (db, [records, ids, undone]) = open_engine(&path, options)?;
        let store = Self { db, records, ids, undone, fence };
        if let Some(last) = store.fence.raised()? {
            store.take_away_after(last)?;
            store.fence.lower()?;
        }
        Ok(store)
    }

    /// The place of the last record; 0 when there is none.
    pub(crate) fn last_seq(&self) -> Result<Seq, LogError> {
        match self.records.last_key_value() {
            Some(entry) => Ok(place(&entry.key()?)),
            None => Ok(0),
        }
    }

    pub(crate) fn record(&self, seq: Seq) -> Result<Option<Record>, LogError> {
        match self.records.get(seq.to_be_bytes())? {
            Some(bytes) => decode(seq, &bytes).map(Some),
            None => Ok(None),
        }
    }

    pub(crate) fn records_from(&self, seq: Seq) -> fjall::Iter {
        self.records.range(seq.to_be_bytes()..)
    }

    /// Where the event of that id, given by the app, stands, and what was in it.
    pub(crate) fn event_id(&self, id: &Id) -> Result<Option<(Seq, ContentHash)>, LogError> {
        let value = self.ids.get(id.as_str())?;
        Ok(value.map(|value| (place(&value), hash(&value))))
    }

    /// The place of the undo of the event at `seq`.
    pub(crate) fn undo_of(&self, seq: Seq) -> Result<Option<Seq>, LogError> {
        Ok(self.undone.get(seq.to_be_bytes())?.map(|value| place(&value)))
    }

    pub(crate) fn batch(&self, items: usize) -> Batch<'_> {
        let inner =
            OwnedWriteBatch::with_capacity(self.db.clone(), items).durability(Some(PersistMode::SyncData));
        Batch { store: self, inner }
    }

    /// Everything after `last` counts as never stored, whatever has reached the disk.
    pub(crate) fn fence(&self, last: Seq) -> Result<(), LogError> {
        self.fence.raise(last)
    }

    /// Waits until the engine has room for a commit. Fails when it has given up writing.
    fn wait_for_room(&self) -> Result<(), LogError> {
        let crowded = |keyspace: &Keyspace| {
            keyspace.sealed_memtable_count() >= MAX_FULL_MEMTABLES
                || keyspace.l0_table_count() >= MAX_FRESH_TABLES
        };
        while [&self.records, &self.ids, &self.undone].into_iter().any(crowded) {
            self.db.persist(PersistMode::Buffer)?;
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Reads all ids for it, which is slow with many, but comes only after a failure of the disk.
    fn take_away_after(&self, last: Seq) -> Result<(), LogError> {
        let mut batch = self.batch(0);
        for entry in self.records_from(last.saturating_add(1)) {
            batch.inner.remove(&self.records, entry.key()?);
        }
        for index in [&self.ids, &self.undone] {
            for entry in index.iter() {
                let (key, value) = entry.into_inner()?;
                if place(&value) > last {
                    batch.inner.remove(index, key);
                }
            }
        }
        batch.commit()
    }
}

/// What one commit writes.
pub(crate) struct Batch<'a> {
    store: &'a Store,
    inner: OwnedWriteBatch,
}

impl Batch<'_> {
    pub(crate) fn put_record(&mut self, seq: Seq, bytes: Vec<u8>) {
        self.inner.insert(&self.store.records, seq.to_be_bytes(), bytes);
    }

    pub(crate) fn put_event_id(&mut self, id: &Id, seq: Seq, content: ContentHash) {
        let mut value = [0; 24];
        value[..8].copy_from_slice(&seq.to_be_bytes());
        value[8..].copy_from_slice(&content.to_be_bytes());
        self.inner.insert(&self.store.ids, id.as_str(), Slice::from(&value[..]));
    }

    pub(crate) fn put_undone(&mut self, undone: Seq, undo: Seq) {
        self.inner.insert(&self.store.undone, undone.to_be_bytes(), undo.to_be_bytes());
    }

    /// Writes and syncs; all of it is on disk after `Ok`.
    pub(crate) fn commit(self) -> Result<(), LogError> {
        self.store.wait_for_room()?;
        Ok(self.inner.commit()?)
    }
}

/// The record at `seq`, its event with an id.
pub(crate) fn decode(seq: Seq, bytes: &[u8]) -> Result<Record, LogError> {
    match codec::decode_record(bytes) {
        Ok(record) => Ok(codec::with_own_id(seq, record)),
        Err(source) => Err(LogError::Record { seq, source }),
    }
}

/// The big-endian number at the front of a key or value; only keys and values made here come in.
pub(crate) fn place(bytes: &[u8]) -> Seq {
    bytes.iter().take(8).fold(0, |number, byte| number << 8 | Seq::from(*byte))
}

fn hash(value: &[u8]) -> ContentHash {
    value.iter().skip(8).take(16).fold(0, |number, byte| number << 8 | ContentHash::from(*byte))
}

/// Makes an empty store beside its place and moves it there, so that a crash in between leaves either
/// nothing or a whole one.
fn create(dir: &Path, path: &Path, options: &LogOptions) -> Result<(), LogError> {
    let fresh = dir.join("events.new");
    if fresh.try_exists().map_err(LogError::io(&fresh))? {
        std::fs::remove_dir_all(&fresh).map_err(LogError::io(&fresh))?;
    }
    drop(open_engine(&fresh, options)?);
    std::fs::rename(&fresh, path).map_err(LogError::io(path))?;
    sync_dir(dir)
}

fn open_engine(path: &Path, options: &LogOptions) -> Result<(Database, [Keyspace; 3]), LogError> {
    let db = Database::builder(path)
        .cache_size(options.cache_bytes)
        // The engine checks a batch by compressing its values again, which a new version of the
        // compressor may do differently.
        .journal_compression(CompressionType::None)
        .manual_journal_persist(true)
        .open()?;
    let base = || {
        KeyspaceCreateOptions::default()
            .manual_journal_persist(true)
            .max_memtable_size(options.memtable_bytes)
            .data_block_compression_policy(CompressionPolicy::all(CompressionType::Lz4))
    };
    // Records are read in long runs and are never asked for in vain.
    let records = db.keyspace("records", || {
        base().data_block_size_policy(BlockSizePolicy::all(16 * 1024)).filter_policy(FilterPolicy::disabled())
    })?;
    // Nearly every id asked for is new, so the engine's default Bloom filters are what answers.
    let ids = db.keyspace("ids", base)?;
    let undone = db.keyspace("undone", base)?;
    Ok((db, [records, ids, undone]))
}

pub(crate) fn sync_dir(dir: &Path) -> Result<(), LogError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(LogError::io(dir))
}
