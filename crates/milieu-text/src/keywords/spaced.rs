//! Words of languages that part them with spaces, after YAKE (Campos et al. 2020, section 3).

use super::{Candidate, apart, stop_words};
use crate::aside::stands_alone;
use std::collections::{HashMap, HashSet};

/// Words of a phrase.
const LONGEST: usize = 3;

/// A word where it stands.
#[derive(Debug, Clone, Copy)]
struct Place {
    word: usize,
    start: usize,
    end: usize,
    sentence: usize,
    /// The stretch between marks that it is in.
    stretch: usize,
    is_first: bool,
}

/// What is counted of a word.
#[derive(Debug, Default)]
struct Word {
    is_common: bool,
    count: f64,
    acronyms: f64,
    capitals: f64,
    /// The sentences it is in.
    sentences: Vec<usize>,
    /// Different words before and behind it, and how many all in all.
    before: (f64, f64),
    behind: (f64, f64),
}

/// The words of a text.
#[derive(Default)]
struct Words {
    places: Vec<Place>,
    words: Vec<Word>,
    pairs: HashMap<(usize, usize), f64>,
    sentences: usize,
}

/// The best words and phrases of characters in a language; `code` is that of ISO 639-1.
pub(super) fn candidates(characters: &[char], code: Option<&str>, most: usize) -> Vec<Candidate> {
    let words = read(characters, code);
    let scores = words.scores();
    let phrases = words.phrases();
    let is_within =
        |key: &[usize], count: f64| phrases.get(key).is_some_and(|(_, of_part)| *of_part == count);
    let mut parts: HashSet<&[usize]> = HashSet::new();
    for (key, (_, count)) in &phrases {
        parts.extend(
            (1..key.len()).flat_map(|length| key.windows(length)).filter(|part| is_within(part, *count)),
        );
    }
    let found = phrases
        .iter()
        // What is never written without the words beside it is no phrase of its own.
        .filter(|(key, _)| !parts.contains(key.as_slice()))
        .map(|(key, &(found, count))| Candidate {
            score: 1.0 / (1.0 + words.phrase(key, count, &scores)),
            ..found
        })
        .collect();
    let of_place: HashMap<usize, usize> =
        words.places.iter().enumerate().map(|(at, place)| (place.start, at)).collect();
    apart(found, most, |candidate| {
        let from = of_place.get(&candidate.start).copied().unwrap_or_default();
        let within = words.places.iter().skip(from).take_while(|place| place.end <= candidate.end);
        within.map(|place| place.word).collect::<Vec<usize>>()
    })
}

impl Words {
    /// The phrases of up to three words, by their words: where each comes first, and how often it comes. One with a
    /// common word inside has to come again to be a term.
    fn phrases(&self) -> HashMap<Vec<usize>, (Candidate, f64)> {
        let mut phrases: HashMap<Vec<usize>, (Candidate, f64)> = HashMap::new();
        for from in 0..self.places.len() {
            for length in 1..=LONGEST {
                let phrase = self.places.get(from..from + length).filter(|phrase| self.is_phrase(phrase));
                if let Some([first, ..]) = phrase
                    && let Some([.., last]) = phrase
                {
                    let key = phrase.unwrap_or_default().iter().map(|place| place.word).collect();
                    let found = Candidate { start: first.start, end: last.end, score: 0.0 };
                    phrases.entry(key).or_insert((found, 0.0)).1 += 1.0;
                }
            }
        }
        let says = |word: &usize| self.words.get(*word).is_some_and(|word| !word.is_common);
        phrases.retain(|key, (_, count)| *count > 1.0 || key.iter().all(says));
        phrases
    }

    /// Whether words stand in one stretch, and begin and end with words that say something.
    fn is_phrase(&self, phrase: &[Place]) -> bool {
        let says = |place: Option<&Place>| {
            place.and_then(|place| self.words.get(place.word)).is_some_and(|word| !word.is_common)
        };
        let stretch = phrase.first().map(|place| place.stretch);
        says(phrase.first())
            && says(phrase.last())
            && phrase.iter().all(|place| Some(place.stretch) == stretch)
    }

    /// How little each word says: equations 1 to 5.
    fn scores(&self) -> Vec<f64> {
        let counts: Vec<f64> =
            self.words.iter().filter(|word| !word.is_common).map(|word| word.count).collect();
        let mean = counts.iter().sum::<f64>() / counts.len().max(1) as f64;
        let spread =
            counts.iter().map(|count| (count - mean).powi(2)).sum::<f64>() / counts.len().max(1) as f64;
        let usual = (mean + spread.sqrt()).max(1.0);
        let largest = self.words.iter().map(|word| word.count).fold(1.0, f64::max);
        let score = |word: &Word| {
            let casing = word.acronyms.max(word.capitals) / (1.0 + word.count.ln());
            let median = word.sentences.get(word.sentences.len() / 2).copied().unwrap_or_default();
            let position = (3.0 + median as f64).ln().ln();
            let variety = |(kinds, all): (f64, f64)| if all > 0.0 { kinds / all } else { 0.0 };
            let relatedness = 1.0 + (variety(word.before) + variety(word.behind)) * word.count / largest;
            let mut sentences = word.sentences.clone();
            sentences.dedup();
            let spread = sentences.len() as f64 / self.sentences.max(1) as f64;
            relatedness * position / (casing + (word.count / usual + spread) / relatedness)
        };
        self.words.iter().map(score).collect()
    }

