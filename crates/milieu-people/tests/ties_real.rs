//! Strengths of ties on messages of students over 193 days (CollegeMsg; Panzarasa, Opsahl & Carley 2009), each taken for an
//! answer to an item of its receiver: learnt from two months, measured at a third.
//!
//! Skipped, with the reason printed, where the shared data is not at hand (`MILIEU_SHARED`, by default `shared` beside the
//! checkout), and needed where `MILIEU_REQUIRE_SHARED` is set.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

use milieu_people::ties::{Feature, Later, Lesson, Past, Reliability, TieModel, reliability};
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

fn table(name: &str, model: &TieModel, lesson: &Lesson) -> Reliability {
    let samples = lesson.samples.iter();
    let table = reliability(samples.map(|sample| (model.expected(&sample.features), sample.count)));
    println!("{name}: sum expected / sum come {:.3}, error {:.3}", table.ratio, table.error);
    for bin in &table.bins {
        println!(
            "  from {:>6}: {:>7} pairs, expected {:>8.4}, came {:>8.4}",
            bin.from, bin.pairs, bin.expected, bin.came
        );
    }
    let strangers = lesson.of_strangers as f64 / lesson.strangers as f64;
    println!("  strangers: {} pairs, expected {:.6}, came {strangers:.6}", lesson.strangers, model.strangers);
    table
}

#[test]
fn strengths_of_students() {
    let Some(messages) = messages() else { return };
    let start = messages.iter().map(|(_, _, at)| *at).min().unwrap();
    let cuts = [45, 60, 75, 90].map(|day| start + day * DAY);
    let mut lessons = lessons(&records(&messages), &cuts);
    let last = lessons.pop().unwrap();
    let first = Lesson::joined(lessons);
    let half = |odd: usize| Lesson {
        samples: first.samples.iter().skip(odd).step_by(2).copied().collect(),
        ..first.clone()
    };
    let known = TieModel::default();
    let learnt = half(0).learn(&known, 1.0).unwrap();
    for (feature, coefficient) in Feature::ALL.iter().zip(&learnt.model.coefficients) {
        println!("{:>10} {coefficient:.2}", feature.name());
    }
    println!("explained {:.3} in {} steps", learnt.explained, learnt.steps);
    let held_out = table("pairs that were not learnt from, in the same months", &learnt.model, &half(1));
    let after = table("the month after", &learnt.model, &last);
    table("the same months, with the coefficients that come along", &known, &half(1));
    table("the month after, with the coefficients that come along", &known, &last);
    assert!((held_out.ratio - 1.0).abs() < 0.1 && held_out.error < 0.25, "{held_out:?}");
    // Most students stop writing in these months, and those who go on write more than the months before let one expect.
    assert!(after.ratio > 0.4 && after.ratio < 1.5, "{}", after.ratio);
}
