//! What the tests here read texts with.

use milieu_registry::GramsPreparation;

/// Single words, and nothing of them.
pub(super) const GRAMS: GramsPreparation = GramsPreparation {
    words: 1,
    shortest: 3,
    longest: 0,
    apart: 1,
    disguise: false,
    rows: 4096,
    order: None,
};
