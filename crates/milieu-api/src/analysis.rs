//! What content says, on the wire: what a picture shows, and what texts say.

use crate::{ApiError, parse};
use milieu_types::ErrorCode;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;

/// Texts of a request.
const MOST_TEXTS: usize = 1000;
/// Texts of a request whose words are asked about too.
const MOST_EXPLAINED: usize = 32;

/// What a picture shows.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ImageAnalysis {
    /// The model that says so.
    pub model: String,
    /// Its version.
    pub version: u32,
    /// Pixels across of the picture, turned upright.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// The classes, the most probable first.
    pub labels: Vec<ClassLabel>,
    /// How long it took, from the whole body to the answer.
    pub milliseconds: f64,
}

/// A class and how probable it is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ClassLabel {
    /// Its name; its number where the model has no names.
    pub label: String,
    /// 0 to 1, calibrated where the model knows its temperature.
    pub probability: f64,
    /// Whether the model says that it applies, where an example may have any number of classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applies: Option<bool>,
}

/// Texts, and what is asked about them.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AnalyzeText)]
pub struct TextRequest {
    /// One text.
    text: Option<String>,
    /// Or several, up to 1000.
    texts: Option<Vec<String>>,
    /// The names of models, and of what is read beside: `language`, `private_data`, `keywords`, `needs`. All of them where
    /// it is left out.
    tasks: Option<BTreeSet<String>>,
    /// How many labels of each, 1 to 1000; 5 where it is left out.
    top: Option<usize>,
    /// Such as a user's id: requests of one key are answered by one version.
    key: Option<String>,
    /// Whether to say which words moved the first label of each task, for up to 32 texts. Each word is left out once, which
    /// takes as many runs of the model.
    #[serde(default)]
    explain: bool,
}

/// What is asked about texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextIn {
    /// The texts, one or more.
    pub texts: Vec<String>,
    /// The names of models and rules, each once; `None` for all.
    pub tasks: Option<BTreeSet<String>>,
    /// How many labels of each.
    pub top: usize,
    /// Requests of one key are answered by one version.
    pub key: Option<String>,
    /// Whether to say which words moved labels.
    pub explain: bool,
}

/// Reads what is asked about texts.
///
/// # Errors
/// [`ErrorCode::InvalidJson`], [`ErrorCode::InvalidParameter`], [`ErrorCode::BatchTooLarge`].
pub fn read_texts(body: &[u8]) -> Result<TextIn, ApiError> {
    let invalid = |field: &str, message: &str| Err(ApiError::at(ErrorCode::InvalidParameter, field, message));
    let TextRequest { text, texts, tasks, top, key, explain } =
        parse::one(body, ErrorCode::InvalidParameter)?;
    let (field, texts) = match (text, texts) {
        (Some(text), None) => ("text", vec![text]),
        (None, Some(texts)) => ("texts", texts),
        _ => return invalid("text", "either text or texts is needed"),
    };
    if texts.is_empty() {
        return invalid("texts", "holds no text");
    }
    if texts.len() > MOST_TEXTS {
        let message = format!("holds {} entries, the limit is {MOST_TEXTS}", texts.len());
        return Err(ApiError::at(ErrorCode::BatchTooLarge, field, message));
    }
    if explain && texts.len() > MOST_EXPLAINED {
        let message =
            format!("words are told for up to {MOST_EXPLAINED} texts, and there are {}", texts.len());
        return Err(ApiError::at(ErrorCode::BatchTooLarge, field, message));
    }
    let top = top.unwrap_or(5);
    if !(1..=1000).contains(&top) {
        return invalid("top", "must be 1 to 1000");
    }
    if tasks.as_ref().is_some_and(BTreeSet::is_empty) {
        return invalid("tasks", "names no model");
    }
    Ok(TextIn { texts, tasks, top, key, explain })
}

/// What texts say.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TextAnalysis {
    /// Of each text, in order.
    pub results: Vec<TextResult>,
    /// How long it took, from the whole body to the answer.
    pub milliseconds: f64,
}

/// What a text says.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct TextResult {
    /// By the name of each model that was asked.
    pub tasks: BTreeMap<String, TextLabels>,
    /// The language, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<TextLanguage>,
    /// Addresses, numbers of phones and cards and the like in the order of the text, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_data: Option<Vec<PrivateSpan>>,
    /// The text with `[EMAIL]` and the like in the place of private data, where there is any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redacted: Option<String>,
    /// What the text is about, what says most first, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keywords: Option<Vec<TextKeyword>>,
    /// What whoever wrote the text is after, where it was asked for: what models are surest of first, then what only cues
    /// speak for, in the order of the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs: Option<Vec<TextNeed>>,
}

/// What somebody is after.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TextNeed {
    /// Its name.
    pub need: String,
    /// How probable the best of what models say for it is, 0 to 1; null where only cues speak for it.
    pub score: Option<f64>,
    /// What it was recognised by.
    pub by: Vec<NeedSign>,
}

