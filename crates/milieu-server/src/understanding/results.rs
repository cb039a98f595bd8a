//! What models say of items, on disk: keyspaces of the storage engine of the log, in a folder of their own.
//!
//! - `results`: id of an item -> format `u8`, [`Understood`] in postcard
//! - `authors`: id of an author, `0`, id of an item -> nothing; ids hold no control characters
//! - `waiting`: place of a record in the log (`u64`, big endian) -> id of an item that is to be looked at
//! - `state`: `position` -> the last record looked at (`u64`, big endian); `covered` -> [`Covered`] in postcard; `topics` ->
//!   [`Kept`] in postcard
//!
//! All of it can be made again from the log and the models. What belongs together is written in one batch, and each
//! batch is on disk before the next.

use super::topics::Kept;
use fjall::config::CompressionPolicy;
use fjall::{CompressionType, Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, PersistMode};
use milieu_types::Seq;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Of what a value of `results` begins with.
const FORMAT: u8 = 1;
const POSITION: &str = "position";
const COVERED: &str = "covered";
const TOPICS: &str = "topics";
/// Blocks read from disk.
const CACHE_BYTES: u64 = 8 << 20;
/// Gathered in memory before it is written as a table.
const MEMTABLE_BYTES: u64 = 8 << 20;

/// The versions of models that have read every item, by name.
pub(super) type Covered = BTreeMap<String, u32>;

/// What is known of an item.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Understood {
    /// 128-bit XXH3 of the text that was read.
    pub(crate) text: u128,
    pub(crate) author: Option<String>,
    /// By the name of each model.
    pub(crate) by: BTreeMap<String, Said>,
}

