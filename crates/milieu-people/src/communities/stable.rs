//! Which community of now is which of before.

use rustc_hash::FxHashMap;

/// The place among the old communities of each new one, where more than half of the old one's members of whom anything is
/// known now are in it. Of several old ones that became one, that with the most members in it gives its place; each old
/// one gives its place once. `old` and `new` are the communities of each user.
pub(super) fn matched(new: &[Option<u32>], communities: usize, old: &[Option<u32>]) -> Vec<Option<u32>> {
    let mut both: FxHashMap<(u32, u32), u32> = FxHashMap::default();
    let mut left: FxHashMap<u32, u32> = FxHashMap::default();
    for (new, old) in new.iter().zip(old) {
        let Some(old) = *old else { continue };
        *left.entry(old).or_default() += 1;
        if let Some(new) = *new {
            *both.entry((new, old)).or_default() += 1;
        }
    }
    let is_most = |(_, old): (u32, u32), count: u32| 2 * count > left.get(&old).copied().unwrap_or(0);
    let mut pairs: Vec<((u32, u32), u32)> =
        both.into_iter().filter(|(pair, count)| is_most(*pair, *count)).collect();
    pairs.sort_unstable_by_key(|&((new, old), count)| (std::cmp::Reverse(count), new, old));
    let mut matched = vec![None; communities];
    for ((new, old), _) in pairs {
        if let Some(place @ None) = matched.get_mut(new as usize) {
            *place = Some(old);
        }
    }
    matched
}

#[cfg(test)]
mod tests {
    use super::matched;

    #[test]
    fn most_members_make_the_same_one() {
        let check = |new: &[u32], communities: usize, old: &[u32], expected: &[Option<u32>]| {
            let numbers = |list: &[u32]| list.iter().map(|&n| (n != 9).then_some(n)).collect::<Vec<_>>();
            assert_eq!(matched(&numbers(new), communities, &numbers(old)), expected);
        };
        check(&[0, 0, 0, 1, 1], 2, &[1, 1, 1, 0, 0], &[Some(1), Some(0)]);
        // One that was split stays where most are; one half is not most.
        check(&[0, 0, 0, 1], 2, &[0, 0, 0, 0], &[Some(0), None]);
        check(&[0, 0, 1, 1], 2, &[0, 0, 0, 0], &[None, None]);
        // Of two that became one, the larger gives its place.
        check(&[0, 0, 0, 0, 0], 1, &[0, 0, 1, 1, 1], &[Some(1)]);
        // Those who belong to none any more count against it.
        check(&[0, 9, 9, 9], 1, &[0, 0, 0, 9], &[None]);
        check(&[], 1, &[], &[None]);
    }
}
