//! `milieu eval signs|strength|communities|friends`: what is inferred of people and their ties, on public data sets.

mod communities;
mod friends;
mod signs;
mod strength;

pub(super) use communities::run as communities;
pub(super) use friends::run as friends;
pub(super) use signs::run as signs;
pub(super) use strength::run as strength;

use anyhow::Result;
use milieu_dataset::edges::{EdgeList, read};
use milieu_people::measures::Bin;
use std::path::Path;

/// Reads a list and says what was left out.
fn edges(path: &Path) -> Result<EdgeList> {
    let list = read(path)?;
    eprintln!(
        "{} people, {} edges; {} to oneself and {} bad lines left out",
        list.names.len(),
        list.edges.len(),
        list.loops,
        list.bad.count
    );
    Ok(list)
}

/// Prints a reliability table.
fn table(title: &str, bins: &[Bin]) {
    eprintln!("{title}");
    eprintln!("{:>12} {:>12} {:>8}", "predicted", "observed", "count");
    for bin in bins {
        eprintln!("{:>12.4} {:>12.4} {:>8}", bin.predicted, bin.observed, bin.count);
    }
}

/// A number with four places, or a dash.
fn shown(number: Option<f64>) -> String {
    number.map_or_else(|| "-".to_owned(), |number| format!("{number:.4}"))
}
