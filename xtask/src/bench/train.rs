//! Steps of training against PyTorch: the same network, batch, optimiser and threads, in turns.

use super::median;
use super::python::{Talk, environment};
use anyhow::{Result, ensure};
use milieu_models::image::Image;
use milieu_nn::losses::{cross_entropy, smooth};
use milieu_nn::{Network, Optimiser, OptimiserConfig, Parameters, Tape, values};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

const SCRIPT: &str = include_str!("train/torch_peer.py");
const CLASSES: usize = 10;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Pictures of a step
    #[arg(long, default_value_t = 64)]
    batch: usize,
    /// Pixels across and down
    #[arg(long, default_value_t = 32)]
    side: usize,
    /// Channels of the first two convolutions; the other two have twice as many
    #[arg(long, default_value_t = 32)]
    width: usize,
    /// Threads of each side
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Steps of a turn
    #[arg(long, default_value_t = 30)]
    steps: usize,
    /// Turns of each side
    #[arg(long, default_value_t = 7)]
    repeats: usize,
    /// A Python that has torch; one is made where it is left out
    #[arg(long)]
    python: Option<PathBuf>,
    /// Leave PyTorch out
    #[arg(long)]
    alone: bool,
}

pub(crate) fn run(root: &Path, args: &Args) -> Result<()> {
    ensure!(
        args.repeats > 0 && args.steps > 0 && args.batch > 1,
        "steps, repeats and batch must be positive"
    );
    rayon::ThreadPoolBuilder::new().num_threads(args.threads).build_global()?;
    let mut peer = None;
    if !args.alone {
        let python = match &args.python {
            Some(python) => python.clone(),
            None => environment(&root.join("target/peers/torch"), &["torch", "numpy"], "torch")?,
        };
        let numbers = [args.batch, args.side, args.width, CLASSES, args.threads];
        let mut talk = Talk::start(
            Command::new(python).args(["-c", SCRIPT]).args(numbers.map(|number| number.to_string())),
        )?;
        let name = talk.answer()?;
        peer = Some((talk, name));
    }
    println!(
        "step      {}x3x{}x{}, four convolutions {w}, {w}, {}, {}, SGD; {} threads, {} turns of {} steps",
        args.batch,
        args.side,
        args.side,
        2 * args.width,
        2 * args.width,
        args.threads,
        args.repeats,
        args.steps,
        w = args.width
    );
    let mut side = Side::new(args)?;
    // What is done once, such as planning and growing pools, is no part of a step.
    side.steps(3);
    if let Some((talk, _)) = &mut peer {
        writeln!(talk.requests, "3")?;
        talk.answer()?;
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let pictures = (args.batch * args.steps) as f64;
    for turn in 1..=args.repeats {
        let start = Instant::now();
        side.steps(args.steps);
        ours.push(pictures / start.elapsed().as_secs_f64());
        print!("turn {turn}    milieu {:.0} pictures/s", ours[turn - 1]);
        if let Some((talk, name)) = &mut peer {
            writeln!(talk.requests, "{}", args.steps)?;
            theirs.push(pictures / talk.answer()?.parse::<f64>()?);
            print!(", {name} {:.0}", theirs[turn - 1]);
        }
        println!();
    }
    let mut ratios: Vec<f64> = ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs).collect();
    println!("milieu          {:8.0} pictures/s", median(&mut ours));
    if let Some((talk, name)) = peer {
        println!("{name:15} {:8.0} pictures/s", median(&mut theirs));
        println!("milieu is {:.2} times as fast (median of turns)", median(&mut ratios));
        talk.stop()?;
    }
    Ok(())
}

struct Side {
    network: Network,
    parameters: Parameters,
    optimiser: Optimiser,
    pictures: Vec<f32>,
    targets: Vec<f32>,
    batch: usize,
}

impl Side {
    fn new(args: &Args) -> Result<Self> {
        let layers = Image::Small { width: args.width }.layers(CLASSES);
        let (network, parameters) = Network::new(&layers, Image::input(args.side), 1)?;
        let sgd = OptimiserConfig::Sgd { momentum: 0.9, nesterov: true, weight_decay: 5e-4 };
        let length = args.batch * 3 * args.side * args.side;
        let pictures = (0..length).map(|place| (place * 7919 % 2003) as f32 / 1001.0 - 1.0).collect();
        let classes: Vec<usize> = (0..args.batch).map(|picture| picture % CLASSES).collect();
        let targets = smooth(&classes, CLASSES, 0.0);
        let optimiser = Optimiser::new(sgd);
        Ok(Self { network, parameters, optimiser, pictures, targets, batch: args.batch })
    }

    fn steps(&mut self, count: usize) {
        for _ in 0..count {
            let tape = Tape::training(&self.parameters, 1);
            let targets = tape.tensor(self.targets.clone(), [self.batch, CLASSES]);
            let loss = cross_entropy(self.network.forward(&tape, self.pictures.clone()), targets, None);
            std::hint::black_box(values(loss.clone()));
            let (gradients, _) = tape.gradients(&loss);
            self.optimiser.step(&mut self.parameters, &gradients, 0.01);
        }
    }
}
