//! The graph of a bag of n-grams beside windows over words.
//!
//! A convolution over the rows of a table is a sum of rows: what a word adds to the window around it hangs on the word and its
//! place in the window alone. The graph has a table of that for each place, so that a text costs look-ups and sums, and no
//! product but the last.

use super::drawing::Drawing;
use crate::ModelError;
use crate::text::WordShape;
use milieu_nn::Parameters;
use milieu_onnx::proto::Tensor;
use milieu_onnx::{Builder, Element, Length, Model, Value};

/// The ONNX graph of such a network with these parameters. It takes `rows`, `N x L` of `i64`, and `share`, `N x 1`, as a bag of
/// n-grams does: numbers of rows, of which those at the end may be one more than the last row and count for nothing, and one
/// over the root of how many each text has. And it takes `words`, `N x T` of `i64`, in which 0 stands after shorter texts. It
/// gives `logits`, `N x C` of so many classes.
///
/// # Errors
/// [`ModelError`] for parameters that do not fit the shape.
pub fn onnx_words(shape: &WordShape, classes: usize, parameters: &Parameters) -> Result<Model, ModelError> {
    let mut graph = Builder::new("words");
    graph.input("rows", Element::I64, &["N".into(), "L".into()]);
    graph.input("share", Element::F32, &["N".into(), Length::Fixed(1)]);
    graph.input("words", Element::I64, &["N".into(), "T".into()]);
    let mut words = Words { draw: Drawing::new(graph, parameters), shape };
    let bag = words.bag()?;
    let mut pooled = Vec::with_capacity(shape.windows.len() + 1);
    for (number, &taps) in shape.windows.iter().enumerate() {
        pooled.push(words.largest(number, taps)?);
    }
    pooled.push(bag);
    let pooled: Vec<&str> = pooled.iter().map(String::as_str).collect();
    let mut draw = words.draw;
    let pooled = draw.node("Concat", &pooled, vec![("axis", Value::Int(1))]);
    let weight = draw.constant("head.weight", &[classes, shape.pooled()])?;
    let bias = draw.constant("head.bias", &[classes])?;
    let mut graph = draw.graph;
    graph.node_named("Gemm", &[&pooled, &weight, &bias], "logits", vec![("transB", Value::Int(1))]);
    graph.output("logits", Element::F32, &["N".into(), Length::Fixed(classes)]);
    Ok(graph.finish()?)
}

struct Words<'a> {
    draw: Drawing<'a>,
    shape: &'a WordShape,
}

impl Words<'_> {
    /// The sum of the n-grams of a text over the root of their number, `N x bag`.
    fn bag(&mut self) -> Result<String, ModelError> {
        let WordShape { grams, bag, rectified, .. } = *self.shape;
        let draw = &mut self.draw;
        let mut table = draw.parameter("grams", &[grams, bag])?.values.clone();
        table.resize((grams + 1) * bag, 0.0);
        let table = draw.graph.constant(Tensor::of_f32("grams.table", &[grams + 1, bag], &table));
        let axis = draw.integers("axis", &[1]);
        let vectors = draw.node("Gather", &[&table, "rows"], vec![]);
        let sum = draw.node("ReduceSum", &[&vectors, &axis], vec![("keepdims", Value::Int(0))]);
        let sum = draw.node("Mul", &[&sum, "share"], vec![]);
        Ok(if rectified { draw.node("Relu", &[&sum], vec![]) } else { sum })
    }

    /// The largest of each channel of a convolution over the positions of a text, and no less than 0, `N x F`.
    fn largest(&mut self, number: usize, taps: usize) -> Result<String, ModelError> {
        let tables = self.tables(number, taps)?;
        let (draw, size) = (&mut self.draw, [self.shape.words, self.shape.filters]);
        let half = (taps / 2) as i64;
        let padded = if half > 0 {
            let around = draw.integers(&format!("windows.{number}.around"), &[0, half, 0, half]);
            draw.node("Pad", &["words", &around], vec![])
        } else {
            "words".to_owned()
        };
        let mut sum = String::new();
        for (tap, table) in tables.iter().enumerate() {
            let name = |what: &str| format!("windows.{number}.{what}.{tap}");
            let table = draw.graph.constant(Tensor::of_f32(&name("table"), &size, table));
            let seen = if half > 0 {
                let from = tap as i64;
                let end = if from < 2 * half { from - 2 * half } else { i64::from(i32::MAX) };
                let [start, end] =
                    [("start", from), ("end", end)].map(|(what, x)| draw.integers(&name(what), &[x]));
                let axis = draw.integers(&name("axis"), &[1]);
                draw.node("Slice", &[&padded, &start, &end, &axis], vec![])
            } else {
                padded.clone()
            };
            let rows = draw.node("Gather", &[&table, &seen], vec![]);
            sum = if tap == 0 { rows } else { draw.node("Add", &[&sum, &rows], vec![]) };
        }
        let attributes = vec![("axes", Value::Ints(vec![1])), ("keepdims", Value::Int(0))];
        let most = draw.node("ReduceMax", &[&sum], attributes);
        Ok(draw.node("Relu", &[&most], vec![]))
    }

    /// What each word adds to a window at each of its places, `taps` tables of `words x F`; the bias is in the one of the
    /// middle. What fills up adds nothing elsewhere, and in the middle so little that no window around it is above 0.
    fn tables(&self, number: usize, taps: usize) -> Result<Vec<Vec<f32>>, ModelError> {
        let WordShape { words, width, filters, .. } = *self.shape;
        let vectors = &self.draw.parameter("words", &[words, width])?.values;
        let weight = self.draw.parameter(&format!("windows.{number}.weight"), &[filters, taps * width])?;
        let bias = &self.draw.parameter(&format!("windows.{number}.bias"), &[filters])?.values;
        let table = |tap: usize| {
            let kernels =
                || weight.values.chunks_exact(taps * width).filter_map(|row| row.get(tap * width..));
            let mut table = vec![0.0; filters];
            for vector in vectors.chunks_exact(width).skip(1) {
                table.extend(kernels().zip(bias).map(|(kernel, bias)| {
                    let begin = if tap == taps / 2 { *bias } else { 0.0 };
                    vector.iter().zip(kernel).fold(begin, |sum, (x, weight)| sum + x * weight)
                }));
            }
            table
        };
        let mut tables: Vec<Vec<f32>> = (0..taps).map(table).collect();
        let mut most = vec![0.0; filters];
        for table in tables.iter().enumerate().filter(|(tap, _)| *tap != taps / 2).map(|(_, table)| table) {
            let mut largest = vec![0f32; filters];
            for row in table.chunks_exact(filters) {
                largest.iter_mut().zip(row).for_each(|(most, x)| *most = most.max(*x));
            }
            most.iter_mut().zip(largest).for_each(|(sum, x)| *sum += x);
        }
        let middle = tables.get_mut(taps / 2).into_iter().flatten();
        middle.zip(most).for_each(|(filling, most)| *filling = -most);
        Ok(tables)
    }
}
