//! One line of a list of edges.
//!
//! Two to four columns, separated by tabs, commas, semicolons or blanks: source, target, and in either
//! order a weight and a time. Lines that begin with `#`, `%` or `//` are comments. A first line that
//! names its columns (`src dst time`, `source,target,rating,time`, ...) is a header and says which is
//! which. Without one, a third column of whole numbers from 100000000 on is a Unix time and any other a
//! weight; with four columns the third is the weight.

use crate::import::time;
use milieu_types::Timestamp;

/// From here on a whole number in the third column is a time: 1973 in Unix seconds.
const LEAST_TIME: f64 = 1e8;

/// Names of the first two columns by which a header is known.
const END_NAMES: [&str; 24] = [
    "src",
    "source",
    "from",
    "fromnodeid",
    "user",
    "userid",
    "user_id",
    "user1",
    "u",
    "follower",
    "node",
    "node1",
    "id1",
    "dst",
    "dest",
    "target",
    "to",
    "tonodeid",
    "followee",
    "friend",
    "friendid",
    "user2",
    "node2",
    "id2",
];

/// The meaning of a column after the first two.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    Weight,
    Time,
    Other,
}

/// What a line says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Row<'l> {
    pub(crate) source: &'l str,
    pub(crate) target: &'l str,
    pub(crate) weight: Option<f32>,
    pub(crate) at: Option<Timestamp>,
}

/// Reads the lines of one file, one after the other.
#[derive(Default)]
pub(crate) struct Rows {
    begun: bool,
    header: Option<Vec<Column>>,
}

impl Rows {
    /// The edge of a line; none where it is a comment or the header. `Err` is the reason why the line is bad.
    pub(crate) fn read<'l>(&mut self, line: &'l str) -> Result<Option<Row<'l>>, String> {
        let line = line.trim();
        if ["#", "%", "//"].iter().any(|mark| line.starts_with(mark)) {
            return Ok(None);
        }
        let fields = split(line);
        if !std::mem::replace(&mut self.begun, true) && is_header(&fields) {
            self.header = Some(fields.iter().skip(2).map(|name| column(name)).collect());
            return Ok(None);
        }
        let &[source, target, ref rest @ ..] = fields.as_slice() else {
            return Err("an edge has at least two columns".to_owned());
        };
        let (weight, at) = self.weight_and_time(rest)?;
        Ok(Some(Row { source, target, weight, at }))
    }

    fn weight_and_time(&self, rest: &[&str]) -> Result<(Option<f32>, Option<Timestamp>), String> {
        let guessed = match rest {
            [] => [Column::Other; 2],
            [one] if looks_like_time(one) => [Column::Time, Column::Other],
            _ => [Column::Weight, Column::Time],
        };
        let columns = self.header.as_deref().unwrap_or(&guessed);
        let (mut weight, mut at) = (None, None);
        for (text, column) in rest.iter().zip(columns) {
            match column {
                Column::Weight => {
                    weight = Some(text.parse().map_err(|_| format!("not a weight: {text:.20}"))?);
                }
                Column::Time => at = Some(time::parse(text)?),
                Column::Other => {}
            }
        }
        Ok((weight, at))
    }
}

fn split(line: &str) -> Vec<&str> {
    match ['\t', ',', ';'].into_iter().find(|&separator| line.contains(separator)) {
        Some(separator) => line.split(separator).map(|field| field.trim().trim_matches('"')).collect(),
        None => line.split_whitespace().map(|field| field.trim_matches('"')).collect(),
    }
}

fn is_header(fields: &[&str]) -> bool {
    fields.iter().take(2).any(|field| END_NAMES.contains(&field.to_lowercase().as_str()))
}

fn column(name: &str) -> Column {
    match name.to_lowercase().as_str() {
        "weight" | "rating" | "value" | "score" | "sign" | "count" | "w" => Column::Weight,
        "time" | "timestamp" | "date" | "at" | "unixts" | "t" => Column::Time,
        _ => Column::Other,
    }
}

fn looks_like_time(text: &str) -> bool {
    match text.parse::<f64>() {
        Ok(number) => number >= LEAST_TIME,
        Err(_) => time::parse(text).is_ok(),
    }
}
