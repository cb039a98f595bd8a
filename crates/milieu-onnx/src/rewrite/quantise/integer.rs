//! Operators on whole numbers, each with its way in from `f32` and back.

use super::dynamic::{Matrix, Sides};
use super::ranges::{Quantised, Range, Ranges};
use super::region::{Heavy, Region};
use crate::proto::{Graph, Node, Tensor};
use crate::rewrite::view::{View, sweep};
use crate::{Element, Model, OnnxError, Value};
use std::collections::HashMap;

/// `QuantizeLinear -> ConvInteger -> Cast -> Mul -> BatchNormalization`: the last gives each channel its scale
/// and its bias in one pass. Activations have a sign and weights have none, which is what the kernels of
/// convolutions multiply without a detour; for matrices it is the other way round.
pub(super) fn rewrite(model: &Model, mut region: Region, ranges: &Ranges) -> Result<Model, OnnxError> {
    let view = View::new(model.graph());
    region.heavy.retain(|place, _| {
        let node = view.graph.node.get(*place);
        node.is_some_and(|node| !node.is("Conv") || is_exact(node, &view))
    });
    if region.heavy.is_empty() {
        let reason = "it has no matrix and no pointwise or depthwise convolution with constant weights";
        return Err(OnnxError::unsupported("model", reason));
    }
    let mut graph = model.graph().clone();
    let mut writer = Writer { view: &view, ranges, narrow: HashMap::new(), nodes: Vec::new() };
    for (place, node) in std::mem::take(&mut graph.node).into_iter().enumerate() {
        match region.heavy.get(&place) {
            Some(_) if node.is("Conv") => writer.convolution(&node, &mut graph)?,
            Some(heavy) => writer.matrix(&node, heavy, &mut graph)?,
            None if is_needless(&node, &region, &view, ranges) => {
                writer.nodes.push(Node::new("Identity", &[node.input_name(0)], &[node.output_name(0)]));
            }
            None => writer.nodes.push(node),
        }
    }
    graph.node = writer.nodes;
    sweep(&mut graph);
    model.with_graph(graph)
}

/// Whether rten 0.27 computes the convolution right on whole numbers. Where it lays patches out as a matrix, it
/// forgets the zero point of the weights once there is more than one example, and fills margins with the whole
/// number 0 instead of the one that stands for 0; one to one and depthwise kernels need no such matrix.
fn is_exact(node: &Node, view: &View<'_>) -> bool {
    let Some(weight) = view.constant(node.input_name(1)) else { return false };
    let all =
        |name: &str, wanted: i64| node.ints(name).is_none_or(|found| found.iter().all(|x| *x == wanted));
    let groups = node.int("group").unwrap_or(1);
    match weight.dims.as_slice() {
        [outputs, 1, ..] if groups == *outputs => true,
        [_, _, 1, 1] => groups == 1 && all("strides", 1) && all("dilations", 1) && all("pads", 0),
        _ => false,
    }
}

/// Whether a rectifier does what the next step does anyway: whole numbers whose least stands for 0 leave
/// negative values out, with or without a pooling before.
fn is_needless(node: &Node, region: &Region, view: &View<'_>, ranges: &Ranges) -> bool {
    fn narrowed(name: &str, region: &Region, view: &View<'_>, ranges: &Ranges) -> bool {
        let positive = ranges.get(name).is_some_and(|range| range.min == 0.0);
        let mut consumers = view.consumers(name).iter();
        positive && !view.is_output(name) && consumers.all(|place| region.heavy.contains_key(place))
    }
    let output = node.output_name(0);
    let pooled = || {
        view.only_consumer(output).is_some_and(|(_, next)| {
            next.is("MaxPool") && narrowed(next.output_name(0), region, view, ranges)
        })
    };
    node.is("Relu") && (narrowed(output, region, view, ranges) || pooled())
}

struct Writer<'a> {
    view: &'a View<'a>,
    ranges: &'a Ranges,
    /// Names of whole numbers and of their zero point by the value and whether they have a sign.
    narrow: HashMap<(String, bool), (String, String)>,
    nodes: Vec<Node>,
}

