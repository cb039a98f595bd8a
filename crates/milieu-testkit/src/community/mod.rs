//! A small community with a known truth.
//!
//! People live in communities that share topics; they follow mostly their own kind (homophily) and the
//! well known; they write about their interests, in English and Chinese, some much more than others;
//! posts get replies; a few posts burst. People open the app now and then, see some posts (of those
//! they follow, of their topics, of anybody), and do with each what [`Community::affinity`] makes
//! likely. Exposure does not look at that truth, so what is shown is no hint to what is liked.

mod people;
mod posts;
mod sessions;
mod stream;
mod topics;
mod truth;
mod words;

pub use stream::Records;

use milieu_types::{Id, Timestamp};
use people::Person;
use posts::Post;
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;
use std::collections::HashMap;
use stream::Moment;
use topics::TOPICS;

/// The size and time of a community.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Params {
    /// How many people.
    pub people: u32,
    /// How many posts, replies included.
    pub posts: u32,
    /// Over how many days.
    pub days: u32,
    /// How many communities.
    pub communities: u32,
    /// How many topics, at most 24.
    pub topics: u32,
    /// How often a person opens the app, on average, in all.
    pub sessions: f32,
    /// Makes another community of the same size.
    pub seed: u64,
    /// When it ends.
    pub now: Timestamp,
}

impl Params {
    /// The demo: 2,000 people, 20,000 posts, 30 days, about 280,000 events.
    #[must_use]
    pub fn demo(now: Timestamp) -> Self {
        Self {
            people: 2_000,
            posts: 20_000,
            days: 30,
            communities: 12,
            topics: 24,
            sessions: 10.0,
            seed: 7,
            now,
        }
    }

    /// One for tests: 200 people, 2,000 posts, 14 days.
    #[must_use]
    pub fn small(now: Timestamp, seed: u64) -> Self {
        Self { people: 200, posts: 2_000, days: 14, communities: 6, topics: 12, sessions: 12.0, seed, now }
    }

    /// Within what the generator can do: somebody, something, at least a day.
    fn bounded(self) -> Self {
        let people = self.people.clamp(8, 10_000_000);
        Self {
            people,
            posts: self.posts.clamp(8, 100_000_000),
            days: self.days.clamp(1, 3_650),
            communities: self.communities.clamp(1, people / 4),
            topics: self.topics.clamp(2, TOPICS.len() as u32),
            sessions: if self.sessions.is_finite() { self.sessions.clamp(0.0, 1e4) } else { 0.0 },
            ..self
        }
    }

    fn start(&self) -> i64 {
        self.now.millis() - i64::from(self.days) * DAY
    }
}

/// A day in milliseconds.
const DAY: i64 = 86_400_000;

/// A community: who is there, what they write and when, and whom they would like.
pub struct Community {
    params: Params,
    people: Vec<Person>,
    posts: Vec<Post>,
    moments: Vec<(i64, Moment)>,
    numbers: HashMap<Id, u32>,
}

impl Community {
    /// Makes the plan of a community; the records are made while they are read.
    #[must_use]
    pub fn new(params: Params) -> Self {
        let params = params.bounded();
        let people = people::make(&params);
        let posts = posts::make(&params, &people);
        let moments = stream::moments(&params, &people, &posts);
        let numbers = (0..).zip(&people).map(|(n, person)| (person.id.clone(), n)).collect();
        Self { params, people, posts, moments, numbers }
    }

    /// Every record, in order of time. Users come before what they do, items before what is done to
    /// them.
    #[must_use]
    pub fn records(&self) -> Records<'_> {
        Records::new(self)
    }

    /// The ids of all people.
    pub fn users(&self) -> impl Iterator<Item = &Id> {
        self.people.iter().map(|person| &person.id)
    }

    /// The ids of all posts with their times, in order of time.
    pub fn items(&self) -> impl Iterator<Item = (Id, Timestamp)> {
        (0..).zip(&self.posts).map(|(n, post)| (posts::item_id(n), Timestamp::from_millis(post.at)))
    }

    /// The probability that the user likes the item when they see it at `at`; `None` for ids that are
    /// not of this community.
    #[must_use]
    pub fn affinity(&self, user: &Id, item: &Id, at: Timestamp) -> Option<f32> {
        let person = self.person(user)?;
        let post = self.posts.get(item.as_str().strip_prefix('p')?.parse::<usize>().ok()?)?;
        Some(truth::likes(person, post, &self.people, at.millis()))
    }

    /// The number of the community the user lives in.
    #[must_use]
    pub fn home(&self, user: &Id) -> Option<u32> {
        Some(self.person(user)?.home)
    }

    /// The user's interests: tags with how strong each is, the strongest 1.
    #[must_use]
    pub fn interests(&self, user: &Id) -> Option<Vec<(&'static str, f32)>> {
        let interests = &self.person(user)?.interests;
        Some(TOPICS.iter().zip(interests).filter(|(_, w)| **w > 0.0).map(|(t, w)| (t.tag, *w)).collect())
    }

    fn person(&self, user: &Id) -> Option<&Person> {
        self.people.get(*self.numbers.get(user)? as usize)
    }
}

/// A generator of its own for each purpose, so that a change in one part leaves the others as they are.
fn generator(seed: u64, purpose: u64) -> Pcg64Mcg {
    Pcg64Mcg::seed_from_u64(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(purpose))
}

#[cfg(test)]
mod tests;
