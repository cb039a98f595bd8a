//! What the measures of people and ties share: reading a list, writing tables.

use anyhow::Result;
use milieu_dataset::edges::{EdgeList, read};
use milieu_people::measures::Bin;
use std::path::Path;

/// Reads a list and says what was left out.
pub(super) fn edges(path: &Path) -> Result<EdgeList> {
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
pub(super) fn table(title: &str, bins: &[Bin]) {
    eprintln!("{title}");
    eprintln!("{:>12} {:>12} {:>8}", "predicted", "observed", "count");
    for bin in bins {
        eprintln!("{:>12.4} {:>12.4} {:>8}", bin.predicted, bin.observed, bin.count);
    }
}

/// A number with four places, or a dash.
pub(super) fn shown(number: Option<f64>) -> String {
    number.map_or_else(|| "-".to_owned(), |number| format!("{number:.4}"))
}
