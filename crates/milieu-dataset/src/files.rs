//! Files of a folder and of the archives in it, one after the other or from their places.

use flate2::read::{DeflateDecoder, MultiGzDecoder};
use lzma_rust2::XzReader;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes of the largest file that is read whole; a larger one is handed out empty, and told from an empty one
/// by its size.
pub(crate) const MOST_BYTES: u64 = 64 << 20;

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

/// Where the bytes of a file are, so that they can be read again, and by any thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file of its own.
    File(Arc<Path>),
    /// A stretch of an archive that is not compressed as a whole.
    Range {
        /// The archive.
        archive: Arc<Path>,
        /// Its first byte.
        offset: u64,
        /// How many bytes are stored.
        stored: u64,
        /// Whether they are deflated.
        deflated: bool,
    },
    /// In memory: archives that are compressed as a whole can only be read from their beginning.
    Memory(Arc<[u8]>),
}

impl Place {
    /// The bytes, whatever their number up to the limit of 64 MiB.
    ///
    /// # Errors
    /// What the disk says, [`io::ErrorKind::FileTooLarge`] beyond the limit.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        match self {
            Self::File(path) => read_limited(File::open(path)?),
            Self::Range { archive, offset, stored, deflated } => {
                let mut file = File::open(archive)?;
                file.seek(SeekFrom::Start(*offset))?;
                let stretch = file.take(*stored);
                if *deflated { read_limited(DeflateDecoder::new(stretch)) } else { read_limited(stretch) }
            }
            Self::Memory(bytes) => Ok(bytes.to_vec()),
        }
    }
}

/// A file on the way: what is not read of its content is passed over.
pub(crate) struct OpenFile<'a> {
    pub(crate) name: String,
    pub(crate) size: u64,
    /// Where it can be read again; nothing where only this once.
    pub(crate) place: Option<Place>,
    pub(crate) content: &'a mut dyn Read,
}

type Each<'a> = &'a mut dyn FnMut(OpenFile<'_>) -> io::Result<()>;

/// Hands every file below `path` to `each`, folders in order of their names, archives (`.tar`, `.tar.gz`,
/// `.tgz`, `.tar.xz`, `.zip`) in their own order. Hidden files are passed over.
///
/// # Errors
/// [`SourceError`] for what cannot be read.
pub fn read_files(path: &Path, each: &mut dyn FnMut(SourceFile)) -> Result<(), SourceError> {
    open_files(path, &mut |file| {
        each(take(file)?);
        Ok(())
    })
}

/// [`read_files`] without reading: `each` gets open files.
pub(crate) fn open_files(path: &Path, each: Each<'_>) -> Result<(), SourceError> {
    walk(path, "", each)
}

/// Reads a file whole, but not beyond the limit, whatever size it states.
pub(crate) fn take(file: OpenFile<'_>) -> io::Result<SourceFile> {
    let OpenFile { name, size, content, .. } = file;
    let mut bytes = Vec::new();
    if size <= MOST_BYTES {
        content.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    }
    let size = size.max(bytes.len() as u64);
    if size > MOST_BYTES {
        bytes = Vec::new();
    }
    Ok(SourceFile { name, size, bytes })
}

fn read_limited(content: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    content.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

fn walk(path: &Path, name: &str, each: Each<'_>) -> Result<(), SourceError> {
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
    let mut file = File::open(path).map_err(fault)?;
    let lower = path.to_string_lossy().to_lowercase();
    let ends = |ends: &[&str]| ends.iter().any(|end| lower.ends_with(end));
    let base = name.rsplit_once('/').map_or("", |(folder, _)| folder);
    let whole = Arc::from(path);
    let result = if ends(&[".tar"]) {
        tar(BufReader::new(file), base, Some(&whole), each)
    } else if ends(&[".tar.gz", ".tgz"]) {
        tar(MultiGzDecoder::new(BufReader::new(file)), base, None, each)
    } else if ends(&[".tar.xz", ".txz"]) {
        tar(XzReader::new(BufReader::new(file), true), base, None, each)
    } else if ends(&[".zip"]) {
        zip(file, base, &whole, each)
    } else {
        let size = file.metadata().map_err(fault)?.len();
        let name = if name.is_empty() {
            path.file_name().unwrap_or_default().to_string_lossy()
        } else {
            name.into()
        };
        let place = Some(Place::File(whole));
        each(OpenFile { name: name.into_owned(), size, place, content: &mut file })
    };
    result.map_err(fault)
}

/// `plain` is the path of an archive in which files can be found again.
fn tar(archive: impl Read, base: &str, plain: Option<&Arc<Path>>, each: Each<'_>) -> io::Result<()> {
    let mut archive = tar::Archive::new(archive);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if entry.header().entry_type().is_file() && !is_hidden(&name) {
            let size = entry.size();
            let place = plain.map(|archive| Place::Range {
                archive: archive.clone(),
                offset: entry.raw_file_position(),
                stored: size,
                deflated: false,
            });
            each(OpenFile { name: join(base, &name), size, place, content: &mut entry })?;
        }
    }
    Ok(())
}

fn zip(archive: File, base: &str, path: &Arc<Path>, each: Each<'_>) -> io::Result<()> {
    let mut archive = zip::ZipArchive::new(BufReader::new(archive)).map_err(io::Error::other)?;
    for number in 0..archive.len() {
        let mut entry = archive.by_index(number).map_err(io::Error::other)?;
        let name = entry.name().to_owned();
        if entry.is_file() && !is_hidden(&name) {
            let size = entry.size();
            let place = entry.data_start().map(|offset| Place::Range {
                archive: path.clone(),
                offset,
                stored: entry.compressed_size(),
                deflated: entry.compression() == zip::CompressionMethod::Deflated,
            });
            each(OpenFile { name: join(base, &name), size, place, content: &mut entry })?;
        }
    }
    Ok(())
}

fn join(folder: &str, name: &str) -> String {
    let name = name.trim_start_matches("./");
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

fn is_hidden(name: &str) -> bool {
    name.split('/').any(|part| (part.starts_with('.') && part != ".") || part == "__MACOSX")
}
