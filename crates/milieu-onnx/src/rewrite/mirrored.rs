//! A classifier of pictures that answers each together with its mirror image.

use super::view::View;
use crate::proto::{Graph, Node, Tensor};
use crate::{Model, OnnxError, Value};

/// The model that computes the mean of what this one gives for a picture and for the same picture turned left to
/// right, both in one batch: what depends on the side by chance is averaged out, for twice the work (Krizhevsky et
/// al. 2012, section 4.1, take the mean over ten views).
///
/// # Errors
/// [`OnnxError::Argument`] for a model that does not take one `N x C x H x W` with a known `W`, or does not give
/// one `N x K` with a known `K`.
pub fn mirrored(model: &Model) -> Result<Model, OnnxError> {
    let view = View::new(model.graph());
    let (input, width) = picture(model.graph(), &view)?;
    let (output, classes) = logits(model.graph())?;
    let [turned, both, answers, pairs] =
        ["turned", "both", "answers", "pairs"].map(|what| view.fresh(&format!("{output}.{what}")));
    let [columns, shape, half] =
        ["columns", "shape", "half"].map(|what| view.fresh(&format!("{output}.{what}")));
    let [first, second, sum] = ["first", "second", "sum"].map(|what| view.fresh(&format!("{output}.{what}")));
    let [zero, one] = ["zero", "one"].map(|what| view.fresh(&format!("{output}.{what}")));

    let mut graph = model.graph().clone();
    for node in &mut graph.node {
        node.input.iter_mut().filter(|name| **name == input).for_each(|name| name.clone_from(&both));
        node.output.iter_mut().filter(|name| **name == output).for_each(|name| name.clone_from(&answers));
        node.input.iter_mut().filter(|name| **name == output).for_each(|name| name.clone_from(&answers));
    }
    let backwards: Vec<i64> = (0..width as i64).rev().collect();
    graph.initializer.extend([
        Tensor::of_i64(&columns, &[width], &backwards),
        Tensor::of_i64(&shape, &[3], &[2, -1, classes as i64]),
        Tensor::of_i64(&zero, &[], &[0]),
        Tensor::of_i64(&one, &[], &[1]),
        Tensor::of_f32(&half, &[], &[0.5]),
    ]);
    let along = |axis| ("axis", Value::Int(axis));
    let node = |operator: &str, inputs: &[&str], output: &str, attributes: Vec<(&str, Value)>| {
        let node = Node::new(operator, inputs, &[output]);
        attributes.into_iter().fold(node, |node, (name, value)| node.with(name, value))
    };
    let before = [
        node("Gather", &[&input, &columns], &turned, vec![along(3)]),
        node("Concat", &[&input, &turned], &both, vec![along(0)]),
    ];
    graph.node.splice(0..0, before);
    graph.node.extend([
        node("Reshape", &[&answers, &shape], &pairs, vec![]),
        node("Gather", &[&pairs, &zero], &first, vec![along(0)]),
        node("Gather", &[&pairs, &one], &second, vec![along(0)]),
        node("Add", &[&first, &second], &sum, vec![]),
        node("Mul", &[&sum, &half], &output, vec![]),
    ]);
    // Batches are twice as long in between: types that say otherwise go.
    graph.value_info.clear();
    model.with_graph(graph)
}

/// The input that is no constant, and its width.
fn picture(graph: &Graph, view: &View<'_>) -> Result<(String, usize), OnnxError> {
    let constants = |name: &str| graph.initializer.iter().any(|constant| constant.name() == name);
    let mut inputs = graph.input.iter().filter(|input| !constants(input.name()));
    let unfit = || OnnxError::Argument("it does not take one N x C x H x W with a known W".to_owned());
    let (Some(input), None) = (inputs.next(), inputs.next()) else { return Err(unfit()) };
    match input.lengths().as_deref() {
        Some([_, _, _, Some(width)]) if *width > 0 && !view.is_output(input.name()) => {
            Ok((input.name().to_owned(), *width))
        }
        _ => Err(unfit()),
    }
}

/// The only output, and its width.
fn logits(graph: &Graph) -> Result<(String, usize), OnnxError> {
    let unfit = || OnnxError::Argument("it does not give one N x K with a known K".to_owned());
    let [output] = &graph.output[..] else { return Err(unfit()) };
    match output.lengths().as_deref() {
        Some([_, Some(width)]) if *width > 0 => Ok((output.name().to_owned(), *width)),
        _ => Err(unfit()),
    }
}
