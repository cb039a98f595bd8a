//! `milieu eval strength`: how often pairs will meet.

use super::shared::{edges, shown, table};
use crate::cli::EvalStrength;
use crate::output::{Usage, json};
use anyhow::Result;
use milieu_people::strength::{Contact, StrengthConfig, evaluate};

pub(super) fn run(args: &EvalStrength) -> Result<()> {
    let list = edges(&args.edges)?;
    if !list.is_timed() {
        return Err(Usage(format!("{}: not every edge has a time", args.edges.display())).into());
    }
    let mut contacts: Vec<Contact> = list
        .edges
        .iter()
        .filter_map(|edge| Some(Contact { from: edge.from, to: edge.to, at: edge.at?.millis() / 1000 }))
        .collect();
    contacts.sort_by_key(|contact| contact.at);
    let config =
        StrengthConfig { horizon: (args.days * 86_400.0).round() as i64, ..StrengthConfig::default() };
    let report = evaluate(&contacts, args.share, &config)?;
    eprintln!(
        "{} contacts before the split; {} pairs, {} of them met in the {} days after",
        report.contacts, report.pairs, report.met, args.days
    );
    eprintln!("contacts of these pairs: {:.1} expected, {} came", report.expected, report.observed);
    eprintln!(
        "mean deviance {:.4}, that of one mean for all {:.4}; auc of meeting at all {}; error of calibration {:.4}",
        report.deviance,
        report.deviance_of_mean,
        shown(report.auc),
        report.calibration_error
    );
    table("tenths of the pairs, contacts of a pair:", &report.by_pairs);
    table("pairs that hold a tenth of what was expected each:", &report.by_expected);
    if args.json {
        json(&report)?;
    }
    Ok(())
}
