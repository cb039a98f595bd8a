//! The index of items by the terms of their texts, a fold of the world's items in memory: made at the start, and kept in
//! step by a thread of its own, which waits for no model.

use super::worker::ALL_TIME;
use crate::state::Shared;
use milieu_text::terms::TermCounts;
use milieu_types::Record;
use milieu_world::{ItemIx, World};
use parking_lot::{Condvar, Mutex};
use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Items whose texts are put in together.
const TOGETHER: usize = 64;
/// The longest wait without a look at whether the server stops.
const NAP: Duration = Duration::from_millis(250);

/// Items whose texts came, changed or went: noted by the thread that applies records, taken by the one that follows.
#[derive(Default)]
pub(crate) struct ChangedTexts {
    numbers: Mutex<HashSet<u32>>,
    some: Condvar,
}

impl ChangedTexts {
    /// Adds to `numbers` the items that a record is about to take away.
    pub(crate) fn going(world: &World, record: &Record, numbers: &mut Vec<u32>) {
        match record {
            Record::DeleteItem { id, .. } => numbers.extend(world.item(id.as_str()).map(|item| item.0)),
            Record::DeleteUser { id, .. } => {
                if let Some(user) = world.user(id.as_str()) {
                    let view = world.view(ALL_TIME);
                    numbers.extend(view.authored(user).map(|(_, item)| item.0));
                }
            }
            _ => {}
        }
    }

    /// Adds to `numbers` the item whose text a record has brought.
    pub(crate) fn come(world: &World, record: &Record, numbers: &mut Vec<u32>) {
        let id = match record {
            Record::PutItem(item) => &item.id,
            Record::PatchItem(patch) if patch.text.is_some() => &patch.id,
            _ => return,
        };
        numbers.extend(world.item(id.as_str()).map(|item| item.0));
    }

    pub(crate) fn note(&self, numbers: Vec<u32>) {
        if !numbers.is_empty() {
            self.numbers.lock().extend(numbers);
            self.some.notify_one();
        }
    }

    /// All that was noted since the last time; waits a while where there is nothing.
    fn take(&self) -> HashSet<u32> {
        let mut numbers = self.numbers.lock();
        if numbers.is_empty() {
            self.some.wait_for(&mut numbers, NAP);
        }
        std::mem::take(&mut numbers)
    }
}

/// The life of the thread that follows.
pub(crate) fn follow(shared: &Shared) {
    let Some(changed) = shared.world.changed_texts() else { return };
    let bound = shared.world.read().item_bound();
    let all: Vec<u32> = (0..bound as u32).collect();
    put(shared, &all);
    while shared.ready.load(Ordering::Acquire) {
        let changed: Vec<u32> = changed.take().into_iter().collect();
        put(shared, &changed);
    }
}

/// Brings the index in step with the texts that items have now.
fn put(shared: &Shared, numbers: &[u32]) {
    for some in numbers.chunks(TOGETHER) {
        if !shared.ready.load(Ordering::Acquire) {
            return;
        }
        let read: Vec<(u32, TermCounts)> =
            some.iter().map(|&number| (number, read(shared, number))).collect();
        let mut index = shared.understanding.terms.write();
        for (number, terms) in &read {
            index.put(*number, terms);
        }
    }
}

/// The terms of an item; none of one without a text.
fn read(shared: &Shared, number: u32) -> TermCounts {
    let text = {
        let world = shared.world.read();
        world.view(ALL_TIME).text(ItemIx(number)).map(str::to_owned)
    };
    text.map_or_else(TermCounts::default, |text| TermCounts::of(&text))
}
