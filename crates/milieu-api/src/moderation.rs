//! What harms in texts, on the wire of other servers: OpenAI's `/v1/moderations`, and `comments:analyze` of Perspective.

use crate::doors::Texts;
use crate::{ApiError, parse};
use milieu_types::ErrorCode;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;

/// A request to OpenAI's `/v1/moderations`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModerationRequest {
    /// The texts, up to 1000.
    input: ModerationInput,
    /// A model here; OpenAI's names, and none, stand for all that know what harms.
    model: Option<String>,
}

/// What is to be judged.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum ModerationInput {
    /// Texts as they are.
    Texts(Texts),
    /// Or as the parts of a message, which are judged together.
    Parts(Vec<ModerationPart>),
}

/// A part of a message.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModerationPart {
    /// `text`.
    r#type: String,
    /// The text.
    text: Option<String>,
}

/// Texts that are to be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModerationIn {
    /// The texts, one or more.
    pub texts: Vec<String>,
    /// The model; `None` for all that know what harms.
    pub model: Option<String>,
}

/// Reads a request to `/v1/moderations`.
///
/// # Errors
/// [`ErrorCode::InvalidJson`], [`ErrorCode::InvalidParameter`], [`ErrorCode::BatchTooLarge`].
pub fn read_moderation(body: &[u8]) -> Result<ModerationIn, ApiError> {
    let ModerationRequest { input, model } = parse::one(body, ErrorCode::InvalidParameter)?;
    let texts = match input {
        ModerationInput::Texts(texts) => texts.bounded("input")?.0,
        ModerationInput::Parts(parts) => {
            let text = |(place, part): (usize, ModerationPart)| match part {
                ModerationPart { r#type, text: Some(text) } if r#type == "text" => Ok(text),
                _ => {
                    let field = format!("input[{place}].type");
                    let message = "only parts of the type text are judged here";
                    Err(ApiError::at(ErrorCode::InvalidParameter, &field, message))
                }
            };
            vec![parts.into_iter().enumerate().map(text).collect::<Result<Vec<_>, _>>()?.join("\n")]
        }
    };
    let of_openai =
        |name: &String| name.starts_with("omni-moderation") || name.starts_with("text-moderation");
    Ok(ModerationIn { texts, model: model.filter(|name| !of_openai(name)) })
}

/// The answer of `/v1/moderations`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Moderations {
    /// Of this answer.
    pub id: String,
    /// The models that judged, with their versions: `NAME@VERSION`, joined by `+`.
    pub model: String,
    /// Of each text, in order.
    pub results: Vec<Moderation>,
}

/// What harms in a text.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Moderation {
    /// Whether anything does.
    pub flagged: bool,
    /// Whether each category applies. Only those are there that a model knows.
    pub categories: BTreeMap<&'static str, bool>,
    /// How probable each is.
    pub category_scores: BTreeMap<&'static str, f64>,
}

/// A request to `comments:analyze` of Perspective; what it holds beside this is not needed here.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommentRequest {
    /// The comment.
    comment: Comment,
    /// What is to be said of it, such as `TOXICITY`.
    requested_attributes: BTreeMap<String, AttributeRequest>,
    /// Comes back in the answer.
    client_token: Option<String>,
}

/// A comment.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct Comment {
    /// Its text.
    text: String,
}

/// How an attribute is wanted.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttributeRequest {
    /// Scores below it are left out.
    score_threshold: Option<f64>,
}

/// A comment that is to be judged.
#[derive(Debug, Clone, PartialEq)]
pub struct CommentIn {
    /// Its text.
    pub text: String,
    /// The attributes that are wanted, each with the least score that is told.
    pub attributes: BTreeMap<String, f64>,
    /// Comes back in the answer.
    pub token: Option<String>,
}

/// Reads a request to `comments:analyze`.
///
/// # Errors
/// [`ErrorCode::InvalidJson`], [`ErrorCode::InvalidParameter`].
pub fn read_comment(body: &[u8]) -> Result<CommentIn, ApiError> {
    let CommentRequest { comment, requested_attributes, client_token } =
        parse::one(body, ErrorCode::InvalidParameter)?;
    if requested_attributes.is_empty() {
        let message = "names no attribute";
        return Err(ApiError::at(ErrorCode::InvalidParameter, "requestedAttributes", message));
    }
    let least = |request: AttributeRequest| request.score_threshold.unwrap_or(0.0);
    let attributes = requested_attributes.into_iter().map(|(name, request)| (name, least(request)));
    Ok(CommentIn { text: comment.text, attributes: attributes.collect(), token: client_token })
}

