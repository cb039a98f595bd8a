//! Friends' tastes as side information.

use crate::{FactorsError, Interactions};

/// Users x users: whose histories count, and how much, when a user is served. The own history counts 1,
/// those of friends share `strength / (strength + n)` where `n` is the number of items in the own
/// history: friends matter most to those who have said little themselves.
///
/// Ties are directed, from the user to the friend; those to oneself or outside the matrix are passed over.
///
/// # Errors
/// [`FactorsError::Interactions`] where `strength` is not finite.
pub fn friends_mix(
    data: &Interactions,
    ties: &[(u32, u32)],
    strength: f32,
) -> Result<Interactions, FactorsError> {
    let users = data.users();
    let mut friends = vec![0_usize; users];
    let valid = |&&(from, to): &&(u32, u32)| from != to && (from as usize) < users && (to as usize) < users;
    ties.iter().filter(valid).for_each(|&(from, _)| friends[from as usize] += 1);
    let mut triples: Vec<(u32, u32, f32)> = (0..users as u32).map(|user| (user, user, 1.0)).collect();
    for &(from, to) in ties.iter().filter(valid) {
        let from_place = from as usize;
        let share = strength / (strength + data.row(from_place).len() as f32);
        if share != 0.0 {
            triples.push((from, to, share / friends[from_place] as f32));
        }
    }
    Ok(Interactions::from_triples(users, users, triples)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn friends_share_what_the_strength_gives() {
        let data = Interactions::from_triples(3, 2, vec![(0, 0, 5.0), (0, 1, 1.0), (1, 0, 1.0)]).unwrap();
        let mix = friends_mix(&data, &[(0, 1), (0, 2), (2, 1), (1, 1), (1, 7)], 2.0).unwrap();
        assert_eq!((mix.row(0), mix.row_weights(0)), (&[0, 1, 2][..], &[1.0, 0.25, 0.25][..]));
        assert_eq!((mix.row(1), mix.row_weights(1)), (&[1][..], &[1.0][..]));
        assert_eq!((mix.row(2), mix.row_weights(2)), (&[1, 2][..], &[1.0, 1.0][..]));
        assert!(friends_mix(&data, &[(0, 1)], f32::NAN).is_err());
        assert_eq!(friends_mix(&data, &[(0, 1)], 0.0).unwrap().len(), 3);
    }
}
