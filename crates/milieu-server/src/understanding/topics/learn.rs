//! Learns topics beside the searches that are under way.

use super::{Topic, Topics};
use crate::config::TopicsConfig;
use milieu_text::terms::names;
use milieu_vector::{ClusterConfig, Clusters, VectorError};

/// Vectors that directions are learnt from; more say no more.
const SAMPLE: usize = 50_000;
/// Texts of a topic that its name is made of.
const TEXTS: usize = 200;
/// Bytes of a text that count for a name.
const BYTES: usize = 2000;
/// Words of a name.
const WORDS: usize = 3;
/// The cosine of the directions of a topic before and after, from which it is the same.
const SAME: f32 = 0.9;

/// Topics of vectors, given by `vector` for each of the numbers; those near one of `before` keep its id and its name.
///
/// # Errors
/// Vectors that cannot be used.
pub(in super::super) fn learn<'v>(
    before: &Topics,
    mut numbers: Vec<u32>,
    vector: impl Fn(u32) -> Option<&'v [f32]>,
    text: impl Fn(u32) -> Option<String>,
    config: &TopicsConfig,
) -> Result<Topics, VectorError> {
    numbers.sort_unstable();
    let mut learnt = Topics { learnt_from: numbers.len(), ..Topics::none(before.next) };
    let step = numbers.len().div_ceil(SAMPLE).max(1);
    let sample: Vec<&[f32]> = numbers.iter().step_by(step).filter_map(|&number| vector(number)).collect();
    let Some(dim) = sample.first().map(|vector| vector.len()) else { return Ok(learnt) };
    let of_sample = ClusterConfig {
        count: config.count,
        // Of a sample there are fewer.
        least: (config.least / step).max(2),
        ..ClusterConfig::default()
    };
    let clusters = Clusters::learn(&sample.concat(), dim, &of_sample)?;
    let matched = match &before.clusters {
        Some(before) => clusters.matched(before, SAME),
        None => vec![None; clusters.len()],
    };
    learnt.clusters = Some(clusters);
    for number in numbers {
        if let Some(vector) = vector(number) {
            learnt.put(number, vector);
        }
    }
    let texts = texts(&learnt, matched.len(), text);
    let texts: Vec<Vec<&str>> =
        texts.iter().map(|texts| texts.iter().map(String::as_str).collect()).collect();
    for (old, terms) in matched.into_iter().zip(names(&texts, WORDS)) {
        let topic = match old.and_then(|old| before.topics.get(old)) {
            // A name may not have been found before.
            Some(topic) if !topic.terms.is_empty() => topic.clone(),
            Some(topic) => Topic { id: topic.id, terms },
            None => {
                let id = learnt.next;
                learnt.next += 1;
                Topic { id, terms }
            }
        };
        learnt.topics.push(topic);
    }
    Ok(learnt)
}

/// Some texts of each of so many topics, spread over its items.
fn texts(learnt: &Topics, topics: usize, text: impl Fn(u32) -> Option<String>) -> Vec<Vec<String>> {
    let mut members = vec![Vec::new(); topics];
    for (number, place, _) in learnt.items() {
        if let Some(members) = members.get_mut(place) {
            members.push(number);
        }
    }
    let of = |mut members: Vec<u32>| {
        members.sort_unstable();
        let step = members.len().div_ceil(TEXTS).max(1);
        let texts = members.into_iter().step_by(step).filter_map(&text);
        texts.map(|text| shortened(text, BYTES)).collect()
    };
    members.into_iter().map(of).collect()
}

/// At most so many bytes of a text, to the end of a character.
fn shortened(mut text: String, most: usize) -> String {
    text.truncate(text.floor_char_boundary(most));
    text
}
