//! Which rows of a packed batch belong together.

use std::ops::Range;

/// The lengths of the sequences of a batch whose rows stand one after the other, without padding.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spans {
    ends: Vec<usize>,
}

impl Spans {
    /// Sequences of these lengths.
    #[must_use]
    pub fn new(lengths: impl IntoIterator<Item = usize>) -> Self {
        let mut end = 0;
        let ends = lengths.into_iter().map(|length| {
            end += length;
            end
        });
        Self { ends: ends.collect() }
    }

    /// How many sequences there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// How many rows they have together.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    /// The rows of each sequence.
    pub fn iter(&self) -> impl Iterator<Item = Range<usize>> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| start..end)
    }

    /// The values of each sequence, of `width` a row.
    pub(super) fn parts<'a>(&self, values: &'a [f32], width: usize) -> Vec<&'a [f32]> {
        self.iter().map(|rows| &values[rows.start * width..rows.end * width]).collect()
    }

    /// The same, to be changed.
    pub(super) fn parts_mut<'a>(&self, mut values: &'a mut [f32], width: usize) -> Vec<&'a mut [f32]> {
        let mut parts = Vec::with_capacity(self.len());
        for rows in self.iter() {
            let (part, rest) = values.split_at_mut(rows.len() * width);
            parts.push(part);
            values = rest;
        }
        parts
    }
}
