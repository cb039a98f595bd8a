//! The topics as requests see them: of items that may be shown.

use super::Topic;
use crate::state::Shared;
use milieu_api::{TopicEntry, TopicList};
use milieu_types::Timestamp;
use milieu_world::{ItemIx, Secs};

/// Items that are looked at under one hold of the world.
const HOLD: usize = 1024;
/// Items that are named of a topic.
const EXAMPLES: usize = 5;

/// What is gathered of a topic.
#[derive(Clone, Default)]
struct Found {
    size: usize,
    /// Numbers of the items nearest to its direction, with their cosines, the nearest first.
    nearest: Vec<(u32, f32)>,
    newest: Option<Timestamp>,
}

/// All topics with an item that may be shown, the largest first.
pub(crate) fn topics(shared: &Shared, now: Secs) -> TopicList {
    let (model, topics, items, searched) = {
        let held = shared.understanding.meanings.read();
        let Some(held) = held.as_ref() else { return TopicList::default() };
        let items: Vec<(u32, usize, f32)> = held.topics().items().collect();
        ((held.model.clone(), held.version), held.topics().all().to_vec(), items, held.len())
    };
    let mut found = vec![Found::default(); topics.len()];
    for some in items.chunks(HOLD) {
        let world = shared.world.read();
        let view = world.view(now);
        for &(number, place, cosine) in some {
            let item = ItemIx(number);
            if let Some(found) = found.get_mut(place).filter(|_| view.is_visible(item)) {
                found.add(number, cosine, view.item_time(item));
            }
        }
    }
    let world = shared.world.read();
    let view = world.view(now);
    let entry = |(Topic { id, terms }, found): (Topic, Found)| {
        let shown = found.nearest.iter().filter(|(number, _)| view.is_visible(ItemIx(*number)));
        let examples =
            shown.filter_map(|(number, _)| world.item_id(ItemIx(*number)).map(str::to_owned)).collect();
        Some(TopicEntry { id, terms, size: found.size, examples, newest: found.newest? })
    };
    let mut entries: Vec<TopicEntry> = topics.into_iter().zip(found).filter_map(entry).collect();
    entries.sort_by_key(|entry| (std::cmp::Reverse(entry.size), entry.id));
    TopicList { model: Some(model.0), version: Some(model.1), searched, topics: entries }
}

impl Found {
    fn add(&mut self, number: u32, cosine: f32, at: Timestamp) {
        self.size += 1;
        self.newest = self.newest.max(Some(at));
        let is_nearer = |&(other, its): &(u32, f32)| its > cosine || (its == cosine && other < number);
        let place = self.nearest.partition_point(is_nearer);
        if place < EXAMPLES {
            self.nearest.insert(place, (number, cosine));
            self.nearest.truncate(EXAMPLES);
        }
    }
}
