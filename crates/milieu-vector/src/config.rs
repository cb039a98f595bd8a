//! How an index is built and searched.

/// How an index is built and searched. The defaults suit recommendation factors of 16 to 256 dimensions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IndexConfig {
    /// Seeds the choice of the rows the lists are learnt from.
    pub seed: u64,
    /// With fewer vectors than this, no lists are built and every search is exact.
    pub exact_below: usize,
    /// How many inverted lists; 0 chooses half the square root of the number of vectors.
    pub lists: usize,
    /// How far above its expectation a list's best score may lie and the list still be looked at, in units of the
    /// spread of its directions. Larger finds more and takes longer; [`crate::VectorIndex::calibrate`] sets it.
    pub effort: f32,
    /// Rows for each list that its direction is learnt from.
    pub train_rows_per_list: usize,
    /// Rounds of k-means.
    pub train_rounds: usize,
}

impl Default for IndexConfig {
    fn default() -> Self {
        Self {
            seed: 0,
            exact_below: 20_000,
            lists: 0,
            effort: 0.33,
            train_rows_per_list: 64,
            train_rounds: 8,
        }
    }
}

impl IndexConfig {
    /// How many lists `vectors` are put in.
    pub(crate) fn list_count(&self, vectors: usize) -> usize {
        let chosen = if self.lists == 0 { (0.5 * (vectors as f64).sqrt()) as usize } else { self.lists };
        chosen.clamp(1, vectors.max(1))
    }
}
