//! Which nodes work on whole numbers, and which values are between them.

use crate::proto::Node;
use crate::rewrite::view::View;
use crate::{Element, Model};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// What a node with weights is, with all that is needed to write it anew.
pub(super) struct Heavy {
    /// Channels lie along this axis of the weights.
    pub(super) axis: usize,
    /// A matrix whose rows are the channels (`Gemm` with `transB`).
    pub(super) transposed: bool,
}

/// Names in the order in which they were found.
#[derive(Default)]
pub(super) struct Names {
    order: Vec<String>,
    known: HashSet<String>,
}

impl Names {
    pub(super) fn contains(&self, name: &str) -> bool {
        self.known.contains(name)
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, String> {
        self.order.iter()
    }

    fn insert(&mut self, name: &str) {
        if self.known.insert(name.to_owned()) {
            self.order.push(name.to_owned());
        }
    }
}

impl IntoIterator for Names {
    type Item = String;
    type IntoIter = std::vec::IntoIter<String>;

    fn into_iter(self) -> Self::IntoIter {
        self.order.into_iter()
    }
}

/// The part of a graph that is quantised.
pub(super) struct Region {
    /// Convolutions and matrices, by place.
    pub(super) heavy: BTreeMap<usize, Heavy>,
    /// Nodes between them that move or compare values: a value goes out with the scale it came in with.
    pub(super) moving: BTreeSet<usize>,
    /// Values that are whole numbers somewhere.
    pub(super) values: Names,
}

impl Region {
    pub(super) fn new(model: &Model) -> Self {
        let view = View::new(model.graph());
        let mut region = Self { heavy: BTreeMap::new(), moving: BTreeSet::new(), values: Names::default() };
        for (place, node) in view.graph.node.iter().enumerate() {
            if let Some(heavy) = heavy(node, &view) {
                region.heavy.insert(place, heavy);
            }
        }
        for (place, node) in view.graph.node.iter().enumerate() {
            if region.heavy.contains_key(&place) {
                region.values.insert(node.input_name(0));
                let last = rectified(node, &view);
                let goes_on = view.consumers(last).iter().any(|next| {
                    region.heavy.contains_key(next)
                        || view.graph.node.get(*next).is_some_and(|next| {
                            moves(next) || is_sum(next, &view) || next.is("GlobalAveragePool")
                        })
                });
                if goes_on && !view.is_output(last) {
                    region.values.insert(last);
                }
            } else if moves(node) && region.values.contains(node.input_name(0)) {
                region.moving.insert(place);
                if !view.is_output(node.output_name(0)) {
                    region.values.insert(node.output_name(0));
                }
            } else if is_sum(node, &view) && node.input.iter().all(|name| region.values.contains(name))
                || node.is("GlobalAveragePool") && region.values.contains(node.input_name(0))
            {
                let last = rectified(node, &view);
                if !view.is_output(last) {
                    region.values.insert(last);
                }
            }
        }
        region
    }
}

/// What a node gives, or what the rectifier makes of it where nothing else takes it.
pub(super) fn rectified<'a>(node: &'a Node, view: &View<'a>) -> &'a str {
    match view.only_consumer(node.output_name(0)) {
        Some((_, next)) if next.is("Relu") || next.is("Clip") => next.output_name(0),
        _ => node.output_name(0),
    }
}

/// Whether the values that come out are among those that go in.
fn moves(node: &Node) -> bool {
    ["MaxPool", "GlobalMaxPool", "Flatten", "Reshape", "Transpose", "Squeeze", "Unsqueeze"]
        .iter()
        .any(|operator| node.is(operator))
        && node.output.len() == 1
}

/// Whether it is a sum of two values that are not constant.
fn is_sum(node: &Node, view: &View<'_>) -> bool {
    node.is("Add") && node.input.iter().all(|name| view.constant(name).is_none())
}

fn heavy(node: &Node, view: &View<'_>) -> Option<Heavy> {
    let weight = view.constant(node.input_name(1))?;
    let fits = weight.element() == Some(Element::F32) && weight.count()? > 0;
    let bias = node.input_name(2);
    let bias = bias.is_empty() || view.constant(bias).is_some_and(|bias| bias.f32s().is_ok());
    if !fits || !bias || view.constant(node.input_name(0)).is_some() {
        return None;
    }
    let plain = |name: &str| node.float(name).unwrap_or(1.0) == 1.0;
    match weight.dims.len() {
        3..=5 if node.is("Conv") => Some(Heavy { axis: 0, transposed: false }),
        2 if node.is("MatMul") => Some(Heavy { axis: 1, transposed: false }),
        2 if node.is("Gemm")
            && plain("alpha")
            && plain("beta")
            && node.int("transA").unwrap_or(0) == 0
            && view.constant(node.input_name(2)).is_none_or(|bias| {
                // A bias of a value for each channel.
                let channels = weight.dims[usize::from(node.int("transB").unwrap_or(0) == 0)];
                bias.dims.last() == Some(&channels) && bias.count() == usize::try_from(channels).ok()
            }) =>
        {
            let transposed = node.int("transB").unwrap_or(0) != 0;
            Some(Heavy { axis: usize::from(!transposed), transposed })
        }
        _ => None,
    }
}
