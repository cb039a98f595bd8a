//! What whoever writes a text is after, by all models that say something of it.

use super::Serving;
use milieu_content::{Classifier, Needs, SlotReading};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The name of the task.
pub(crate) const NEEDS: &str = "needs";

impl Serving {
    /// The names of live models with a label, of texts or of parts of them, that says something of a need. One that cannot be
    /// used is left out: cues are answer enough.
    pub(crate) async fn models_of_needs(
        self: &Arc<Self>,
        needs: &Needs,
        key: Option<&str>,
    ) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for name in self.models_of_texts().1 {
            let Ok(model) = self.model(&name).await else { continue };
            let (loaded, _) = model.choose(&self.key(key));
            let Ok(classifier) = loaded.classifier.clone().and_then(Classifier::of_texts) else { continue };
            let parts = classifier.slots().map(SlotReading::labels).unwrap_or_default();
            if classifier.labels().iter().chain(parts).any(|label| needs.knows(&name, label)) {
                found.insert(name);
            }
        }
        found
    }
}
