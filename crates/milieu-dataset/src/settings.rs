//! Settings and their ranges.

/// A setting is out of its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{key} must be {range}")]
pub struct RangeError {
    /// Which, as recipes name it.
    pub key: &'static str,
    /// What it may be.
    pub range: &'static str,
}

/// The first rule that does not hold.
pub(crate) fn check(rules: &[(bool, &'static str, &'static str)]) -> Result<(), RangeError> {
    let fault = rules.iter().find(|rule| !rule.0);
    fault.map_or(Ok(()), |&(_, key, range)| Err(RangeError { key, range }))
}
