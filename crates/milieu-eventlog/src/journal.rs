//! Looks over the journals of the storage engine before it opens them.
//!
//! A crash can leave the last batch of a journal half written: it was never acknowledged, so it is cut
//! off. Damage anywhere else means that acknowledged records are broken, and the log must not be opened
//! as if they had never been. The engine by itself does neither: it refuses to open when the last batch
//! fails its checksum, and silently cuts off intact batches that follow a broken one.
//!
//! Since every commit is synced before the next is written, only the last batch can be incomplete. So
//! a broken batch with an intact one after it is damage, and any other is a torn tail.
//!
//! The format, fjall's version 3, is a run of batches padded with zeros (integers little endian):
//!
//! - start: `1`, number of items `u32`, sequence number `u64`
//! - item: `2`, value type `u8`, compression `u8`, keyspace `u64`, key length `u16`, value length
//!   `u32`, stored value length `u32`, key, stored value; or a clear: `4`, keyspace `u64`
//! - end: `3`, 64-bit XXH3 of the bytes of the items `u64`, `FJL` and `3`

use crate::LogError;
use std::fs::{File, OpenOptions};
use std::io::{BufReader, ErrorKind, Read, Result as IoResult, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::Xxh3Default;

const TRAILER: &[u8; 4] = b"FJL\x03";
const START_BYTES: u64 = 1 + 4 + 8;
const ITEM_HEAD_BYTES: usize = 1 + 1 + 8 + 2 + 4 + 4;
const END_BYTES: u64 = 1 + 8 + 4;

/// Checks every journal in the engine's folder and cuts off torn tails.
///
/// # Errors
/// [`LogError::Corrupt`] when a journal is damaged before its tail; nothing is changed then.
pub fn repair(dir: &Path) -> Result<(), LogError> {
    let mut torn = Vec::new();
    for path in journals(dir)? {
        let file = File::open(&path).map_err(LogError::io(&path))?;
        match examine(&file).map_err(LogError::io(&path))? {
            Tail::Clean => {}
            Tail::Torn { at } => torn.push((path, at)),
            Tail::Damaged { damaged_at, intact_at } => {
                return Err(LogError::Corrupt { path, damaged_at, intact_at });
            }
        }
    }
    for (path, at) in torn {
        let file = OpenOptions::new().write(true).open(&path).map_err(LogError::io(&path))?;
        file.set_len(at).and_then(|()| file.sync_all()).map_err(LogError::io(&path))?;
    }
    Ok(())
}

fn journals(dir: &Path) -> Result<Vec<PathBuf>, LogError> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(LogError::io(dir))? {
        let path = entry.map_err(LogError::io(dir))?.path();
        if path.extension().is_some_and(|extension| extension == "jnl") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

#[derive(Debug, PartialEq, Eq)]
enum Tail {
    /// Intact batches, then nothing but zeros.
    Clean,
    /// Intact batches up to here, then a broken one.
    Torn { at: u64 },
    /// A broken batch with an intact one after it.
    Damaged { damaged_at: u64, intact_at: u64 },
}

fn examine(mut file: &File) -> IoResult<Tail> {
    let length = file.metadata()?.len();
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let mut at = 0;
    while let Some(bytes) = batch_length(&mut reader, length - at)? {
        at += bytes;
    }
    file.seek(SeekFrom::Start(at))?;
    if only_zeros(BufReader::with_capacity(1 << 16, file))? {
        return Ok(Tail::Clean);
    }
    file.seek(SeekFrom::Start(at))?;
    let mut rest = Vec::new();
    file.read_to_end(&mut rest)?;
    for start in (1..rest.len()).filter(|at| rest[*at] == 1) {
        if batch_length(&mut &rest[start..], (rest.len() - start) as u64)?.is_some() {
            return Ok(Tail::Damaged { damaged_at: at, intact_at: at + start as u64 });
        }
    }
    Ok(Tail::Torn { at })
}

fn only_zeros(mut reader: impl Read) -> IoResult<bool> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(true),
            bytes if buffer[..bytes].iter().all(|byte| *byte == 0) => {}
            _ => return Ok(false),
        }
    }
}

