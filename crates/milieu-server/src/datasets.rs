//! Uploaded data sets on disk.
//!
//! ```text
//! DIR/datasets/NAME/data.zip         the upload as it came; never unpacked here
//! DIR/datasets/NAME/dataset.json     its length, hash and time
//! ```
//!
//! A data set is put together in a folder whose name begins with a dot and renamed when all of it is on disk.
//! Its content never changes, so a job that goes on after a restart reads what it read before.

use crate::disk;
use crate::state::now;
use axum::body::Bytes;
use milieu_api::{ApiError, Dataset, DatasetFormat};
use milieu_types::ErrorCode;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// The version of `dataset.json`.
const VERSION: u32 = 1;
const FILE: &str = "dataset.json";
/// How many bytes tell the format.
const HEAD: usize = 512;

/// A part of an upload.
pub(crate) enum Piece {
    /// Some bytes of it.
    Bytes(Bytes),
    /// All has come. An upload that ends without it was cut off.
    End,
}

/// See the module.
pub(crate) struct Datasets {
    root: PathBuf,
    uploads: AtomicU64,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    #[serde(flatten)]
    dataset: Dataset,
}

/// The name of the file with the content of a data set.
pub(crate) fn data_file(format: DatasetFormat) -> String {
    format!("data.{}", format.name())
}

impl Datasets {
    pub(crate) fn open(root: PathBuf) -> io::Result<Self> {
        disk::sweep(&root)?;
        Ok(Self { root, uploads: AtomicU64::new(0) })
    }

    /// The data sets that can be read, by name.
    pub(crate) fn list(&self) -> Result<Vec<Dataset>, ApiError> {
        let names = disk::names(&self.root).map_err(|error| failed(&error))?;
        Ok(names.iter().filter_map(|name| self.get(name).ok()).collect())
    }

    /// One data set. The name must have been checked.
    pub(crate) fn get(&self, name: &str) -> Result<Dataset, ApiError> {
        let missing =
            || ApiError::at(ErrorCode::DatasetNotFound, "dataset", format!("there is no data set {name}"));
        let path = self.root.join(name).join(FILE);
        let bytes = fs::read(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => missing(),
            _ => failed(&error),
        })?;
        match serde_json::from_slice(&bytes) {
            Ok(Stored { version: VERSION, dataset }) if dataset.name == name => Ok(dataset),
            Ok(_) | Err(_) => {
                tracing::warn!(path = %path.display(), "a data set is damaged or of a later version");
                Err(missing())
            }
        }
    }

    /// Takes a data set out of sight and removes it. Nothing may use it.
    pub(crate) fn remove(&self, name: &str) -> Result<Dataset, ApiError> {
        let dataset = self.get(name)?;
        let scratch = self.scratch();
        disk::remove(&self.root.join(name), &scratch).map_err(|error| failed(&error))?;
        Ok(dataset)
    }

    /// Stores an upload. The same content again is no change; another content is refused.
    pub(crate) fn store(
        &self,
        name: &str,
        declared: Option<DatasetFormat>,
        pieces: impl FnMut() -> Option<Piece>,
    ) -> Result<Dataset, ApiError> {
        let scratch = Scratch(self.scratch());
        fs::create_dir(&scratch.0).map_err(|error| failed(&error))?;
        let Written { head, bytes, sha256 } = write(&scratch.0.join("data"), pieces)?;
        let format = format_of(&head, declared)?;
        let dataset = Dataset { name: name.to_owned(), format, bytes, sha256, created_at: now().to_string() };
        if let Ok(found) = self.get(name) {
            return same(found, &dataset);
        }
        let publish = || {
            fs::rename(scratch.0.join("data"), scratch.0.join(data_file(format)))?;
            let stored = Stored { version: VERSION, dataset: dataset.clone() };
            disk::replace(&scratch.0.join(FILE), &serde_json::to_vec_pretty(&stored)?)?;
            // A folder of that name that is not empty makes this fail.
            disk::rename(&scratch.0, &self.root.join(name))
        };
        match publish() {
            Ok(()) => Ok(dataset),
            // Another upload was faster.
            Err(error) => self.get(name).map_or_else(|_| Err(failed(&error)), |found| same(found, &dataset)),
        }
    }

    fn scratch(&self) -> PathBuf {
        self.root.join(format!(".{}", self.uploads.fetch_add(1, Ordering::Relaxed)))
    }
}

