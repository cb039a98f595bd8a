//! What two people hear in common.

use milieu_dataset::ratings::Rating;

/// How many numbers there are of a pair.
pub(super) const TASTES: usize = 8;

/// Their names. All are the same whichever of the two comes first.
pub(super) const TASTE_NAMES: [&str; TASTES] = [
    "listening_cosine",
    "listening_rare_shared",
    "listening_log_shared",
    "listening_jaccard",
    "listening_rarest_shared",
    "listening_shared_weight",
    "listening_log_artists_low",
    "listening_log_artists_high",
];

/// Everybody's listening: the logarithm of counts, times how rare the artist is (tf-idf; Salton & Buckley 1988).
pub(super) struct Tastes {
    /// By user: artists ascending, and the weight of each; of length 1 unless there are none.
    rows: Vec<Vec<(u32, f32)>>,
    /// By artist: how many listen.
    listeners: Vec<u32>,
}

impl Tastes {
    /// Of so many users and items; a pair may come once only.
    pub(super) fn new(users: usize, items: usize, ratings: &[Rating]) -> Self {
        let mut listeners = vec![0_u32; items];
        ratings.iter().for_each(|rating| listeners[rating.item as usize] += 1);
        let rare = |item: u32| ((users + 1) as f32 / (listeners[item as usize] + 1) as f32).ln();
        let mut rows = vec![Vec::new(); users];
        for rating in ratings {
            rows[rating.user as usize].push((rating.item, rating.value.max(0.0).ln_1p() * rare(rating.item)));
        }
        for row in &mut rows {
            row.sort_unstable_by_key(|entry| entry.0);
            let length = row.iter().map(|entry| entry.1 * entry.1).sum::<f32>().sqrt();
            if length > 0.0 {
                row.iter_mut().for_each(|entry| entry.1 /= length);
            }
        }
        Self { rows, listeners }
    }

    /// What two people hear in common, in the order of [`TASTE_NAMES`]: the cosine of their weights; artists that both
    /// hear, each counting 1 / ln(1 + listeners); the logarithm of how many they are; their share of all that either hears; 1 / ln(1 +
    /// listeners) of the rarest; the sum of the smaller weights; the logarithms of how many artists each hears.
    pub(super) fn of(&self, a: u32, b: u32) -> [f32; TASTES] {
        let (left, right) = (&self.rows[a as usize], &self.rows[b as usize]);
        let (mut cosine, mut rare, mut rarest, mut least) = (0.0, 0.0, 0.0_f32, 0.0);
        let mut shared = 0;
        for &(item, weight) in left {
            if let Ok(place) = right.binary_search_by_key(&item, |entry| entry.0) {
                let other = right[place].1;
                // An artist that both hear has two listeners at least.
                let single = 1.0 / ((1 + self.listeners[item as usize]) as f32).ln();
                shared += 1;
                cosine += weight * other;
                rare += single;
                rarest = rarest.max(single);
                least += weight.min(other);
            }
        }
        let either = (left.len() + right.len() - shared).max(1) as f32;
        let log = |count: usize| (count as f32).ln_1p();
        [
            cosine,
            rare,
            log(shared),
            shared as f32 / either,
            rarest,
            least,
            log(left.len().min(right.len())),
            log(left.len().max(right.len())),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_people() {
        let rating = |user, item, value| Rating { user, item, value, at: None };
        let tastes = Tastes::new(
            4,
            3,
            &[rating(0, 0, 9.0), rating(0, 1, 3.0), rating(1, 0, 9.0), rating(1, 1, 3.0), rating(2, 2, 5.0)],
        );
        let same = tastes.of(0, 1);
        let single = 1.0 / 3.0_f32.ln();
        let (two, one) = (3.0_f32.ln(), 2.0_f32.ln());
        let weights = [10.0_f32.ln(), 4.0_f32.ln()];
        let length = (weights[0] * weights[0] + weights[1] * weights[1]).sqrt();
        let sum = (weights[0] + weights[1]) / length;
        let expected = [1.0, 2.0 * single, two, 1.0, single, sum, two, two];
        for (found, expected) in same.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-5, "{same:?}");
        }
        assert_eq!(tastes.of(0, 2), [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, one, two]);
        assert_eq!(tastes.of(2, 0), tastes.of(0, 2));
        // Nobody knows what 3 hears.
        assert_eq!(tastes.of(3, 3), [0.0; TASTES]);
    }
}
