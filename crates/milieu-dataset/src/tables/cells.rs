//! Columns of labels, each of which a text has, has not, or is not said to have.

use super::columns::Row;

/// What a cell says of its label: nothing where it is empty. Of shares of people who said so, a half is enough.
fn said(label: &str, cell: &str) -> Result<Option<bool>, String> {
    let word = cell.trim().to_ascii_lowercase();
    let share = || word.parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
    match word.as_str() {
        "" => Ok(None),
        "yes" | "true" => Ok(Some(true)),
        "no" | "false" => Ok(Some(false)),
        _ => share()
            .map(|share| Some(share >= 0.5))
            .ok_or_else(|| format!("{label:?} is {:?}, neither yes nor no", cell.trim())),
    }
}

/// Adds to a row what the cells of its columns of labels say.
pub(super) fn add<'c>(
    row: &mut Row,
    cells: impl Iterator<Item = (&'c String, String)>,
) -> Result<(), String> {
    for (label, cell) in cells {
        match said(label, &cell)? {
            Some(true) => row.labels.push(label.clone()),
            Some(false) => row.denies = true,
            None => row.untold.push(label.clone()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells() {
        fn check(cell: &str, expected: Result<Option<bool>, &str>) {
            assert_eq!(said("hate", cell), expected.map_err(str::to_owned), "{cell:?}");
        }
        for yes in ["1", "1.0", " TRUE ", "yes", "0.5"] {
            check(yes, Ok(Some(true)));
        }
        for no in ["0", "0.49", "false", "No"] {
            check(no, Ok(Some(false)));
        }
        check("", Ok(None));
        check("  ", Ok(None));
        check("-1", Err("\"hate\" is \"-1\", neither yes nor no"));
        for neither in ["2", "nan", "maybe", "1e9"] {
            assert!(said("hate", neither).is_err(), "{neither}");
        }
    }
}
