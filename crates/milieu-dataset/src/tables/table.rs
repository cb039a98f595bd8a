//! CSV, TSV and JSONL.

use super::TableError;
use super::columns::{Columns, Row, json_row};
use super::document::read_document;
use super::gather::{ClassName, Gather, read_class_names};
use super::lines::Lines;
use super::records::Records;
use crate::examples::Examples;
use crate::files::open_files;
use flate2::read::MultiGzDecoder;
use serde::{Deserialize, Serialize};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableFormat {
    /// Separated by commas, fields quoted where they have to be (RFC 4180).
    Csv,
    /// Separated by tabs, nothing quoted.
    Tsv,
    /// A JSON object a line.
    Jsonl,
    /// One JSON document: a list of rows, or an object of such lists whose names say what they are for (`train`,
    /// `oos_test`). A row is an object, or a list of a text and its label.
    Json,
}

/// Which columns mean what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TableConfig {
    /// How tables are written; nothing: as the endings of their names say (`csv`, `tsv`, `jsonl`, `ndjson`, `json`).
    pub format: Option<TableFormat>,
    /// The names of the columns, where the first line does not say them. Not for JSONL.
    pub header: Vec<String>,
    /// The column of the text.
    pub text: String,
    /// The column of the label or labels.
    pub label: Option<String>,
    /// The columns of labels that a text has or has not, in place of `label`: `1`, `yes` or `true` in a cell say that it has,
    /// `0`, `no` or `false` that it has not, an empty one nothing. The classes are in this order then, and have no names.
    pub columns: Vec<String>,
    /// The column of whose it is.
    pub group: Option<String>,
    /// The column of when it was: RFC 3339, a date, or a Unix time.
    pub time: Option<String>,
    /// The column of what it is for (`train`, `validation`, `test`, ...); nothing: as the file's name says.
    pub part: Option<String>,
    /// What stands between several labels; nothing: there is one.
    pub separator: Option<char>,
    /// A file of the names of the classes ([`read_class_names`]), within the folder of the data.
    pub names: Option<PathBuf>,
    /// Keep examples without a label.
    pub unlabelled: bool,
    /// The most bytes of text that are kept in memory.
    pub most_bytes: u64,
}

impl Default for TableConfig {
    fn default() -> Self {
        Self {
            format: None,
            header: Vec::new(),
            text: "text".to_owned(),
            label: Some("label".to_owned()),
            columns: Vec::new(),
            group: None,
            time: None,
            part: None,
            separator: None,
            names: None,
            unlabelled: false,
            most_bytes: 1 << 30,
        }
    }
}

/// Reads a table, or all tables of a folder or archive; each may be packed with gzip (`.gz`).
///
/// # Errors
/// [`TableError`]; what is wrong with single lines is in [`Examples::bad`].
pub fn read_table(path: &Path, config: &TableConfig) -> Result<Examples<String>, TableError> {
    let columns = config.columns.iter().map(|name| ClassName { id: name.clone(), name: name.clone() });
    let names = if config.columns.is_empty() {
        class_names(path, config.names.as_deref())?
    } else {
        columns.collect()
    };
    let mut gather = Gather::new(&names, config.unlabelled, config.most_bytes);
    let (mut tables, mut fits) = (0, true);
    let alone = path.is_file();
    open_files(path, &mut |file| {
        let ending = format_of(&file.name);
        let format = match config.format {
            Some(format) => (alone || ending == Some(format)).then_some(format),
            // Among other files a document may well be a configuration.
            None => ending.filter(|&ending| alone || ending != TableFormat::Json),
        };
        if let Some(format) = format.filter(|_| fits) {
            tables += 1;
            fits = read_one(&file.name, unpacked(&file.name, file.content), format, config, &mut gather);
        }
        Ok(())
    })?;
    if !fits {
        return Err(TableError::TooLarge { path: path.to_owned(), most: config.most_bytes });
    }
    if tables == 0 {
        let expected = "that ends in .csv, .tsv, .jsonl, .ndjson or .json".to_owned();
        return Err(TableError::NoFiles { path: path.to_owned(), expected });
    }
    Ok(gather.finish())
}

/// The names of the classes that a file beside the data gives.
pub(super) fn class_names(path: &Path, names: Option<&Path>) -> Result<Vec<ClassName>, TableError> {
    let folder = if path.is_dir() { Some(path) } else { path.parent() };
    names.map_or(Ok(Vec::new()), |names| read_class_names(&folder.unwrap_or(path).join(names)))
}

/// What is in a file, unpacked where its name ends in `.gz`.
pub(super) fn unpacked<'a>(name: &str, content: &'a mut dyn Read) -> BufReader<Box<dyn Read + 'a>> {
    let packed = name.to_lowercase().ends_with(".gz");
    BufReader::with_capacity(
        1 << 16,
        if packed { Box::new(MultiGzDecoder::new(BufReader::new(content))) } else { Box::new(content) },
    )
}

fn format_of(name: &str) -> Option<TableFormat> {
    let lower = name.to_lowercase();
    match lower.trim_end_matches(".gz").rsplit_once('.')?.1 {
        "csv" => Some(TableFormat::Csv),
        "tsv" => Some(TableFormat::Tsv),
        "jsonl" | "ndjson" => Some(TableFormat::Jsonl),
        "json" => Some(TableFormat::Json),
        _ => None,
    }
}

/// False where there is too much text.
fn read_one(
    name: &str,
    input: BufReader<Box<dyn Read + '_>>,
    format: TableFormat,
    config: &TableConfig,
    gather: &mut Gather<'_>,
) -> bool {
    let mut records = match format {
        TableFormat::Jsonl => {
            let blank =
                |line: &Result<String, String>| line.as_ref().is_ok_and(|line| line.trim().is_empty());
            return Lines::new(input).filter(|(_, line)| !blank(line)).all(|(number, line)| {
                gather.add(name, number, line.and_then(|line| json_row(config, &line)))
            });
        }
        TableFormat::Json => return read_document(name, input, config, gather),
        TableFormat::Csv => Records::new(input, b',', true),
        TableFormat::Tsv => Records::new(input, b'\t', false),
    };
    let header = if config.header.is_empty() {
        match records.next() {
            Some((line, Err(reason))) => return gather.add(name, line, Err::<Row, _>(reason)),
            Some((_, Ok(header))) => header,
            None => return true,
        }
    } else {
        config.header.clone()
    };
    match Columns::find(config, &header) {
        Ok(columns) => records
            .all(|(line, fields)| gather.add(name, line, fields.and_then(|fields| columns.row(fields)))),
        Err(reason) => gather.add(name, 0, Err::<Row, _>(reason)),
    }
}
