//! From a text to its terms.

use crate::{Token, TokenKind, one_spelling, tokens};

/// Characters of a text that are read.
const READ: usize = 20_000;
/// Terms of a text that are kept.
const MOST: usize = 1000;
/// Characters of a term that count.
const LONGEST: usize = 40;

/// The terms of a text in their order, each as often as it comes: the first 1000 of the first 20,000 characters.
///
/// Texts are read in [`one_spelling`], so that case, full width and traditional characters make no difference. A word is
/// a term, without the `'s` of possession and the `s` of an English plural (the rules of Harman, "How effective is
/// suffixing?", JASIS 42(1), 1991); so is an emoji, and a name behind `@` or `#`. Characters of scripts that do not
/// part their words give the overlapping pairs of each run of them, or the character that stands alone (Kwok, "Comparing
/// representations in Chinese information retrieval", SIGIR 1997). Addresses and marks give none.
#[must_use]
pub fn terms(text: &str) -> Vec<String> {
    let text = one_spelling(crate::aside::first_characters(text, READ));
    let tokens = tokens(&text);
    let mut terms = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at)
        && terms.len() < MOST
    {
        let length = run(tokens.get(at..).unwrap_or_default());
        match token.kind {
            TokenKind::Character => pairs(&text, tokens.get(at..at + length).unwrap_or_default(), &mut terms),
            TokenKind::Word | TokenKind::Topic => terms.push(word(token.text)),
            TokenKind::Mention => terms.push(word(token.text.trim_start_matches('@'))),
            TokenKind::Emoji => terms.push(token.text.to_owned()),
            TokenKind::Address | TokenKind::Mark => {}
        }
        at += length;
    }
    terms.truncate(MOST);
    terms
}

/// How many of the first tokens are characters that touch, at least 1.
fn run(tokens: &[Token<'_>]) -> usize {
    let touch = |pair: &&[Token<'_>]| matches!(pair, [a, b] if a.kind == TokenKind::Character && b.kind == TokenKind::Character && a.end == b.start);
    1 + tokens.windows(2).take_while(touch).count()
}

fn pairs(text: &str, run: &[Token<'_>], terms: &mut Vec<String>) {
    let part = |from: &Token<'_>, to: &Token<'_>| text.get(from.start..to.end).map(str::to_owned);
    match run {
        [alone] => terms.extend(part(alone, alone)),
        run => terms.extend(run.windows(2).filter_map(|pair| part(pair.first()?, pair.last()?))),
    }
}

fn word(written: &str) -> String {
    let written = crate::aside::first_characters(written, LONGEST);
    singular(written.strip_suffix("'s").unwrap_or(written))
}

/// An English word without the `s` of its plural; what is no such word is seldom harmed.
pub(super) fn singular(word: &str) -> String {
    let ends = |any: &[&str]| any.iter().any(|end| word.ends_with(end));
    let without = |last: usize| word.get(..word.len() - last).unwrap_or(word);
    if word.len() <= 3 || !word.bytes().all(|byte| byte.is_ascii_lowercase()) || !word.ends_with('s') {
        word.to_owned()
    } else if word.ends_with("ies") {
        if ends(&["eies", "aies"]) { word.to_owned() } else { format!("{}y", without(3)) }
    } else if ends(&["us", "ss", "aes", "ees", "oes"]) {
        word.to_owned()
    } else {
        without(1).to_owned()
    }
}
