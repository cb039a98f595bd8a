//! What a teacher is asked, and how much its word counts.

use crate::settings::{RecipeError, within};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A classifier of the registry that teaches by how sure it is of each class (Hinton et al. 2015, arXiv 1503.02531). It
/// labels the texts of the data, further ones, and texts made from those that are learnt from (Tang et al. 2019,
/// arXiv 1903.12136, section 3.2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TeacherConfig {
    /// `NAME@VERSION`, or `NAME` for its live version. Its classes must be those of the data.
    pub model: String,
    /// The share of what it says in what is wanted of a text that has a label too, 0 to 1.
    pub weight: f32,
    /// What its logits are divided by, 0.1 to 20: the greater, the less sure it sounds.
    pub temperature: f32,
    /// Tables of further texts, whose labels are not looked at; their text is in the column `data.text`.
    pub texts: Vec<PathBuf>,
    /// Whether each whole word of its vocabulary is a further text.
    pub words: bool,
    /// Texts made from each that is learnt from, 0 to 100.
    pub made: usize,
    /// The most further texts, words and made ones together, in this order; 0 for all. Its answers take most of the time.
    pub most: usize,
    /// The share of them that are fragments of one to five tokens, 0 to 1.
    pub fragment: f32,
    /// The share of their tokens that are left out, 0 to 1.
    pub left_out: f32,
    /// The share of their words that others stand in the place of, 0 to 1; with `left_out` no more than 1.
    pub swapped: f32,
    /// The share of them that are made from two texts in a row, 0 to 1.
    pub joined: f32,
}

impl Default for TeacherConfig {
    fn default() -> Self {
        Self {
            model: String::new(),
            weight: 0.9,
            temperature: 1.0,
            texts: Vec::new(),
            words: false,
            made: 4,
            most: 0,
            fragment: 0.25,
            left_out: 0.1,
            swapped: 0.1,
            joined: 0.0,
        }
    }
}

impl TeacherConfig {
    /// Looks whether all is within its range; `beside_another` where what learns is no bag.
    pub(super) fn check(&self, beside_another: bool) -> Result<(), RecipeError> {
        let unit = 0.0..=1.0;
        within(&[
            (!beside_another, "teacher", "without encoder and network: it teaches a bag"),
            (!self.model.is_empty(), "teacher.model", "NAME or NAME@VERSION of the registry"),
            (unit.contains(&self.weight), "teacher.weight", "0 to 1"),
            ((0.1..=20.0).contains(&self.temperature), "teacher.temperature", "0.1 to 20"),
            (self.made <= 100, "teacher.made", "0 to 100"),
            (unit.contains(&self.fragment), "teacher.fragment", "0 to 1"),
            (unit.contains(&self.left_out), "teacher.left_out", "0 to 1"),
            (
                self.swapped >= 0.0 && unit.contains(&(self.left_out + self.swapped)),
                "teacher.swapped",
                "0 to 1",
            ),
            (unit.contains(&self.joined), "teacher.joined", "0 to 1"),
        ])
    }
}
