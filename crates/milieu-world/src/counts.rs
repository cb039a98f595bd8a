//! A small set of dense numbers that counts how often each was added.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const EMPTY: u32 = u32::MAX;

/// How often each number was added: a hash table with open addressing, 8 bytes a slot.
///
/// It answers "has this user met this item?" for a whole feed's candidates, so a look-up is one or
/// two neighbouring memory reads. Serialised as ascending pairs, since the layout depends on history.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    /// A power of two of `(number, count)`, at most three quarters full.
    slots: Box<[(u32, u32)]>,
    len: u32,
}

impl Counts {
    fn home(&self, number: u32) -> usize {
        // Fibonacci hashing spreads the ascending numbers over the table.
        let spread = (u64::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize;
        spread & (self.slots.len() - 1)
    }

    /// The slot that holds `number`, or the free one where it would go. The table is not empty.
    fn slot(&self, number: u32) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = self.home(number);
        while self.slots[slot].0 != number && self.slots[slot].0 != EMPTY {
            slot = (slot + 1) & mask;
        }
        slot
    }

    pub(crate) fn contains(&self, number: u32) -> bool {
        !self.slots.is_empty() && self.slots[self.slot(number)].0 == number
    }

    pub(crate) fn len(&self) -> usize {
        self.len as usize
    }

    /// Adds one; says whether the number is new.
    pub(crate) fn add(&mut self, number: u32) -> bool {
        self.add_many(number, 1)
    }

    fn add_many(&mut self, number: u32, count: u32) -> bool {
        if self.len as usize * 4 >= self.slots.len() * 3 {
            self.grow();
        }
        let slot = self.slot(number);
        let fresh = self.slots[slot].0 == EMPTY;
        let before = if fresh { 0 } else { self.slots[slot].1 };
        self.slots[slot] = (number, before.saturating_add(count));
        self.len += u32::from(fresh);
        fresh
    }

    /// Takes one back; says whether the number is gone now.
    pub(crate) fn take(&mut self, number: u32) -> bool {
        if !self.contains(number) {
            return false;
        }
        let slot = self.slot(number);
        if self.slots[slot].1 > 1 {
            self.slots[slot].1 -= 1;
            return false;
        }
        self.remove(number);
        true
    }

    /// Forgets the number whatever its count; says whether it was there.
    pub(crate) fn remove(&mut self, number: u32) -> bool {
        if !self.contains(number) {
            return false;
        }
        let mask = self.slots.len() - 1;
        let mut hole = self.slot(number);
        self.slots[hole] = (EMPTY, 0);
        self.len -= 1;
        // Move later members of the same run into the hole, so that no look-up stops too early.
        let mut next = (hole + 1) & mask;
        while self.slots[next].0 != EMPTY {
            let home = self.home(self.slots[next].0);
            if (next.wrapping_sub(home) & mask) >= (next.wrapping_sub(hole) & mask) {
                self.slots[hole] = self.slots[next];
                self.slots[next] = (EMPTY, 0);
                hole = next;
            }
            next = (next + 1) & mask;
        }
        true
    }

    /// The numbers with their counts, in no order that means anything.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.slots.iter().copied().filter(|slot| slot.0 != EMPTY)
    }

    pub(crate) fn sorted(&self) -> Vec<(u32, u32)> {
        let mut pairs: Vec<_> = self.iter().collect();
        pairs.sort_unstable();
        pairs
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(4);
        let old = std::mem::replace(&mut self.slots, vec![(EMPTY, 0); size].into_boxed_slice());
        self.len = 0;
        for (number, count) in old.into_vec() {
            if number != EMPTY {
                self.add_many(number, count);
            }
        }
    }
}

impl Serialize for Counts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.sorted().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Counts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut counts = Self::default();
        for (number, count) in Vec::<(u32, u32)>::deserialize(deserializer)? {
            if number == EMPTY || count == 0 {
                return Err(serde::de::Error::custom("a count out of range"));
            }
            counts.add_many(number, count);
        }
        Ok(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn behaves_like_a_map(steps in prop::collection::vec((0u8..4, 0u32..40), 0..300)) {
            let mut counts = Counts::default();
            let mut model = BTreeMap::<u32, u32>::new();
            for (step, number) in steps {
                match step {
                    0 | 1 => {
                        let fresh = !model.contains_key(&number);
                        *model.entry(number).or_default() += 1;
                        prop_assert_eq!(counts.add(number), fresh);
                    }
                    2 => {
                        let gone = model.get(&number) == Some(&1);
                        if let Some(count) = model.get_mut(&number) { *count -= 1; }
                        model.retain(|_, count| *count > 0);
                        prop_assert_eq!(counts.take(number), gone);
                    }
                    _ => prop_assert_eq!(counts.remove(number), model.remove(&number).is_some()),
                }
                prop_assert_eq!(counts.contains(number), model.contains_key(&number));
            }
            prop_assert_eq!(counts.sorted(), model.into_iter().collect::<Vec<_>>());
        }
    }
}
