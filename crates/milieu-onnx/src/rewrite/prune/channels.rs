//! Channels removed, and all that belongs to them, so that the graph gets smaller (Li et al. 2017).

use super::sets::{ChannelSet, ChannelSets, select};
use crate::proto::{Node, Tensor};
use crate::rewrite::fold_batch_norm;
use crate::rewrite::view::{View, captured, sweep};
use crate::{Element, Model, OnnxError, Value};
use std::collections::{HashMap, HashSet};

/// Operators that work on each channel for itself and keep their number.
const CHANNELWISE: [&str; 25] = [
    "Relu",
    "Clip",
    "LeakyRelu",
    "PRelu",
    "Elu",
    "Selu",
    "Sigmoid",
    "HardSigmoid",
    "HardSwish",
    "Tanh",
    "Erf",
    "Gelu",
    "Softplus",
    "Softsign",
    "Abs",
    "Neg",
    "Exp",
    "Sqrt",
    "MaxPool",
    "AveragePool",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "Identity",
    "Dropout",
    "Cast",
];
/// Operators of two values, channel by channel.
const PAIRWISE: [&str; 6] = ["Add", "Sub", "Mul", "Div", "Max", "Min"];

/// The model without the share of the weakest channels of every set of channels that belong together:
/// those that the sums of residuals add up, and those of a depthwise convolution and what feeds it. Weak is
/// what has a small norm of the weights that make it, after normalisation is folded into them. What goes in
/// and what comes out of the model keeps its size.
///
/// # Errors
/// [`OnnxError::Argument`] for a share that is not between 0 and 1; [`OnnxError::Unsupported`], with the node,
/// where channels cannot be followed through it, or where there are none to remove.
pub fn prune_channels(model: &Model, share: f32) -> Result<Model, OnnxError> {
    if !(0.0..1.0).contains(&share) {
        return Err(OnnxError::Argument(format!("the share {share} is not between 0 and 1")));
    }
    let model = fold_batch_norm(model)?;
    let view = View::new(model.graph());
    let mut follow = Follow {
        view: &view,
        sets: ChannelSets::default(),
        values: HashMap::new(),
        cuts: vec![],
        flattened: HashSet::new(),
        lost: vec![],
    };
    for node in &model.graph().node {
        follow.node(node)?;
    }
    for output in &model.graph().output {
        if let Some((set, _)) = follow.values.get(output.name()) {
            follow.sets.fix(*set);
        }
    }
    let Follow { sets, cuts, flattened, lost, .. } = follow;
    if let Some((_, node)) = lost.iter().find(|(set, _)| !sets.is_fixed(*set)) {
        return Err(OnnxError::unsupported(node.clone(), "channels cannot be followed through it"));
    }
    if cuts.iter().all(|cut| sets.is_fixed(cut.set)) {
        return Err(OnnxError::unsupported("model", "it has no channels that could be removed"));
    }
    let mut graph = model.graph().clone();
    // A constant may be cut along both its axes, so cuts of one input follow each other.
    let mut changed: HashMap<(String, usize), Tensor> = HashMap::new();
    for cut in cuts.iter().filter(|cut| !sets.is_fixed(cut.set)) {
        let kept = sets.kept(cut.set, share);
        let key = (cut.node.clone(), cut.input);
        let before = changed.get(&key).or_else(|| view.constant(&cut.constant));
        let Some(before) = before else { continue };
        let mut shape = before.shape();
        let values = select(&before.f32s()?, &shape, cut.axis, &kept, cut.repeat);
        if let Some(length) = shape.get_mut(cut.axis) {
            *length = kept.len() * cut.repeat;
        }
        let name = view.fresh(&format!("{}_pruned_{}", cut.node, cut.input));
        changed.insert(key, Tensor::of_f32(&name, &shape, &values));
    }
    for node in &mut graph.node {
        let output = node.output_name(0).to_owned();
        if flattened.contains(output.as_str()) {
            let rows = Node::new("Flatten", &[node.input_name(0)], &[&output]);
            *node = rows.with("axis", Value::Int(1));
        }
        for place in 0..node.input.len() {
            if let Some(tensor) = changed.remove(&(output.clone(), place)) {
                tensor.name().clone_into(&mut node.input[place]);
                if place == 1
                    && let Some(group) = node.attribute.iter_mut().find(|a| a.name() == "group")
                    && group.i() > 1
                {
                    group.i = tensor.dims.first().copied();
                }
                graph.initializer.push(tensor);
            }
        }
    }
    // Their shapes tell of channels that are gone.
    graph.value_info.clear();
    sweep(&mut graph);
    model.with_graph(graph)
}

