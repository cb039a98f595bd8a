//! Words that are written so that a machine does not know them: `v1agra`, `f*ck`, `f u c k`, `раypal`.

/// The fewest letters that are joined where they are spelled apart.
const SPELLED_APART: usize = 3;
/// Letters of a word whose consonants say something.
const SAYING: std::ops::RangeInclusive<usize> = 3..=16;

/// A text of one spelling without its disguises: letters that look like Latin ones within Latin words, digits and
/// marks that stand for letters inside words, and letters that are spelled apart. `None` where there are none.
#[must_use]
pub fn undisguised(text: &str) -> Option<String> {
    let chunks: Vec<String> = text.split(' ').map(|chunk| letters(&latin(chunk))).collect();
    let mut joined: Vec<String> = Vec::with_capacity(chunks.len());
    let mut apart: Vec<String> = Vec::new();
    for chunk in chunks {
        if is_lone_letter(&chunk) {
            apart.push(chunk);
            continue;
        }
        settle(&mut apart, &mut joined);
        joined.push(spelled_with_marks(&chunk).unwrap_or(chunk));
    }
    settle(&mut apart, &mut joined);
    let found = joined.join(" ");
    (found != text).then_some(found)
}

/// The consonants of a word, with whatever stands between its letters left out: the same for `fuck`, `f*ck` and `fck`.
/// `None` for what is too short or too long to say anything, or starts or ends with no Latin letter.
#[must_use]
pub fn consonants(word: &str) -> Option<String> {
    let is_latin = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase());
    if !SAYING.contains(&word.len()) || !is_latin(word.chars().next()) || !is_latin(word.chars().next_back())
    {
        return None;
    }
    let found: String = word
        .chars()
        .filter(|c| c.is_ascii_lowercase() && !matches!(c, 'a' | 'e' | 'i' | 'o' | 'u'))
        .collect();
    (found.len() >= 2).then_some(found)
}

fn is_lone_letter(chunk: &str) -> bool {
    chunk.len() == 1 && chunk.chars().all(|c| c.is_ascii_lowercase())
}

/// Joins letters that stood apart if they are many enough.
fn settle(apart: &mut Vec<String>, joined: &mut Vec<String>) {
    if apart.len() >= SPELLED_APART {
        joined.push(apart.concat());
        apart.clear();
    } else {
        joined.append(apart);
    }
}

/// `f.u.c.k` and `f-u-c-k` joined: single letters with one and the same mark between all of them.
fn spelled_with_marks(chunk: &str) -> Option<String> {
    let mark = chunk.chars().nth(1).filter(|mark| matches!(mark, '.' | '-' | '_' | '*' | ','))?;
    let letters: Vec<&str> = chunk.trim_end_matches(mark).split(mark).collect();
    (letters.len() >= SPELLED_APART && letters.iter().all(|letter| is_lone_letter(letter)))
        .then(|| letters.concat())
}

/// A chunk that has Latin letters, or none but look-alikes of them, with those in place of the look-alikes.
fn latin(chunk: &str) -> String {
    let of_letters = |c: &char| c.is_alphabetic();
    let some_latin = chunk.chars().any(|c| c.is_ascii_lowercase());
    let foreign = chunk.chars().filter(of_letters).filter(|c| !c.is_ascii());
    let all_alike = foreign.clone().all(|c| look_alike(c).is_some());
    // A word of another script is a word of that script, also where all its letters have Latin look-alikes.
    if !some_latin || !all_alike || foreign.count() == 0 {
        return chunk.to_owned();
    }
    chunk.chars().map(|c| look_alike(c).unwrap_or(c)).collect()
}

/// The Latin letter that a Cyrillic or Greek one looks like (after Unicode's list of confusable characters, UTS 39).
fn look_alike(c: char) -> Option<char> {
    Some(match c {
        'а' | 'α' => 'a',
        'е' | 'ε' | 'ё' => 'e',
        'о' | 'ο' | 'σ' => 'o',
        'р' | 'ρ' => 'p',
        'с' | 'ϲ' => 'c',
        'у' | 'γ' => 'y',
        'х' | 'χ' => 'x',
        'і' | 'ι' | 'ı' => 'i',
        'ј' => 'j',
        'ѕ' => 's',
        'к' | 'κ' => 'k',
        'м' => 'm',
        'т' | 'τ' => 't',
        'н' => 'h',
        'в' | 'β' => 'b',
        'ν' => 'v',
        'ո' => 'n',
        'ԁ' => 'd',
        'ԛ' => 'q',
        'ԝ' | 'ω' => 'w',
        _ => return None,
    })
}

/// A chunk with letters in place of digits and marks that stand before a letter, and behind one too or are marks.
fn letters(chunk: &str) -> String {
    let characters: Vec<char> = chunk.chars().collect();
    let is_letter = |c: Option<&char>| c.is_some_and(|c| c.is_ascii_lowercase());
    let mut out = String::with_capacity(chunk.len());
    for (place, &c) in characters.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|place| characters.get(place));
        let inside =
            is_letter(characters.get(place + 1)) && (is_letter(before) || (before.is_none() && c == '$'));
        out.push(match c {
            '0' if inside => 'o',
            '1' | '!' if inside => 'i',
            '3' if inside => 'e',
            '4' | '@' if inside => 'a',
            '5' | '$' if inside => 's',
            '7' if inside => 't',
            c => c,
        });
    }
    // An address of mail is none.
    if out != chunk && chunk.contains('@') && chunk.contains('.') { chunk.to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn disguises_are_taken_off() {
        for (text, expected) in [
            ("buy v1agra now", Some("buy viagra now")),
            ("sh1t and $hit and sh!t", Some("shit and shit and shit")),
            ("you f u c k you", Some("you fuck you")),
            ("f.u.c.k. that", Some("fuck that")),
            ("р\u{0430}ypal".trim_start(), Some("paypal")),
            ("i a man", None),
            ("covid19 in 2020", None),
            ("write to ann@b.com", None),
            ("привет мир", None),
            ("сор", None),
            ("really!", None),
            ("u.s.", None),
            ("", None),
        ] {
            assert_eq!(undisguised(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn consonants_of_words() {
        for (word, expected) in [
            ("fuck", Some("fck")),
            ("f*ck", Some("fck")),
            ("f**k", Some("fk")),
            ("b!tch", Some("btch")),
            ("bitch", Some("btch")),
            ("aie", None),
            ("of", None),
            ("我们好", None),
            ("*foo*", None),
        ] {
            assert_eq!(consonants(word).as_deref(), expected, "{word}");
        }
    }

    proptest! {
        #[test]
        fn any_text_can_be_looked_at(text in any::<String>()) {
            let text = crate::one_spelling(&text);
            if let Some(found) = undisguised(&text) {
                prop_assert_ne!(found, text);
            }
        }
    }
}
