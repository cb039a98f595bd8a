//! Appending to a data directory that no server has open.

use crate::config::LogConfig;
use crate::store::open_log;
use milieu_eventlog::{AppendError, Entry, LogError, Outcome, Writer};
use milieu_types::Record;
use std::path::Path;

/// How many records are stored at once.
const BATCH: usize = 2000;

/// What became of the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Appended {
    /// New ones.
    pub accepted: u64,
    /// Known already.
    pub duplicates: u64,
    /// Refused: another event has the id, or the event to undo is not known.
    pub refused: u64,
}

/// Why appending ended early. What was stored before is stored.
#[derive(Debug, thiserror::Error)]
pub enum AppendAllError {
    /// The log cannot be opened or closed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The log takes no more.
    #[error(transparent)]
    Append(#[from] AppendError),
}

/// Stores records in the log of a data directory, in their order. `refused` hears why one was not
/// stored.
///
/// # Errors
/// [`AppendAllError`].
pub fn append_all(
    data: &Path,
    config: &LogConfig,
    records: impl Iterator<Item = Record>,
    mut refused: impl FnMut(&str),
) -> Result<Appended, AppendAllError> {
    let log = open_log(data, config)?;
    let writer = log.start(Box::new(|_| ()))?;
    let mut done = Appended::default();
    let mut batch = Vec::with_capacity(BATCH);
    for record in records {
        batch.push(entry(record));
        if batch.len() == BATCH {
            store(&writer, std::mem::take(&mut batch), &mut done, &mut refused)?;
        }
    }
    store(&writer, batch, &mut done, &mut refused)?;
    writer.close()?;
    Ok(done)
}

fn entry(record: Record) -> Entry {
    match record {
        Record::Event(event) | Record::Undo { event, .. } => Entry::Event { event, at_given: true },
        Record::PutUser(user) => Entry::PutUser(user),
        Record::PatchUser(patch) => Entry::PatchUser(patch),
        Record::DeleteUser { id, at } => Entry::DeleteUser { id, at },
        Record::PutItem(item) => Entry::PutItem(item),
        Record::PatchItem(patch) => Entry::PatchItem(patch),
        Record::DeleteItem { id, at } => Entry::DeleteItem { id, at },
    }
}

fn store(
    writer: &Writer,
    mut batch: Vec<Entry>,
    done: &mut Appended,
    refused: &mut impl FnMut(&str),
) -> Result<(), AppendError> {
    while !batch.is_empty() {
        match writer.append(batch.clone()) {
            Ok(outcomes) => {
                let new = outcomes.iter().filter(|o| matches!(o, Outcome::Accepted { .. })).count();
                done.accepted += new as u64;
                done.duplicates += (outcomes.len() - new) as u64;
                return Ok(());
            }
            // A batch is stored whole or not at all: the bad entry leaves, the others stay together.
            Err(
                error @ (AppendError::Conflict { index, .. }
                | AppendError::UnknownEvent { index }
                | AppendError::ReservedId { index }
                | AppendError::Unencodable { index, .. }),
            ) => {
                batch.remove(index);
                done.refused += 1;
                refused(&error.to_string());
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
