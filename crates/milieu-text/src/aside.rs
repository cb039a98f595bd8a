//! Characters of a text: so many of them, with what is not language set aside, of which script.

/// The longest part before the `@` of an address of mail that is looked back at (RFC 5321, 4.5.3.1.1).
const LOCAL_PART: usize = 64;

/// What stands in place of characters that are set aside; it parts words and sentences.
pub(crate) const SET_ASIDE: char = '\n';

/// At most so many of the first characters.
pub(crate) fn first_characters(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

/// The characters of a text, one for one, with [`SET_ASIDE`] for each of those of links, addresses of mail and mentions
/// and for the sign of a topic. Time is linear in the text.
pub(crate) fn without_addresses(text: &str) -> Vec<char> {
    let mut characters: Vec<char> = text.chars().collect();
    let mut at = 0;
    while at < characters.len() {
        let (from, to) = set_aside(&characters, at);
        if let Some(part) = characters.get_mut(from..to) {
            part.fill(SET_ASIDE);
        }
        at = to.max(at + 1);
    }
    characters
}

/// The part around a place that is to be set aside; empty where there is none.
fn set_aside(characters: &[char], at: usize) -> (usize, usize) {
    let rest = characters.get(at..).unwrap_or_default();
    let before = at.checked_sub(1).and_then(|before| characters.get(before));
    let at_start = before.is_none_or(|c| !c.is_ascii_alphanumeric());
    if at_start && is_link(rest) {
        return (at, at + rest.iter().take_while(|&&c| !c.is_whitespace() && !stands_alone(c)).count());
    }
    match rest.first() {
        Some('#' | '＃') => (at, at + 1),
        Some('@' | '＠') => {
            let of_name = |c: char| (c.is_alphanumeric() || matches!(c, '_' | '.' | '-')) && !stands_alone(c);
            let name = rest.iter().skip(1).take_while(|&&c| of_name(c)).count();
            let local = characters.get(..at).unwrap_or_default().iter().rev().take(LOCAL_PART);
            let local = local.take_while(|&&c| of_name(c) || c == '+').count();
            if name == 0 { (at, at) } else { (at - local, at + 1 + name) }
        }
        _ => (at, at),
    }
}

fn is_link(rest: &[char]) -> bool {
    ["http://", "https://", "www."].iter().any(|start| {
        rest.len() > start.len() && start.chars().zip(rest).all(|(s, c)| s == c.to_ascii_lowercase())
    })
}

/// Whether a character is of a script that does not part its words.
pub(crate) fn stands_alone(c: char) -> bool {
    is_han(c)
        || matches!(c, '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
            | '\u{3000}'..='\u{312f}')
}

/// Whether a character is a Chinese one, as in Chinese, Japanese and Korean.
pub(crate) fn is_han(c: char) -> bool {
    matches!(c, '\u{3005}' | '\u{3007}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}')
}

/// The simple form of each Chinese character, one for one; any other as it is.
pub(crate) fn simplified(characters: &[char]) -> Vec<char> {
    if !characters.iter().any(|&c| is_han(c)) {
        return characters.to_vec();
    }
    let text: String = characters.iter().collect();
    let simple: Vec<char> = fast2s::convert(&text).chars().collect();
    if simple.len() == characters.len() { simple } else { characters.to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_are_set_aside() {
        fn check(text: &str, expected: &str) {
            let found: String = without_addresses(text).into_iter().collect();
            let found: Vec<&str> = found.split_whitespace().collect();
            assert_eq!(found.join(" "), expected, "{text:?}");
        }
        check("see https://x.y/z?a=1 now", "see now");
        check("看HTTP://x.y/z这里 www.a.b", "看 这里");
        check("@ann write to bob.c+d@e.org!", "write to !");
        check("#cats #猫 @ # ok", "cats 猫 @ ok");
        check("awww.", "awww.");
        check("联系ann@b.com谢谢", "联系 谢谢");
    }

    #[test]
    fn traditional_characters_get_simple() {
        let text: Vec<char> = "機器學習 and 后天".chars().collect();
        assert_eq!(simplified(&text).into_iter().collect::<String>(), "机器学习 and 后天");
    }

    proptest! {
        #[test]
        fn places_stay(text in any::<String>()) {
            let characters = without_addresses(&text);
            prop_assert_eq!(simplified(&characters).len(), text.chars().count());
            for (kept, c) in characters.iter().zip(text.chars()) {
                prop_assert!(*kept == c || *kept == SET_ASIDE);
            }
        }
    }
}
