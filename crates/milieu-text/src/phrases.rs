//! Known phrases in a text, however it is spelled.

use crate::spelling::{one_spelling, spelled_in_place};
use crate::tokens::{TokenKind, tokens};
use std::collections::HashMap;
use std::ops::Range;

/// The most tokens that a gap stands for: words, or characters of scripts that do not part words.
const GAP: usize = 5;
/// Characters of a text that are read.
const READ: usize = 32 << 10;

/// Phrases that are looked for together.
///
/// A phrase is words in a row, in any spelling. `*` between two of them stands for up to five tokens of one sentence, a word
/// that ends in `*` for all words that begin so, and `^` in front for the beginning of a sentence.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Phrases {
    all: Vec<Phrase>,
    /// The phrases whose first word is this one.
    by_word: HashMap<String, Vec<usize>>,
    /// Those whose first word is the beginning of one.
    by_beginning: Vec<usize>,
}

/// A phrase where it stands in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhraseFound {
    /// Its number among the phrases.
    pub phrase: usize,
    /// The first character (Unicode scalar value) of the text.
    pub start: usize,
    /// The character behind it.
    pub end: usize,
    /// Which of the text's tokens they are.
    pub tokens: Range<usize>,
}

/// A phrase that cannot be looked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no phrase: it needs words, with a gap (*) only between two of them, and ^ only in front")]
pub struct PhraseError(pub String);

#[derive(Debug, Clone, PartialEq)]
struct Phrase {
    at_beginning: bool,
    /// Words in a row; there may be a gap between one and the next.
    runs: Vec<Vec<Word>>,
}

#[derive(Debug, Clone, PartialEq)]
enum Word {
    Whole(String),
    Beginning(String),
}

/// A token of a text in one spelling.
struct Read<'a> {
    text: &'a str,
    start: usize,
    end: usize,
    /// Whether a sentence begins with it.
    begins: bool,
    ends_sentence: bool,
}

impl Phrases {
    /// Phrases by their numbers from 0.
    ///
    /// # Errors
    /// [`PhraseError`] for the first that is none.
    pub fn new<'a>(phrases: impl IntoIterator<Item = &'a str>) -> Result<Self, PhraseError> {
        let mut found = Self::default();
        for (number, text) in phrases.into_iter().enumerate() {
            let phrase = Phrase::new(text).ok_or_else(|| PhraseError(text.to_owned()))?;
            match phrase.runs.first().and_then(|run| run.first()) {
                Some(Word::Whole(word)) => found.by_word.entry(word.clone()).or_default().push(number),
                _ => found.by_beginning.push(number),
            }
            found.all.push(phrase);
        }
        Ok(found)
    }

    /// Where each phrase stands in the first 32 Ki characters of a text, in the order of the text: each as short as it can be
    /// from its first word, and none twice in the same place.
    #[must_use]
    pub fn find(&self, text: &str) -> Vec<PhraseFound> {
        let (spelled, places) = spelled_in_place(text, READ);
        let read = read(&spelled, &places);
        let mut found: Vec<PhraseFound> = Vec::new();
        // Behind the last place of each phrase.
        let mut free = vec![0; self.all.len()];
        for (at, token) in read.iter().enumerate() {
            let by_word = self.by_word.get(token.text).into_iter().flatten();
            for &number in by_word.chain(&self.by_beginning) {
                let Some(phrase) = self.all.get(number) else { continue };
                if at < free[number] || (phrase.at_beginning && !token.begins) {
                    continue;
                }
                let Some(end) = phrase.end(&read, at) else { continue };
                let last = read.get(end - 1).map_or(token.end, |last| last.end);
                found.push(PhraseFound { phrase: number, start: token.start, end: last, tokens: at..end });
                free[number] = end;
            }
        }
        found
    }
}

