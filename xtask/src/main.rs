//! The project's own chores: `cargo xtask <chore>`.

mod bench;
mod layers;
mod licences;
mod metadata;
mod openapi;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own chores")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Compare the dependencies between the crates with the layer table in ARCHITECTURE.md
    CheckLayers,
    /// Compare the licences and sources of all dependencies with deny.toml
    CheckLicences,
    /// Write testdata/openapi.json from the server's wire types
    Openapi {
        /// Fail when the file differs, instead of writing it
        #[arg(long)]
        check: bool,
    },
    /// Run a benchmark and print its figures
    #[command(subcommand)]
    Bench(bench::Bench),
}

fn main() -> ExitCode {
    match run(Cli::parse().chore) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(chore: Chore) -> Result<()> {
    let root = workspace_root()?;
    match chore {
        Chore::CheckLayers => layers::run(&root),
        Chore::CheckLicences => licences::run(&root),
        Chore::Openapi { check } => openapi::run(&root, check),
        Chore::Bench(bench) => bench::run(&root, bench),
    }
}

/// The workspace root is the parent of this package, wherever the chore is started from.
fn workspace_root() -> Result<PathBuf> {
    let package = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    Ok(package.parent().context("xtask lies outside a workspace")?.to_path_buf())
}
