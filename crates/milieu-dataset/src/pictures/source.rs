//! Files of a folder and of the archives in it, one after the other.

use flate2::read::MultiGzDecoder;
use lzma_rust2::XzReader;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

/// Bytes of the largest file that is read; a larger one is handed out empty, and told from an empty one by
/// its size.
const MOST_BYTES: u64 = 64 << 20;

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Its path within the source, with `/` between its parts.
    pub name: String,
    /// How large it says it is.
    pub size: u64,
    /// What is in it; nothing where it is larger than is read.
    pub bytes: Vec<u8>,
}

/// Why a source cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A file or archive cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Hands every file below `path` to `each`, folders in order of their names, archives (`.tar`, `.tar.gz`,
/// `.tgz`, `.tar.xz`, `.zip`) in their own order. Hidden files are passed over.
///
/// # Errors
/// [`SourceError`] for what cannot be read.
pub fn read_files(path: &Path, each: &mut dyn FnMut(SourceFile)) -> Result<(), SourceError> {
    walk(path, "", each)
}

fn walk(path: &Path, name: &str, each: &mut dyn FnMut(SourceFile)) -> Result<(), SourceError> {
    let fault = |source| SourceError::Io { path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(fault)?.is_dir() {
        let mut entries: Vec<PathBuf> = std::fs::read_dir(path)
            .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
            .map_err(fault)?;
        entries.sort();
        for entry in entries {
            let own = entry.file_name().unwrap_or_default().to_string_lossy();
            if !own.starts_with('.') {
                walk(&entry, &join(name, &own), each)?;
            }
        }
        return Ok(());
    }
    let file = File::open(path).map_err(fault)?;
    let lower = path.to_string_lossy().to_lowercase();
    let ends = |ends: &[&str]| ends.iter().any(|end| lower.ends_with(end));
    let base = name.rsplit_once('/').map_or("", |(folder, _)| folder);
    let result = if ends(&[".tar"]) {
        tar(BufReader::new(file), base, each)
    } else if ends(&[".tar.gz", ".tgz"]) {
        tar(MultiGzDecoder::new(BufReader::new(file)), base, each)
    } else if ends(&[".tar.xz", ".txz"]) {
        tar(XzReader::new(BufReader::new(file), true), base, each)
    } else if ends(&[".zip"]) {
        zip(file, base, each)
    } else {
        let size = file.metadata().map_err(fault)?.len();
        let name = if name.is_empty() {
            path.file_name().unwrap_or_default().to_string_lossy()
        } else {
            name.into()
        };
        take(file, name.into_owned(), size, each)
    };
    result.map_err(fault)
}

fn tar(archive: impl Read, base: &str, each: &mut dyn FnMut(SourceFile)) -> io::Result<()> {
    let mut archive = tar::Archive::new(archive);
    for entry in archive.entries()? {
        let entry = entry?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if entry.header().entry_type().is_file() && !is_hidden(&name) {
            let size = entry.size();
            take(entry, join(base, &name), size, each)?;
        }
    }
    Ok(())
}

fn zip(archive: File, base: &str, each: &mut dyn FnMut(SourceFile)) -> io::Result<()> {
    let mut archive = zip::ZipArchive::new(BufReader::new(archive)).map_err(io::Error::other)?;
    for number in 0..archive.len() {
        let entry = archive.by_index(number).map_err(io::Error::other)?;
        let name = entry.name().to_owned();
        if entry.is_file() && !is_hidden(&name) {
            let size = entry.size();
            take(entry, join(base, &name), size, each)?;
        }
    }
    Ok(())
}

/// Reads a file, but not beyond the limit, whatever size it states.
fn take(file: impl Read, name: String, size: u64, each: &mut dyn FnMut(SourceFile)) -> io::Result<()> {
    let mut bytes = Vec::new();
    if size <= MOST_BYTES {
        file.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    }
    let size = size.max(bytes.len() as u64);
    if size > MOST_BYTES {
        bytes = Vec::new();
    }
    each(SourceFile { name, size, bytes });
    Ok(())
}

fn join(folder: &str, name: &str) -> String {
    let name = name.trim_start_matches("./");
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

fn is_hidden(name: &str) -> bool {
    name.split('/').any(|part| (part.starts_with('.') && part != ".") || part == "__MACOSX")
}
