//! What can go wrong.

use milieu_types::{Id, Seq};
use std::path::{Path, PathBuf};

/// Why a log could not be opened, started, read or closed.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// A file or folder could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another process, or another [`crate::Log`] of this one, has the log open.
    #[error("{} is in use by another process", .0.display())]
    Locked(PathBuf),
    /// The storage engine failed.
    #[error("storage engine: {0}")]
    Storage(#[from] fjall::Error),
    /// A journal is damaged before its end: acknowledged records would be lost by going on.
    /// Restore the folder from a backup; nothing was changed in it.
    #[error("{} is damaged at byte {damaged_at}, with intact data from byte {intact_at} on", path.display())]
    Corrupt {
        /// The journal.
        path: PathBuf,
        /// Where the first broken batch begins.
        damaged_at: u64,
        /// Where a later intact batch begins.
        intact_at: u64,
    },
    /// The file that guards a failed write is unreadable.
    #[error("{} is damaged", .0.display())]
    CorruptFence(PathBuf),
    /// A stored record cannot be read.
    #[error("record {seq}: {source}")]
    Record {
        /// Which.
        seq: Seq,
        /// Why.
        source: RecordError,
    },
    /// Records are missing in the middle of the log.
    #[error("record {0} is missing")]
    Gap(Seq),
    /// The log ends before the asked record's predecessor: a snapshot is ahead of the log.
    #[error("a replay from {from} was asked, but the log ends at {last}")]
    Behind {
        /// The first record asked for.
        from: Seq,
        /// The last record there is.
        last: Seq,
    },
    /// [`crate::Log::start`] was called a second time.
    #[error("the log has been started already")]
    Started,
    /// The commit thread ended by a panic in the sink or in a completion.
    #[error("the commit thread panicked")]
    Panicked,
}

impl LogError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { path, source }
    }
}

/// Why the bytes of a record cannot be read or made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// There are no bytes.
    #[error("empty")]
    Empty,
    /// Written by a version of Milieu that is newer than this one.
    #[error("format version {0} is unknown")]
    UnknownVersion(u8),
    /// Not what the version promises.
    #[error("malformed: {0}")]
    Malformed(postcard::Error),
    /// Bytes are left over after the record.
    #[error("{0} bytes too many")]
    Trailing(usize),
}

/// Why a batch was not stored. Nothing of a refused batch is stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Too much is waiting to be stored; try again later.
    #[error("too many entries wait to be stored")]
    Overloaded,
    /// An event of that id is stored, or earlier in the batch, with another content.
    #[error("entry {index}: event {id} exists with another content")]
    Conflict {
        /// The place in the batch, from 0.
        index: usize,
        /// The id.
        id: Id,
    },
    /// The event to undo does not exist, is another actor's or is an undo itself.
    #[error("entry {index}: the event to undo is not known")]
    UnknownEvent {
        /// The place in the batch, from 0.
        index: usize,
    },
    /// Ids that begin with `~` are given by the log only.
    #[error("entry {index}: ids that begin with ~ are the log's own")]
    ReservedId {
        /// The place in the batch, from 0.
        index: usize,
    },
    /// The entry cannot be put into bytes.
    #[error("entry {index}: {source}")]
    Unencodable {
        /// The place in the batch, from 0.
        index: usize,
        /// Why.
        source: RecordError,
    },
    /// The disk is full or broken. The log takes no more until it is opened anew.
    #[error("the event log failed: {0}")]
    Storage(String),
    /// The log is closed.
    #[error("the event log is closed")]
    Closed,
}
