//! Chinese words without a dictionary: what is written again and again, between neighbours that change.

use super::{Candidate, apart, stop_words};
use crate::aside::{is_han, simplified};
use std::collections::HashMap;

/// Characters of a word or phrase.
const LONGEST: usize = 6;
/// Characters that a stretch without any sign of its words is cut at: two words of two, the usual length.
const CUT: usize = 4;
/// How much a stretch that comes once says beside one that comes again.
const ONCE: f64 = 0.3;
/// Bits of a character.
const BITS: u32 = 21;

/// A run of characters within a stretch, and what is counted of it.
#[derive(Debug, Clone, Copy)]
struct Run {
    start: usize,
    length: usize,
    count: u32,
    /// The smaller entropy of its neighbours before and behind it, in nats.
    freedom: f64,
}

/// The best words of characters, which are compared in their simple form.
pub(super) fn candidates(characters: &[char], most: usize) -> Vec<Candidate> {
    let simple = simplified(characters);
    let stretches = stretches(&simple);
    let (mut runs, places) = repeated(&simple, &stretches);
    set_freedom(&simple, &stretches, &mut runs, &places);
    let words = words(&simple, &runs, &places);
    let mut found: Vec<Candidate> = words.values().copied().collect();
    found.extend(leftovers(&simple, &stretches, &words));
    apart(found, most, |candidate| simple.get(candidate.start..candidate.end).unwrap_or_default().to_vec())
}

/// The stretches of Chinese characters between marks, stop words and stop characters.
pub(super) fn stretches(simple: &[char]) -> Vec<(usize, usize)> {
    let mut stretches = Vec::new();
    let (mut at, mut from) = (0, 0);
    while let Some(&c) = simple.get(at) {
        let rest = simple.get(at..).unwrap_or_default();
        let (kept, stop) = if is_han(c) { stop_words::chinese(rest) } else { (0, 1) };
        if stop > kept {
            stretches.push((from, at));
            at += stop;
            from = at;
        } else {
            at += kept.max(1);
        }
    }
    stretches.push((from, simple.len()));
    stretches.retain(|(from, to)| to - from >= 2);
    stretches
}

/// A run as a number, different for any two of up to six characters.
fn key(run: &[char]) -> u128 {
    run.iter().fold(0, |key, &c| (key << BITS) | u128::from(u32::from(c)))
}

/// All runs of up to six characters, of which those that go on from repeated ones are counted (Agrawal & Srikant 1994: a
/// run is no oftener than its parts), with the number of each by its characters.
fn repeated(simple: &[char], stretches: &[(usize, usize)]) -> (Vec<Run>, HashMap<u128, usize>) {
    let mut runs: Vec<Run> = Vec::new();
    let mut places: HashMap<u128, usize> = HashMap::new();
    for length in 2..=LONGEST {
        let mut grown = false;
        for (from, to) in stretches {
            for start in *from..(to + 1).saturating_sub(length).max(*from) {
                let part = |from: usize, to: usize| simple.get(from..to).map(key).unwrap_or_default();
                let often = |key: u128| {
                    places.get(&key).and_then(|&run| runs.get(run)).is_some_and(|run| run.count > 1)
                };
                let end = start + length;
                if length > 2 && !(often(part(start, end - 1)) && often(part(start + 1, end))) {
                    continue;
                }
                let run = *places.entry(part(start, end)).or_insert_with(|| {
                    runs.push(Run { start, length, count: 0, freedom: 0.0 });
                    runs.len() - 1
                });
                if let Some(run) = runs.get_mut(run) {
                    run.count += 1;
                    grown |= run.count > 1;
                }
            }
        }
        if !grown {
            break;
        }
    }
    (runs, places)
}

