//! Nearest neighbours: build time, memory, recall and time per query of the vector index on made-up recommendation
//! factors, beside the exact scan.

use anyhow::Result;
use milieu_vector::{IndexConfig, Scratch, VectorIndex};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use std::path::Path;
use std::time::{Duration, Instant};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Vectors in the index
    #[arg(long, default_value_t = 1_000_000)]
    vectors: usize,
    /// Dimensions of each
    #[arg(long, default_value_t = 64)]
    dim: usize,
    /// Queries measured
    #[arg(long, default_value_t = 1000)]
    queries: usize,
    /// Results a query
    #[arg(long, default_value_t = 200)]
    k: usize,
    /// Recall the index is calibrated to
    #[arg(long, default_value_t = 0.9)]
    recall: f64,
    /// Lists of the index; 0 chooses by size
    #[arg(long, default_value_t = 0)]
    lists: usize,
    /// Seed of data and index
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(crate) fn run(_root: &Path, args: &Args) -> Result<()> {
    for kind in [Data::Topics, Data::Smooth] {
        measure(kind, args)?;
    }
    Ok(())
}

fn measure(kind: Data, args: &Args) -> Result<()> {
    let (items, users) = kind.make(args);
    let ids: Vec<u32> = (0..args.vectors as u32).collect();
    let config = IndexConfig { seed: args.seed, lists: args.lists, ..IndexConfig::default() };
    println!("{kind:?}: {} vectors of {} dimensions, top {}", args.vectors, args.dim, args.k);
    let start = Instant::now();
    let mut index = VectorIndex::build(args.dim, &ids, &items, &config)?;
    println!(
        "  build {:.1} s on {} threads, {:.0} MB, default effort {}",
        start.elapsed().as_secs_f64(),
        std::thread::available_parallelism()?,
        index.memory_bytes() as f64 / 1e6,
        config.effort,
    );
    let mut bytes = Vec::new();
    let start = Instant::now();
    index.write_to(&mut bytes)?;
    let written = start.elapsed();
    let start = Instant::now();
    VectorIndex::read_from(&bytes[..])?;
    println!(
        "  file {:.0} MB, write {:.2} s, read {:.2} s",
        bytes.len() as f64 / 1e6,
        written.as_secs_f64(),
        start.elapsed().as_secs_f64()
    );
    drop(bytes);

    let mut scratch = Scratch::new();
    let queries = || users.chunks_exact(args.dim).skip(CALIBRATION);
    let checked = 200.min(args.queries);
    let mut truths = Vec::new();
    let exact = time(queries().take(checked), |query| {
        let found = index.search_exact(query, args.k, |_| true, &mut scratch)?;
        truths.push(found.iter().map(|(id, _)| *id).collect::<Vec<u32>>());
        Ok(())
    })?;
    println!("  exact scan: {exact}");
    report("default effort", &index, args, &users, &truths)?;
    let sample = &users[..CALIBRATION * args.dim];
    let reached = index.calibrate(sample, args.k, args.recall)?;
    println!("  calibrated: effort {:.3}, recall {reached:.3} on the sample", index.config().effort);
    report("calibrated", &index, args, &users, &truths)?;

    let start = Instant::now();
    let changes = 1000;
    for id in 0..changes {
        index.add(args.vectors as u32 + id, &users[..args.dim])?;
        index.remove(id);
    }
    let each = start.elapsed().as_secs_f64() * 1e6 / f64::from(changes);
    println!("  add and remove: {each:.1} us a pair");
    Ok(())
}

/// Queries the effort is calibrated on, apart from those measured.
const CALIBRATION: usize = 64;

fn report(name: &str, index: &VectorIndex, args: &Args, users: &[f32], truths: &[Vec<u32>]) -> Result<()> {
    let mut scratch = Scratch::new();
    let queries = || users.chunks_exact(args.dim).skip(CALIBRATION);
    let mut hits = 0;
    for (query, truth) in queries().zip(truths) {
        let found = index.search(query, args.k, |_| true, &mut scratch)?;
        hits += found.iter().filter(|(id, _)| truth.contains(id)).count();
    }
    let all: usize = truths.iter().map(Vec::len).sum();
    let search = time(queries(), |query| {
        index.search(query, args.k, |_| true, &mut scratch)?;
        Ok(())
    })?;
    println!("  {name}: recall {:.3}, {search}", hits as f64 / all.max(1) as f64);
    let half = time(queries(), |query| {
        index.search(query, args.k, |id| id % 2 == 0, &mut scratch)?;
        Ok(())
    })?;
    println!("  {name}, filter keeping half: {half}");
    Ok(())
}

