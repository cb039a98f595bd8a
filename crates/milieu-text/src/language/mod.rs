//! The language that a text is in.

mod han;
mod script;
mod spaced;
mod words;

pub use script::Script;
pub(crate) use words::is_common;

/// Letters of a text that are looked at beyond counting; more say no more.
const SAMPLE: usize = 4000;
/// The confidence below which an answer among many languages is a guess that helps nobody.
const LEAST: f64 = 0.05;
/// The confidence from which an answer is reliable.
const RELIABLE: f64 = 0.7;

/// The language of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Language {
    /// The code of ISO 639-1, or that of ISO 639-3 where there is no shorter one.
    pub code: &'static str,
    /// The script of most of the text.
    pub script: Script,
    /// 0 to 1: how much speaks for the language, less where a good part of the text is in another script.
    pub confidence: f64,
    /// Whether the confidence is enough to build on.
    pub reliable: bool,
}

impl Language {
    fn new(code: &'static str, script: Script, confidence: f64) -> Self {
        let confidence = confidence.clamp(0.0, 1.0);
        Self { code, script, confidence, reliable: confidence >= RELIABLE }
    }
}

/// The language that most of a text is in. Links, addresses of mail, mentions and the signs of topics do not count, nor
/// do digits and emoji.
///
/// The script comes first, by how much its letters say; most scripts write one language. Chinese is told from Japanese
/// by kana and by forms of characters that only one of them writes. Among languages of Latin, Cyrillic, Arabic,
/// Devanagari and Hebrew letters, trigrams of letters decide (Cavnar & Trenkle 1994, "N-gram-based text categorization",
/// in the crate `whatlang`) together with common words, which alone say something of a short text.
///
/// `None` means that nobody could know: no letters, or too few of them that say anything. Time is linear in the text.
#[must_use]
pub fn language(text: &str) -> Option<Language> {
    let characters = crate::aside::without_addresses(text);
    let weights = weights(&characters);
    let total: f64 = weights.iter().map(|(_, weight)| weight).sum();
    let &(main, most) = weights
        .iter()
        .reduce(|best, next| if next.1 > best.1 { next } else { best })
        .filter(|best| best.1 > 0.0)?;
    let found = match main {
        Script::Han | Script::Japanese => {
            let sample = sample(&characters, &[Script::Han, Script::Japanese]);
            let kana =
                sample.iter().filter(|&&c| c != 'の' && Script::of(c) == Some(Script::Japanese)).count();
            han::of_han(&sample, kana)
        }
        main => match main.only_language() {
            Some(code) => {
                let letters = sample(&characters, &[main]).iter().filter(|c| c.is_alphabetic()).count();
                Language::new(code, main, 1.0 - 0.5_f64.powi(letters.min(60) as i32))
            }
            None => spaced::of_letters(&sample(&characters, &[main]), main)
                .filter(|found| found.confidence >= LEAST)?,
        },
    };
    Some(Language::new(found.code, found.script, found.confidence * most / total))
}

/// How much the letters of each script say, Chinese characters and kana together as the more of the two.
fn weights(characters: &[char]) -> Vec<(Script, f64)> {
    let mut weights: Vec<(Script, f64)> = Vec::new();
    for script in characters.iter().filter_map(|&c| Script::of(c)) {
        match weights.iter_mut().find(|(of, _)| *of == script) {
            Some((_, weight)) => *weight += script.weight(),
            None => weights.push((script, script.weight())),
        }
    }
    let of = |script| weights.iter().find(|(of, _)| *of == script).map_or(0.0, |(_, weight)| *weight);
    let (han, kana, hangul) = (of(Script::Han), of(Script::Japanese), of(Script::Korean));
    let both = if hangul > kana {
        Script::Korean
    } else if kana > han {
        Script::Japanese
    } else {
        Script::Han
    };
    // Hangul has Chinese characters beside it, as kana has; not so where there is little of it.
    if both == Script::Korean && han > 2.0 * hangul {
        return weights;
    }
    let joined = han + if both == Script::Korean { hangul } else { kana };
    let beside = if both == Script::Korean { Script::Japanese } else { Script::Korean };
    weights.retain(|(script, _)| {
        !matches!(script, Script::Han | Script::Japanese | Script::Korean) || *script == beside
    });
    weights.push((both, joined));
    weights
}

/// The first letters of some scripts, with a space for whatever stands between words.
fn sample(characters: &[char], scripts: &[Script]) -> Vec<char> {
    let mut sample = Vec::new();
    for &c in characters {
        if Script::of(c).is_some_and(|of| scripts.contains(&of)) || is_within(c) {
            sample.push(c);
        } else if sample.last().is_some_and(|&last| last != ' ') {
            sample.push(' ');
        }
        if sample.len() >= SAMPLE {
            break;
        }
    }
    sample
}

/// Whether a character is written within words without being a letter: marks on letters, and apostrophes.
fn is_within(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}' | '\u{0300}'..='\u{036f}' | '\u{064b}'..='\u{065f}' | '\u{0900}'..='\u{0903}'
        | '\u{093a}'..='\u{094f}')
}

#[cfg(test)]
mod tests;
