//! One spelling of what can be written in many ways.

use unicode_normalization::UnicodeNormalization;

/// The longest run of one character that is kept: `soooo` says more than `so`, and no more than `sooo`.
const LONGEST_RUN: usize = 3;

/// The text in one spelling: compatibility forms composed (full-width letters and digits become plain ones, ligatures
/// come apart; Unicode's NFKC), traditional Chinese characters simplified, lower case, plain quotes and dashes, no
/// characters that are not seen (zero width, direction marks, soft hyphens), one space between words, and no more
/// than three of a character in a row. Any text has one. That of a spelling is itself, but for a few Chinese characters
/// whose simple form hangs on their neighbours.
#[must_use]
pub fn one_spelling(text: &str) -> String {
    // Plain text, as most is, has one form and no dictionary to go through.
    if text.is_ascii() {
        return tidied(text.bytes().map(|byte| plain(char::from(byte.to_ascii_lowercase()))), text.len());
    }
    let composed: String = text.nfkc().filter(|&c| !is_unseen(c)).flat_map(char::to_lowercase).collect();
    // Lower case can bring marks that compose anew.
    let composed: String = simplified(&composed).nfkc().map(plain).collect();
    tidied(composed.chars(), composed.len())
}

/// One space between words, and no long runs; `room` is how many bytes there are at most.
fn tidied(characters: impl Iterator<Item = char>, room: usize) -> String {
    let mut out = String::with_capacity(room);
    let (mut last, mut run) = (' ', 0);
    for c in characters {
        let c = if c.is_whitespace() || c.is_control() { ' ' } else { c };
        run = if c == last { run + 1 } else { 1 };
        last = c;
        let kept = if c == ' ' { usize::from(!out.is_empty()) } else { LONGEST_RUN };
        if run <= kept {
            out.push(c);
        }
    }
    if out.ends_with(' ') {
        out.pop();
    }
    out
}

/// The first `most` characters of a text in one spelling, but for runs and spaces, with the place in the text that each
/// character of it comes from. Marks that stand on the letter before them are not composed with it.
pub(crate) fn spelled_in_place(text: &str, most: usize) -> (String, Vec<usize>) {
    let (mut spelled, mut places) = (String::new(), Vec::new());
    for (place, c) in text.chars().take(most).enumerate() {
        if is_unseen(c) {
            continue;
        }
        for c in c.nfkc().flat_map(char::to_lowercase).map(plain) {
            spelled.push(if c.is_control() { ' ' } else { c });
            places.push(place);
        }
    }
    // One character for one, but for a few words.
    let simple = simplified(&spelled);
    if simple.chars().count() == places.len() { (simple, places) } else { (spelled, places) }
}

/// The text with compatibility forms composed (Unicode's NFKC) and in lower case, and nothing else changed.
#[must_use]
pub fn composed(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).collect()
}

/// Characters that take no room and change nothing but what a machine reads.
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

fn simplified(text: &str) -> String {
    // Nothing below the first Chinese character needs the dictionary.
    if text.chars().all(|c| c < '\u{2e80}') { text.to_owned() } else { fast2s::convert(text) }
}

fn plain(c: char) -> char {
    match c {
        '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{2032}' | '\u{00b4}' | '`' => '\'',
        '\u{201c}'
        | '\u{201d}'
        | '\u{201f}'
        | '\u{2033}'
        | '\u{00ab}'
        | '\u{00bb}'
        | '\u{300c}'..='\u{300f}' => '"',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{3002}' => '.',
        '\u{3001}' => ',',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn many_spellings_of_one() {
        for (text, expected) in [
            ("", ""),
            (" \t\n ", ""),
            ("Hello,\r\n  World ", "hello, world"),
            ("ＦＵＬＬ　ｗｉｄｔｈ　１２３！", "full width 123!"),
            ("繁體中文與簡體", "繁体中文与简体"),
            ("你好。“好”、行", "你好.\"好\",行"),
            ("it\u{2019}s \u{2014} \u{fb01}ne", "it's - fine"),
            ("so\u{200b}ft\u{00ad}ly \u{202e}thgir\u{202c}", "softly thgir"),
            ("sooooo goooood!!!!!", "sooo goood!!!"),
            ("E\u{301}TE\u{301}", "été"),
            ("İstanbul", "i\u{307}stanbul"),
            ("❤\u{fe0f} 👍🏽", "❤ 👍🏽"),
            ("\u{0}a\u{7}b", "a b"),
        ] {
            assert_eq!(one_spelling(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn plain_text_is_spelled_as_beside_other_text(text in "[ -~\t\n]{0,40}") {
            // The last character keeps it from the short way.
            let other = one_spelling(&format!("{text} é"));
            let end = if one_spelling(&text).is_empty() { "é" } else { " é" };
            prop_assert_eq!(one_spelling(&text) + end, other);
        }

        #[test]
        fn a_spelling_is_its_own(text in "\\PC{0,40}") {
            let one = one_spelling(&text);
            prop_assert_eq!(one_spelling(&one), one);
        }

        #[test]
        fn any_text_has_one(text in any::<String>()) {
            let one = one_spelling(&text);
            prop_assert!(!one.starts_with(' ') && !one.ends_with(' ') && !one.contains("  "));
        }
    }
}
