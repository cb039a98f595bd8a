//! Snapshots: a state folded from the log, with the place of the last record that is in it.
//!
//! A snapshot is a shortcut, never the truth: a damaged one is skipped for an older one, and with none
//! at all the log is replayed from the beginning. A file is written under another name, synced and then
//! renamed, so that it is there whole or not at all; the checksums are against damage afterwards.
//!
//! Format, version 1, integers little endian: magic `MILIEUSN`, version `u32`, last record `u64`, bytes
//! of the payload `u64`, 64-bit XXH3 of the payload `u64`, 64-bit XXH3 of all before `u64`, payload.

use crate::error::LogError;
use crate::store::sync_dir;
use milieu_types::Seq;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Take, Write};
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::{Xxh3Default, xxh3_64};

const MAGIC: &[u8; 8] = b"MILIEUSN";
const VERSION: u32 = 1;
const HEADER_BYTES: usize = 8 + 4 + 8 + 8 + 8 + 8;
const EXTENSION: &str = "snapshot";
/// The newest, and one before it in case the newest is damaged.
const KEEP: usize = 2;
const BUFFER_BYTES: usize = 1 << 20;

/// A folder of snapshots.
#[derive(Debug, Clone)]
pub struct SnapshotStore {
    dir: PathBuf,
}

/// A snapshot whose checksums are right.
#[derive(Debug)]
pub struct Snapshot {
    /// The last record that is in it; replay from the one after.
    pub last_seq: Seq,
    /// Bytes of the payload.
    pub length: u64,
    /// What was written.
    pub payload: Take<BufReader<File>>,
}

/// What [`SnapshotStore::newest_valid`] found.
#[derive(Debug)]
pub struct Newest {
    /// The newest undamaged snapshot.
    pub snapshot: Option<Snapshot>,
    /// The newer ones that are damaged.
    pub skipped: Vec<Skipped>,
}

/// A snapshot that cannot be used.
#[derive(Debug)]
pub struct Skipped {
    /// Its file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: SnapshotError,
}

/// Why a snapshot cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// It cannot be read.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// It does not begin like a snapshot.
    #[error("no snapshot")]
    NoSnapshot,
    /// Its header does not match its checksum.
    #[error("the header is damaged")]
    Header,
    /// Written by a version of Milieu that is newer than this one.
    #[error("format version {0} is unknown")]
    UnknownVersion(u32),
    /// Its payload does not match its length or checksum.
    #[error("the payload is damaged")]
    Payload,
}

impl SnapshotStore {
    /// Opens the folder, making it where there is none. Unfinished snapshots are removed.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub fn open(dir: &Path) -> Result<Self, LogError> {
        std::fs::create_dir_all(dir).map_err(LogError::io(dir))?;
        for unfinished in files(dir, "tmp")? {
            std::fs::remove_file(&unfinished).map_err(LogError::io(&unfinished))?;
        }
        Ok(Self { dir: dir.to_path_buf() })
    }

    /// Stores a snapshot of the state after `last_seq`, whose bytes `write` gives, and removes all but
    /// the newest two. Returns the bytes of the payload.
    ///
    /// # Errors
    /// When `write` or the disk fails; the older snapshots are untouched then.
    pub fn write(
        &self,
        last_seq: Seq,
        write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
    ) -> Result<u64, LogError> {
        let path = self.dir.join(format!("{last_seq:020}.{EXTENSION}"));
        let unfinished = path.with_extension("tmp");
        let length = match write_file(&unfinished, last_seq, write) {
            Ok(length) => length,
            Err(error) => {
                // Frees the space on a full disk; what matters is the first error.
                let _ = std::fs::remove_file(&unfinished);
                return Err(LogError::io(&unfinished)(error));
            }
        };
        std::fs::rename(&unfinished, &path).map_err(LogError::io(&path))?;
        sync_dir(&self.dir)?;
        for old in files(&self.dir, EXTENSION)?.into_iter().rev().skip(KEEP) {
            std::fs::remove_file(&old).map_err(LogError::io(&old))?;
        }
        Ok(length)
    }

    /// The newest snapshot that is undamaged, with the reasons why newer ones were skipped.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn newest_valid(&self) -> Result<Newest, LogError> {
        let mut newest = Newest { snapshot: None, skipped: Vec::new() };
        for path in files(&self.dir, EXTENSION)?.into_iter().rev() {
            match read_file(&path) {
                Ok(snapshot) => {
                    newest.snapshot = Some(snapshot);
                    break;
                }
                Err(reason) => newest.skipped.push(Skipped { path, reason }),
            }
        }
        Ok(newest)
    }
}

