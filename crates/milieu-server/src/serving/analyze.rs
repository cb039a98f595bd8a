//! Requests through a model: pictures, and tensors as they are.

use super::Serving;
use super::error::ServingError;
use super::load::Loaded;
use super::model::Model;
use super::slot::Content;
use milieu_content::{Class, Classifier};
use milieu_inference::{Answer, Tensor};
use std::sync::Arc;

/// What a picture shows.
pub(crate) struct Analyzed {
    pub(crate) model: String,
    pub(crate) version: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) classes: Vec<Class>,
}

impl Serving {
    /// Says what a picture shows: by the model of this name, or by the only one that can. Requests of one key
    /// are answered by one version as long as the shares stay.
    pub(crate) async fn classify(
        self: &Arc<Self>,
        name: Option<&str>,
        key: Option<&str>,
        bytes: axum::body::Bytes,
        top: usize,
    ) -> Result<Analyzed, ServingError> {
        self.within(async {
            let name = match name {
                Some(name) => name.to_owned(),
                None => self.only(Content::Pictures)?,
            };
            let model = self.model(&name).await?;
            let key = key.map_or_else(|| self.next_key(), |key| key.as_bytes().to_vec());
            let (loaded, chosen) = model.choose(&key);
            let not = |source| ServingError::NotAClassifier { name: name.clone(), source };
            let classifier = loaded.classifier.clone().and_then(Classifier::of_pictures).map_err(not)?;
            let (limits, of) = (self.limits, Arc::clone(&classifier));
            let prepared = self.work(move || of.prepare(&bytes, limits)).await??;
            let answer = chosen.submit(vec![prepared.tensor], Some(self.timeout))?.await?;
            let classes = classifier.classes.read(&answer.outputs, top)?;
            let (width, height) = (prepared.width, prepared.height);
            Ok(Analyzed { model: name, version: loaded.version, width, height, classes })
        })
        .await
    }

    /// Runs tensors through one version, or through the one that is chosen by a key.
    pub(crate) async fn infer(
        self: &Arc<Self>,
        model: &Model,
        version: Option<Arc<Loaded>>,
        key: &[u8],
        inputs: Vec<(String, Tensor)>,
    ) -> Result<(Arc<Loaded>, Answer), ServingError> {
        self.within(async {
            let (loaded, pending) = match version {
                Some(loaded) => {
                    let inputs = arrange(&loaded, inputs)?;
                    let pending = loaded.batcher.submit(inputs, Some(self.timeout))?;
                    (loaded, pending)
                }
                None => {
                    let (loaded, chosen) = model.choose(key);
                    let inputs = arrange(&loaded, inputs)?;
                    (loaded, chosen.submit(inputs, Some(self.timeout))?)
                }
            };
            Ok((loaded, pending.await?))
        })
        .await
    }

    /// A version of a model that serves now.
    pub(crate) fn version(&self, model: &Model, version: u32) -> Result<Arc<Loaded>, ServingError> {
        let versions = model.versions();
        versions
            .find(version)
            .cloned()
            .ok_or_else(|| ServingError::NotServed { name: model.name.clone(), version: version.to_string() })
    }

    pub(super) async fn within<T>(
        &self,
        request: impl Future<Output = Result<T, ServingError>>,
    ) -> Result<T, ServingError> {
        let late = |_| ServingError::TimedOut(self.timeout);
        tokio::time::timeout(self.timeout, request).await.map_err(late)?
    }
}

fn arrange(loaded: &Loaded, inputs: Vec<(String, Tensor)>) -> Result<Vec<Tensor>, ServingError> {
    Ok(loaded.batcher.signature().arrange(inputs).map_err(milieu_inference::InferError::from)?)
}
