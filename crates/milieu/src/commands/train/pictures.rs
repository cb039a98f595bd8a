//! Classifiers of pictures.

use super::measured::Measured;
use super::progress::Progress;
use super::{Counts, Job, Ran, gate};
use crate::commands::now;
use crate::output::json;
use anyhow::Result;
use milieu_train::MODEL_FILE;
use milieu_train::pictures::{Epoch, Recipe, Report, TrainEvent, Trained, draft, html, train};
use milieu_train::search::Trial;
use serde::Serialize;

/// The last line on standard output.
#[derive(Serialize)]
struct Summary<'a> {
    #[serde(flatten)]
    ran: Ran<'a>,
    left_out: usize,
    #[serde(flatten)]
    test: Measured,
}

pub(super) fn run(job: &Job<'_>) -> Result<()> {
    let recipe = Recipe::read(&job.text, job.settings)?;
    let progress = Progress::new("reading");
    let trained = train(&recipe, job.folder(), &mut |event| tell(&progress, event))?;
    progress.finish();
    let report = &trained.report;
    job.write("report.html", html(&job.name, report, &trained.mistakes).as_bytes())?;
    job.write("report.json", &serde_json::to_vec_pretty(report)?)?;
    let test = Measured::said(&report.test);
    let version = if report.passed { publish(job, &trained)? } else { None };
    if job.json {
        json(&summary(job, report, test, version))?;
    }
    gate(report.passed, format_args!("an accuracy of {}", recipe.gate.accuracy))
}

/// Writes the graph beside the report, and publishes a version where that is wanted.
fn publish(job: &Job<'_>, trained: &Trained) -> Result<Option<u32>> {
    let draft = draft(&job.name, trained, now())?;
    for (name, bytes) in draft.files.iter().filter(|(name, _)| name == MODEL_FILE) {
        job.write(name, bytes)?;
    }
    job.publish(&draft)
}

fn summary<'a>(job: &'a Job<'_>, report: &Report, test: Measured, version: Option<u32>) -> Summary<'a> {
    let (examples, epochs) = (report.parts, report.epochs.len());
    let counts = Counts { examples, parameters: report.parameters, epochs };
    let ran = job.ran((report.passed, version), counts, report.seconds);
    Summary { ran, left_out: report.cleaning.dropped.len(), test }
}

fn tell(progress: &Progress, event: TrainEvent) {
    match event {
        TrainEvent::Reading { files } => progress.read(files),
        TrainEvent::Encoding { done, of } => progress.step("encoding", done, of),
        TrainEvent::Resumed { epochs } => progress.say(&format!("going on after epoch {epochs}")),
        TrainEvent::Step { epoch, done, of } => progress.step(&format!("epoch {epoch}"), done, of),
        TrainEvent::Judging { fold, folds } => {
            progress.say(&format!("looking for wrong labels, {fold} of {folds}"));
        }
        TrainEvent::Trying { candidate, epochs } => {
            progress.say(&format!("candidate {candidate}, {epochs} epochs"));
        }
        TrainEvent::Tried(Trial { candidate, score, .. }) => {
            progress.say(&format!("candidate {} reached {score:.4}", candidate + 1));
        }
        TrainEvent::Epoch(epoch) => {
            let Epoch { epoch: number, loss, accuracy, log_loss, pictures_per_second } = epoch;
            let line = format!(
                "epoch {number}: loss {loss:.4}, validation accuracy {accuracy:.4}, log loss {log_loss:.4}, \
                 {pictures_per_second:.0} pictures/s"
            );
            progress.epoch(&line, &epoch);
        }
    }
}
