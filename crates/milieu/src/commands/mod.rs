//! One command a file.

mod demo;
mod doctor;
mod dump;
mod eval;
mod import;
mod models;
mod optimize;
mod people;
mod serve;
mod train;
mod verify;

use crate::child::end_with_input;
use crate::cli::{Cli, Command, LogCommand, Settings};
use crate::output::Usage;
use anyhow::Result;
use milieu_server::config::{Config, ConfigError, Layers};
use milieu_types::Timestamp;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) fn run(cli: Cli) -> Result<()> {
    if cli.supervised {
        end_with_input();
    }
    match cli.command {
        Command::Demo(args) => demo::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Train(args) => train::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Eval { command } => eval::run(&command),
        Command::Models { command } => models::run(command),
        Command::People { command } => people::run(command),
        Command::TrainWorker => crate::training::work(),
        Command::Log { command: LogCommand::Verify(args) } => verify::run(&args),
        Command::Log { command: LogCommand::Dump(args) } => dump::run(&args),
    }
}

/// Refuses what is no data directory, which opening a log would make into one.
fn must_be_data(data: &Path) -> Result<()> {
    if data.join("log").is_dir() {
        return Ok(());
    }
    Err(Usage(format!("{} is no data directory", data.display())).into())
}

/// Defaults, then the file, then the environment, then the flags.
fn configuration(settings: &Settings, flags: &[String]) -> Result<Config> {
    let read = || -> Result<Config, ConfigError> {
        let mut layers = Layers::new();
        if let Some(file) = &settings.config {
            layers = layers.file(file)?;
        }
        layers =
            layers
                .environment(std::env::vars_os().filter_map(|(name, value)| {
                    Some((name.into_string().ok()?, value.into_string().ok()?))
                }))?;
        for flag in settings.set.iter().chain(flags) {
            layers = layers.flag(flag)?;
        }
        layers.finish()
    };
    read().map_err(|error| Usage(error.to_string()).into())
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