impl Phrase {
    fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let (at_beginning, text) = text.strip_prefix('^').map_or((false, text), |rest| (true, rest));
        let mut runs: Vec<Vec<Word>> = vec![Vec::new()];
        for piece in text.split_whitespace() {
            if piece == "*" {
                runs.push(Vec::new());
                continue;
            }
            let (piece, is_beginning) = piece.strip_suffix('*').map_or((piece, false), |rest| (rest, true));
            let spelled = one_spelling(piece);
            let words = tokens(&spelled);
            let last = words.len().checked_sub(1)?;
            let word = |(place, token): (usize, &crate::Token<'_>)| match is_beginning && place == last {
                true => Word::Beginning(token.text.to_owned()),
                false => Word::Whole(token.text.to_owned()),
            };
            let odd = words.iter().any(|token| matches!(token.text, "*" | "^"));
            runs.last_mut()?.extend(words.iter().enumerate().map(word));
            if odd {
                return None;
            }
        }
        runs.iter().all(|run| !run.is_empty()).then_some(Self { at_beginning, runs })
    }

    /// The token behind the phrase, where it stands from `at` on.
    fn end(&self, read: &[Read<'_>], at: usize) -> Option<usize> {
        self.end_of(0, read, at)
    }

    fn end_of(&self, run: usize, read: &[Read<'_>], at: usize) -> Option<usize> {
        let words = self.runs.get(run)?;
        let tokens = read.get(at..at + words.len())?;
        if !words.iter().zip(tokens).all(|(word, token)| word.is(token.text)) {
            return None;
        }
        let end = at + words.len();
        if run + 1 == self.runs.len() {
            return Some(end);
        }
        for gap in 0..=GAP {
            if let Some(found) = self.end_of(run + 1, read, end + gap) {
                return Some(found);
            }
            if read.get(end + gap).is_none_or(|token| token.ends_sentence) {
                return None;
            }
        }
        None
    }
}

impl Word {
    fn is(&self, text: &str) -> bool {
        match self {
            Self::Whole(word) => word == text,
            Self::Beginning(word) => text.starts_with(word.as_str()),
        }
    }
}

/// The tokens of a text in one spelling whose characters stand in these places of the text as written.
fn read<'a>(spelled: &'a str, places: &[usize]) -> Vec<Read<'a>> {
    let mut read: Vec<Read<'a>> = Vec::new();
    let (mut byte, mut character) = (0, 0);
    let mut count = |to: usize| {
        character += spelled.get(byte..to).map_or(0, |between| between.chars().count());
        byte = to;
        character
    };
    let mut begins = true;
    for token in tokens(spelled) {
        let (first, behind) = (count(token.start), count(token.end));
        let start = places.get(first).copied().unwrap_or_default();
        let end = behind.checked_sub(1).and_then(|last| places.get(last)).map_or(start, |last| last + 1);
        let ends_sentence =
            token.kind == TokenKind::Mark && matches!(token.text, "." | "!" | "?" | ";" | "…" | "~");
        read.push(Read { text: token.text, start, end, begins, ends_sentence });
        // Quotes and brackets open a sentence and do not fill its beginning.
        let opens = token.kind == TokenKind::Mark && !matches!(token.text, "," | ":" | "-");
        begins = ends_sentence || token.kind == TokenKind::Emoji || (begins && opens);
    }
    read
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic in a test is a failed test")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn phrases_where_they_stand() {
        fn check(phrase: &str, text: &str, expected: &[&str]) {
            let characters: Vec<char> = text.chars().collect();
            let found = Phrases::new([phrase]).unwrap().find(text);
            let found: Vec<String> =
                found.iter().map(|found| characters[found.start..found.end].iter().collect()).collect();
            assert_eq!(found, expected, "{phrase} in {text}");
        }
        check("help me", "Please HELP  me, help us, help me", &["HELP  me", "help me"]);
        check("help me", "helpme, help, me", &[]);
        check("let's meet", "Let\u{2019}s meet!", &["Let\u{2019}s meet"]);
        check("can * help", "can any of you help? I can. Help!", &["can any of you help"]);
        check("can * help", "can one two three four five six help", &[]);
        check("recommend*", "any Recommendations? recommended", &["Recommendations", "recommended"]);
        check("^how do", "So how do I? \"How do I\" - how do", &["How do"]);
        check("^how do", "ok 😀 how do I", &["how do"]);
        // Any form, and signs that nobody sees.
        check("求推荐", "有没有好书？求推薦！", &["求推薦"]);
        check("求 * 推荐", "求各位大佬推荐", &["求各位大佬推荐"]);
        check("ok 吗", "這樣ＯＫ嗎", &["ＯＫ嗎"]);
        check("help me", "he\u{200b}lp m\u{200b}e", &["he\u{200b}lp m\u{200b}e"]);
        check("?", "什么？", &["？"]);
        check("help me", "", &[]);
    }

    #[test]
    fn what_is_no_phrase() {
        for text in ["", " ", "*", "* help", "help *", "a * * b", "help ^me", "^", "a** b"] {
            assert_eq!(Phrases::new([text]), Err(PhraseError(text.to_owned())));
        }
        assert!(Phrases::new(["^a", "b* * c*", "?"]).is_ok());
    }

    #[test]
    fn many_phrases_by_their_numbers() {
        let phrases = Phrases::new(["thank*", "thank you", "you"]).unwrap();
        let found: Vec<(usize, Range<usize>)> =
            phrases.find("thank you").into_iter().map(|found| (found.phrase, found.tokens)).collect();
        assert_eq!(found, [(1, 0..2), (0, 0..1), (2, 1..2)]);
    }

    proptest! {
        #[test]
        fn places_are_within_any_text(text in any::<String>()) {
            let phrases = Phrases::new(["a", "b*", "c * d", "好", "?"]).unwrap();
            let count = text.chars().count();
            for found in phrases.find(&text) {
                prop_assert!(found.start < found.end && found.end <= count, "{found:?}");
            }
        }

        #[test]
        fn what_stands_there_is_found(before in "[a-c ]{0,9}", after in "[a-c ]{0,9}") {
            let text = format!("{before} x y {after}");
            let found = Phrases::new(["x y"]).unwrap().find(&text);
            prop_assert_eq!(found.len(), 1);
            prop_assert_eq!(found[0].start, before.chars().count() + 1);
        }
    }
}
