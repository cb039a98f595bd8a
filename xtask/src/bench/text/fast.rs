//! The fast model against fastText: the same texts, the same kinds of n-grams, the same sizes.

use super::super::python::Talk;
use super::{Against, Args, Pair, data};
use anyhow::{Context, Result, ensure};
use milieu_content::{Classifier, Scale, TextClassifier};
use milieu_inference::{Engine, EngineChoice, Engines, LoadOptions, Tensor, join};
use milieu_registry::{ModelCard, Registry};
use milieu_train::texts::{Recipe, draft, train};
use milieu_types::Timestamp;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

const SCRIPT: &str = include_str!("fasttext_peer.py");
/// The name it is published under.
pub(super) const NAME: &str = "tone";
/// Every such text is measured with.
const MEASURED: usize = 10;
/// Texts of a run of the engine.
const TOGETHER: usize = 32;
/// fastText's usual rate for classifiers, raised to what its guide suggests.
const RATE: f64 = 0.5;

/// What was found.
#[derive(Debug, Serialize)]
pub(super) struct Found {
    /// Texts a second that are predicted, on one thread each.
    predicted: Against,
    /// The same with all threads that a side can use; fastText predicts on one.
    predicted_with_all_threads: Against,
    /// Texts a second that are learnt from.
    learnt: Against,
    accuracy: f64,
    their_accuracy: f64,
}

pub(super) fn run(root: &Path, args: &Args, pairs: &[Pair], python: &Path, folder: &Path) -> Result<Found> {
    let (measured, learnt): (Vec<_>, Vec<_>) =
        pairs.iter().enumerate().partition(|(number, _)| number % MEASURED == 0);
    let measured: Vec<&Pair> = measured.into_iter().map(|(_, pair)| pair).collect();
    let learnt: Vec<&Pair> = learnt.into_iter().map(|(_, pair)| pair).collect();
    let text = fs::read_to_string(root.join("recipes/text-classification.toml"))?;
    let tables = [("train", &learnt), ("test", &measured)].map(|(name, pairs)| (folder.join(name), pairs));
    for (path, pairs) in &tables {
        fs::write(path.with_extension("tsv"), table(pairs))?;
        fs::write(path.with_extension("txt"), lines(pairs))?;
    }
    let table = |place: usize| tables[place].0.with_extension("tsv");
    let recipe = Recipe::read(
        &text,
        &[
            format!("data.train={:?}", table(0)),
            format!("data.test={:?}", table(1)),
            "data.clean=false".to_owned(),
            "train.epochs=5".to_owned(),
            "train.patience=0".to_owned(),
        ],
    )?;
    let mut peer = Talk::start(Command::new(python).args(["-c", SCRIPT]))?;
    peer.answer()?;
    let (ours, theirs) = learn(args, &recipe, &table(0).with_extension("txt"), folder, &mut peer)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(args.threads.get()).build()?;
    let trained =
        pool.install(|| train(&recipe, &fresh(folder)?, &mut |_| {}).map_err(anyhow::Error::from))?;
    let registry = Registry::open(milieu_server::store::models_dir(&data(folder)))?;
    let at = Timestamp::from_secs(0);
    let version = registry.publish(&draft(NAME, &trained, at)?)?.version;
    registry.promote(NAME, version, at)?;

    let texts: Vec<&str> =
        measured.iter().chain(&learnt).take(args.texts).map(|pair| pair.0.as_str()).collect();
    let predicted_texts: Vec<&Pair> = measured.iter().chain(&learnt).take(args.texts).copied().collect();
    fs::write(folder.join("predicted.txt"), lines(&predicted_texts))?;
    writeln!(peer.requests, "texts\t{}", folder.join("test.txt").display())?;
    let their_accuracy: f64 = peer.answer()?.parse()?;
    writeln!(peer.requests, "texts\t{}", folder.join("predicted.txt").display())?;
    peer.answer()?;
    let mut found = Vec::new();
    for threads in [NonZeroUsize::MIN, args.threads] {
        let mut served = Served::load(&registry, version, threads)?;
        served.predict(&texts)?;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..args.repeats {
            let start = Instant::now();
            let said = served.predict(&texts)?;
            ours.push(start.elapsed().as_secs_f64());
            ensure!(said == texts.len(), "{said} of {} texts were predicted", texts.len());
            writeln!(peer.requests, "run")?;
            theirs.push(peer.answer()?.parse()?);
        }
        found.push(Against::of(texts.len(), &ours, &theirs));
    }
    peer.stop()?;
    let learnt = Against::of(learnt.len() * recipe.train.epochs, &ours, &theirs);
    let accuracy = trained.report.test.accuracy.mean;
    let said = |what: &str, Against { ours, theirs, ratio }: Against| {
        println!("fast       {what:<22} {ours:9.0} texts/s, fastText {theirs:9.0}, {ratio:5.2} of it");
    };
    said("predicted, one thread", found[0]);
    said("predicted, all threads", found[1]);
    said("learnt from", learnt);
    println!("fast       accuracy {accuracy:.4}, fastText {their_accuracy:.4}");
    Ok(Found { predicted: found[0], predicted_with_all_threads: found[1], learnt, accuracy, their_accuracy })
}

