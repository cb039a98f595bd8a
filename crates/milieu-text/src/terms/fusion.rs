//! One ranking of several.

use std::collections::HashMap;

/// What is added to each place, so that the first places do not decide alone; the value of the article.
const OFFSET: f64 = 60.0;

/// The union of rankings, each the best first without repeats, by reciprocal rank fusion: a number scores `1 / (60 + place)`
/// in each ranking that has it, where the first place is 1 (Cormack, Clarke and Büttcher, "Reciprocal rank fusion
/// outperforms Condorcet and individual rank learning methods", SIGIR 2009). The best first; among equals, what comes first
/// in the earlier ranking.
#[must_use]
pub fn fused(rankings: &[&[u32]]) -> Vec<(u32, f64)> {
    let mut scores: Vec<(u32, f64)> = Vec::new();
    let mut places: HashMap<u32, usize> = HashMap::new();
    for ranking in rankings {
        for (place, &number) in ranking.iter().enumerate() {
            let score = 1.0 / (OFFSET + 1.0 + place as f64);
            let at = *places.entry(number).or_insert(scores.len());
            match scores.get_mut(at) {
                Some((_, sum)) => *sum += score,
                None => scores.push((number, score)),
            }
        }
    }
    scores.sort_by(|a, b| b.1.total_cmp(&a.1));
    scores
}
