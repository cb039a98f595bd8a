//! Suggestions of people to one user after the other, in a world with the ties of the synthetic graph.

use super::Args;
use anyhow::Result;
use milieu_graph::Edge;
use milieu_people::suggest::{SuggestConfig, suggest};
use milieu_types::{Event, EventKind, Id, Item, Record, Seq, Timestamp, User};
use milieu_world::{World, secs};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde_json::{Value, json};
use std::time::Instant;

/// Every so many-th edge is a tie both ways.
const MUTUAL: usize = 3;
/// How many interests there are, of which each user declares two.
const TAGS: u32 = 200;
/// How many likes and answers a user gives to items of those whom the graph ties them to.
const REACTIONS: usize = 10;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

/// A world, told record after record.
#[derive(Default)]
struct Told {
    world: World,
    seq: Seq,
}

impl Told {
    fn tell(&mut self, record: &Record) {
        self.seq += 1;
        self.world.apply(self.seq, record);
    }

    fn event(&mut self, kind: EventKind, actor: Id, object: Id) {
        self.tell(&Record::Event(Event {
            id: None,
            kind,
            actor,
            object,
            target: None,
            value: None,
            at: NOW,
            context: None,
        }));
    }
}

/// Asks for 20 suggestions to each of `args.asked` random users. The first question of each is timed, when hardly anything
/// that it reads is in the caches.
pub(super) fn run(edges: &[Edge], args: &Args) -> Result<Value> {
    let start = Instant::now();
    let world = world(edges, args)?;
    println!(
        "world      {} users, {} follows, {REACTIONS} reactions each; folded in {:.1} s",
        world.size().users,
        world.size().follows,
        start.elapsed().as_secs_f64()
    );
    let view = world.view(secs(NOW));
    let config = SuggestConfig::default();
    let mut random = Pcg64Mcg::seed_from_u64(args.seed);
    let (mut times, mut found) = (Vec::with_capacity(args.asked), 0);
    for _ in 0..args.asked {
        let number = random.random_range(0..args.nodes);
        let Some(user) = world.user(&format!("u{number}")) else { continue };
        let start = Instant::now();
        let suggestions = suggest(&view, user, 20, &config);
        times.push(start.elapsed().as_secs_f64() * 1e3);
        found += suggestions.len();
    }
    times.sort_by(f64::total_cmp);
    let at = |share: f64| {
        times.get(((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1))).copied()
    };
    let [p50, p99, most] = [0.5, 0.99, 1.0].map(|share| at(share).unwrap_or_default());
    let each = found as f64 / times.len().max(1) as f64;
    println!(
        "suggest    one user of {}: p50 {p50:.2} ms, p99 {p99:.2} ms, most {most:.2} ms; {each:.1} suggestions each",
        times.len()
    );
    Ok(json!({"asked": times.len(), "p50_ms": p50, "p99_ms": p99, "max_ms": most, "suggestions": each}))
}

fn user(number: u32) -> Result<Id> {
    Ok(Id::new(format!("u{number}"))?)
}

fn world(edges: &[Edge], args: &Args) -> Result<World> {
    let mut told = Told::default();
    let mut random = Pcg64Mcg::seed_from_u64(args.seed ^ 1);
    let mut neighbours: Vec<Vec<u32>> = vec![Vec::new(); args.nodes];
    for number in 0..args.nodes as u32 {
        let tags = [0; 2].map(|_| format!("tag{}", random.random_range(0..TAGS))).to_vec();
        told.tell(&Record::PutUser(User {
            id: user(number)?,
            name: None,
            tags: tags.clone(),
            language: None,
            muted_keywords: Vec::new(),
            discoverable: true,
            at: NOW,
        }));
        told.tell(&Record::PutItem(Item {
            id: Id::new(format!("i{number}"))?,
            author: Some(user(number)?),
            text: None,
            media: Vec::new(),
            tags,
            reply_to: None,
            language: None,
            at: NOW,
            hidden: false,
        }));
    }
    for (place, edge) in edges.iter().enumerate() {
        told.event(EventKind::Follow, user(edge.from)?, user(edge.to)?);
        if place % MUTUAL == 0 {
            told.event(EventKind::Follow, user(edge.to)?, user(edge.from)?);
        }
        neighbours[edge.from as usize].push(edge.to);
        neighbours[edge.to as usize].push(edge.from);
    }
    for (number, others) in (0..).zip(&neighbours).filter(|(_, others)| !others.is_empty()) {
        for reaction in 0..REACTIONS {
            let kind = if reaction % 3 == 0 { EventKind::Reply } else { EventKind::Like };
            let other = others[random.random_range(0..others.len())];
            told.event(kind, user(number)?, Id::new(format!("i{other}"))?);
        }
    }
    Ok(told.world)
}