/// Times of single calls in one thread.
struct Times {
    wall: Vec<Duration>,
    cpu: Option<Duration>,
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let micros = |at: f64| {
            let place = (at * (self.wall.len() - 1) as f64) as usize;
            self.wall[place].as_secs_f64() * 1e6
        };
        write!(f, "p50 {:.0} us, p99 {:.0} us", micros(0.5), micros(0.99))?;
        if let Some(cpu) = self.cpu {
            let each = cpu.as_secs_f64() * 1e6 / self.wall.len() as f64;
            write!(f, ", {each:.0} us processor time a query")?;
        }
        Ok(())
    }
}

fn time<'q>(
    queries: impl Iterator<Item = &'q [f32]>,
    mut call: impl FnMut(&'q [f32]) -> Result<()>,
) -> Result<Times> {
    let before = processor_time();
    let mut wall = Vec::new();
    for query in queries {
        let start = Instant::now();
        call(query)?;
        wall.push(start.elapsed());
    }
    let cpu = processor_time().zip(before).map(|(after, before)| after - before);
    wall.sort_unstable();
    anyhow::ensure!(!wall.is_empty(), "no queries to measure");
    Ok(Times { wall, cpu })
}

/// Time this thread has run, where the system tells (Linux): unlike the clock, it does not count other programs.
fn processor_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanos = text.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanos))
}

/// Kinds of made-up factors. Both have lengths that vary log-normally, as the popularity of items makes them vary.
#[derive(Debug, Clone, Copy)]
enum Data {
    /// Items gather around a thousand topics of very different size; a user likes three topics.
    Topics,
    /// No clusters: normal coordinates whose variance falls off as singular values do.
    Smooth,
}

impl Data {
    /// Items and users, row-major.
    fn make(self, args: &Args) -> (Vec<f32>, Vec<f32>) {
        let mut random = Pcg64Mcg::seed_from_u64(args.seed);
        let dim = args.dim;
        let spectrum: Vec<f32> = (1..=dim).map(|d| (d as f32).powf(-0.35)).collect();
        let topics: Vec<f32> = (0..1000).flat_map(|_| direction(&mut random, &spectrum)).collect();
        let topic = |random: &mut Pcg64Mcg| {
            // Squaring makes the first topics larger: one item in 32 is in the first of a thousand.
            let at = (random.random::<f32>().powi(2) * 1000.0) as usize % 1000;
            topics[at * dim..][..dim].to_vec()
        };
        let row = |random: &mut Pcg64Mcg, parts: &[f32], noise: f32, spread: f32| {
            let mut row: Vec<f32> = direction(random, &spectrum);
            if matches!(self, Data::Topics) {
                row.iter_mut().for_each(|x| *x *= noise);
                for part in parts {
                    milieu_vector::kernels::axpy(*part, &topic(random), &mut row);
                }
            }
            let length = milieu_vector::kernels::norm(&row).max(1e-6);
            let scale = (spread * normal(random)).exp() / length;
            row.iter_mut().for_each(|x| *x *= scale);
            row
        };
        let items = (0..args.vectors).flat_map(|_| row(&mut random, &[0.8, 0.3], 0.7, 0.4)).collect();
        let users = (0..args.queries + CALIBRATION)
            .flat_map(|_| row(&mut random, &[0.7, 0.5, 0.3], 0.5, 0.2))
            .collect();
        (items, users)
    }
}

fn direction(random: &mut Pcg64Mcg, spectrum: &[f32]) -> Vec<f32> {
    let mut row: Vec<f32> = spectrum.iter().map(|s| s * normal(random)).collect();
    let length = milieu_vector::kernels::norm(&row).max(1e-6);
    row.iter_mut().for_each(|x| *x /= length);
    row
}

/// A standard normal number, by the sum of twelve uniform ones.
fn normal(random: &mut Pcg64Mcg) -> f32 {
    (0..12).map(|_| random.random::<f32>()).sum::<f32>() - 6.0
}
