//! Load by `wrk`, from the distribution's package.

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

const SCRIPT: &str = include_str!("feed.lua");

/// What `wrk` counted; times in microseconds.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
pub(crate) struct Counted {
    pub(crate) requests: u64,
    pub(crate) micros: u64,
    pub(crate) bytes: u64,
    pub(crate) p50: u64,
    pub(crate) p90: u64,
    pub(crate) p99: u64,
    pub(crate) p999: u64,
    pub(crate) max: u64,
    /// Connections that broke, timeouts and answers other than 2xx.
    pub(crate) errors: u64,
}

impl Counted {
    pub(crate) fn per_second(&self) -> f64 {
        self.requests as f64 / (self.micros.max(1) as f64 / 1e6)
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) users: u32,
    pub(crate) threads: usize,
    pub(crate) connections: usize,
    pub(crate) seconds: u64,
    pub(crate) seed: u64,
}

/// The name and version it gives itself, so that figures can be told apart.
pub(crate) fn version() -> Result<String> {
    let output = Command::new("wrk")
        .arg("--version")
        .output()
        .context("wrk is not there; on Debian: apt-get install wrk")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(text.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
}

pub(crate) fn run(dir: &Path, address: SocketAddr, load: Load) -> Result<Counted> {
    let script = dir.join("feed.lua");
    std::fs::write(&script, SCRIPT)?;
    let output = Command::new("wrk")
        .arg(format!("--threads={}", load.threads))
        .arg(format!("--connections={}", load.connections))
        .arg(format!("--duration={}s", load.seconds))
        .arg("--timeout=10s")
        .arg("--script")
        .arg(&script)
        .arg(format!("http://{address}"))
        .args(["--", &load.users.to_string(), &load.seed.to_string()])
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start wrk")?;
    ensure!(output.status.success(), "wrk ended with {}", output.status);
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.strip_prefix("RESULT ")).context("wrk gave no result")?;
    Ok(serde_json::from_str(line)?)
}
