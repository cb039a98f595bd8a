//! The report as a table for people.

use super::feed::Report;
use std::fmt::Write;

/// Writes the report as aligned text.
#[must_use]
pub fn table(report: &Report) -> String {
    let mut out = String::new();
    let mut line = |text: std::fmt::Arguments<'_>| {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{text}");
    };
    line(format_args!(
        "{} users, {} items, {} ratings, {} ties",
        report.users, report.items, report.ratings, report.ties
    ));
    line(format_args!(
        "{:>5} {:<13} {:>6} {:>6} {:>6} {:>10} {:>9} {:>8} {:>8}",
        "split", "model", "users", "cold", "tried", "valid ndcg", "search s", "train s", "test s"
    ));
    for run in &report.runs {
        line(format_args!(
            "{:>5} {:<13} {:>6} {:>6} {:>6} {:>10.4} {:>9.1} {:>8.1} {:>8.1}",
            run.seed,
            run.search.chosen.model.name(),
            run.users,
            run.cold_users,
            run.search.tried,
            run.search.ndcg,
            run.search_seconds,
            run.train_seconds,
            run.test_seconds
        ));
    }
    line(format_args!("{:<14} {:>8} {:>8} {:>8}", "measure", "mean", "95% from", "to"));
    for (name, interval) in &report.metrics {
        line(format_args!("{name:<14} {:>8.4} {:>8.4} {:>8.4}", interval.mean, interval.low, interval.high));
    }
    match report.peak_megabytes {
        Some(peak) => line(format_args!("{:.1} s in all, at most {peak:.0} MB", report.seconds)),
        None => line(format_args!("{:.1} s in all", report.seconds)),
    }
    out
}
