//! How a loss changes with each parameter.

/// The gradient of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Gradient {
    /// Of every value, in order.
    Dense(Vec<f32>),
    /// Of some rows of a table; that of all others is 0.
    Rows {
        /// Which rows, ascending.
        rows: Vec<u32>,
        /// The gradients of their values, row by row.
        values: Vec<f32>,
    },
}

/// The gradient of each parameter; `None` for one that the loss does not depend on.
pub type Gradients = Vec<Option<Gradient>>;

impl Gradient {
    /// The gradients that are held, those of rows one after the other.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        match self {
            Self::Dense(values) | Self::Rows { values, .. } => values,
        }
    }

    /// The same, to be changed.
    #[must_use]
    pub fn values_mut(&mut self) -> &mut [f32] {
        match self {
            Self::Dense(values) | Self::Rows { values, .. } => values,
        }
    }

    /// The sum of two gradients of one parameter.
    fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Self::Dense(mut sum), Self::Dense(other)) => {
                sum.iter_mut().zip(other).for_each(|(sum, other)| *sum += other);
                Self::Dense(sum)
            }
            (Self::Dense(mut sum), Self::Rows { rows, values })
            | (Self::Rows { rows, values }, Self::Dense(mut sum)) => {
                let width = values.len() / rows.len().max(1);
                for (&row, values) in rows.iter().zip(values.chunks_exact(width.max(1))) {
                    let place = sum.get_mut(row as usize * width..).unwrap_or_default();
                    place.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
                }
                Self::Dense(sum)
            }
            (Self::Rows { rows, values }, Self::Rows { rows: more, values: others }) => {
                merged((&rows, &values), (&more, &others))
            }
        }
    }
}

/// The sum of two lists of rows that ascend.
fn merged((rows, values): (&[u32], &[f32]), (more, others): (&[u32], &[f32])) -> Gradient {
    let width = if rows.is_empty() { others.len() / more.len().max(1) } else { values.len() / rows.len() };
    let (mut sum_rows, mut sum) = (Vec::with_capacity(rows.len() + more.len()), Vec::new());
    let (mut one, mut other) = (0, 0);
    while one < rows.len() || other < more.len() {
        let row =
            rows.get(one).copied().unwrap_or(u32::MAX).min(more.get(other).copied().unwrap_or(u32::MAX));
        let from = sum.len();
        sum_rows.push(row);
        sum.resize(from + width, 0.0);
        let mut add = |at: &mut usize, rows: &[u32], values: &[f32]| {
            if rows.get(*at) == Some(&row) {
                let values = values.get(*at * width..).unwrap_or_default();
                sum[from..].iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
                *at += 1;
            }
        };
        add(&mut one, rows, values);
        add(&mut other, more, others);
    }
    Gradient::Rows { rows: sum_rows, values: sum }
}

/// Adds gradients times a weight to a total: the gradient of a large batch is the weighted sum of those of
/// its parts, whose weights are their shares of it.
pub fn accumulate(total: &mut Gradients, part: Gradients, weight: f32) {
    total.resize_with(total.len().max(part.len()), || None);
    for (total, part) in total.iter_mut().zip(part) {
        let Some(mut part) = part else { continue };
        part.values_mut().iter_mut().for_each(|value| *value *= weight);
        *total = Some(match total.take() {
            Some(sum) => sum.plus(part),
            None => part,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up() {
        fn check(one: Gradient, other: Gradient, expected: Gradient) {
            let mut total = Gradients::new();
            accumulate(&mut total, vec![None, Some(one)], 1.0);
            accumulate(&mut total, vec![None, Some(other)], 0.5);
            assert_eq!(total, [None, Some(expected)]);
        }
        let dense = |values: &[f32]| Gradient::Dense(values.to_vec());
        let rows =
            |rows: &[u32], values: &[f32]| Gradient::Rows { rows: rows.to_vec(), values: values.to_vec() };
        check(dense(&[1.0, 2.0]), dense(&[2.0, 4.0]), dense(&[2.0, 4.0]));
        check(dense(&[1.0; 4]), rows(&[1], &[2.0, 4.0]), dense(&[1.0, 1.0, 2.0, 3.0]));
        check(rows(&[0], &[1.0, 1.0]), dense(&[2.0; 4]), dense(&[2.0, 2.0, 1.0, 1.0]));
        check(
            rows(&[1, 5], &[1.0, 2.0, 3.0, 4.0]),
            rows(&[0, 5], &[2.0, 2.0, 8.0, 8.0]),
            rows(&[0, 1, 5], &[1.0, 1.0, 1.0, 2.0, 7.0, 8.0]),
        );
        check(rows(&[], &[]), rows(&[3], &[2.0]), rows(&[3], &[1.0]));
    }
}