/// Sets the freedom of repeated runs: the entropy of what stands before or behind them, whichever is less; each end of a
/// stretch is a neighbour of its own.
fn set_freedom(
    simple: &[char],
    stretches: &[(usize, usize)],
    runs: &mut [Run],
    places: &HashMap<u128, usize>,
) {
    let mut neighbours: Vec<(usize, bool, usize)> = Vec::new();
    let of_edge = |at: usize| char::MAX as usize + 1 + at;
    for (from, to) in stretches {
        for start in *from..*to {
            for length in 2..=LONGEST.min(to - start) {
                let end = start + length;
                let run = simple.get(start..end).and_then(|run| places.get(&key(run)));
                let Some(&run) = run.filter(|&&run| runs.get(run).is_some_and(|run| run.count > 1)) else {
                    break;
                };
                let at = |place: usize| simple.get(place).map_or(of_edge(place), |&c| c as usize);
                let before = if start > *from { at(start - 1) } else { of_edge(start) };
                let behind = if end < *to { at(end) } else { of_edge(end) };
                neighbours.extend([(run, false, before), (run, true, behind)]);
            }
        }
    }
    neighbours.sort_unstable();
    let mut entropies = vec![[0.0; 2]; runs.len()];
    for alike in neighbours.chunk_by(|a, b| a == b) {
        if let Some(&(run, behind, _)) = alike.first()
            && let Some(of_run) = runs.get(run)
            && let Some(entropy) =
                entropies.get_mut(run).and_then(|of_run| of_run.get_mut(usize::from(behind)))
        {
            let share = alike.len() as f64 / f64::from(of_run.count);
            *entropy -= share * share.ln();
        }
    }
    for (run, [before, behind]) in runs.iter_mut().zip(entropies) {
        run.freedom = before.min(behind);
    }
}

/// Repeated runs that are free on both sides, by number; scored by C-value (Frantzi, Ananiadou & Mima 2000: what is
/// counted within longer ones does not count) times their freedom.
fn words(simple: &[char], runs: &[Run], places: &HashMap<u128, usize>) -> HashMap<usize, Candidate> {
    let is_word = |run: &Run| run.count > 1 && run.freedom > 0.0;
    let mut within: HashMap<usize, (f64, f64)> = HashMap::new();
    for run in runs.iter().filter(|run| is_word(run)) {
        let characters = simple.get(run.start..run.start + run.length).unwrap_or_default();
        for part in (2..run.length).flat_map(|length| characters.windows(length)) {
            if let Some(&part) = places.get(&key(part)) {
                let (counts, longer) = within.entry(part).or_default();
                *counts += f64::from(run.count);
                *longer += 1.0;
            }
        }
    }
    let score = |(at, run): (usize, &Run)| {
        let nested = within.get(&at).map_or(0.0, |(counts, longer)| counts / longer);
        let score = (run.length as f64).log2() * (f64::from(run.count) - nested) * run.freedom;
        let found = Candidate { start: run.start, end: run.start + run.length, score };
        (is_word(run) && score > 0.0).then_some((at, found))
    };
    runs.iter().enumerate().filter_map(score).collect()
}

/// What is left of stretches beside the words in them, the longest first, in parts of a word's length.
fn leftovers(
    simple: &[char],
    stretches: &[(usize, usize)],
    words: &HashMap<usize, Candidate>,
) -> Vec<Candidate> {
    let known: std::collections::HashSet<u128> =
        words.values().filter_map(|word| simple.get(word.start..word.end)).map(key).collect();
    let mut counts: HashMap<Vec<char>, (usize, u32)> = HashMap::new();
    for &(from, to) in stretches {
        let (mut at, mut left) = (from, from);
        while at < to {
            let is_known = |length: &usize| {
                at + length <= to && simple.get(at..at + length).is_some_and(|run| known.contains(&key(run)))
            };
            match (2..=LONGEST).rev().find(is_known) {
                Some(length) => {
                    count(simple, left, at, &mut counts);
                    at += length;
                    left = at;
                }
                None => at += 1,
            }
        }
        count(simple, left, to, &mut counts);
    }
    counts
        .into_iter()
        .map(|(part, (start, count))| {
            let length = part.len();
            let score = ONCE * (length as f64).log2() * f64::from(count);
            Candidate { start, end: start + length, score }
        })
        .collect()
}

/// Counts a part of a stretch, cut where it is longer than a phrase.
fn count(simple: &[char], from: usize, to: usize, counts: &mut HashMap<Vec<char>, (usize, u32)>) {
    let mut start = from;
    while to.saturating_sub(start) >= 2 {
        let end = if to - start > LONGEST { start + CUT } else { to };
        let part = simple.get(start..end).unwrap_or_default().to_vec();
        counts.entry(part).or_insert((start, 0)).1 += 1;
        start = end;
    }
}
