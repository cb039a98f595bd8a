//! The columns of a row that say something of an example.

use super::cells;
use super::table::TableConfig;
use serde_json::{Map, Value};

/// What a row says, still as text. What is empty is nothing.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) text: String,
    pub(super) labels: Vec<String>,
    /// Labels of which it says nothing, where each has a column.
    pub(super) untold: Vec<String>,
    /// Whether it says of any label that the text has it not.
    pub(super) denies: bool,
    pub(super) group: Option<String>,
    pub(super) time: Option<String>,
    pub(super) part: Option<String>,
}

/// Where the columns are among the fields of a record.
pub(super) struct Columns<'a> {
    config: &'a TableConfig,
    count: usize,
    text: usize,
    label: Option<usize>,
    /// Where labels have columns of their own.
    labels: Vec<usize>,
    group: Option<usize>,
    time: Option<usize>,
    part: Option<usize>,
}

impl<'a> Columns<'a> {
    /// Finds the columns by the names in the header; `#2` is the second, where none is named so.
    pub(super) fn find(config: &'a TableConfig, header: &[String]) -> Result<Self, String> {
        let place = |name: &str| {
            let number = || name.strip_prefix('#')?.parse::<usize>().ok()?.checked_sub(1);
            let found = header.iter().position(|column| column.trim() == name);
            let found = found.or_else(number).filter(|&place| place < header.len());
            let columns = || header.join(", ").chars().take(200).collect::<String>();
            found.ok_or_else(|| format!("there is no column {name:?} among: {}", columns()))
        };
        let maybe = |name: &Option<String>| name.as_deref().map(place).transpose();
        Ok(Self {
            config,
            count: header.len(),
            text: place(&config.text)?,
            label: if config.columns.is_empty() { maybe(&config.label)? } else { None },
            labels: config.columns.iter().map(|name| place(name)).collect::<Result<_, _>>()?,
            group: maybe(&config.group)?,
            time: maybe(&config.time)?,
            part: maybe(&config.part)?,
        })
    }

    /// The columns of a record.
    pub(super) fn row(&self, mut fields: Vec<String>) -> Result<Row, String> {
        if fields.len() != self.count {
            return Err(format!("has {} fields, not {}", fields.len(), self.count));
        }
        let labels = self.label.map(|at| split_labels(&fields[at], self.config.separator));
        let field = |at: Option<usize>| {
            at.and_then(|at| fields.get(at))
                .map(|field| field.trim().to_owned())
                .filter(|field| !field.is_empty())
        };
        let (group, time, part) = (field(self.group), field(self.time), field(self.part));
        let cells: Vec<String> = self.labels.iter().map(|&at| fields[at].clone()).collect();
        let text = std::mem::take(&mut fields[self.text]);
        let mut row = Row { text, labels: labels.unwrap_or_default(), group, time, part, ..Row::default() };
        cells::add(&mut row, self.config.columns.iter().zip(cells))?;
        Ok(row)
    }
}

/// The labels of a field: one, or several with something between them.
pub(super) fn split_labels(field: &str, separator: Option<char>) -> Vec<String> {
    let labels: Vec<&str> = match separator {
        Some(separator) => field.split(separator).collect(),
        None => vec![field],
    };
    labels.into_iter().map(|label| label.trim().to_owned()).filter(|label| !label.is_empty()).collect()
}

/// The columns of a JSON object on a line.
pub(super) fn json_row(config: &TableConfig, line: &str) -> Result<Row, String> {
    let object = serde_json::from_str(line).map_err(|error| format!("is not a JSON object: {error}"))?;
    object_row(config, &object)
}

/// The columns of a JSON object. Numbers and truth values count as text; labels may be a list.
pub(super) fn object_row(config: &TableConfig, object: &Map<String, Value>) -> Result<Row, String> {
    let field = |name: &str| match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => scalar(value)
            .map(|text| Some(text).filter(|text| !text.trim().is_empty()))
            .ok_or_else(|| format!("{name:?} is neither text nor a number")),
    };
    let maybe = |name: &Option<String>| name.as_deref().map_or(Ok(None), field);
    let label = config.label.as_deref().filter(|_| config.columns.is_empty());
    let labels = match label.and_then(|name| object.get(name)) {
        Some(Value::Array(labels)) => labels
            .iter()
            .map(|label| scalar(label).ok_or_else(|| "a label is neither text nor a number".to_owned()))
            .collect::<Result<_, _>>()?,
        _ => label
            .map_or(Ok(None), field)?
            .map_or_else(Vec::new, |label| split_labels(&label, config.separator)),
    };
    let mut row = Row {
        text: field(&config.text)?.unwrap_or_default(),
        labels,
        group: maybe(&config.group)?,
        time: maybe(&config.time)?,
        part: maybe(&config.part)?,
        ..Row::default()
    };
    let cells = config.columns.iter().map(|name| field(name).map(|cell| (name, cell.unwrap_or_default())));
    let cells: Vec<_> = cells.collect::<Result<_, _>>()?;
    cells::add(&mut row, cells.into_iter())?;
    Ok(row)
}

pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
