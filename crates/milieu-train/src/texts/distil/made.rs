//! Texts made from others, for a teacher to label.

use super::super::teacher::TeacherConfig;
use milieu_dataset::mix;
use milieu_text::{TokenKind, tokens};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;
use std::collections::HashSet;

/// The fewest and the most tokens of a fragment.
const FRAGMENT: [usize; 2] = [1, 5];

/// A token of a text, whether a space stands before it, and what it is.
type Piece<'a> = (&'a str, bool, TokenKind);
/// Every word, and every character that is one for itself, that stands in some texts, once.
type Words<'a> = [Vec<&'a str>; 2];

/// Texts made from these as in Tang et al. 2019 (arXiv 1903.12136), section 3.2: fragments of a few tokens in a row, and
/// texts whose words are left out or others in their place at random. Beside that, texts that are two put together. None
/// comes twice, and none is among the texts it was made from. The seed decides all of them.
pub(super) fn made(texts: &[&str], config: &TeacherConfig, seed: u64) -> Vec<String> {
    let pieces: Vec<Vec<Piece<'_>>> = texts.par_iter().map(|text| pieces(text)).collect();
    let words = words(texts);
    let one = |number: usize| {
        let mut random = Pcg64Mcg::seed_from_u64(mix(seed, number as u64));
        let text = &pieces[number / config.made];
        let other = &pieces[random.random_range(0..pieces.len())];
        let joined;
        let text = if random.random::<f32>() < config.joined {
            joined = [text.as_slice(), other].concat();
            &joined
        } else {
            text
        };
        changed(text, &words, config, &mut random)
    };
    let made: Vec<String> = (0..texts.len() * config.made).into_par_iter().map(one).collect();
    let mut known: HashSet<String> = texts.iter().map(|&text| text.to_owned()).collect();
    made.into_iter().filter(|text| !text.is_empty() && known.insert(text.clone())).collect()
}

fn changed(text: &[Piece<'_>], words: &Words<'_>, config: &TeacherConfig, random: &mut impl Rng) -> String {
    let part = if random.random::<f32>() < config.fragment && text.len() > FRAGMENT[0] {
        let length = random.random_range(FRAGMENT[0]..=FRAGMENT[1].min(text.len() - 1));
        let start = random.random_range(0..=text.len() - length);
        &text[start..start + length]
    } else {
        text
    };
    let mut out = String::new();
    for &(token, apart, kind) in part {
        let drawn = random.random::<f32>();
        if drawn < config.left_out {
            continue;
        }
        if apart && !out.is_empty() {
            out.push(' ');
        }
        // One of its kind: words stand apart, and characters do not.
        let others = match kind {
            TokenKind::Word => words[0].as_slice(),
            TokenKind::Character => words[1].as_slice(),
            _ => &[],
        };
        let swapped = drawn < config.left_out + config.swapped && !others.is_empty();
        out.push_str(if swapped { others[random.random_range(0..others.len())] } else { token });
    }
    out
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut end = None;
    let mut found = Vec::new();
    for token in tokens(text) {
        let apart = end.is_none_or(|end| end < token.start);
        found.push((text.get(token.start..token.end).unwrap_or_default(), apart, token.kind));
        end = Some(token.end);
    }
    found
}

/// A rare word is put in the place of others as often as a common one, so that a teacher says something of it.
fn words<'a>(texts: &[&'a str]) -> Words<'a> {
    let mut known = HashSet::new();
    let all = texts.iter().flat_map(|text| tokens(text)).filter(|token| known.insert(token.text));
    let mut words = Words::default();
    for token in all {
        match token.kind {
            TokenKind::Word => words[0].push(token.text),
            TokenKind::Character => words[1].push(token.text),
            _ => {}
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [&str; 3] = ["a good film, really", "not bad", "我喜欢 自行车"];

    fn config(fragment: f32, left_out: f32, swapped: f32, joined: f32) -> TeacherConfig {
        TeacherConfig { made: 40, fragment, left_out, swapped, joined, ..TeacherConfig::default() }
    }

    #[test]
    fn what_is_made_is_decided_by_the_seed() {
        let all = config(0.3, 0.2, 0.2, 0.2);
        assert_eq!(made(&TEXTS, &all, 1), made(&TEXTS, &all, 1));
        assert_ne!(made(&TEXTS, &all, 1), made(&TEXTS, &all, 2));
        let found = made(&TEXTS, &all, 1);
        let different: HashSet<&String> = found.iter().collect();
        assert_eq!(different.len(), found.len());
        assert!(found.iter().all(|text| !text.is_empty() && !TEXTS.contains(&text.as_str())));
    }

    #[test]
    fn each_way_of_making() {
        let check = |config: TeacherConfig, right: &dyn Fn(&str) -> bool| {
            let found = made(&TEXTS, &config, 7);
            let wrong: Vec<&String> = found.iter().filter(|text| !right(text)).collect();
            assert!(wrong.is_empty(), "{wrong:?}");
            found.len()
        };
        assert_eq!(check(config(0.0, 0.0, 0.0, 0.0), &|_| false), 0);
        // Fragments are a part of a text, spaces and all.
        let parts = check(config(1.0, 0.0, 0.0, 0.0), &|part| TEXTS.iter().any(|text| text.contains(part)));
        assert!(parts > 15, "{parts}");
        // What is left keeps its order.
        let thinned = check(config(0.0, 0.5, 0.0, 0.0), &|thin| {
            TEXTS.iter().any(|text| {
                let mut rest = text.chars();
                thin.chars().filter(|c| *c != ' ').all(|c| rest.any(|other| other == c))
            })
        });
        assert!(thinned > 10, "{thinned}");
        let words = ["a", "good", "film", "really", "not", "bad"];
        check(config(0.0, 0.0, 1.0, 0.0), &|text| {
            let known = |word: &&str| words.contains(word) || word.chars().all(|c| c as u32 > 0x2000);
            text.replace(',', "").split(' ').all(|word| known(&word))
        });
        let pairs = check(config(0.0, 0.0, 0.0, 1.0), &|text| TEXTS.iter().any(|one| text.starts_with(one)));
        assert!(pairs > 5, "{pairs}");
    }
}
