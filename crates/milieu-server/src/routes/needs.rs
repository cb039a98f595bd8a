//! What whoever wrote a text is after, in the words of the answer.

use super::App;
use crate::answer::Refusal;
use crate::serving::Said;
use axum::extract::State;
use milieu_api::{NeedSign as Sign, TextNeed};
use milieu_content::{Evidence, Need, NeedSign};
use std::sync::Arc;

/// The needs of each text, by its cues and by what models said of it; gives back what they said.
pub(super) async fn read(
    State(shared): App,
    texts: Arc<[String]>,
    said: Vec<Said>,
) -> Result<(Vec<Vec<TextNeed>>, Vec<Said>), Refusal> {
    let of = Arc::clone(&shared);
    let read = move || {
        let one = |(place, text): (usize, &String)| {
            let evidence = |said| Said::evidence(said, place);
            let evidence: Vec<Evidence<'_>> = said.iter().map(evidence).collect();
            of.config.needs.signs.read(text, &evidence).into_iter().map(need).collect()
        };
        (texts.iter().enumerate().map(one).collect(), said)
    };
    Ok(shared.serving.work(read).await?)
}

pub(super) fn need(need: Need) -> TextNeed {
    TextNeed { need: need.name, score: need.score, by: need.by.into_iter().map(sign).collect() }
}

fn sign(sign: NeedSign) -> Sign {
    match sign {
        NeedSign::Label { model, version, label, probability } => Sign {
            model: Some(model),
            version: Some(version),
            label: Some(label),
            probability: Some(probability),
            ..Sign::default()
        },
        NeedSign::Part { model, version, part } => Sign {
            model: Some(model),
            version: Some(version),
            label: Some(part.label),
            probability: Some(part.score),
            text: Some(part.text),
            start: Some(part.start),
            end: Some(part.end),
        },
        NeedSign::Cue { text, start, end } => {
            Sign { text: Some(text), start: Some(start), end: Some(end), ..Sign::default() }
        }
    }
}
