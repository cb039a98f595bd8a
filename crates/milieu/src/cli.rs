//! The command line.

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Events in, ranked feed out: a social-intelligence server
#[derive(Debug, Parser)]
#[command(name = "milieu", version, about)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// A seeded community, trained and served, with a page to look at
    Demo(Demo),
    /// Serve a data directory
    Serve(Serve),
    /// Read another system's data into a data directory
    Import(Import),
    /// What can be learnt from the data, what is missing, memory needed
    Doctor(OnData),
    /// Look after the event log
    Log {
        #[command(subcommand)]
        command: LogCommand,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum LogCommand {
    /// Compare the world from snapshot and tail with one folded from the first record
    Verify(OnData),
}

#[derive(Debug, Args)]
pub(crate) struct Settings {
    /// A configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// One setting, stronger than file and environment; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Where to keep the data; a temporary directory, removed at the end, where it is left out
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// How many people
    #[arg(long, default_value_t = 2000)]
    pub(crate) people: u32,
    /// How many posts
    #[arg(long, default_value_t = 20_000)]
    pub(crate) posts: u32,
    /// Decides every random choice
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The data directory; made where there is none
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// Address and port, as `server.listen`
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<String>,
    /// Listen on an address that others reach, though nothing asks callers for a key
    #[arg(long)]
    pub(crate) allow_insecure_bind: bool,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The format
    #[arg(long, value_name = "FORMAT", value_parser = format_names())]
    pub(crate) format: String,
    /// The data directory; no server may have it open
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// Files or directories
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Bad lines to show; the others are counted
    #[arg(long, default_value_t = 20)]
    pub(crate) show_bad: u64,
    /// One JSON object last on standard output
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

#[derive(Debug, Args)]
pub(crate) struct OnData {
    /// The data directory; no server may have it open
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// One JSON object last on standard output
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

fn format_names() -> clap::builder::PossibleValuesParser {
    milieu_dataset::import::Format::ALL.map(milieu_dataset::import::Format::name).into()
}
