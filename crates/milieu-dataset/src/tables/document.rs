//! Tables that are one JSON document.

use super::columns::{Row, object_row, scalar, split_labels};
use super::gather::Gather;
use super::table::TableConfig;
use crate::examples::Part;
use serde_json::Value;
use std::io::Read;

/// A document may be so many times as long as its texts.
const OVERHEAD: u64 = 4;

/// Adds the rows of a document; false where there is too much text. A row's number is its place in its list, from 1.
pub(super) fn read_document(
    name: &str,
    input: impl Read,
    config: &TableConfig,
    gather: &mut Gather<'_>,
) -> bool {
    let most = config.most_bytes.saturating_mul(OVERHEAD);
    let mut bytes = Vec::new();
    if let Err(error) = input.take(most.saturating_add(1)).read_to_end(&mut bytes) {
        return gather.add(name, 0, Err(error.to_string()));
    }
    if bytes.len() as u64 > most {
        return false;
    }
    let bad = |gather: &mut Gather<'_>, reason: &str| gather.add(name, 0, Err(reason.to_owned()));
    match serde_json::from_slice(&bytes) {
        Ok(Value::Array(rows)) => add(name, &rows, None, config, gather),
        Ok(Value::Object(lists)) => lists.iter().all(|(key, rows)| match rows {
            Value::Array(rows) => match part(key) {
                Some(part) => add(name, rows, Some(part), config, gather),
                None => bad(gather, &format!("{key:?} is not a part")),
            },
            _ => bad(gather, &format!("{key:?} is no list")),
        }),
        Ok(_) => bad(gather, "is neither a list nor an object of lists"),
        Err(error) => bad(gather, &format!("is not JSON: {error}")),
    }
}

/// The part that a list's name says: one of its words does.
fn part(key: &str) -> Option<&str> {
    key.split(['_', '-', '.', ' ']).find(|word| Part::of_word(word).is_some())
}

fn add(
    name: &str,
    rows: &[Value],
    part: Option<&str>,
    config: &TableConfig,
    gather: &mut Gather<'_>,
) -> bool {
    rows.iter().enumerate().all(|(place, row)| {
        let row = match row {
            Value::Object(object) => object_row(config, object),
            Value::Array(fields) => pair(fields, config),
            _ => Err("is neither an object nor a list".to_owned()),
        };
        let row = row.map(|row| Row { part: row.part.or_else(|| part.map(str::to_owned)), ..row });
        gather.add(name, place as u64 + 1, row)
    })
}

/// A text and its label.
fn pair(fields: &[Value], config: &TableConfig) -> Result<Row, String> {
    if !config.columns.is_empty() {
        return Err("is a list, and has no columns of labels".to_owned());
    }
    let [text, label] = fields else { return Err(format!("has {} fields, not 2", fields.len())) };
    let text = scalar(text).ok_or("its text is neither text nor a number")?;
    let label = scalar(label).ok_or("its label is neither text nor a number")?;
    Ok(Row { text, labels: split_labels(&label, config.separator), ..Row::default() })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic in a test is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn documents() {
        let check = |document: &str, expected: &[(&str, Option<Part>)], bad: usize| {
            let config = TableConfig::default();
            let mut gather = Gather::new(&[], false, 1 << 20);
            assert!(read_document("x.json", document.as_bytes(), &config, &mut gather));
            let found = gather.finish();
            let said: Vec<(&str, Option<Part>)> =
                found.examples.iter().map(|example| (example.value.as_str(), example.part)).collect();
            assert_eq!((said.as_slice(), found.bad.count), (expected, bad), "{document}");
        };
        let (train, test) = (Some(Part::Train), Some(Part::Test));
        check(r#"[["a", "x"], {"text": "b", "label": 1}, ["c"], 7]"#, &[("a", None), ("b", None)], 2);
        check(
            r#"{"train": [["a", "x"]], "oos_test": [["b", "oos"]], "more": [], "val": {}}"#,
            &[("b", test), ("a", train)],
            2,
        );
        check("{\"train\": [", &[], 1);
        check("7", &[], 1);
    }
}
