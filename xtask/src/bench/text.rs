//! Models of texts: the fast one against Python's fastText, an encoder in 8 bits over HTTP against onnxruntime in Python,
//! and how soon one short text is answered. Sides are measured in turns, so that what else the machine does falls on both.

mod encoder;
mod fast;
mod latency;

use super::live::median;
use super::live::process::build;
use super::python::environment;
use anyhow::{Context, Result, ensure};
use milieu_dataset::tables::{TableConfig, read_table};
use serde::Serialize;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A table of texts with labels: .csv, .tsv or .jsonl, each also as .gz
    #[arg(long)]
    data: PathBuf,
    /// The column of the text
    #[arg(long, default_value = "text")]
    text: String,
    /// The column of the label
    #[arg(long, default_value = "label")]
    label: String,
    /// The folder of pretrained models, with minilm-l6-v2 and minilm-l6-v2-int8
    #[arg(long)]
    models: PathBuf,
    /// Texts that are predicted in a turn of the fast model
    #[arg(long, default_value_t = 10_000)]
    texts: usize,
    /// Texts whose vectors are made in a turn of the encoder
    #[arg(long, default_value_t = 512)]
    vectors: usize,
    /// Clients that ask for vectors at once, each for 32 texts a request
    #[arg(long, default_value_t = 4)]
    clients: usize,
    /// Requests of one short text
    #[arg(long, default_value_t = 2000)]
    requests: usize,
    /// Threads of each side
    #[arg(long, default_value_t = NonZeroUsize::MIN.saturating_add(1))]
    threads: NonZeroUsize,
    /// Turns of each side
    #[arg(long, default_value_t = 7)]
    repeats: usize,
    /// A Python that has fasttext, onnxruntime, tokenizers and numpy; one is made where it is left out
    #[arg(long)]
    python: Option<PathBuf>,
    /// One JSON object last on standard output
    #[arg(long)]
    json: bool,
}

/// A text and its label.
type Pair = (String, String);

/// A rate of both sides, and the median of the ratios of their turns.
#[derive(Debug, Clone, Copy, Serialize)]
struct Against {
    ours: f64,
    theirs: f64,
    ratio: f64,
}

impl Against {
    /// From the seconds of pairs of turns over so many texts.
    fn of(texts: usize, ours: &[f64], theirs: &[f64]) -> Self {
        let ratios: Vec<f64> = ours.iter().zip(theirs).map(|(ours, theirs)| theirs / ours).collect();
        let rate = |seconds: &[f64]| texts as f64 / median(seconds);
        Self { ours: rate(ours), theirs: rate(theirs), ratio: median(&ratios) }
    }
}

#[derive(Serialize)]
struct Summary {
    fast: fast::Found,
    encoder: encoder::Found,
    latency: latency::Found,
}

pub(crate) fn run(root: &Path, args: &Args) -> Result<()> {
    ensure!(args.repeats > 0 && args.clients > 0, "repeats and clients must be positive");
    let python = match &args.python {
        Some(python) => python.clone(),
        None => environment(
            &root.join("target/peers/text"),
            &["fasttext-wheel", "onnxruntime", "tokenizers", "numpy"],
            "fasttext, onnxruntime, tokenizers, numpy",
        )?,
    };
    let binary = build(root)?;
    let pairs = pairs(args)?;
    let folder = tempfile::tempdir()?;
    println!("text       {} threads a side, {} turns of each side", args.threads, args.repeats);
    let fast = fast::run(root, args, &pairs, &python, folder.path())?;
    let encoder = encoder::run(args, &pairs, &python, &binary, folder.path())?;
    let latency = latency::run(args, &binary, &encoder.library, folder.path())?;
    if args.json {
        println!("{}", serde_json::to_string(&Summary { fast, encoder, latency })?);
    }
    Ok(())
}

/// The data directory that models are published in.
fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}

/// Settings of the server.
fn settings(args: &Args, library: &str) -> Vec<String> {
    vec![
        format!("inference.threads={}", args.threads),
        format!("inference.library={library:?}"),
        "inference.queue=4096".to_owned(),
    ]
}

fn pairs(args: &Args) -> Result<Vec<Pair>> {
    let table =
        TableConfig { text: args.text.clone(), label: Some(args.label.clone()), ..TableConfig::default() };
    let found = read_table(&args.data, &table)?;
    let one_line = |text: String| text.replace(['\n', '\r', '\t'], " ");
    let pairs: Vec<Pair> = found
        .examples
        .into_iter()
        .filter(|example| !example.value.trim().is_empty())
        .filter_map(|example| {
            let label = found.classes.get(*example.labels.first()?)?;
            Some((one_line(example.value), one_line(label.clone()).replace(' ', "_")))
        })
        .collect();
    ensure!(pairs.len() >= 1000, "{} texts are too few", pairs.len());
    Ok(pairs)
}

/// The file of ONNX Runtime's library that a Python has.
fn library(greeting: &str) -> Result<&str> {
    Ok(greeting.split_once(' ').context("Python greets in another way")?.1)
}
