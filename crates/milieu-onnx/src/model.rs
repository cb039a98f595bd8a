//! A model that was checked.

use crate::limits::Limits;
use crate::proto;
use crate::{OnnxError, check, wire};
use bytes::Bytes;
use prost::Message;

/// A model that keeps the rules. What changes it gives a new one, checked again.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    proto: proto::Model,
    graph: proto::Graph,
}

impl Model {
    /// Reads a file's bytes. Beyond one copy of them it takes at most 32 times their size and 1 MiB, and in
    /// large models much less than the bytes themselves, for the values of tensors stay where they are.
    ///
    /// # Errors
    /// [`OnnxError`]: a limit that is passed, damage, or a rule of ONNX that is broken.
    pub fn read(bytes: &[u8], limits: &Limits) -> Result<Self, OnnxError> {
        wire::walk(bytes, limits)?;
        let proto = proto::Model::decode(Bytes::copy_from_slice(bytes))
            .map_err(|error| OnnxError::Message(error.to_string()))?;
        Self::new(proto)
    }

    /// Checks a model that was made in memory.
    ///
    /// # Errors
    /// [`OnnxError::Invalid`] and [`OnnxError::ExternalData`] for a rule of ONNX that is broken.
    pub fn new(mut proto: proto::Model) -> Result<Self, OnnxError> {
        check::check(&proto)?;
        let graph = proto.graph.take().unwrap_or_default();
        Ok(Self { proto, graph })
    }

    /// The bytes of a file.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        self.clone().into_proto().encode_to_vec()
    }

    /// What is computed.
    #[must_use]
    pub fn graph(&self) -> &proto::Graph {
        &self.graph
    }

    /// All but the graph, whose place is empty.
    #[must_use]
    pub fn header(&self) -> &proto::Model {
        &self.proto
    }

    /// The messages, to be changed and checked again by [`Model::new`].
    #[must_use]
    pub fn into_proto(self) -> proto::Model {
        proto::Model { graph: Some(self.graph), ..self.proto }
    }

    /// The version of ONNX's own operators.
    #[must_use]
    pub fn operators(&self) -> i64 {
        let own = |set: &&proto::OperatorSet| matches!(set.domain(), "" | "ai.onnx");
        self.proto.opset_import.iter().find(own).map_or(0, proto::OperatorSet::version)
    }

    /// How many values its constants hold together.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.graph.initializer.iter().filter_map(proto::Tensor::count).sum()
    }

    /// A named text of its metadata.
    #[must_use]
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.proto.metadata_props.iter().find(|entry| entry.key() == key).map(|entry| entry.value())
    }

    /// The same with another graph.
    pub(crate) fn with_graph(&self, graph: proto::Graph) -> Result<Self, OnnxError> {
        Self::new(proto::Model { graph: Some(graph), ..self.proto.clone() })
    }
}
