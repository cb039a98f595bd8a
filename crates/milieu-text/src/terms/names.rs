//! What groups of texts are about, in a few words each.

use super::split::singular;
use crate::keywords::content_words;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Texts of a group that a word is in at least.
const LEAST: u32 = 2;

/// The words of all groups: by the form that is counted, the texts with it by the form as written.
type Counts = BTreeMap<String, BTreeMap<String, u32>>;

/// At most `most` words for each group of texts that are frequent there and rare elsewhere, the best first: class-based
/// TF-IDF (Grootendorst, "BERTopic: Neural topic modeling with a class-based TF-IDF procedure", arXiv 2203.05794, 2022), where
/// a text counts once for each of its words. None for a group whose texts have no word in common that says anything.
///
/// Words are those of scripts with spaces, without common ones, singular and plural as one; of Chinese, pairs of characters
/// between common words, of which no two of a group share a character.
#[must_use]
pub fn names(groups: &[Vec<&str>], most: usize) -> Vec<Vec<String>> {
    let groups: Vec<Counts> = groups.iter().map(|texts| counted(texts)).collect();
    let in_group = |forms: &BTreeMap<String, u32>| forms.values().sum::<u32>();
    let mut everywhere: HashMap<&str, u32> = HashMap::new();
    for (word, forms) in groups.iter().flatten() {
        *everywhere.entry(word).or_default() += in_group(forms);
    }
    let all: u32 = everywhere.values().sum();
    let mean = f64::from(all) / groups.len().max(1) as f64;
    let weigh = |(word, forms): (&String, &BTreeMap<String, u32>)| {
        let (here, everywhere) = (in_group(forms), everywhere.get(word.as_str()).copied().unwrap_or(1));
        let weight = f64::from(here) * (1.0 + mean / f64::from(everywhere)).ln();
        let form = forms.iter().rev().max_by_key(|(_, count)| **count)?.0;
        (here >= LEAST).then(|| (weight, form.clone()))
    };
    let name = |words: &Counts| {
        let mut words: Vec<(f64, String)> = words.iter().filter_map(weigh).collect();
        words.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut chosen: Vec<String> = Vec::new();
        for (_, word) in words {
            if chosen.len() >= most {
                break;
            }
            let shares = |other: &String| other.chars().any(|c| crate::aside::is_han(c) && word.contains(c));
            if !chosen.iter().any(shares) {
                chosen.push(word);
            }
        }
        chosen
    };
    groups.iter().map(name).collect()
}

fn counted(texts: &[&str]) -> Counts {
    let mut counts = Counts::new();
    for text in texts {
        let words: BTreeSet<String> = content_words(text).into_iter().collect();
        let mut seen = BTreeSet::new();
        for word in words {
            let key = singular(&word);
            if seen.insert(key.clone()) {
                *counts.entry(key).or_default().entry(word).or_default() += 1;
            }
        }
    }
    counts
}
