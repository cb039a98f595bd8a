//! Turning files of other systems into log records.
//!
//! [`open`] takes a [`Format`], files or directories, and gives an iterator of records. A bad line is
//! an element of its own, with file, line and reason, and does not stop the import. Every record has
//! passed [`milieu_types::validate`]. Event ids are made from what the line says, so that importing
//! the same files twice is harmless.
//!
//! Memory is bounded: one line, a window of events that are being put into time order, and for some
//! formats a few bytes for each user or post. What each format turns into what is written at the head
//! of its module and in `docs/guides/import.md`.

mod activity;
mod activitystreams;
mod edges;
mod elements;
pub(crate) mod files;
mod fold;
mod gorse;
mod jsonl;
mod lastfm;
pub(crate) mod lines;
mod movielens;
mod object;
mod out;
mod stackexchange;
pub mod text;
pub(crate) mod time;

use milieu_types::{Record, Timestamp};
use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use files::{Meter, Source};
use lines::Chunks;
use out::Out;

/// The formats that can be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Milieu's own JSON lines.
    Jsonl,
    /// ActivityStreams 2.0 activities, as JSON lines or as a collection.
    ActivityStreams,
    /// The JSON lines that Gorse exports.
    Gorse,
    /// MovieLens in any of its shapes (`.csv`, `::`, `u.data`).
    MovieLens,
    /// Last.fm of HetRec 2011.
    LastfmHetrec,
    /// A list of edges between users.
    Edges,
    /// A Stack Exchange data dump.
    StackExchange,
}

impl Format {
    /// Every format.
    pub const ALL: [Format; 7] = [
        Self::Jsonl,
        Self::ActivityStreams,
        Self::Gorse,
        Self::MovieLens,
        Self::LastfmHetrec,
        Self::Edges,
        Self::StackExchange,
    ];

    /// The name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::ActivityStreams => "activitystreams",
            Self::Gorse => "gorse",
            Self::MovieLens => "movielens",
            Self::LastfmHetrec => "lastfm-hetrec",
            Self::Edges => "edges",
            Self::StackExchange => "stackexchange",
        }
    }

    /// The format of that name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    fn reader(self) -> Box<dyn Reader> {
        match self {
            Self::Jsonl => Box::new(jsonl::Jsonl),
            Self::ActivityStreams => Box::new(activitystreams::ActivityStreams),
            Self::Gorse => Box::new(gorse::Gorse),
            Self::MovieLens => Box::new(movielens::MovieLens::default()),
            Self::LastfmHetrec => Box::new(lastfm::Lastfm::default()),
            Self::Edges => Box::new(edges::Edges::default()),
            Self::StackExchange => Box::new(stackexchange::StackExchange::default()),
        }
    }
}

/// The time given to what has none in the data: 2011-01-01T00:00:00Z, the year most of the public
/// sets without times come from. Fixed, so that a second import makes the very same records.
pub const BASE_TIME: Timestamp = Timestamp::from_secs(1_293_840_000);

/// How to import.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The time of what has none in the data.
    pub at: Timestamp,
    /// The latest time accepted; the caller's clock and what skew it allows.
    pub latest: Timestamp,
}

impl Options {
    /// [`BASE_TIME`] for what has no time.
    #[must_use]
    pub fn new(latest: Timestamp) -> Self {
        Self { at: BASE_TIME, latest }
    }
}

/// A line that says nothing that can be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}: {reason}", file.display())]
pub struct BadLine {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1. In a file that is one JSON array: where the element begins.
    pub line: u64,
    /// What is wrong with it.
    pub reason: String,
}

/// Why an import cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A path cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// There is nothing of that format there.
    #[error("{}: no file of the format {format}; looked for {expected}", path.display())]
    NoFiles {
        /// Where.
        path: PathBuf,
        /// The format's name.
        format: &'static str,
        /// The names looked for.
        expected: String,
    },
    /// An archive, which must be unpacked first.
    #[error("{}: is a {kind} archive; unpack it first (plain files and gzip are read as they are)", path.display())]
    Archive {
        /// Which.
        path: PathBuf,
        /// What kind of archive.
        kind: &'static str,
    },
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read from disk.
    pub read: u64,
    /// Bytes there are on disk.
    pub total: u64,
}

