//! Which category of moderation a label stands for, where somebody says so.

use super::moderation::{Category, spelled};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What says that a label stands for no category, beside an empty name.
const NONE: &str = "none";

/// What labels stand for: as is said of `MODEL/label`, else of `label`, else as they are called.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>", into = "BTreeMap<String, String>")]
pub struct Categories {
    said: BTreeMap<String, String>,
    of_label: BTreeMap<String, Option<Category>>,
    of_model: BTreeMap<(String, String), Option<Category>>,
}

/// Why labels cannot stand for what is said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CategoriesError {
    /// There is no such category.
    #[error("{label:?} stands for {category:?}, which is no category; there are: {NONE}, {}", names())]
    Unknown {
        /// The label.
        label: String,
        /// The name of the category.
        category: String,
    },
    /// It is said twice of a label what it stands for, in two spellings.
    #[error("{label:?} is said to stand for two categories, in another spelling too")]
    Twice {
        /// The label.
        label: String,
    },
}

fn names() -> String {
    Category::all().map(Category::name).collect::<Vec<_>>().join(", ")
}

impl Categories {
    /// By names of categories for labels, or for labels of one model, `MODEL/label`; `none` or nothing where a label stands
    /// for no category. Case, and `_`, `-` or a space between words, make no difference in a label.
    ///
    /// # Errors
    /// [`CategoriesError`].
    pub fn new(said: BTreeMap<String, String>) -> Result<Self, CategoriesError> {
        let (mut of_label, mut of_model) = (BTreeMap::new(), BTreeMap::new());
        for (label, name) in &said {
            let category = match name.as_str() {
                "" | NONE => None,
                name => Some(Category::of_name(name).ok_or_else(|| CategoriesError::Unknown {
                    label: label.clone(),
                    category: name.to_owned(),
                })?),
            };
            let before = of_label.insert(spelled(label), category);
            let of_one = label.split_once('/').map(|(model, label)| (model.to_owned(), spelled(label)));
            let again = of_one.and_then(|of_one| of_model.insert(of_one, category));
            if before.into_iter().chain(again).any(|other| other != category) {
                return Err(CategoriesError::Twice { label: label.clone() });
            }
        }
        Ok(Self { said, of_label, of_model })
    }

    /// The category that a label of a model stands for.
    #[must_use]
    pub fn of(&self, model: &str, label: &str) -> Option<Category> {
        let name = spelled(label);
        let said = self.of_label.get(&name);
        let of_one = self.of_model.get(&(model.to_owned(), name));
        of_one.or(said).copied().unwrap_or_else(|| Category::of_label(label))
    }
}

impl TryFrom<BTreeMap<String, String>> for Categories {
    type Error = CategoriesError;

    fn try_from(said: BTreeMap<String, String>) -> Result<Self, CategoriesError> {
        Self::new(said)
    }
}

impl From<Categories> for BTreeMap<String, String> {
    fn from(categories: Categories) -> Self {
        categories.said
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic in a test is a failed test")]
mod tests {
    use super::*;

    fn categories(said: &[(&str, &str)]) -> Result<Categories, CategoriesError> {
        Categories::new(said.iter().map(|&(label, name)| (label.to_owned(), name.to_owned())).collect())
    }

    #[test]
    fn what_is_said_goes_before_what_labels_are_called() {
        let found = categories(&[
            ("Rude Words", "harassment"),
            ("tone/rude_words", "none"),
            ("insult", ""),
            ("tone/insult", "hate"),
            ("hate/threatening", "violence"),
        ]);
        let found = found.unwrap();
        let check = |model: &str, label: &str, expected: Option<&str>| {
            assert_eq!(found.of(model, label).map(Category::name), expected, "{model}/{label}");
        };
        check("other", "rude-words", Some("harassment"));
        check("tone", "RUDE words", None);
        check("other", "insult", None);
        check("tone", "Insult", Some("hate"));
        // A label with a stroke, or one of the model that is called so.
        check("other", "hate/threatening", Some("violence"));
        check("hate", "threatening", Some("violence"));
        check("other", "threatening", None);
        // Nothing is said of these.
        check("tone", "toxic", Some("harassment"));
        check("tone", "joy", None);
        check("Tone", "insult", None);
        assert_eq!(Categories::default().of("any", "toxic").map(Category::name), Some("harassment"));
    }

    #[test]
    fn what_cannot_be_said() {
        let refuse = |said: &[(&str, &str)], part: &str| {
            let error = categories(said).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        };
        refuse(&[("rude", "rudeness")], "\"rude\" stands for \"rudeness\", which is no category");
        refuse(&[("rude", "Hate")], "there are: none, harassment, harassment/threatening, hate,");
        refuse(&[("Rude", "hate"), ("rude", "none")], "\"rude\" is said to stand for two categories");
        refuse(&[("tone/RUDE", "hate"), ("tone/rude", "")], "two categories");
        assert!(
            categories(&[("Rude", "hate"), ("rude", "hate"), ("a/rude", ""), ("b/rude", "hate")]).is_ok()
        );
    }

    #[test]
    fn written_and_read_again() {
        let found = categories(&[("tone/rude", "hate"), ("insult", "none")]).unwrap();
        let written = serde_json::to_string(&found).unwrap();
        assert_eq!(written, r#"{"insult":"none","tone/rude":"hate"}"#);
        assert_eq!(serde_json::from_str::<Categories>(&written).unwrap(), found);
        assert!(serde_json::from_str::<Categories>(r#"{"a":"b"}"#).is_err());
    }
}
