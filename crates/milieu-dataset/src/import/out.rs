//! Where the readers put what they found: validation, time order, counts.

use super::{BadLine, Options};
use milieu_types::{Event, EventKind, Id, Item, Record, Timestamp, User, validate};
use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use xxhash_rust::xxh3::Xxh3;

/// How many events are held to put them into time order, about 300 MB at the most.
pub(super) const WINDOW: usize = 1 << 20;

/// What the readers found and the importer has not yet handed out.
pub(super) struct Out {
    pub(super) options: Options,
    pub(super) queue: VecDeque<Result<Record, BadLine>>,
    pub(super) skipped: BTreeMap<&'static str, u64>,
    waiting: BinaryHeap<Reverse<Waiting>>,
    window: usize,
    arrivals: u64,
}

impl Out {
    pub(super) fn new(options: Options, window: usize) -> Self {
        Self {
            options,
            queue: VecDeque::new(),
            skipped: BTreeMap::new(),
            waiting: BinaryHeap::new(),
            window,
            arrivals: 0,
        }
    }

    /// Counts something that was left out, or folded into something else, by rule.
    pub(super) fn skip(&mut self, what: &'static str) {
        *self.skipped.entry(what).or_default() += 1;
    }

    pub(super) fn user(&mut self, user: User) -> Result<(), String> {
        validate::user(&user, self.options.latest).map_err(|violation| violation.to_string())?;
        self.queue.push_back(Ok(Record::PutUser(user)));
        Ok(())
    }

    pub(super) fn item(&mut self, item: Item) -> Result<(), String> {
        validate::item(&item, self.options.latest).map_err(|violation| violation.to_string())?;
        self.queue.push_back(Ok(Record::PutItem(item)));
        Ok(())
    }

    pub(super) fn delete(&mut self, record: Record) {
        self.queue.push_back(Ok(record));
    }

    /// An event that stays where it is in the file.
    pub(super) fn event_in_place(&mut self, event: Event) -> Result<(), String> {
        validate::event(&event, self.options.latest).map_err(|violation| violation.to_string())?;
        self.queue.push_back(Ok(Record::Event(event)));
        Ok(())
    }

    /// An event that is handed out in its turn by time. When the window is full the earliest one
    /// leaves, so a file that is nearly in order comes out in order whatever its size.
    pub(super) fn event(&mut self, event: Event) -> Result<(), String> {
        validate::event(&event, self.options.latest).map_err(|violation| violation.to_string())?;
        self.waiting.push(Reverse(Waiting { event, arrival: self.arrivals }));
        self.arrivals += 1;
        if self.waiting.len() > self.window
            && let Some(earliest) = self.take_earliest()
        {
            self.queue.push_back(Ok(Record::Event(earliest)));
        }
        Ok(())
    }

    /// The earliest event that waits.
    pub(super) fn take_earliest(&mut self) -> Option<Event> {
        self.waiting.pop().map(|Reverse(waiting)| waiting.event)
    }
}

/// Ordered by time, then by arrival.
struct Waiting {
    event: Event,
    arrival: u64,
}

impl Waiting {
    fn key(&self) -> (Timestamp, u64) {
        (self.event.at, self.arrival)
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Waiting {}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

/// Makes an id of a text from a file.
pub(super) fn id(field: &str, text: &str) -> Result<Id, String> {
    Id::new(text).map_err(|error| format!("{field}: {error}"))
}

/// The id of an event that has none in the data: the format's name and 128 bits of XXH3 over what
/// makes the event itself. Parts are length-prefixed, so that `a/b` `c` and `a` `b/c` differ.
pub(super) fn event_id(format: &str, parts: &[&str]) -> Result<Id, String> {
    let mut hash = Xxh3::new();
    for part in parts {
        hash.update(&(part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    id("id", &format!("{format}/{:032x}", hash.digest128()))
}

/// An event with nothing but who did what to what and when.
pub(super) fn plain_event(event_id: Id, kind: EventKind, actor: Id, object: Id, at: Timestamp) -> Event {
    Event { id: Some(event_id), kind, actor, object, target: None, value: None, at, context: None }
}

/// A user of whom nothing is known but the id.
pub(super) fn plain_user(id: Id, at: Timestamp) -> User {
    User {
        id,
        name: None,
        tags: Vec::new(),
        language: None,
        muted_keywords: Vec::new(),
        discoverable: true,
        at,
    }
}

/// An item with no more than an id and a time.
pub(super) fn plain_item(id: Id, at: Timestamp) -> Item {
    Item {
        id,
        author: None,
        text: None,
        media: Vec::new(),
        tags: Vec::new(),
        reply_to: None,
        language: None,
        at,
        hidden: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_stable_and_unambiguous() {
        let made = |parts: &[&str]| event_id("edges", parts).unwrap();
        assert_eq!(made(&["a", "b"]), made(&["a", "b"]));
        assert_ne!(made(&["a/b", "c"]), made(&["a", "b/c"]));
        assert_eq!(made(&["a", "b"]).as_str().len(), "edges/".len() + 32);
        // Frozen: a change would make every import that was done before count twice.
        assert_eq!(made(&["a", "b"]).as_str(), "edges/4e8071d3974d16754bcb794c7d699bd6");
    }

    #[test]
    fn the_window_orders_what_fits() {
        fn check(window: usize, times: &[i64], expected: &[i64]) {
            let mut out = Out::new(Options::new(Timestamp::from_secs(2_000_000_000)), window);
            for (n, &time) in times.iter().enumerate() {
                let made = event_id("x", &[&n.to_string()]).unwrap();
                let (a, b) = (Id::new("a").unwrap(), Id::new("b").unwrap());
                out.event(plain_event(made, EventKind::Follow, a, b, Timestamp::from_millis(time))).unwrap();
            }
            let mut found = Vec::new();
            for entry in std::mem::take(&mut out.queue) {
                if let Ok(Record::Event(event)) = entry {
                    found.push(event.at.millis());
                }
            }
            found.extend(std::iter::from_fn(|| out.take_earliest()).map(|event| event.at.millis()));
            assert_eq!(found, expected);
        }
        check(10, &[3, 1, 2], &[1, 2, 3]);
        check(2, &[2, 1, 4, 3, 6, 5], &[1, 2, 3, 4, 5, 6]);
        check(1, &[5, 4, 1], &[4, 1, 5]);
    }
}
