//! Seeded synthetic interactions: a community with popular items, and tastes that explain the rest.

use anyhow::{Result, ensure};
use milieu_factors::Interactions;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;
use std::collections::HashSet;

/// What to make.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) users: usize,
    pub(super) items: usize,
    /// Distinct pairs to train on, exactly.
    pub(super) interactions: usize,
    /// Users of whom a part is held out.
    pub(super) tested: usize,
    pub(super) seed: u64,
}

/// Interactions to train on, and those held out of `tested` users: `(user, items)`.
pub(super) struct Split {
    pub(super) train: Interactions,
    pub(super) held_out: Vec<(u32, Vec<u32>)>,
}

/// Tastes there are; more than common factor counts, so that vectors have something to compress.
const TASTES: usize = 300;
/// Share of choices that follow general popularity rather than a taste of the user's.
const MAINSTREAM: f64 = 0.15;
/// Most interactions of a user.
const MOST: usize = 1000;
/// Of a tested user's interactions one is held out for every so many to train on.
const HELD_OUT: usize = 4;

/// Items in an order with their cumulated popularity.
struct Shelf {
    items: Vec<u32>,
    cumulated: Vec<f64>,
}

impl Shelf {
    fn new(items: Vec<u32>, popularity: &[f64]) -> Self {
        let mut sum = 0.0;
        let add = |&item: &u32| {
            sum += popularity[item as usize];
            sum
        };
        let cumulated = items.iter().map(add).collect();
        Self { items, cumulated }
    }

    fn pick(&self, rng: &mut Pcg64Mcg) -> u32 {
        let total = self.cumulated.last().copied().unwrap_or(1.0);
        let point = rng.random_range(0.0..total);
        let place = self.cumulated.partition_point(|&sum| sum <= point);
        self.items[place.min(self.items.len() - 1)]
    }
}

/// A standard normal number (Box and Muller).
fn normal(rng: &mut Pcg64Mcg) -> f64 {
    let (u, v): (f64, f64) = (rng.random_range(f64::MIN_POSITIVE..1.0), rng.random());
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

/// Draws a community. Item popularity falls as `(rank + 30)^-1`, tastes have sizes of two orders of
/// magnitude, activity is log-normal, and every user has one to four tastes in unequal parts.
pub(super) fn make(shape: Shape) -> Result<Split> {
    ensure!(shape.items >= 10 * TASTES && shape.users >= shape.tested, "the shape is too small");
    ensure!(shape.interactions >= 5 * shape.users, "too few interactions for the users");
    let mut rng = Pcg64Mcg::seed_from_u64(shape.seed);
    let mut ranked: Vec<u32> = (0..shape.items as u32).collect();
    ranked.shuffle(&mut rng);
    let mut popularity = vec![0.0; shape.items];
    for (rank, &item) in ranked.iter().enumerate() {
        popularity[item as usize] = 1.0 / (rank as f64 + 30.0);
    }
    let sizes: Vec<f64> = (0..TASTES).map(|_| normal(&mut rng).exp()).collect();
    let tastes = Shelf::new((0..TASTES as u32).collect(), &sizes);
    let mut members = vec![Vec::new(); TASTES];
    for (place, &item) in ranked.iter().enumerate() {
        let taste = if place < TASTES { place } else { tastes.pick(&mut rng) as usize };
        members[taste].push(item);
    }
    let shelves: Vec<Shelf> = members.into_iter().map(|items| Shelf::new(items, &popularity)).collect();
    let all = Shelf::new(ranked, &popularity);

    let degrees = degrees(shape, &mut rng);
    let every = shape.users.checked_div(shape.tested).unwrap_or(usize::MAX);
    let tested = |user: usize| user.is_multiple_of(every) && user / every < shape.tested;
    let draw = |user: usize| {
        let mut rng =
            Pcg64Mcg::seed_from_u64(shape.seed ^ (user as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mine: Vec<&Shelf> =
            (0..rng.random_range(1..=4)).map(|_| &shelves[tastes.pick(&mut rng) as usize]).collect();
        let extra = if tested(user) { degrees[user] / HELD_OUT } else { 0 };
        let mut seen = HashSet::new();
        let mut items = Vec::new();
        let mut tries = 0;
        while items.len() < degrees[user] + extra {
            tries += 1;
            let item = if tries > 20 * MOST {
                rng.random_range(0..shape.items as u32)
            } else if rng.random_bool(MAINSTREAM) {
                all.pick(&mut rng)
            } else {
                // The first taste counts most.
                let first = rng.random_range(0..mine.len());
                mine[rng.random_range(0..=first)].pick(&mut rng)
            };
            if seen.insert(item) {
                items.push(item);
            }
        }
        items.shuffle(&mut rng);
        let held_out = items.split_off(degrees[user]);
        let weigh =
            |item| (user as u32, item, f32::from(1 + rng.random::<u16>().trailing_zeros().min(4) as u8));
        (items.into_iter().map(weigh).collect::<Vec<_>>(), held_out)
    };
    let drawn: Vec<_> = (0..shape.users).into_par_iter().map(draw).collect();
    let held_out = drawn
        .iter()
        .enumerate()
        .filter(|(_, (_, out))| !out.is_empty())
        .map(|(user, (_, out))| (user as u32, out.clone()));
    let held_out = held_out.collect();
    let triples = drawn.into_iter().flat_map(|(train, _)| train).collect();
    Ok(Split { train: Interactions::from_triples(shape.users, shape.items, triples)?, held_out })
}

/// Interactions of each user: log-normal, then moved by single steps to the sum asked for.
fn degrees(shape: Shape, rng: &mut Pcg64Mcg) -> Vec<usize> {
    let mean = shape.interactions as f64 / shape.users as f64;
    let mut degrees: Vec<usize> =
        (0..shape.users).map(|_| ((mean * (normal(rng) - 0.5).exp()) as usize).clamp(4, MOST)).collect();
    let mut sum: usize = degrees.iter().sum();
    while sum != shape.interactions {
        let degree = &mut degrees[rng.random_range(0..shape.users)];
        if sum < shape.interactions && *degree < MOST {
            *degree += 1;
            sum += 1;
        } else if sum > shape.interactions && *degree > 4 {
            *degree -= 1;
            sum -= 1;
        }
    }
    degrees
}
