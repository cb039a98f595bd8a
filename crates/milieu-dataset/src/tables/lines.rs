//! Lines of a text, blank ones too, none longer than is kept.

use std::io::{self, BufRead};

/// The longest line or record that is kept, in bytes.
pub(super) const MOST_LINE: usize = 1 << 20;

/// Numbered lines. `Err` is what is wrong with one.
pub(super) struct Lines<R> {
    input: R,
    line: u64,
    ended: bool,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, line: 0, ended: false }
    }

    /// Reads up to and with the line end; nothing at the end of the text.
    fn read(&mut self) -> io::Result<Option<Result<String, String>>> {
        let mut bytes = Vec::new();
        let limit = MOST_LINE as u64 + 2;
        if io::Read::take(&mut self.input, limit).read_until(b'\n', &mut bytes)? == 0 {
            return Ok(None);
        }
        let whole = bytes.pop_if(|last| *last == b'\n').is_some();
        bytes.pop_if(|last| *last == b'\r');
        if bytes.len() > MOST_LINE {
            if !whole {
                self.input.skip_until(b'\n')?;
            }
            return Ok(Some(Err(format!("is longer than {MOST_LINE} bytes"))));
        }
        if self.line == 0 && bytes.starts_with(b"\xef\xbb\xbf") {
            bytes.drain(..3);
        }
        Ok(Some(text(bytes)))
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = (u64, Result<String, String>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let found = self.read();
        self.ended = !matches!(found, Ok(Some(_)));
        let line = found.unwrap_or_else(|error| Some(Err(unreadable(&error))))?;
        self.line += 1;
        Some((self.line, line))
    }
}

pub(super) fn text(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes)
        .map_err(|error| format!("is not UTF-8 (byte {})", error.utf8_error().valid_up_to() + 1))
}

pub(super) fn unreadable(error: &io::Error) -> String {
    format!("the file cannot be read further: {error}")
}
