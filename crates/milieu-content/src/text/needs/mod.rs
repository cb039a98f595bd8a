//! What whoever writes a text is after: from the labels of models, from labelled parts, and from cues in the text itself.

mod signs;

use super::TextPart;
use crate::classes::Class;
use milieu_text::{PhraseError, PhraseFound, Phrases};
use serde::{Deserialize, Serialize};
use signs::{EITHER, NEEDS, NEGATIONS, signs};
use std::collections::{BTreeMap, HashMap};

/// What a need is recognised by.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NeedSigns {
    /// Labels of whole texts: a label of any model, or `MODEL/label`. Their case and what joins their words do not matter.
    pub labels: Vec<String>,
    /// Labels of parts of texts, alike.
    pub parts: Vec<String>,
    /// Phrases of the text, see [`Phrases`].
    pub cues: Vec<String>,
}

/// The needs that are looked for, each with its signs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, NeedSigns>", into = "BTreeMap<String, NeedSigns>")]
pub struct Needs {
    /// What was said beside the needs that are known from the start.
    said: BTreeMap<String, NeedSigns>,
    signs: Signs,
}

/// All signs, the way they are looked up.
#[derive(Debug, Clone, PartialEq, Default)]
struct Signs {
    /// The names of the needs.
    names: Vec<String>,
    /// Which needs a label stands for, by its plain name.
    labels: HashMap<String, Vec<usize>>,
    parts: HashMap<String, Vec<usize>>,
    cues: Phrases,
    /// The need of each cue.
    need_of: Vec<usize>,
    negations: Phrases,
    either: Phrases,
}

/// What one version of a model says of a text.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The name of the model.
    pub model: &'a str,
    /// Its version.
    pub version: u32,
    /// The classes of the text, the most probable first.
    pub classes: &'a [Class],
    /// Its labelled parts.
    pub parts: &'a [TextPart],
}

/// A need that a text shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Need {
    /// Its name.
    pub name: String,
    /// How probable its best label or part is, 0 to 1; none where only cues speak for it.
    pub score: Option<f64>,
    /// What speaks for it.
    pub by: Vec<NeedSign>,
}

/// What a need was recognised by.
#[derive(Debug, Clone, PartialEq)]
pub enum NeedSign {
    /// A label of the text.
    Label {
        /// The name of the model.
        model: String,
        /// Its version.
        version: u32,
        /// The label.
        label: String,
        /// How probable it is, 0 to 1.
        probability: f64,
    },
    /// A labelled part.
    Part {
        /// The name of the model.
        model: String,
        /// Its version.
        version: u32,
        /// The part.
        part: TextPart,
    },
    /// A phrase of the text, in characters (Unicode scalar values) of it.
    Cue {
        /// As it is written.
        text: String,
        /// Its first character.
        start: usize,
        /// The character behind its last.
        end: usize,
    },
}

/// Signs that nothing can be recognised by.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NeedsError {
    /// A name that is none.
    #[error("{0:?} is no name of a need: it is written in letters, digits, '_' and '-'")]
    Name(String),
    /// A cue that is no phrase.
    #[error("a cue of {need}: {source}")]
    Cue {
        /// Of which need.
        need: String,
        /// Why.
        source: PhraseError,
    },
}

impl Needs {
    /// The needs that are known from the start, and these: one of a known name takes its place, and one without signs is
    /// not looked for.
    ///
    /// # Errors
    /// [`NeedsError`].
    pub fn new(said: BTreeMap<String, NeedSigns>) -> Result<Self, NeedsError> {
        let signs = Signs::new(&said)?;
        Ok(Self { said, signs })
    }

    /// Whether a label of a whole text or of a part of one says something of a need.
    #[must_use]
    pub fn knows(&self, model: &str, label: &str) -> bool {
        [&self.signs.labels, &self.signs.parts]
            .into_iter()
            .any(|known| needs_of(known, model, label).next().is_some())
    }

