//! Which words of texts move what a model says of them.

use super::Serving;
use super::error::ServingError;
use super::texts::Said;
use milieu_content::{Classifier, Moving, Occlusion, OutputError};
use milieu_inference::Answer;
use std::sync::Arc;

/// A text is left out in at most so many parts.
const MOST_PARTS: usize = 64;

/// The label of a text that its words were asked about, and how they move it, the strongest first.
pub(crate) struct Explained {
    pub(crate) label: String,
    pub(crate) words: Vec<Moving>,
}

impl Serving {
    /// How the words of each text move the label that a model said first, by the version that said it: without each of
    /// them, what does it say? Nothing of a text of which it said nothing.
    pub(crate) async fn explain(
        self: &Arc<Self>,
        said: &Said,
        texts: &[String],
    ) -> Result<Vec<Option<Explained>>, ServingError> {
        self.within(async {
            let name = said.model.clone();
            let loaded = self.version(&*self.model(&name).await?, said.version)?;
            let not = |source| ServingError::NotAClassifier { name: name.clone(), source };
            let classifier = loaded.classifier.clone().and_then(Classifier::of_texts).map_err(not)?;
            let mut explained = Vec::with_capacity(texts.len());
            for (text, classes) in texts.iter().zip(&said.classes) {
                let Some(first) = classes.first() else {
                    explained.push(None);
                    continue;
                };
                let occlusion = Occlusion::new(text, MOST_PARTS);
                let (of, without) = (Arc::clone(&classifier), occlusion.without().collect::<Vec<_>>());
                let inputs = move |text: &String| Some(of.prepare(text)?.inputs);
                let prepared = self.work(move || without.iter().map(inputs).collect()).await?;
                let submit = |inputs| loaded.batcher.submit(inputs, Some(self.timeout));
                let probability = |answer: Option<Answer>| -> Result<Option<f64>, OutputError> {
                    let Some(answer) = answer else { return Ok(None) };
                    let classes = classifier.classes(&answer.outputs, usize::MAX)?;
                    let same = classes.into_iter().find(|class| class.label == first.label);
                    Ok(same.map(|class| class.probability))
                };
                let answers = self.answers(submit, prepared).await?;
                let without = answers.into_iter().map(probability).collect::<Result<Vec<_>, _>>()?;
                let nothing = classifier.of_nothing();
                let words = occlusion.moving(first.probability, &without, nothing);
                explained.push(Some(Explained { label: first.label.clone(), words }));
            }
            Ok(explained)
        })
        .await
    }
}