/// A constant that is cut along an axis; `repeat` neighbours belong to each channel.
struct Cut {
    set: ChannelSet,
    /// The node's first output, which names it.
    node: String,
    input: usize,
    constant: String,
    axis: usize,
    repeat: usize,
}

struct Follow<'a> {
    view: &'a View<'a>,
    sets: ChannelSets,
    /// The channels of each value, and how many neighbours along its second axis belong to each.
    values: HashMap<&'a str, (ChannelSet, usize)>,
    cuts: Vec<Cut>,
    /// What is reshaped to rows of a length that tells of all channels.
    flattened: HashSet<&'a str>,
    /// Sets that went into a node which is not known, with the node.
    lost: Vec<(ChannelSet, String)>,
}

impl<'a> Follow<'a> {
    fn node(&mut self, node: &'a Node) -> Result<(), OnnxError> {
        let fault = |reason: String| Err(OnnxError::unsupported(node.describe(), reason));
        let input = self.values.get(node.input_name(0)).copied();
        let weight = self.view.constant(node.input_name(1));
        match (node.op_type(), weight) {
            ("Constant", _) => {}
            ("Conv", Some(weight)) => return self.convolution(node, weight, input),
            ("Gemm" | "MatMul", Some(weight)) if weight.dims.len() == 2 => {
                if let Some((set, _)) = input {
                    let axis = usize::from(node.int("transB").unwrap_or(0) != 0);
                    let length = weight.shape().get(axis).copied().unwrap_or(0);
                    let channels = self.sets.channels(set).max(1);
                    if length % channels != 0 || node.int("transA").unwrap_or(0) != 0 {
                        return fault(format!("{channels} channels do not fill its {length} inputs"));
                    }
                    self.cut(set, node, 1, axis, length / channels);
                }
            }
            ("BatchNormalization", _) => {
                if let Some((set, repeat)) = input {
                    (1..5).for_each(|place| self.cut(set, node, place, 0, 1));
                    self.values.insert(node.output_name(0), (set, repeat));
                }
            }
            ("Flatten" | "Reshape", shape) => self.flatten(node, shape, input),
            ("ReduceMean", axes) => {
                let axes =
                    axes.and_then(|axes| axes.i64s().ok()).or_else(|| node.ints("axes").map(<[_]>::to_vec));
                match (input, axes.as_deref()) {
                    (Some(value), Some([2, 3] | [-2, -1])) => {
                        self.values.insert(node.output_name(0), value);
                    }
                    _ => self.lose(node),
                }
            }
            ("Pad", pads) => {
                let pads = pads.and_then(|pads| pads.i64s().ok());
                match (input, pads.as_deref()) {
                    (Some(value), Some([_, 0, _, _, _, 0, ..])) => {
                        self.values.insert(node.output_name(0), value);
                    }
                    _ => self.lose(node),
                }
            }
            ("Squeeze", _) => match input {
                Some(value) => {
                    self.values.insert(node.output_name(0), value);
                }
                None => self.lose(node),
            },
            (operator, _) if PAIRWISE.contains(&operator) && node.input.len() == 2 => {
                return self.pair(node);
            }
            (operator, _) if CHANNELWISE.contains(&operator) => {
                let scalars = node.input.iter().skip(1).filter(|name| !name.is_empty());
                let slopes = operator == "PRelu";
                for name in scalars {
                    let many = self.view.constant(name).and_then(Tensor::count).unwrap_or(2) > 1;
                    if many && slopes {
                        return fault("it has a slope for each channel".to_owned());
                    }
                }
                if let Some(value) = input {
                    self.values.insert(node.output_name(0), value);
                }
            }
            _ => self.lose(node),
        }
        Ok(())
    }

    /// Images become rows.
    fn flatten(&mut self, node: &'a Node, shape: Option<&Tensor>, input: Option<(ChannelSet, usize)>) {
        let Some((set, _)) = input else { return };
        let channels = self.sets.channels(set) as i64;
        let rows = match shape.and_then(|shape| shape.i64s().ok()).as_deref() {
            None => node.is("Flatten") && node.int("axis").unwrap_or(1) == 1,
            Some([_, -1]) => true,
            Some([_, length]) if *length > 0 && length % channels.max(1) == 0 => {
                self.flattened.insert(node.output_name(0));
                true
            }
            Some(_) => false,
        };
        if rows {
            // How many neighbours belong to a channel shows at the matrix that follows.
            self.values.insert(node.output_name(0), (set, 0));
        } else {
            self.lose(node);
        }
    }

