//! Optimality, descent, equivalences and quality.

use super::*;