    /// The needs that a text shows, by its cues and by what models say of it: those with a score first, the highest
    /// first, then the others in the order of the text.
    #[must_use]
    pub fn read(&self, text: &str, evidence: &[Evidence<'_>]) -> Vec<Need> {
        let signs = &self.signs;
        let mut found: BTreeMap<usize, Vec<NeedSign>> = BTreeMap::new();
        for &Evidence { model, version, classes, parts } in evidence {
            for (place, class) in classes.iter().enumerate() {
                if !class.applies.unwrap_or(place == 0) {
                    continue;
                }
                for need in needs_of(&signs.labels, model, &class.label) {
                    let (label, probability) = (class.label.clone(), class.probability);
                    let sign = NeedSign::Label { model: model.to_owned(), version, label, probability };
                    found.entry(need).or_default().push(sign);
                }
            }
            for part in parts {
                for need in needs_of(&signs.parts, model, &part.label) {
                    let sign = NeedSign::Part { model: model.to_owned(), version, part: part.clone() };
                    found.entry(need).or_default().push(sign);
                }
            }
        }
        let cues = signs.cues_of(text);
        let characters: Vec<char> = if cues.is_empty() { Vec::new() } else { text.chars().collect() };
        for PhraseFound { phrase, start, end, .. } in cues {
            let text = characters.get(start..end).unwrap_or_default().iter().collect();
            if let Some(&need) = signs.need_of.get(phrase) {
                found.entry(need).or_default().push(NeedSign::Cue { text, start, end });
            }
        }
        let mut needs: Vec<Need> = found
            .into_iter()
            .filter_map(|(need, by)| {
                Some(Need { name: signs.names.get(need)?.clone(), score: score(&by), by })
            })
            .collect();
        needs.sort_by(|one, other| {
            let known = |need: &Need| need.score.unwrap_or(-1.0);
            known(other).total_cmp(&known(one)).then(first(one).cmp(&first(other)))
        });
        needs
    }
}

impl Signs {
    fn new(said: &BTreeMap<String, NeedSigns>) -> Result<Self, NeedsError> {
        let own = |row: &'static str| signs(row).map(str::to_owned).collect::<Vec<_>>();
        let known = NEEDS.iter().filter(|known| !said.contains_key(known.name)).map(|known| {
            let signs = NeedSigns { labels: own(known.labels), parts: Vec::new(), cues: own(known.cues) };
            (known.name.to_owned(), signs)
        });
        let given = said.iter().map(|(name, signs)| (name.clone(), signs.clone()));
        let mut found = Self::default();
        let mut cues = Vec::new();
        for (name, signs) in known.chain(given) {
            let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
            if name.is_empty() || !name.chars().all(is_name) {
                return Err(NeedsError::Name(name));
            }
            let need = found.names.len();
            for (of, to) in [(&signs.labels, &mut found.labels), (&signs.parts, &mut found.parts)] {
                of.iter().for_each(|label| to.entry(plain_name(label)).or_default().push(need));
            }
            found.need_of.extend(signs.cues.iter().map(|_| need));
            phrases(&name, signs.cues.iter().map(String::as_str))?;
            cues.extend(signs.cues);
            found.names.push(name);
        }
        found.cues = phrases("", cues.iter().map(String::as_str))?;
        found.negations = phrases("", signs(NEGATIONS))?;
        found.either = phrases("", signs(EITHER))?;
        Ok(found)
    }

    /// The cues of a text that are not turned around.
    fn cues_of(&self, text: &str) -> Vec<PhraseFound> {
        let mut cues = self.cues.find(text);
        if cues.is_empty() {
            return cues;
        }
        let either = self.either.find(text);
        let mut negations = self.negations.find(text);
        negations.retain(|no| {
            let within = |other: &PhraseFound| {
                other.tokens.start <= no.tokens.start && no.tokens.end <= other.tokens.end
            };
            !either.iter().any(within)
        });
        cues.retain(|cue| !negations.iter().any(|no| no.tokens.end == cue.tokens.start));
        cues
    }
}

impl Default for Needs {
    fn default() -> Self {
        let said = BTreeMap::new();
        // The signs that are known from the start are right, to which a test sees.
        let signs = Signs::new(&said).unwrap_or_default();
        Self { said, signs }
    }
}

impl TryFrom<BTreeMap<String, NeedSigns>> for Needs {
    type Error = NeedsError;

    fn try_from(said: BTreeMap<String, NeedSigns>) -> Result<Self, NeedsError> {
        Self::new(said)
    }
}

impl From<Needs> for BTreeMap<String, NeedSigns> {
    fn from(needs: Needs) -> Self {
        needs.said
    }
}

/// The cues of a need.
fn phrases<'a>(need: &str, cues: impl IntoIterator<Item = &'a str>) -> Result<Phrases, NeedsError> {
    Phrases::new(cues).map_err(|source| NeedsError::Cue { need: need.to_owned(), source })
}

/// A label in lower case, without what joins its words: `BookRestaurant` and `book_restaurant` are one.
fn plain_name(label: &str) -> String {
    label.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect()
}

/// The needs that a label stands for, said of all models or of this one.
fn needs_of<'a>(
    known: &'a HashMap<String, Vec<usize>>,
    model: &str,
    label: &str,
) -> impl Iterator<Item = usize> + 'a {
    let label = plain_name(label);
    let of_one = known.get(&format!("{}/{label}", plain_name(model)));
    known.get(&label).into_iter().chain(of_one).flatten().copied()
}

fn score(by: &[NeedSign]) -> Option<f64> {
    let scores = by.iter().filter_map(|sign| match sign {
        NeedSign::Label { probability, .. } => Some(*probability),
        NeedSign::Part { part, .. } => Some(part.score),
        NeedSign::Cue { .. } => None,
    });
    scores.max_by(f64::total_cmp)
}

/// Where the first cue of a need stands.
fn first(need: &Need) -> Option<usize> {
    need.by.iter().find_map(|sign| match sign {
        NeedSign::Cue { start, .. } => Some(*start),
        _ => None,
    })
}

#[cfg(test)]
mod tests;
