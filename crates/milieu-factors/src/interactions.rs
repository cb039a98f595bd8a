//! The user by item matrix of implicit feedback, in compressed rows.

/// Who consumed what, and how much: a sparse matrix of `users()` rows and `items()` columns.
///
/// Within a row the columns ascend and are distinct; weights are finite and positive.
#[derive(Debug, Clone, PartialEq)]
pub struct Interactions {
    items: usize,
    /// Row `u` is `columns[starts[u]..starts[u + 1]]`.
    starts: Vec<usize>,
    columns: Vec<u32>,
    weights: Vec<f32>,
}

/// Why triples are no [`Interactions`].
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InteractionsError {
    /// A user or item number lies outside the stated shape.
    #[error("interaction ({user}, {item}) lies outside the {users} x {items} matrix")]
    OutOfShape {
        /// Row asked for.
        user: u32,
        /// Column asked for.
        item: u32,
        /// Rows there are.
        users: usize,
        /// Columns there are.
        items: usize,
    },
    /// A weight is zero, negative or not finite.
    #[error("interaction ({user}, {item}) has weight {weight}; weights are positive and finite")]
    BadWeight {
        /// Its row.
        user: u32,
        /// Its column.
        item: u32,
        /// The weight.
        weight: f32,
    },
}

impl Interactions {
    /// Builds the matrix from `(user, item, weight)` triples in any order; the weights of a pair that
    /// comes more than once are added.
    ///
    /// # Errors
    /// [`InteractionsError`] for a number outside `users` x `items` or a weight that is not positive.
    pub fn from_triples(
        users: usize,
        items: usize,
        mut triples: Vec<(u32, u32, f32)>,
    ) -> Result<Self, InteractionsError> {
        for &(user, item, weight) in &triples {
            if user as usize >= users || item as usize >= items {
                return Err(InteractionsError::OutOfShape { user, item, users, items });
            }
            if !(weight.is_finite() && weight > 0.0) {
                return Err(InteractionsError::BadWeight { user, item, weight });
            }
        }
        triples.sort_unstable_by_key(|&(user, item, _)| (user, item));
        triples.dedup_by(|next, kept| {
            let same = (next.0, next.1) == (kept.0, kept.1);
            if same {
                kept.2 += next.2;
            }
            same
        });
        let mut starts = vec![0; users + 1];
        for &(user, _, _) in &triples {
            starts[user as usize + 1] += 1;
        }
        for user in 0..users {
            starts[user + 1] += starts[user];
        }
        Ok(Self {
            items,
            starts,
            columns: triples.iter().map(|t| t.1).collect(),
            weights: triples.iter().map(|t| t.2).collect(),
        })
    }

    /// The number of rows.
    #[must_use]
    pub fn users(&self) -> usize {
        self.starts.len() - 1
    }

    /// The number of columns.
    #[must_use]
    pub fn items(&self) -> usize {
        self.items
    }

    /// The number of stored pairs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether no pair is stored.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// The ascending columns of a row. Panics when `user >= users()`, as slices do.
    #[must_use]
    pub fn row(&self, user: usize) -> &[u32] {
        &self.columns[self.starts[user]..self.starts[user + 1]]
    }

    /// The weights of a row, in the order of [`Self::row`].
    #[must_use]
    pub fn row_weights(&self, user: usize) -> &[f32] {
        &self.weights[self.starts[user]..self.starts[user + 1]]
    }

    /// The same pairs with other weights: `weigh(user, item, weight)` gives the new one, which should be
    /// positive and finite.
    #[must_use]
    pub fn reweighted(&self, mut weigh: impl FnMut(usize, usize, f32) -> f32) -> Self {
        let mut out = self.clone();
        for user in 0..self.users() {
            for place in self.starts[user]..self.starts[user + 1] {
                out.weights[place] = weigh(user, self.columns[place] as usize, self.weights[place]);
            }
        }
        out
    }

    /// Every stored pair with its weight, by user, then item.
    pub fn triples(&self) -> impl Iterator<Item = (u32, u32, f32)> + '_ {
        (0..self.users()).flat_map(move |user| {
            let row = self.row(user).iter().zip(self.row_weights(user));
            row.map(move |(&item, &weight)| (user as u32, item, weight))
        })
    }

    /// The item by user matrix.
    #[must_use]
    pub fn transpose(&self) -> Self {
        let mut starts = vec![0; self.items + 1];
        for &item in &self.columns {
            starts[item as usize + 1] += 1;
        }
        for item in 0..self.items {
            starts[item + 1] += starts[item];
        }
        let mut next = starts.clone();
        let mut columns = vec![0; self.len()];
        let mut weights = vec![0.0; self.len()];
        for user in 0..self.users() {
            for (&item, &weight) in self.row(user).iter().zip(self.row_weights(user)) {
                let place = &mut next[item as usize];
                columns[*place] = user as u32;
                weights[*place] = weight;
                *place += 1;
            }
        }
        Self { items: self.users(), starts, columns, weights }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_sorts_and_transposes() {
        let m = Interactions::from_triples(3, 4, vec![(2, 1, 1.0), (0, 3, 2.0), (0, 1, 1.0), (0, 3, 0.5)])
            .unwrap();
        assert_eq!((m.users(), m.items(), m.len()), (3, 4, 3));
        assert_eq!((m.row(0), m.row_weights(0)), (&[1, 3][..], &[1.0, 2.5][..]));
        assert!(m.row(1).is_empty());
        assert_eq!(m.transpose().row(1), &[0, 2]);
        assert_eq!(m.transpose().transpose(), m);
    }

    #[test]
    fn refuses() {
        assert!(Interactions::from_triples(1, 1, vec![(0, 1, 1.0)]).is_err());
        assert!(Interactions::from_triples(1, 1, vec![(0, 0, f32::NAN)]).is_err());
        assert!(Interactions::from_triples(0, 0, vec![]).unwrap().is_empty());
    }
}
