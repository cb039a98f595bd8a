//! A large community, cheaply made, for load tests: no truth to be learnt beyond clusters, ties and
//! popularity, and texts of a few dozen bytes.

use crate::{event, id};
use milieu_types::{EventKind, Id, Item, Record, Timestamp, User};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// The size of the load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// How many users.
    pub users: u32,
    /// How many items.
    pub items: u32,
    /// How many events on items; follows come on top.
    pub events: u64,
    /// How many others a user follows, on average.
    pub follows: u32,
    /// How many clusters of users and items.
    pub clusters: u32,
    /// When it begins.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
    /// Makes another load of the same size.
    pub seed: u64,
}

impl Load {
    /// The serving benchmark: 100,000 users who follow 20 others each, 1,000,000 items and 10,000,000
    /// events within 30 days that end at `now`.
    #[must_use]
    pub fn bench(now: Timestamp) -> Self {
        Self {
            users: 100_000,
            items: 1_000_000,
            events: 10_000_000,
            follows: 20,
            clusters: 500,
            start: Timestamp::from_millis(now.millis() - 30 * 86_400_000),
            end: now,
            seed: 1,
        }
    }

    /// The id of a user.
    #[must_use]
    pub fn user(number: u32) -> Id {
        id(format!("u{number}"))
    }

    /// The id of an item.
    #[must_use]
    pub fn item(number: u32) -> Id {
        id(format!("i{number}"))
    }

    /// All records: the users, then the follows, both at the start, then items and events in order of
    /// time. An event is about an item that is there by then.
    pub fn records(self) -> impl Iterator<Item = Record> {
        let load = Self {
            users: self.users.max(2),
            items: self.items.max(1),
            clusters: self.clusters.clamp(1, self.users.max(2)),
            ..self
        };
        let follows = u64::from(load.users) * u64::from(load.follows);
        let mut rng = Pcg64Mcg::seed_from_u64(load.seed);
        let users = (0..load.users).map(move |number| Record::PutUser(load.described(number)));
        let ties = (0..follows).map(move |number| load.follow(number, &mut rng));
        users.chain(ties).chain(load.life(follows))
    }

    fn cluster_tag(&self, number: u32) -> String {
        format!("topic{}", number % self.clusters)
    }

    fn described(&self, number: u32) -> User {
        User {
            id: Self::user(number),
            name: None,
            tags: vec![self.cluster_tag(number)],
            language: None,
            muted_keywords: Vec::new(),
            discoverable: true,
            at: self.start,
        }
    }

    fn follow(&self, number: u64, rng: &mut Pcg64Mcg) -> Record {
        let user = (number / u64::from(self.follows.max(1))) as u32;
        let other = loop {
            let other = if rng.random_bool(0.8) {
                self.in_cluster(user % self.clusters, self.users, rng)
            } else {
                skewed(self.users, rng)
            };
            if other != user {
                break other;
            }
            // A cluster of one would never end.
            if self.users < 2 * self.clusters {
                break (user + 1) % self.users;
            }
        };
        let made = event(number + 1, EventKind::Follow, Self::user(user), Self::user(other), self.start);
        Record::Event(made)
    }

    /// Items and events, evenly spread over the time, an item before the events of its moment.
    fn life(self, before: u64) -> impl Iterator<Item = Record> {
        let mut rng = Pcg64Mcg::seed_from_u64(self.seed ^ 0x5eed);
        let total = u64::from(self.items) + self.events;
        let span = (self.end.millis() - self.start.millis()).max(1) as f64;
        let mut items = 0_u32;
        (0..total).map(move |number| {
            let at = self.start.millis() + (span * number as f64 / total as f64) as i64;
            let at = Timestamp::from_millis(at);
            let due = (number as f64 + 1.0) * f64::from(self.items) / total as f64;
            let events = number - u64::from(items);
            if items < self.items && (f64::from(items) < due || events >= self.events) {
                items += 1;
                return Record::PutItem(self.made(items - 1, at, &mut rng));
            }
            Record::Event(self.deed(before + events + 1, items, at, &mut rng))
        })
    }

