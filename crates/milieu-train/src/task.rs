//! Which kind of recipe a file holds.

use crate::settings::{RecipeError, settled, table};
use serde::{Deserialize, Serialize};

/// The tasks there are recipes for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// One of several classes for each picture: [`crate::pictures`].
    ImageClassification,
    /// What comes next in a sequence: [`crate::sequences`].
    NextItem,
    /// One of several classes for each text: [`crate::texts`].
    TextClassification,
    /// The labelled parts of texts: [`crate::slots`].
    TextSlots,
}

impl Task {
    /// The task that a recipe names; all else in it is left for its own reader.
    ///
    /// # Errors
    /// [`RecipeError::Malformed`] where it is no TOML, or names no task.
    pub fn of(text: &str) -> Result<Self, RecipeError> {
        #[derive(Deserialize)]
        struct Named {
            task: Task,
        }
        let named: Named = settled(table(text)?, &[])?;
        Ok(named.task)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_task_of_a_recipe() {
        fn check(text: &str, expected: Option<Task>) {
            assert_eq!(Task::of(text).ok(), expected, "{text}");
        }
        check("task = 'next-item'\nwhat = 1\n[ever]", Some(Task::NextItem));
        check("task = 'image-classification'", Some(Task::ImageClassification));
        check("task = 'text-classification'", Some(Task::TextClassification));
        check("task = 'text-slots'", Some(Task::TextSlots));
        check("task = 'folding'", None);
        check("[task]", None);
        check("", None);
        check("task = ", None);
    }
}
