//! Durable file operations: what is written here survives a power cut, whole or not at all.

use crate::RegistryError;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;

/// Creates `path` and writes it through to the disk.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), RegistryError> {
    let write = || {
        let mut file = File::create_new(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(RegistryError::io(path))
}

/// Replaces `path` by a file with these contents, by way of `scratch` in the same directory.
pub(crate) fn replace(path: &Path, scratch: &Path, bytes: &[u8]) -> Result<(), RegistryError> {
    match fs::remove_file(scratch) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(RegistryError::io(scratch)(error));
        }
        _ => write_new(scratch, bytes)?,
    }
    rename(scratch, path)
}

/// Renames within one directory and writes that directory through to the disk.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), RegistryError> {
    fs::rename(from, to).map_err(RegistryError::io(to))?;
    to.parent().map_or(Ok(()), sync_directory)
}

/// Writes the entries of a directory through to the disk.
pub(crate) fn sync_directory(path: &Path) -> Result<(), RegistryError> {
    // Windows has no handles on directories that could be synced; a rename is durable there.
    if cfg!(windows) {
        return Ok(());
    }
    File::open(path).and_then(|directory| directory.sync_all()).map_err(RegistryError::io(path))
}

/// Reads a file of at most `limit` bytes; `None` where there is none.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, RegistryError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(RegistryError::io(path)(error)),
    };
    let size = file.metadata().map_err(RegistryError::io(path))?.len();
    let too_large = |size| RegistryError::TooLarge { path: path.to_path_buf(), size, limit };
    if size > limit {
        return Err(too_large(size));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    // The file may have grown since it was measured.
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(RegistryError::io(path))?;
    match bytes.len() as u64 {
        size if size > limit => Err(too_large(size)),
        _ => Ok(Some(bytes)),
    }
}
