//! What a user is interested in: topics, tags and authors, with weights and why.
//!
//! Each thing that a user did with an item, and each own item, speaks for the item's topic, tags and author by what the
//! action is worth, halved every [`HALF_LIFE_DAYS`]. The weight of an interest is its share of all that speaks for any of
//! its list, drawn towards nothing by [`SHRINKAGE`]: `S_k / (sum of all S + SHRINKAGE)`, where S is at least 0. So the
//! weights of a list sum to below 1, a user of whom little is known has small ones, and a weight does not depend on how
//! many are asked for.

use milieu_types::{Action, TieKind};
use milieu_world::{Interaction, ItemIx, NameIx, Secs, UserIx, View};
use rustc_hash::FxHashMap;
use std::hash::Hash;

/// Days after which something done speaks half as much.
pub const HALF_LIFE_DAYS: f32 = 30.0;
/// What is added to the sum that weights are shares of, in likes of today.
pub const SHRINKAGE: f32 = 5.0;
/// What a declared interest is worth, in likes of today.
pub const DECLARED: f32 = 2.0;
/// What an own item is worth, in likes of today.
pub const OWN_ITEM: f32 = 1.5;
/// The newest own items that are looked at; of what was done, all that the world keeps is.
pub const OWN_ITEMS: usize = 256;

/// What an action on an item is worth, in likes. A mere view says nothing.
#[must_use]
pub fn worth(action: Action) -> f32 {
    match action {
        Action::View => 0.0,
        Action::Click => 0.2,
        Action::Dwell => 0.3,
        Action::Like => 1.0,
        Action::Save => 1.2,
        Action::Reply => 1.5,
        Action::Share | Action::Quote => 2.0,
        Action::Hide => -2.0,
        Action::Report => -3.0,
    }
}

/// What an interest was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Why {
    /// The user said so.
    pub declared: bool,
    /// How often each action was done, in the order of [`Action::ALL`].
    pub counts: [u32; Action::COUNT],
    /// Own items.
    pub written: u32,
    /// The newest of it; `None` where it is declared alone.
    pub newest: Option<Secs>,
}

/// An interest.
#[derive(Debug, Clone, PartialEq)]
pub struct Interest<K> {
    /// In what.
    pub what: K,
    /// Above 0; the weights of a list sum to below 1.
    pub weight: f32,
    /// From what.
    pub why: Why,
}

/// What a user is interested in, each list by weight, the greatest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Interests {
    /// Topics, by the numbers that the caller gave.
    pub topics: Vec<Interest<u32>>,
    /// Tags.
    pub tags: Vec<Interest<NameIx>>,
    /// Authors of items.
    pub authors: Vec<Interest<UserIx>>,
}

/// What speaks for the interests of one list.
struct Sums<K>(FxHashMap<K, (f32, Why)>);

impl<K: Copy + Eq + Hash + Ord> Sums<K> {
    fn new() -> Self {
        Self(FxHashMap::default())
    }

    fn add(&mut self, what: K, mass: f32, note: impl FnOnce(&mut Why)) {
        let (sum, why) = self.0.entry(what).or_default();
        *sum += mass;
        note(why);
    }

    fn interests(self, most: usize) -> Vec<Interest<K>> {
        let mut found: Vec<(K, f32, Why)> = self
            .0
            .into_iter()
            .filter(|(_, (sum, _))| *sum > 0.0)
            .map(|(k, (sum, why))| (k, sum, why))
            .collect();
        // In the order of the keys, since sums of floats depend on their order.
        found.sort_unstable_by_key(|entry| entry.0);
        let all: f32 = found.iter().map(|entry| entry.1).sum();
        let weigh = |(what, sum, why)| Interest { what, weight: sum / (all + SHRINKAGE), why };
        let mut interests: Vec<Interest<K>> = found.into_iter().map(weigh).collect();
        interests.sort_by(|a, b| b.weight.total_cmp(&a.weight).then(a.what.cmp(&b.what)));
        interests.truncate(most);
        interests
    }
}

