//! A job on disk.
//!
//! ```text
//! DIR/jobs/ID/job.json           what it is and where it stands, replaced at every change
//! DIR/jobs/ID/recipe.toml        its recipe, if it has one
//! DIR/jobs/ID/progress.ndjson    what its process said in JSON, a line each
//! DIR/jobs/ID/log.txt            what else it said
//! DIR/jobs/ID/run/               its checkpoint and its report
//! ```

use crate::disk;
use milieu_api::Job;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The version of `job.json`.
const VERSION: u32 = 1;
const FILE: &str = "job.json";
const PROGRESS: &str = "progress.ndjson";
/// The most bytes of progress and of the log; what comes later is not kept.
const MOST_PROGRESS: u64 = 8 << 20;
const MOST_LOG: u64 = 1 << 20;
/// The most bytes of progress that are read at once.
const MOST_READ: u64 = 256 << 10;

/// What `job.json` holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Stored {
    version: u32,
    /// How many times its process was started.
    pub(super) starts: u32,
    /// How many times the server ended without a word while it ran.
    pub(super) cut_off: u32,
    #[serde(flatten)]
    pub(super) job: Job,
}

impl Stored {
    pub(super) fn new(job: Job) -> Self {
        Self { version: VERSION, starts: 0, cut_off: 0, job }
    }
}

/// Lines of progress, and where they end.
pub(super) struct Lines {
    pub(super) lines: Vec<String>,
    pub(super) end: u64,
    /// Whether there were more than are read at once.
    pub(super) more: bool,
}

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(root: &Path, id: &str) -> Self {
        Self(root.join(id))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Makes the folder; it has its name once all of it is on disk.
    pub(super) fn create(&self, scratch: &Path, stored: &Stored, recipe: Option<&str>) -> io::Result<()> {
        fs::create_dir(scratch)?;
        if let Some(recipe) = recipe {
            disk::replace(&scratch.join("recipe.toml"), recipe.as_bytes())?;
        }
        Self(scratch.to_owned()).write(stored)?;
        disk::rename(scratch, &self.0)
    }

    pub(super) fn write(&self, stored: &Stored) -> io::Result<()> {
        disk::replace(&self.0.join(FILE), &serde_json::to_vec_pretty(stored)?)
    }

    pub(super) fn read(&self) -> io::Result<Stored> {
        let stored: Stored = serde_json::from_slice(&fs::read(self.0.join(FILE))?)?;
        let name = self.0.file_name().and_then(|name| name.to_str());
        if stored.version != VERSION || name != Some(&stored.job.id) {
            return Err(io::Error::other("is of another version or another job"));
        }
        Ok(stored)
    }

    pub(super) fn report(&self) -> io::Result<Vec<u8>> {
        fs::read(self.0.join("run/report.html"))
    }

    /// Whole lines of progress from a place on.
    pub(super) fn progress(&self, from: u64) -> io::Result<Lines> {
        let mut file = match File::open(self.0.join(PROGRESS)) {
            Ok(file) => file,
            // It has not said anything yet.
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.0.exists() => {
                return Ok(Lines { lines: Vec::new(), end: from, more: false });
            }
            Err(error) => return Err(error),
        };
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.take(MOST_READ).read_to_end(&mut bytes)?;
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
        let more = bytes.len() as u64 == MOST_READ && whole > 0;
        let lines = String::from_utf8_lossy(&bytes[..whole]).lines().map(str::to_owned).collect();
        Ok(Lines { lines, end: from + whole as u64, more })
    }

    /// All the progress.
    pub(super) fn all_progress(&self) -> io::Result<Vec<serde_json::Value>> {
        let (mut all, mut at) = (Vec::new(), 0);
        loop {
            let Lines { lines, end, more } = self.progress(at)?;
            // A line that a broken disk tore is left out.
            all.extend(lines.iter().filter_map(|line| serde_json::from_str(line).ok()));
            if !more {
                return Ok(all);
            }
            at = end;
        }
    }

    /// Opens what the job's process says.
    pub(super) fn transcript(&self) -> io::Result<Transcript> {
        let open = |name: &str, most: u64| {
            let file = OpenOptions::new().create(true).read(true).append(true).open(self.0.join(name))?;
            let length = file.metadata()?.len();
            let mut bounded = Bounded { left: most.saturating_sub(length), file };
            if length > 0 {
                let mut last = [0];
                bounded.file.seek(SeekFrom::End(-1))?;
                bounded.file.read_exact(&mut last)?;
                if last != *b"\n" {
                    // A torn line stays one of its own.
                    bounded.line("");
                }
            }
            Ok::<_, io::Error>(bounded)
        };
        Ok(Transcript { progress: open(PROGRESS, MOST_PROGRESS)?, log: open("log.txt", MOST_LOG)? })
    }
}

