//! Training in a child process of this same binary: a crash there cannot take serving down.

use anyhow::{Context, Result, bail};
use milieu_server::{TrainingInput, each_line};
use milieu_train::TrainConfig;
use milieu_train::worker::{Job, JobWriter};
use std::io::{BufWriter, Write};
use std::process::{Command, Stdio};

/// The hidden command that the child runs.
pub(crate) const WORKER: &str = "train-worker";

/// How the server trains: starts a child, streams the log to it, listens to its progress.
pub(crate) fn train(input: TrainingInput<'_>) -> Result<()> {
    let program = std::env::current_exe().context("this program cannot find itself")?;
    let mut command = Command::new(program);
    command.arg(WORKER).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let (stdin, stdout) = input
        .child
        .start(&mut command, input.limits, |child| Some((child.stdin.take()?, child.stdout.take()?)))
        .context("the training process cannot be started")?;
    let progress = input.progress;
    let job =
        Job { registry: input.registry, at: input.at, records: input.count, config: TrainConfig::default() };
    let sent = std::thread::scope(|scope| {
        scope.spawn(move || {
            each_line(stdout, |line| {
                if let Ok(value) = serde_json::from_str(line) {
                    progress(value);
                }
            });
        });
        let send = || -> Result<()> {
            let mut writer = JobWriter::new(BufWriter::new(stdin), &job)?;
            for entry in input.records {
                let (seq, record) = entry.map_err(anyhow::Error::msg)?;
                writer.record(seq, &record)?;
            }
            writer.finish()?;
            Ok(())
        };
        send()
    });
    let status = input.child.wait().context("the training process got lost")?;
    sent.context("the training process took no more data")?;
    if !status.success() {
        bail!("the training process ended with {status}");
    }
    Ok(())
}

/// `milieu train-worker`: the child's side.
pub(crate) fn work() -> Result<()> {
    let mut out = std::io::stdout().lock();
    let input = std::io::BufReader::new(std::io::stdin().lock());
    milieu_train::worker::run(input, |line| {
        // Without a listener there is nobody to tell; the run itself is not harmed.
        let _ = serde_json::to_writer(&mut out, &line).map_err(std::io::Error::from).and_then(|()| {
            out.write_all(b"\n")?;
            out.flush()
        });
    })?;
    Ok(())
}
