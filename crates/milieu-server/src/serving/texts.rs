//! Requests about texts: what they say, and where their meaning lies.

use super::Serving;
use super::error::ServingError;
use super::slot::Content;
use milieu_content::{
    Class, Classifier, Evidence, OutputError, PreparedText, Rule, RuleReading, SlotReading, TextPart,
};
use milieu_inference::{Answer, InferError, Pending, Tensor};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Texts of one request that wait at a model at the same time, so that a long request leaves room for others.
const TOGETHER: usize = 32;

/// What one model says of some texts.
pub(crate) struct Said {
    pub(crate) model: String,
    pub(crate) version: u32,
    /// Of each text, in order; nothing of one in which nothing is to be seen.
    pub(crate) classes: Vec<Vec<Class>>,
    /// The labelled parts of each text, in order, where the model finds any.
    pub(crate) parts: Option<Vec<Vec<TextPart>>>,
}

impl Said {
    /// What the model says of the text in this place.
    pub(crate) fn evidence(&self, place: usize) -> Evidence<'_> {
        let parts = self.parts.as_ref().and_then(|parts| parts.get(place));
        Evidence {
            model: &self.model,
            version: self.version,
            classes: self.classes.get(place).map(Vec::as_slice).unwrap_or_default(),
            parts: parts.map(Vec::as_slice).unwrap_or_default(),
        }
    }
}

/// The vectors of some texts.
pub(crate) struct Embedded {
    pub(crate) model: String,
    /// Of each text, in order.
    pub(crate) vectors: Vec<Vec<f32>>,
    /// Tokens of all texts together.
    pub(crate) tokens: usize,
}

/// The inputs of a text; none for one in which nothing is to be seen.
pub(super) type Prepared = Option<Vec<Tensor>>;

impl Serving {
    /// Says what texts say: by the models of these names, or by all that can. Requests of one key are answered by one
    /// version of each as long as the shares stay.
    pub(crate) async fn read_texts(
        self: &Arc<Self>,
        names: Option<BTreeSet<String>>,
        key: Option<&str>,
        texts: Arc<[String]>,
        top: usize,
    ) -> Result<Vec<Said>, ServingError> {
        self.within(async {
            let names = names.map_or_else(|| self.text_classifiers(), Ok)?;
            let mut said = Vec::with_capacity(names.len());
            for name in names {
                let model = self.model(&name).await?;
                let (loaded, chosen) = model.choose(&self.key(key));
                let not = |source| ServingError::NotAClassifier { name: name.clone(), source };
                let classifier = loaded.classifier.clone().and_then(Classifier::of_texts).map_err(not)?;
                let (of, all) = (Arc::clone(&classifier), Arc::clone(&texts));
                let prepare = move || {
                    let one = |text: &String| match of.prepare(text) {
                        Some(PreparedText { inputs, units, .. }) => (Some(inputs), units),
                        None => (None, Vec::new()),
                    };
                    all.iter().map(one).unzip::<_, _, Vec<Prepared>, Vec<_>>()
                };
                let (prepared, units) = self.work(prepare).await?;
                let submit = |tensors| chosen.submit(tensors, Some(self.timeout));
                let answers = self.answers(submit, prepared).await?;
                let classes = |answer: &Option<Answer>| match answer {
                    Some(answer) => classifier.classes(&answer.outputs, top),
                    None => Ok(Vec::new()),
                };
                let classes = answers.iter().map(classes).collect::<Result<_, _>>()?;
                let parts = |reading: &SlotReading| {
                    let all = texts.iter().zip(&units).zip(&answers);
                    all.map(|((text, units), answer)| match answer {
                        Some(answer) => reading.parts(text, units, &answer.outputs),
                        None => Ok(Vec::new()),
                    })
                    .collect::<Result<Vec<_>, OutputError>>()
                };
                let parts = classifier.slots().map(parts).transpose()?;
                said.push(Said { model: name, version: loaded.version, classes, parts });
            }
            Ok(said)
        })
        .await
    }

    /// What rules read from texts, each in its place.
    pub(crate) async fn read_by_rules(
        &self,
        texts: Arc<[String]>,
        rules: Vec<Rule>,
    ) -> Result<Vec<RuleReading>, ServingError> {
        if rules.is_empty() {
            return Ok(vec![RuleReading::default(); texts.len()]);
        }
        let read = move || texts.iter().map(|text| RuleReading::new(text, &rules)).collect();
        self.within(self.work(read)).await
    }

    /// The name of the only model that classifies texts.
    pub(crate) fn only_of_texts(&self) -> Result<String, ServingError> {
        self.only(Content::Texts)
    }

    /// The vectors of texts, each of length 1: by the model of this name, or by the only one that makes any.
    pub(crate) async fn embed(
        self: &Arc<Self>,
        name: Option<&str>,
        key: Option<&str>,
        texts: Vec<String>,
    ) -> Result<Embedded, ServingError> {
        self.within(async {
            let name = name.map_or_else(|| self.only(Content::Meanings), |name| Ok(name.to_owned()))?;
            let model = self.model(&name).await?;
            let (loaded, chosen) = model.choose(&self.key(key));
            let not = |source| ServingError::NotAClassifier { name: name.clone(), source };
            let embedder = loaded.embedder.clone().map_err(not)?;
            let of = Arc::clone(&embedder);
            let prepare = move || {
                let one = |text: &String| match of.reading.prepare(text) {
                    Some(PreparedText { inputs, tokens, .. }) => (tokens, Some(inputs)),
                    None => (0, None),
                };
                texts.iter().map(one).unzip::<_, _, Vec<usize>, Vec<Prepared>>()
            };
            let (tokens, prepared) = self.work(prepare).await?;
            let submit = |tensors| chosen.submit(tensors, Some(self.timeout));
            let answers = self.answers(submit, prepared).await?;
            let vector = |(&tokens, answer): (&usize, Option<Answer>)| {
                let outputs = answer.map(|answer| answer.outputs).unwrap_or_default();
                embedder.vector(tokens, &outputs)
            };
            let vectors = tokens.iter().zip(answers).map(vector).collect::<Result<_, _>>()?;
            Ok(Embedded { model: name, vectors, tokens: tokens.iter().sum() })
        })
        .await
    }

    pub(super) fn key(&self, key: Option<&str>) -> Vec<u8> {
        key.map_or_else(|| self.next_key(), |key| key.as_bytes().to_vec())
    }

    /// What a version gives for each of some texts, each of which `submit` hands to it.
    pub(super) async fn answers(
        &self,
        submit: impl Fn(Vec<Tensor>) -> Result<Pending, InferError>,
        prepared: Vec<Prepared>,
    ) -> Result<Vec<Option<Answer>>, ServingError> {
        let mut answers = Vec::with_capacity(prepared.len());
        let mut prepared = prepared.into_iter().peekable();
        while prepared.peek().is_some() {
            let some = prepared.by_ref().take(TOGETHER);
            let pending: Vec<_> =
                some.map(|tensors| tensors.map(&submit).transpose()).collect::<Result<_, _>>()?;
            for pending in pending {
                answers.push(match pending {
                    Some(pending) => Some(pending.await?),
                    None => None,
                });
            }
        }
        Ok(answers)
    }
}
