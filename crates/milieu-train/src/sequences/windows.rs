//! Which parts of sequences are learnt from, and how they lie in a batch.

/// The most positions of a sequence's part that are padding, next to those that are none.
const SLACK: usize = 2;

/// A stretch of a sequence: each item but the last is followed by one to be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window<'a> {
    items: &'a [u32],
}

impl<'a> Window<'a> {
    /// The windows of a sequence that together have each of its items but the first to be found once, each
    /// with at most `length` to be found. The last window is full where the sequence is long enough: the
    /// first one is the shortest.
    pub(super) fn all(sequence: &'a [u32], length: usize) -> impl Iterator<Item = Self> {
        let targets = sequence.len().saturating_sub(1);
        let short = targets % length.max(1);
        let begins = [0].into_iter().filter(move |_| short > 0);
        let ends = begins.map(move |_| short).chain((short + length..=targets).step_by(length.max(1)));
        ends.map(move |end| {
            let begin = end.saturating_sub(length).min(if end == short { 0 } else { end - length });
            Self { items: &sequence[begin..=end] }
        })
    }

    /// What is looked back at, oldest first.
    pub(super) fn inputs(self) -> &'a [u32] {
        &self.items[..self.items.len() - 1]
    }

    /// What comes after each of them.
    pub(super) fn targets(self) -> &'a [u32] {
        &self.items[1..]
    }
}

/// Sequences of like length in front of which stands padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    /// Positions of each.
    pub(super) length: usize,
    /// Item `i` as `i + 1`, padding as 0.
    pub(super) tokens: Vec<u32>,
    /// Which of the sequences that were given these are.
    pub(super) numbers: Vec<usize>,
}

/// Lays sequences out in blocks in which padding is not more than half. Empty ones are left out.
pub(super) fn blocks<'a>(sequences: impl Iterator<Item = &'a [u32]>) -> Vec<Block> {
    let mut order: Vec<(usize, &[u32])> =
        sequences.enumerate().filter(|(_, items)| !items.is_empty()).collect();
    order.sort_by_key(|&(number, items)| (std::cmp::Reverse(items.len()), number));
    let mut blocks: Vec<Block> = Vec::new();
    for (number, items) in order {
        if blocks.last().is_none_or(|block| items.len() * SLACK < block.length) {
            blocks.push(Block { length: items.len(), tokens: Vec::new(), numbers: Vec::new() });
        }
        if let Some(block) = blocks.last_mut() {
            block.tokens.extend(std::iter::repeat_n(0, block.length - items.len()));
            block.tokens.extend(items.iter().map(|&item| item + 1));
            block.numbers.push(number);
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_cover_a_sequence() {
        fn check(length: usize, expected: &[&[u32]]) {
            let sequence: Vec<u32> = (0..8).collect();
            let found: Vec<&[u32]> = Window::all(&sequence, length).map(|window| window.items).collect();
            assert_eq!(found, expected, "{length}");
        }
        check(9, &[&[0, 1, 2, 3, 4, 5, 6, 7]]);
        check(7, &[&[0, 1, 2, 3, 4, 5, 6, 7]]);
        check(4, &[&[0, 1, 2, 3], &[3, 4, 5, 6, 7]]);
        check(3, &[&[0, 1], &[1, 2, 3, 4], &[4, 5, 6, 7]]);
        assert_eq!(Window::all(&[5], 3).count() + Window::all(&[], 3).count(), 0);
        let window = Window { items: &[4, 7, 9] };
        assert_eq!((window.inputs(), window.targets()), (&[4, 7][..], &[7, 9][..]));
    }

    #[test]
    fn blocks_hold_all_and_little_padding() {
        let sequences: [&[u32]; 5] = [&[1], &[2, 3, 4, 5], &[], &[6, 7], &[8, 9, 0]];
        let found = blocks(sequences.into_iter());
        assert_eq!(
            found,
            [
                Block {
                    length: 4,
                    tokens: vec![3, 4, 5, 6, 0, 9, 10, 1, 0, 0, 7, 8],
                    numbers: vec![1, 4, 3]
                },
                Block { length: 1, tokens: vec![2], numbers: vec![0] },
            ]
        );
    }
}
