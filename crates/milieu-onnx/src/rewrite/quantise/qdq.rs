//! Pairs of `QuantizeLinear` and `DequantizeLinear` around operators of `f32`.

use super::ranges::{Quantised, Range, Ranges};
use super::region::Region;
use crate::proto::{Node, Tensor};
use crate::rewrite::view::{View, sweep};
use crate::{Model, OnnxError, Value};
use std::collections::HashMap;

pub(super) fn rewrite(model: &Model, region: &Region, ranges: &Ranges) -> Result<Model, OnnxError> {
    let view = View::new(model.graph());
    let mut graph = model.graph().clone();
    let ranges = carried(&view, region, ranges)?;
    // What stands for each value behind its pair.
    let mut wide: HashMap<String, (String, f32)> = HashMap::new();
    let mut nodes = Vec::new();
    for input in &model.graph().input {
        pair(input.name(), &ranges, &view, &mut wide, &mut nodes, &mut graph.initializer);
    }
    for (place, mut node) in std::mem::take(&mut graph.node).into_iter().enumerate() {
        let scale = wide.get(node.input_name(0)).map(|(_, scale)| *scale);
        for input in &mut node.input {
            if let Some((name, _)) = wide.get(input) {
                input.clone_from(name);
            }
        }
        if let (Some(heavy), Some(scale)) = (region.heavy.get(&place), scale) {
            let base = view.fresh(&format!("{}_weight_wide", node.output_name(0)));
            if let Some(weight) = view.constant(node.input_name(1)) {
                let bias = view.constant(node.input_name(2)).map(Tensor::f32s).transpose()?;
                // A bias must fit into 30 bits in the scale of its channel.
                let floor = |b: &f32| (b.abs() / (scale * (1 << 30) as f32)).max(f32::MIN_POSITIVE);
                let floors: Vec<f32> = bias.iter().flatten().map(floor).collect();
                let shape = weight.shape();
                let narrow = Quantised::coarser(&weight.f32s()?, &shape, heavy.axis, &floors);
                nodes.push(pair_of_weights(&narrow, &shape, heavy.axis, &base, &mut graph.initializer));
                if let Some(bias) = bias {
                    let scales: Vec<f32> = narrow.scales.iter().map(|w| w * scale).collect();
                    nodes.push(pair_of_bias(&bias, &scales, &base, &mut graph.initializer));
                }
                let inputs = [base.clone(), format!("{base}_bias")];
                for (input, name) in node.input.iter_mut().skip(1).zip(inputs) {
                    if !input.is_empty() {
                        *input = name;
                    }
                }
            }
        }
        let outputs = node.output.clone();
        nodes.push(node);
        for output in outputs {
            pair(&output, &ranges, &view, &mut wide, &mut nodes, &mut graph.initializer);
        }
    }
    graph.node = nodes;
    sweep(&mut graph);
    model.with_graph(graph)
}

/// The ranges of all values; what only moves values keeps the range that they came with, for then engines
/// leave the pairs around it out.
fn carried(view: &View<'_>, region: &Region, ranges: &Ranges) -> Result<HashMap<String, Range>, OnnxError> {
    let mut all = HashMap::new();
    for name in region.values.iter() {
        let moved = view
            .producer(name)
            .filter(|(place, _)| region.moving.contains(place))
            .and_then(|(_, node)| all.get(node.input_name(0)).copied());
        let range = match moved {
            Some(range) => range,
            None => ranges.need(name)?,
        };
        all.insert(name.clone(), range);
    }
    Ok(all)
}

/// Adds the pair for a value, if it has one.
fn pair(
    name: &str,
    ranges: &HashMap<String, Range>,
    view: &View<'_>,
    wide: &mut HashMap<String, (String, f32)>,
    nodes: &mut Vec<Node>,
    constants: &mut Vec<Tensor>,
) {
    let Some(range) = ranges.get(name) else { return };
    let (scale, zero) = range.scale();
    let base = view.fresh(&format!("{name}_narrow"));
    let [scales, zeros, behind] = ["scale", "zero", "wide"].map(|part| format!("{base}_{part}"));
    constants.push(Tensor::of_f32(&scales, &[], &[scale]));
    constants.push(Tensor::of_u8(&zeros, &[], &[zero]));
    nodes.push(Node::new("QuantizeLinear", &[name, &scales, &zeros], &[&base]));
    nodes.push(Node::new("DequantizeLinear", &[&base, &scales, &zeros], &[&behind]));
    wide.insert(name.to_owned(), (behind, scale));
}

/// Weights as whole numbers, and the node that makes `wide` of them.
fn pair_of_weights(
    narrow: &Quantised,
    shape: &[usize],
    axis: usize,
    wide: &str,
    constants: &mut Vec<Tensor>,
) -> Node {
    let [values, scales, zeros] = ["values", "scales", "zeros"].map(|part| format!("{wide}_{part}"));
    let channels = narrow.scales.len();
    constants.push(Tensor::of_i8(&values, shape, &narrow.values));
    constants.push(Tensor::of_f32(&scales, &[channels], &narrow.scales));
    constants.push(Tensor::of_i8(&zeros, &[channels], &vec![0; channels]));
    Node::new("DequantizeLinear", &[&values, &scales, &zeros], &[wide]).with("axis", Value::Int(axis as i64))
}

/// A bias as whole numbers of 32 bits in the scale of the sums that it is added to.
fn pair_of_bias(bias: &[f32], scales: &[f32], base: &str, constants: &mut Vec<Tensor>) -> Node {
    let whole: Vec<i32> = bias.iter().zip(scales).map(|(b, s)| (b / s).round_ties_even() as i32).collect();
    let [values, scale, output] = ["bias_values", "bias_scales", "bias"].map(|part| format!("{base}_{part}"));
    constants.push(Tensor::of_i32(&values, &[whole.len()], &whole));
    constants.push(Tensor::of_f32(&scale, &[scales.len()], scales));
    Node::new("DequantizeLinear", &[&values, &scale], &[&output]).with("axis", Value::Int(0))
}
