//! How far an account is trusted by others who are, and what speaks against it being what it seems.
//!
//! Both are computed of all accounts together from time to time, by [`crate::communities::PeopleIndex`].

mod suspicion;
mod traits;
mod trust;

pub use suspicion::{Suspicion, suspect};
pub use traits::Traits;
pub use trust::{percentiles, trust};

#[cfg(test)]
mod tests;