/// What the process of a job says, sorted.
pub(super) struct Transcript {
    progress: Bounded,
    log: Bounded,
}

impl Transcript {
    /// Keeps a line. Whether it was progress.
    pub(super) fn heard(&mut self, line: &str) -> bool {
        let is_progress = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(line).is_ok();
        if is_progress {
            self.progress.line(line);
        } else {
            self.log.line(line);
        }
        is_progress
    }
}

struct Bounded {
    file: File,
    left: u64,
}

impl Bounded {
    /// Appends a line, unless it is too much.
    fn line(&mut self, line: &str) {
        let bytes = format!("{line}\n");
        let Some(left) = self.left.checked_sub(bytes.len() as u64) else {
            self.left = 0;
            return;
        };
        match self.file.write_all(bytes.as_bytes()) {
            Ok(()) => self.left = left,
            Err(error) => {
                tracing::warn!(%error, "what a job says cannot be kept");
                self.left = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use milieu_api::JobState;

    fn folder(root: &Path) -> Folder {
        fs::create_dir(root.join("j1")).unwrap();
        Folder::new(root, "j1")
    }

    #[test]
    fn progress_is_read_as_whole_lines() {
        let root = tempfile::tempdir().unwrap();
        let folder = folder(root.path());
        assert!(folder.all_progress().unwrap().is_empty());
        let mut transcript = folder.transcript().unwrap();
        assert!(transcript.heard(r#"{"epoch":1}"#));
        assert!(!transcript.heard("going on after epoch 1") && !transcript.heard("7"));
        let read = folder.progress(0).unwrap();
        assert_eq!((read.lines, read.end, read.more), (vec![r#"{"epoch":1}"#.to_owned()], 12, false));
        // A torn line does not spoil the next one.
        fs::write(folder.path().join(PROGRESS), "{\"epoch\":1}\n{\"ep").unwrap();
        assert_eq!(folder.progress(0).unwrap().lines.len(), 1);
        folder.transcript().unwrap().heard(r#"{"epoch":2}"#);
        assert_eq!(
            folder.all_progress().unwrap(),
            [serde_json::json!({"epoch": 1}), serde_json::json!({"epoch": 2})]
        );
        assert_eq!(folder.progress(12).unwrap().lines.len(), 2);
        assert!(Folder::new(root.path(), "j2").all_progress().is_err(), "no such job");
    }

    #[test]
    fn long_progress_is_read_in_parts_and_bounded() {
        let root = tempfile::tempdir().unwrap();
        let folder = folder(root.path());
        let mut transcript = folder.transcript().unwrap();
        let line = format!("{{\"a\":\"{}\"}}", "x".repeat(1000));
        for _ in 0..MOST_PROGRESS / 1000 + 10 {
            transcript.heard(&line);
        }
        let kept = fs::metadata(folder.path().join(PROGRESS)).unwrap().len();
        assert!(kept <= MOST_PROGRESS);
        assert_eq!(folder.all_progress().unwrap().len() as u64, kept / (line.len() as u64 + 1));
    }

    #[test]
    fn the_frozen_file_is_read() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::new(root.path(), "j7");
        fs::create_dir(folder.path()).unwrap();
        let frozen = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/jobs/job-v1.json");
        fs::copy(frozen, folder.path().join(FILE)).unwrap();
        let stored = folder.read().unwrap();
        assert_eq!((stored.starts, stored.cut_off, stored.job.state), (2, 1, JobState::Failed));
        folder.write(&stored).unwrap();
        assert_eq!(folder.read().unwrap(), stored);
    }
}
