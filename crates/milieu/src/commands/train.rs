//! `milieu train`: a model by a recipe.

use crate::cli::Train;
use crate::output::{Usage, bar, json};
use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use milieu_train::pictures::{self, Epoch, Recipe, Report, TrainEvent};
use milieu_train::search::Trial;
use serde::Serialize;
use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// The last line on standard output.
#[derive(Serialize)]
struct Summary<'a> {
    name: &'a str,
    folder: &'a Path,
    examples: [usize; 3],
    left_out: usize,
    parameters: usize,
    epochs: usize,
    seconds: f64,
    accuracy: f64,
    accuracy_low: f64,
    accuracy_high: f64,
    macro_f1: f64,
    log_loss: f64,
    calibration_error: f64,
    temperature: f64,
    passed: bool,
}

pub(super) fn run(args: &Train) -> Result<()> {
    let text = fs::read_to_string(&args.recipe)
        .map_err(|error| Usage(format!("{}: {error}", args.recipe.display())))?;
    let recipe = Recipe::read(&text, &args.set)
        .map_err(|error| Usage(format!("{}: {error}", args.recipe.display())))?;
    let name = args.recipe.file_stem().and_then(|stem| stem.to_str()).unwrap_or("model").to_owned();
    let folder = args.out.clone().unwrap_or_else(|| PathBuf::from("runs").join(&name));
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let mut progress = Progress::new();
    let trained = pictures::train(&recipe, &folder, &mut |event| progress.tell(event))?;
    progress.bar.finish_and_clear();
    let report = &trained.report;
    let page = pictures::html(&name, report, &trained.mistakes);
    write(&folder.join("report.html"), page.as_bytes())?;
    write(&folder.join("report.json"), &serde_json::to_vec_pretty(report)?)?;
    let test = &report.test;
    eprintln!(
        "test: accuracy {:.4} ({:.4} to {:.4}), macro F1 {:.4}, log loss {:.4}, calibration error {:.4}",
        test.accuracy.mean,
        test.accuracy.low,
        test.accuracy.high,
        test.macro_f1,
        test.log_loss,
        test.calibration_error
    );
    if args.json {
        json(&summary(&name, &folder, report))?;
    }
    if !report.passed {
        bail!("the gate asks for an accuracy of {}", recipe.gate.accuracy);
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).with_context(|| path.display().to_string())
}

fn summary<'a>(name: &'a str, folder: &'a Path, report: &Report) -> Summary<'a> {
    let test = &report.test;
    Summary {
        name,
        folder,
        examples: report.parts,
        left_out: report.cleaning.dropped.len(),
        parameters: report.parameters,
        epochs: report.epochs.len(),
        seconds: report.seconds,
        accuracy: test.accuracy.mean,
        accuracy_low: test.accuracy.low,
        accuracy_high: test.accuracy.high,
        macro_f1: test.macro_f1,
        log_loss: test.log_loss,
        calibration_error: test.calibration_error,
        temperature: test.temperature,
        passed: report.passed,
    }
}

/// A bar in a terminal, else a JSON line for each epoch; on standard error.
struct Progress {
    bar: ProgressBar,
    terminal: bool,
}

impl Progress {
    fn new() -> Self {
        let bar = bar(0, "reading", false);
        let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {per_sec} {eta}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar, terminal: std::io::stderr().is_terminal() }
    }

    fn tell(&mut self, event: TrainEvent) {
        match event {
            TrainEvent::Reading { files } => self.bar.set_position(files as u64),
            TrainEvent::Resumed { epochs } => self.say(&format!("going on after epoch {epochs}")),
            TrainEvent::Step { epoch, done, of } => {
                if self.bar.length() != Some(of as u64) || self.bar.position() > done as u64 {
                    self.bar.set_length(of as u64);
                    self.bar.reset();
                    self.bar.set_message(format!("epoch {epoch}"));
                }
                self.bar.set_position(done as u64);
            }
            TrainEvent::Trying { candidate, epochs } => {
                self.say(&format!("candidate {candidate}, {epochs} epochs"));
            }
            TrainEvent::Tried(Trial { candidate, score, .. }) => {
                self.say(&format!("candidate {} reached {score:.4}", candidate + 1));
            }
            TrainEvent::Epoch(epoch) if self.terminal => {
                let Epoch { epoch, loss, accuracy, log_loss, pictures_per_second } = epoch;
                self.say(&format!(
                    "epoch {epoch}: loss {loss:.4}, validation accuracy {accuracy:.4}, log loss {log_loss:.4}, \
                     {pictures_per_second:.0} pictures/s"
                ));
            }
            TrainEvent::Epoch(epoch) => {
                // A plain struct of numbers always becomes JSON.
                if let Ok(line) = serde_json::to_string(&epoch) {
                    eprintln!("{line}");
                }
            }
        }
    }

    fn say(&self, line: &str) {
        self.bar.suspend(|| eprintln!("{line}"));
    }
}
