//! What whoever wrote a text is after, in the words of the answer.

use crate::answer::Refusal;
use crate::serving::Said;
use crate::state::Shared;
use milieu_api::{ClassLabel, NeedSign as Sign, Reading, TextNeed};
use milieu_content::{Class, Evidence, Need, NeedSign};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The needs of each text, by its cues and by what models said of it; gives back what they said.
pub(super) async fn of_texts(
    shared: &Arc<Shared>,
    texts: Arc<[String]>,
    said: Vec<Said>,
) -> Result<(Vec<Vec<TextNeed>>, Vec<Said>), Refusal> {
    let of = Arc::clone(shared);
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

/// What whoever wrote an item is after, by the cues of its text and by what models have said of it.
pub(super) async fn of_item(
    shared: &Arc<Shared>,
    text: String,
    models: &BTreeMap<String, Reading>,
) -> Result<Vec<TextNeed>, Refusal> {
    let class = |label: &ClassLabel| Class {
        label: label.label.clone(),
        probability: label.probability,
        applies: label.applies,
    };
    let classes = |reading: &Reading| reading.labels.iter().flatten().map(class).collect::<Vec<_>>();
    let said: Vec<(String, u32, Vec<Class>)> =
        models.iter().map(|(name, reading)| (name.clone(), reading.version, classes(reading))).collect();
    let of = Arc::clone(shared);
    let read = move || {
        let mut evidence = Vec::with_capacity(said.len());
        for (model, version, classes) in &said {
            evidence.push(Evidence { model, version: *version, classes, parts: &[] });
        }
        of.config.needs.signs.read(&text, &evidence).into_iter().map(need).collect()
    };
    Ok(shared.serving.work(read).await?)
}

fn need(need: Need) -> TextNeed {
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
