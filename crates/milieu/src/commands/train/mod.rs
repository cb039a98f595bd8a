//! `milieu train`: a model by a recipe, whatever its task.

mod measured;
mod pictures;
mod progress;
mod sequences;
mod slots;
mod texts;

use super::now;
use crate::child::alone_in;
use crate::cli::Train;
use crate::output::Usage;
use anyhow::{Context, Result, bail};
use milieu_registry::{Draft, Registry};
use milieu_server::store::models_dir;
use milieu_train::Task;
use milieu_train::pictures::RecipeError;
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};

/// What a run is told by the command line.
struct Job<'a> {
    name: String,
    folder: PathBuf,
    text: String,
    settings: &'a [String],
    json: bool,
    /// Where the model is published, if anywhere.
    registry: Option<Registry>,
    promote: bool,
}

/// What the last line on standard output says of every run.
#[derive(Serialize)]
struct Ran<'a> {
    name: &'a str,
    folder: &'a Path,
    /// Of the training, validation and test part.
    examples: [usize; 3],
    parameters: usize,
    epochs: usize,
    seconds: f64,
    passed: bool,
    version: Option<u32>,
}

/// How much a run learnt, and from what.
struct Counts {
    examples: [usize; 3],
    parameters: usize,
    epochs: usize,
}

pub(super) fn run(args: &Train) -> Result<()> {
    let usage = |error: &dyn std::fmt::Display| Usage(format!("{}: {error}", args.recipe.display()));
    let text = fs::read_to_string(&args.recipe).map_err(|error| usage(&error))?;
    let task = Task::of(&text).map_err(|error| usage(&error))?;
    let stem = args.recipe.file_stem().and_then(|stem| stem.to_str()).unwrap_or("model");
    let name = args.name.clone().unwrap_or_else(|| stem.to_owned());
    let folder = args.out.clone().unwrap_or_else(|| PathBuf::from("runs").join(&name));
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let _alone = alone_in(&folder)?;
    let registry = args.data.as_deref().map(|data| Registry::open(models_dir(data))).transpose()?;
    let job =
        Job { name, folder, text, settings: &args.set, json: args.json, registry, promote: args.promote };
    let refused = match task {
        Task::ImageClassification => pictures::run(&job),
        Task::NextItem => sequences::run(&job),
        Task::TextClassification => texts::run(&job),
        Task::TextSlots => slots::run(&job),
    };
    refused.map_err(|error| match error.downcast::<RecipeError>() {
        Ok(error) => usage(&error).into(),
        Err(error) => error,
    })
}

impl Job<'_> {
    /// Writes a file of the run.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.folder.join(name);
        fs::write(&path, bytes).with_context(|| path.display().to_string())
    }

    /// What came of a run, by figures that every report has.
    fn ran(&self, (passed, version): (bool, Option<u32>), counts: Counts, seconds: f64) -> Ran<'_> {
        let Counts { examples, parameters, epochs } = counts;
        Ran { name: &self.name, folder: &self.folder, examples, parameters, epochs, seconds, passed, version }
    }

    /// Writes the files of a version beside the report, and publishes it where that is wanted; gives its number.
    fn keep(&self, draft: &Draft) -> Result<Option<u32>> {
        for (name, bytes) in &draft.files {
            self.write(name, bytes)?;
        }
        self.publish(draft)
    }

    /// Publishes a version, where that is wanted, and gives its number.
    fn publish(&self, draft: &Draft) -> Result<Option<u32>> {
        let Some(registry) = &self.registry else { return Ok(None) };
        let version = registry.publish(draft)?.version;
        eprintln!("published {} {version}", self.name);
        if self.promote {
            registry.promote(&self.name, version, now())?;
        }
        Ok(Some(version))
    }

    fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Fails where the gate is not passed.
fn gate(passed: bool, wanted: std::fmt::Arguments<'_>) -> Result<()> {
    if !passed {
        bail!("the gate asks for {wanted}");
    }
    Ok(())
}
