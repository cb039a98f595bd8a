//! Windows over the positions of texts, as they are drawn.

use super::drawing::Drawing;
use crate::ModelError;
use milieu_onnx::proto::Tensor;
use milieu_onnx::{Element, Value};

/// What is added to the values of what fills texts up, so that none is the largest.
const UNSEEN: f32 = -1e9;

/// A matrix of so many rows with its columns as rows.
fn turned(values: &[f32], rows: usize) -> Vec<f32> {
    let columns = values.len() / rows.max(1);
    (0..values.len()).map(|at| values[at % rows * columns + at / rows]).collect()
}

impl Drawing<'_> {
    /// From an input of numbers, `N x L` with 0 for what fills up, what is added to the values of positions, `N x 1 x L`, by
    /// the name `unseen`; gives the mask, `N x L x 1`.
    pub(super) fn masks(&mut self, input: &str) -> String {
        let to = Value::Int(i64::from(Element::F32.code()));
        let numbers = self.node("Cast", &[input], vec![("to", to)]);
        let (one, unseen) = (self.scalar("one", 1.0), self.scalar("least", UNSEEN));
        let mask = self.node("Min", &[&numbers, &one], vec![]);
        let hidden = self.node("Sub", &[&one, &mask], vec![]);
        let hidden = self.node("Mul", &[&hidden, &unseen], vec![]);
        let axes = self.integers("channel_axis", &[1]);
        self.graph.node_named("Unsqueeze", &[&hidden, &axes], "unseen", vec![]);
        let axes = self.integers("row_axis", &[2]);
        self.node("Unsqueeze", &[&mask, &axes], vec![])
    }

    /// The rows of a table by the numbers of the input that is called as it, with 0 for what fills up.
    pub(super) fn look_up(&mut self, name: &str, count: usize, width: usize) -> Result<String, ModelError> {
        let mut values = self.parameter(name, &[count, width])?.values.clone();
        values.iter_mut().take(width).for_each(|value| *value = 0.0);
        let table = self.graph.constant(Tensor::of_f32(&format!("{name}.table"), &[count, width], &values));
        Ok(self.node("Gather", &[&table, name], vec![]))
    }

    /// What convolutions of these widths, from `inputs` values to `filters`, show most in a text: the largest of each channel
    /// over the positions of `rows`, `N x L x inputs`, and no less than 0; each `N x filters`.
    pub(super) fn largest(
        &mut self,
        rows: &str,
        [inputs, filters]: [usize; 2],
        windows: &[usize],
    ) -> Result<Vec<String>, ModelError> {
        let columns = self.node("Transpose", &[rows], vec![("perm", Value::Ints(vec![0, 2, 1]))]);
        let mut pooled = Vec::with_capacity(windows.len() + 1);
        for (number, &taps) in windows.iter().enumerate() {
            let name = format!("windows.{number}.weight");
            let found = &self.parameter(&name, &[filters, taps * inputs])?.values;
            // The taps of a channel come last there.
            let kernels: Vec<f32> =
                found.chunks_exact(taps * inputs).flat_map(|kernel| turned(kernel, taps)).collect();
            let weight = self.graph.constant(Tensor::of_f32(&name, &[filters, inputs, taps], &kernels));
            let bias = self.constant(&format!("windows.{number}.bias"), &[filters])?;
            let half = (taps / 2) as i64;
            let attributes = vec![
                ("kernel_shape", Value::Ints(vec![taps as i64])),
                ("pads", Value::Ints(vec![half, half])),
            ];
            let seen = self.node("Conv", &[&columns, &weight, &bias], attributes);
            let seen = self.node("Add", &[&seen, "unseen"], vec![]);
            let attributes = vec![("axes", Value::Ints(vec![2])), ("keepdims", Value::Int(0))];
            let most = self.node("ReduceMax", &[&seen], attributes);
            pooled.push(self.node("Relu", &[&most], vec![]));
        }
        Ok(pooled)
    }

    /// The logits of texts of these values, which are joined: the last node, called `logits`.
    pub(super) fn logits(
        &mut self,
        pooled: &[String],
        [classes, width]: [usize; 2],
    ) -> Result<(), ModelError> {
        let pooled: Vec<&str> = pooled.iter().map(String::as_str).collect();
        let pooled = self.node("Concat", &pooled, vec![("axis", Value::Int(1))]);
        let weight = self.parameter("head.weight", &[classes, width])?;
        let turned = turned(&weight.values, classes);
        let weight = self.graph.constant(Tensor::of_f32("head.weight", &[width, classes], &turned));
        let bias = self.constant("head.bias", &[classes])?;
        let product = self.node("MatMul", &[&pooled, &weight], vec![]);
        self.graph.node_named("Add", &[&product, &bias], "logits", vec![]);
        Ok(())
    }
}
