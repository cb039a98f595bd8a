//! The words of a text that say what it is about, from the text alone.

mod han;
mod spaced;
mod stop_words;

use std::cmp::Ordering;

/// Characters that are read; what a text is about shows before that.
const READ: usize = 100_000;
/// The most words that can be asked for.
const MOST: usize = 100;

/// A word or a phrase of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Keyword {
    /// As it is written where it comes first.
    pub text: String,
    /// The place of its first character there, in Unicode characters of the text as written from 0.
    pub start: usize,
    /// The place behind its last character.
    pub end: usize,
    /// Above 0, at most 1, which the best word has; that of Chinese and that of words with spaces, each.
    pub weight: f64,
}

/// Part of a text, and how much speaks for it: more is better.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Candidate {
    start: usize,
    end: usize,
    score: f64,
}

/// At most `most` (and 100) words or phrases that say what a text is about, the best first, those of one weight in the
/// order of the text. No word is part of another one, and none overlaps another where it is written.
///
/// Words with spaces are weighed after YAKE (Campos et al. 2020, "YAKE! Keyword extraction from single documents using
/// multiple local features"); Chinese ones by repetition and by how free they are in their neighbours, without a
/// dictionary. Mixed texts give both. Links, addresses of mail and mentions are left out; of other scripts without
/// spaces (Thai, Burmese, hiragana) nothing is read. The first 100 000 characters are read, in linear time.
#[must_use]
pub fn keywords(text: &str, most: usize) -> Vec<Keyword> {
    let (most, text) = (most.min(MOST), crate::aside::first_characters(text, READ));
    let characters = crate::aside::without_addresses(text);
    let code = crate::language(text).map(|language| language.code);
    let mut candidates = relative(han::candidates(&characters, most));
    candidates.extend(relative(spaced::candidates(&characters, code, most)));
    candidates.sort_unstable_by(best_first);
    candidates.truncate(most);
    candidates
        .into_iter()
        .map(|Candidate { start, end, score }| Keyword {
            text: characters.get(start..end).unwrap_or_default().iter().collect(),
            start,
            end,
            weight: score,
        })
        .collect()
}

/// The words of a text that say something, in one spelling and in their order: those with spaces, and the pairs of
/// Chinese characters between common words. The same parts of a text are read as by [`keywords`].
pub(crate) fn content_words(text: &str) -> Vec<String> {
    let text = crate::aside::first_characters(text, READ);
    let code = crate::language(text).map(|language| language.code);
    let text: String = crate::aside::without_addresses(text).into_iter().collect();
    let text = crate::one_spelling(&text);
    let tokens = crate::tokens(&text);
    let spaced = tokens.iter().filter(|token| token.kind == crate::TokenKind::Word).map(|token| token.text);
    let spaced = spaced.map(|word| word.strip_suffix("'s").unwrap_or(word));
    let mut words: Vec<String> =
        spaced.filter(|word| !spaced::says_little(word, code)).map(str::to_owned).collect();
    let characters: Vec<char> = text.chars().collect();
    for (from, to) in han::stretches(&characters) {
        let stretch = characters.get(from..to).unwrap_or_default();
        words.extend(stretch.windows(2).map(String::from_iter));
    }
    words
}

/// Scores as shares of the best one.
fn relative(mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    let best = candidates.iter().map(|candidate| candidate.score).fold(0.0, f64::max);
    for candidate in &mut candidates {
        candidate.score /= best;
    }
    candidates
}

fn best_first(a: &Candidate, b: &Candidate) -> Ordering {
    b.score.total_cmp(&a.score).then(a.start.cmp(&b.start)).then(a.end.cmp(&b.end))
}

/// The best candidates of which none is part of another, by whatever `units` says they are made of, or overlaps another
/// where it is written.
fn apart<T: PartialEq>(
    mut candidates: Vec<Candidate>,
    most: usize,
    units: impl Fn(&Candidate) -> Vec<T>,
) -> Vec<Candidate> {
    candidates.sort_unstable_by(best_first);
    let mut chosen: Vec<(Candidate, Vec<T>)> = Vec::new();
    for candidate in candidates {
        if chosen.len() >= most {
            break;
        }
        let own = units(&candidate);
        let meets = |other: &Candidate| candidate.start < other.end && other.start < candidate.end;
        if !chosen.iter().any(|(at, other)| meets(at) || is_part(&own, other) || is_part(other, &own)) {
            chosen.push((candidate, own));
        }
    }
    chosen.into_iter().map(|(candidate, _)| candidate).collect()
}

fn is_part<T: PartialEq>(part: &[T], whole: &[T]) -> bool {
    part.len() <= whole.len() && whole.windows(part.len().max(1)).any(|window| window == part)
}

#[cfg(test)]
mod tests;