/// The answer of `comments:analyze`.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommentScores {
    /// By their names.
    pub attribute_scores: BTreeMap<String, AttributeScore>,
    /// The languages that it was judged in.
    pub languages: Vec<String>,
    /// As it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_token: Option<String>,
}

/// What is said of an attribute.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttributeScore {
    /// Of the whole comment.
    pub summary_score: Score,
    /// Of its parts: here one, which is the whole.
    pub span_scores: Vec<SpanScore>,
}

/// A part of a comment, and what is said of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SpanScore {
    /// Its first character (Unicode scalar value).
    pub begin: usize,
    /// The character behind it.
    pub end: usize,
    /// What is said of it.
    pub score: Score,
}

/// How probable it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct Score {
    /// 0 to 1.
    pub value: f64,
    /// Always `PROBABILITY`.
    pub r#type: &'static str,
}

impl CommentScores {
    /// The answer for these probabilities of a text's attributes.
    #[must_use]
    pub fn new(
        asked: &CommentIn,
        probabilities: &BTreeMap<String, f64>,
        languages: BTreeSet<String>,
    ) -> Self {
        let told = asked.attributes.iter().filter_map(|(name, &least)| {
            let value = *probabilities.get(name).filter(|&&value| value >= least)?;
            let score = Score { value, r#type: "PROBABILITY" };
            let whole = SpanScore { begin: 0, end: asked.text.chars().count(), score };
            Some((name.clone(), AttributeScore { summary_score: score, span_scores: vec![whole] }))
        });
        Self {
            attribute_scores: told.collect(),
            languages: languages.into_iter().collect(),
            client_token: asked.token.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_to_be_judged() {
        fn check(body: &str, expected: Result<(&[&str], Option<&str>), &str>) {
            let found = read_moderation(body.as_bytes());
            let found = found.as_ref().map(|asked| (asked.texts.clone(), asked.model.as_deref()));
            let expected = expected
                .map(|(texts, model)| (texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>(), model));
            assert_eq!(found.map_err(|error| error.field.as_deref().unwrap_or("")), expected, "{body}");
        }
        check(r#"{"input":"a"}"#, Ok((&["a"], None)));
        check(r#"{"input":["a","b"],"model":"omni-moderation-latest"}"#, Ok((&["a", "b"], None)));
        check(r#"{"input":"a","model":"toxicity"}"#, Ok((&["a"], Some("toxicity"))));
        check(r#"{"input":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}"#, Ok((&["a\nb"], None)));
        check(r#"{"input":[{"type":"image_url"}]}"#, Err("input[0].type"));
        check(r#"{"input":[]}"#, Err("input"));
        check(r#"{"input":7}"#, Err("input"));
        check(r#"{"model":"a"}"#, Err("input"));
    }

    #[test]
    fn comments() {
        let body = r#"{"comment":{"text":"hé"},"requestedAttributes":{"TOXICITY":{},"INSULT":{"scoreThreshold":0.5}},
            "languages":["en"],"doNotStore":true,"clientToken":"t"}"#;
        let asked = read_comment(body.as_bytes()).unwrap();
        assert_eq!(asked.attributes["INSULT"], 0.5);
        let probabilities = BTreeMap::from([("TOXICITY".to_owned(), 0.25), ("INSULT".to_owned(), 0.25)]);
        let found = CommentScores::new(&asked, &probabilities, BTreeSet::from(["en".to_owned()]));
        let score = serde_json::json!({"value": 0.25, "type": "PROBABILITY"});
        let expected = serde_json::json!({
            "attributeScores": {"TOXICITY": {
                "summaryScore": score, "spanScores": [{"begin": 0, "end": 2, "score": score}],
            }},
            "languages": ["en"], "clientToken": "t",
        });
        assert_eq!(serde_json::to_value(found).unwrap(), expected);
        for (body, field) in [
            (r#"{"comment":{"text":"a"},"requestedAttributes":{}}"#, "requestedAttributes"),
            (r#"{"comment":{},"requestedAttributes":{"TOXICITY":{}}}"#, "comment.text"),
            (r#"{"requestedAttributes":{"TOXICITY":{}}}"#, "comment"),
        ] {
            assert_eq!(read_comment(body.as_bytes()).unwrap_err().field.as_deref(), Some(field), "{body}");
        }
    }
}
