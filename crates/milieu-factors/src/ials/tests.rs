//! Optimality, descent, equivalences and quality.
