//! Durable append, dedup, replay, snapshots and record versions.
//!
//! The event log is the truth of a Milieu server; every other state is a fold of it. Four promises:
//!
//! - **Durable.** [`Writer::append`] answers only when the records are on disk (`fdatasync`) and the
//!   sink has seen them. Appends of many callers share one write and one sync (group commit).
//! - **All or nothing.** A batch of entries is stored whole or not at all, over a crash too.
//! - **Once.** An event id is remembered for ever: the same event again is a duplicate, another event
//!   under the same id a conflict.
//! - **In order.** Records are numbered 1, 2, 3... without gaps; the sink and [`Log::replay`] give
//!   them in that order, and [`Log::replay`] refuses to skip over a hole.
//!
//! Life of a server: [`Log::open`], load the newest snapshot ([`SnapshotStore::newest_valid`]), fold
//! [`Log::replay`] from the record after it, then [`Log::start`] with a sink that folds what is new.
//!
//! # Memory
//!
//! At most about [`LogOptions::cache_bytes`] for blocks, four memtables of
//! [`LogOptions::memtable_bytes`] for each of two keyspaces when writing outruns the disk (one is
//! usual), and three times [`LogOptions::queue_bytes`] for entries that wait; by default 64 + 256 + 96
//! MiB at worst. Filters and block indexes of the newest tables stay in memory too, about 1.5 bytes for
//! an event id.

mod codec;
mod entry;
mod error;
mod fence;
mod group;
mod journal;
mod log;
mod snapshot;
mod store;
mod throughput;
mod writer;

pub use codec::{RECORD_VERSION, decode_record, encode_record};
pub use entry::{Entry, Outcome};
pub use error::{AppendError, LogError, RecordError};
pub use journal::repair as repair_journals;
pub use log::{Log, LogOptions, Replay};
pub use snapshot::{Newest, Skipped, Snapshot, SnapshotError, SnapshotStore};
pub use throughput::{Load, Throughput, measure_throughput};
pub use writer::{Sink, Writer};
