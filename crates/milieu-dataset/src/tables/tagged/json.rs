//! A JSON object a line.

use super::{Found, Numbered, TaggedConfig};
use serde::Deserialize;
use serde_json::{Map, Value};

/// What an object says of a text: where its labelled parts are, or its tokens and their tags.
#[derive(Deserialize)]
#[serde(untagged)]
enum Said {
    Parts {
        text: String,
        #[serde(default, alias = "entities")]
        slots: Vec<Part>,
    },
    Tokens {
        tokens: Vec<String>,
        tags: Vec<String>,
    },
}

#[derive(Deserialize)]
struct Part {
    start: usize,
    end: usize,
    label: String,
}

pub(super) fn read(lines: Numbered, config: &TaggedConfig) -> Vec<(u64, Result<Found, String>)> {
    let blank = |line: &Result<String, String>| line.as_ref().is_ok_and(|line| line.trim().is_empty());
    let lines = lines.into_iter().filter(|(_, line)| !blank(line));
    lines.map(|(number, line)| (number, line.and_then(|line| one(&line, config)))).collect()
}

fn one(line: &str, config: &TaggedConfig) -> Result<Found, String> {
    let object: Map<String, Value> =
        serde_json::from_str(line).map_err(|error| format!("is no JSON object: {error}"))?;
    let intent = object.get(&config.intent).and_then(Value::as_str).map(str::to_owned);
    let said = Said::deserialize(Value::Object(object));
    match said.map_err(|_| "has neither a text with slots nor tokens with tags".to_owned())? {
        Said::Parts { text, slots } => {
            let slots = slots.into_iter().map(|part| (part.label, part.start, part.end)).collect();
            Ok(Found { text, intent, slots })
        }
        Said::Tokens { tokens, tags } => {
            let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
            let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
            Found::of_tokens(&tokens, &tags, intent, &config.between)
        }
    }
}