    fn made(&self, number: u32, at: Timestamp, rng: &mut Pcg64Mcg) -> Item {
        let author = self.in_cluster(number % self.clusters, self.users, rng);
        Item {
            id: Self::item(number),
            author: Some(Self::user(author)),
            text: Some(format!("Post {number} about {}", self.cluster_tag(number))),
            media: Vec::new(),
            tags: vec![self.cluster_tag(number)],
            reply_to: None,
            language: None,
            at,
            hidden: false,
        }
    }

    /// Somebody does something with one of the items that are there: mostly of their cluster, mostly
    /// recent or popular.
    fn deed(&self, number: u64, items: u32, at: Timestamp, rng: &mut Pcg64Mcg) -> milieu_types::Event {
        let user = skewed(self.users, rng);
        let place = if rng.random_bool(0.5) {
            items - 1 - skewed(items.min(self.items / 30 + 1), rng)
        } else {
            skewed(items, rng)
        };
        let own = place / self.clusters * self.clusters + user % self.clusters;
        let item = if rng.random_bool(0.8) && own < items { own } else { place };
        let (kind, value) = match rng.random_range(0..100_u32) {
            0..50 => (EventKind::View, None),
            50..75 => (EventKind::Click, None),
            75..83 => (EventKind::Dwell, Some(1.0 + (rng.random::<f32>() * 60.0).round())),
            83..96 => (EventKind::Like, None),
            96..98 => (EventKind::Share, None),
            98 => (EventKind::Save, None),
            _ => (EventKind::Hide, None),
        };
        let mut made = event(number, kind, Self::user(user), Self::item(item), at);
        made.value = value;
        made
    }

    /// A member of a cluster among the first `all` numbers, small numbers more likely.
    fn in_cluster(&self, cluster: u32, all: u32, rng: &mut Pcg64Mcg) -> u32 {
        let members = (all.saturating_sub(cluster)).div_ceil(self.clusters).max(1);
        (skewed(members, rng) * self.clusters + cluster).min(all - 1)
    }
}

/// A number below `n`, small ones more likely: the density falls with the square root.
fn skewed(n: u32, rng: &mut Pcg64Mcg) -> u32 {
    let point: f64 = rng.random();
    ((point * point * f64::from(n)) as u32).min(n.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn counts_order_and_repeatability() {
        let load = Load {
            users: 300,
            items: 1_000,
            events: 9_000,
            follows: 20,
            clusters: 10,
            ..Load::bench(Timestamp::from_secs(1_800_000_000))
        };
        let (mut users, mut items, mut deeds, mut follows) = (0, HashSet::new(), 0, 0);
        let mut last = Timestamp::default();
        for record in load.records() {
            let at = match record {
                Record::PutUser(user) => {
                    users += 1;
                    user.at
                }
                Record::PutItem(item) => {
                    assert!(item.text.unwrap().len() <= 60);
                    items.insert(item.id);
                    item.at
                }
                Record::Event(event) if event.kind == EventKind::Follow => {
                    assert_ne!(event.actor, event.object);
                    follows += 1;
                    event.at
                }
                Record::Event(event) => {
                    assert!(items.contains(event.object.as_str()), "{event:?}");
                    deeds += 1;
                    event.at
                }
                other => panic!("{other:?}"),
            };
            assert!(at >= last);
            last = at;
        }
        assert_eq!((users, items.len(), deeds, follows), (300, 1_000, 9_000, 6_000));
        assert!(load.records().eq(load.records()));
        let ids = load.records().filter_map(|record| match record {
            Record::Event(event) => event.id,
            _ => None,
        });
        assert_eq!(ids.collect::<HashSet<_>>().len(), 15_000);
    }

    #[test]
    fn tiny_sizes_end() {
        let load = Load {
            users: 0,
            items: 0,
            events: 5,
            follows: 3,
            clusters: 0,
            ..Load::bench(Timestamp::default())
        };
        assert_eq!(load.records().count(), 2 + 6 + 1 + 5);
    }
}
