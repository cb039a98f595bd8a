//! Sets of channels that can only be kept or removed together.

/// Which set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelSet(usize);

/// Sets of channels, joined as a network is followed; each channel has a weight (the squared norm of what
/// makes it), by which the weakest are found.
#[derive(Debug, Clone, Default)]
pub struct ChannelSets {
    parents: Vec<usize>,
    squares: Vec<Vec<f64>>,
    fixed: Vec<bool>,
}

impl ChannelSets {
    /// A new set of this many channels.
    pub fn add(&mut self, channels: usize) -> ChannelSet {
        self.parents.push(self.parents.len());
        self.squares.push(vec![0.0; channels]);
        self.fixed.push(false);
        ChannelSet(self.parents.len() - 1)
    }

    /// How many channels it has.
    #[must_use]
    pub fn channels(&self, set: ChannelSet) -> usize {
        self.squares[self.root(set)].len()
    }

    /// Says that none of its channels may be removed.
    pub fn fix(&mut self, set: ChannelSet) {
        let root = self.root(set);
        self.fixed[root] = true;
    }

    /// Whether none of its channels may be removed.
    #[must_use]
    pub fn is_fixed(&self, set: ChannelSet) -> bool {
        self.fixed[self.root(set)]
    }

    /// Makes one set of two; false where they differ in size, and then nothing is done.
    #[must_use]
    pub fn join(&mut self, one: ChannelSet, other: ChannelSet) -> bool {
        let (one, other) = (self.root(one), self.root(other));
        if self.squares[one].len() != self.squares[other].len() {
            return false;
        }
        if one != other {
            self.parents[other] = one;
            self.fixed[one] |= self.fixed[other];
            let squares = std::mem::take(&mut self.squares[other]);
            self.squares[one].iter_mut().zip(squares).for_each(|(sum, square)| *sum += square);
        }
        true
    }

    /// Adds the squares of weights that make the channels of a set: as many for each channel, one channel
    /// after the other, each channel's times the square of its factor.
    pub fn weigh(&mut self, set: ChannelSet, weights: &[f32], factors: Option<&[f32]>) {
        let root = self.root(set);
        let squares = &mut self.squares[root];
        let each = (weights.len() / squares.len().max(1)).max(1);
        for (channel, (square, weights)) in squares.iter_mut().zip(weights.chunks(each)).enumerate() {
            let factor = factors.and_then(|f| f.get(channel)).map_or(1.0, |f| f64::from(*f).powi(2));
            *square += weights.iter().map(|w| f64::from(*w).powi(2)).sum::<f64>() * factor;
        }
    }

    /// The channels of a set that stay, in order, where the share of the weakest goes; at least one stays.
    #[must_use]
    pub fn kept(&self, set: ChannelSet, share: f32) -> Vec<usize> {
        let root = self.root(set);
        let squares = &self.squares[root];
        let mut order: Vec<usize> = (0..squares.len()).collect();
        if self.fixed[root] {
            return order;
        }
        let gone = (squares.len() as f32 * share.clamp(0.0, 1.0)).round() as usize;
        // Of equal channels the later ones go.
        order.sort_by(|a, b| squares[*b].total_cmp(&squares[*a]).then(a.cmp(b)));
        order.truncate(squares.len().saturating_sub(gone).max(1));
        order.sort_unstable();
        order
    }

    fn root(&self, set: ChannelSet) -> usize {
        let mut place = set.0;
        while self.parents[place] != place {
            place = self.parents[place];
        }
        place
    }
}

/// The values at some places along an axis, of values of a shape. Each place of `kept` stands for `repeat`
/// neighbours, as channels do that were flattened.
#[must_use]
pub fn select(values: &[f32], shape: &[usize], axis: usize, kept: &[usize], repeat: usize) -> Vec<f32> {
    let inner = shape.iter().skip(axis + 1).product::<usize>() * repeat;
    let along = shape.get(axis).copied().unwrap_or(1) / repeat.max(1);
    let mut selected = Vec::new();
    for block in values.chunks((along * inner).max(1)) {
        for place in kept {
            selected.extend_from_slice(block.get(place * inner..(place + 1) * inner).unwrap_or(&[]));
        }
    }
    selected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weakest_of_a_joined_set_go() {
        let mut sets = ChannelSets::default();
        let (one, other, third) = (sets.add(4), sets.add(4), sets.add(3));
        sets.weigh(one, &[1.0, 0.0, 2.0, 0.0, 0.0, 3.0, 0.0, 0.0], None);
        sets.weigh(other, &[0.0, 0.0, 0.0, 1.0], Some(&[9.0, 9.0, 9.0, 9.0]));
        assert_eq!(sets.kept(one, 0.5), [1, 2]);
        assert!(sets.join(other, one) && sets.join(one, other) && !sets.join(one, third));
        assert_eq!(sets.kept(one, 0.5), [2, 3]);
        assert_eq!(sets.kept(other, 1.0), [3]);
        sets.fix(one);
        assert_eq!(sets.kept(other, 0.5), [0, 1, 2, 3]);
        assert!(!sets.is_fixed(third));
    }

    #[test]
    fn places_along_an_axis() {
        let values: Vec<f32> = (0..12).map(|x| x as f32).collect();
        assert_eq!(select(&values, &[3, 4], 0, &[0, 2], 1), [0.0, 1.0, 2.0, 3.0, 8.0, 9.0, 10.0, 11.0]);
        assert_eq!(select(&values, &[3, 4], 1, &[1], 2), [2.0, 3.0, 6.0, 7.0, 10.0, 11.0]);
        assert_eq!(select(&values, &[2, 3, 2], 1, &[2], 1), [4.0, 5.0, 10.0, 11.0]);
    }
}