/// What a need was recognised by: a label of a model, a part that a model labelled, or a cue.
#[derive(Debug, Clone, PartialEq, Default, Serialize, ToSchema)]
pub struct NeedSign {
    /// The name of the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// The label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// How probable it is, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// The part, or the cue as it is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Its first character. Characters are Unicode scalar values of the text as it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<usize>,
    /// The character behind its last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<usize>,
}

/// The language of most of a text.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct TextLanguage {
    /// Its code of ISO 639-1, or of ISO 639-3 where there is no shorter one; null where nobody could know.
    pub code: Option<&'static str>,
    /// The script of most of the text, by ISO 15924.
    pub script: Option<&'static str>,
    /// 0 to 1.
    pub confidence: f64,
    /// Whether that is enough to build on.
    pub reliable: bool,
}

/// Private data in a text.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PrivateSpan {
    /// `email`, `phone`, `card`, `iban`, `resident_id`, `ssn` or `ip_address`.
    pub kind: &'static str,
    /// Its first character. Characters are Unicode scalar values of the text as it was sent.
    pub start: usize,
    /// The character behind its last.
    pub end: usize,
}

/// A word, or a few that belong together, that a text is about.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TextKeyword {
    /// As it is written where it comes first.
    pub text: String,
    /// Its first character. Characters are Unicode scalar values of the text as it was sent.
    pub start: usize,
    /// The character behind its last.
    pub end: usize,
    /// How much it says, beside the others of the text.
    pub weight: f64,
}

/// What a model says of a text.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TextLabels {
    /// The version of the model.
    pub version: u32,
    /// The classes, the most probable first; none where there is nothing to be seen in the text.
    pub labels: Vec<ClassLabel>,
    /// Which words moved the first label, where that was asked for and there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanation: Option<ExplainedLabel>,
    /// The labelled parts of the text in order, such as the place and the time of a request; absent where the model finds
    /// none in any text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slots: Option<Vec<SlotLabel>>,
}

/// Which words moved a label.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ExplainedLabel {
    /// The label.
    pub label: String,
    /// The words that move it most, the strongest first, up to 10.
    pub words: Vec<MovingWord>,
}

/// A word, or some of a long text's words together, and how it moves a label.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MovingWord {
    /// As it is written.
    pub text: String,
    /// Its first character. Characters are Unicode scalar values of the text as it was sent.
    pub start: usize,
    /// The character behind its last.
    pub end: usize,
    /// By how much the log odds of the label fall without it; less than 0 where it speaks against the label.
    pub weight: f64,
}

/// A labelled part of a text.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SlotLabel {
    /// Its label.
    pub label: String,
    /// Its first character. Characters are Unicode scalar values of the text as it was sent: a letter and an accent that is
    /// written for itself are two, an emoji with a colour of skin as well.
    pub start: usize,
    /// The character behind its last.
    pub end: usize,
    /// Its characters, as they were sent.
    pub text: String,
    /// How probable it is that just this is a part with this label, 0 to 1.
    pub score: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_about_texts() {
        fn check(body: &str, expected: Result<(usize, usize), (ErrorCode, &str)>) {
            let found = read_texts(body.as_bytes());
            let found = found.as_ref().map(|asked| (asked.texts.len(), asked.top));
            let found = found.map_err(|error| (error.code, error.field.as_deref().unwrap_or("")));
            assert_eq!(found, expected, "{body}");
        }
        check(r#"{"text":""}"#, Ok((1, 5)));
        check(r#"{"texts":["a","b"],"tasks":["x"],"top":2,"key":"u"}"#, Ok((2, 2)));
        let invalid = |field| Err((ErrorCode::InvalidParameter, field));
        check(r#"{}"#, invalid("text"));
        check(r#"{"text":"a","texts":["b"]}"#, invalid("text"));
        check(r#"{"texts":[]}"#, invalid("texts"));
        check(r#"{"text":"a","explain":true}"#, Ok((1, 5)));
        check(r#"{"text":"a","top":0}"#, invalid("top"));
        check(r#"{"text":"a","tasks":[]}"#, invalid("tasks"));
        check(r#"{"text":7}"#, invalid("text"));
        check(r#"{"text":"a","words":1}"#, invalid("words"));
        check("{\"text\":\"a", Err((ErrorCode::InvalidJson, "text")));
        let many = serde_json::json!({"texts": vec!["a"; MOST_TEXTS + 1]}).to_string();
        check(&many, Err((ErrorCode::BatchTooLarge, "texts")));
        let many = serde_json::json!({"texts": vec!["a"; MOST_EXPLAINED + 1], "explain": true}).to_string();
        check(&many, Err((ErrorCode::BatchTooLarge, "texts")));
    }
}