    /// How little a phrase says: equation 6, with the geometric mean of its words' scores in place of their product, which
    /// would make the longest phrases the best; the longer is better only where it comes again.
    fn phrase(&self, key: &[usize], count: f64, scores: &[f64]) -> f64 {
        let (mut product, mut sum) = (1.0_f64, 0.0_f64);
        for (at, &word) in key.iter().enumerate() {
            if self.words.get(word).is_some_and(|word| word.is_common) {
                // A common word inside costs as much as it is unlikely between its neighbours.
                let beside = |at: Option<usize>| at.and_then(|at| key.get(at)).copied().unwrap_or_default();
                let likely = |from: usize, to: usize, of: usize| {
                    let all = self.words.get(of).map_or(1.0, |word| word.count);
                    self.pairs.get(&(from, to)).copied().unwrap_or_default() / all.max(1.0)
                };
                let (before, behind) = (beside(at.checked_sub(1)), beside(Some(at + 1)));
                let unlikely = 1.0 - likely(before, word, before) * likely(word, behind, behind);
                product *= 1.0 + unlikely;
                sum -= unlikely;
            } else {
                let score = scores.get(word).copied().unwrap_or_default();
                product *= score;
                sum += score;
            }
        }
        let length = key.len() as f64;
        let again = if count > 1.0 { length } else { 1.0 };
        product.powf(1.0 / length) / (count * again * (1.0 + sum / length).max(f64::EPSILON))
    }
}

/// Reads words, and counts them and their neighbours.
fn read(characters: &[char], code: Option<&str>) -> Words {
    let mut words = Words::default();
    let mut known: HashMap<String, usize> = HashMap::new();
    let (mut at, mut stretch, mut is_first) = (0, 0, true);
    while let Some(&c) = characters.get(at) {
        if !is_of_word(c) {
            stretch += usize::from(c != ' ');
            if matches!(c, '.' | '!' | '?' | '。' | '！' | '？' | '\n') && !is_first {
                words.sentences += 1;
                is_first = true;
            }
            at += 1;
            continue;
        }
        let end = end_of_word(characters, at);
        let written: String = characters.get(at..end).unwrap_or_default().iter().collect();
        let lower = written.to_lowercase().replace('\u{2019}', "'");
        let lower = lower.strip_suffix("'s").unwrap_or(&lower).to_owned();
        let word = *known.entry(lower).or_insert_with_key(|lower| {
            words.words.push(Word { is_common: says_little(lower, code), ..Word::default() });
            words.words.len() - 1
        });
        let place = Place { word, start: at, end, sentence: words.sentences, stretch, is_first };
        words.add(place, &written);
        (at, is_first) = (end, false);
    }
    words.sentences += usize::from(!is_first);
    words
}

impl Words {
    fn add(&mut self, place: Place, written: &str) {
        let before =
            self.places.last().filter(|before| before.stretch == place.stretch).map(|before| before.word);
        let letters = || written.chars().filter(|c| c.is_alphabetic());
        if let Some(word) = self.words.get_mut(place.word) {
            word.count += 1.0;
            word.sentences.push(place.sentence);
            let is_acronym = letters().count() > 1 && letters().all(char::is_uppercase);
            word.acronyms += f64::from(u8::from(is_acronym));
            let is_capital = !place.is_first && written.starts_with(char::is_uppercase);
            word.capitals += f64::from(u8::from(is_capital));
        }
        if let Some(before) = before {
            let pair = self.pairs.entry((before, place.word)).or_default();
            *pair += 1.0;
            let is_new = f64::from(u8::from(*pair == 1.0));
            if let Some(word) = self.words.get_mut(place.word) {
                word.before = (word.before.0 + is_new, word.before.1 + 1.0);
            }
            if let Some(word) = self.words.get_mut(before) {
                word.behind = (word.behind.0 + is_new, word.behind.1 + 1.0);
            }
        }
        self.places.push(place);
    }
}

/// The place behind a word: letters and digits, and apostrophes and hyphens between them.
fn end_of_word(characters: &[char], start: usize) -> usize {
    let of_word = |at: usize| characters.get(at).is_some_and(|&c| is_of_word(c));
    let mut at = start;
    while of_word(at) || (matches!(characters.get(at), Some('\'' | '\u{2019}' | '-')) && of_word(at + 1)) {
        at += 1;
    }
    at
}

/// Letters, digits and marks on letters; of scripts without spaces katakana alone, which writes foreign words.
fn is_of_word(c: char) -> bool {
    let is_mark = matches!(c, '_' | '\u{0300}'..='\u{036f}' | '\u{064b}'..='\u{065f}' | '\u{0900}'..='\u{0903}'
        | '\u{093a}'..='\u{094f}');
    matches!(c, '\u{30a1}'..='\u{30fa}' | '\u{30fc}')
        || ((c.is_alphanumeric() || is_mark) && !stands_alone(c))
}

pub(super) fn says_little(lower: &str, code: Option<&str>) -> bool {
    lower.chars().nth(1).is_none()
        || !lower.chars().any(char::is_alphabetic)
        || crate::language::is_common(lower, code)
        || stop_words::is_english(lower)
}