fn decay(view: &View<'_>, at: Secs) -> f32 {
    let days = view.now().saturating_sub(at) as f32 / 86_400.0;
    (-days / HALF_LIFE_DAYS).exp2()
}

/// The interests of a user, at most `most` of each list; `topic` gives the topic of an item, where it has one.
///
/// Hidden and deleted items take no part, nor do those of authors who are blocked either way or muted by the user, and no
/// such author is named. An item with several tags speaks for each by its part.
#[must_use]
pub fn interests(
    view: &View<'_>,
    user: UserIx,
    topic: impl Fn(ItemIx) -> Option<u32>,
    most: usize,
) -> Interests {
    gathered(view, user, topic, most, |author| {
        !view.is_blocked(user, author) && view.tie(TieKind::Mute, user, author).is_none()
    })
}

/// [`interests`], where `may_speak` says whose items take part.
pub(crate) fn gathered(
    view: &View<'_>,
    user: UserIx,
    topic: impl Fn(ItemIx) -> Option<u32>,
    most: usize,
    may_speak: impl Fn(UserIx) -> bool,
) -> Interests {
    let (mut topics, mut tags, mut authors) = (Sums::new(), Sums::new(), Sums::new());
    for &tag in view.declared_tags(user) {
        tags.add(tag, DECLARED, |why| why.declared = true);
    }
    let mut speak = |item: ItemIx, mass: f32, note: &dyn Fn(&mut Why)| {
        let facts = view.facts(item);
        if let Some(topic) = topic(item) {
            topics.add(topic, mass, note);
        }
        for &tag in &facts.tags {
            tags.add(tag, mass / facts.tags.len() as f32, note);
        }
        if let Some(author) = facts.author.filter(|author| *author != user) {
            authors.add(author, mass, note);
        }
    };
    for &Interaction { item, at, action, .. } in view.history(user) {
        let author = view.facts(item).author;
        if !view.is_visible(item) || author.is_some_and(|author| !may_speak(author)) {
            continue;
        }
        speak(item, worth(action) * decay(view, at), &|why| {
            why.counts[action as usize] += 1;
            why.newest = why.newest.max(Some(at));
        });
    }
    for (at, item) in view.authored(user).take(OWN_ITEMS).filter(|&(_, item)| view.is_visible(item)) {
        speak(item, OWN_ITEM * decay(view, at), &|why| {
            why.written += 1;
            why.newest = why.newest.max(Some(at));
        });
    }
    Interests { topics: topics.interests(most), tags: tags.interests(most), authors: authors.interests(most) }
}

