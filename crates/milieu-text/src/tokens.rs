//! Words, characters of scripts without spaces, pictures and marks.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TokenKind {
    /// Letters and digits, with apostrophes between them.
    Word,
    /// One character of a script that does not part its words: Chinese, Japanese, Thai and the like.
    Character,
    /// An emoji.
    Emoji,
    /// A web address; one is as good as another.
    Address,
    /// Somebody who is named with an `@`.
    Mention,
    /// A word behind a `#`.
    Topic,
    /// Anything else that is seen.
    Mark,
}

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: TokenKind,
    /// How it is written; without the `#` of a topic.
    pub text: &'a str,
    /// The byte in the text that it starts at.
    pub start: usize,
    /// The byte behind it.
    pub end: usize,
}

/// The tokens of a text in order. Every character that is no space is in exactly one.
#[must_use]
pub fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..)
        && let Some(first) = rest.chars().next()
    {
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (kind, hidden, length) = next(rest, first);
        let end = at + length;
        tokens.push(Token { kind, text: text.get(at + hidden..end).unwrap_or_default(), start: at, end });
        at = end;
    }
    tokens
}

/// The kind of the token that a text starts with, how many of its first bytes are not of its text, and its length.
fn next(rest: &str, first: char) -> (TokenKind, usize, usize) {
    if rest.starts_with("http://") || rest.starts_with("https://") || rest.starts_with("www.") {
        let length = rest.find(|c: char| c.is_whitespace() || is_apart(c)).unwrap_or(rest.len());
        return (TokenKind::Address, 0, length);
    }
    let word = |from: usize| from + word_length(rest.get(from..).unwrap_or_default());
    match first {
        '@' if word(1) > 1 => (TokenKind::Mention, 0, word(1)),
        '#' if word(1) > 1 => (TokenKind::Topic, 1, word(1)),
        c if is_apart(c) => (TokenKind::Character, 0, c.len_utf8()),
        c if is_emoji(c) => (TokenKind::Emoji, 0, c.len_utf8()),
        c if is_of_word(c) => (TokenKind::Word, 0, word(0)),
        c => (TokenKind::Mark, 0, c.len_utf8()),
    }
}

/// Bytes of the word at the start.
fn word_length(text: &str) -> usize {
    let mut length = 0;
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let mut follows = || characters.peek().is_some_and(|&(_, next)| is_of_word(next));
        if is_of_word(c) || (at > 0 && c == '\'' && follows()) {
            length = at + c.len_utf8();
        } else {
            break;
        }
    }
    length
}

fn is_of_word(c: char) -> bool {
    (c.is_alphanumeric() || c == '_' || is_joined(c)) && !is_apart(c)
}

/// Marks that stand on the letter before them.
fn is_joined(c: char) -> bool {
    matches!(c, '\u{0300}'..='\u{036f}' | '\u{0591}'..='\u{05c7}' | '\u{064b}'..='\u{065f}' | '\u{0900}'..='\u{0903}'
        | '\u{093a}'..='\u{094f}' | '\u{0981}'..='\u{0983}' | '\u{09bc}'..='\u{09cd}')
}

/// Whether a character stands for itself, because its script does not part words.
fn is_apart(c: char) -> bool {
    matches!(c, '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{2e80}'..='\u{2fdf}'
        | '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30ff}' | '\u{3100}'..='\u{312f}' | '\u{31a0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

fn is_emoji(c: char) -> bool {
    matches!(c, '\u{203c}' | '\u{2049}' | '\u{2139}' | '\u{2194}'..='\u{21aa}' | '\u{231a}'..='\u{23ff}'
        | '\u{25aa}'..='\u{25fe}' | '\u{2600}'..='\u{27bf}' | '\u{2934}' | '\u{2935}' | '\u{2b05}'..='\u{2b55}'
        | '\u{1f000}'..='\u{1faff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use TokenKind::*;
    use proptest::prelude::*;

    #[test]
    fn of_many_scripts() {
        fn check(text: &str, expected: &[(TokenKind, &str)]) {
            let found = tokens(text);
            let found: Vec<_> = found.iter().map(|token| (token.kind, token.text)).collect();
            assert_eq!(found, expected, "{text:?}");
        }
        check("", &[]);
        check("don't 'go'", &[(Word, "don't"), (Mark, "'"), (Word, "go"), (Mark, "'")]);
        check(
            "我爱rust 2语",
            &[(Character, "我"), (Character, "爱"), (Word, "rust"), (Word, "2"), (Character, "语")],
        );
        check("ok👍!", &[(Word, "ok"), (Emoji, "👍"), (Mark, "!")]);
        check(
            "@ann see https://x.y/z?a=1 #cats # @",
            &[
                (Mention, "@ann"),
                (Word, "see"),
                (Address, "https://x.y/z?a=1"),
                (Topic, "cats"),
                (Mark, "#"),
                (Mark, "@"),
            ],
        );
        check("naïve e\u{301}t", &[(Word, "naïve"), (Word, "e\u{301}t")]);
        check("สวัส", &[(Character, "ส"), (Character, "ว"), (Character, "ั"), (Character, "ส")]);
        check("привет, мир", &[(Word, "привет"), (Mark, ","), (Word, "мир")]);
    }

    proptest! {
        #[test]
        fn nothing_that_is_seen_is_lost(text in any::<String>()) {
            let tokens = tokens(&text);
            let mut at = 0;
            for token in &tokens {
                prop_assert!(text[at..token.start].chars().all(char::is_whitespace));
                prop_assert!(token.start < token.end && text[token.start..token.end].ends_with(token.text));
                at = token.end;
            }
            prop_assert!(text[at..].chars().all(char::is_whitespace));
        }
    }
}
