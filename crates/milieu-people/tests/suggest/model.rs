//! What may be suggested and said, by sets of names and loops over them.

use milieu_types::{EventKind, Record};
use std::collections::{BTreeMap, BTreeSet};

type Pairs = BTreeSet<(String, String)>;

#[derive(Default)]
pub(crate) struct Person {
    tags: BTreeSet<String>,
    discoverable: bool,
}

#[derive(Default)]
pub(crate) struct Thing {
    author: Option<String>,
    tags: BTreeSet<String>,
    hidden: bool,
}

/// The state of things after a log.
#[derive(Default)]
pub(crate) struct Model {
    people: BTreeMap<String, Person>,
    things: BTreeMap<String, Thing>,
    follows: Pairs,
    blocks: Pairs,
    mutes: Pairs,
    dismissals: Pairs,
    groups: Pairs,
    /// Reactions that everybody may see: who, to what, and whether it was an answer.
    reactions: Vec<(String, String, bool)>,
}

/// What is public between two people.
#[derive(Debug, PartialEq, Default)]
pub(crate) struct Told {
    pub(crate) friends: BTreeSet<String>,
    pub(crate) follows: bool,
    pub(crate) to_them: usize,
    pub(crate) from_them: usize,
    pub(crate) same_items: usize,
    /// How often the one who answers less about the tag does so: the most of any tag.
    pub(crate) answers: usize,
    pub(crate) tags: BTreeSet<String>,
    pub(crate) groups: BTreeSet<String>,
}

impl Model {
    /// An undone event has never been.
    pub(crate) fn of(log: &[Record]) -> Self {
        let mut undone = BTreeSet::new();
        for record in log {
            if let Record::Undo { undone_seq, .. } = record {
                undone.insert(*undone_seq);
            }
        }
        let mut model = Self::default();
        for (seq, record) in (1..).zip(log) {
            if !undone.contains(&seq) {
                model.apply(record);
            }
        }
        model
    }

    fn apply(&mut self, record: &Record) {
        match record {
            Record::Event(event) => {
                let pair = (event.actor.to_string(), event.object.to_string());
                match event.kind {
                    EventKind::Follow => drop(self.follows.insert(pair)),
                    EventKind::Unfollow => drop(self.follows.remove(&pair)),
                    EventKind::Block => drop(self.blocks.insert(pair)),
                    EventKind::Unblock => drop(self.blocks.remove(&pair)),
                    EventKind::Mute => drop(self.mutes.insert(pair)),
                    EventKind::Unmute => drop(self.mutes.remove(&pair)),
                    EventKind::Dismiss => drop(self.dismissals.insert(pair)),
                    EventKind::Join => drop(self.groups.insert(pair)),
                    EventKind::Like | EventKind::Reply | EventKind::Share | EventKind::Quote => {
                        self.reactions.push((pair.0, pair.1, event.kind == EventKind::Reply));
                    }
                    _ => {}
                }
            }
            Record::PutUser(user) => {
                let tags = user.tags.iter().cloned().collect();
                self.people.insert(user.id.to_string(), Person { tags, discoverable: user.discoverable });
            }
            Record::PatchUser(patch) => {
                if let Some(person) = self.people.get_mut(patch.id.as_str()) {
                    if let Some(tags) = &patch.tags {
                        person.tags = tags.iter().cloned().collect();
                    }
                    person.discoverable = patch.discoverable.unwrap_or(person.discoverable);
                }
            }
            Record::PutItem(item) => {
                let author = item.author.as_ref().map(ToString::to_string);
                let tags = item.tags.iter().cloned().collect();
                self.things.insert(item.id.to_string(), Thing { author, tags, hidden: item.hidden });
            }
            Record::PatchItem(patch) => {
                if let Some(thing) = self.things.get_mut(patch.id.as_str()) {
                    if let Some(tags) = &patch.tags {
                        thing.tags = tags.iter().cloned().collect();
                    }
                    thing.hidden = patch.hidden.unwrap_or(thing.hidden);
                }
            }
            Record::DeleteItem { id, .. } => self.delete_thing(id.as_str()),
            Record::DeleteUser { id, .. } => {
                let gone = id.as_str();
                let own = self.things.iter().filter(|(_, thing)| thing.author.as_deref() == Some(gone));
                let own: Vec<String> = own.map(|(name, _)| name.clone()).collect();
                own.iter().for_each(|name| self.delete_thing(name));
                self.people.remove(gone);
                for pairs in [&mut self.follows, &mut self.blocks, &mut self.mutes, &mut self.dismissals] {
                    pairs.retain(|(from, to)| from != gone && to != gone);
                }
                self.groups.retain(|(member, _)| member != gone);
                self.reactions.retain(|(actor, ..)| actor != gone);
            }
            Record::Undo { .. } => {}
        }
    }