/// The bytes of the batch that begins here; none where no intact one does. `left` is what the reader
/// holds, so that a garbled length cannot ask for more memory than the file has bytes.
fn batch_length(reader: &mut impl Read, left: u64) -> IoResult<Option<u64>> {
    match read_batch(reader, left) {
        Ok(found) => Ok(found),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

fn read_batch(reader: &mut impl Read, left: u64) -> IoResult<Option<u64>> {
    if take::<1>(reader)? != [1] {
        return Ok(None);
    }
    let items = u32::from_le_bytes(take(reader)?);
    take::<8>(reader)?;
    let mut length = START_BYTES;
    let mut hasher = Xxh3Default::new();
    let mut body = Vec::new();
    for _ in 0..items {
        let tag = take::<1>(reader)?;
        hasher.update(&tag);
        let body_length = match tag {
            [2] => {
                let head = take::<ITEM_HEAD_BYTES>(reader)?;
                hasher.update(&head);
                length += head.len() as u64;
                let [.., k0, k1, _, _, _, _, v0, v1, v2, v3] = head;
                u64::from(u16::from_le_bytes([k0, k1])) + u64::from(u32::from_le_bytes([v0, v1, v2, v3]))
            }
            [4] => 8,
            _ => return Ok(None),
        };
        length += 1 + body_length;
        if length > left {
            return Ok(None);
        }
        body.clear();
        if reader.by_ref().take(body_length).read_to_end(&mut body)? as u64 != body_length {
            return Ok(None);
        }
        hasher.update(&body);
    }
    let whole = take::<1>(reader)? == [3]
        && u64::from_le_bytes(take(reader)?) == hasher.digest()
        && take::<4>(reader)? == *TRAILER;
    Ok(whole.then_some(length + END_BYTES))
}

fn take<const N: usize>(reader: &mut impl Read) -> IoResult<[u8; N]> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fjall::{Database, KeyspaceCreateOptions, PersistMode};
    use std::os::unix::fs::FileExt;

    /// Three batches as the engine writes them; the bytes of the journal without padding, and where
    /// each batch ends.
    fn three_batches(dir: &Path) -> (PathBuf, Vec<u8>, Vec<usize>) {
        let db = Database::builder(dir).journal_compression(fjall::CompressionType::None).open().unwrap();
        let keyspace = db.keyspace("k", KeyspaceCreateOptions::default).unwrap();
        for number in 0..3u8 {
            let mut batch = db.batch().durability(Some(PersistMode::SyncData));
            for key in 0..4u8 {
                batch.insert(&keyspace, [number, key], vec![key + 1; 300]);
            }
            batch.remove(&keyspace, [9]);
            batch.commit().unwrap();
        }
        drop((db, keyspace));
        let path = journals(dir).unwrap().remove(0);
        let bytes = std::fs::read(&path).unwrap();
        let mut ends = Vec::new();
        let mut at = 0;
        while let Some(length) = batch_length(&mut &bytes[at..], (bytes.len() - at) as u64).unwrap() {
            at += length as usize;
            ends.push(at);
        }
        (path, bytes[..at].to_vec(), ends)
    }

    /// The format above is the engine's, and every way to break a journal is told apart rightly.
    #[test]
    fn tells_torn_from_damaged() {
        let dir = tempfile::tempdir().unwrap();
        let (path, bytes, ends) = three_batches(dir.path());
        assert_eq!(ends.len(), 3, "the journal format of the engine has changed");
        let check = |bytes: &[u8], expected: Tail| {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(examine(&File::open(&path).unwrap()).unwrap(), expected);
        };
        check(&bytes, Tail::Clean);
        check(&[], Tail::Clean);
        check(&[&bytes[..], &[0; 100_000]].concat(), Tail::Clean);
        check(&bytes[..ends[1]], Tail::Clean);
        for cut in (ends[1] + 1..ends[2]).step_by(13) {
            check(&bytes[..cut], Tail::Torn { at: ends[1] as u64 });
            check(&[&bytes[..cut], &[0; 5000]].concat(), Tail::Torn { at: ends[1] as u64 });
        }
        for flip in (0..bytes.len()).step_by(7) {
            let mut broken = bytes.clone();
            broken[flip] ^= 0x40;
            let number = ends.iter().position(|end| flip < *end).unwrap();
            let damaged_at = if number == 0 { 0 } else { ends[number - 1] as u64 };
            let expected = match number {
                2 => Tail::Torn { at: damaged_at },
                _ => Tail::Damaged { damaged_at, intact_at: ends[number] as u64 },
            };
            // The sequence number of a batch is outside its checksum.
            let start = damaged_at as usize;
            if !(start + 5..start + 13).contains(&flip) {
                check(&broken, expected);
            }
        }
        check(&[&bytes[..], b"garbage"].concat(), Tail::Torn { at: bytes.len() as u64 });
    }

    #[test]
    fn a_hole_in_the_last_batch_is_cut_off() {
        let dir = tempfile::tempdir().unwrap();
        let (path, _, ends) = three_batches(dir.path());
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        file.write_all_at(&[0; 64], ends[1] as u64 + 400).unwrap();
        drop(file);
        assert!(Database::builder(dir.path()).open().is_err(), "the engine mends this itself by now");
        repair(dir.path()).unwrap();
        let db = Database::builder(dir.path()).open().unwrap();
        let keyspace = db.keyspace("k", KeyspaceCreateOptions::default).unwrap();
        assert_eq!(keyspace.len().unwrap(), 8);
    }
}
