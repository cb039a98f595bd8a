//! Vectors of nodes against the Python packages pecanpy (walks) and gensim (word2vec), by hidden edges.

use super::super::python::environment;
use super::links::Links;
use super::{Args, Side, compared};
use anyhow::{Context, Result, ensure};
use milieu_graph::{Edge, Embedding, EmbeddingConfig, WalkConfig};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

const SCRIPT: &str = include_str!("node2vec.py");
const PACKAGES: [&str; 3] = ["pecanpy", "gensim", "numpy"];

/// Learns vectors on the edges that are not hidden, on both sides in turns.
pub(super) fn run(path: &Path, peers: &Path, args: &Args) -> Result<Value> {
    let python = if args.alone {
        None
    } else {
        Some(environment(&peers.join("node2vec"), &PACKAGES, "pecanpy, gensim, numpy")?)
    };
    let links = Links::read(path, args.seed)?;
    println!("links      {} nodes, {} edges, {} more hidden", links.nodes, links.edges.len(), links.hidden());
    let (mut dot, mut rule) = (both(), both());
    for seed in (args.seed..).take(args.repeats) {
        let walks = WalkConfig { p: args.p, q: args.q, seed, ..WalkConfig::default() };
        let config = EmbeddingConfig { walks, ..EmbeddingConfig::default() };
        let start = Instant::now();
        let learnt = Embedding::train(&links.graph, &config)?;
        let seconds = start.elapsed().as_secs_f64();
        let mut add = |side: usize, seconds: f64, vectors: &[f32]| {
            let areas = links.areas(vectors);
            dot[side].add((seconds, areas.0));
            rule[side].add((seconds, areas.1));
        };
        add(0, seconds, learnt.vectors());
        if let Some(python) = &python {
            let (seconds, vectors) = peer(python, peers, &links, &config, args.threads)?;
            add(1, seconds, &vectors);
        }
    }
    Ok(json!({
        "nodes": links.nodes,
        "edges": links.edges.len(),
        "hidden": links.hidden(),
        "by_product": compared("vectors", "AUC by product", &mut dot),
        "by_regression": compared("vectors", "AUC by regression", &mut rule),
    }))
}

fn both() -> [Side; 2] {
    [Side::new("milieu"), Side::new("pecanpy")]
}

/// The seconds and the vectors of the packages.
fn peer(
    python: &Path,
    peers: &Path,
    links: &Links,
    config: &EmbeddingConfig,
    threads: usize,
) -> Result<(f64, Vec<f32>)> {
    let (input, output) = (peers.join("links.tsv"), peers.join("links-vectors.bin"));
    let mut lines = String::new();
    for Edge { from, to, .. } in &links.edges {
        writeln!(lines, "{from}\t{to}")?;
    }
    std::fs::write(&input, lines)?;
    let numbers = [config.dimensions, config.rounds, config.walks.length, config.window, config.negatives];
    let answer = Command::new(python)
        .args(["-c", SCRIPT])
        .args([&input, &output])
        .args(numbers.map(|number| number.to_string()))
        .args([config.walks.p.to_string(), config.walks.q.to_string()])
        .args([threads.to_string(), config.walks.seed.to_string()])
        .env("NUMBA_NUM_THREADS", threads.to_string())
        .env("OPENBLAS_NUM_THREADS", "1")
        .stderr(std::process::Stdio::null())
        .output()?;
    ensure!(answer.status.success(), "Python ended with {}", answer.status);
    let answer = String::from_utf8(answer.stdout)?;
    let mut lines = answer.lines().rev();
    let mut seconds = 0.0;
    for _ in 0..2 {
        seconds += lines.next().context("Python said too little")?.parse::<f64>()?;
    }
    let nodes = lines.next().context("Python named no nodes")?;
    let bytes = std::fs::read(&output)?;
    let mut learnt =
        bytes.chunks_exact(4).map(|chunk| chunk.first_chunk().copied().map_or(f32::NAN, f32::from_le_bytes));
    let mut vectors = vec![0.0; links.nodes * config.dimensions];
    for node in nodes.split(' ') {
        let first = node.parse::<usize>()? * config.dimensions;
        let row =
            vectors.get_mut(first..first + config.dimensions).context("Python named an unknown node")?;
        row.iter_mut().zip(&mut learnt).for_each(|(value, learnt)| *value = learnt);
    }
    std::fs::remove_file(&input)?;
    std::fs::remove_file(&output)?;
    Ok((seconds, vectors))
}