impl Writer<'_> {
    /// The way in: names of the whole numbers and of their zero point, and their scale.
    fn narrow(
        &mut self,
        name: &str,
        signed: bool,
        graph: &mut Graph,
    ) -> Result<(String, String, f32), OnnxError> {
        let range: Range = self.ranges.need(name)?;
        let (scale, zero) = range.scale();
        let key = (name.to_owned(), signed);
        if let Some((values, zeros)) = self.narrow.get(&key) {
            return Ok((values.clone(), zeros.clone(), scale));
        }
        let base = self.view.fresh(&format!("{name}_narrow_{}", if signed { "i8" } else { "u8" }));
        let [scales, zeros] = ["scale", "zero"].map(|part| format!("{base}_{part}"));
        graph.initializer.push(Tensor::of_f32(&scales, &[], &[scale]));
        graph.initializer.push(if signed {
            Tensor::of_i8(&zeros, &[], &[(i16::from(zero) - 128) as i8])
        } else {
            Tensor::of_u8(&zeros, &[], &[zero])
        });
        self.nodes.push(Node::new("QuantizeLinear", &[name, &scales, &zeros], &[&base]));
        self.narrow.insert(key, (base.clone(), zeros.clone()));
        Ok((base, zeros, scale))
    }

    fn convolution(&mut self, node: &Node, graph: &mut Graph) -> Result<(), OnnxError> {
        let Some(weight) = self.view.constant(node.input_name(1)) else { return Ok(()) };
        let (values, zeros, scale) = self.narrow(node.input_name(0), true, graph)?;
        let base = self.view.fresh(&format!("{}_narrow", node.output_name(0)));
        let names = ["weight", "weight_zero", "whole", "wide", "scaled", "input_scale", "scales", "bias"];
        let names = names.map(|part| format!("{base}_{part}"));
        let [weights, weight_zero, whole, wide, scaled, input_scale, scales, bias] = &names;
        let [mean, variance] = ["mean", "variance"].map(|part| format!("{base}_{part}"));
        let shape = weight.shape();
        let narrow = Quantised::of(&weight.f32s()?, &shape, 0);
        let channels = narrow.scales.len();
        let offsets = match self.view.constant(node.input_name(2)) {
            Some(bias) => bias.f32s()?,
            None => vec![0.0; channels],
        };
        let unsigned: Vec<u8> = narrow.values.iter().map(|w| (i16::from(*w) + 128) as u8).collect();
        graph.initializer.extend([
            Tensor::of_u8(weights, &shape, &unsigned),
            Tensor::of_u8(weight_zero, &[], &[128]),
            Tensor::of_f32(input_scale, &[], &[scale]),
            Tensor::of_f32(scales, &[channels], &narrow.scales),
            Tensor::of_f32(bias, &[channels], &offsets),
            Tensor::of_f32(&mean, &[channels], &vec![0.0; channels]),
            Tensor::of_f32(&variance, &[channels], &vec![1.0; channels]),
        ]);
        let mut convolution = Node::new("ConvInteger", &[&values, weights, &zeros, weight_zero], &[whole]);
        convolution.attribute.clone_from(&node.attribute);
        self.nodes.push(convolution);
        let to = Value::Int(i64::from(Element::F32.code()));
        self.nodes.push(Node::new("Cast", &[whole], &[wide]).with("to", to));
        self.nodes.push(Node::new("Mul", &[wide, input_scale], &[scaled]));
        let inputs = [scaled, scales, bias, &mean, &variance].map(String::as_str);
        let normalise = Node::new("BatchNormalization", &inputs, &[node.output_name(0)]);
        self.nodes.push(normalise.with("epsilon", Value::Float(0.0)));
        Ok(())
    }

    fn matrix(&mut self, node: &Node, heavy: &Heavy, graph: &mut Graph) -> Result<(), OnnxError> {
        let Some(weight) = self.view.constant(node.input_name(1)) else { return Ok(()) };
        let (values, zero, scale) = self.narrow(node.input_name(0), false, graph)?;
        let base = self.view.fresh(&format!("{}_narrow", node.output_name(0)));
        let matrix = Matrix::of(weight, heavy, &base)?;
        let [zeros, factor] = ["zeros", "factor"].map(|part| format!("{base}_{part}"));
        let channels = matrix.scales.len();
        let factors: Vec<f32> = matrix.scales.iter().map(|s| s * scale).collect();
        graph.initializer.push(Tensor::of_i8(&zeros, &[channels], &vec![0; channels]));
        graph.initializer.push(Tensor::of_f32(&factor, &[channels], &factors));
        let sides = Sides { values: &values, zero: &zero, zeros: &zeros, factors: &[&factor] };
        matrix.nodes(&sides, node, &base, &mut self.nodes);
        graph.initializer.push(matrix.weight);
        Ok(())
    }
}
