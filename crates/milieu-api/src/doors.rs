//! The wire of other servers, for clients that are written for them: vectors as OpenAI's `/v1/embeddings` gives them, and
//! `/embed` and `/predict` of text-embeddings-inference.

use crate::{ApiError, parse};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use milieu_types::ErrorCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Texts of a request.
const MOST_TEXTS: usize = 1000;

/// One text or several.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Texts {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

/// How numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VectorEncoding {
    /// As numbers.
    #[default]
    Float,
    /// As the bytes of 32-bit floats, the lowest first, in base 64.
    Base64,
}

/// A request to OpenAI's `/v1/embeddings`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmbeddingsRequest {
    /// The texts, up to 1000.
    input: Texts,
    /// The model; the only one that makes vectors where it is left out.
    model: Option<String>,
    /// How numbers are written.
    #[serde(default)]
    encoding_format: VectorEncoding,
    /// Such as a user's id: requests of one user are answered by one version.
    user: Option<String>,
}

/// Texts whose vectors are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddingsIn {
    /// The texts, one or more.
    pub texts: Vec<String>,
    /// The model.
    pub model: Option<String>,
    /// How numbers are written.
    pub encoding: VectorEncoding,
    /// Requests of one key are answered by one version.
    pub key: Option<String>,
}

/// Reads a request to `/v1/embeddings`.
///
/// # Errors
/// [`ErrorCode::InvalidJson`], [`ErrorCode::InvalidParameter`], [`ErrorCode::BatchTooLarge`].
pub fn read_embeddings(body: &[u8]) -> Result<EmbeddingsIn, ApiError> {
    let EmbeddingsRequest { input, model, encoding_format: encoding, user: key } =
        parse::one(body, ErrorCode::InvalidParameter)?;
    Ok(EmbeddingsIn { texts: input.bounded("input")?.0, model, encoding, key })
}

/// The answer of `/v1/embeddings`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Embeddings {
    /// Always `list`.
    pub object: &'static str,
    /// Of each text, in order.
    pub data: Vec<Embedding>,
    /// The model.
    pub model: String,
    /// What was read.
    pub usage: Usage,
}

/// The vector of a text.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Embedding {
    /// Always `embedding`.
    pub object: &'static str,
    /// Which text, from 0.
    pub index: usize,
    /// The vector, of length 1.
    pub embedding: Vector,
}

/// A vector as numbers, or as base 64.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Vector {
    /// As numbers.
    Float(Vec<f32>),
    /// As text.
    Base64(String),
}

/// What was read.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct Usage {
    /// Tokens of all texts.
    pub prompt_tokens: usize,
    /// The same: nothing is written.
    pub total_tokens: usize,
}

impl Embeddings {
    /// The answer for these vectors.
    #[must_use]
    pub fn new(model: String, vectors: Vec<Vec<f32>>, tokens: usize, encoding: VectorEncoding) -> Self {
        let data = vectors.into_iter().enumerate().map(|(index, vector)| Embedding {
            object: "embedding",
            index,
            embedding: match encoding {
                VectorEncoding::Float => Vector::Float(vector),
                VectorEncoding::Base64 => Vector::Base64(
                    BASE64_STANDARD.encode(vector.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>()),
                ),
            },
        });
        let usage = Usage { prompt_tokens: tokens, total_tokens: tokens };
        Self { object: "list", data: data.collect(), model, usage }
    }
}

/// A request to `/embed` or `/predict` of text-embeddings-inference.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct InferenceRequest {
    /// The texts, up to 1000.
    inputs: Texts,
    /// Whether vectors are brought to length 1; they always are.
    normalize: Option<bool>,
}

/// Texts as `/embed` and `/predict` take them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InferenceIn {
    /// The texts, one or more.
    pub texts: Vec<String>,
    /// Whether it was one and not a list.
    pub single: bool,
}

/// Reads a request to `/embed` or `/predict`.
///
/// # Errors
/// [`ErrorCode::InvalidJson`], [`ErrorCode::InvalidParameter`], [`ErrorCode::BatchTooLarge`].
pub fn read_inference(body: &[u8]) -> Result<InferenceIn, ApiError> {
    let InferenceRequest { inputs, normalize } = parse::one(body, ErrorCode::InvalidParameter)?;
    if normalize == Some(false) {
        let message = "vectors are always of length 1 here";
        return Err(ApiError::at(ErrorCode::InvalidParameter, "normalize", message));
    }
    let (texts, single) = inputs.bounded("inputs")?;
    Ok(InferenceIn { texts, single })
}

/// A label as `/predict` says it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Prediction {
    /// How probable it is.
    pub score: f64,
    /// Its name.
    pub label: String,
}

impl Texts {
    /// The texts, and whether it was one.
    pub(crate) fn bounded(self, field: &str) -> Result<(Vec<String>, bool), ApiError> {
        let texts = match self {
            Self::One(text) => return Ok((vec![text], true)),
            Self::Many(texts) => texts,
        };
        if texts.is_empty() {
            return Err(ApiError::at(ErrorCode::InvalidParameter, field, "holds no text"));
        }
        if texts.len() > MOST_TEXTS {
            let message = format!("holds {} entries, the limit is {MOST_TEXTS}", texts.len());
            return Err(ApiError::at(ErrorCode::BatchTooLarge, field, message));
        }
        Ok((texts, false))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic in a test is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn vectors_in_base64() {
        let found = Embeddings::new("m".into(), vec![vec![1.0, -2.0]], 3, VectorEncoding::Base64);
        assert!(matches!(&found.data[0].embedding, Vector::Base64(text) if text == "AACAPwAAAMA="));
    }

    #[test]
    fn requests_of_other_servers() {
        let check = |body: &str, expected: Result<usize, (ErrorCode, &str)>| {
            let found = read_embeddings(body.as_bytes());
            let found = found.as_ref().map(|asked| asked.texts.len());
            let found = found.map_err(|error| (error.code, error.field.as_deref().unwrap_or("")));
            assert_eq!(found, expected, "{body}");
        };
        let invalid = |field| Err((ErrorCode::InvalidParameter, field));
        check(r#"{"input":"a","model":"m"}"#, Ok(1));
        check(r#"{"input":["a","b"],"encoding_format":"base64","user":"u"}"#, Ok(2));
        check(r#"{"input":[]}"#, invalid("input"));
        check(r#"{"input":[1,2]}"#, invalid("input"));
        check(r#"{"model":"m"}"#, invalid("input"));
        check(r#"{"input":"a","encoding_format":"hex"}"#, invalid("encoding_format"));
        let many = serde_json::json!({"input": vec!["a"; MOST_TEXTS + 1]}).to_string();
        check(&many, Err((ErrorCode::BatchTooLarge, "input")));
        let one = read_inference(br#"{"inputs":"a","truncate":true}"#).unwrap();
        assert!(one.single && one.texts == ["a"]);
        assert!(!read_inference(br#"{"inputs":["a"],"normalize":true}"#).unwrap().single);
        assert_eq!(
            read_inference(br#"{"inputs":["a"],"normalize":false}"#).unwrap_err().field.unwrap(),
            "normalize"
        );
    }
}
