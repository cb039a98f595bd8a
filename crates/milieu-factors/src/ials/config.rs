//! Settings and what can be wrong with them.

use serde::{Deserialize, Serialize};

/// Settings of [`crate::Ials`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IalsConfig {
    /// Length of the vectors, 1 to 4096.
    pub factors: usize,
    /// Passes over the data; each solves all items, then all users; positive.
    pub iterations: usize,
    /// What a unit of interaction weight adds to the confidence of a pair; positive.
    pub alpha: f32,
    /// The confidence of a pair without interaction, `alpha0`; not negative. 1 with
    /// `regularization_exponent` 0 is the objective of Hu, Koren and Volinsky (ICDM 2008).
    pub unobserved_weight: f32,
    /// `lambda`, the pull of every vector to zero; positive.
    pub regularization: f32,
    /// `nu`, how much more the vectors of frequent users and items are pulled: `lambda` is multiplied by
    /// `(interactions + alpha0 * length of the other side)^nu` (Rendle et al., RecSys 2022, section 3.4).
    /// 0 to 1.
    pub regularization_exponent: f32,
    /// Unknowns of a row solved together (iALS++): at least `factors` means exact alternating least
    /// squares, less costs less a pass. Positive.
    pub block: usize,
    /// Spread of the random start: the standard deviation of a start vector's length, roughly; positive.
    pub start_scale: f32,
    /// Seed of the random start.
    pub seed: u64,
}

impl Default for IalsConfig {
    fn default() -> Self {
        Self {
            factors: 64,
            iterations: 15,
            alpha: 1.0,
            unobserved_weight: 0.1,
            regularization: 0.003,
            regularization_exponent: 1.0,
            block: 64,
            start_scale: 0.1,
            seed: 1,
        }
    }
}

/// Why no factors were trained.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum IalsError {
    /// A setting lies outside its range.
    #[error("{field} is {value}; it must be {range}")]
    Setting {
        /// The field of [`IalsConfig`].
        field: &'static str,
        /// Its value.
        value: f64,
        /// What is allowed.
        range: &'static str,
    },
    /// The systems overflowed single precision.
    #[error(
        "the factors are not finite: alpha, the weights or the ranges of the regularization are too large"
    )]
    NotFinite,
    /// The eigenvalues of a Gram matrix could not be found.
    #[error("the eigenvalues of a Gram matrix of order {0} could not be found")]
    NoSpectrum(usize),
}

impl IalsConfig {
    /// Checks every field.
    ///
    /// # Errors
    /// [`IalsError::Setting`] with the first field out of range.
    pub fn validate(&self) -> Result<(), IalsError> {
        let positive = |value: f32| value.is_finite() && value > 0.0;
        let checks = [
            ("factors", self.factors as f64, (1..=4096).contains(&self.factors), "from 1 to 4096"),
            ("iterations", self.iterations as f64, self.iterations > 0, "positive"),
            ("alpha", self.alpha.into(), positive(self.alpha), "positive"),
            (
                "unobserved_weight",
                self.unobserved_weight.into(),
                self.unobserved_weight == 0.0 || positive(self.unobserved_weight),
                "zero or positive",
            ),
            ("regularization", self.regularization.into(), positive(self.regularization), "positive"),
            (
                "regularization_exponent",
                self.regularization_exponent.into(),
                (0.0..=1.0).contains(&self.regularization_exponent),
                "from 0 to 1",
            ),
            ("block", self.block as f64, self.block > 0, "positive"),
            ("start_scale", self.start_scale.into(), positive(self.start_scale), "positive"),
        ];
        match checks.into_iter().find(|check| !check.2) {
            Some((field, value, _, range)) => Err(IalsError::Setting { field, value, range }),
            None => Ok(()),
        }
    }

    /// `lambda` for a row with this many interactions when the other side has `others` rows.
    pub(super) fn row_regularization(&self, interactions: usize, others: usize) -> f32 {
        if self.regularization_exponent == 0.0 {
            return self.regularization;
        }
        let mass = interactions as f32 + self.unobserved_weight * others as f32;
        self.regularization * mass.powf(self.regularization_exponent)
    }
}
