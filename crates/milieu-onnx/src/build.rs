//! Graphs made node by node.

use crate::model::Model;
use crate::node::{Length, Value};
use crate::proto::{Graph, Node, OperatorSet, StringEntry, Tensor, ValueInfo};
use crate::{Element, OnnxError, proto};

/// The version of the format: the oldest that knows functions, which every engine of the last years reads.
pub const IR_VERSION: i64 = 8;
/// The version of the operators: the oldest with `LayerNormalization`.
pub const OPERATORS: i64 = 17;

/// A graph in the making. Names are as they are given; values that nodes give are named by number.
#[derive(Debug, Clone, Default)]
pub struct Builder {
    graph: Graph,
    metadata: Vec<StringEntry>,
    made: usize,
}

impl Builder {
    /// An empty graph of a name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let graph = Graph { name: Some(name.to_owned()), ..Graph::default() };
        Self { graph, ..Self::default() }
    }

    /// Adds an input; a dimension that is named, such as the batch, is found out when the model runs.
    pub fn input(&mut self, name: &str, element: Element, lengths: &[Length]) -> String {
        self.graph.input.push(ValueInfo::tensor(name, element, lengths));
        name.to_owned()
    }

    /// Adds a constant; gives its name.
    pub fn constant(&mut self, tensor: Tensor) -> String {
        let name = tensor.name().to_owned();
        self.graph.initializer.push(tensor);
        name
    }

    /// Adds a node with one output; gives the output's name.
    pub fn node(&mut self, operator: &str, inputs: &[&str], attributes: Vec<(&str, Value)>) -> String {
        let output = format!("{}_{}", operator.to_lowercase(), self.made);
        self.node_named(operator, inputs, &output, attributes)
    }

    /// Adds a node whose output has this name.
    pub fn node_named(
        &mut self,
        operator: &str,
        inputs: &[&str],
        output: &str,
        attributes: Vec<(&str, Value)>,
    ) -> String {
        self.made += 1;
        let node = Node::new(operator, inputs, &[output]);
        let node = attributes.into_iter().fold(node, |node, (name, value)| node.with(name, value));
        self.push(node);
        output.to_owned()
    }

    /// Adds a node as it is.
    pub fn push(&mut self, node: Node) {
        self.graph.node.push(node);
    }

    /// Adds an output: a value that is there by this name.
    pub fn output(&mut self, name: &str, element: Element, lengths: &[Length]) {
        self.graph.output.push(ValueInfo::tensor(name, element, lengths));
    }

    /// Gives a value another name, wherever it is; an input or a constant keeps its own and is copied.
    pub fn rename(&mut self, from: &str, to: &str) {
        if !self.graph.node.iter().any(|node| node.output.iter().any(|output| output == from)) {
            self.node_named("Identity", &[from], to, vec![]);
            return;
        }
        let names = self.graph.node.iter_mut().flat_map(|node| node.input.iter_mut().chain(&mut node.output));
        names.filter(|name| *name == from).for_each(|name| to.clone_into(name));
    }

    /// Adds a named text about the model.
    pub fn metadata(&mut self, key: &str, value: &str) {
        self.metadata.push(StringEntry { key: Some(key.to_owned()), value: Some(value.to_owned()) });
    }

    /// The model, checked.
    ///
    /// # Errors
    /// [`OnnxError::Invalid`] for a rule of ONNX that is broken.
    pub fn finish(self) -> Result<Model, OnnxError> {
        Model::new(proto::Model {
            ir_version: Some(IR_VERSION),
            producer_name: Some("milieu".to_owned()),
            graph: Some(self.graph),
            opset_import: vec![OperatorSet { domain: Some(String::new()), version: Some(OPERATORS) }],
            metadata_props: self.metadata,
            ..proto::Model::default()
        })
    }
}
