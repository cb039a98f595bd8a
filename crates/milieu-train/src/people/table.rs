//! The report as a table for people.

use super::links::LinkReport;
use std::fmt::Write;

/// Writes the report as aligned text.
#[must_use]
pub fn link_table(report: &LinkReport) -> String {
    let mut out = String::new();
    let mut line = |text: std::fmt::Arguments<'_>| {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{text}");
    };
    let hidden: usize = report.seeds.iter().map(|seed| seed.hidden).sum();
    line(format_args!(
        "{} nodes, {} links; {} seeds, {} hidden each",
        report.nodes,
        report.links,
        report.seeds.len(),
        hidden / report.seeds.len().max(1)
    ));
    let kinds: Vec<&str> =
        report.scores.first().map(|score| score.hard.keys().copied().collect()).unwrap_or_default();
    let heads: String =
        kinds.iter().map(|kind| format!(" {:>30}", format!("{kind}: mrr, hits@10"))).collect();
    line(format_args!("{:<24} {:>15} {:>8}{heads}", "score", "auc", "hits@50"));
    for score in &report.scores {
        let hard: String = score
            .hard
            .values()
            .map(|hard| format!(" {:>21.4} {:>8.4}", hard.mrr.mean, hard.hits_at_10.mean))
            .collect();
        let auc = format!("{:.4} ±{:.4}", score.auc.mean, score.auc.deviation);
        line(format_args!("{:<24} {auc:>15} {:>8.4}{hard}", score.score, score.hits_at_50.mean));
    }
    for (measure, gain) in &report.gain {
        line(format_args!("{measure}: {:+.1} % beside the best single score", gain * 100.0));
    }
    out
}
