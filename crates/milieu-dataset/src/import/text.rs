//! Small helpers for text: HTML to plain text, hashtags, cutting, old encodings.

use milieu_types::validate::MAX_TAGS;
use std::borrow::Cow;

/// The plain text of an HTML fragment.
///
/// Tags go, block elements and `<br>` become line ends, entities become their characters, `script` and
/// `style` go with their content, runs of blanks become one. Broken HTML gives some text, never an
/// error.
#[must_use]
pub fn strip_html(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    // Bytes after the last `>`: no tag that begins there is closed, and need not be searched for it.
    let tail = html.rfind('>').map_or(html.len(), |at| html.len() - at - 1);
    while let Some(at) = rest.find(['<', '&']) {
        push_collapsed(&mut text, &rest[..at]);
        let from = &rest[at..];
        rest = if from.starts_with('&') { entity(from, &mut text) } else { tag(from, tail, &mut text) };
    }
    push_collapsed(&mut text, rest);
    text.truncate(text.trim_end().len());
    text
}

/// Takes a tag at the head of `html` and returns what follows it.
fn tag<'h>(html: &'h str, tail: usize, text: &mut String) -> &'h str {
    if let Some(comment) = html.strip_prefix("<!--") {
        return comment.find("-->").map_or("", |end| &comment[end + 3..]);
    }
    let is_tag = html[1..].starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'));
    let end = if is_tag && html.len() > tail { html.find('>') } else { None };
    let Some(end) = end else {
        text.push('<');
        return &html[1..];
    };
    let inside = &html[1..end];
    let closing = inside.starts_with('/');
    let name: String = inside
        .trim_start_matches('/')
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .take(12)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    match name.as_str() {
        "script" | "style" if !closing => return after_closing(&html[end + 1..], &name),
        "br" => push_line_end(text, 1),
        "p" | "pre" | "blockquote" | "ul" | "ol" | "table" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
            push_line_end(text, 2);
        }
        "div" | "li" | "tr" | "hr" => push_line_end(text, 1),
        "td" | "th" => push_collapsed(text, " "),
        _ => {}
    }
    &html[end + 1..]
}

/// What follows the closing tag of `name`.
fn after_closing<'h>(html: &'h str, name: &str) -> &'h str {
    let bytes = html.as_bytes();
    let closes = |at: usize| {
        bytes[at..].starts_with(b"</")
            && bytes.get(at + 2..at + 2 + name.len()).is_some_and(|n| n.eq_ignore_ascii_case(name.as_bytes()))
    };
    match html.match_indices("</").map(|(at, _)| at).find(|&at| closes(at)) {
        Some(at) => html[at..].find('>').map_or("", |end| &html[at + end + 1..]),
        None => "",
    }
}

/// Takes an entity at the head of `html` and returns what follows it. What is no entity stays text.
fn entity<'h>(html: &'h str, text: &mut String) -> &'h str {
    let end = html.bytes().take(12).position(|byte| byte == b';');
    let decoded = end.and_then(|end| Some((decode_entity(&html[1..end])?, &html[end + 1..])));
    match decoded {
        Some((' ', rest)) => {
            push_collapsed(text, " ");
            rest
        }
        Some((c, rest)) => {
            text.push(c);
            rest
        }
        None => {
            text.push('&');
            &html[1..]
        }
    }
}

fn decode_entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code).map(|c| if c.is_control() || c == '\u{a0}' { ' ' } else { c });
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "hellip" => '…',
        "mdash" => '—',
        "ndash" => '–',
        "lsquo" => '‘',
        "rsquo" => '’',
        "ldquo" => '“',
        "rdquo" => '”',
        "copy" => '©',
        "reg" => '®',
        "deg" => '°',
        "euro" => '€',
        "times" => '×',
        _ => return None,
    })
}

/// Appends text with runs of blanks made one.
fn push_collapsed(text: &mut String, piece: &str) {
    for c in piece.chars() {
        if !c.is_whitespace() {
            text.push(c);
        } else if !text.is_empty() && !text.ends_with([' ', '\n']) {
            text.push(' ');
        }
    }
}

/// Makes the text end in `wanted` line ends, none at its beginning.
fn push_line_end(text: &mut String, wanted: usize) {
    text.truncate(text.trim_end_matches(' ').len());
    if text.is_empty() {
        return;
    }
    let there = text.bytes().rev().take_while(|&byte| byte == b'\n').count();
    text.extend(std::iter::repeat_n('\n', wanted.saturating_sub(there)));
}

/// The hashtags of a text without `#`, in lower case, in order, none twice, the first
/// [`MAX_TAGS`] of them.
///
/// A hashtag is `#` at the beginning or after something that is neither letter, digit, `&` nor `/`,
/// and then letters, digits and `_`, not digits alone.
#[must_use]
pub fn hashtags(text: &str) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        if tags.len() == MAX_TAGS {
            break;
        }
        if c == '#' && !before.is_alphanumeric() && !matches!(before, '&' | '/' | '#' | '_') {
            let word = &text[at + 1..];
            let end = word.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(word.len());
            let tag = word[..end].to_lowercase();
            if tag.chars().any(char::is_alphabetic) && !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        before = c;
    }
    tags
}

/// The longest beginning of `text` of at most `bytes` bytes that ends between characters.
#[must_use]
pub fn truncate(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// UTF-8 where it is UTF-8, otherwise read as Latin-1, in which every byte is a character.
#[must_use]
pub fn utf8_or_latin1(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect::<String>().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html() {
        fn check(input: &str, expected: &str) {
            assert_eq!(strip_html(input), expected, "{input}");
        }
        check("", "");
        check("plain  text\n here", "plain text here");
        check("<p>One &amp; <b>two</b></p>\n\n<p>three<br/>four</p>", "One & two\n\nthree\nfour");
        check("<ul><li>a</li><li>b</li></ul>c", "a\nb\n\nc");
        check("a &lt;b&gt; &#39;c&#x27; &hellip; &nosuch; &", "a <b> 'c' … &nosuch; &");
        check("x<script>alert('<p>')</script>y<STYLE>p{}</style>z", "xyz");
        check("<!-- no -->yes<!-- open", "yes");
        check("1 < 2 and 3 > 2", "1 < 2 and 3 > 2");
        check("cut <a href=\"x", "cut <a href=\"x");
        check("<p>你好&nbsp;世界</p>", "你好 世界");
        check("&#0;&#xD800;&#99999999999;", "&#xD800;&#99999999999;");
    }

    #[test]
    fn tags() {
        fn check(input: &str, expected: &[&str]) {
            assert_eq!(hashtags(input), expected, "{input}");
        }
        check("no tags", &[]);
        check("#One and #two_2, #ONE", &["one", "two_2"]);
        check("a#b &#39; http://x/#y #7 ##z", &[]);
        check("今天 #摄影 好", &["摄影"]);
    }

    #[test]
    fn cutting() {
        assert_eq!(truncate("héllo", 2), "h");
        assert_eq!(truncate("héllo", 3), "hé");
        assert_eq!(truncate("h", 9), "h");
    }
}
