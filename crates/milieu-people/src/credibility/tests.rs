use super::*;
use crate::communities::PeopleIndex;
use crate::samples::Town;
use milieu_types::EventKind as E;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// How many honest people there are.
const PEOPLE: usize = 400;

/// What planted accounts do.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Plant {
    /// Made within a day, they follow each other and somebody whom they push.
    Ring,
    /// They follow a hundred within an hour.
    Burst,
    /// They write the same texts.
    Copies,
}

/// Honest people who joined over a year, some of them in classes that follow each other; they follow some dozen at first
/// and more later, the well known more than others, and write. Twenty of each kind of planted accounts are among them, who
/// joined `old` days ago.
fn town(seed: u64, old: f64) -> (Town, Vec<String>) {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let mut town = Town::new(&[]);
    let name = |number: usize| format!("u{number}");
    let mut joined = Vec::new();
    for number in 0..PEOPLE {
        // Ten classes of twelve joined within a week each.
        let days = if number < 120 {
            100.0 + (number / 12) as f64 * 20.0 + random.random_range(0.0..7.0)
        } else {
            random.random_range(20.0..380.0)
        };
        joined.push(days);
        town.user(&name(number), &[], days);
    }
    for number in 0..PEOPLE {
        let follow = |town: &mut Town, other: usize, days: f64| {
            if other != number {
                town.event(
                    &name(number),
                    E::Follow,
                    &name(other),
                    days.min(joined[number].min(joined[other])),
                );
            }
        };
        if number < 120 {
            for mate in (number / 12 * 12)..(number / 12 * 12 + 12) {
                if random.random_bool(0.7) {
                    follow(&mut town, mate, random.random_range(0.0..joined[number]));
                }
            }
        }
        // Some at once, when they find their way around.
        for _ in 0..random.random_range(0..12) {
            let days = joined[number] - random.random_range(0.0..0.02);
            follow(&mut town, (random.random::<f64>().powi(3) * PEOPLE as f64) as usize, days);
        }
        for _ in 0..random.random_range(2..40) {
            let other = (random.random::<f64>().powi(2) * PEOPLE as f64) as usize;
            let days = random.random_range(0.0..joined[number]);
            follow(&mut town, other, days);
            if random.random_bool(0.4) && other != number {
                let days = days.min(joined[other].min(joined[number]));
                town.event(&name(other), E::Follow, &name(number), days);
            }
        }
        for post in 0..random.random_range(0..8) {
            let text = match random.random_range(0..20) {
                0 => "Happy birthday to the whole town!".to_owned(),
                _ => format!("something of {number} and no other, number {post}"),
            };
            town.text(
                &format!("p{number}-{post}"),
                &name(number),
                &text,
                random.random_range(0.0..joined[number]),
            );
        }
    }
    let honest: Vec<usize> = (0..PEOPLE).collect();
    let mut planted = Vec::new();
    for (kind, plant) in [Plant::Ring, Plant::Burst, Plant::Copies].into_iter().enumerate() {
        let names: Vec<String> = (0..20).map(|number| format!("x{kind}-{number}")).collect();
        for own in &names {
            let spread = if plant == Plant::Ring { 0.8 } else { 18.0_f64.min(old) };
            town.user(own, &[], old + random.random_range(0.0..spread));
        }
        for own in &names {
            match plant {
                Plant::Ring => {
                    for other in names.iter().filter(|other| *other != own) {
                        if random.random_bool(0.8) {
                            town.event(own, E::Follow, other, random.random_range(0.0..old));
                        }
                    }
                    town.event(own, E::Follow, "u399", random.random_range(0.0..old));
                    for other in honest.choose_multiple(&mut random, 5) {
                        town.event(own, E::Follow, &name(*other), random.random_range(0.0..old));
                    }
                }
                Plant::Burst => {
                    let start = random.random_range(0.1..old);
                    for other in honest.choose_multiple(&mut random, 100) {
                        town.event(own, E::Follow, &name(*other), start - random.random_range(0.0..0.04));
                    }
                }
                Plant::Copies => {
                    for other in honest.choose_multiple(&mut random, 10) {
                        town.event(own, E::Follow, &name(*other), random.random_range(0.0..old));
                    }
                    for post in 0..6 {
                        let text = if random.random_bool(0.8) {
                            format!("cheap watches, offer {} of the week", random.random_range(0..8))
                        } else {
                            format!("a word of {own} alone, number {post}")
                        };
                        town.text(&format!("{own}-{post}"), own, &text, random.random_range(0.0..old));
                    }
                }
            }
        }
        planted.extend(names);
    }
    (town, planted)
}

