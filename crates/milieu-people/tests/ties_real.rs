//! Strengths of ties on messages of students over 193 days (CollegeMsg; Panzarasa, Opsahl & Carley 2009), each taken for an
//! answer to an item of its receiver: learnt from two months, measured at a third.
//!
//! Skipped, with the reason printed, where the shared data is not at hand (`MILIEU_SHARED`, by default `shared` beside the
//! checkout), and needed where `MILIEU_REQUIRE_SHARED` is set.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

use milieu_people::ties::{Bin, Feature, Later, Lesson, Past, Reliability, Sample, TieModel, reliability};
use milieu_types::{Event, EventKind, Id, Item, Record, Timestamp, User};
use milieu_world::{World, secs};
use std::collections::HashSet;
use std::io::Read;
use std::path::PathBuf;

const DAY: i64 = 86_400;

fn messages() -> Option<Vec<(String, String, i64)>> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let root = std::env::var_os("MILIEU_SHARED").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    let path = root.join("data/collegemsg/CollegeMsg.txt.gz");
    let Ok(file) = std::fs::File::open(&path) else {
        assert!(std::env::var_os("MILIEU_REQUIRE_SHARED").is_none(), "{} is missing", path.display());
        println!("skipped: {} is missing", path.display());
        return None;
    };
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let row = |line: &str| {
        let mut parts = line.split_whitespace().map(str::to_owned);
        Some((parts.next()?, parts.next()?, parts.next()?.parse().ok()?))
    };
    Some(text.lines().skip(1).filter_map(row).collect())
}

fn id(text: &str) -> Id {
    Id::new(text).unwrap()
}

/// Everybody is described at their first message, with an item that others answer.
fn records(messages: &[(String, String, i64)]) -> Vec<(i64, Record)> {
    let (mut known, mut records) = (HashSet::new(), Vec::new());
    for (from, to, at) in messages {
        let time = Timestamp::from_secs(*at);
        for user in [from, to] {
            if known.insert(user.clone()) {
                let described = User {
                    id: id(user),
                    name: None,
                    tags: vec![],
                    language: None,
                    muted_keywords: vec![],
                    discoverable: true,
                    at: time,
                };
                let item = Item {
                    id: id(&format!("p{user}")),
                    author: Some(id(user)),
                    text: None,
                    media: vec![],
                    tags: vec![],
                    reply_to: None,
                    language: None,
                    at: time,
                    hidden: false,
                };
                records.extend([(*at, Record::PutUser(described)), (*at, Record::PutItem(item))]);
            }
        }
        let event = Event {
            id: None,
            kind: EventKind::Reply,
            actor: id(from),
            object: id(&format!("p{to}")),
            target: None,
            value: None,
            at: time,
            context: None,
        };
        records.push((*at, Record::Event(event)));
    }
    records
}

/// What was known at each of these times, and what came after.
fn lessons(records: &[(i64, Record)], cuts: &[i64]) -> Vec<Lesson> {
    let mut world = World::new();
    let mut open: Vec<(Past, Later)> = Vec::new();
    for (seq, (at, record)) in (1..).zip(records) {
        if let Some(&cut) = cuts.get(open.len()).filter(|cut| at > cut) {
            let cut = secs(Timestamp::from_secs(cut));
            open.push((Past::of(&world.view(cut), 10_000), Later::after(cut)));
        }
        open.iter_mut().for_each(|(_, later)| later.note(&world, record));
        world.apply(seq, record);
    }
    open.into_iter().map(|(past, later)| past.lesson(later)).collect()
}

fn print(name: &str, pairs: impl Iterator<Item = (f64, u32)>) -> Reliability {
    let table = reliability(pairs);
    println!("{name}: sum expected / sum come {:.3}, error {:.3}", table.ratio, table.error);
    for Bin { from, pairs, expected, came } in &table.bins {
        println!("  from {from:>6}: {pairs:>7} ties, expected {expected:>8.4}, came {came:>8.4}");
    }
    table
}

fn expected(model: &TieModel, lesson: &Lesson) -> Vec<(f64, u32)> {
    lesson.samples.iter().map(|sample| (model.expected(&sample.features), sample.count)).collect()
}

#[test]
fn strengths_of_students() {
    let Some(messages) = messages() else { return };
    let start = messages.iter().map(|(_, _, at)| *at).min().unwrap();
    let cuts = [45, 60, 75, 90].map(|day| start + day * DAY);
    let mut lessons = lessons(&records(&messages), &cuts);
    let last = lessons.pop().unwrap();
    let first = Lesson::joined(lessons);
    let known = TieModel::default();
    // Both directions of a pair, at all times, are in the same fifth.
    let part = |keep: &dyn Fn(u32) -> bool| {
        let is_in = |sample: &&Sample| keep((sample.between.0.0 + sample.between.1.0) % 5);
        Lesson { samples: first.samples.iter().filter(is_in).copied().collect(), ..first.clone() }
    };
    let held_out = (0..5).flat_map(|fifth| {
        let learnt = part(&|of| of != fifth).learn(&known, 1.0).unwrap();
        expected(&learnt.model, &part(&|of| of == fifth))
    });
    let held_out = print("five times four fifths learnt, the fifth measured", held_out);
    let learnt = first.learn(&known, 1.0).unwrap();
    for (feature, coefficient) in Feature::ALL.iter().zip(&learnt.model.coefficients) {
        println!("{:>10} {coefficient:.2}", feature.name());
    }
    println!("explained {:.3} in {} steps", learnt.explained, learnt.steps);
    let after = print("the month after", expected(&learnt.model, &last).into_iter());
    print("the month after, with the coefficients that come along", expected(&known, &last).into_iter());
    let strangers = last.of_strangers as f64 / last.strangers as f64;
    println!("strangers in the month after: expected {:.6}, came {strangers:.6}", learnt.model.strangers);
    assert!((held_out.ratio - 1.0).abs() < 0.1 && held_out.error < 0.25, "{held_out:?}");
    // Most students stop writing in these months, and those who go on write more than the months before let one expect.
    assert!(after.ratio > 0.4 && after.ratio < 1.5, "{}", after.ratio);
}
