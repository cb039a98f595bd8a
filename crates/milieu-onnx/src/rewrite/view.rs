//! Who gives and who takes a value, and which values are constant.

use crate::proto::{Graph, Node, Tensor};
use std::collections::{HashMap, HashSet};

/// A graph seen by the names of its values.
pub(crate) struct View<'a> {
    pub(crate) graph: &'a Graph,
    /// The node that gives a value.
    producers: HashMap<&'a str, usize>,
    /// The nodes that take a value, once for each time they take it.
    consumers: HashMap<&'a str, Vec<usize>>,
    constants: HashMap<&'a str, &'a Tensor>,
    outputs: HashSet<&'a str>,
}

impl<'a> View<'a> {
    pub(crate) fn new(graph: &'a Graph) -> Self {
        let mut producers = HashMap::new();
        let mut consumers: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut constants: HashMap<&str, &Tensor> = HashMap::new();
        for (place, node) in graph.node.iter().enumerate() {
            for output in &node.output {
                producers.insert(output.as_str(), place);
            }
            for input in node.input.iter().map(String::as_str).chain(captured(node)) {
                consumers.entry(input).or_default().push(place);
            }
            if node.is("Constant")
                && let Some(tensor) = node.attribute("value").and_then(|value| value.t.as_deref())
            {
                constants.insert(node.output_name(0), tensor);
            }
        }
        // A constant that is an input too may be given another value by the caller.
        let inputs: HashSet<&str> = graph.input.iter().map(|input| input.name()).collect();
        let fixed = graph.initializer.iter().filter(|constant| !inputs.contains(constant.name()));
        constants.extend(fixed.map(|constant| (constant.name(), constant)));
        let outputs = graph.output.iter().map(|output| output.name()).collect();
        Self { graph, producers, consumers, constants, outputs }
    }

    /// The node that gives a value, and its place.
    pub(crate) fn producer(&self, name: &str) -> Option<(usize, &'a Node)> {
        let place = *self.producers.get(name)?;
        Some((place, self.graph.node.get(place)?))
    }

    /// Places of the nodes that take a value.
    pub(crate) fn consumers(&self, name: &str) -> &[usize] {
        self.consumers.get(name).map_or(&[], Vec::as_slice)
    }

    /// The one node that takes a value that is no output of the graph.
    pub(crate) fn only_consumer(&self, name: &str) -> Option<(usize, &'a Node)> {
        match self.consumers(name) {
            [place] if !self.is_output(name) => Some((*place, self.graph.node.get(*place)?)),
            _ => None,
        }
    }

    pub(crate) fn constant(&self, name: &str) -> Option<&'a Tensor> {
        self.constants.get(name).copied()
    }

    pub(crate) fn is_output(&self, name: &str) -> bool {
        self.outputs.contains(name)
    }

    /// A name that nothing has yet, made of this one.
    pub(crate) fn fresh(&self, wish: &str) -> String {
        let taken = |name: &str| {
            self.producers.contains_key(name)
                || self.constants.contains_key(name)
                || self.consumers.contains_key(name)
                || self.graph.input.iter().any(|input| input.name() == name)
        };
        let mut name = wish.to_owned();
        let mut number = 1;
        while taken(&name) {
            number += 1;
            name = format!("{wish}_{number}");
        }
        name
    }
}

/// Names that graphs within a node take from outside, and some that they define themselves.
pub(crate) fn captured(node: &Node) -> Vec<&str> {
    let graphs = node
        .attribute
        .iter()
        .flat_map(|attribute| attribute.g.iter().map(AsRef::as_ref).chain(&attribute.graphs));
    let mut names = Vec::new();
    for graph in graphs {
        for node in &graph.node {
            names.extend(node.input.iter().map(String::as_str));
            names.extend(captured(node));
        }
        names.extend(graph.output.iter().map(|output| output.name()));
    }
    names
}

/// Takes out constants that nothing uses any more, `Constant` nodes likewise, and types of what is gone.
pub(crate) fn sweep(graph: &mut Graph) {
    let mut used: HashSet<String> = graph.output.iter().map(|output| output.name().to_owned()).collect();
    for node in &graph.node {
        used.extend(node.input.iter().cloned());
        used.extend(captured(node).into_iter().map(str::to_owned));
    }
    // Before version 4 of the format each constant was an input too.
    let gone: HashSet<String> = graph
        .initializer
        .extract_if(.., |constant| !used.contains(constant.name()))
        .map(|constant| constant.name().to_owned())
        .collect();
    graph.input.retain(|input| !gone.contains(input.name()));
    graph.node.retain(|node| !node.is("Constant") || used.contains(node.output_name(0)));
    let given: HashSet<&str> =
        graph.node.iter().flat_map(|node| node.output.iter().map(String::as_str)).collect();
    graph.value_info.retain(|info| given.contains(info.name()));
}
