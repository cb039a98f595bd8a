//! Cutting one big JSON array, bare or inside a collection, into its elements without holding it.
//!
//! A scanner of brackets and strings, not a parser: each element is parsed afterwards on its own, so a
//! broken one costs only itself.

use super::lines::{Cut, MAX_LINE_BYTES};
use std::io::{self, BufRead};

/// How a JSON file is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// One value a line.
    Lines,
    /// One array, or one object with an array under `orderedItems` or `items`.
    Array,
}

/// Tells the layout from the head of a file.
pub(super) fn layout(head: &[u8]) -> Layout {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let mut scanner = Scanner::default();
    let mut key = ItemsKey::default();
    for &byte in head {
        if scanner.depth == 0 && byte == b'[' || key.opens_array(&scanner, byte) {
            return Layout::Array;
        }
        scanner.take(byte);
        if scanner.depth == 0 && !scanner.in_string {
            return Layout::Lines;
        }
    }
    Layout::Lines
}

/// Where in a JSON text we are.
#[derive(Default)]
struct Scanner {
    depth: u32,
    in_string: bool,
    escaped: bool,
}

impl Scanner {
    fn take(&mut self, byte: u8) {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth = self.depth.saturating_add(1),
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }
}

/// Watches for the key of a collection's array at the first level.
#[derive(Default)]
struct ItemsKey {
    string: Vec<u8>,
}

impl ItemsKey {
    const LONGEST: usize = 16;

    /// Whether this byte opens the collection's array; called before the scanner takes it.
    fn opens_array(&mut self, before: &Scanner, byte: u8) -> bool {
        if before.depth != 1 {
            return false;
        }
        if before.in_string {
            if byte != b'"' && self.string.len() < Self::LONGEST {
                self.string.push(byte);
            }
            return false;
        }
        match byte {
            b'"' => self.string.clear(),
            b'[' => return self.string == b"orderedItems:" || self.string == b"items:",
            b':' => self.string.push(b':'),
            _ if byte.is_ascii_whitespace() => {}
            _ => self.string.clear(),
        }
        false
    }
}

/// Yields the elements of the first such array of a file.
#[derive(Default)]
pub(super) struct Splitter {
    scanner: Scanner,
    key: ItemsKey,
    /// The depth at which elements stand; 0 until the array is found.
    level: u32,
    line: u64,
    closed: bool,
}

impl Splitter {
    /// The next element, in `buffer`, with the line on which it begins.
    pub(super) fn next_element(
        &mut self,
        input: &mut impl BufRead,
        buffer: &mut Vec<u8>,
    ) -> io::Result<Option<(u64, Cut)>> {
        buffer.clear();
        let mut begin = None;
        let mut too_long = false;
        while !self.closed {
            let available = input.fill_buf()?;
            if available.is_empty() {
                self.closed = true;
                return Ok(Some((self.line + 1, Cut::Unfinished)));
            }
            let mut used = 0;
            let mut complete = false;
            for &byte in available {
                used += 1;
                let ends = self.level > 0
                    && !self.scanner.in_string
                    && self.scanner.depth == self.level
                    && matches!(byte, b',' | b']' | b'}');
                if self.level == 0 {
                    self.find_array(byte);
                } else if ends {
                    self.closed = byte != b',';
                    complete = begin.is_some();
                } else {
                    self.scanner.take(byte);
                    if begin.is_some() || !byte.is_ascii_whitespace() {
                        begin.get_or_insert(self.line + 1);
                        if buffer.len() < MAX_LINE_BYTES { buffer.push(byte) } else { too_long = true }
                    }
                }
                self.line += u64::from(byte == b'\n');
                if complete || self.closed {
                    break;
                }
            }
            input.consume(used);
            if let Some(line) = begin.filter(|_| complete) {
                return Ok(Some((line, if too_long { Cut::TooLong } else { Cut::Whole })));
            }
        }
        Ok(None)
    }

    fn find_array(&mut self, byte: u8) {
        let opens = self.scanner.depth == 0 && byte == b'[' || self.key.opens_array(&self.scanner, byte);
        self.scanner.take(byte);
        if opens {
            self.level = self.scanner.depth;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements(input: &str) -> Vec<(u64, Cut, String)> {
        let mut splitter = Splitter::default();
        let mut buffer = Vec::new();
        // A small reader buffer puts the cuts everywhere.
        let mut reader = io::BufReader::with_capacity(3, input.as_bytes());
        let mut found = Vec::new();
        while let Some((line, cut)) = splitter.next_element(&mut reader, &mut buffer).unwrap() {
            let text = String::from_utf8(buffer.clone()).unwrap();
            found.push((line, cut, text.trim_end().to_owned()));
        }
        found
    }

    #[test]
    fn layouts() {
        fn check(input: &str, expected: Layout) {
            assert_eq!(layout(input.as_bytes()), expected, "{input}");
        }
        check("", Layout::Lines);
        check("{\"a\":1}\n{\"a\":[2]}", Layout::Lines);
        check("[1,2]", Layout::Array);
        check(" \u{feff}", Layout::Lines);
        check("\u{feff}[", Layout::Array);
        check(r#"{"type":"OrderedCollection","orderedItems" : [ {"#, Layout::Array);
        check(r#"{"object":{"items":[1]}}"#, Layout::Lines);
        check(r#"{"x":"items","y":[1]}"#, Layout::Lines);
        check(r#"{"x":"items:","y":"z"}"#, Layout::Lines);
        check("not json", Layout::Lines);
    }

    #[test]
    fn cuts_at_the_right_places() {
        fn check(input: &str, expected: &[(u64, Cut, &str)]) {
            let found = elements(input);
            let found: Vec<_> = found.iter().map(|(l, c, t)| (*l, *c, t.as_str())).collect();
            assert_eq!(found, expected, "{input}");
        }
        check("[]", &[]);
        check("[1, 2]", &[(1, Cut::Whole, "1"), (1, Cut::Whole, "2")]);
        check(
            "{\"items\":[\n{\"a\":\"],\\\"\"},\n{\"b\":[1,{}]}\n], \"x\": 1}",
            &[(2, Cut::Whole, "{\"a\":\"],\\\"\"}"), (3, Cut::Whole, "{\"b\":[1,{}]}")],
        );
        check("[{\"a\":1}", &[(1, Cut::Unfinished, "{\"a\":1}")]);
    }
}