    fn delete_thing(&mut self, gone: &str) {
        self.things.remove(gone);
        self.reactions.retain(|(_, thing, _)| thing != gone);
    }

    fn has(pairs: &Pairs, from: &str, to: &str) -> bool {
        pairs.contains(&(from.to_owned(), to.to_owned()))
    }

    fn either(pairs: &Pairs, a: &str, b: &str) -> bool {
        Self::has(pairs, a, b) || Self::has(pairs, b, a)
    }

    pub(crate) fn may_be_named(&self, asker: &str, person: &str) -> bool {
        asker != person
            && self.people.get(person).is_some_and(|person| person.discoverable)
            && !Self::either(&self.blocks, asker, person)
            && !Self::has(&self.mutes, asker, person)
    }

    pub(crate) fn may_be_suggested(&self, asker: &str, person: &str) -> bool {
        self.may_be_named(asker, person)
            && !Self::has(&self.mutes, person, asker)
            && !Self::has(&self.follows, asker, person)
            && !Self::has(&self.dismissals, asker, person)
    }

    fn groups_of(&self, person: &str) -> BTreeSet<String> {
        self.groups.iter().filter(|(member, _)| member == person).map(|(_, group)| group.clone()).collect()
    }

    fn tags_of(&self, person: &str) -> BTreeSet<String> {
        self.people.get(person).map(|person| person.tags.clone()).unwrap_or_default()
    }

    fn seen(&self, thing: &str) -> Option<&Thing> {
        self.things.get(thing).filter(|thing| !thing.hidden)
    }

    /// Visible things of others to which the asker reacted, with answers told apart; none of an author whom a block keeps
    /// from the asker.
    fn reacted(&self, asker: &str) -> Vec<(&str, &Thing, bool)> {
        let own = self.reactions.iter().filter(|(actor, ..)| actor == asker);
        let things = own.filter_map(|(_, name, answer)| Some((name.as_str(), self.seen(name)?, *answer)));
        let of_others = things.filter(|(_, thing, _)| {
            thing
                .author
                .as_deref()
                .is_none_or(|author| author != asker && !Self::either(&self.blocks, asker, author))
        });
        of_others.collect()
    }

    pub(crate) fn told(&self, asker: &str, other: &str) -> Told {
        let tied = |a: &str, b: &str| Self::either(&self.follows, a, b);
        let friends = self
            .people
            .keys()
            .filter(|friend| self.may_be_named(asker, friend) && tied(asker, friend) && tied(friend, other));
        let own = self.reacted(asker);
        let theirs: Vec<(&str, &Thing, bool)> = self
            .reactions
            .iter()
            .filter(|(actor, ..)| actor == other)
            .filter_map(|(_, name, answer)| Some((name.as_str(), self.seen(name)?, *answer)))
            .collect();
        let same: BTreeSet<&str> =
            own.iter().map(|own| own.0).filter(|name| theirs.iter().any(|their| their.0 == *name)).collect();
        let by = |author: &str, list: &[(&str, &Thing, bool)]| {
            list.iter().filter(|(_, thing, _)| thing.author.as_deref() == Some(author)).count()
        };
        let about = |tag: &str, list: &[(&str, &Thing, bool)]| {
            list.iter().filter(|(_, thing, answer)| *answer && thing.tags.contains(tag)).count()
        };
        let often = ["cider", "chess", "choir"].map(|tag| about(tag, &own).min(about(tag, &theirs)));
        let shared = |a: BTreeSet<String>, b: BTreeSet<String>| a.intersection(&b).cloned().collect();
        Told {
            friends: friends.cloned().collect(),
            follows: Self::has(&self.follows, other, asker),
            to_them: by(other, &own),
            from_them: by(asker, &theirs),
            same_items: same.len(),
            answers: often.into_iter().filter(|&times| times >= 3).max().unwrap_or(0),
            tags: shared(self.tags_of(asker), self.tags_of(other)),
            groups: shared(self.groups_of(asker), self.groups_of(other)),
        }
    }
}