    fn convolution(
        &mut self,
        node: &'a Node,
        weight: &Tensor,
        input: Option<(ChannelSet, usize)>,
    ) -> Result<(), OnnxError> {
        let shape = weight.shape();
        let (outputs, inputs) = match shape.as_slice() {
            [outputs, inputs, ..] => (*outputs, *inputs),
            _ => return Err(OnnxError::invalid(node.describe(), "its weights are no kernel")),
        };
        let groups = node.int("group").unwrap_or(1);
        let output = node.output_name(0);
        if groups == 1 {
            let set = self.sets.add(outputs);
            self.sets.weigh(set, &weight.f32s()?, None);
            if let Some((from, _)) = input {
                if self.sets.channels(from) != inputs {
                    return Err(OnnxError::unsupported(node.describe(), "its channels do not fit"));
                }
                self.cut(from, node, 1, 1, 1);
            }
            self.cut(set, node, 1, 0, 1);
            self.cut(set, node, 2, 0, 1);
            self.values.insert(output, (set, 1));
            return Ok(());
        }
        match input {
            Some((set, repeat))
                if inputs == 1
                    && usize::try_from(groups) == Ok(outputs)
                    && self.sets.channels(set) == outputs =>
            {
                self.cut(set, node, 1, 0, 1);
                self.cut(set, node, 2, 0, 1);
                self.values.insert(output, (set, repeat));
            }
            // Of a model's input itself nothing is removed.
            None => {
                let set = self.sets.add(outputs);
                self.sets.fix(set);
                self.values.insert(output, (set, 1));
            }
            Some(_) => self.lose(node),
        }
        Ok(())
    }

    fn pair(&mut self, node: &'a Node) -> Result<(), OnnxError> {
        let output = node.output_name(0);
        let sides = [0, 1].map(|place| self.values.get(node.input_name(place)).copied());
        match sides {
            [Some((one, repeat)), Some((other, _))] => {
                if !self.sets.join(one, other) {
                    return Err(OnnxError::unsupported(node.describe(), "its two sides differ in channels"));
                }
                self.values.insert(output, (one, repeat));
            }
            [Some((set, repeat)), None] | [None, Some((set, repeat))] => {
                let place = usize::from(sides[0].is_some());
                let Some(constant) = self.view.constant(node.input_name(place)) else {
                    self.lose(node);
                    return Ok(());
                };
                let channels = self.sets.channels(set);
                let shape = constant.shape();
                if constant.count() != Some(1) {
                    // Along the channels and nowhere else: `C x 1 x 1`, `1 x C x 1 x 1`.
                    let axis = shape.iter().position(|length| *length == channels);
                    match axis {
                        Some(axis) if constant.count() == Some(channels) && shape.len() - axis >= 3 => {
                            self.cut(set, node, place, axis, 1);
                        }
                        _ => {
                            self.lose(node);
                            return Ok(());
                        }
                    }
                }
                self.values.insert(output, (set, repeat));
            }
            [None, None] => {}
        }
        Ok(())
    }

    /// Notes a constant to be cut, if the node has it.
    fn cut(&mut self, set: ChannelSet, node: &Node, input: usize, axis: usize, repeat: usize) {
        let constant = node.input_name(input).to_owned();
        if constant.is_empty() {
            return;
        }
        let known = self.view.constant(&constant).filter(|known| known.element() == Some(Element::F32));
        let length = known.and_then(|known| known.shape().get(axis).copied());
        if length != Some(self.sets.channels(set) * repeat) {
            self.lost.push((set, node.describe()));
            return;
        }
        let node = node.output_name(0).to_owned();
        self.cuts.push(Cut { set, node, input, constant, axis, repeat });
    }

    /// Notes that nothing is known of what a node does with the channels that come in.
    fn lose(&mut self, node: &Node) {
        for input in node.input.iter().map(String::as_str).chain(captured(node)) {
            if let Some((set, _)) = self.values.get(input) {
                self.lost.push((*set, node.describe()));
            }
        }
    }
}
