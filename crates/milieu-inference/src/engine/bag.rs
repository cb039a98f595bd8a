//! Bags of n-grams, whose graph is so small that an engine spends its time on everything but the sum: vectors of rows are
//! gathered, summed, scaled, perhaps rectified, and multiplied by a matrix. Here each row is read where it lies. Beside the
//! vectors there may be windows over words, which are look-ups and sums as well.

use super::Engine;
use super::drawn::{Drawn, Node};
use super::windows::Window;
use crate::{Data, LoadError, RunError, Signature, Tensor};

/// Values of a line of the cache.
const LINE: usize = 16;

/// A graph of that form; see [`read`](Self::read).
pub(super) struct BagEngine {
    signature: Signature,
    width: usize,
    rectified: bool,
    /// Whether the last row is nothing, as that which fills up shorter texts is.
    padded: bool,
    table: Vec<f32>,
    windows: Vec<Window>,
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl BagEngine {
    /// The graph in an ONNX file where it is `Gather(table, rows)`, `ReduceSum` over the rows of a text, `Mul` by `share`,
    /// perhaps `Relu`, then, where there is a third input, [windows](Window::read) over it and a `Concat` of these and the
    /// bag, and `Gemm` with a matrix that is transposed, in this order, of 32-bit floats; `None` for all others.
    ///
    /// # Errors
    /// [`LoadError::Malformed`] for bytes that are no model.
    pub(super) fn read(bytes: &[u8], signature: &Signature) -> Result<Option<Self>, LoadError> {
        Ok(Drawn::read(bytes)?.and_then(|drawn| Self::of(&drawn, signature)))
    }

    fn of(drawn: &Drawn<'_>, signature: &Signature) -> Option<Self> {
        let (rows, share, words) = match signature.inputs.as_slice() {
            [rows, share] => (rows, share, None),
            [rows, share, words] => (rows, share, Some(words)),
            _ => return None,
        };
        let mut nodes = drawn.nodes.iter();
        let [gather, sum, scale] = [nodes.next()?, nodes.next()?, nodes.next()?];
        let mut next = nodes.next()?;
        let rectified = next.is("Relu", &[Some(&scale.output)], &[]);
        let mut hidden = &scale.output;
        if rectified {
            (hidden, next) = (&next.output, nodes.next()?);
        }
        let mut windows = Vec::new();
        if let Some(words) = words {
            let mut joined: Vec<&str> = Vec::new();
            while !next.is_called("Concat") {
                let (window, last) = Window::read(drawn, next, &mut nodes, &words.name)?;
                windows.push(window);
                joined.push(&last.output);
                next = nodes.next()?;
            }
            joined.push(hidden);
            let joined: Vec<Option<&str>> = joined.into_iter().map(Some).collect();
            if !next.is("Concat", &joined, &[("axis", 1)]) {
                return None;
            }
            (hidden, next) = (&next.output, nodes.next()?);
        }
        let product: &Node = next;
        let (table_shape, table) = drawn.floats(gather.inputs.first()?)?;
        let (weight_shape, weight) = drawn.floats(product.inputs.get(1)?)?;
        let (_, bias) = drawn.floats(product.inputs.get(2)?)?;
        let [count, width] = table_shape[..] else { return None };
        let pooled = windows.iter().map(|window| window.filters).sum::<usize>() + width;
        let fits = gather.is("Gather", &[None, Some(&rows.name)], &[])
            && sum.is("ReduceSum", &[Some(&gather.output), None], &[("keepdims", 0)])
            && drawn.are(sum.inputs.get(1)?, &[1])
            && scale.is("Mul", &[Some(&sum.output), Some(&share.name)], &[])
            && product.is("Gemm", &[Some(hidden), None, None], &[("transB", 1)])
            && nodes.next().is_none()
            && drawn.gives(signature, product)
            && weight_shape == [bias.len(), pooled]
            && width > 0
            && count > 0;
        let padded = table.len() >= width && table[table.len() - width..].iter().all(|&x| x == 0.0);
        let signature = signature.clone();
        fits.then_some(Self { signature, width, rectified, padded, table, windows, weight, bias })
    }

    /// Where the rows of a text begin in the table; what fills a text up is left out.
    fn starts(&self, rows: &[i64], starts: &mut Vec<usize>) -> Result<(), RunError> {
        let count = self.table.len() / self.width;
        let filler = if self.padded { count - 1 } else { count };
        starts.clear();
        for &row in rows {
            let place = place_of(row, count)?;
            if place != filler {
                starts.push(place * self.width);
            }
        }
        Ok(())
    }

    /// The sum of the rows that begin there. A line of the cache at a time, over all rows: so the sums stay in registers,
    /// and the next rows are on their way while one is added.
    fn sum(&self, starts: &[usize], hidden: &mut [f32]) {
        for (block, hidden) in hidden.chunks_mut(LINE).enumerate() {
            let first = block * LINE;
            if let Ok(hidden) = <&mut [f32; LINE]>::try_from(&mut *hidden) {
                let mut sums = [0.0; LINE];
                for start in starts {
                    let Some(line) = self.table.get(start + first..).and_then(<[f32]>::first_chunk::<LINE>)
                    else {
                        continue;
                    };
                    sums.iter_mut().zip(line).for_each(|(sum, x)| *sum += x);
                }
                *hidden = sums;
            } else {
                hidden.fill(0.0);
                for start in starts {
                    let line = self.table.get(start + first..).unwrap_or_default();
                    hidden.iter_mut().zip(line).for_each(|(sum, x)| *sum += x);
                }
            }
        }
    }

    /// The logits of a text from what its windows show most and from the sum of its rows, which stands behind them.
    fn logits(&self, pooled: &mut [f32], share: f32, out: &mut Vec<f32>) {
        let least = if self.rectified { 0.0 } else { f32::NEG_INFINITY };
        let from = pooled.len() - self.width;
        pooled.iter_mut().skip(from).for_each(|x| *x = (*x * share).max(least));
        let products = self.weight.chunks_exact(pooled.len()).zip(&self.bias);
        out.extend(
            products.map(|(row, bias)| bias + row.iter().zip(&*pooled).map(|(a, b)| a * b).sum::<f32>()),
        );
    }
}

/// Which of so many rows a number means: as ONNX counts, from the end where it is negative.
pub(super) fn place_of(row: i64, count: usize) -> Result<usize, RunError> {
    let place = if row < 0 { row.checked_add_unsigned(count as u64).unwrap_or(-1) } else { row };
    let place = usize::try_from(place).ok().filter(|place| *place < count);
    place.ok_or_else(|| RunError::Failed(format!("the row {row} is not among the {count} of the table")))
}

impl Engine for BagEngine {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn run(&mut self, inputs: &[Tensor]) -> Result<Vec<Tensor>, RunError> {
        let misfit = || RunError::Failed("the inputs are no rows with a share for each text".to_owned());
        let (rows, share, words) = match inputs {
            [rows, share] if self.windows.is_empty() => (rows, share, None),
            [rows, share, words] if self.signature.inputs.len() == 3 => (rows, share, Some(words)),
            _ => return Err(misfit()),
        };
        let (Data::I64(values), Some(shares)) = (rows.data(), share.as_f32()) else { return Err(misfit()) };
        let &[texts, length] = rows.shape() else { return Err(misfit()) };
        if shares.len() != texts {
            return Err(misfit());
        }
        let words = match words.map(|words| (words.data(), words.shape())) {
            Some((Data::I64(values), &[count, length])) if count == texts => Some((values, length)),
            None => None,
            _ => return Err(misfit()),
        };
        let before: usize = self.windows.iter().map(|window| window.filters).sum();
        let (mut pooled, mut starts) = (vec![0.0; before + self.width], Vec::with_capacity(length));
        let mut logits = Vec::with_capacity(texts * self.bias.len());
        for (number, &share) in shares.iter().enumerate() {
            let (shown, hidden) = pooled.split_at_mut(before);
            if let Some((words, length)) = words {
                let words = words.get(number * length..(number + 1) * length).unwrap_or_default();
                let mut rest = shown;
                for window in &self.windows {
                    let (part, after) = rest.split_at_mut(window.filters);
                    window.largest(words, &mut starts, part)?;
                    rest = after;
                }
            }
            let rows = values.get(number * length..(number + 1) * length).unwrap_or_default();
            self.starts(rows, &mut starts)?;
            self.sum(&starts, hidden);
            self.logits(&mut pooled, share, &mut logits);
        }
        let logits = Tensor::new(vec![texts, self.bias.len()], Data::F32(logits));
        Ok(vec![logits.map_err(|error| RunError::Output(error.to_string()))?])
    }
}
