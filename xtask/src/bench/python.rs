//! Python environments for peers that are Python packages.

use anyhow::{Context, Result, bail, ensure};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Makes an environment with these packages under `directory` unless it is there and imports `modules`, and
/// returns its Python.
pub(super) fn environment(directory: &Path, packages: &[&str], modules: &str) -> Result<PathBuf> {
    let python = directory.join("bin").join("python");
    let works = |python: &Path| {
        let import = format!("import {modules}");
        python.exists()
            && Command::new(python)
                .args(["-c", &import])
                .stderr(Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
    };
    if !works(&python) {
        run(Command::new("python3").args(["-m", "venv"]).arg(directory))?;
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(packages))?;
        ensure!(works(&python), "the packages are installed in {} but cannot be loaded", directory.display());
    }
    Ok(python)
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(())
}

/// A running script that is asked and answers in lines.
pub(super) struct Talk {
    child: Child,
    /// Where questions go.
    pub(super) requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Talk {
    /// Starts a command.
    pub(super) fn start(command: &mut Command) -> Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let requests = child.stdin.take().context("no pipe to Python")?;
        let answers = BufReader::new(child.stdout.take().context("no pipe from Python")?);
        Ok(Self { child, requests, answers })
    }

    /// The next line it writes.
    pub(super) fn answer(&mut self) -> Result<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        ensure!(!line.is_empty(), "Python ended early; its message is above");
        Ok(line.trim().to_string())
    }

    /// Lets it end.
    pub(super) fn stop(self) -> Result<()> {
        let Self { mut child, requests, .. } = self;
        drop(requests);
        child.wait()?;
        Ok(())
    }
}
