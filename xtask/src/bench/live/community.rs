//! The synthetic community in a data directory that later runs copy.

use super::process::Server;
use anyhow::{Context, Result, ensure};
use milieu_server::{append_all, config::LogConfig};
use milieu_testkit::load::Load;
use milieu_types::Timestamp;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// An older community has no trends any more, so it is made anew.
const GOOD_FOR_SECS: i64 = 12 * 3600;

/// How large a community.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Size {
    pub(crate) users: u32,
    pub(crate) items: u32,
    pub(crate) events: u64,
}

/// What lies beside the data directory once it is complete.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Made {
    size: Size,
    /// When the community's time ends, in seconds since the epoch.
    end: i64,
    trained: Option<f64>,
}

/// A complete data directory with a snapshot of all its records.
pub(crate) struct Community {
    pub(crate) data: PathBuf,
    /// How long the training took, in seconds; `None` where none was asked for or nothing came of it.
    pub(crate) trained: Option<f64>,
    pub(crate) age_secs: i64,
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Makes the community under `dir`, or takes the one that an earlier run left there.
pub(crate) fn make(dir: &Path, binary: &Path, size: Size, train: bool, fresh: bool) -> Result<Community> {
    let data = dir.join("loaded");
    let note = dir.join("loaded.json");
    let read = || -> Option<Made> { serde_json::from_slice(&std::fs::read(&note).ok()?).ok() };
    let good = |made: &Made| made.size == size && now() - made.end < GOOD_FOR_SECS;
    let mut made = match read().filter(|made| !fresh && good(made)) {
        Some(made) => made,
        None => {
            let _ = std::fs::remove_file(&note);
            clear(&data)?;
            let end = now();
            load(&data, size, end)?;
            let start = Instant::now();
            // The first start folds the log from its beginning; the end of it writes the snapshot.
            Server::start(binary, &data, &[])?.stop()?;
            eprintln!("folded from the log and snapshot written in {:.1} s", start.elapsed().as_secs_f64());
            Made { size, end, trained: None }
        }
    };
    if train && made.trained.is_none() {
        made.trained = train_once(binary, &data)?;
    }
    std::fs::write(&note, serde_json::to_vec(&made)?)?;
    Ok(Community { data, trained: made.trained, age_secs: now() - made.end })
}

fn load(data: &Path, size: Size, end: i64) -> Result<()> {
    let Size { users, items, events } = size;
    let load = Load { users, items, events, ..Load::bench(Timestamp::from_secs(end)) };
    let start = Instant::now();
    let mut last = Instant::now();
    let mut count = 0_u64;
    let records = load.records().inspect(|_| {
        count += 1;
        if last.elapsed() >= Duration::from_secs(10) {
            eprintln!("stored {count} records");
            last = Instant::now();
        }
    });
    let done = append_all(data, &LogConfig::default(), records, |why| eprintln!("refused: {why}"))?;
    ensure!(done.refused == 0, "{} records were refused", done.refused);
    eprintln!("stored {} records in {:.1} s", done.accepted, start.elapsed().as_secs_f64());
    Ok(())
}

/// Trains by the server's own route; the seconds until a model is in use.
fn train_once(binary: &Path, data: &Path) -> Result<Option<f64>> {
    let server = Server::start(binary, data, &[])?;
    let mut client = server.client()?;
    let start = Instant::now();
    client.json("POST", "/v1/training", "")?;
    let status = loop {
        std::thread::sleep(Duration::from_millis(500));
        let status = client.json("GET", "/v1/training", "")?;
        if status["runs"].as_u64().context("no count of runs")? > 0 {
            break status;
        }
    };
    let seconds = start.elapsed().as_secs_f64();
    eprintln!("training: {}", serde_json::to_string(&status)?);
    let models = client.json("GET", "/v1/stats", "")?["models"].clone();
    server.stop()?;
    Ok(models.as_object().is_some_and(|models| !models.is_empty()).then_some(seconds))
}

/// A copy to be written to, so that what is loaded stays as it is.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    clear(to)?;
    let status = Command::new("cp").arg("--archive").arg(from).arg(to).status()?;
    ensure!(status.success(), "copying {} failed", from.display());
    Ok(())
}

pub(crate) fn clear(dir: &Path) -> Result<()> {
    if dir.exists() {
        std::fs::remove_dir_all(dir).with_context(|| format!("removing {}", dir.display()))?;
    }
    if let Some(parent) = dir.parent() {
        std::fs::create_dir_all(parent)?;
    }
    Ok(())
}
