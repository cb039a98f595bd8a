//! Slots: parts of a text that have a label, as tags of the text's units. Of each label there are two tags, one for the
//! unit that a slot begins with and one for those inside it (Ramshaw and Marcus 1995, "BIO").

mod chain;

pub use chain::{ChainError, FoundSlot, TagChain};

use crate::Unit;

/// The tag of a unit that is in no slot.
const OUTSIDE: usize = 0;

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// Its label, a number.
    pub label: usize,
    /// Its first character.
    pub start: usize,
    /// The character behind its last.
    pub end: usize,
}

/// How many tags so many labels need: one for what is in no slot, and two for each label.
#[must_use]
pub fn tag_count(labels: usize) -> usize {
    1 + 2 * labels
}

/// Whether a text may begin with a tag: not with the inside of a slot.
#[must_use]
pub fn may_begin(tag: usize) -> bool {
    !is_inside(tag)
}

/// Whether a tag may stand behind another: the inside of a slot only behind its beginning or its inside.
#[must_use]
pub fn may_follow(earlier: usize, later: usize) -> bool {
    !is_inside(later) || earlier == later || earlier + 1 == later
}

fn is_inside(tag: usize) -> bool {
    tag != OUTSIDE && tag.is_multiple_of(2)
}

fn beginning(label: usize) -> usize {
    2 * label + 1
}

/// The tags of units for slots. A unit is of the first slot that has a character of it; a slot without a unit has no tag.
#[must_use]
pub fn tags_of(units: &[Unit], slots: &[Slot]) -> Vec<u32> {
    let mut tags = vec![OUTSIDE as u32; units.len()];
    for slot in slots {
        let mut tag = beginning(slot.label) as u32;
        for (unit, place) in units.iter().zip(&mut tags) {
            if unit.start < slot.end && slot.start < unit.end && *place == OUTSIDE as u32 {
                *place = tag;
                tag = beginning(slot.label) as u32 + 1;
            }
        }
    }
    tags
}

/// The slots that the tags of units stand for; the inside of a slot that none began begins one, as conlleval reads it.
#[must_use]
pub fn slots_of(units: &[Unit], tags: &[usize]) -> Vec<Slot> {
    let slot = |(label, from, to): (usize, usize, usize)| Slot {
        label,
        start: units[from].start,
        end: units[to - 1].end,
    };
    stretches(&tags[..tags.len().min(units.len())]).into_iter().map(slot).collect()
}

/// The label, the first unit and the unit behind the last of each slot.
fn stretches(tags: &[usize]) -> Vec<(usize, usize, usize)> {
    let mut found: Vec<(usize, usize, usize)> = Vec::new();
    for (place, &tag) in tags.iter().enumerate() {
        if tag == OUTSIDE {
            continue;
        }
        let label = (tag - 1) / 2;
        match found.last_mut() {
            Some(last) if is_inside(tag) && last.0 == label && last.2 == place => last.2 += 1,
            _ => found.push((label, place, place + 1)),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn units(count: usize) -> Vec<Unit> {
        (0..count).map(|at| Unit { place: at, start: 3 * at, end: 3 * at + 2 }).collect()
    }

    #[test]
    fn slots_as_tags_and_back() {
        fn check(slots: &[[usize; 3]], tags: &[u32], back: &[[usize; 3]]) {
            let slot = |&[label, start, end]: &[usize; 3]| Slot { label, start, end };
            let slots: Vec<Slot> = slots.iter().map(slot).collect();
            let found = tags_of(&units(4), &slots);
            assert_eq!(found, tags, "{slots:?}");
            let numbers: Vec<usize> = found.iter().map(|&tag| tag as usize).collect();
            assert_eq!(slots_of(&units(4), &numbers), back.iter().map(slot).collect::<Vec<_>>());
        }
        check(&[], &[0, 0, 0, 0], &[]);
        check(&[[1, 0, 5]], &[3, 4, 0, 0], &[[1, 0, 5]]);
        check(&[[0, 0, 2], [0, 3, 8]], &[1, 1, 2, 0], &[[0, 0, 2], [0, 3, 8]]);
        // Parts of units are their units; a gap has none; of two that overlap the first is taken.
        check(&[[0, 1, 4], [1, 2, 3], [1, 4, 8]], &[1, 2, 3, 0], &[[0, 0, 5], [1, 6, 8]]);
    }

    #[test]
    fn an_inside_without_a_beginning_begins() {
        assert_eq!(stretches(&[2, 2, 4, 3, 2]), [(0, 0, 2), (1, 2, 3), (1, 3, 4), (0, 4, 5)]);
    }

    proptest! {
        #[test]
        fn what_may_be_is_what_slots_give(cuts in prop::collection::vec((0usize..3, 0usize..3), 0..6)) {
            let mut slots = Vec::new();
            let mut at = 0;
            for (label, length) in cuts {
                if length > 0 {
                    slots.push(Slot { label, start: 3 * at, end: 3 * (at + length) - 1 });
                }
                at += length.max(1);
            }
            let units = units(at + 1);
            let tags: Vec<usize> = tags_of(&units, &slots).into_iter().map(|tag| tag as usize).collect();
            prop_assert!(tags.iter().all(|&tag| tag < tag_count(3)));
            prop_assert!(may_begin(tags[0]) && tags.windows(2).all(|pair| may_follow(pair[0], pair[1])));
            prop_assert_eq!(slots_of(&units, &tags), slots);
        }
    }
}
