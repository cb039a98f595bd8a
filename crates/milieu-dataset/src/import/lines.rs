//! Cutting a file into lines or, for JSON, into the elements of an array.

use super::Format;
use super::elements::{Layout, Splitter, layout};
use super::text::utf8_or_latin1;
use std::io::{self, BufRead, BufReader, Read};

/// The longest line or array element kept, in bytes. The largest valid item is well below it.
pub(super) const MAX_LINE_BYTES: usize = 1 << 20;

/// How much of a JSON file is looked at to tell lines from an array.
const PEEK_BYTES: u64 = 1 << 16;

/// A reader of lines or elements, with their line numbers. Blank lines are passed over, a byte order
/// mark is dropped, both line ends are understood, and what is too long or not UTF-8 is a bad line.
pub(crate) struct Chunks {
    input: BufReader<Box<dyn Read>>,
    buffer: Vec<u8>,
    text: String,
    line: u64,
    latin1: bool,
    splitter: Option<Splitter>,
    ended: bool,
}

impl Chunks {
    pub(crate) fn new(mut input: Box<dyn Read>, format: Format) -> Self {
        let mut layout_found = Layout::Lines;
        if matches!(format, Format::Jsonl | Format::ActivityStreams) {
            let mut head = Vec::new();
            // A failing read fails again, and is reported, when the lines are read.
            let _ = input.by_ref().take(PEEK_BYTES).read_to_end(&mut head);
            layout_found = layout(&head);
            input = Box::new(io::Cursor::new(head).chain(input));
        }
        Self {
            input: BufReader::with_capacity(1 << 16, input),
            buffer: Vec::new(),
            text: String::new(),
            line: 0,
            latin1: matches!(format, Format::MovieLens | Format::LastfmHetrec),
            splitter: matches!(layout_found, Layout::Array).then(Splitter::default),
            ended: false,
        }
    }

    /// The next line or element with its line number; `Err` is the reason why it is bad.
    pub(crate) fn next_chunk(&mut self) -> Option<(u64, Result<&str, String>)> {
        if self.ended {
            return None;
        }
        let found = match &mut self.splitter {
            Some(splitter) => splitter.next_element(&mut self.input, &mut self.buffer),
            None => next_line(&mut self.input, &mut self.buffer, &mut self.line),
        };
        match found {
            Ok(None) => None,
            Ok(Some((line, Cut::Whole))) => Some((line, self.decode())),
            Ok(Some((line, Cut::TooLong))) => {
                Some((line, Err(format!("is longer than {MAX_LINE_BYTES} bytes"))))
            }
            Ok(Some((line, Cut::Unfinished))) => {
                self.ended = true;
                Some((line, Err("the file ends inside the array".to_owned())))
            }
            Err(error) => {
                self.ended = true;
                Some((self.line + 1, Err(format!("the file cannot be read further: {error}"))))
            }
        }
    }

    fn decode(&mut self) -> Result<&str, String> {
        if self.latin1 {
            self.text.clear();
            self.text.push_str(&utf8_or_latin1(&self.buffer));
            return Ok(&self.text);
        }
        std::str::from_utf8(&self.buffer)
            .map_err(|error| format!("is not UTF-8 (byte {} of the line)", error.valid_up_to() + 1))
    }
}

/// What became of a line or element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// All of it is in the buffer.
    Whole,
    /// It was longer than the limit and has been passed over.
    TooLong,
    /// The file ended in the middle of it.
    Unfinished,
}

fn next_line(
    input: &mut impl BufRead,
    buffer: &mut Vec<u8>,
    line: &mut u64,
) -> io::Result<Option<(u64, Cut)>> {
    loop {
        buffer.clear();
        let limit = MAX_LINE_BYTES as u64 + 2;
        if input.by_ref().take(limit).read_until(b'\n', buffer)? == 0 {
            return Ok(None);
        }
        *line += 1;
        let whole = buffer.last() == Some(&b'\n');
        if whole {
            buffer.pop();
        }
        if buffer.last() == Some(&b'\r') {
            buffer.pop();
        }
        if *line == 1 && buffer.starts_with(b"\xef\xbb\xbf") {
            buffer.drain(..3);
        }
        if buffer.len() > MAX_LINE_BYTES {
            if !whole {
                skip_line(input)?;
            }
            return Ok(Some((*line, Cut::TooLong)));
        }
        if !buffer.trim_ascii().is_empty() {
            return Ok(Some((*line, Cut::Whole)));
        }
    }
}

fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let available = input.fill_buf()?;
        if available.is_empty() {
            return Ok(());
        }
        let end = available.iter().position(|&byte| byte == b'\n');
        let used = end.map_or(available.len(), |at| at + 1);
        input.consume(used);
        if end.is_some() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(input: &[u8], format: Format) -> Vec<(u64, Result<String, String>)> {
        let mut chunks = Chunks::new(Box::new(io::Cursor::new(input.to_vec())), format);
        std::iter::from_fn(|| chunks.next_chunk().map(|(n, t)| (n, t.map(str::to_owned)))).collect()
    }

    #[test]
    fn lines() {
        fn check(input: &[u8], expected: &[(u64, Result<&str, &str>)]) {
            let found = cut(input, Format::Edges);
            let found: Vec<_> = found
                .iter()
                .map(|(n, t)| (*n, t.as_ref().map(String::as_str).map_err(String::as_str)))
                .collect();
            assert_eq!(found, expected);
        }
        check(b"", &[]);
        check(b"\n\r\n  \n", &[]);
        check(b"a\nb", &[(1, Ok("a")), (2, Ok("b"))]);
        check(b"\xef\xbb\xbfa\r\n\r\nb\r\n", &[(1, Ok("a")), (3, Ok("b"))]);
        check(b"a\n\xff\nb", &[(1, Ok("a")), (2, Err("is not UTF-8 (byte 1 of the line)")), (3, Ok("b"))]);
        let huge = [vec![b'x'; 3 * MAX_LINE_BYTES], b"\nb\n".to_vec()].concat();
        check(&huge, &[(1, Err("is longer than 1048576 bytes")), (2, Ok("b"))]);
        let just = [vec![b'x'; MAX_LINE_BYTES], b"\nb\n".to_vec()].concat();
        assert_eq!(cut(&just, Format::Edges).iter().filter(|(_, t)| t.is_ok()).count(), 2);
        let one_more = [vec![b'x'; MAX_LINE_BYTES + 1], b"\nb\n".to_vec()].concat();
        check(&one_more, &[(1, Err("is longer than 1048576 bytes")), (2, Ok("b"))]);
    }

    #[test]
    fn latin1_where_the_format_is_old() {
        assert_eq!(
            cut(b"caf\xe9\ncaf\xc3\xa9", Format::MovieLens),
            [(1, Ok("café".to_owned())), (2, Ok("café".to_owned()))]
        );
    }
}
