//! A training run on disk after each epoch, so that a killed one goes on as if nothing had been.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::xxh3_64;

/// The first bytes of a checkpoint.
const MAGIC: &[u8; 8] = b"MILIEUC1";
const FILE: &str = "checkpoint";

/// Why a checkpoint cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The disk.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is damaged, or of another version.
    #[error("{} is damaged or of another version; remove it to begin anew", .0.display())]
    Damaged(PathBuf),
    /// It is of another recipe.
    #[error("{} is of a run with another recipe or other data; remove it to begin anew", .0.display())]
    OtherRun(PathBuf),
}

/// Writes a checkpoint in the place of the last one; a crash leaves one of the two.
pub(crate) fn save<T: Serialize>(folder: &Path, run: u64, state: &T) -> Result<(), CheckpointError> {
    save_file(folder, FILE, run, state)
}

/// The same under another name.
pub(crate) fn save_file<T: Serialize>(
    folder: &Path,
    name: &str,
    run: u64,
    state: &T,
) -> Result<(), CheckpointError> {
    let path = folder.join(name);
    let fault = |source| CheckpointError::Io { path: path.clone(), source };
    let body = postcard::to_stdvec(state).map_err(|error| fault(io::Error::other(error)))?;
    let scratch = folder.join(format!("{name}.new"));
    let mut file = fs::File::create(&scratch).map_err(fault)?;
    for bytes in [&MAGIC[..], &run.to_le_bytes(), &xxh3_64(&body).to_le_bytes(), &body] {
        file.write_all(bytes).map_err(fault)?;
    }
    file.sync_all().map_err(fault)?;
    fs::rename(&scratch, &path).map_err(fault)
}

/// Reads the checkpoint of a run, if there is one.
pub(crate) fn load<T: DeserializeOwned>(folder: &Path, run: u64) -> Result<Option<T>, CheckpointError> {
    load_file(folder, FILE, run)
}

/// The same under another name.
pub(crate) fn load_file<T: DeserializeOwned>(
    folder: &Path,
    name: &str,
    run: u64,
) -> Result<Option<T>, CheckpointError> {
    let path = folder.join(name);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(CheckpointError::Io { path, source }),
    };
    let parts = bytes.strip_prefix(MAGIC).and_then(|rest| {
        let (of, rest) = rest.split_first_chunk()?;
        let (sum, body) = rest.split_first_chunk()?;
        (u64::from_le_bytes(*sum) == xxh3_64(body)).then_some((u64::from_le_bytes(*of), body))
    });
    let Some((of, body)) = parts else { return Err(CheckpointError::Damaged(path)) };
    if of != run {
        return Err(CheckpointError::OtherRun(path));
    }
    postcard::from_bytes(body).map(Some).map_err(|_| CheckpointError::Damaged(path))
}
