//! Sources of candidates: each proposes people, the most promising first. What they propose is gated and scored alike, so
//! a source decides only who is looked at.

use super::gate::may_be_suggested;
use super::own::{Own, mixed};
use milieu_world::{ItemIx, NameIx, UserIx};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// How many items that the asker reacted to, and how many of the asker's own, are asked who met them.
const SEEDS: usize = 16;
/// How many of those who met an item are looked at.
const MET: usize = 32;
/// How many of those who carry a tag or are in a group are looked at.
const CARRIERS: usize = 64;
/// How many people a source lists at most, of whom some may not be suggested.
const LISTED: usize = 2000;

/// People who may be suggested, from all sources in turn, each once.
pub(super) fn candidates(own: &Own<'_, '_>, most: usize, ties: usize) -> Vec<UserIx> {
    let mut two_steps = two_steps(own, ties);
    let mut lists = [following(own), reacted_to(own), around_items(own), carriers(own)].map(Vec::into_iter);
    let mut seen = FxHashSet::default();
    let mut found = Vec::with_capacity(most);
    let mut take = |person: UserIx| {
        let takes = seen.insert(person) && may_be_suggested(own.view, own.user, person);
        if takes {
            found.push(person);
        }
        takes
    };
    let mut left = most;
    while left > 0 {
        let before = left;
        // The graph says most about who will be tied to whom: it proposes as many as all others together.
        for _ in 0..lists.len().min(left) {
            while let Some((_, Reverse(person))) = two_steps.pop() {
                if take(UserIx(person)) {
                    left -= 1;
                    break;
                }
            }
        }
        for list in &mut lists {
            if left > 0 && list.any(&mut take) {
                left -= 1;
            }
        }
        if left == before {
            break;
        }
    }
    found
}

/// Friends of friends by resource allocation, the largest on top. Positive numbers are in the order of their bits.
fn two_steps(own: &Own<'_, '_>, ties: usize) -> BinaryHeap<(u32, Reverse<u32>)> {
    let mut sums: FxHashMap<u32, f32> = FxHashMap::default();
    let mut left = ties;
    for friend in &own.friends {
        // Friends come in the order of their ties: those that follow have more, and each of these counts for less.
        let Some(rest) = left.checked_sub(friend.ties) else { break };
        left = rest;
        let share = 1.0 / friend.ties.max(2) as f32;
        for (other, _) in own.follows.of(friend.user) {
            *sums.entry(other.0).or_default() += share;
        }
    }
    sums.into_iter().map(|(other, sum)| (sum.to_bits(), Reverse(other))).collect()
}

/// People who follow the asker, the newest ties first.
fn following(own: &Own<'_, '_>) -> Vec<UserIx> {
    let ties = own.view.followers(own.user).map(|tie| (Reverse(tie.since), tie.other)).collect();
    in_order(ties)
}

/// People to whose items the asker reacted, the most often first.
fn reacted_to(own: &Own<'_, '_>) -> Vec<UserIx> {
    in_order(own.authors.iter().map(|(&author, &times)| (Reverse(times), author)).collect())
}

/// People who met what the asker reacted to or made, those who met the most first. Some of them only saw it, which is no
/// reason: they are not suggested unless they reacted too.
fn around_items(own: &Own<'_, '_>) -> Vec<UserIx> {
    let mut times: FxHashMap<UserIx, u32> = FxHashMap::default();
    let seeds = own.reacted.iter().take(SEEDS).chain(own.items.iter().take(SEEDS));
    for &item in seeds {
        for &person in sample(own.view.audience(item), MET, item) {
            *times.entry(person).or_default() += 1;
        }
    }
    in_order(times.into_iter().map(|(person, times)| (Reverse(times), person)).collect())
}

/// People who declare the same interests or are in the same groups, those who share the most first.
fn carriers(own: &Own<'_, '_>) -> Vec<UserIx> {
    let mut times: FxHashMap<UserIx, u32> = FxHashMap::default();
    let salt = |name: NameIx| ItemIx(own.user.0 ^ mixed(name.0));
    for &tag in own.view.declared_tags(own.user) {
        for &person in sample(own.view.declaring(tag), CARRIERS, salt(tag)) {
            *times.entry(person).or_default() += 1;
        }
    }
    for &group in own.view.groups(own.user) {
        for &person in sample(own.view.members(group), CARRIERS, salt(group)) {
            *times.entry(person).or_default() += 1;
        }
    }
    in_order(times.into_iter().map(|(person, times)| (Reverse(times), person)).collect())
}

/// Every so many-th of them, at most `most`, from a place that the salt says.
fn sample(people: &[UserIx], most: usize, salt: ItemIx) -> impl Iterator<Item = &UserIx> {
    let step = people.len().div_ceil(most).max(1);
    people.iter().skip(mixed(salt.0) as usize % step).step_by(step)
}

/// The first of them in order.
fn in_order<K: Ord>(mut ranked: Vec<(K, UserIx)>) -> Vec<UserIx> {
    if ranked.len() > LISTED {
        ranked.select_nth_unstable(LISTED - 1);
        ranked.truncate(LISTED);
    }
    ranked.sort_unstable();
    ranked.into_iter().map(|(_, person)| person).collect()
}
