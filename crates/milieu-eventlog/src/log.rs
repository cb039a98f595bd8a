//! The log as its readers see it.

use crate::store::{self, Store};
use crate::{LogError, Sink, Writer, codec};
use milieu_types::{Event, Id, Record, Seq};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How much memory a log may use.
#[derive(Debug, Clone)]
pub struct LogOptions {
    /// Cache of blocks read from disk, in bytes.
    pub cache_bytes: u64,
    /// Records or ids gathered in memory before they are written out as a table, in bytes a keyspace.
    /// Fixed when the log is made; later values are ignored.
    pub memtable_bytes: u64,
    /// Entries waiting to be stored, in bytes; beyond it appends are refused as overload.
    pub queue_bytes: usize,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self { cache_bytes: 64 << 20, memtable_bytes: 32 << 20, queue_bytes: 32 << 20 }
    }
}

/// An open log. Clones are handles to the same one; the folder is free again when all of them and the
/// [`Writer`] are gone.
#[derive(Clone)]
pub struct Log {
    shared: Arc<Shared>,
    queue_bytes: usize,
}

pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) path: PathBuf,
    /// The last record on disk that the sink has seen.
    pub(crate) last: AtomicU64,
    started: AtomicBool,
}

impl Log {
    /// Opens the log in `dir`, making it where there is none. A batch that a crash left half written is
    /// cut off, and what a failed write left behind is taken away.
    ///
    /// # Errors
    /// [`LogError::Locked`] when it is open elsewhere, [`LogError::Corrupt`] when acknowledged records
    /// are damaged, and whatever the disk says.
    pub fn open(dir: &Path, options: &LogOptions) -> Result<Self, LogError> {
        let store = Store::open(dir, options)?;
        let last = AtomicU64::new(store.last_seq()?);
        let shared = Shared { store, path: dir.to_path_buf(), last, started: AtomicBool::new(false) };
        Ok(Self { shared: Arc::new(shared), queue_bytes: options.queue_bytes })
    }

    /// Starts to take appends. `sink` sees the records stored from now on; those stored before are had
    /// by [`Self::replay`].
    ///
    /// # Errors
    /// [`LogError::Started`] when this log was started before.
    pub fn start(&self, sink: Sink) -> Result<Writer, LogError> {
        if self.shared.started.swap(true, Ordering::AcqRel) {
            return Err(LogError::Started);
        }
        Writer::start(Arc::clone(&self.shared), self.queue_bytes, sink)
    }

    /// The place of the last record that is on disk and that the sink has seen; 0 for an empty log.
    #[must_use]
    pub fn last_seq(&self) -> Seq {
        self.shared.last.load(Ordering::Acquire)
    }

    /// The records from `from` on (1 for all) to the last at the time of the call, in order.
    ///
    /// # Errors
    /// [`LogError::Behind`] when `from` is beyond the record that would come next.
    pub fn replay(&self, from: Seq) -> Result<Replay, LogError> {
        let last = self.last_seq();
        let next = from.max(1);
        if next > last.saturating_add(1) {
            return Err(LogError::Behind { from, last });
        }
        let records = self.shared.store.records_from(next);
        Ok(Replay { records, next, last, _shared: Arc::clone(&self.shared) })
    }

    /// The event of that id, given by the app or by the log, with its place. For an `undo` that found
    /// its event undone already, the earlier undo.
    ///
    /// # Errors
    /// When the disk cannot be read.
    pub fn get_event(&self, id: &Id) -> Result<Option<(Seq, Event)>, LogError> {
        let own = codec::own_seq(id);
        let seq = match own {
            Some(seq) => Some(seq),
            None => self.shared.store.event_id(id)?.map(|(seq, _)| seq),
        };
        let Some(seq) = seq.filter(|seq| *seq <= self.last_seq()) else {
            return Ok(None);
        };
        Ok(match self.shared.store.record(seq)? {
            Some(Record::Event(event) | Record::Undo { event, .. })
                if own.is_none() || event.id.as_ref() == Some(id) =>
            {
                Some((seq, event))
            }
            _ => None,
        })
    }
}

/// Iterates over records; see [`Log::replay`]. Ends after the first error.
pub struct Replay {
    records: fjall::Iter,
    next: Seq,
    last: Seq,
    _shared: Arc<Shared>,
}

impl Replay {
    fn read(&mut self) -> Result<(Seq, Record), LogError> {
        let (key, bytes) = self.records.next().ok_or(LogError::Gap(self.next))?.into_inner()?;
        let seq = store::place(&key);
        if seq != self.next {
            return Err(LogError::Gap(self.next));
        }
        Ok((seq, store::decode(seq, &bytes)?))
    }
}

impl Iterator for Replay {
    type Item = Result<(Seq, Record), LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next > self.last {
            return None;
        }
        let item = self.read();
        self.next = if item.is_ok() { self.next + 1 } else { Seq::MAX };
        Some(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::try_from((self.last + 1).saturating_sub(self.next)).ok();
        (0, left)
    }
}
