//! `milieu eval signs`: signs of ties in the order of time.

use super::shared::{edges, shown, table};
use crate::cli::EvalSigns;
use crate::output::json;
use anyhow::Result;
use milieu_people::signs::{Quality, SignConfig, SignedEdge, evaluate};

pub(super) fn run(args: &EvalSigns) -> Result<()> {
    let list = edges(&args.edges)?;
    let timed = list.is_timed();
    let mut signed: Vec<SignedEdge> = list
        .edges
        .iter()
        .enumerate()
        .filter(|(_, edge)| edge.weight != 0.0)
        .map(|(place, edge)| SignedEdge {
            from: edge.from,
            to: edge.to,
            value: edge.weight,
            // Without times the list is taken to be in their order.
            at: edge.at.filter(|_| timed).map_or(place as i64, |at| at.millis() / 1000),
        })
        .collect();
    signed.sort_by_key(|edge| edge.at);
    let config = SignConfig { seed: args.seed, ..SignConfig::default() };
    let report = evaluate(&signed, list.names.len(), args.share, &config)?;
    let (hidden, step, penalty) = report.chosen;
    eprintln!(
        "{} edges learnt from ({:.1}% good), {} predicted ({:.1}% good), {} of people who were both known before",
        report.training.0,
        report.training.1 * 100.0,
        report.test.0,
        report.test.1 * 100.0,
        report.both_known
    );
    eprintln!("chosen by validation: {hidden} hidden units, step {step}, penalty {penalty}");
    eprintln!("{:<42} {:>8} {:>9} {:>9} {:>8}", "", "auc", "log loss", "of share", "ece");
    let line = |name: &str, quality: &Quality| {
        eprintln!(
            "{name:<42} {:>8} {:>9.4} {:>9.4} {:>8.4}",
            shown(quality.auc),
            quality.log_loss,
            quality.log_loss_of_share,
            quality.calibration_error
        );
    };
    line("model, as of each edge's time", &report.as_of_each_edge);
    line("model, frozen at the split", &report.frozen);
    line("model, frozen, both known at the split", &report.frozen_both_known);
    for baseline in &report.baselines {
        eprintln!("{:<42} {:>8}", baseline.name, shown(baseline.auc));
    }
    table("as of each edge's time, probability of a good sign:", &report.as_of_each_edge.bins);
    if args.json {
        json(&report)?;
    }
    Ok(())
}
