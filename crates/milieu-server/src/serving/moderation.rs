//! What harms in texts, by all models that say something of it.

use super::Serving;
use super::error::ServingError;
use milieu_content::{Categories, Category, Classifier, Verdict, judge};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What models say of texts together.
pub(crate) struct Moderated {
    /// The models, with their versions.
    pub(crate) models: Vec<(String, u32)>,
    /// Every category that any of them knows.
    pub(crate) known: BTreeSet<Category>,
    /// Of each text, in order; a category that is not there was not found.
    pub(crate) verdicts: Vec<BTreeMap<Category, Verdict>>,
}

impl Serving {
    /// What harms in texts: by the models of these names, or, where there are none, by all that have a label which stands
    /// for a category, as `categories` say.
    pub(crate) async fn moderate(
        self: &Arc<Self>,
        names: &[String],
        categories: &Categories,
        key: Option<&str>,
        texts: Vec<String>,
    ) -> Result<Moderated, ServingError> {
        let names: BTreeSet<String> =
            if names.is_empty() { self.text_classifiers()? } else { names.iter().cloned().collect() };
        let mut judges = BTreeSet::new();
        let mut known = BTreeSet::new();
        for name in names {
            let (loaded, _) = self.model(&name).await?.choose(&self.key(key));
            let not = |source| ServingError::NotAClassifier { name: name.clone(), source };
            let classifier = loaded.classifier.clone().and_then(Classifier::of_texts).map_err(not)?;
            let labels = classifier.labels().iter();
            let found: Vec<Category> = labels.filter_map(|label| categories.of(&name, label)).collect();
            if !found.is_empty() {
                known.extend(found);
                judges.insert(name);
            }
        }
        if judges.is_empty() {
            let message = "there is no live model with a label that stands for a category of moderation";
            return Err(ServingError::Choice(message.into()));
        }
        let mut verdicts = vec![BTreeMap::new(); texts.len()];
        let said = self.read_texts(Some(judges), key, texts.into(), usize::MAX).await?;
        for said in &said {
            for (verdicts, classes) in verdicts.iter_mut().zip(&said.classes) {
                judge(classes, |label| categories.of(&said.model, label), verdicts);
            }
        }
        // A trial's version may know others than the one whose labels were looked at.
        known.extend(verdicts.iter().flat_map(BTreeMap::keys));
        let models = said.into_iter().map(|said| (said.model, said.version)).collect();
        Ok(Moderated { models, known, verdicts })
    }
}
