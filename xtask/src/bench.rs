//! `bench`: one benchmark a file, each printing its figures.

mod als;
mod ingest;
mod serve;
mod vector;

use anyhow::Result;
use clap::Subcommand;
use std::path::Path;

#[derive(Subcommand)]
pub(crate) enum Bench {
    /// iALS++ against the Python package `implicit` on synthetic interactions
    Als(als::Args),
    /// Feed requests and memory on a large synthetic community
    Serve(serve::Args),
    /// Durable ingest of events
    Ingest(ingest::Args),
    /// Nearest neighbours: speed and recall
    Vector(vector::Args),
}

pub(crate) fn run(root: &Path, bench: Bench) -> Result<()> {
    match bench {
        Bench::Als(args) => als::run(root, &args),
        Bench::Serve(args) => serve::run(root, &args),
        Bench::Ingest(args) => ingest::run(root, &args),
        Bench::Vector(args) => vector::run(root, &args),
    }
}
