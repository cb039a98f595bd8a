//! Throughput of the batcher against onnxruntime in Python: the same models, rows and threads, in turns.
//! Here every row is a request of its own, which the batcher puts together and takes apart again; there the
//! batch is made beforehand.

use super::median;
use super::python::{Talk, environment};
use anyhow::{Context, Result, ensure};
use milieu_inference::{BatchOptions, Batcher, Data, EngineChoice, Engines, LoadOptions, Signature, Tensor};
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const SCRIPT: &str = include_str!("infer/onnxruntime_peer.py");

/// Threads that spin for a while after their work would take the processor from the other side's turn.
const PAUSE: Duration = Duration::from_millis(100);

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The folder of pretrained models, with minilm-l6-v2-int8 and efficientnet-lite0
    #[arg(long)]
    models: PathBuf,
    /// Threads of each side
    #[arg(long, default_value_t = NonZeroUsize::MIN.saturating_add(1))]
    threads: NonZeroUsize,
    /// Batches of a turn
    #[arg(long, default_value_t = 4)]
    batches: usize,
    /// Turns of each side
    #[arg(long, default_value_t = 7)]
    repeats: usize,
    /// Only the workloads whose name contains this
    #[arg(long, default_value = "")]
    only: String,
    /// A Python that has onnxruntime; one is made where it is left out
    #[arg(long)]
    python: Option<PathBuf>,
}

/// One model and what it is given.
struct Workload {
    name: &'static str,
    file: &'static str,
    kind: &'static str,
    rows: usize,
    length: usize,
}

const WORKLOADS: [Workload; 3] = [
    Workload {
        name: "minilm 32x32",
        file: "minilm-l6-v2-int8/model.onnx",
        kind: "tokens",
        rows: 32,
        length: 32,
    },
    Workload {
        name: "minilm 32x128",
        file: "minilm-l6-v2-int8/model.onnx",
        kind: "tokens",
        rows: 32,
        length: 128,
    },
    Workload {
        name: "efficientnet-lite0 16",
        file: "efficientnet-lite0/model.onnx",
        kind: "pictures",
        rows: 16,
        length: 224,
    },
];

pub(crate) fn run(root: &Path, args: &Args) -> Result<()> {
    ensure!(args.repeats > 0 && args.batches > 0, "batches and repeats must be positive");
    let python = match &args.python {
        Some(python) => python.clone(),
        None => {
            let directory = root.join("target/peers/onnxruntime");
            environment(&directory, &["onnxruntime", "numpy"], "onnxruntime, numpy")?
        }
    };
    let mut peer = Talk::start(Command::new(python).args(["-c", SCRIPT]).arg(args.threads.to_string()))?;
    let greeting = peer.answer()?;
    let (version, library) = greeting.split_once(' ').context("Python greets in another way")?;
    println!(
        "inference  {} threads, {} batches a turn, {} turns of each side; onnxruntime {version}",
        args.threads, args.batches, args.repeats
    );
    let engines = [
        Engines::find(EngineChoice::OnnxRuntime, Some(Path::new(library)), args.threads)?,
        Engines::find(EngineChoice::Rten, None, args.threads)?,
    ];
    for workload in WORKLOADS.iter().filter(|workload| workload.name.contains(&args.only)) {
        compare(workload, args, &engines, &mut peer)?;
    }
    peer.stop()
}

fn compare(workload: &Workload, args: &Args, engines: &[Engines], peer: &mut Talk) -> Result<()> {
    let path = args.models.join(workload.file);
    let Workload { name, kind, rows, length, .. } = *workload;
    writeln!(peer.requests, "load\t{}\t{kind}\t{rows}\t{length}", path.display())?;
    let expected: f64 = peer.answer()?.parse()?;
    let mut sides = Vec::new();
    for engines in engines {
        let options = BatchOptions {
            permits: NonZeroUsize::new(args.batches * rows).context("no rows")?,
            most_rows: NonZeroUsize::new(rows).context("no rows")?,
            ..BatchOptions::default()
        };
        let engine = engines.load_file(&path, LoadOptions::default())?;
        let inputs = inputs(workload, engine.signature())?;
        let batcher = Batcher::start(engines.kind().name(), engine, options)?;
        let (_, given) = turn(&batcher, &inputs, 1)?;
        ensure!((given - expected).abs() < 1e-3 * expected, "{name}: {given} where {expected} is due");
        sides.push((batcher, inputs, Vec::new()));
    }
    let mut theirs = Vec::new();
    for _ in 0..args.repeats {
        for (batcher, inputs, seconds) in &mut sides {
            std::thread::sleep(PAUSE);
            seconds.push(turn(batcher, inputs, args.batches)?.0);
        }
        std::thread::sleep(PAUSE);
        writeln!(peer.requests, "run\t{}", args.batches)?;
        theirs.push(peer.answer()?.parse()?);
    }
    let requests = (args.batches * rows) as f64;
    let theirs = requests / median(&mut theirs);
    println!("{name:22} {:12} {theirs:8.1} rows/s", "Python");
    for (batcher, _, mut seconds) in sides {
        let ours = requests / median(&mut seconds);
        let metrics = batcher.metrics();
        println!(
            "{name:22} {:12} {ours:8.1} rows/s  {:5.2} of Python's; {:.1} rows a batch",
            batcher.version(),
            ours / theirs,
            metrics.rows as f64 / metrics.batches as f64,
        );
    }
    Ok(())
}

/// The rows of one batch, each as a request of its own.
fn inputs(workload: &Workload, signature: &Signature) -> Result<Vec<Vec<Tensor>>> {
    let (length, pixels) = (workload.length, 3 * workload.length * workload.length);
    let row = |row: usize| -> Result<Vec<Tensor>> {
        if workload.kind == "pictures" {
            let numbers = row * pixels..(row + 1) * pixels;
            let values = numbers.map(|number| ((number * 31 % 256) as f32 - 127.0) / 128.0);
            return Ok(vec![Tensor::new(vec![1, 3, length, length], Data::F32(values.collect()))?]);
        }
        let tokens = |name: &str| -> Vec<i64> {
            let ids = row * length..(row + 1) * length;
            match name {
                "input_ids" => ids.map(|at| 1000 + (at * 7919 % 20_000) as i64).collect(),
                "attention_mask" => vec![1; length],
                _ => vec![0; length],
            }
        };
        let tensor = |name: &str| Tensor::new(vec![1, length], Data::I64(tokens(name)));
        Ok(signature.inputs.iter().map(|port| tensor(&port.name)).collect::<Result<_, _>>()?)
    };
    (0..workload.rows).map(row).collect()
}

/// Hands in every row `batches` times and waits for all answers. Gives the seconds, and the mean absolute
/// value of the first output.
fn turn(batcher: &Batcher, inputs: &[Vec<Tensor>], batches: usize) -> Result<(f64, f64)> {
    let requests: Vec<Vec<Tensor>> = (0..batches).flat_map(|_| inputs.to_vec()).collect();
    let start = Instant::now();
    let mut pending = Vec::with_capacity(requests.len());
    for request in requests {
        pending.push(batcher.submit(request, None)?);
    }
    let mut answers = Vec::with_capacity(pending.len());
    for pending in pending {
        answers.push(pending.wait()?);
    }
    let seconds = start.elapsed().as_secs_f64();
    let (mut sum, mut count) = (0.0, 0);
    for answer in answers {
        let values = answer.outputs.first().and_then(Tensor::as_f32).context("no floats came out")?;
        sum += values.iter().map(|value| f64::from(value.abs())).sum::<f64>();
        count += values.len();
    }
    Ok((seconds, sum / count as f64))
}
