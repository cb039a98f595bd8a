//! Who is there: names, homes, interests, habits, and whom they follow.

use super::topics::{FACETS, TOPICS};
use super::words::{self, Language};
use super::{DAY, Params, generator};
use crate::id;
use milieu_types::Id;
use rand::Rng;
use rand_pcg::Pcg64Mcg;
use std::collections::HashSet;

pub(super) struct Person {
    pub(super) id: Id,
    pub(super) name: String,
    /// The number of the community.
    pub(super) home: u32,
    /// How much each topic matters, the first of them 1.
    pub(super) interests: Vec<f32>,
    /// How much each facet of each topic appeals, from 0 to 1.
    pub(super) facets: Vec<[f32; FACETS]>,
    /// The languages read; the first is written.
    pub(super) languages: [Option<Language>; 2],
    /// How much they write and come by, with a long tail; mean about 1.
    pub(super) activity: f32,
    /// How known they are, with a long tail.
    pub(super) fame: f32,
    pub(super) joined: i64,
    /// Whom they follow, from when on; ascending by person.
    pub(super) follows: Vec<(u32, i64)>,
}

pub(super) fn make(params: &Params) -> Vec<Person> {
    let mut rng = generator(params.seed, 1);
    let homes: Vec<Home> = (0..params.communities).map(|n| Home::new(n, params, &mut rng)).collect();
    let mut taken = HashSet::new();
    let mut people: Vec<Person> =
        (0..params.people).map(|n| person(n, params, &homes, &mut taken, &mut rng)).collect();
    follow(params, &mut people);
    people
}

/// What the people of a community have in common.
struct Home {
    interests: Vec<f32>,
    chinese: f64,
}

impl Home {
    fn new(number: u32, params: &Params, rng: &mut Pcg64Mcg) -> Self {
        let topics = params.topics as usize;
        let mut interests = vec![0.0; topics];
        // Neighbouring communities overlap: each begins two topics after the one before.
        let first = number as usize * 2 % topics;
        interests[first] = 1.0;
        interests[(first + 1) % topics] = 0.8;
        interests[(first + 2) % topics] = 0.5;
        interests[rng.random_range(0..topics)] = 0.6;
        Self { interests, chinese: if number % 4 == 2 { 0.85 } else { 0.08 } }
    }
}

fn person(
    number: u32,
    params: &Params,
    homes: &[Home],
    taken: &mut HashSet<String>,
    rng: &mut Pcg64Mcg,
) -> Person {
    // Sizes of communities fall slowly; every community has its people.
    let spread = rng.random::<f64>().powf(1.3);
    let home = if (number as usize) < homes.len() { number } else { (spread * homes.len() as f64) as u32 };
    let common = &homes[home as usize];
    let main = if rng.random_bool(common.chinese) { Language::Chinese } else { Language::English };
    let second = match main {
        Language::Chinese if rng.random_bool(0.5) => Some(Language::English),
        Language::English if rng.random_bool(0.06) => Some(Language::Chinese),
        _ => None,
    };
    let (handle, name) = words::person(rng, main);
    let handle = unique(handle, taken);

    let mut interests: Vec<f32> =
        common.interests.iter().map(|weight| weight * rng.random_range(0.3..1.0_f32)).collect();
    for _ in 0..2 {
        interests[rng.random_range(0..params.topics as usize)] += rng.random_range(0.2..0.9_f32);
    }
    let most = interests.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    interests.iter_mut().for_each(|weight| *weight /= most);

    let before = rng.random_bool(0.85);
    let days =
        if before { -60.0 * rng.random::<f64>() } else { f64::from(params.days) * rng.random::<f64>() * 0.9 };
    Person {
        id: id(handle),
        name,
        home,
        facets: TOPICS.iter().map(|_| std::array::from_fn(|_| rng.random_range(0.25..1.0_f32))).collect(),
        interests,
        languages: [Some(main), second],
        activity: pareto(rng, 1.8).min(12.0) * 0.45,
        fame: pareto(rng, 1.3).min(60.0),
        joined: params.start() + (days * DAY as f64) as i64,
        follows: Vec::new(),
    }
}

