//! The asker's side of suggestions: friends, reactions and answers, read once for all candidates.

use super::evidence::Evidence;
use super::gate::may_be_named;
use crate::FollowTies;
use milieu_types::{Action, TieKind};
use milieu_world::{ItemIx, NameIx, UserIx, View};
use rustc_hash::{FxHashMap, FxHashSet};

/// The most friends of the asker that are looked at; of more, those tied both ways first, and of the rest a sample that
/// stays the same.
const FRIENDS: usize = 1000;
/// How many of the asker's newest items are looked at.
const ITEMS: usize = 256;
/// From how many answers on somebody often answers about a tag.
const OFTEN: u32 = 3;

/// Whether everybody may see that somebody did this.
pub(super) fn is_reaction(action: Action) -> bool {
    matches!(action, Action::Like | Action::Reply | Action::Share | Action::Quote)
}

/// Spreads numbers so that a small one of these is a fair sample.
pub(super) fn mixed(number: u32) -> u32 {
    (u64::from(number).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as u32
}

/// A friend of the asker who may be named.
#[derive(Debug, Clone, Copy)]
pub(super) struct Friend {
    pub(super) user: UserIx,
    /// How many ties they have; a tie both ways is two.
    pub(super) ties: usize,
    /// Whether the tie to the asker is both ways.
    pub(super) mutual: bool,
}

/// See the module.
pub(super) struct Own<'v, 'w> {
    pub(super) view: &'v View<'w>,
    pub(super) user: UserIx,
    pub(super) follows: FollowTies<'w>,
    /// In ascending order of their ties.
    pub(super) friends: Vec<Friend>,
    /// Places in `friends`.
    places: FxHashMap<UserIx, u32>,
    /// Items of others that the asker reacted to, the newest first.
    pub(super) reacted: Vec<ItemIx>,
    reacted_set: FxHashSet<ItemIx>,
    /// How often the asker reacted to the items of each.
    pub(super) authors: FxHashMap<UserIx, u32>,
    /// The newest own items.
    pub(super) items: Vec<ItemIx>,
    item_set: FxHashSet<ItemIx>,
    /// How often the asker answers about each tag.
    answers: FxHashMap<NameIx, u32>,
}

impl<'v, 'w> Own<'v, 'w> {
    pub(super) fn read(view: &'v View<'w>, user: UserIx) -> Self {
        let follows = FollowTies::new(*view);
        let mut friends = nearest(&follows, user);
        friends.retain(|friend| may_be_named(view, user, friend.user));
        friends.sort_unstable_by_key(|friend| (friend.ties, friend.user));
        let places = (0..).zip(&friends).map(|(place, friend)| (friend.user, place)).collect();
        let items: Vec<ItemIx> = view
            .authored(user)
            .map(|(_, item)| item)
            .filter(|&item| view.is_visible(item))
            .take(ITEMS)
            .collect();
        let mut own = Self {
            view,
            user,
            follows,
            friends,
            places,
            reacted: Vec::new(),
            reacted_set: FxHashSet::default(),
            authors: FxHashMap::default(),
            item_set: items.iter().copied().collect(),
            items,
            answers: FxHashMap::default(),
        };
        own.read_history();
        own
    }

    fn read_history(&mut self) {
        let (view, user) = (self.view, self.user);
        for done in view.history(user).filter(|done| is_reaction(done.action) && view.is_visible(done.item)) {
            let facts = view.facts(done.item);
            if facts.author == Some(user) || facts.author.is_some_and(|author| view.is_blocked(user, author))
            {
                continue;
            }
            if self.reacted_set.insert(done.item) {
                self.reacted.push(done.item);
            }
            if let Some(author) = facts.author {
                *self.authors.entry(author).or_default() += 1;
            }
            if done.action == Action::Reply {
                for &tag in &facts.tags {
                    *self.answers.entry(tag).or_default() += 1;
                }
            }
        }
        self.answers.retain(|_, times| *times >= OFTEN);
    }

    /// The public relations with a candidate.
    pub(super) fn evidence(&self, candidate: UserIx) -> Evidence {
        let view = self.view;
        let mut found = Evidence {
            follows: view.tie_from(TieKind::Follow, self.user, candidate).is_some(),
            to_them: self.authors.get(&candidate).copied().unwrap_or(0),
            ..Evidence::default()
        };
        self.common(candidate, |friend| {
            found.friends += 1;
            found.resource += 1.0 / friend.ties.max(2) as f32;
        });
        self.compare_histories(candidate, &mut found);
        let shared = |own: &[NameIx], other: &[NameIx]| -> Vec<NameIx> {
            own.iter().copied().filter(|name| other.contains(name)).collect()
        };
        found.tags = shared(view.declared_tags(self.user), view.declared_tags(candidate));
        found.groups = shared(view.groups(self.user), view.groups(candidate));
        let rare = |carriers: usize| 1.0 / (2.0 + carriers as f32).ln();
        found.rarity = found.tags.iter().map(|&tag| rare(view.declaring(tag).len())).sum::<f32>()
            + found.groups.iter().map(|&group| rare(view.members(group).len())).sum::<f32>();
        found
    }

    fn compare_histories(&self, candidate: UserIx, found: &mut Evidence) {
        let view = self.view;
        let mut met: Vec<ItemIx> = Vec::new();
        let mut answers: FxHashMap<NameIx, u32> = FxHashMap::default();
        for done in view.history(candidate).filter(|done| is_reaction(done.action)) {
            if self.item_set.contains(&done.item) {
                found.from_them += 1;
            } else if self.reacted_set.contains(&done.item) && !met.contains(&done.item) {
                met.push(done.item);
            }
            if done.action == Action::Reply && !self.answers.is_empty() && view.is_visible(done.item) {
                for tag in view.facts(done.item).tags.iter().filter(|tag| self.answers.contains_key(tag)) {
                    *answers.entry(*tag).or_default() += 1;
                }
            }
        }
        found.same_items = met.len() as u32;
        let often = answers.into_iter().filter(|&(_, times)| times >= OFTEN);
        let both = often.map(|(tag, times)| (times.min(self.answers.get(&tag).copied().unwrap_or(0)), tag));
        // Of tags alike the one that was known first, so that the order of the table says nothing.
        found.answers =
            both.max_by_key(|&(times, tag)| (times, std::cmp::Reverse(tag))).map(|(t, tag)| (tag, t));
    }

    /// Hands over each friend of both, in no meaningful order.
    pub(super) fn common(&self, candidate: UserIx, mut each: impl FnMut(&Friend)) {
        let ties = self.follows.strength(candidate);
        let steps = 2 * self.friends.len() * (usize::BITS - ties.leading_zeros()) as usize;
        if ties <= steps {
            for (other, _) in self.follows.of(candidate) {
                if let Some(friend) = self.places.get(&other).and_then(|&at| self.friends.get(at as usize)) {
                    each(friend);
                }
            }
        } else {
            let tied = |friend: UserIx| {
                self.view.tie(TieKind::Follow, candidate, friend).is_some()
                    || self.view.tie_from(TieKind::Follow, candidate, friend).is_some()
            };
            let others = self.friends.iter().filter(|friend| friend.user != candidate);
            others.filter(|friend| tied(friend.user)).for_each(each);
        }
    }

    /// The friends of both that tell most: those tied to the asker both ways, then those with few ties.
    pub(super) fn telling(&self, candidate: UserIx, most: usize) -> Vec<UserIx> {
        let mut common = Vec::new();
        self.common(candidate, |friend| common.push((!friend.mutual, friend.ties, friend.user)));
        common.sort_unstable();
        common.into_iter().take(most).map(|(_, _, user)| user).collect()
    }
}

fn nearest(follows: &FollowTies<'_>, user: UserIx) -> Vec<Friend> {
    let mut all: Vec<(bool, u32, UserIx)> =
        follows.of(user).map(|(other, weight)| (weight < 2.0, mixed(other.0), other)).collect();
    if all.len() > FRIENDS {
        all.select_nth_unstable(FRIENDS - 1);
        all.truncate(FRIENDS);
    }
    let friend = |(one_way, _, user): (bool, u32, UserIx)| Friend {
        user,
        ties: follows.strength(user),
        mutual: !one_way,
    };
    all.into_iter().map(friend).collect()
}
