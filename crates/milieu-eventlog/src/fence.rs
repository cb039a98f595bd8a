//! A file that holds one number through a failure: the last record that was acknowledged.
//!
//! When a write fails, its bytes may still reach the disk, whole or in part: the storage engine writes
//! what is left in its buffer when it is closed, and the operating system whatever it has cached. The
//! callers have been told that nothing was stored, so the next open takes everything after the fence
//! away. The file is written in full when the log is made, and in place later, so that raising the
//! fence needs no space on a full disk. It also carries the lock of the folder.

use crate::LogError;
use milieu_types::Seq;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use xxhash_rust::xxh3::xxh3_64;

const MAGIC: &[u8; 8] = b"MILIEUFN";
/// Stands for "no fence".
const DOWN: Seq = Seq::MAX;
const LOCK_ATTEMPTS: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

pub(crate) struct Fence {
    file: File,
    path: PathBuf,
}

impl Fence {
    /// Opens or makes the file and locks it.
    pub(crate) fn open(path: &Path) -> Result<Self, LogError> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(LogError::io(path))?;
        lock(&file, path)?;
        let fence = Self { file, path: path.to_path_buf() };
        if fence.file.metadata().map_err(LogError::io(path))?.len() == 0 {
            fence.write(DOWN)?;
            fence.file.sync_all().map_err(LogError::io(path))?;
        }
        Ok(fence)
    }

    /// The last acknowledged record, if the log failed after it.
    pub(crate) fn raised(&self) -> Result<Option<Seq>, LogError> {
        let mut bytes = Vec::with_capacity(24);
        let mut file = &self.file;
        file.seek(SeekFrom::Start(0))
            .and_then(|_| file.read_to_end(&mut bytes))
            .map_err(LogError::io(&self.path))?;
        let damaged = || LogError::CorruptFence(self.path.clone());
        let number: [u8; 8] = bytes.get(8..16).and_then(|b| b.try_into().ok()).ok_or_else(damaged)?;
        let seq = Seq::from_le_bytes(number);
        if bytes != content(seq) {
            return Err(damaged());
        }
        Ok((seq != DOWN).then_some(seq))
    }

    /// From now on everything after `seq` counts as never stored.
    pub(crate) fn raise(&self, seq: Seq) -> Result<(), LogError> {
        self.write(seq)
    }

    /// What lay after the fence has been taken away.
    pub(crate) fn lower(&self) -> Result<(), LogError> {
        self.write(DOWN)
    }

    fn write(&self, seq: Seq) -> Result<(), LogError> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(0))
            .and_then(|_| file.write_all(&content(seq)))
            .and_then(|()| file.sync_data())
            .map_err(LogError::io(&self.path))
    }
}

/// Locks the file, with a little patience: a process that forks shares the lock with its child until the
/// child has become another program, so a log that was closed may seem open for a moment.
fn lock(file: &File, path: &Path) -> Result<(), LogError> {
    for _ in 0..LOCK_ATTEMPTS {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(LogError::io(path)(error)),
        }
    }
    Err(LogError::Locked(path.to_path_buf()))
}

fn content(seq: Seq) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&seq.to_le_bytes());
    let check = xxh3_64(&bytes);
    bytes.extend_from_slice(&check.to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raised_lowered_and_damaged() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("fence");
        let open = || Fence::open(&path).unwrap();
        assert_eq!(open().raised().unwrap(), None);
        open().raise(7).unwrap();
        assert_eq!(open().raised().unwrap(), Some(7));
        let first = open();
        assert!(matches!(Fence::open(&path), Err(LogError::Locked(_))));
        first.lower().unwrap();
        assert_eq!(first.raised().unwrap(), None);
        drop(first);
        std::fs::write(&path, b"MILIEUFN garbage").unwrap();
        assert!(matches!(open().raised(), Err(LogError::CorruptFence(_))));
    }
}