/// The seconds of learning of both sides, in turns.
fn learn(
    args: &Args,
    recipe: &Recipe,
    lines: &Path,
    folder: &Path,
    peer: &mut Talk,
) -> Result<(Vec<f64>, Vec<f64>)> {
    let grams = &recipe.model.grams;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(args.threads.get()).build()?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..args.repeats.min(3) {
        let trained =
            pool.install(|| train(recipe, &fresh(folder)?, &mut |_| {}).map_err(anyhow::Error::from))?;
        ours.push(trained.report.seconds);
        writeln!(
            peer.requests,
            "train\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{RATE}\t{}",
            lines.display(),
            recipe.model.width,
            grams.words,
            grams.shortest,
            grams.longest,
            grams.rows,
            recipe.train.epochs,
            args.threads
        )?;
        theirs.push(peer.answer()?.parse()?);
    }
    Ok((ours, theirs))
}

/// A folder without a checkpoint.
fn fresh(folder: &Path) -> Result<std::path::PathBuf> {
    let run = folder.join("run");
    if run.exists() {
        fs::remove_dir_all(&run)?;
    }
    fs::create_dir_all(&run)?;
    Ok(run)
}

fn table(pairs: &[&Pair]) -> String {
    let mut out = String::from("text\tlabel\n");
    for (text, label) in pairs {
        // The only effect of writing to a string is the string.
        let _ = writeln!(out, "{text}\t{label}");
    }
    out
}

fn lines(pairs: &[&Pair]) -> String {
    let mut out = String::new();
    for (text, label) in pairs {
        let _ = writeln!(out, "__label__{label} {text}");
    }
    out
}

/// A version as a server has it, without the server.
struct Served {
    classifier: Arc<TextClassifier>,
    engine: Box<dyn Engine>,
    pool: rayon::ThreadPool,
}

impl Served {
    fn load(registry: &Registry, version: u32, threads: NonZeroUsize) -> Result<Self> {
        let card = ModelCard::of(&registry.manifest(NAME, version)?)?;
        let loaded = registry.load(NAME, version)?;
        let bytes = loaded.files.get(&card.model_file).context("it has no graph")?;
        let engine = Engines::find(EngineChoice::Rten, None, threads)?.load(bytes, LoadOptions::default())?;
        let file = |name: &str| loaded.files.get(name).cloned();
        let classifier = Classifier::new(&card, engine.signature(), Scale::Logits, &file)?.of_texts()?;
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.get()).build()?;
        Ok(Self { classifier, engine, pool })
    }

    /// From texts to labels with probabilities; gives how many texts have some.
    fn predict(&mut self, texts: &[&str]) -> Result<usize> {
        let Self { classifier, engine, pool } = self;
        let mut said = 0;
        for some in texts.chunks(1024) {
            let prepared: Vec<Option<Vec<Tensor>>> = pool.install(|| {
                some.par_iter().map(|text| classifier.prepare(text).map(|prepared| prepared.inputs)).collect()
            });
            let mut shapes: BTreeMap<usize, Vec<&Vec<Tensor>>> = BTreeMap::new();
            for inputs in prepared.iter().flatten() {
                shapes.entry(inputs.iter().map(|input| input.data().len()).sum()).or_default().push(inputs);
            }
            for batch in shapes.values().flat_map(|inputs| inputs.chunks(TOGETHER)) {
                let count = batch.first().map_or(0, |inputs| inputs.len());
                let joined = (0..count).map(|place| join(batch.iter().map(|inputs| &inputs[place])));
                let outputs = engine.run(&joined.collect::<Option<Vec<_>>>().context("one shape")?)?;
                let output = outputs.first().context("no output")?;
                let width = output.shape().last().copied().context("no classes")?;
                for row in output.as_f32().context("no numbers")?.chunks_exact(width) {
                    let row = Tensor::new(vec![1, width], milieu_inference::Data::F32(row.to_vec()))?;
                    said += usize::from(!classifier.classes(&[row], 1)?.is_empty());
                }
            }
        }
        Ok(said)
    }
}