/// A folder that vanishes where it was not renamed.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now is swept at the next start.
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Written {
    head: Vec<u8>,
    bytes: u64,
    sha256: String,
}

fn write(path: &Path, mut pieces: impl FnMut() -> Option<Piece>) -> Result<Written, ApiError> {
    let mut file = File::create_new(path).map_err(|error| failed(&error))?;
    let (mut head, mut bytes, mut hash) = (Vec::new(), 0, Sha256::new());
    loop {
        match pieces() {
            None => return Err(cut_off("the upload was cut off")),
            Some(Piece::End) => break,
            Some(Piece::Bytes(piece)) => {
                head.extend_from_slice(&piece[..piece.len().min(HEAD - head.len())]);
                bytes += piece.len() as u64;
                hash.update(&piece);
                file.write_all(&piece).map_err(|error| failed(&error))?;
            }
        }
    }
    file.sync_all().map_err(|error| failed(&error))?;
    let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Written { head, bytes, sha256 })
}

/// The refusal of an upload that is not whole.
pub(crate) fn cut_off(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorCode::InvalidDataset, message)
}

fn same(found: Dataset, new: &Dataset) -> Result<Dataset, ApiError> {
    if (found.bytes, &found.sha256) == (new.bytes, &new.sha256) {
        return Ok(found);
    }
    let message = format!("a data set {} exists with another content", found.name);
    Err(ApiError::at(ErrorCode::DatasetConflict, "name", message))
}

fn failed(error: &io::Error) -> ApiError {
    tracing::error!(%error, "a data set cannot be stored or read");
    ApiError::new(ErrorCode::StorageFailed, "the disk is full or broken; nothing was stored")
}

/// The format of a content type; `Some(None)` for one that says nothing, `None` for one that is not taken.
pub(crate) fn declared(content_type: &str) -> Option<Option<DatasetFormat>> {
    use DatasetFormat as F;
    let essence = content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    Some(match essence.as_str() {
        "" | "application/octet-stream" => None,
        "application/zip" | "application/x-zip-compressed" => Some(F::Zip),
        "application/x-tar" | "application/tar" => Some(F::Tar),
        "application/gzip" | "application/x-gzip" | "application/x-gtar" => Some(F::TarGz),
        "application/x-xz" => Some(F::TarXz),
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" | "application/x-jsonlines" => {
            Some(F::Ndjson)
        }
        _ => return None,
    })
}

