//! Which files belong to an import, and reading them with a meter.

use super::{Format, ImportError};
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A file to read.
pub(super) struct Source {
    pub(super) path: PathBuf,
    /// The row of [`names`] it was found under.
    pub(super) role: usize,
    pub(super) bytes: u64,
}

/// The file names of a format, lower case and without `.gz`, in the order they are read. A name that
/// begins with `*` is an ending. The readers' role constants are places in this table.
fn names(format: Format) -> &'static [&'static [&'static str]] {
    match format {
        Format::Jsonl => &[&["*.jsonl", "*.ndjson"]],
        Format::ActivityStreams => &[&["*.jsonl", "*.ndjson", "*.json", "*.jsonld"]],
        Format::Gorse => &[&["users.jsonl"], &["items.jsonl"], &["feedback.jsonl"]],
        Format::MovieLens => &[
            &["tags.csv", "tags.dat"],
            &["movies.csv", "movies.dat", "u.item"],
            &["ratings.csv", "ratings.dat", "u.data"],
        ],
        Format::LastfmHetrec => &[
            &["tags.dat"],
            &["user_taggedartists.dat"],
            &["artists.dat"],
            &["user_artists.dat"],
            &["user_friends.dat"],
        ],
        Format::Edges => &[&["*.txt", "*.csv", "*.tsv", "*.edges", "*.edgelist", "*.el"]],
        Format::StackExchange => &[&["users.xml"], &["posts.xml"], &["comments.xml"], &["votes.xml"]],
    }
}

/// The file's role, by its name.
fn role(format: Format, path: &Path) -> Option<usize> {
    let name = path.file_name()?.to_str()?.to_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    names(format).iter().position(|row| {
        row.iter().any(|wanted| match wanted.strip_prefix('*') {
            Some(ending) => name.ends_with(ending),
            None => name == *wanted,
        })
    })
}

/// The files of an import in reading order. A file named outright is taken whatever its name where
/// the format has only one kind of file.
pub(super) fn plan(format: Format, paths: &[PathBuf]) -> Result<Vec<Source>, ImportError> {
    let mut sources = Vec::new();
    for path in paths {
        let io = |source| ImportError::Io { path: path.clone(), source };
        let nothing = || ImportError::NoFiles {
            path: path.clone(),
            format: format.name(),
            expected: names(format).concat().join(", "),
        };
        if path.is_dir() {
            let before = sources.len();
            for entry in std::fs::read_dir(path).map_err(io)? {
                let file = entry.map_err(io)?.path();
                if let Some(role) = role(format, &file).filter(|_| file.is_file()) {
                    sources.push(source(file, role)?);
                }
            }
            if sources.len() == before {
                return Err(nothing());
            }
        } else {
            let only = (names(format).len() == 1).then_some(0);
            let role = role(format, path).or(only);
            let bytes = source(path.clone(), role.unwrap_or(0))?;
            role.ok_or_else(nothing)?;
            sources.push(bytes);
        }
    }
    sources.sort_by(|a, b| (a.role, &a.path).cmp(&(b.role, &b.path)));
    sources.dedup_by(|a, b| a.path == b.path);
    Ok(sources)
}

fn source(path: PathBuf, role: usize) -> Result<Source, ImportError> {
    let io = |source| ImportError::Io { path: path.clone(), source };
    let mut file = File::open(&path).map_err(io)?;
    let bytes = file.metadata().map_err(io)?.len();
    let mut head = Vec::new();
    file.by_ref().take(6).read_to_end(&mut head).map_err(io)?;
    const ARCHIVES: [(&[u8], &str); 4] =
        [(b"PK\x03\x04", "zip"), (b"7z\xbc\xaf", "7z"), (b"\xfd7zXZ", "xz"), (b"BZh", "bzip2")];
    match ARCHIVES.into_iter().find(|(magic, _)| head.starts_with(magic)) {
        Some((_, kind)) => Err(ImportError::Archive { path, kind }),
        None => Ok(Source { path, role, bytes }),
    }
}

/// Counts the bytes that came from disk.
#[derive(Default, Clone)]
pub(crate) struct Meter(Arc<AtomicU64>);

impl Meter {
    pub(super) fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

struct Metered<R> {
    inner: R,
    meter: Meter,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.meter.0.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// The content of a file, unpacked where it is gzip (known by its first two bytes).
pub(crate) fn read(path: &Path, meter: &Meter) -> io::Result<Box<dyn Read>> {
    let mut file = Metered { inner: File::open(path)?, meter: meter.clone() };
    let mut head = Vec::with_capacity(2);
    file.by_ref().take(2).read_to_end(&mut head)?;
    let gzip = head == [0x1f, 0x8b];
    let whole = BufReader::with_capacity(1 << 16, io::Cursor::new(head).chain(file));
    Ok(if gzip { Box::new(MultiGzDecoder::new(whole)) } else { Box::new(whole) })
}

/// One file name for each role of a format.
#[cfg(test)]
pub(super) fn first_names(format: Format) -> Vec<&'static str> {
    names(format).iter().map(|row| row[0].trim_start_matches('*')).collect()
}
