//! Algorithms of whole graphs against the Python packages networkit and igraph, and vectors of nodes against pecanpy and
//! gensim: the same graph, the same threads, in turns; what each finds is measured by the same code.

mod links;
mod peer;
mod suggestions;
mod synthetic;
mod vectors;

use super::median;
use anyhow::{Result, ensure};
use milieu_graph::{
    Csr, Direction, LeidenConfig, PageRankConfig, core_numbers, leiden, modularity, pagerank,
};
use peer::Peer;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::time::Instant;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Nodes of the synthetic graph
    #[arg(long, default_value_t = 200_000)]
    nodes: usize,
    /// Its edges
    #[arg(long, default_value_t = 1_900_000)]
    edges: usize,
    /// Share of its edges that do not regard communities
    #[arg(long, default_value_t = 0.3)]
    mixing: f64,
    /// PageRank ends where its values change by no more in all
    #[arg(long, default_value_t = 1e-9)]
    tolerance: f64,
    /// A list of edges, two numbers a line, also as .gz: vectors of nodes are learnt with a part of the edges hidden
    #[arg(long)]
    links: Option<PathBuf>,
    /// Leave the synthetic graph out
    #[arg(long)]
    links_only: bool,
    /// Return parameter of the walks
    #[arg(long, default_value_t = 1.0)]
    p: f64,
    /// In-out parameter of the walks
    #[arg(long, default_value_t = 1.0)]
    q: f64,
    /// How many users are asked whom they may know, over the same graph in a world; 0 for none
    #[arg(long, default_value_t = 2000)]
    asked: usize,
    /// Suggestions alone
    #[arg(long)]
    suggestions_only: bool,
    /// Threads of each side
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Runs of each side
    #[arg(long, default_value_t = 3)]
    repeats: usize,
    /// Seed of the graph; the runs have this and those after it
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Leave the Python packages out
    #[arg(long)]
    alone: bool,
    /// One JSON object last on standard output
    #[arg(long)]
    json: bool,
}

/// Times of one side, and how good what it found is.
#[derive(Default)]
struct Side {
    name: &'static str,
    seconds: Vec<f64>,
    quality: Vec<f64>,
}

impl Side {
    fn new(name: &'static str) -> Self {
        Self { name, ..Self::default() }
    }

    fn add(&mut self, (seconds, quality): (f64, f64)) {
        self.seconds.push(seconds);
        self.quality.push(quality);
    }
}

pub(crate) fn run(root: &Path, args: &Args) -> Result<()> {
    ensure!(args.repeats > 0 && (0.0..=1.0).contains(&args.mixing), "repeats and mixing are out of range");
    let peers = root.join("target").join("peers");
    std::fs::create_dir_all(&peers)?;
    rayon::ThreadPoolBuilder::new().num_threads(args.threads).build_global()?;
    let mut summary = Map::new();
    summary.insert("threads".into(), json!(args.threads));
    if !args.links_only {
        whole(&peers, args, &mut summary)?;
    }
    if let Some(links) = &args.links {
        summary.insert("vectors".into(), vectors::run(links, &peers, args)?);
    }
    if args.json {
        println!("{}", Value::Object(summary));
    }
    Ok(())
}

/// The algorithms on the synthetic graph.
fn whole(peers: &Path, args: &Args, summary: &mut Map<String, Value>) -> Result<()> {
    let shape =
        synthetic::Shape { nodes: args.nodes, edges: args.edges, mixing: args.mixing, seed: args.seed };
    let edges = synthetic::make(shape)?;
    let start = Instant::now();
    let graph = Csr::from_edges(args.nodes, &edges, Direction::Undirected)?;
    println!(
        "graph      {} nodes, {} edges, seed {}; built in {:.2} s; {} threads, {} repeats in turns",
        args.nodes,
        args.edges,
        args.seed,
        start.elapsed().as_secs_f64(),
        args.threads,
        args.repeats,
    );
    if args.suggestions_only {
        summary.insert("suggestions".into(), suggestions::run(&edges, args)?);
        return Ok(());
    }
    let mut peer =
        if args.alone { None } else { Some(Peer::start(peers, args.nodes, &edges, args.threads)?) };
    summary.insert("nodes".into(), json!(args.nodes));
    summary.insert("edges".into(), json!(args.edges));
    if let Some(peer) = &peer {
        println!("peers      {}", peer.name);
        summary.insert("peers".into(), json!(peer.name));
    }
    summary.insert("leiden".into(), communities(&graph, peer.as_mut(), args)?);
    summary.insert("pagerank".into(), ranks(&graph, peer.as_mut(), args)?);
    summary.insert("cores".into(), cores(&graph, peer.as_mut(), args)?);
    if args.asked > 0 {
        summary.insert("suggestions".into(), suggestions::run(&edges, args)?);
    }
    if let Some(peer) = peer {
        peer.stop()?;
    }
    Ok(())
}

