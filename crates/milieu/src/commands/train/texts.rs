//! Classifiers of texts.

use super::measured::Measured;
use super::progress::Progress;
use super::{Counts, Job, Ran, gate};
use crate::commands::now;
use crate::output::json;
use anyhow::Result;
use milieu_train::texts::{Distillation, Epoch, Recipe, Report, TrainEvent, draft, train_with};
use serde::Serialize;

/// The last line on standard output.
#[derive(Serialize)]
struct Summary<'a> {
    #[serde(flatten)]
    ran: Ran<'a>,
    classes: usize,
    left_out: usize,
    bad_lines: usize,
    #[serde(flatten)]
    test: Measured,
    #[serde(skip_serializing_if = "Option::is_none")]
    distilled: Option<Distilled<'a>>,
}

/// What a teacher brought.
#[derive(Serialize)]
struct Distilled<'a> {
    teacher: &'a str,
    more_texts: usize,
    teacher_accuracy: f64,
    agreement: f64,
    accuracy_alone: f64,
    macro_f1_alone: f64,
}

impl<'a> Distilled<'a> {
    /// Says it on standard error, too.
    fn said(found: &'a Distillation) -> Self {
        let Distillation { teacher, more, teacher_accuracy, agreement, alone } = found;
        eprintln!(
            "taught by {teacher}, which has {teacher_accuracy:.4}, with {more} texts that it labelled; both say the same of \
             {agreement:.4}. Without it: accuracy {:.4}, macro F1 {:.4}",
            alone.accuracy.mean, alone.macro_f1
        );
        Self {
            teacher,
            more_texts: *more,
            teacher_accuracy: *teacher_accuracy,
            agreement: *agreement,
            accuracy_alone: alone.accuracy.mean,
            macro_f1_alone: alone.macro_f1,
        }
    }
}

pub(super) fn run(job: &Job<'_>) -> Result<()> {
    let recipe = Recipe::read(&job.text, job.settings)?;
    let progress = Progress::new("reading");
    let registry = job.registry.as_ref();
    let trained = train_with(&recipe, job.folder(), registry, &mut |event| tell(&progress, event))?;
    progress.finish();
    let report = &trained.report;
    job.write("report.json", &serde_json::to_vec_pretty(report)?)?;
    let test = Measured::said(&report.test);
    let version = if report.passed { job.keep(&draft(&job.name, &trained, now())?)? } else { None };
    if job.json {
        json(&summary(job, report, test, version))?;
    }
    let wanted = &recipe.gate;
    gate(
        report.passed,
        format_args!("an accuracy of {} and a macro F1 of {}", wanted.accuracy, wanted.macro_f1),
    )
}

fn summary<'a>(job: &'a Job<'_>, report: &'a Report, test: Measured, version: Option<u32>) -> Summary<'a> {
    let (examples, epochs) = (report.parts, report.epochs.len());
    let counts = Counts { examples, parameters: report.parameters, epochs };
    let ran = job.ran((report.passed, version), counts, report.seconds);
    Summary {
        ran,
        classes: report.classes.len(),
        left_out: report.dropped.len(),
        bad_lines: report.bad.count,
        test,
        distilled: report.distillation.as_ref().map(Distilled::said),
    }
}

fn tell(progress: &Progress, event: TrainEvent) {
    match event {
        TrainEvent::Read { parts: [train, validation, test], classes, left_out, bad } => progress.say(&format!(
            "{train} texts to learn from, {validation} to choose by, {test} to measure with, of {classes} classes; \
             {left_out} left out, {bad} lines that are no examples"
        )),
        TrainEvent::Encoding { done, of } => progress.step("encoding", done, of),
        TrainEvent::Teaching { done, of } => progress.step("teaching", done, of),
        TrainEvent::Alone { accuracy } => {
            progress.say(&format!("without the teacher: test accuracy {accuracy:.4}"));
        }
        TrainEvent::Resumed { epochs } => progress.say(&format!("going on after epoch {epochs}")),
        TrainEvent::Step { epoch, done, of } => progress.step(&format!("epoch {epoch}"), done, of),
        TrainEvent::Epoch(epoch) => {
            let Epoch { epoch: number, loss, accuracy, macro_f1, log_loss, texts_per_second } = epoch;
            let line = format!(
                "epoch {number}: loss {loss:.4}, validation accuracy {accuracy:.4}, macro F1 {macro_f1:.4}, log loss \
                 {log_loss:.4}, {texts_per_second:.0} texts/s"
            );
            progress.epoch(&line, &epoch);
        }
    }
}
