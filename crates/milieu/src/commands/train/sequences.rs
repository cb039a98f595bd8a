//! What comes next in sequences of items.

use super::progress::Progress;
use super::{Counts, Job, Ran, gate};
use crate::commands::now;
use crate::output::json;
use anyhow::Result;
use milieu_train::sequences::{Epoch, Figures, Recipe, TrainEvent, draft, train};
use serde::Serialize;

/// The last line on standard output.
#[derive(Serialize)]
struct Summary<'a> {
    #[serde(flatten)]
    ran: Ran<'a>,
    test: &'a Figures,
}

pub(super) fn run(job: &Job<'_>) -> Result<()> {
    let recipe = Recipe::read(&job.text, job.settings)?;
    let progress = Progress::new("reading");
    let (report, learnt) = train(&recipe, job.folder(), &mut |event| tell(&progress, event))?;
    progress.finish();
    job.write("report.json", &serde_json::to_vec_pretty(&report)?)?;
    let test = &report.test;
    let of = |(k, share): (&usize, &milieu_train::eval::Interval)| {
        format!("@{k} {:.4} ({:.4} to {:.4})", share.mean, share.low, share.high)
    };
    let hits: Vec<String> = test.hit_rate.iter().map(of).collect();
    let gains: Vec<String> = test.ndcg.iter().map(of).collect();
    eprintln!("test: hit rate {}; NDCG {}; MRR {:.4}", hits.join(", "), gains.join(", "), test.mrr.mean);
    let version = if report.passed { job.keep(&draft(&job.name, &report, &learnt, now())?)? } else { None };
    if job.json {
        let (examples, epochs) = (report.parts, report.epochs.len());
        let counts = Counts { examples, parameters: report.parameters, epochs };
        let ran = job.ran((report.passed, version), counts, report.seconds);
        json(&Summary { ran, test })?;
    }
    let wanted = &recipe.gate;
    gate(
        report.passed,
        format_args!("a hit rate @10 of {} and an NDCG @10 of {}", wanted.hit_rate, wanted.ndcg),
    )
}

fn tell(progress: &Progress, event: TrainEvent) {
    match event {
        TrainEvent::Read { users, items } => progress.say(&format!("{users} users, {items} items")),
        TrainEvent::Resumed { epochs } => progress.say(&format!("going on after epoch {epochs}")),
        TrainEvent::Step { epoch, done, steps } => progress.step(&format!("epoch {epoch}"), done, steps),
        TrainEvent::Epoch(epoch) => {
            let Epoch { epoch: number, loss, hit_rate, ndcg, sequences_per_second } = epoch;
            let line = format!(
                "epoch {number}: loss {loss:.4}, validation hit rate @10 {hit_rate:.4}, NDCG @10 {ndcg:.4}, \
                 {sequences_per_second:.0} sequences/s"
            );
            progress.epoch(&line, &epoch);
        }
    }
}