/// Files with that extension, sorted by name and so by the record they reach to.
fn files(dir: &Path, extension: &str) -> Result<Vec<PathBuf>, LogError> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(LogError::io(dir))? {
        let path = entry.map_err(LogError::io(dir))?.path();
        if path.extension().is_some_and(|found| found == extension) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn write_file(
    path: &Path,
    last_seq: Seq,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> std::io::Result<u64> {
    let mut file = BufWriter::with_capacity(BUFFER_BYTES, File::create(path)?);
    file.write_all(&[0; HEADER_BYTES])?;
    let mut payload = Hashed { inner: &mut file, hasher: Xxh3Default::new(), length: 0 };
    write(&mut payload)?;
    let (length, check) = (payload.length, payload.hasher.digest());
    let mut file = file.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&header(last_seq, length, check))?;
    file.sync_all()?;
    Ok(length)
}

fn header(last_seq: Seq, length: u64, check: u64) -> Vec<u8> {
    let mut header = MAGIC.to_vec();
    header.extend_from_slice(&VERSION.to_le_bytes());
    for number in [last_seq, length, check] {
        header.extend_from_slice(&number.to_le_bytes());
    }
    let check = xxh3_64(&header);
    header.extend_from_slice(&check.to_le_bytes());
    header
}

fn read_file(path: &Path) -> Result<Snapshot, SnapshotError> {
    let mut reader = BufReader::with_capacity(BUFFER_BYTES, File::open(path)?);
    let mut found = Vec::with_capacity(HEADER_BYTES);
    reader.by_ref().take(HEADER_BYTES as u64).read_to_end(&mut found)?;
    if !found.starts_with(MAGIC) {
        return Err(SnapshotError::NoSnapshot);
    }
    let number = |at: usize| -> Result<u64, SnapshotError> {
        let bytes = found.get(at..at + 8).and_then(|bytes| bytes.try_into().ok());
        Ok(u64::from_le_bytes(bytes.ok_or(SnapshotError::Header)?))
    };
    let (last_seq, length, check) = (number(12)?, number(20)?, number(28)?);
    // A later version may have a longer header, so the version is looked at before the checksum.
    let version = (number(4)? >> 32) as u32;
    if version != VERSION {
        return Err(SnapshotError::UnknownVersion(version));
    }
    if found != header(last_seq, length, check) {
        return Err(SnapshotError::Header);
    }
    let mut hasher = Xxh3Default::new();
    let mut read = 0;
    let mut buffer = vec![0; 1 << 16];
    loop {
        match reader.read(&mut buffer)? {
            0 => break,
            bytes => {
                hasher.update(&buffer[..bytes]);
                read += bytes as u64;
            }
        }
    }
    if read != length || hasher.digest() != check {
        return Err(SnapshotError::Payload);
    }
    reader.seek(SeekFrom::Start(HEADER_BYTES as u64))?;
    Ok(Snapshot { last_seq, length, payload: reader.take(length) })
}

struct Hashed<'a> {
    inner: &'a mut BufWriter<File>,
    hasher: Xxh3Default,
    length: u64,
}

impl Write for Hashed<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(newest: &mut Newest) -> Option<(Seq, Vec<u8>)> {
        let snapshot = newest.snapshot.as_mut()?;
        let mut bytes = Vec::new();
        snapshot.payload.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes.len() as u64, snapshot.length);
        Some((snapshot.last_seq, bytes))
    }

    #[test]
    fn keeps_two_and_reads_the_newest() {
        let dir = tempfile::tempdir().unwrap();
        let store = SnapshotStore::open(dir.path()).unwrap();
        assert!(payload(&mut store.newest_valid().unwrap()).is_none());
        for (seq, state) in [(5, "five"), (70, "seventy"), (800, "eight hundred")] {
            let length = store.write(seq, |out| out.write_all(state.as_bytes())).unwrap();
            assert_eq!(length, state.len() as u64);
        }
        assert_eq!(files(dir.path(), EXTENSION).unwrap().len(), KEEP);
        let mut newest = store.newest_valid().unwrap();
        assert_eq!(payload(&mut newest), Some((800, b"eight hundred".to_vec())));
        assert!(newest.skipped.is_empty());
    }

    #[test]
    fn a_failed_write_leaves_the_older_ones() {
        let dir = tempfile::tempdir().unwrap();
        let store = SnapshotStore::open(dir.path()).unwrap();
        store.write(1, |out| out.write_all(b"one")).unwrap();
        let failed = store.write(2, |out| {
            out.write_all(b"tw")?;
            Err(std::io::Error::other("no"))
        });
        assert!(matches!(failed, Err(LogError::Io { .. })));
        std::fs::write(dir.path().join("3.tmp"), b"crashed").unwrap();
        let store = SnapshotStore::open(dir.path()).unwrap();
        assert_eq!(payload(&mut store.newest_valid().unwrap()), Some((1, b"one".to_vec())));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn damaged_ones_are_skipped_with_a_reason() {
        fn check(edit: impl FnOnce(&mut Vec<u8>), expected: &str) {
            let dir = tempfile::tempdir().unwrap();
            let store = SnapshotStore::open(dir.path()).unwrap();
            store.write(1, |out| out.write_all(b"older")).unwrap();
            store.write(2, |out| out.write_all(b"newer")).unwrap();
            let path = files(dir.path(), EXTENSION).unwrap().pop().unwrap();
            let mut bytes = std::fs::read(&path).unwrap();
            edit(&mut bytes);
            std::fs::write(&path, bytes).unwrap();
            let mut newest = store.newest_valid().unwrap();
            assert_eq!(payload(&mut newest), Some((1, b"older".to_vec())));
            let reasons: Vec<_> = newest.skipped.iter().map(|s| s.reason.to_string()).collect();
            assert_eq!(reasons, [expected]);
        }
        check(|b| b.clear(), "no snapshot");
        check(|b| b.truncate(9), "the header is damaged");
        check(|b| b[0] ^= 1, "no snapshot");
        check(|b| b[8] = 9, "format version 9 is unknown");
        check(|b| b[13] ^= 1, "the header is damaged");
        check(|b| b[30] ^= 1, "the header is damaged");
        check(|b| *b.last_mut().unwrap() ^= 1, "the payload is damaged");
        check(|b| b.truncate(b.len() - 1), "the payload is damaged");
        check(|b| b.push(0), "the payload is damaged");
    }
}
