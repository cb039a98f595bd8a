//! Languages that share a script and part their words.

use super::{Language, script::Script, words};

/// Letters below which trigrams say nothing.
const FEWEST_LETTERS: usize = 12;
/// Different letters below which a text is a cry and no language.
const FEWEST_KINDS: usize = 5;
/// Letters from which the confidence of trigrams is taken as it is.
const ENOUGH_LETTERS: f64 = 100.0;
/// Words from which a language with a list of common ones would have shown some.
const WORDS_THAT_TELL: usize = 8;
/// The confidence of common words that needs no trigrams beside it.
const DECIDED: f64 = 0.75;

/// The language of letters of one script. `None` for too little.
pub(super) fn of_letters(letters: &[char], script: Script) -> Option<Language> {
    let text: String = letters.iter().map(|&c| plain(c)).flat_map(char::to_lowercase).collect();
    let spoken: Vec<&str> =
        text.split(' ').map(|word| word.trim_matches('\'')).filter(|word| !word.is_empty()).collect();
    let vote = words::vote(spoken.iter().copied());
    if let Some(vote) = vote.filter(|vote| vote.confidence >= DECIDED) {
        return Some(Language::new(vote.code, script, vote.confidence));
    }
    match (vote, trigrams(&text, spoken.len())) {
        (None, None) => None,
        (Some(vote), None) => Some(Language::new(vote.code, script, vote.confidence)),
        (None, Some((code, confidence))) => Some(Language::new(code, script, confidence)),
        (Some(vote), Some((code, confidence))) => {
            let (code, confidence) = if vote.code == code {
                (code, 1.0 - (1.0 - vote.confidence) * (1.0 - confidence))
            } else if vote.confidence >= confidence {
                (vote.code, vote.confidence * (1.0 - confidence / 2.0))
            } else {
                (code, confidence * (1.0 - vote.confidence / 2.0))
            };
            Some(Language::new(code, script, confidence))
        }
    }
}

/// What trigrams of letters say, with a confidence that is less for short texts and for those without a common word.
fn trigrams(text: &str, words: usize) -> Option<(&'static str, f64)> {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let mut kinds: Vec<char> = text.chars().filter(|c| c.is_alphabetic()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    if letters < FEWEST_LETTERS || kinds.len() < FEWEST_KINDS {
        return None;
    }
    let info = whatlang::detect(text)?;
    let code = code(info.lang());
    let seldom = words >= WORDS_THAT_TELL
        && words::has_list(code)
        && !text.split(' ').any(|word| words::is_common(word, Some(code)));
    let trust = (letters as f64 / ENOUGH_LETTERS).min(1.0) * if seldom { 0.5 } else { 1.0 };
    Some((code, info.confidence() * trust))
}

fn plain(c: char) -> char {
    match c {
        '\u{2019}' => '\'',
        // Full-width letters.
        '\u{ff21}'..='\u{ff5a}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        c => c,
    }
}

/// The code of ISO 639-1 where there is one.
fn code(language: whatlang::Lang) -> &'static str {
    use whatlang::Lang::*;
    match language {
        Epo => "eo",
        Eng => "en",
        Rus => "ru",
        Cmn => "zh",
        Spa => "es",
        Por => "pt",
        Ita => "it",
        Ben => "bn",
        Fra => "fr",
        Deu => "de",
        Ukr => "uk",
        Kat => "ka",
        Ara => "ar",
        Hin => "hi",
        Jpn => "ja",
        Heb => "he",
        Yid => "yi",
        Pol => "pl",
        Amh => "am",
        Jav => "jv",
        Kor => "ko",
        Nob => "nb",
        Dan => "da",
        Swe => "sv",
        Fin => "fi",
        Tur => "tr",
        Nld => "nl",
        Hun => "hu",
        Ces => "cs",
        Ell => "el",
        Bul => "bg",
        Bel => "be",
        Mar => "mr",
        Kan => "kn",
        Ron => "ro",
        Slv => "sl",
        Hrv => "hr",
        Srp => "sr",
        Mkd => "mk",
        Lit => "lt",
        Lav => "lv",
        Est => "et",
        Tam => "ta",
        Vie => "vi",
        Urd => "ur",
        Tha => "th",
        Guj => "gu",
        Uzb => "uz",
        Pan => "pa",
        Aze => "az",
        Ind => "id",
        Tel => "te",
        Pes => "fa",
        Mal => "ml",
        Ori => "or",
        Mya => "my",
        Nep => "ne",
        Sin => "si",
        Khm => "km",
        Tuk => "tk",
        Aka => "ak",
        Zul => "zu",
        Sna => "sn",
        Afr => "af",
        Lat => "la",
        Slk => "sk",
        Cat => "ca",
        Tgl => "tl",
        Hye => "hy",
        Cym => "cy",
    }
}
