//! Training speed of iALS++ against the Python package `implicit`: the same interactions, the same
//! objective, number of passes and threads, in turns; then the recall of both by the same code.

mod peer;
mod recall;
mod synthetic;

use super::median;
use anyhow::{Result, ensure};
use milieu_factors::{Ials, IalsConfig};
use std::path::Path;
use std::time::Instant;

/// Depth of the recall.
const DEPTH: usize = 20;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Users of the synthetic community
    #[arg(long, default_value_t = 500_000)]
    users: usize,
    /// Items of the synthetic community
    #[arg(long, default_value_t = 100_000)]
    items: usize,
    /// Interactions to train on
    #[arg(long, default_value_t = 10_000_000)]
    interactions: usize,
    /// Users whose held-out items are looked for
    #[arg(long, default_value_t = 10_000)]
    tested: usize,
    /// Length of the vectors
    #[arg(long, default_value_t = 64)]
    factors: usize,
    /// Passes over the data
    #[arg(long, default_value_t = 15)]
    iterations: usize,
    /// Threads of each side
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Confidence that a unit of weight adds to the 1 of every pair
    #[arg(long, default_value_t = 10.0)]
    alpha: f32,
    /// Penalty on the vectors' lengths
    #[arg(long, default_value_t = 10.0)]
    regularization: f32,
    /// Unknowns solved together; the factors by default, that is exactly
    #[arg(long)]
    block: Option<usize>,
    /// Trainings of each side
    #[arg(long, default_value_t = 3)]
    repeats: usize,
    /// Seed of the data and of both trainings
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Leave the Python package out
    #[arg(long)]
    alone: bool,
}

pub(crate) fn run(root: &Path, args: &Args) -> Result<()> {
    ensure!(args.repeats > 0 && args.tested > 0, "repeats and tested users must be positive");
    let peers = root.join("target").join("peers");
    std::fs::create_dir_all(&peers)?;
    let python = if args.alone { None } else { Some(peer::install(&peers.join("implicit"))?) };

    rayon::ThreadPoolBuilder::new().num_threads(args.threads).build_global()?;
    let shape = synthetic::Shape {
        users: args.users,
        items: args.items,
        interactions: args.interactions,
        tested: args.tested,
        seed: args.seed,
    };
    let split = synthetic::make(shape)?;
    println!(
        "data      {} users, {} items, {} interactions; {} held out of {} users (seed {})",
        args.users,
        args.items,
        split.train.len(),
        split.held_out.iter().map(|(_, items)| items.len()).sum::<usize>(),
        split.held_out.len(),
        args.seed,
    );
    println!(
        "training  {} factors, {} iterations, alpha {}, regularization {}, {} threads, {} repeats in turns",
        args.factors, args.iterations, args.alpha, args.regularization, args.threads, args.repeats,
    );

    let matrix = peers.join("als-matrix.bin");
    peer::write_matrix(&matrix, &split.train)?;
    let settings = peer::Settings {
        factors: args.factors,
        iterations: args.iterations,
        regularization: args.regularization,
        alpha: args.alpha,
        threads: args.threads,
    };
    let mut peer = python.map(|python| peer::Peer::start(&python, &matrix, &settings)).transpose()?;
    let config = IalsConfig {
        factors: args.factors,
        iterations: args.iterations,
        alpha: args.alpha,
        unobserved_weight: 1.0,
        regularization: args.regularization,
        regularization_exponent: 0.0,
        block: args.block.unwrap_or(args.factors),
        seed: args.seed,
        ..IalsConfig::default()
    };

    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut model = None;
    for repeat in 1..=args.repeats {
        drop(model.take());
        let start = Instant::now();
        let trained = Ials::train(&split.train, &config)?;
        ours.push(start.elapsed().as_secs_f64());
        model = Some(trained);
        print!("run {repeat}     milieu {:.2} s", ours[ours.len() - 1]);
        if let Some(peer) = &mut peer {
            theirs.push(peer.fit(args.seed)?);
            print!(", {} {:.2} s", peer.name, theirs[theirs.len() - 1]);
        }
        println!();
    }

    let recall_of = |users: &[f32], items: &[f32]| {
        let factors = recall::Factors { users, items, width: args.factors };
        recall::recall(factors, &split.train, &split.held_out, DEPTH)
    };
    let our_recall =
        model.map(|model| recall_of(model.user_factors(), model.item_factors())).unwrap_or_default();
    println!("milieu          {:8.2} s  recall@{DEPTH} {our_recall:.4}", median(&mut ours));
    if let Some(mut peer) = peer {
        let saved = peer.factors(&peers.join("als-factors.bin"))?;
        ensure!(saved.len() == (args.users + args.items) * args.factors, "Python saved another shape");
        let (users, items) = saved.split_at(args.users * args.factors);
        let their_recall = recall_of(users, items);
        println!("{:15} {:8.2} s  recall@{DEPTH} {their_recall:.4}", peer.name, median(&mut theirs));
        println!(
            "milieu is {:.2} times as fast, recall {:+.4}",
            median(&mut theirs) / median(&mut ours),
            our_recall - their_recall,
        );
        peer.stop()?;
    }
    std::fs::remove_file(&matrix)?;
    Ok(())
}
