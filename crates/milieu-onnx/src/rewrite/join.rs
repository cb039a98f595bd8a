//! Two models as one.

use super::view::{View, captured, sweep};
use crate::proto::{Graph, Node};
use crate::{Model, OnnxError, Value};
use std::collections::{HashMap, HashSet};

/// The model that computes `second` on what `first` gives under the name `value`, each example laid flat as a row.
/// It takes what `first` takes and gives what `second` gives, under the names of both; what `first` computes
/// beyond `value` is left out. It keeps the operator version of `first`: `second` must be content with it.
///
/// # Errors
/// [`OnnxError::Argument`] where nothing in `first` gives `value`, or `second` takes other than one input or
/// has graphs within its nodes.
pub fn join(first: &Model, value: &str, second: &Model) -> Result<Model, OnnxError> {
    let view = View::new(first.graph());
    if view.producer(value).is_none() {
        return Err(OnnxError::Argument(format!("nothing gives {value:?}")));
    }
    let head = second.graph();
    let constants: HashSet<&str> = head.initializer.iter().map(|constant| constant.name()).collect();
    let inputs: Vec<&str> =
        head.input.iter().map(|input| input.name()).filter(|name| !constants.contains(name)).collect();
    let [input] = inputs[..] else {
        return Err(OnnxError::Argument(format!("the second model takes {} inputs, not one", inputs.len())));
    };
    if head.node.iter().any(|node| !captured(node).is_empty()) {
        return Err(OnnxError::Argument("the second model has graphs within its nodes".to_owned()));
    }
    let mut graph = first.graph().clone();
    keep_what_gives(&mut graph, value);
    let mut names = Names { view: &view, given: HashMap::new() };
    let rows = names.of("rows");
    let flatten = Node::new("Flatten", &[value], &[&rows]).with("axis", Value::Int(1));
    graph.node.push(flatten);
    names.given.insert(input.to_owned(), rows);
    for constant in &head.initializer {
        let mut constant = constant.clone();
        constant.name = Some(names.of(constant.name()));
        graph.initializer.push(constant);
    }
    for node in &head.node {
        let mut node = node.clone();
        for name in node.input.iter_mut().chain(&mut node.output).filter(|name| !name.is_empty()) {
            *name = names.of(name);
        }
        node.name = node.output.first().cloned();
        graph.node.push(node);
    }
    graph.output = head.output.clone();
    for output in &mut graph.output {
        output.name = Some(names.of(output.name()));
    }
    sweep(&mut graph);
    first.with_graph(graph)
}

/// New names for the values of the second model where the first has the same.
struct Names<'a> {
    view: &'a View<'a>,
    given: HashMap<String, String>,
}

impl Names<'_> {
    fn of(&mut self, name: &str) -> String {
        if let Some(known) = self.given.get(name) {
            return known.clone();
        }
        let mut fresh = self.view.fresh(name);
        // Another value of the second model may have been given that name.
        while self.given.values().any(|given| *given == fresh) {
            fresh.push('_');
        }
        self.given.insert(name.to_owned(), fresh.clone());
        fresh
    }
}

/// Takes out the nodes that `value` does not need.
fn keep_what_gives(graph: &mut Graph, value: &str) {
    let mut needed: HashSet<String> = HashSet::from([value.to_owned()]);
    let mut kept = vec![false; graph.node.len()];
    // Nodes stand behind those whose values they take.
    for (place, node) in graph.node.iter().enumerate().rev() {
        if node.output.iter().any(|output| needed.contains(output)) {
            kept[place] = true;
            needed.extend(node.input.iter().cloned());
            needed.extend(captured(node).into_iter().map(str::to_owned));
        }
    }
    let mut places = kept.into_iter();
    graph.node.retain(|_| places.next().unwrap_or(false));
    graph.output.clear();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::Tensor;
    use crate::{Builder, Element, Length};

    fn scaled(names: [&str; 2], beyond: bool) -> Model {
        let mut graph = Builder::new("test");
        let input = graph.input(names[0], Element::F32, &["N".into(), Length::Fixed(2)]);
        let factor = graph.constant(Tensor::of_f32("factor", &[1], &[2.0]));
        let mut last = graph.node_named("Mul", &[&input, &factor], names[1], vec![]);
        if beyond {
            last = graph.node_named("Relu", &[names[1]], "beyond", vec![]);
        }
        graph.output(&last, Element::F32, &["N".into(), Length::Fixed(2)]);
        graph.finish().unwrap()
    }

    #[test]
    fn the_second_takes_what_the_first_gives() {
        let (first, second) = (scaled(["input", "features"], true), scaled(["features", "logits"], false));
        let joined = join(&first, "features", &second).unwrap();
        let operators: Vec<&str> = joined.graph().node.iter().map(|node| node.op_type()).collect();
        assert_eq!(operators, ["Mul", "Flatten", "Mul"]);
        assert_eq!(joined.graph().initializer.len(), 2);
        assert_eq!(joined.graph().output[0].name(), "logits");
        let refuse = |value: &str, second: &Model| join(&first, value, second).unwrap_err().to_string();
        assert!(refuse("nowhere", &second).contains("nothing gives"));
    }
}
