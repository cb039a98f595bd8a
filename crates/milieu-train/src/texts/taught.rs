//! What the families of n-grams learn from: the labels of the data, and what a teacher says, where there is one.

use super::data::Data;
use super::distil::Lessons;
use super::recipe::Recipe;

/// See the module. Texts of the data have their numbers there, and after them come those that the teacher alone has labelled.
#[derive(Clone, Copy)]
pub(super) struct Taught<'a> {
    recipe: &'a Recipe,
    data: &'a Data,
    lessons: Option<&'a Lessons>,
}

impl<'a> Taught<'a> {
    pub(super) fn new(recipe: &'a Recipe, data: &'a Data, lessons: Option<&'a Lessons>) -> Self {
        Self { recipe, data, lessons }
    }

    fn more(&self) -> &'a [(String, Vec<f32>)] {
        self.lessons.map(|lessons| lessons.more.as_slice()).unwrap_or_default()
    }

    /// All texts by their numbers.
    pub(super) fn texts(&self) -> Vec<&'a str> {
        let (data, more) = (self.data.texts.iter(), self.more().iter().map(|(text, _)| text));
        data.chain(more).map(String::as_str).collect()
    }

    /// The numbers of all that is learnt from.
    pub(super) fn numbers(&self) -> Vec<usize> {
        let first = self.data.texts.len();
        self.data.parts.train.iter().copied().chain(first..first + self.more().len()).collect()
    }

    /// What is wanted of each class for a text, as [`Data::wanted`] says.
    pub(super) fn wanted(&self, at: usize) -> Vec<f32> {
        let labelled = || self.data.wanted(at, self.recipe.train.smoothing);
        let (Some(lessons), Some(teacher)) = (self.lessons, &self.recipe.teacher) else { return labelled() };
        match at.checked_sub(self.data.texts.len()) {
            Some(place) => lessons.more.get(place).map(|(_, shares)| shares.clone()).unwrap_or_default(),
            None => lessons.mixed(at, teacher.weight, labelled()),
        }
    }
}
