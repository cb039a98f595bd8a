//! Records of separated values (RFC 4180), with their line numbers and within bounded memory.

use super::lines::{MOST_LINE, text, unreadable};
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use std::io::{self, BufRead};

/// The most fields of a record.
const MOST_FIELDS: usize = 4096;

/// The line a record begins in, and its fields, or what is wrong with it.
type Record = (u64, Result<Vec<String>, String>);

/// Numbered records. Blank lines are passed over.
pub(super) struct Records<R> {
    input: R,
    reader: Reader,
    line: u64,
    fields: Vec<u8>,
    ends: Vec<usize>,
    begun: bool,
    ended: bool,
}

impl<R: BufRead> Records<R> {
    /// `quotes` says whether fields may be quoted; separated by tabs they often hold loose quotation marks.
    pub(super) fn new(input: R, delimiter: u8, quotes: bool) -> Self {
        let reader = ReaderBuilder::new().delimiter(delimiter).quoting(quotes).build();
        let (fields, ends) = (vec![0; 1 << 12], vec![0; 1 << 6]);
        Self { input, reader, line: 1, fields, ends, begun: false, ended: false }
    }

    fn read(&mut self) -> io::Result<Option<Record>> {
        self.skip_blank()?;
        let begin = self.line;
        let (mut filled, mut count, mut too_long) = (0, 0, false);
        loop {
            let input = self.input.fill_buf()?;
            let (result, used, wrote, ended) =
                self.reader.read_record(input, &mut self.fields[filled..], &mut self.ends[count..]);
            self.line += input[..used].iter().filter(|&&byte| byte == b'\n').count() as u64;
            self.input.consume(used);
            (filled, count) = (filled + wrote, count + ended);
            match result {
                ReadRecordResult::InputEmpty => {}
                // A record that is too long is read to its end, over and over into the same place.
                ReadRecordResult::OutputFull if self.fields.len() < MOST_LINE => {
                    self.fields.resize(self.fields.len() * 2, 0);
                }
                ReadRecordResult::OutputFull => (filled, too_long) = (0, true),
                ReadRecordResult::OutputEndsFull if self.ends.len() < MOST_FIELDS => {
                    self.ends.resize(self.ends.len() * 2, 0);
                }
                ReadRecordResult::OutputEndsFull => (count, too_long) = (0, true),
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return Ok(None),
            }
        }
        if too_long {
            let reason =
                format!("is longer than {MOST_LINE} bytes or {MOST_FIELDS} fields; a quote may be open");
            return Ok(Some((begin, Err(reason))));
        }
        let mut from = 0;
        let fields = self.ends[..count].iter().map(|&end| {
            let field = self.fields.get(from..end).unwrap_or_default().to_vec();
            from = end;
            text(field)
        });
        Ok(Some((begin, fields.collect())))
    }

    /// Counts what lies before a record, so that its line is known.
    fn skip_blank(&mut self) -> io::Result<()> {
        loop {
            let input = self.input.fill_buf()?;
            let mark = if self.begun || !input.starts_with(b"\xef\xbb\xbf") { 0 } else { 3 };
            self.begun = self.begun || !input.is_empty();
            let blank = input[mark..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            self.line += input[mark..mark + blank].iter().filter(|&&byte| byte == b'\n').count() as u64;
            self.input.consume(mark + blank);
            if mark + blank == 0 {
                return Ok(());
            }
        }
    }
}

impl<R: BufRead> Iterator for Records<R> {
    type Item = Record;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let found = self.read();
        self.ended = !matches!(found, Ok(Some(_)));
        found.unwrap_or_else(|error| Some((self.line, Err(unreadable(&error)))))
    }
}
