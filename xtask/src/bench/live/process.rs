//! The release build of the server as a child process, and what the kernel says about it.

use super::http::Client;
use anyhow::{Context, Result, bail, ensure};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Builds the server; the benchmark itself is optimised already, so both lie in the same folder.
pub(crate) fn build(root: &Path) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--release", "--package", "milieu"])
        .current_dir(root)
        .status()
        .context("cannot start cargo")?;
    ensure!(status.success(), "the server does not build");
    let here = std::env::current_exe()?;
    let binary = here.parent().context("the benchmark lies nowhere")?.join("milieu");
    ensure!(binary.exists(), "{} is not there", binary.display());
    Ok(binary)
}

pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    /// From the start of the process to the first `/readyz` that said yes.
    pub(crate) ready_after: Duration,
}

impl Server {
    /// Starts a server on a free port and waits until it is ready. Training starts only when asked for.
    pub(crate) fn start(binary: &Path, data: &Path, settings: &[String]) -> Result<Self> {
        let start = Instant::now();
        let mut command = Command::new(binary);
        command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(["--set", "training.enabled=false", "--set", "telemetry.level=\"warn\"", "--data"])
            .arg(data);
        for setting in settings {
            command.args(["--set", setting]);
        }
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut line = String::new();
        let stdout = child.stdout.take().context("the server has no output")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let Some(address) = line.trim().strip_prefix("listening on http://") else {
            let _ = child.kill();
            let status = child.wait()?;
            bail!("the server did not start: {status}");
        };
        let address = address.parse()?;
        let mut server = Self { child, address, ready_after: Duration::ZERO };
        while server.client()?.call("GET", "/readyz", b"")?.0 != 200 {
            std::thread::sleep(Duration::from_millis(5));
        }
        server.ready_after = start.elapsed();
        Ok(server)
    }

    pub(crate) fn client(&self) -> Result<Client> {
        Client::connect(self.address)
    }

    /// Resident memory in bytes.
    pub(crate) fn memory(&self) -> Result<u64> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kib * 1024)
    }

    /// Processor time of all threads so far, in seconds.
    pub(crate) fn processor_seconds(&self) -> Result<f64> {
        /// The kernel's unit in `/proc/*/stat`, the same on every Linux.
        const TICKS_A_SECOND: f64 = 100.0;
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name in parentheses may hold spaces; user and system time are the 12th and 13th after it.
        let after = text.rsplit_once(')').context("a strange /proc/*/stat")?.1;
        let mut ticks = after.split_whitespace().skip(11).map(str::parse::<u64>);
        let mut next = || ticks.next().context("a short /proc/*/stat");
        Ok((next()?? + next()??) as f64 / TICKS_A_SECOND)
    }

    /// SIGTERM, then waits: the server writes a snapshot at its end.
    pub(crate) fn stop(mut self) -> Result<()> {
        let status = Command::new("kill").arg(self.child.id().to_string()).status()?;
        ensure!(status.success(), "the server is gone already");
        let status = self.child.wait()?;
        ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }

    /// SIGKILL, as a crash would end it.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