fn index(town: &Town) -> PeopleIndex {
    PeopleIndex::of(&town.view(), |_| None, &PeopleIndex::default()).unwrap()
}

/// The area under the curve: how likely a planted account has a higher score than an honest one.
fn auc(planted: &[f32], honest: &[f32]) -> f64 {
    let above = |a: f32| {
        honest.iter().map(|b| f64::from(u8::from(a > *b)) + f64::from(u8::from(a == *b)) / 2.0).sum::<f64>()
    };
    planted.iter().map(|a| above(*a)).sum::<f64>() / (planted.len() * honest.len()) as f64
}

#[test]
fn planted_accounts_are_told_from_honest_ones() {
    for seed in 0..5 {
        let (town, planted) = town(seed, 30.0);
        let index = index(&town);
        let score = |user: &str| index.suspicions[town.number(user).at()].unwrap().score;
        let honest: Vec<f32> = (0..PEOPLE).map(|number| score(&format!("u{number}"))).collect();
        let of = |names: &[String]| auc(&names.iter().map(|name| score(name)).collect::<Vec<_>>(), &honest);
        let parts: Vec<f64> = planted.chunks(20).map(of).collect();
        let all = of(&planted);
        let wrong = honest.iter().filter(|score| **score >= 0.5).count();
        println!(
            "seed {seed}: AUC {all:.4}; ring, burst, copies {parts:.4?}; {wrong} of {PEOPLE} honest at .5 or more"
        );
        assert!(all >= 0.95 && parts.iter().all(|part| *part >= 0.95), "{all} {parts:?}");
        assert!(wrong * 50 <= PEOPLE, "{wrong}");
    }
}

#[test]
fn many_new_accounts_make_nobody_trusted() {
    let (mut town, _) = town(9, 30.0);
    let before = index(&town);
    for number in 0..300 {
        town.user(&format!("s{number}"), &[], 1.0);
        for other in [(number + 1) % 300, (number + 7) % 300] {
            town.event(&format!("s{number}"), E::Follow, &format!("s{other}"), 0.5);
        }
        town.event(&format!("s{number}"), E::Follow, "u399", 0.4);
    }
    let after = index(&town);
    let at = town.number("u399").at();
    let places = |index: &PeopleIndex| {
        let honest = 0..PEOPLE;
        let less = |values: &[f32]| honest.clone().filter(|other| values[*other] < values[at]).count();
        (less(&index.trust), less(&index.rank))
    };
    let ((trust_before, rank_before), (trust_after, rank_after)) = (places(&before), places(&after));
    println!(
        "of {PEOPLE}: trust above {trust_before}, then {trust_after}; plain PageRank above {rank_before}, then {rank_after}"
    );
    assert!(rank_after > rank_before + 50, "plain PageRank is pushed: {rank_before} to {rank_after}");
    assert!(trust_after.abs_diff(trust_before) <= 40, "{trust_before} to {trust_after}");
    let percentile = after.percentiles[town.number("s1").at()].unwrap();
    assert!(percentile < 0.5, "{percentile}");
}

#[test]
fn a_launch_day_is_no_ring() {
    let mut town = Town::new(&[]);
    for number in 0..40 {
        town.user(&format!("u{number}"), &[], 50.0);
    }
    for (a, b) in
        (0..40).flat_map(|a| (1..8).map(move |step| (a, (a + step * step) % 40))).filter(|(a, b)| a != b)
    {
        town.event(&format!("u{a}"), E::Follow, &format!("u{b}"), f64::from(a) + 0.3 * f64::from(b % 7));
    }
    let index = index(&town);
    assert!(
        index.suspicions.iter().flatten().all(|found| found.ring == 0.0 && found.score < 0.3),
        "{:?}",
        index.suspicions
    );
}

#[test]
fn nobody_is_trusted_where_nobody_is_known() {
    let mut town = Town::new(&[]);
    town.event("ann", E::Follow, "ben", 3.0);
    let found = index(&town);
    assert_eq!((found.trust, found.suspicions), (vec![0.0; 2], vec![None; 2]));
    assert_eq!(percentiles(&[0.0], &[None]), [None]);
    let known = [Some(Suspicion::default()); 4];
    assert_eq!(percentiles(&[0.1, 0.2, 0.2, 0.0], &known), [0.375, 0.75, 0.75, 0.125].map(Some));
}