/// The format by the first bytes, which must be the declared one if there is one.
fn format_of(head: &[u8], declared: Option<DatasetFormat>) -> Result<DatasetFormat, ApiError> {
    use DatasetFormat as F;
    let found = match head {
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(F::Zip),
        [0x1f, 0x8b, ..] => Some(F::TarGz),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(F::TarXz),
        _ if head.get(257..262) == Some(b"ustar") => Some(F::Tar),
        _ if head.trim_ascii_start().starts_with(b"{") => Some(F::Ndjson),
        _ => None,
    };
    match (found, declared) {
        (Some(found), None) => Ok(found),
        (Some(found), Some(declared)) if found == declared => Ok(found),
        (_, Some(declared)) => {
            Err(cut_off(format!("the content type says {}, but that is not what was sent", declared.name())))
        }
        (None, None) => {
            Err(cut_off("is neither a zip, tar, tar.gz or tar.xz archive nor a JSON object a line"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(datasets: &Datasets, name: &str, content: &[u8], end: bool) -> Result<Dataset, ErrorCode> {
        let mut pieces: Vec<Piece> = end.then_some(Piece::End).into_iter().collect();
        pieces.extend(content.chunks(7).rev().map(|piece| Piece::Bytes(Bytes::copy_from_slice(piece))));
        datasets.store(name, None, || pieces.pop()).map_err(|error| error.code)
    }

    #[test]
    fn a_data_set_is_there_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("datasets");
        let datasets = Datasets::open(root.clone()).unwrap();
        assert_eq!(store(&datasets, "a", b"{\"text\":\"cut", false), Err(ErrorCode::InvalidDataset));
        assert_eq!(store(&datasets, "a", b"nonsense", true), Err(ErrorCode::InvalidDataset));
        assert_eq!(store(&datasets, "a", b"", true), Err(ErrorCode::InvalidDataset));
        assert_eq!(fs::read_dir(&root).unwrap().count(), 0, "nothing is left of them");
        let stored = store(&datasets, "a", b"{\"text\":\"one\"}\n", true).unwrap();
        assert_eq!((stored.bytes, stored.format), (15, DatasetFormat::Ndjson));
        assert_eq!(
            store(&datasets, "a", b"{\"text\":\"one\"}\n", true).as_ref(),
            Ok(&stored),
            "the same again"
        );
        assert_eq!(store(&datasets, "a", b"{\"text\":\"two\"}\n", true), Err(ErrorCode::DatasetConflict));
        assert_eq!(fs::read(root.join("a/data.ndjson")).unwrap(), b"{\"text\":\"one\"}\n");
        // What a killed server left is swept, and a folder that is no data set is none.
        fs::create_dir(root.join(".7")).unwrap();
        fs::create_dir(root.join("empty")).unwrap();
        let datasets = Datasets::open(root.clone()).unwrap();
        assert_eq!(datasets.list().unwrap(), std::slice::from_ref(&stored));
        assert!(!root.join(".7").exists());
        assert_eq!(datasets.remove("a").unwrap(), stored);
        assert_eq!(datasets.get("a").map_err(|error| error.code), Err(ErrorCode::DatasetNotFound));
    }

    #[test]
    fn formats() {
        use DatasetFormat as F;
        fn check(head: &[u8], content_type: &str, expected: Option<F>) {
            let found = declared(content_type).and_then(|declared| format_of(head, declared).ok());
            assert_eq!(found, expected, "{head:?} as {content_type}");
        }
        let mut tar = vec![b'x'; HEAD];
        tar[257..262].copy_from_slice(b"ustar");
        let all: [(&[u8], &str, F); 5] = [
            (b"PK\x03\x04rest", "application/zip", F::Zip),
            (&tar, "application/x-tar", F::Tar),
            (b"\x1f\x8b\x08", "application/gzip; a=b", F::TarGz),
            (b"\xfd7zXZ\0", "Application/X-XZ", F::TarXz),
            (b" \n{\"a\":1}", "application/x-ndjson", F::Ndjson),
        ];
        for (head, own, format) in all {
            check(head, own, Some(format));
            check(head, "application/octet-stream", Some(format));
            for (_, other, _) in all.iter().filter(|(_, other, _)| *other != own) {
                check(head, other, None);
            }
        }
        check(b"plain", "application/octet-stream", None);
        check(b"", "application/octet-stream", None);
        check(b"PK\x03\x04", "text/plain", None);
    }

    #[test]
    fn the_frozen_file_is_read() {
        let frozen = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/jobs/dataset-v1.json");
        let stored: Stored = serde_json::from_slice(&fs::read(frozen).unwrap()).unwrap();
        assert_eq!(
            (stored.version, stored.dataset.name.as_str(), stored.dataset.format),
            (1, "pets", DatasetFormat::Zip)
        );
    }
}
