//! A graph that is being drawn from parameters, with what every graph of texts asks for.

use crate::ModelError;
use milieu_nn::{Parameter, Parameters};
use milieu_onnx::proto::Tensor;
use milieu_onnx::{Builder, Value};

/// A graph and the parameters that it holds.
pub(super) struct Drawing<'a> {
    pub(super) graph: Builder,
    parameters: &'a Parameters,
}

impl<'a> Drawing<'a> {
    pub(super) fn new(graph: Builder, parameters: &'a Parameters) -> Self {
        Self { graph, parameters }
    }

    /// The parameter of this name, where it has this shape.
    pub(super) fn parameter(&self, name: &str, shape: &[usize]) -> Result<&'a Parameter, ModelError> {
        let found = self.parameters.named(name).filter(|found| found.shape == shape);
        found.ok_or_else(|| ModelError::Parameter { name: name.to_owned(), shape: shape.to_vec() })
    }

    pub(super) fn node(&mut self, operator: &str, inputs: &[&str], attributes: Vec<(&str, Value)>) -> String {
        self.graph.node(operator, inputs, attributes)
    }

    pub(super) fn integers(&mut self, name: &str, values: &[i64]) -> String {
        self.graph.constant(Tensor::of_i64(name, &[values.len()], values))
    }

    pub(super) fn scalar(&mut self, name: &str, value: f32) -> String {
        self.graph.constant(Tensor::of_f32(name, &[], &[value]))
    }

    /// A parameter as it is.
    pub(super) fn constant(&mut self, name: &str, shape: &[usize]) -> Result<String, ModelError> {
        let tensor = Tensor::of_f32(name, shape, &self.parameter(name, shape)?.values);
        Ok(self.graph.constant(tensor))
    }
}
