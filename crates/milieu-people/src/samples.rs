//! Small worlds for tests.

use milieu_types::{Event, EventKind, Id, Item, ItemPatch, Record, Timestamp, User};
use milieu_world::{Secs, UserIx, View, World};

/// The time at which all tests ask.
pub(crate) const NOW: Secs = 1_790_000_000;

fn id(text: &str) -> Id {
    Id::new(text).unwrap()
}

/// A time so many days before [`NOW`].
fn before(days: f64) -> Timestamp {
    Timestamp::from_millis(i64::from(NOW) * 1000 - (days * 86_400_000.0) as i64)
}

/// A world, told record by record.
pub(crate) struct Town {
    pub(crate) world: World,
    seq: u64,
}

impl Town {
    /// With users who joined 400 days ago.
    pub(crate) fn new(users: &[&str]) -> Self {
        let mut town = Self { world: World::new(), seq: 0 };
        users.iter().for_each(|name| town.user(name, &[], 400.0));
        town
    }

    pub(crate) fn tell(&mut self, record: &Record) {
        self.seq += 1;
        self.world.apply(self.seq, record);
    }

    pub(crate) fn user(&mut self, name: &str, tags: &[&str], joined: f64) {
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        self.tell(&Record::PutUser(User {
            id: id(name),
            name: None,
            tags,
            language: None,
            muted_keywords: vec![],
            discoverable: true,
            at: before(joined),
        }));
    }

    fn put(
        &mut self,
        name: &str,
        author: &str,
        tags: &[&str],
        days: f64,
        reply_to: Option<&str>,
        text: &str,
    ) {
        self.tell(&Record::PutItem(Item {
            id: id(name),
            author: Some(id(author)),
            text: Some(text.to_owned()),
            media: vec![],
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            reply_to: reply_to.map(id),
            language: None,
            at: before(days),
            hidden: false,
        }));
    }

    pub(crate) fn item(&mut self, name: &str, author: &str, tags: &[&str], days: f64) {
        self.put(name, author, tags, days, None, &format!("words of {name}"));
    }

    pub(crate) fn text(&mut self, name: &str, author: &str, text: &str, days: f64) {
        self.put(name, author, &[], days, None, text);
    }

    pub(crate) fn answer(&mut self, name: &str, author: &str, to: &str, days: f64) {
        self.put(name, author, &[], days, Some(to), &format!("answer {name}"));
    }

    pub(crate) fn event(&mut self, actor: &str, kind: EventKind, object: &str, days: f64) {
        self.tell(&Record::Event(Event {
            id: None,
            kind,
            actor: id(actor),
            object: id(object),
            target: None,
            value: None,
            at: before(days),
            context: None,
        }));
    }

    pub(crate) fn delete_user(&mut self, name: &str) {
        self.tell(&Record::DeleteUser { id: id(name), at: before(0.0) });
    }

    pub(crate) fn hide(&mut self, name: &str) {
        self.tell(&Record::PatchItem(ItemPatch {
            id: id(name),
            text: None,
            media: None,
            tags: None,
            language: None,
            hidden: Some(true),
        }));
    }

    pub(crate) fn view(&self) -> View<'_> {
        self.world.view(NOW)
    }

    pub(crate) fn number(&self, user: &str) -> UserIx {
        self.world.user(user).unwrap()
    }

    /// So many days before the view.
    pub(crate) fn ago(&self, days: f64) -> Secs {
        milieu_world::secs(before(days))
    }
}
