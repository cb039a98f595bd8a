//! Texts of items, read by a thread that may wait: by live versions only, and behind the requests that are under way.

use super::Serving;
use super::error::ServingError;
use super::load::Loaded;
use super::slot::Content;
use milieu_content::{Class, Classifier, PreparedText};
use milieu_inference::{Answer, InferError, Pending, Tensor};
use std::sync::Arc;
use std::time::Duration;

/// Why a model did not read texts.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It has more to do than it takes in; try again after so long.
    Busy(Duration),
    /// It cannot be used now.
    Model(ServingError),
    /// It failed on one of the texts, or on all.
    Texts(ServingError),
}

impl Failure {
    fn of(error: InferError) -> Self {
        match error {
            InferError::Overloaded { retry_after } => Self::Busy(retry_after),
            InferError::Closed => Self::Model(error.into()),
            _ => Self::Texts(error.into()),
        }
    }
}

impl Serving {
    /// The names of live models that make vectors of texts, and of those that classify texts, in order.
    pub(crate) fn models_of_texts(&self) -> (Vec<String>, Vec<String>) {
        let slots = self.slots.read();
        let of = |content| {
            let found = slots.iter().filter(|(_, slot)| slot.classifies() == Some(content));
            found.map(|(name, _)| name.clone()).collect()
        };
        (of(Content::Meanings), of(Content::Texts))
    }

    /// The live version of a model, loaded where it is not yet. Waits for the disk.
    pub(crate) fn live(&self, name: &str) -> Result<Arc<Loaded>, ServingError> {
        let slot = self.slots.read().get(name).cloned();
        let model = match slot.and_then(|slot| slot.loaded()) {
            Some(model) => model,
            None => self.load(name)?,
        };
        Ok(model.versions().live)
    }
}

impl Serving {
    /// The vector of a query by a version that serves.
    pub(crate) async fn embed_query(
        self: &Arc<Self>,
        name: &str,
        version: u32,
        query: String,
    ) -> Result<Vec<f32>, ServingError> {
        self.within(async {
            let loaded = self.version(&*self.model(name).await?, version)?;
            let source = |source| ServingError::NotAClassifier { name: name.to_owned(), source };
            let embedder = loaded.embedder.clone().map_err(source)?;
            let of = Arc::clone(&embedder);
            let prepared = self.work(move || of.reading.prepare(&query)).await?;
            let Some(PreparedText { inputs, tokens, .. }) = prepared else {
                return Ok(embedder.vector(0, &[])?);
            };
            let answer = loaded.batcher.submit(inputs, Some(self.timeout))?.await?;
            Ok(embedder.vector(tokens, &answer.outputs)?)
        })
        .await
    }
}

impl Loaded {
    /// Whether it finds labelled parts of texts, and says nothing of the whole.
    pub(crate) fn finds_parts(&self) -> bool {
        let texts = self.classifier.clone().and_then(Classifier::of_texts);
        texts.is_ok_and(|classifier| classifier.slots().is_some())
    }

    /// The vector of each text, of length 1 or, for a text without a token, all 0.
    pub(crate) fn embed_now(&self, name: &str, texts: &[&str]) -> Result<Vec<Vec<f32>>, Failure> {
        let embedder = self.embedder.as_ref().map_err(|source| not(name, source.clone()))?;
        let prepare = |text: &&str| match embedder.reading.prepare(text) {
            Some(PreparedText { inputs, tokens, .. }) => (tokens, Some(inputs)),
            None => (0, None),
        };
        let (tokens, prepared): (Vec<usize>, Vec<_>) = texts.iter().map(prepare).unzip();
        let answers = self.answers_now(prepared)?;
        let vector = |(&tokens, answer): (&usize, Option<Answer>)| {
            let outputs = answer.map(|answer| answer.outputs).unwrap_or_default();
            embedder.vector(tokens, &outputs).map_err(|error| Failure::Texts(error.into()))
        };
        tokens.iter().zip(answers).map(vector).collect()
    }

    /// The `top` most probable classes of each text; none of one in which nothing is to be seen.
    pub(crate) fn classify_now(
        &self,
        name: &str,
        texts: &[&str],
        top: usize,
    ) -> Result<Vec<Vec<Class>>, Failure> {
        let classifier = self.classifier.clone().and_then(Classifier::of_texts);
        let classifier = classifier.map_err(|source| not(name, source))?;
        let prepared = texts.iter().map(|text| Some(classifier.prepare(text)?.inputs)).collect();
        let read = |answer: Option<Answer>| match answer {
            Some(answer) => classifier.classes(&answer.outputs, top),
            None => Ok(Vec::new()),
        };
        let answers = self.answers_now(prepared)?.into_iter();
        answers.map(|answer| read(answer).map_err(|error| Failure::Texts(error.into()))).collect()
    }

    /// What this version gives for each of some texts, all of which wait at it together.
    fn answers_now(&self, prepared: Vec<Option<Vec<Tensor>>>) -> Result<Vec<Option<Answer>>, Failure> {
        let submit = |tensors: Option<Vec<Tensor>>| {
            tensors.map(|tensors| self.batcher.submit(tensors, None)).transpose().map_err(Failure::of)
        };
        let pending: Vec<Option<Pending>> = prepared.into_iter().map(submit).collect::<Result<_, _>>()?;
        let wait = |pending: Option<Pending>| pending.map(Pending::wait).transpose().map_err(Failure::of);
        pending.into_iter().map(wait).collect()
    }
}

fn not(name: &str, source: milieu_content::NotAClassifier) -> Failure {
    Failure::Model(ServingError::NotAClassifier { name: name.to_owned(), source })
}