/// What a model says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Said {
    pub(crate) version: u32,
    pub(crate) found: Found,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Found {
    /// A vector of length 1, or all 0.
    Meaning(Vec<f32>),
    Labels(Vec<Label>),
    /// The model failed on the text, while it reads others.
    Failed,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Label {
    pub(crate) label: String,
    pub(crate) probability: f64,
    pub(crate) applies: Option<bool>,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum ResultsError {
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Log(#[from] milieu_eventlog::LogError),
    #[error(transparent)]
    Engine(#[from] fjall::Error),
    #[error("a stored result cannot be read: {0}")]
    Malformed(#[from] postcard::Error),
    #[error("a stored result is of an unknown format")]
    Format,
}

/// See the module. One thread writes; any may read.
pub(super) struct Results {
    db: Database,
    results: Keyspace,
    authors: Keyspace,
    waiting: Keyspace,
    state: Keyspace,
    /// How many wait, so that nobody has to count them.
    count: AtomicU64,
}

impl Results {
    /// Opens what is stored, or begins anew at `position` where nothing is, where it cannot be read, or where it is ahead
    /// of a log that ends at `last`.
    pub(super) fn open(dir: &Path, last: Seq) -> Result<Self, ResultsError> {
        if dir.try_exists()? {
            match Self::read(dir).and_then(|results| Ok((results.position()?, results))) {
                Ok((Some(position), results)) if position <= last => return Ok(results),
                Ok(_) => tracing::warn!("what was understood of items is of another log; it is made again"),
                Err(error) => {
                    tracing::warn!(%error, "what was understood of items is lost; it is made again")
                }
            }
            std::fs::remove_dir_all(dir)?;
        }
        let results = Self::read(dir)?;
        let mut batch = results.batch();
        batch.position(last);
        batch.commit()?;
        Ok(results)
    }

    fn read(dir: &Path) -> Result<Self, ResultsError> {
        std::fs::create_dir_all(dir)?;
        milieu_eventlog::repair_journals(dir)?;
        let db = Database::builder(dir)
            .cache_size(CACHE_BYTES)
            .journal_compression(CompressionType::None)
            .manual_journal_persist(true)
            .open()?;
        let options = || {
            KeyspaceCreateOptions::default()
                .manual_journal_persist(true)
                .max_memtable_size(MEMTABLE_BYTES)
                .data_block_compression_policy(CompressionPolicy::all(CompressionType::Lz4))
        };
        let results = db.keyspace("results", options)?;
        let authors = db.keyspace("authors", options)?;
        let waiting = db.keyspace("waiting", options)?;
        let state = db.keyspace("state", options)?;
        let mut count = 0;
        for entry in waiting.iter() {
            entry.key()?;
            count += 1;
        }
        Ok(Self { db, results, authors, waiting, state, count: AtomicU64::new(count) })
    }

    fn position(&self) -> Result<Option<Seq>, ResultsError> {
        Ok(self.state.get(POSITION)?.map(|value| place(&value)))
    }

    /// The last record of the log that was looked at.
    pub(super) fn looked_at(&self) -> Result<Seq, ResultsError> {
        Ok(self.position()?.unwrap_or(0))
    }

    pub(super) fn covered(&self) -> Result<Covered, ResultsError> {
        let value = self.state.get(COVERED)?;
        value.map_or_else(|| Ok(Covered::new()), |value| Ok(postcard::from_bytes(&value)?))
    }

    /// The topics that were learnt last; none where they cannot be read, since they can be learnt anew.
    pub(super) fn topics(&self) -> Result<Option<Kept>, ResultsError> {
        let value = self.state.get(TOPICS)?;
        Ok(value.and_then(|value| postcard::from_bytes(&value).ok()))
    }

    pub(super) fn get(&self, id: &str) -> Result<Option<Understood>, ResultsError> {
        self.results.get(id)?.map(|value| decode(&value)).transpose()
    }

    /// All that is known, by id.
    pub(super) fn all(&self) -> impl Iterator<Item = Result<(String, Understood), ResultsError>> {
        self.results.iter().map(|entry| {
            let (id, value) = entry.into_inner()?;
            Ok((String::from_utf8_lossy(&id).into_owned(), decode(&value)?))
        })
    }

    /// The items with a result that an author had made when they were read.
    pub(super) fn of_author(&self, author: &str) -> Result<Vec<String>, ResultsError> {
        let prefix = author_key(author, "");
        let id = |entry: fjall::Guard| {
            let key = entry.key()?;
            Ok(String::from_utf8_lossy(&key[prefix.len()..]).into_owned())
        };
        self.authors.prefix(&prefix).map(id).collect()
    }

    /// The items that have waited longest, each with its place.
    pub(super) fn waiting(&self, most: usize) -> Result<Vec<(Seq, String)>, ResultsError> {
        let one = |entry: fjall::Guard| {
            let (key, id) = entry.into_inner()?;
            Ok((place(&key), String::from_utf8_lossy(&id).into_owned()))
        };
        self.waiting.iter().take(most).map(one).collect()
    }

    pub(super) fn count_waiting(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    pub(super) fn batch(&self) -> Batch<'_> {
        let inner =
            OwnedWriteBatch::with_capacity(self.db.clone(), 64).durability(Some(PersistMode::SyncData));
        Batch { of: self, inner, more: 0, fewer: 0 }
    }
}

/// Changes that are written together.
pub(super) struct Batch<'r> {
    of: &'r Results,
    inner: OwnedWriteBatch,
    more: u64,
    fewer: u64,
}

impl Batch<'_> {
    /// Replaces what is known of an item; `old` is what was.
    pub(super) fn put(
        &mut self,
        id: &str,
        old: Option<&Understood>,
        new: &Understood,
    ) -> Result<(), ResultsError> {
        let (old, author) = (old.and_then(|old| old.author.as_deref()), new.author.as_deref());
        if let Some(old) = old.filter(|_| old != author) {
            self.inner.remove(&self.of.authors, author_key(old, id));
        }
        if let Some(author) = author {
            self.inner.insert(&self.of.authors, author_key(author, id), []);
        }
        self.inner.insert(&self.of.results, id, postcard::to_extend(new, vec![FORMAT])?);
        Ok(())
    }

    pub(super) fn remove(&mut self, id: &str, old: &Understood) {
        if let Some(author) = &old.author {
            self.inner.remove(&self.of.authors, author_key(author, id));
        }
        self.inner.remove(&self.of.results, id);
    }

    /// An item is to be looked at, as the record at `seq` says.
    pub(super) fn wait(&mut self, seq: Seq, id: &str) {
        self.inner.insert(&self.of.waiting, seq.to_be_bytes(), id);
        self.more += 1;
    }

    /// An item was looked at. Only for a place at which one waits.
    pub(super) fn done(&mut self, seq: Seq) {
        self.inner.remove(&self.of.waiting, seq.to_be_bytes());
        self.fewer += 1;
    }

    pub(super) fn position(&mut self, seq: Seq) {
        self.inner.insert(&self.of.state, POSITION, seq.to_be_bytes());
    }

    pub(super) fn covered(&mut self, covered: &Covered) -> Result<(), ResultsError> {
        self.inner.insert(&self.of.state, COVERED, postcard::to_stdvec(covered)?);
        Ok(())
    }

    pub(super) fn topics(&mut self, topics: &Kept) -> Result<(), ResultsError> {
        self.inner.insert(&self.of.state, TOPICS, postcard::to_stdvec(topics)?);
        Ok(())
    }

    pub(super) fn commit(self) -> Result<(), ResultsError> {
        self.inner.commit()?;
        self.of.count.fetch_add(self.more, Ordering::Relaxed);
        self.of.count.fetch_sub(self.fewer, Ordering::Relaxed);
        Ok(())
    }
}

fn author_key(author: &str, id: &str) -> String {
    format!("{author}\0{id}")
}

fn decode(value: &[u8]) -> Result<Understood, ResultsError> {
    match value.split_first() {
        Some((&FORMAT, rest)) => Ok(postcard::from_bytes(rest)?),
        _ => Err(ResultsError::Format),
    }
}

fn place(bytes: &[u8]) -> Seq {
    bytes.iter().take(8).fold(0, |number, byte| number << 8 | Seq::from(*byte))
}
