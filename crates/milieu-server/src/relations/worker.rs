//! The thread that computes communities, ranks and credibility anew.

use super::files::write_index;
use crate::state::{Shared, now};
use milieu_graph::GraphError;
use milieu_people::communities::{Edges, Marks, PeopleIndex};
use milieu_people::credibility::Traits;
use milieu_types::Seq;
use milieu_world::{UserIx, secs};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Users that are looked at under one hold of the world.
const HOLD: usize = 256;
/// The longest sleep without a look at whether the server stops.
const NAP: Duration = Duration::from_millis(250);

/// The life of the thread.
pub(crate) fn run(shared: &Shared) {
    let every = Duration::from_secs(shared.config.people.every_secs);
    if every.is_zero() {
        return;
    }
    let (mut last, mut seen) = (None, 0);
    while shared.ready.load(Ordering::Acquire) {
        let is_due = last.is_none_or(|last: Instant| last.elapsed() >= every);
        if is_due && shared.log.last_seq() != seen {
            match compute(shared) {
                Ok(to) => seen = to,
                Err(error) => tracing::error!(%error, "communities cannot be computed"),
            }
            last = Some(Instant::now());
        }
        std::thread::sleep(NAP);
    }
}

/// Computes everything anew; returns the last record that was seen.
fn compute(shared: &Shared) -> Result<Seq, GraphError> {
    let (start, at) = (Instant::now(), secs(now()));
    let (seen, edges) = shared.world.read_long(|world| (world.applied(), Edges::of(&world.view(at))));
    let topics: HashMap<u32, u32> = shared.understanding.with_topics(|topics| {
        let Some(topics) = topics else { return HashMap::new() };
        let id = |place: usize| topics.all().get(place).map(|topic| topic.id);
        topics.items().filter_map(|(item, place, _)| Some((item, id(place)?))).collect()
    });
    let (mut traits, mut marks) = (Vec::with_capacity(edges.nodes), Vec::with_capacity(edges.nodes));
    for first in (0..edges.nodes).step_by(HOLD) {
        let world = shared.world.read();
        let view = world.view(at);
        for user in (first..edges.nodes.min(first + HOLD)).map(|number| UserIx(number as u32)) {
            let is_there = view.is_described(user);
            traits.push(is_there.then(|| Traits::of(&view, user)));
            marks.push(is_there.then(|| Marks::of(&view, user, |item| topics.get(&item.0).copied())));
        }
    }
    let index = PeopleIndex::build(at, &edges, &traits, &marks, &shared.relations.index())?;
    if let Err(error) = write_index(&shared.relations.dir, seen, &index) {
        tracing::error!(%error, "communities cannot be kept; they are computed anew at the next start");
    }
    let (users, communities) = (edges.nodes, index.communities.len());
    *shared.relations.index.write() = Arc::new(index);
    tracing::info!(users, communities, millis = start.elapsed().as_millis() as u64, "communities computed");
    Ok(seen)
}