fn unique(handle: String, taken: &mut HashSet<String>) -> String {
    let mut candidate = handle.clone();
    let mut number = 2;
    while !taken.insert(candidate.clone()) {
        candidate = format!("{handle}{number}");
        number += 1;
    }
    candidate
}

/// From 1 on, with a tail that is the heavier the smaller `shape` is.
fn pareto(rng: &mut Pcg64Mcg, shape: f32) -> f32 {
    (1.0 - rng.random::<f32>()).max(1e-9).powf(-1.0 / shape)
}

/// Follows: most within the home, some by a shared main interest, some of the famous anywhere.
fn follow(params: &Params, people: &mut [Person]) {
    let mut rng = generator(params.seed, 2);
    let by_home = Pools::new(people, params.communities, |person| vec![person.home]);
    let by_topic = Pools::new(people, params.topics, |person| {
        (0..).zip(&person.interests).filter(|(_, weight)| **weight > 0.6).map(|(topic, _)| topic).collect()
    });
    let everybody = Pools::new(people, 1, |_| vec![0]);
    let mut ties: Vec<HashSet<u32>> = vec![HashSet::new(); people.len()];
    for number in 0..params.people {
        let me = &people[number as usize];
        let wanted = (4.0 + 6.0 * pareto(&mut rng, 1.6)).min(people.len() as f32 / 3.0) as usize;
        for _ in 0..wanted {
            let roll: f32 = rng.random();
            let topic = rng.random_range(0..params.topics);
            let picked = match roll {
                r if r < 0.68 => by_home.pick(me.home, &mut rng),
                r if r < 0.9 && me.interests[topic as usize] > 0.3 => by_topic.pick(topic, &mut rng),
                _ => everybody.pick(0, &mut rng),
            };
            let Some(other) = picked.filter(|&other| other != number) else { continue };
            ties[number as usize].insert(other);
            let same_home = people[other as usize].home == me.home;
            if rng.random_bool(if same_home { 0.35 } else { 0.1 }) {
                ties[other as usize].insert(number);
            }
        }
    }
    for (number, mine) in ties.into_iter().enumerate() {
        let mut mine: Vec<u32> = mine.into_iter().collect();
        mine.sort_unstable();
        let timed = |other: u32| {
            let from = people[number].joined.max(people[other as usize].joined);
            // Most ties are made on the first days, some any time later.
            let span = if rng.random_bool(0.85) { 2 * DAY } else { params.now.millis() - from };
            (other, from + 60_000 + (rng.random::<f64>() * span as f64) as i64)
        };
        let follows: Vec<_> = mine.into_iter().map(timed).collect();
        people[number].follows = follows;
    }
}

/// Groups of people from which one is drawn by fame.
struct Pools(Vec<(Vec<u32>, Vec<f32>)>);

impl Pools {
    fn new(people: &[Person], groups: u32, groups_of: impl Fn(&Person) -> Vec<u32>) -> Self {
        let mut pools = vec![(Vec::new(), Vec::new()); groups as usize];
        for (number, person) in (0..).zip(people) {
            for group in groups_of(person) {
                let (members, sums) = &mut pools[group as usize];
                let before = sums.last().copied().unwrap_or(0.0_f32);
                members.push(number);
                sums.push(before + person.fame);
            }
        }
        Self(pools)
    }

    fn pick(&self, group: u32, rng: &mut Pcg64Mcg) -> Option<u32> {
        let (members, sums) = self.0.get(group as usize)?;
        let at = rng.random::<f32>() * sums.last()?;
        members.get(sums.partition_point(|&sum| sum <= at).min(members.len() - 1)).copied()
    }
}
