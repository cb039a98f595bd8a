//! The life of the community as a stream of records in order of time.

use super::people::Person;
use super::posts::{self, Post, item_id, waking_time};
use super::sessions::Shelf;
use super::topics::TOPICS;
use super::{Community, DAY, Params, generator};
use crate::{event, id};
use milieu_types::{Event, EventKind, Record, Timestamp, User};
use rand::Rng;
use rand_pcg::Pcg64Mcg;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Something that is planned. The order is that of what happens in the same millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Moment {
    /// A person joins Milieu.
    Arrive(u32),
    /// A person joins the group of their community.
    JoinGroup(u32),
    /// A post, with its reply event where it answers one.
    Post(u32),
    /// A tie between two people begins or ends, or a message goes.
    Between(u32, u32, Bond),
    /// A person opens the app.
    Session(u32),
}

/// What happens between two people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Bond {
    Follow,
    Unfollow,
    Message,
    Mute,
    Block,
}

impl Bond {
    fn kind(self) -> EventKind {
        match self {
            Self::Follow => EventKind::Follow,
            Self::Unfollow => EventKind::Unfollow,
            Self::Message => EventKind::Message,
            Self::Mute => EventKind::Mute,
            Self::Block => EventKind::Block,
        }
    }
}

/// Everything that is planned, in order of time.
pub(super) fn moments(params: &Params, people: &[Person], posts: &[Post]) -> Vec<(i64, Moment)> {
    let mut rng = generator(params.seed, 5);
    let (start, end) = (params.start(), params.now.millis());
    let mut moments = Vec::new();
    for (number, person) in (0..).zip(people) {
        let from = person.joined;
        moments.push((from, Moment::Arrive(number)));
        moments.push((from + 30_000, Moment::JoinGroup(number)));
        moments
            .extend(person.follows.iter().map(|&(to, at)| (at, Moment::Between(number, to, Bond::Follow))));
        let begin = start.max(from + 120_000);
        let part = (end - begin).max(0) as f32 / (end - start) as f32;
        let sessions = params.sessions * person.activity.sqrt() * 1.2 * part + rng.random::<f32>();
        for _ in 0..sessions as u32 {
            moments.push((waking_time(begin, end.max(begin + 1), &mut rng), Moment::Session(number)));
        }
    }
    moments.extend((0..).zip(posts).map(|(number, post)| (post.at, Moment::Post(number))));
    bonds(params, people, &mut moments, &mut rng);
    moments.retain(|&(at, _)| at <= end);
    moments.sort_unstable();
    moments
}

/// Messages between people who follow each other, a few ends of ties, mutes and blocks.
fn bonds(params: &Params, people: &[Person], moments: &mut Vec<(i64, Moment)>, rng: &mut Pcg64Mcg) {
    let end = params.now.millis();
    for (number, person) in (0..).zip(people) {
        let later = |from: i64, rng: &mut Pcg64Mcg| from + (rng.random::<f64>() * (end - from) as f64) as i64;
        for &(other, since) in &person.follows {
            let back = &people[other as usize].follows;
            let mutual = back.binary_search_by_key(&number, |follow| follow.0).ok().map(|at| back[at].1);
            if let Some(both_since) = mutual.map(|at| at.max(since))
                && rng.random_bool(0.06)
            {
                for _ in 0..rng.random_range(1..6) {
                    moments.push((later(both_since, rng), Moment::Between(number, other, Bond::Message)));
                }
            }
            if rng.random_bool(0.004) {
                moments.push((later(since + DAY, rng), Moment::Between(number, other, Bond::Unfollow)));
            }
        }
        for (bond, chance) in [(Bond::Mute, 0.03), (Bond::Block, 0.015)] {
            let other = rng.random_range(0..params.people);
            let follows = person.follows.binary_search_by_key(&other, |follow| follow.0).is_ok();
            if rng.random_bool(chance) && other != number && !follows {
                let both_here = person.joined.max(people[other as usize].joined) + 60_000;
                moments.push((later(both_here, rng), Moment::Between(number, other, bond)));
            }
        }
    }
}

/// The records of a community. Holds the events of sessions that are still going on.
pub struct Records<'c> {
    community: &'c Community,
    next: usize,
    shelf: Shelf,
    rng: Pcg64Mcg,
    going_on: BinaryHeap<Reverse<Later>>,
    events: u64,
    ready: Option<Record>,
}

