//! What harms: the labels of classifiers as categories of moderation.

use crate::classes::Class;
use std::collections::BTreeMap;

/// What a text may do to those who read it, as OpenAI's moderation calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Category {
    Harassment,
    HarassmentThreatening,
    Hate,
    HateThreatening,
    Illicit,
    IllicitViolent,
    SelfHarm,
    SelfHarmIntent,
    SelfHarmInstructions,
    Sexual,
    SexualMinors,
    Violence,
    ViolenceGraphic,
}

/// Every category, by the name that OpenAI gives it.
const NAMES: [(&str, Category); 13] = [
    ("harassment", Category::Harassment),
    ("harassment/threatening", Category::HarassmentThreatening),
    ("hate", Category::Hate),
    ("hate/threatening", Category::HateThreatening),
    ("illicit", Category::Illicit),
    ("illicit/violent", Category::IllicitViolent),
    ("self-harm", Category::SelfHarm),
    ("self-harm/intent", Category::SelfHarmIntent),
    ("self-harm/instructions", Category::SelfHarmInstructions),
    ("sexual", Category::Sexual),
    ("sexual/minors", Category::SexualMinors),
    ("violence", Category::Violence),
    ("violence/graphic", Category::ViolenceGraphic),
];

/// What data sets call them otherwise.
const OTHERWISE: [(&str, Category); 20] = [
    ("abuse", Category::Harassment),
    ("abusive", Category::Harassment),
    ("bullying", Category::Harassment),
    ("insult", Category::Harassment),
    ("obscene", Category::Harassment),
    ("offensive", Category::Harassment),
    ("profanity", Category::Harassment),
    ("severe-toxic", Category::Harassment),
    ("severe-toxicity", Category::Harassment),
    ("toxic", Category::Harassment),
    ("toxicity", Category::Harassment),
    ("threat", Category::HarassmentThreatening),
    ("hate-speech", Category::Hate),
    ("hateful", Category::Hate),
    ("hatespeech", Category::Hate),
    ("identity-attack", Category::Hate),
    ("identity-hate", Category::Hate),
    ("nsfw", Category::Sexual),
    ("sexual-explicit", Category::Sexual),
    ("sexually-explicit", Category::Sexual),
];

/// What is said of a category.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// 0 to 1.
    pub probability: f64,
    /// Whether it applies: by the threshold of its label, or as the first of labels of which a text has one.
    pub applies: bool,
}

impl Category {
    /// All of them, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|&(_, category)| category)
    }

    /// The category of this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|&(_, category)| category)
    }

    /// The category that a label stands for, whatever its case and whether its words are joined by `_`, `-` or a space;
    /// none where it stands for something harmless or something else.
    #[must_use]
    pub fn of_label(label: &str) -> Option<Self> {
        let name = spelled(label);
        NAMES.iter().chain(&OTHERWISE).find(|(known, _)| *known == name).map(|&(_, category)| category)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, category)| *category == self).map_or("", |(name, _)| name)
    }
}

/// A label as all its spellings are told apart from others: in lower case, with `-` between words.
pub(super) fn spelled(label: &str) -> String {
    label.chars().map(|c| if matches!(c, '_' | ' ') { '-' } else { c.to_ascii_lowercase() }).collect()
}

/// Adds what the classes of a text, the most probable first, say of categories, `of` being the one that a label stands for:
/// of several labels of one category, the most probable counts.
pub fn judge(
    classes: &[Class],
    of: impl Fn(&str) -> Option<Category>,
    verdicts: &mut BTreeMap<Category, Verdict>,
) {
    for (place, class) in classes.iter().enumerate() {
        let Some(category) = of(&class.label) else { continue };
        let applies = class.applies.unwrap_or(place == 0);
        let verdict = verdicts.entry(category).or_insert(Verdict { probability: 0.0, applies: false });
        verdict.probability = verdict.probability.max(class.probability);
        verdict.applies |= applies;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_as_categories() {
        fn check(label: &str, expected: Option<&str>) {
            assert_eq!(Category::of_label(label).map(Category::name), expected, "{label}");
        }
        check("Hate", Some("hate"));
        check("identity_hate", Some("hate"));
        check("hate speech", Some("hate"));
        check("offensive", Some("harassment"));
        check("severe_toxic", Some("harassment"));
        check("Sexual/Minors", Some("sexual/minors"));
        check("self-harm", Some("self-harm"));
        for label in ["not-offensive", "non-hate", "neutral", "joy", "", "hate-"] {
            check(label, None);
        }
        let known: std::collections::HashSet<&str> =
            NAMES.iter().chain(&OTHERWISE).map(|(name, _)| *name).collect();
        assert_eq!(known.len(), NAMES.len() + OTHERWISE.len());
    }

    #[test]
    fn what_classes_say() {
        let class =
            |label: &str, probability, applies| Class { label: label.to_owned(), probability, applies };
        let mut found = BTreeMap::new();
        // One of two: the first is it.
        let mut judge = |classes: &[Class]| {
            super::judge(classes, Category::of_label, &mut found);
            found.clone()
        };
        let found = judge(&[class("non-hate", 0.7, None), class("hate", 0.3, None)]);
        assert_eq!(found[&Category::Hate], Verdict { probability: 0.3, applies: false });
        let found = judge(&[class("hate", 0.6, None), class("non-hate", 0.4, None)]);
        assert_eq!(found[&Category::Hate], Verdict { probability: 0.6, applies: true });
        // Any number of them: by their thresholds.
        let found = judge(&[class("insult", 0.4, Some(true)), class("toxic", 0.7, Some(false))]);
        assert_eq!(found[&Category::Harassment], Verdict { probability: 0.7, applies: true });
        assert_eq!(found.len(), 2);
    }
}
