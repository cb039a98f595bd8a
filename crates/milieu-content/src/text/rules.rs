//! What rules alone read from a text, without a model.

use milieu_text::{Found, Keyword, Language, keywords, language, private_data, redacted};

/// Keywords of a text.
const MOST_KEYWORDS: usize = 10;

/// What can be asked of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// The language of a text.
    Language,
    /// Addresses, numbers of phones and cards and the like in it.
    PrivateData,
    /// The words that it is about.
    Keywords,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Language, Self::PrivateData, Self::Keywords];

    /// Its name among the tasks.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Language => "language",
            Self::PrivateData => "private_data",
            Self::Keywords => "keywords",
        }
    }

    /// The rule of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.name() == name)
    }
}

/// What rules read from a text; nothing of those that were not asked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RuleReading {
    /// The language; `Some(None)` where nobody could know.
    pub language: Option<Option<Language>>,
    /// Private data.
    pub private_data: Option<Vec<Found>>,
    /// The text without it, where there is any.
    pub redacted: Option<String>,
    /// The keywords, those that say most first.
    pub keywords: Option<Vec<Keyword>>,
}

impl RuleReading {
    /// Reads a text by some rules.
    #[must_use]
    pub fn new(text: &str, rules: &[Rule]) -> Self {
        let mut reading = Self::default();
        for rule in rules {
            match rule {
                Rule::Language => reading.language = Some(language(text)),
                Rule::PrivateData => {
                    let found = private_data(text);
                    reading.redacted = (!found.is_empty()).then(|| redacted(text, &found));
                    reading.private_data = Some(found);
                }
                Rule::Keywords => reading.keywords = Some(keywords(text, MOST_KEYWORDS)),
            }
        }
        reading
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_asked() {
        let text = "Please write to me@example.org about the garden";
        assert_eq!(RuleReading::new(text, &[]), RuleReading::default());
        let found = RuleReading::new(text, &[Rule::PrivateData]);
        assert_eq!(found.redacted.as_deref(), Some("Please write to [EMAIL] about the garden"));
        assert_eq!((found.language, found.keywords), (None, None));
        let found = RuleReading::new(text, &Rule::ALL);
        assert_eq!(found.language.flatten().map(|language| language.code), Some("en"));
        assert!(found.keywords.is_some_and(|words| words.iter().any(|word| word.text == "garden")));
        assert_eq!(RuleReading::new("", &[Rule::Language]).language, Some(None));
        assert!(Rule::ALL.iter().all(|rule| Rule::named(rule.name()) == Some(*rule)));
        assert_eq!(Rule::named("weather"), None);
    }
}