/// An event of a session: time, order, who, what, which post, value in tenths.
type Later = (i64, u64, u32, EventKind, u32, Option<u32>);

impl<'c> Records<'c> {
    pub(super) fn new(community: &'c Community) -> Self {
        let params = &community.params;
        Self {
            community,
            next: 0,
            shelf: Shelf::new(community.people.len(), params.topics as usize),
            rng: generator(params.seed, 6),
            going_on: BinaryHeap::new(),
            events: 0,
            ready: None,
        }
    }

    fn event(&mut self, kind: EventKind, actor: u32, object: milieu_types::Id, at: i64) -> Event {
        self.events += 1;
        let actor = self.community.people[actor as usize].id.clone();
        event(self.events, kind, actor, object, Timestamp::from_millis(at))
    }

    /// Lives through the next planned moment; what it records at once, if anything.
    fn live(&mut self, at: i64, moment: Moment) -> Option<Record> {
        let community = self.community;
        let (people, posts) = (&community.people, &community.posts);
        match moment {
            Moment::Arrive(number) => Some(Record::PutUser(self.user(&people[number as usize]))),
            Moment::JoinGroup(number) => {
                let group = id(format!("group{}", people[number as usize].home));
                Some(Record::Event(self.event(EventKind::Join, number, group, at)))
            }
            Moment::Between(a, b, bond) => {
                if bond == Bond::Block {
                    self.shelf.block(a, b);
                }
                let object = people[b as usize].id.clone();
                Some(Record::Event(self.event(bond.kind(), a, object, at)))
            }
            Moment::Post(number) => {
                let post = &posts[number as usize];
                self.shelf.add(number, post);
                if let Some(parent) = post.parent {
                    let mut reply = self.event(EventKind::Reply, post.author, item_id(parent), at);
                    reply.target = Some(item_id(number));
                    self.ready = Some(Record::Event(reply));
                }
                Some(Record::PutItem(posts::item(&community.params, people, number, post)))
            }
            Moment::Session(person) => {
                for deed in self.shelf.session(person, at, people, posts, &mut self.rng) {
                    self.events += 1;
                    let tenths = deed.value.map(|value| (value * 10.0).round() as u32);
                    self.going_on.push(Reverse((deed.at, self.events, person, deed.kind, deed.post, tenths)));
                }
                None
            }
        }
    }

    fn user(&mut self, person: &Person) -> User {
        let mut strongest: Vec<_> =
            TOPICS.iter().zip(&person.interests).filter(|(_, weight)| **weight > 0.5).collect();
        strongest.sort_by(|a, b| b.1.total_cmp(a.1));
        // Not everybody says what they like.
        let told = if self.rng.random_bool(0.6) { 3 } else { 0 };
        let mutes = if self.rng.random_bool(0.03) { vec!["gambit".to_owned()] } else { Vec::new() };
        User {
            id: person.id.clone(),
            name: Some(person.name.clone()),
            tags: strongest.into_iter().take(told).map(|(topic, _)| topic.tag.to_owned()).collect(),
            language: person.languages[0].map(|language| language.tag().to_owned()),
            muted_keywords: mutes,
            discoverable: self.rng.random_bool(0.97),
            at: Timestamp::from_millis(person.joined),
        }
    }

    fn take_later(&mut self) -> Option<Record> {
        let Reverse((at, number, person, kind, post, tenths)) = self.going_on.pop()?;
        let actor = self.community.people[person as usize].id.clone();
        let mut made = event(number, kind, actor, item_id(post), Timestamp::from_millis(at));
        made.value = tenths.map(|tenths| tenths as f32 / 10.0);
        Some(Record::Event(made))
    }
}

impl Iterator for Records<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        loop {
            if let Some(record) = self.ready.take() {
                return Some(record);
            }
            let planned = self.community.moments.get(self.next).copied();
            let later = self.going_on.peek().map(|Reverse(later)| later.0);
            match (planned, later) {
                // Sessions that go on past the end are cut there.
                (_, Some(at)) if at > self.community.params.now.millis() && planned.is_none() => return None,
                (Some((at, _)), Some(before)) if before <= at => return self.take_later(),
                (Some((at, moment)), _) => {
                    self.next += 1;
                    if let Some(record) = self.live(at, moment) {
                        return Some(record);
                    }
                }
                (None, Some(_)) => return self.take_later(),
                (None, None) => return None,
            }
        }
    }
}
