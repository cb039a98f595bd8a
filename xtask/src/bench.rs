//! `bench`: one benchmark a file, each printing its figures.

mod als;
mod graph;
mod infer;
mod ingest;
mod items;
mod live;
mod python;
mod serve;
mod text;
mod topics;
mod train;
mod transfer;
mod vector;

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use std::path::Path;
use std::process::Command;

#[derive(Subcommand)]
pub(crate) enum Bench {
    /// iALS++ against the Python package `implicit` on synthetic interactions
    Als(als::Args),
    /// Communities, PageRank, cores and vectors of the nodes of graphs against networkit, igraph and pecanpy in Python
    Graph(graph::Args),
    /// Feed requests and memory on a large synthetic community
    Serve(serve::Args),
    /// Throughput of batched inference against onnxruntime in Python
    Infer(infer::Args),
    /// Durable ingest of events
    Ingest(ingest::Args),
    /// Items that are understood in the background, and found by meaning and by terms
    Items(items::Args),
    /// Models of texts against fastText and onnxruntime in Python, and how soon a text is answered over HTTP
    Text(text::Args),
    /// Topics of labelled texts against their labels
    Topics(topics::Args),
    /// Steps of training a small convolutional network against PyTorch
    Train(train::Args),
    /// A head on an encoder that learnt elsewhere against training from nothing, with few pictures of each class
    Transfer(transfer::Args),
    /// Nearest neighbours: speed and recall
    Vector(vector::Args),
}

pub(crate) fn run(root: &Path, bench: Bench) -> Result<()> {
    if cfg!(debug_assertions) {
        return run_optimised(root);
    }
    match bench {
        Bench::Als(args) => als::run(root, &args),
        Bench::Graph(args) => graph::run(root, &args),
        Bench::Serve(args) => serve::run(root, &args),
        Bench::Infer(args) => infer::run(root, &args),
        Bench::Ingest(args) => ingest::run(root, &args),
        Bench::Items(args) => items::run(root, &args),
        Bench::Text(args) => text::run(root, &args),
        Bench::Topics(args) => topics::run(root, &args),
        Bench::Train(args) => train::run(root, &args),
        Bench::Transfer(args) => transfer::run(root, &args),
        Bench::Vector(args) => vector::run(root, &args),
    }
}

/// Runs the same command from a release build: figures of an unoptimised one say nothing.
fn run_optimised(root: &Path) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["run", "--quiet", "--release", "--package", "xtask", "--"])
        .args(std::env::args_os().skip(1))
        .current_dir(root)
        .status()
        .context("cannot start cargo")?;
    if !status.success() {
        bail!("the benchmark ended with {status}");
    }
    Ok(())
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}
