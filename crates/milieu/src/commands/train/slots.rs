//! What finds the labelled parts of texts.

use super::measured::Measured;
use super::progress::Progress;
use super::{Counts, Job, Ran, gate};
use crate::commands::now;
use crate::output::json;
use anyhow::Result;
use milieu_train::slots::{Epoch, Recipe, Report, SlotFigures, TrainEvent, draft, train};
use serde::Serialize;

/// The last line on standard output.
#[derive(Serialize)]
struct Summary<'a> {
    #[serde(flatten)]
    ran: Ran<'a>,
    classes: usize,
    labels: usize,
    left_out: usize,
    bad_lines: usize,
    #[serde(flatten)]
    intent: Option<Measured>,
    slot_precision: f64,
    slot_recall: f64,
    slot_f1: f64,
    slot_f1_low: f64,
    slot_f1_high: f64,
    sentence: f64,
    sentence_low: f64,
    sentence_high: f64,
}

pub(super) fn run(job: &Job<'_>) -> Result<()> {
    let recipe = Recipe::read(&job.text, job.settings)?;
    let progress = Progress::new("reading");
    let trained = train(&recipe, job.folder(), &mut |event| tell(&progress, event))?;
    progress.finish();
    let report = &trained.report;
    job.write("report.json", &serde_json::to_vec_pretty(report)?)?;
    let intent = report.test.intent.as_ref().map(Measured::said);
    let SlotFigures { slots, slot_f1: f1, sentence: all, .. } = &report.test;
    eprintln!(
        "test: slot F1 {:.4} ({:.4} to {:.4}), precision {:.4}, recall {:.4}; all right in {:.4} ({:.4} to {:.4})",
        f1.mean, f1.low, f1.high, slots.precision, slots.recall, all.mean, all.low, all.high
    );
    let version = if report.passed { job.keep(&draft(&job.name, &trained, now())?)? } else { None };
    if job.json {
        json(&summary(job, report, intent, version))?;
    }
    let wanted = &recipe.gate;
    gate(
        report.passed,
        format_args!(
            "an accuracy of {}, a slot F1 of {} and all right in {}",
            wanted.accuracy, wanted.slot_f1, wanted.sentence
        ),
    )
}

fn summary<'a>(
    job: &'a Job<'_>,
    report: &Report,
    intent: Option<Measured>,
    version: Option<u32>,
) -> Summary<'a> {
    let (examples, epochs) = (report.parts, report.epochs.len());
    let counts = Counts { examples, parameters: report.parameters, epochs };
    let ran = job.ran((report.passed, version), counts, report.seconds);
    let test = &report.test;
    Summary {
        ran,
        classes: report.classes.len(),
        labels: report.labels.len(),
        left_out: report.dropped.len(),
        bad_lines: report.bad.count,
        intent,
        slot_precision: test.slots.precision,
        slot_recall: test.slots.recall,
        slot_f1: test.slot_f1.mean,
        slot_f1_low: test.slot_f1.low,
        slot_f1_high: test.slot_f1.high,
        sentence: test.sentence.mean,
        sentence_low: test.sentence.low,
        sentence_high: test.sentence.high,
    }
}

fn tell(progress: &Progress, event: TrainEvent) {
    match event {
        TrainEvent::Read { parts: [train, validation, test], classes, labels, left_out, bad } => {
            progress.say(&format!(
                "{train} texts to learn from, {validation} to choose by, {test} to measure with, of {classes} classes with \
                 {labels} labels of parts; {left_out} left out, {bad} lines that are no examples"
            ));
        }
        TrainEvent::Resumed { epochs } => progress.say(&format!("going on after epoch {epochs}")),
        TrainEvent::Step { epoch, done, of } => progress.step(&format!("epoch {epoch}"), done, of),
        TrainEvent::Epoch(epoch) => {
            let Epoch { epoch: number, loss, accuracy, slot_f1, sentence, texts_per_second } = epoch;
            let line = format!(
                "epoch {number}: loss {loss:.4}, validation accuracy {accuracy:.4}, slot F1 {slot_f1:.4}, all right in \
                 {sentence:.4}, {texts_per_second:.0} texts/s"
            );
            progress.epoch(&line, &epoch);
        }
    }
}