/// What a format does with the lines of its files.
trait Reader {
    /// Takes one line of a file. `role` is the file's place in the format's table of names.
    /// `Err` is the reason why the line is bad.
    fn line(&mut self, role: usize, line: &str, out: &mut Out) -> Result<(), String>;

    /// A file begins.
    fn begin(&mut self, _role: usize) {}

    /// All files are through.
    fn finish(&mut self, _out: &mut Out) {}
}

/// Opens an import.
///
/// Each path is a file (plain or gzip, known by its content) or a directory, in which the format's
/// file names are looked for without regard to case.
///
/// # Errors
/// [`ImportError`] when a path cannot be read, holds no file of the format, or is an archive.
pub fn open(format: Format, paths: &[PathBuf], options: Options) -> Result<Import, ImportError> {
    let sources = files::plan(format, paths)?;
    let total = sources.iter().map(|source| source.bytes).sum();
    Ok(Import {
        format,
        reader: format.reader(),
        meter: Meter::default(),
        total,
        sources: sources.into(),
        current: None,
        out: Out::new(options, out::WINDOW),
        drained: false,
    })
}

/// A running import: an iterator of records and bad lines.
///
/// Order: that of the file for `jsonl` and `activitystreams`. Elsewhere users come before their first
/// event and items as their file is read, then the events by time, sorted within a window of about a
/// million.
pub struct Import {
    format: Format,
    reader: Box<dyn Reader>,
    meter: Meter,
    total: u64,
    sources: VecDeque<Source>,
    current: Option<Current>,
    out: Out,
    drained: bool,
}

struct Current {
    path: Arc<Path>,
    role: usize,
    chunks: Chunks,
}

impl Import {
    /// Bytes read and bytes in all.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress { read: self.meter.read().min(self.total), total: self.total }
    }

    /// What was left out or folded into something else by rule (not bad), with how often.
    #[must_use]
    pub fn skipped(&self) -> &BTreeMap<&'static str, u64> {
        &self.out.skipped
    }

    /// Reads one line further. `false` at the end of the last file.
    fn step(&mut self) -> bool {
        let Some(current) = &mut self.current else {
            return self.next_file();
        };
        match current.chunks.next_chunk() {
            None => self.current = None,
            Some((line, Err(reason))) => {
                let bad = BadLine { file: current.path.to_path_buf(), line, reason };
                self.out.queue.push_back(Err(bad));
            }
            Some((line, Ok(text))) => {
                if let Err(reason) = self.reader.line(current.role, text, &mut self.out) {
                    let bad = BadLine { file: current.path.to_path_buf(), line, reason };
                    self.out.queue.push_back(Err(bad));
                }
            }
        }
        true
    }

    fn next_file(&mut self) -> bool {
        let Some(source) = self.sources.pop_front() else {
            self.reader.finish(&mut self.out);
            return false;
        };
        let path: Arc<Path> = source.path.into();
        match files::read(&path, &self.meter) {
            Ok(input) => {
                let chunks = Chunks::new(input, self.format);
                self.reader.begin(source.role);
                self.current = Some(Current { path, role: source.role, chunks });
            }
            Err(error) => {
                let bad = BadLine { file: path.to_path_buf(), line: 0, reason: error.to_string() };
                self.out.queue.push_back(Err(bad));
            }
        }
        true
    }
}

impl Iterator for Import {
    type Item = Result<Record, BadLine>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(entry) = self.out.queue.pop_front() {
                return Some(entry);
            }
            if self.drained {
                return self.out.take_earliest().map(|event| Ok(Record::Event(event)));
            }
            self.drained = !self.step();
        }
    }
}

#[cfg(test)]
mod tests;
