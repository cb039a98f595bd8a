//! The truth about who likes what.

use super::DAY;
use super::people::Person;
use super::posts::Post;
use super::words::Language;

/// The probability that the person likes the post on seeing it at `now`: a logistic function of
/// interest in topic and facet, tie to the author, common home, quality and age.
pub(super) fn likes(person: &Person, post: &Post, people: &[Person], now: i64) -> f32 {
    let topic = post.topic as usize;
    let interest = person.interests.get(topic).copied().unwrap_or(0.0);
    let facet = person.facets.get(topic).map_or(0.0, |facets| facets[post.facet as usize]);
    let author = people.get(post.author as usize);
    let tie = f32::from(u8::from(person.follows.binary_search_by_key(&post.author, |f| f.0).is_ok()));
    let home = f32::from(u8::from(author.is_some_and(|author| author.home == person.home)));
    let foreign = f32::from(u8::from(!reads(person, post.language)));
    let days = (now - post.at).max(0) as f32 / DAY as f32;
    let score = -4.2 + 4.4 * interest * facet + 1.0 * tie + 0.3 * home + 0.9 * post.quality
        - 0.5 * (1.0 + 2.0 * days).ln()
        - 2.5 * foreign;
    1.0 / (1.0 + (-score).exp())
}

fn reads(person: &Person, language: Language) -> bool {
    person.languages.contains(&Some(language))
}

/// The probability that a post which is liked with probability `likes` is opened.
pub(super) fn clicks(likes: f32) -> f32 {
    (0.04 + 1.1 * likes).min(0.95).max(likes)
}
