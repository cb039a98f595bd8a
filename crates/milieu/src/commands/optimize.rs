//! `milieu models optimize` and `milieu models evaluate`.

use super::models::{existing, version_of};
use super::now;
use crate::child::alone_in;
use crate::cli::{EvaluateModel, Measuring, OptimizeModel};
use crate::output::json;
use anyhow::{Context, Result, bail};
use milieu_train::optimise::{
    EngineChoice, Engines, ExamplesConfig, Measured, Method, Optimisation, Optimised, measure_version,
    optimise,
};
use serde::Serialize;
use std::fs;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// The last line on standard output.
#[derive(Serialize)]
struct Summary<'a> {
    name: &'a str,
    parent: u32,
    /// The new version; none where the gate is not passed.
    version: Option<u32>,
    #[serde(flatten)]
    optimised: &'a Optimised,
}

pub(super) fn evaluate(args: &EvaluateModel) -> Result<()> {
    let registry = existing(&args.on)?;
    let version = version_of(&registry, &args.model)?;
    let Measuring { library, .. } = &args.measuring;
    let engines = Engines::find(engine(&args.measuring)?, library.as_deref(), threads(&args.measuring))?;
    let name = &args.model.name;
    let measured = measure_version(&registry, (name, version), &examples(&args.measuring), &engines)?;
    eprintln!("{name} {version} in {}: {}", engines.kind().name(), shown(&measured));
    if args.on.json {
        json(&measured)?;
    }
    Ok(())
}

pub(super) fn run(args: &OptimizeModel) -> Result<()> {
    let registry = existing(&args.on)?;
    let version = version_of(&registry, &args.model)?;
    let name = &args.model.name;
    let (share, epochs) = (args.share, args.epochs);
    let method = match args.method.as_str() {
        "int8" => Method::Int8,
        "int8-dynamic" => Method::Int8Dynamic,
        "int8-weights" => Method::Int8Weights,
        "half" => Method::Half,
        "magnitude" => Method::Magnitude { share, epochs },
        _ => Method::Channels { share, epochs },
    };
    let default = || PathBuf::from("runs").join(format!("{name}-{version}-{}", args.method));
    let folder = args.out.clone().unwrap_or_else(default);
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let _alone = alone_in(&folder)?;
    let wanted = Optimisation {
        name: name.clone(),
        version,
        method,
        examples: examples(&args.measuring),
        most_lost: args.most_lost / 100.0,
        folder,
        engine: engine(&args.measuring)?,
        library: args.measuring.library.clone(),
        threads: threads(&args.measuring),
    };
    let (optimised, draft) = optimise(&registry, &wanted, now(), &mut |line| eprintln!("{line}"))?;
    let made = draft.map(|draft| registry.publish(&draft)).transpose()?.map(|manifest| manifest.version);
    eprintln!("before: {}", shown(&optimised.before));
    eprintln!("after:  {}", shown(&optimised.after));
    eprintln!(
        "{:.2} points lost ({:.2} to {:.2}), {:.2} times as fast in {}, {:.2} of the size",
        optimised.lost.mean * 100.0,
        optimised.lost.low * 100.0,
        optimised.lost.high * 100.0,
        optimised.speedup,
        optimised.engine,
        optimised.after.bytes as f64 / optimised.before.bytes.max(1) as f64
    );
    if let Some(made) = made {
        eprintln!("published {name} {made} as a candidate");
    }
    if args.on.json {
        json(&Summary { name, parent: version, version: made, optimised: &optimised })?;
    }
    if !optimised.passed {
        bail!("it loses more than {} points and is not published", args.most_lost);
    }
    Ok(())
}

fn shown(measured: &Measured) -> String {
    let accuracy = &measured.figures.accuracy;
    format!(
        "accuracy {:.4} ({:.4} to {:.4}), {:.0} examples/s, {} bytes",
        accuracy.mean, accuracy.low, accuracy.high, measured.examples_per_second, measured.bytes
    )
}

fn examples(measuring: &Measuring) -> ExamplesConfig {
    let Measuring { examples, most, text, label, .. } = measuring;
    let (path, text, label) = (examples.clone(), text.clone(), label.clone());
    ExamplesConfig { path, most: *most, seed: 1, text, label }
}

fn engine(measuring: &Measuring) -> Result<EngineChoice> {
    Ok(measuring.engine.parse()?)
}

fn threads(measuring: &Measuring) -> NonZeroUsize {
    let all = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    measuring.threads.unwrap_or_else(all)
}
