//! Windows over words whose convolution was worked out before: what a word adds to a window hangs on its place in the window
//! alone, so that there is a table for each place, and what a window shows is a sum of rows.

use super::bag::place_of;
use super::drawn::{Drawn, Node};
use crate::RunError;

/// The most words on either side of the middle of a window.
const FARTHEST: i64 = 7;

/// Windows of one width; see [`read`](Self::read).
pub(super) struct Window {
    /// Values that one shows.
    pub(super) filters: usize,
    /// Rows of a table.
    count: usize,
    /// `count x filters` for each place.
    tables: Vec<Vec<f32>>,
}

impl Window {
    /// The windows that begin with this node and go on with those that follow, and the last of them, where they are: `Pad` of
    /// the words with 0 at both ends; for each place `Slice` of the words there, `Gather(table, slice)`, and behind the first
    /// `Add` to what was summed so far; `ReduceMax` over the positions; `Relu`. Windows of one word have no `Pad` and no
    /// `Slice`.
    pub(super) fn read<'n>(
        drawn: &Drawn<'_>,
        first: &'n Node,
        nodes: &mut impl Iterator<Item = &'n Node>,
        words: &'n str,
    ) -> Option<(Self, &'n Node)> {
        let half = if first.is("Pad", &[Some(words), None], &[]) {
            let around = first.inputs.get(1)?;
            (1..=FARTHEST).find(|&half| drawn.are(around, &[0, half, 0, half]))?
        } else {
            0
        };
        let mut next = first;
        let (mut tables, mut sum, mut size) = (Vec::new(), "", None);
        for tap in 0..=2 * half {
            let mut seen = words;
            if half > 0 {
                next = nodes.next()?;
                let end = if tap < 2 * half { tap - 2 * half } else { i64::from(i32::MAX) };
                let bounds = next.inputs.get(1..)?.iter().zip([tap, end, 1]);
                let fits = next.is("Slice", &[Some(&first.output), None, None, None], &[])
                    && bounds.into_iter().all(|(name, bound)| drawn.are(name, &[bound]));
                if !fits {
                    return None;
                }
                seen = &next.output;
                next = nodes.next()?;
            }
            let (shape, table) = drawn.floats(next.inputs.first()?)?;
            if !next.is("Gather", &[None, Some(seen)], &[]) || *size.get_or_insert(shape.clone()) != shape {
                return None;
            }
            tables.push(table);
            let rows = &next.output;
            if tap > 0 {
                next = nodes.next()?;
                if !next.is("Add", &[Some(sum), Some(rows)], &[]) {
                    return None;
                }
            }
            sum = &next.output;
        }
        let [most, last] = [nodes.next()?, nodes.next()?];
        let [count, filters] = size?[..] else { return None };
        let fits = most.is_with("ReduceMax", &[Some(sum)], &[("keepdims", 0)], ("axes", &[1]))
            && last.is("Relu", &[Some(&most.output)], &[])
            && count > 0
            && filters > 0;
        fits.then_some((Self { filters, count, tables }, last))
    }

    /// The largest of each value over the windows of a text, and no less than 0. `starts` is overwritten.
    pub(super) fn largest(
        &self,
        words: &[i64],
        starts: &mut Vec<usize>,
        out: &mut [f32],
    ) -> Result<(), RunError> {
        starts.clear();
        for &word in words {
            starts.push(place_of(word, self.count)? * self.filters);
        }
        out.fill(0.0);
        let half = self.tables.len() / 2;
        // Behind the last word all windows that see nothing are the same: one of them is enough.
        let seen = starts.iter().rposition(|&start| start != 0).map_or(0, |last| last + 1);
        let mut sum = vec![0.0; self.filters];
        for middle in 0..starts.len().min(seen + half + 1) {
            sum.fill(0.0);
            for (tap, table) in self.tables.iter().enumerate() {
                let place = (middle + tap).checked_sub(half);
                let start = place.and_then(|place| starts.get(place)).copied().unwrap_or(0);
                let row = table.get(start..start + self.filters).unwrap_or_default();
                sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
            }
            out.iter_mut().zip(&sum).for_each(|(most, x)| *most = most.max(*x));
        }
        Ok(())
    }
}
