//! What people see when they open the app, and what they do with it.

use super::people::Person;
use super::posts::{BURST, Post};
use super::{DAY, truth};
use milieu_types::EventKind;
use rand::Rng;
use rand::seq::IndexedRandom;
use rand_pcg::Pcg64Mcg;
use std::collections::HashSet;

/// How many posts a session shows at most.
const SHOWN: u32 = 14;
/// Posts older than this are not shown.
const OLDEST: i64 = 5 * DAY;

/// What has been posted of late, and who has seen what.
pub(super) struct Shelf {
    by_author: Vec<Vec<u32>>,
    by_topic: Vec<Vec<u32>>,
    latest: Vec<u32>,
    burst: Option<u32>,
    seen: HashSet<(u32, u32)>,
    blocked: HashSet<(u32, u32)>,
}

/// Something a person does with a post: seconds or nothing as the value.
pub(super) struct Deed {
    pub(super) at: i64,
    pub(super) kind: EventKind,
    pub(super) post: u32,
    pub(super) value: Option<f32>,
}

impl Shelf {
    pub(super) fn new(people: usize, topics: usize) -> Self {
        Self {
            by_author: vec![Vec::new(); people],
            by_topic: vec![Vec::new(); topics],
            latest: Vec::new(),
            burst: None,
            seen: HashSet::new(),
            blocked: HashSet::new(),
        }
    }

    pub(super) fn add(&mut self, number: u32, post: &Post) {
        push_latest(&mut self.by_author[post.author as usize], number, 8);
        if post.parent.is_none() {
            push_latest(&mut self.by_topic[usize::from(post.topic)], number, 150);
        }
        push_latest(&mut self.latest, number, 600);
        if post.bursts {
            self.burst = Some(number);
        }
    }

    /// Neither sees the other's posts from now on.
    pub(super) fn block(&mut self, a: u32, b: u32) {
        self.blocked.extend([(a, b), (b, a)]);
    }

    /// One session of a person.
    pub(super) fn session(
        &mut self,
        person: u32,
        mut at: i64,
        people: &[Person],
        posts: &[Post],
        rng: &mut Pcg64Mcg,
    ) -> Vec<Deed> {
        let me = &people[person as usize];
        let mut deeds = Vec::new();
        let shown = rng.random_range(4..=SHOWN);
        for _ in 0..shown {
            let candidate = (0..3).find_map(|_| {
                let post = self.draw(me, at, posts, rng)?;
                let fits = self.fits(person, post, &posts[post as usize], at);
                fits.then_some(post)
            });
            let Some(number) = candidate else { continue };
            self.seen.insert((person, number));
            at += rng.random_range(2_000..15_000);
            deeds.push(Deed { at, kind: EventKind::View, post: number, value: None });
            let likes = truth::likes(me, &posts[number as usize], people, at);
            at = react(number, likes, at, &mut deeds, rng);
        }
        deeds
    }

    /// A post from somebody followed, from the burst, on an interest, or any.
    fn draw(&self, me: &Person, at: i64, posts: &[Post], rng: &mut Pcg64Mcg) -> Option<u32> {
        let roll: f32 = rng.random();
        if roll < 0.5
            && let Some(&(author, since)) = me.follows.choose(rng)
            && since <= at
        {
            return latest_first(&self.by_author[author as usize], rng);
        }
        if roll < 0.6
            && let Some(burst) = self.burst
            && at - posts[burst as usize].at < BURST
        {
            return Some(burst);
        }
        if roll < 0.8 {
            let topics: Vec<usize> =
                (0..me.interests.len()).filter(|&topic| me.interests[topic] > 0.2).collect();
            return latest_first(&self.by_topic[*topics.choose(rng)?], rng);
        }
        latest_first(&self.latest, rng)
    }

    fn fits(&self, person: u32, number: u32, post: &Post, at: i64) -> bool {
        post.author != person
            && at - post.at < OLDEST
            && !self.seen.contains(&(person, number))
            && !self.blocked.contains(&(person, post.author))
    }
}

/// What the person does with a post that is liked with that probability; when they are done with it.
fn react(post: u32, likes: f32, mut at: i64, deeds: &mut Vec<Deed>, rng: &mut Pcg64Mcg) -> i64 {
    let clicks = truth::clicks(likes);
    let chance = |p: f32, rng: &mut Pcg64Mcg| rng.random::<f32>() < p;
    if !chance(clicks, rng) {
        if chance(0.015 * (1.0 - likes).powi(3), rng) {
            at += 1_500;
            deeds.push(Deed { at, kind: EventKind::Hide, post, value: None });
            if chance(0.06, rng) {
                deeds.push(Deed { at: at + 900, kind: EventKind::Report, post, value: None });
            }
        }
        return at;
    }
    at += 1_000;
    deeds.push(Deed { at, kind: EventKind::Click, post, value: None });
    let seconds = 2.0 + (4.0 + 50.0 * likes) * -(1.0 - rng.random::<f32>()).max(1e-6).ln();
    let seconds = (seconds.min(600.0) * 10.0).round() / 10.0;
    at += (seconds * 1000.0) as i64;
    deeds.push(Deed { at, kind: EventKind::Dwell, post, value: Some(seconds) });
    if chance(likes / clicks, rng) {
        at += 500;
        deeds.push(Deed { at, kind: EventKind::Like, post, value: None });
        for (kind, part) in [(EventKind::Share, 0.08), (EventKind::Save, 0.1)] {
            if chance(part, rng) {
                at += 700;
                deeds.push(Deed { at, kind, post, value: None });
            }
        }
    }
    at
}

fn push_latest(list: &mut Vec<u32>, number: u32, most: usize) {
    list.push(number);
    // Cut in halves, so that a push costs the same on average whatever the length.
    if list.len() > 2 * most {
        list.drain(..most);
    }
}

/// One of the list, the later ones more likely.
fn latest_first(list: &[u32], rng: &mut Pcg64Mcg) -> Option<u32> {
    let back = rng.random::<f32>().powi(2) * list.len() as f32;
    list.len().checked_sub(1 + back as usize).and_then(|at| list.get(at)).copied()
}