/// Communities: the quality is modularity. Each side makes as many iterations as is its default: 2, networkit 3.
fn communities(graph: &Csr, mut peer: Option<&mut Peer>, args: &Args) -> Result<Value> {
    let mut sides = [Side::new("milieu"), Side::new("networkit"), Side::new("igraph")];
    for seed in (args.seed..).take(args.repeats) {
        let config = LeidenConfig { seed, ..LeidenConfig::default() };
        let start = Instant::now();
        let found = leiden(graph, &config)?;
        sides[0].add((start.elapsed().as_secs_f64(), found.modularity));
        if let Some(peer) = &mut peer {
            for (side, command) in sides[1..].iter_mut().zip(["networkit.leiden", "igraph.leiden"]) {
                let (seconds, of) = peer.counts(command, &seed.to_string())?;
                side.add((seconds, modularity(graph, &of, 1.0)?));
            }
        }
    }
    Ok(compared("leiden", "modularity", &mut sides))
}

/// PageRank: the quality is the largest difference from what is found here.
fn ranks(graph: &Csr, mut peer: Option<&mut Peer>, args: &Args) -> Result<Value> {
    let mut sides = [Side::new("milieu"), Side::new("networkit"), Side::new("igraph")];
    let config = PageRankConfig { tolerance: args.tolerance, ..PageRankConfig::default() };
    for _ in 0..args.repeats {
        let start = Instant::now();
        let found = pagerank(graph, None, &config)?;
        sides[0].add((start.elapsed().as_secs_f64(), 0.0));
        if let Some(peer) = &mut peer {
            for (side, command) in sides[1..].iter_mut().zip(["networkit.pagerank", "igraph.pagerank"]) {
                let (seconds, values) = peer.values(command, &args.tolerance.to_string())?;
                let differences = values.iter().zip(&found.values).map(|(value, own)| (value - own).abs());
                side.add((seconds, differences.fold(0.0, f64::max)));
            }
        }
    }
    Ok(compared("pagerank", "largest difference", &mut sides))
}

/// Core numbers: the quality is how many differ from what is found here.
fn cores(graph: &Csr, mut peer: Option<&mut Peer>, args: &Args) -> Result<Value> {
    let mut sides = [Side::new("milieu"), Side::new("networkit"), Side::new("igraph")];
    for _ in 0..args.repeats {
        let start = Instant::now();
        let found = core_numbers(graph);
        sides[0].add((start.elapsed().as_secs_f64(), 0.0));
        if let Some(peer) = &mut peer {
            for (side, command) in sides[1..].iter_mut().zip(["networkit.cores", "igraph.cores"]) {
                let (seconds, cores) = peer.counts(command, "0")?;
                let differ = cores.iter().zip(&found).filter(|(core, own)| core != own).count();
                side.add((seconds, differ as f64));
            }
        }
    }
    Ok(compared("cores", "nodes that differ", &mut sides))
}

/// Prints the medians of each side, and returns them.
fn compared(what: &str, quality: &str, sides: &mut [Side]) -> Value {
    let mut found = Map::new();
    let own = median(&mut sides[0].seconds);
    for side in sides.iter_mut().filter(|side| !side.seconds.is_empty()) {
        let (seconds, value) = (median(&mut side.seconds), median(&mut side.quality));
        let shown =
            if value != 0.0 && value.abs() < 1e-4 { format!("{value:.2e}") } else { format!("{value:.5}") };
        println!(
            "{what:10} {:10} {seconds:8.3} s  {:6.2} times milieu's  {quality} {shown}",
            side.name,
            seconds / own
        );
        let key = quality.replace(' ', "_");
        found
            .insert(side.name.into(), json!({"seconds": seconds, "times_milieu": seconds / own, key: value}));
    }
    Value::Object(found)
}
