//! What is written: when, by whom, about what, in answer to what.

use super::people::Person;
use super::topics::{FACETS, TOPICS};
use super::truth;
use super::words::{self, Language};
use super::{DAY, Params, generator};
use crate::id;
use milieu_types::{Id, Item, Media, MediaKind, Timestamp};
use rand::Rng;
use rand_pcg::Pcg64Mcg;

/// A post, without its words.
pub(super) struct Post {
    pub(super) at: i64,
    pub(super) author: u32,
    pub(super) topic: u8,
    pub(super) facet: u8,
    pub(super) language: Language,
    /// About standard normal.
    pub(super) quality: f32,
    pub(super) parent: Option<u32>,
    /// Whether everybody comes across it for some hours.
    pub(super) bursts: bool,
}

/// How long a burst lasts.
pub(super) const BURST: i64 = 8 * 3_600_000;
/// When posts burst, as parts of the whole time; the last one is still on at the end.
const BURSTS: [f64; 4] = [0.35, 0.6, 0.85, 0.995];
/// The part of posts that are replies.
const REPLIES: f64 = 0.3;
/// Among how many of the latest posts a reply finds its parent.
const REPLY_REACH: usize = 250;

pub(super) fn item_id(number: u32) -> Id {
    id(format!("p{number}"))
}

pub(super) fn make(params: &Params, people: &[Person]) -> Vec<Post> {
    let mut rng = generator(params.seed, 3);
    let writers = Writers::new(people);
    let mut times: Vec<i64> =
        (0..params.posts).map(|_| waking_time(params.start(), params.now.millis(), &mut rng)).collect();
    times.sort_unstable();
    let bursting = BURSTS.map(|part| (part * times.len() as f64) as usize);
    let mut posts: Vec<Post> = Vec::with_capacity(times.len());
    for (number, at) in times.into_iter().enumerate() {
        let bursts = bursting.contains(&number);
        let answers = !bursts && posts.len() > 20 && rng.random_bool(REPLIES);
        let reply = if answers { reply(people, &writers, &posts, at, &mut rng) } else { None };
        let mut post = reply.unwrap_or_else(|| fresh(people, &writers, at, &mut rng));
        post.bursts = bursts;
        post.quality += if bursts { 2.5 } else { 0.0 };
        posts.push(post);
    }
    posts
}

/// A time between the two, more likely by day and evening (UTC) than by night.
pub(super) fn waking_time(from: i64, to: i64, rng: &mut Pcg64Mcg) -> i64 {
    loop {
        let at = from + (rng.random::<f64>() * (to - from) as f64) as i64;
        let hour = at.rem_euclid(DAY) as f64 / DAY as f64 * std::f64::consts::TAU;
        // Least at 4, most at 16.
        if rng.random::<f64>() < 0.6 - 0.4 * (hour - std::f64::consts::TAU / 6.0).cos() {
            return at;
        }
    }
}

/// People drawn by how much they write.
struct Writers(Vec<f32>);

impl Writers {
    fn new(people: &[Person]) -> Self {
        let mut sum = 0.0;
        Self(people.iter().map(|person| (sum += person.activity * person.activity, sum).1).collect())
    }

    /// Somebody who has joined by then.
    fn pick(&self, people: &[Person], at: i64, rng: &mut Pcg64Mcg) -> u32 {
        let mut last = 0;
        for _ in 0..40 {
            let point = rng.random::<f32>() * self.0.last().copied().unwrap_or(0.0);
            last = self.0.partition_point(|&sum| sum <= point).min(self.0.len() - 1);
            if people[last].joined + 60_000 < at {
                return last as u32;
            }
        }
        // Nearly nobody is there yet: the earliest.
        people
            .iter()
            .enumerate()
            .min_by_key(|(_, person)| person.joined)
            .map_or(last as u32, |(n, _)| n as u32)
    }
}

fn fresh(people: &[Person], writers: &Writers, at: i64, rng: &mut Pcg64Mcg) -> Post {
    let author = writers.pick(people, at, rng);
    let person = &people[author as usize];
    let topic = weighted(&person.interests, rng);
    let facet = weighted(&person.facets[topic], rng);
    let language = match person.languages {
        [_, Some(second)] if rng.random_bool(0.25) => second,
        [first, _] => first.unwrap_or(Language::English),
    };
    let quality = normal(rng) * 0.9 + (person.fame.ln() * 0.15).min(0.5);
    Post {
        at,
        author,
        topic: topic as u8,
        facet: facet as u8,
        language,
        quality,
        parent: None,
        bursts: false,
    }
}

/// A reply to one of the latest posts by somebody who is likely to like it.
fn reply(people: &[Person], writers: &Writers, posts: &[Post], at: i64, rng: &mut Pcg64Mcg) -> Option<Post> {
    let reach = posts.len().saturating_sub(REPLY_REACH);
    let parent = (0..4)
        .map(|_| rng.random_range(reach..posts.len()))
        .max_by(|&a, &b| posts[a].quality.total_cmp(&posts[b].quality))?;
    let to = &posts[parent];
    let author = (0..16)
        .map(|_| (writers.pick(people, at, rng), rng.random::<f32>()))
        .filter(|&(author, _)| author != to.author)
        .map(|(author, luck)| (author, luck * truth::likes(&people[author as usize], to, people, at)))
        .max_by(|a, b| a.1.total_cmp(&b.1))?
        .0;
    Some(Post {
        at,
        author,
        topic: to.topic,
        facet: to.facet,
        language: to.language,
        quality: normal(rng) * 0.9 - 0.5,
        parent: Some(parent as u32),
        bursts: false,
    })
}

/// A place drawn by the square of its weight.
fn weighted(weights: &[f32], rng: &mut Pcg64Mcg) -> usize {
    let mut point = rng.random::<f32>() * weights.iter().map(|weight| weight * weight).sum::<f32>();
    for (place, weight) in weights.iter().enumerate() {
        point -= weight * weight;
        if point < 0.0 {
            return place;
        }
    }
    0
}

/// Standard normal, by Box and Muller.
pub(super) fn normal(rng: &mut Pcg64Mcg) -> f32 {
    let radius = (-2.0 * (1.0 - rng.random::<f32>()).max(1e-9).ln()).sqrt();
    radius * (std::f32::consts::TAU * rng.random::<f32>()).cos()
}

/// The post as an item, with its words.
pub(super) fn item(params: &Params, people: &[Person], number: u32, post: &Post) -> Item {
    let mut rng = generator(params.seed, (u64::from(number) << 8) + 4);
    let topic = &TOPICS[usize::from(post.topic) % TOPICS.len()];
    let facet = usize::from(post.facet) % FACETS;
    let (text, thing) = words::post(&mut rng, topic, facet, post.language, post.parent.is_some());
    let mut tags = vec![topic.tag.to_owned()];
    if post.parent.is_none() && rng.random_bool(0.4) {
        tags.push(thing.to_lowercase());
    }
    let mut media = Vec::new();
    if post.parent.is_none() && rng.random_bool(0.25) {
        media.push(Media {
            kind: MediaKind::Image,
            url: format!("https://media.example.invalid/p{number}.jpg"),
        });
    }
    Item {
        id: item_id(number),
        author: Some(people[post.author as usize].id.clone()),
        text: Some(text),
        media,
        tags,
        reply_to: post.parent.map(item_id),
        language: Some(post.language.tag().to_owned()),
        at: Timestamp::from_millis(post.at),
        hidden: false,
    }
}
