//! A seeded synthetic community, and tolerant comparison.
