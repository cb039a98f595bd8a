//! `/v1/analyze`: what content shows.

use super::App;
use super::needs::of_texts;
use crate::answer::{Answer, Json, Query, Refusal, body as json_body, content};
use crate::serving::{Explained, NEEDS, ServingError};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use milieu_api::{
    ClassLabel, ExplainedLabel, ImageAnalysis, MovingWord, PrivateSpan, SlotLabel, TextAnalysis, TextIn,
    TextKeyword, TextLabels, TextLanguage, TextResult, read_texts,
};
use milieu_content::{Class, Found, Keyword, Language, Moving, Rule, RuleReading, TextPart};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The name that stands for the only model that classifies pictures.
const DEFAULT: &str = "default";
/// Words of an explanation.
const MOST_WORDS: usize = 10;

pub(super) async fn image(
    State(shared): App,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Answer<ImageAnalysis> {
    let query = Query::read(&uri, &["model", "top", "key"])?;
    let top = query.number("top", 1, 1000, 5)?;
    let model = query.text("model").filter(|name| *name != DEFAULT);
    let limit = shared.config.inference.request_bytes;
    let arrival = Duration::from_secs(shared.config.server.body_timeout_secs);
    let bytes = content(&headers, body, limit, arrival).await?;
    let start = Instant::now();
    let analyzed = shared.serving.classify(model, query.text("key"), bytes, top).await?;
    Ok(Json(ImageAnalysis {
        model: analyzed.model,
        version: analyzed.version,
        width: analyzed.width,
        height: analyzed.height,
        labels: labels(analyzed.classes),
        milliseconds: start.elapsed().as_secs_f64() * 1e3,
    }))
}

pub(super) async fn text(State(shared): App, headers: HeaderMap, body: Body) -> Answer<TextAnalysis> {
    let limit = shared.config.inference.request_bytes;
    let arrival = Duration::from_secs(shared.config.server.body_timeout_secs);
    let bytes = json_body(&headers, body, limit, arrival).await?;
    let start = Instant::now();
    let TextIn { texts, tasks, top, key, explain } = read_texts(&bytes)?;
    let Asked { rules, needs, models } = Asked::of(tasks);
    let texts: Arc<[String]> = texts.into();
    let read = shared.serving.read_by_rules(Arc::clone(&texts), rules).await?;
    let mut results: Vec<TextResult> = read.into_iter().map(result).collect();
    // Where nobody names a model, and there is none, rules are answer enough.
    let models = models.unwrap_or_else(|| shared.serving.models_of_texts().1.into_iter().collect());
    let mut readers = models.clone();
    if needs {
        readers.extend(shared.serving.models_of_needs(&shared.config.needs.signs, key.as_deref()).await);
    }
    // What needs are recognised by may be any of a model's labels.
    let most = if needs { usize::MAX } else { top };
    let mut said = match readers.is_empty() {
        true => Vec::new(),
        false => shared
            .serving
            .read_texts(Some(readers), key.as_deref(), Arc::clone(&texts), most)
            .await
            .map_err(of_tasks)?,
    };
    if needs {
        let found;
        (found, said) = of_texts(&shared, Arc::clone(&texts), said).await?;
        results.iter_mut().zip(found).for_each(|(result, needs)| result.needs = Some(needs));
    }
    for said in said.into_iter().filter(|said| models.contains(&said.model)) {
        let mut explained = match explain {
            true => shared.serving.explain(&said, &texts).await?,
            false => Vec::new(),
        }
        .into_iter();
        // Of each text, where the model finds labelled parts at all.
        let mut parts = said.parts.map(Vec::into_iter);
        for (result, mut classes) in results.iter_mut().zip(said.classes) {
            classes.truncate(top);
            let explanation = explained.next().flatten().map(explanation);
            let slots = parts.as_mut().map(|parts| slots(parts.next().unwrap_or_default()));
            let found = TextLabels { version: said.version, labels: labels(classes), slots, explanation };
            result.tasks.insert(said.model.clone(), found);
        }
    }
    Ok(Json(TextAnalysis { results, milliseconds: start.elapsed().as_secs_f64() * 1e3 }))
}

/// What is asked for.
struct Asked {
    rules: Vec<Rule>,
    needs: bool,
    /// The names of models; `None` for all.
    models: Option<BTreeSet<String>>,
}

impl Asked {
    /// What is named, or all there is.
    fn of(tasks: Option<BTreeSet<String>>) -> Self {
        let Some(mut models) = tasks else {
            return Self { rules: Rule::ALL.to_vec(), needs: true, models: None };
        };
        let needs = models.remove(NEEDS);
        let rules = Rule::ALL.into_iter().filter(|rule| models.remove(rule.name())).collect();
        Self { rules, needs, models: Some(models) }
    }
}

fn result(read: RuleReading) -> TextResult {
    let language = |found: Option<Language>| TextLanguage {
        code: found.map(|language| language.code),
        script: found.map(|language| language.script.code()),
        confidence: found.map_or(0.0, |language| language.confidence),
        reliable: found.is_some_and(|language| language.reliable),
    };
    let private = |found: Found| PrivateSpan { kind: found.kind.name(), start: found.start, end: found.end };
    let keyword = |Keyword { text, start, end, weight }| TextKeyword { text, start, end, weight };
    TextResult {
        tasks: BTreeMap::new(),
        language: read.language.map(language),
        private_data: read.private_data.map(|found| found.into_iter().map(private).collect()),
        redacted: read.redacted,
        keywords: read.keywords.map(|found| found.into_iter().map(keyword).collect()),
        needs: None,
    }
}

/// Models are named in `tasks` here.
pub(super) fn of_tasks(error: ServingError) -> Refusal {
    let mut refusal = Refusal::from(error);
    if matches!(refusal.error.field.as_deref(), Some("model" | "name")) {
        refusal.error.field = Some("tasks".to_owned());
    }
    refusal
}

fn explanation(Explained { label, words }: Explained) -> ExplainedLabel {
    let word = |Moving { text, start, end, weight }| MovingWord { text, start, end, weight };
    ExplainedLabel { label, words: words.into_iter().take(MOST_WORDS).map(word).collect() }
}

fn labels(classes: Vec<Class>) -> Vec<ClassLabel> {
    classes
        .into_iter()
        .map(|class| ClassLabel {
            label: class.label,
            probability: class.probability,
            applies: class.applies,
        })
        .collect()
}

fn slots(parts: Vec<TextPart>) -> Vec<SlotLabel> {
    let slot = |TextPart { label, start, end, text, score }| SlotLabel { label, start, end, text, score };
    parts.into_iter().map(slot).collect()
}