/// What is on both lists, with the smaller of the two weights, the greatest first.
#[must_use]
pub fn shared<K: Copy + Eq + Ord>(a: &[Interest<K>], b: &[Interest<K>]) -> Vec<(K, f32)> {
    let both = |one: &Interest<K>| {
        let other = b.iter().find(|other| other.what == one.what)?;
        Some((one.what, one.weight.min(other.weight)))
    };
    let mut shared: Vec<(K, f32)> = a.iter().filter_map(both).collect();
    shared.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    shared
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::Town;
    use milieu_types::EventKind as E;

    fn names(town: &Town, list: &[Interest<UserIx>]) -> Vec<String> {
        list.iter().map(|interest| town.world.user_id(interest.what).unwrap().to_owned()).collect()
    }

    fn tags(town: &Town, list: &[Interest<NameIx>]) -> Vec<String> {
        list.iter().map(|interest| town.world.name(interest.what).unwrap().to_owned()).collect()
    }

    /// Ann likes cider of Ben often, tea of Cat once, and beer of Dan long ago; she hides what Eve writes.
    fn town() -> Town {
        let mut town = Town::new(&["ann", "ben", "cat", "dan", "eve"]);
        for (author, tag) in [("ben", "cider"), ("cat", "tea"), ("dan", "beer"), ("eve", "wine")] {
            for number in 0..4 {
                town.item(&format!("{author}{number}"), author, &[tag], 300.0);
            }
        }
        for number in 0..4 {
            town.event("ann", E::Like, &format!("ben{number}"), 2.0);
            town.event("ann", E::Like, &format!("dan{number}"), 200.0);
            town.event("ann", E::Hide, &format!("eve{number}"), 1.0);
        }
        town.event("ann", E::Reply, "cat0", 2.0);
        town
    }

    fn of(town: &Town, user: &str) -> Interests {
        interests(&town.view(), town.number(user), |item| Some(item.0 / 4), 10)
    }

    #[test]
    fn what_is_done_often_and_lately_counts() {
        let town = town();
        let found = of(&town, "ann");
        assert_eq!(tags(&town, &found.tags), ["cider", "tea", "beer"]);
        assert_eq!(names(&town, &found.authors), ["ben", "cat", "dan"]);
        let ben = &found.authors[0];
        assert_eq!((ben.why.counts[Action::Like as usize], ben.why.declared), (4, false));
        assert_eq!(ben.why.newest, Some(town.ago(2.0)));
        for list in
            [found.tags.iter().map(|i| i.weight).sum::<f32>(), found.authors.iter().map(|i| i.weight).sum()]
        {
            assert!(list > 0.4 && list < 1.0, "{list}");
        }
        assert_eq!(found.topics.iter().map(|topic| topic.what).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(of(&town, "ben").tags[0].why.written, 4);
        assert!(of(&town, "ben").authors.is_empty());
    }

    #[test]
    fn what_is_declared_counts_and_little_is_drawn_to_nothing() {
        let mut town = Town::new(&[]);
        town.user("ann", &["chess"], 10.0);
        let found = of(&town, "ann");
        assert_eq!((tags(&town, &found.tags), found.tags[0].why.declared), (vec!["chess".to_owned()], true));
        assert!((found.tags[0].weight - DECLARED / (DECLARED + SHRINKAGE)).abs() < 1e-6);
        assert_eq!(interests(&town.view(), town.number("ann"), |_| None, 0), Interests::default());
    }

    #[test]
    fn hidden_blocked_muted_and_deleted_take_no_part() {
        fn check(change: impl Fn(&mut Town), gone: &str, tag: &str) {
            let mut town = town();
            change(&mut town);
            let found = of(&town, "ann");
            assert!(!names(&town, &found.authors).contains(&gone.to_owned()), "{gone}");
            assert!(!tags(&town, &found.tags).contains(&tag.to_owned()), "{tag}");
            assert_eq!(found.authors.len(), 2);
        }
        check(|town| town.event("ann", E::Block, "ben", 1.0), "ben", "cider");
        check(|town| town.event("ben", E::Block, "ann", 1.0), "ben", "cider");
        check(|town| town.event("ann", E::Mute, "cat", 1.0), "cat", "tea");
        check(|town| town.delete_user("dan"), "dan", "beer");
        check(|town| (0..4).for_each(|number| town.hide(&format!("ben{number}"))), "ben", "cider");
        // That another mutes the user is theirs alone to know.
        let mut muted = town();
        let before = of(&muted, "ann");
        muted.event("ben", E::Mute, "ann", 1.0);
        assert_eq!(of(&muted, "ann"), before);
    }

    #[test]
    fn what_two_share() {
        let interest = |what: u32, weight| Interest { what, weight, why: Why::default() };
        let check = |a: &[Interest<u32>], b: &[Interest<u32>], expected: &[(u32, f32)]| {
            assert_eq!(shared(a, b), expected);
            assert_eq!(shared(b, a), expected);
        };
        check(
            &[interest(1, 0.5), interest(2, 0.2)],
            &[interest(2, 0.4), interest(1, 0.1)],
            &[(2, 0.2), (1, 0.1)],
        );
        check(&[interest(1, 0.5)], &[interest(2, 0.5)], &[]);
    }
}
