//! A text as the finders read it: one plain character for each that is written.

use super::{Found, PrivateKind};
use crate::aside::{SET_ASIDE, without_addresses};
use smallvec::SmallVec;

/// Digits of the longest number that is read.
const MOST_DIGITS: usize = 31;
/// Groups of the number of most groups: a card's of five, and one behind it that says that it goes on.
const MOST_GROUPS: usize = 6;

/// The characters of a text in plain form, one for one.
pub(super) struct Written {
    characters: Vec<char>,
    /// Whether a character is within a link or a mention, where digits are names of things.
    in_link: Vec<bool>,
}

/// Digits in groups with one mark between two of them.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Number {
    /// All its digits, 0 to 9.
    pub(super) digits: SmallVec<[u8; 32]>,
    /// The length of each group.
    pub(super) lengths: SmallVec<[usize; MOST_GROUPS]>,
    /// The marks between groups.
    pub(super) marks: SmallVec<[char; MOST_GROUPS]>,
    /// The place behind each group.
    pub(super) ends: SmallVec<[usize; MOST_GROUPS]>,
}

impl Written {
    pub(super) fn new(text: &str) -> Self {
        let characters: Vec<char> = text.chars().map(plain).collect();
        let in_link = without_addresses(text).iter().map(|&c| c == SET_ASIDE).collect();
        Self { characters, in_link }
    }

    pub(super) fn len(&self) -> usize {
        self.characters.len()
    }

    pub(super) fn get(&self, at: usize) -> Option<char> {
        self.characters.get(at).copied()
    }

    pub(super) fn before(&self, at: usize) -> Option<char> {
        at.checked_sub(1).and_then(|before| self.get(before))
    }

    pub(super) fn part(&self, from: usize, to: usize) -> &[char] {
        self.characters.get(from..to).unwrap_or_default()
    }

    pub(super) fn is_digit(&self, at: usize) -> bool {
        self.get(at).is_some_and(|c| c.is_ascii_digit())
    }

    pub(super) fn is_in_link(&self, at: usize) -> bool {
        self.in_link.get(at).copied().unwrap_or_default()
    }

    /// Whether no word or number goes on before a place.
    pub(super) fn starts(&self, at: usize) -> bool {
        self.before(at).is_none_or(|c| !is_of_word(c)) && !self.is_broken_off(at)
    }

    /// Whether no word or number goes on at a place.
    pub(super) fn ends(&self, at: usize) -> bool {
        let goes_on = matches!(self.get(at), Some('.' | '-')) && self.is_digit(at + 1);
        self.get(at).is_none_or(|c| !is_of_word(c)) && !goes_on
    }

    /// Whether a point or hyphen behind a digit is before a place.
    fn is_broken_off(&self, at: usize) -> bool {
        matches!(self.before(at), Some('.' | '-')) && at.checked_sub(2).is_some_and(|at| self.is_digit(at))
    }

    /// The places at which a number starts.
    pub(super) fn numbers(&self) -> impl Iterator<Item = usize> {
        (0..self.len()).filter(|&at| self.is_digit(at) && self.starts(at))
    }

    /// The number that starts at a place, as far as it is of use.
    pub(super) fn number(&self, at: usize) -> Number {
        let mut number = Number::default();
        let mut at = at;
        loop {
            let from = at;
            while let Some(digit) =
                self.get(at).and_then(|c| c.to_digit(10)).filter(|_| at - from <= MOST_DIGITS)
            {
                number.digits.push(digit as u8);
                at += 1;
            }
            number.lengths.push(at - from);
            number.ends.push(at);
            match self.get(at) {
                Some(mark @ (' ' | '-' | '.'))
                    if self.is_digit(at + 1)
                        && number.digits.len() < MOST_DIGITS
                        && number.lengths.len() < MOST_GROUPS =>
                {
                    number.marks.push(mark);
                    at += 1;
                }
                _ => return number,
            }
        }
    }

    /// Adds a finding, unless it is in a link, where it could be anything.
    pub(super) fn add(&self, kind: PrivateKind, start: usize, end: usize, found: &mut Vec<Found>) {
        if !self.is_in_link(start) {
            found.push(Found { kind, start, end });
        }
    }
}

impl Number {
    /// The place behind the first groups if they have these lengths and one of these marks, one and the same, between
    /// them.
    pub(super) fn in_groups(&self, lengths: &[usize], marks: &[char]) -> Option<usize> {
        let between = self.marks.get(..lengths.len().checked_sub(1)?)?;
        let alike = between.iter().all(|mark| marks.contains(mark) && Some(mark) == between.first());
        (alike && self.lengths.get(..lengths.len())? == lengths)
            .then(|| self.ends.get(lengths.len() - 1).copied())
            .flatten()
    }
}

/// Letters and digits that go on a word; scripts without spaces, and Hangul with its endings, do not.
fn is_of_word(c: char) -> bool {
    c == '_' || (c < '\u{0e00}' && c.is_alphanumeric())
}

/// The plain form of full-width characters, of digits of any script, and of spaces and hyphens.
fn plain(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        '\u{00a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' | '\t' => ' ',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        // Digits of scripts stand in order: Arabic, Persian, Devanagari, Bengali, Thai, mathematical.
        '\u{0660}'..='\u{0669}' => digit(c, 0x660),
        '\u{06f0}'..='\u{06f9}' => digit(c, 0x6f0),
        '\u{0966}'..='\u{096f}' => digit(c, 0x966),
        '\u{09e6}'..='\u{09ef}' => digit(c, 0x9e6),
        '\u{0e50}'..='\u{0e59}' => digit(c, 0xe50),
        '\u{1d7ce}'..='\u{1d7ff}' => digit(c, 0x1d7ce),
        c => c,
    }
}

fn digit(c: char, zero: u32) -> char {
    char::from_digit((c as u32 - zero) % 10, 10).unwrap_or(c)
}
