//! Lines of tokens beside lines of tags, and of intents.

use super::{Found, Numbered, TaggedConfig};

pub(super) fn read(
    tokens: Numbered,
    tags: Numbered,
    intents: Option<Numbered>,
    config: &TaggedConfig,
) -> Vec<(u64, Result<Found, String>)> {
    let (mut tags, mut intents) = (tags.into_iter(), intents.map(Vec::into_iter));
    let read = |(line, tokens): (u64, Result<String, String>)| {
        let tags = tags.next().map_or_else(|| Err("has no line of tags".to_owned()), |(_, tags)| tags);
        let intent = intents.as_mut().map(|intents| match intents.next() {
            Some((_, intent)) => intent.map_err(|reason| format!("its intent {reason}")),
            None => Err("has no line among the intents".to_owned()),
        });
        let one = || -> Result<Found, String> {
            let (tokens, tags) = (tokens?, tags?);
            let tokens: Vec<&str> = tokens.split_whitespace().collect();
            let tags: Vec<&str> = tags.split_whitespace().collect();
            Found::of_tokens(&tokens, &tags, intent.transpose()?, &config.between)
        };
        (line, one())
    };
    tokens.into_iter().map(read).collect()
}
