//! Degree normalisation of the interaction matrix, shared by the item-item models.

use crate::Interactions;
use crate::sparse::{degrees, multiply, powers};
use serde::{Deserialize, Serialize};

/// How much popularity and activity are taken out before items are compared, and put back after.
///
/// The matrix is scaled to `D_u^-user W D_i^-item`, where `D` are the degrees (sums of weights) of users
/// and items; predictions are multiplied by `D_i^target`. With `user = item = target = 0` items are
/// compared as they are, with `user = item = 0.5` the spectrum lies in [0, 1] (Shen et al. 2021, GF-CF).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scaling {
    /// Power of the users' degrees taken out.
    pub user: f32,
    /// Power of the items' degrees taken out.
    pub item: f32,
    /// Power of the items' degrees put back into predictions.
    pub target: f32,
}

/// A scaled matrix with its transpose, and the factors that predictions need.
#[derive(Debug, Clone)]
pub(crate) struct Scaled {
    /// Users by items.
    pub(crate) by_user: Interactions,
    /// Items by users.
    pub(crate) by_item: Interactions,
    /// What a unit of an item in a history counts for.
    pub(crate) history: Vec<f32>,
    /// What a prediction for an item is multiplied by.
    pub(crate) target: Vec<f32>,
}

impl Scaled {
    pub(crate) fn new(data: &Interactions, scaling: Scaling) -> Self {
        let (users, items) = degrees(data);
        let by_degree = powers(&users, -scaling.user);
        let history = powers(&items, -scaling.item);
        let by_user = data.reweighted(|user, item, weight| weight * by_degree[user] * history[item]);
        let by_item = by_user.transpose();
        Self { by_user, by_item, history, target: powers(&items, scaling.target) }
    }

    /// The largest eigenvalue of `by_user^T by_user`, by power iteration; 1 for an empty matrix.
    pub(crate) fn top_eigenvalue(&self) -> f32 {
        const STEPS: usize = 40;
        let mut items = vec![1.0; self.by_user.items()];
        let mut users = vec![0.0; self.by_user.users()];
        let mut value = 0.0;
        for _ in 0..STEPS {
            multiply(&self.by_user, &items, 1, &mut users);
            multiply(&self.by_item, &users, 1, &mut items);
            value = items.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt();
            if value <= 0.0 {
                return 1.0;
            }
            items.iter_mut().for_each(|x| *x = (f64::from(*x) / value) as f32);
        }
        value as f32
    }

    /// The scaled histories of some users side by side (items x users), mixed with those of their
    /// friends where `mix` (users x users) is given.
    pub(crate) fn histories(&self, mix: Option<&Interactions>, users: &[u32]) -> Vec<f32> {
        let width = users.len();
        let mut block = vec![0.0; self.by_user.items() * width];
        let mut add = |place: usize, user: u32, share: f32| {
            let user = user as usize;
            for (&item, &weight) in self.by_user.row(user).iter().zip(self.by_user.row_weights(user)) {
                block[item as usize * width + place] += share * weight;
            }
        };
        for (place, &user) in users.iter().enumerate() {
            match mix {
                None => add(place, user, 1.0),
                Some(mix) => {
                    let row = mix.row(user as usize).iter().zip(mix.row_weights(user as usize));
                    row.for_each(|(&other, &share)| add(place, other, share));
                }
            }
        }
        block
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_symmetric_scaling_has_top_eigenvalue_one() {
        let data = Interactions::from_triples(
            3,
            3,
            vec![(0, 0, 1.0), (0, 1, 2.0), (1, 1, 1.0), (2, 1, 1.0), (2, 2, 4.0)],
        )
        .unwrap();
        let scaled = Scaled::new(&data, Scaling { user: 0.5, item: 0.5, target: 0.0 });
        assert!((scaled.top_eigenvalue() - 1.0).abs() < 1e-4);
        let empty = Interactions::from_triples(2, 2, vec![]).unwrap();
        let scaled = Scaled::new(&empty, Scaling { user: 0.5, item: 0.5, target: 0.5 });
        assert!((scaled.top_eigenvalue() - 1.0).abs() < 1e-6);
    }

    #[test]
    fn histories_mix_friends() {
        let data = Interactions::from_triples(2, 2, vec![(0, 0, 2.0), (1, 1, 3.0)]).unwrap();
        let scaled = Scaled::new(&data, Scaling { user: 0.0, item: 0.0, target: 0.0 });
        let mix = Interactions::from_triples(2, 2, vec![(0, 0, 1.0), (0, 1, 0.5), (1, 1, 1.0)]).unwrap();
        assert_eq!(scaled.histories(Some(&mix), &[0, 1]), vec![2.0, 0.0, 1.5, 3.0]);
        assert_eq!(scaled.histories(None, &[1]), vec![0.0, 3.0]);
    }
}
