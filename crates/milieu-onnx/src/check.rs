//! Rules of ONNX that a model has to keep (IR.md of ONNX: "Graphs", "Nodes", "Tensors").

use crate::proto::{Attribute, AttributeType, Function, Graph, Model, Node, Tensor};
use crate::{Element, OnnxError};
use std::collections::HashSet;

/// Versions of the format that are known. 3 is of 2017; before that a file had no operator sets.
const IR_VERSIONS: std::ops::RangeInclusive<i64> = 3..=14;
/// Whose operators engines know.
const DOMAINS: [&str; 6] = [
    "",
    "ai.onnx.ml",
    "com.microsoft",
    "com.microsoft.nchwc",
    "ai.onnx.training",
    "ai.onnx.preview.training",
];

/// Checks a whole model.
///
/// # Errors
/// [`OnnxError::Invalid`] and [`OnnxError::ExternalData`] for the first rule that is broken.
pub(crate) fn check(model: &Model) -> Result<(), OnnxError> {
    let fault = |reason: String| Err(OnnxError::invalid("model", reason));
    let version = model.ir_version.unwrap_or(0);
    if !IR_VERSIONS.contains(&version) {
        return fault(format!("its format version {version} is not among {IR_VERSIONS:?}"));
    }
    if model.opset_import.is_empty() {
        return fault("it names no set of operators".to_owned());
    }
    let mut domains = HashSet::new();
    for set in &model.opset_import {
        if set.version.unwrap_or(0) < 1 {
            return fault(format!("the operators of {:?} have version {}", set.domain(), set.version()));
        }
        domains.insert(canonical(set.domain()));
    }
    let own: HashSet<(&str, &str)> =
        model.functions.iter().map(|function| (canonical(function.domain()), function.name())).collect();
    let Some(graph) = &model.graph else { return fault("it has no graph".to_owned()) };
    Check { domains, own: &own }.graph(graph, &mut Scope::default())?;
    for function in &model.functions {
        let domains = function.opset_import.iter().map(|set| canonical(set.domain())).collect();
        Check { domains, own: &own }.function(function)?;
    }
    for training in &model.training_info {
        let domains = model.opset_import.iter().map(|set| canonical(set.domain())).collect();
        let check = Check { domains, own: &own };
        for graph in training.initialization.iter().chain(&training.algorithm) {
            // Training may refer to all that the graph names.
            let mut scope = Scope::default();
            scope.enter(names_of(model.graph.as_ref()));
            check.graph(graph, &mut scope)?;
        }
    }
    Ok(())
}

fn names_of(graph: Option<&Graph>) -> HashSet<&str> {
    let Some(graph) = graph else { return HashSet::new() };
    let constants = graph.initializer.iter().map(Tensor::name);
    let inputs = graph.input.iter().map(|input| input.name());
    let outputs = graph.node.iter().flat_map(|node| node.output.iter().map(String::as_str));
    constants.chain(inputs).chain(outputs).collect()
}

fn canonical(domain: &str) -> &str {
    if domain == "ai.onnx" { "" } else { domain }
}

/// Names that are defined, of this graph and those around it.
#[derive(Default)]
struct Scope<'a>(Vec<HashSet<&'a str>>);

impl<'a> Scope<'a> {
    fn enter(&mut self, names: HashSet<&'a str>) {
        self.0.push(names);
    }

    fn leave(&mut self) {
        self.0.pop();
    }

    fn knows(&self, name: &str) -> bool {
        self.0.iter().any(|names| names.contains(name))
    }

    /// Whether it was not yet defined in the innermost graph.
    fn define(&mut self, name: &'a str) -> bool {
        self.0.last_mut().is_none_or(|names| names.insert(name))
    }
}

struct Check<'a> {
    domains: HashSet<&'a str>,
    /// Operators that the model defines.
    own: &'a HashSet<(&'a str, &'a str)>,
}

impl<'a> Check<'a> {
    fn graph(&self, graph: &'a Graph, scope: &mut Scope<'a>) -> Result<(), OnnxError> {
        let place = || format!("graph {:?}", graph.name());
        scope.enter(HashSet::new());
        for input in &graph.input {
            if input.name().is_empty() || !scope.define(input.name()) {
                return Err(OnnxError::invalid(place(), format!("two inputs are named {:?}", input.name())));
            }
        }
        let mut constants = HashSet::new();
        for constant in &graph.initializer {
            tensor(constant)?;
            if constant.name().is_empty() || !constants.insert(constant.name()) {
                let reason = format!("two constants are named {:?}", constant.name());
                return Err(OnnxError::invalid(place(), reason));
            }
            // An input may have a constant of its name as its default.
            scope.define(constant.name());
        }
        for sparse in &graph.sparse_initializer {
            let (Some(values), Some(indices)) = (&sparse.values, &sparse.indices) else {
                return Err(OnnxError::invalid(place(), "a sparse constant has no values or no indices"));
            };
            tensor(values)?;
            tensor(indices)?;
            if values.name().is_empty() || !constants.insert(values.name()) {
                let reason = format!("two constants are named {:?}", values.name());
                return Err(OnnxError::invalid(place(), reason));
            }
            scope.define(values.name());
        }
        self.nodes(&graph.node, scope)?;
        for output in &graph.output {
            if !scope.knows(output.name()) {
                return Err(OnnxError::invalid(
                    place(),
                    format!("nothing gives its output {:?}", output.name()),
                ));
            }
        }
        scope.leave();
        Ok(())
    }

    fn function(&self, function: &'a Function) -> Result<(), OnnxError> {
        let mut scope = Scope::default();
        scope.enter(function.input.iter().map(String::as_str).collect());
        self.nodes(&function.node, &mut scope)?;
        match function.output.iter().find(|output| !scope.knows(output)) {
            Some(output) => {
                let place = format!("function {:?}", function.name());
                Err(OnnxError::invalid(place, format!("nothing gives its output {output:?}")))
            }
            None => Ok(()),
        }
    }

    fn nodes(&self, nodes: &'a [Node], scope: &mut Scope<'a>) -> Result<(), OnnxError> {
        for node in nodes {
            let fault = |reason: String| Err(OnnxError::invalid(node.describe(), reason));
            let domain = canonical(node.domain());
            if node.op_type().is_empty() {
                return fault("it has no operator".to_owned());
            }
            if !self.domains.contains(domain) {
                return fault(format!("the model does not import the operators of {domain:?}"));
            }
            if !DOMAINS.contains(&domain) && !self.own.contains(&(domain, node.op_type())) {
                return fault(format!("the operators of {domain:?} are not known"));
            }
            if let Some(input) = node.input.iter().find(|name| !name.is_empty() && !scope.knows(name)) {
                return fault(format!("its input {input:?} is not defined before it"));
            }
            let mut names = HashSet::new();
            for attribute in &node.attribute {
                if attribute.name().is_empty() || !names.insert(attribute.name()) {
                    return fault(format!("two attributes are named {:?}", attribute.name()));
                }
                self.attribute(node, attribute, scope)?;
            }
            for output in node.output.iter().filter(|name| !name.is_empty()) {
                if !scope.define(output) {
                    return fault(format!("its output {output:?} is defined twice"));
                }
            }
        }
        Ok(())
    }

    fn attribute(
        &self,
        node: &Node,
        attribute: &'a Attribute,
        scope: &mut Scope<'a>,
    ) -> Result<(), OnnxError> {
        let present = match AttributeType::try_from(attribute.r#type.unwrap_or(0)) {
            _ if attribute.ref_attr_name.is_some() => true,
            Ok(AttributeType::Float) => attribute.f.is_some(),
            Ok(AttributeType::Int) => attribute.i.is_some(),
            Ok(AttributeType::String) => attribute.s.is_some(),
            Ok(AttributeType::Tensor) => attribute.t.is_some(),
            Ok(AttributeType::Graph) => attribute.g.is_some(),
            Ok(AttributeType::SparseTensor) => attribute.sparse_tensor.is_some(),
            Ok(AttributeType::TypeProto) => attribute.tp.is_some(),
            // A list may be empty.
            Ok(_) => true,
            Err(_) => false,
        };
        if !present {
            let reason =
                format!("its attribute {:?} lacks the value that its type tells of", attribute.name());
            return Err(OnnxError::invalid(node.describe(), reason));
        }
        attribute.t.iter().map(AsRef::as_ref).chain(&attribute.tensors).try_for_each(tensor)?;
        let sparse = attribute.sparse_tensor.iter().map(AsRef::as_ref).chain(&attribute.sparse_tensors);
        for sparse in sparse {
            sparse.values.iter().chain(&sparse.indices).try_for_each(tensor)?;
        }
        let graphs = attribute.g.iter().map(AsRef::as_ref).chain(&attribute.graphs);
        for graph in graphs {
            self.graph(graph, scope)?;
        }
        Ok(())
    }
}

/// Checks that a tensor has the values that its shape tells of.
fn tensor(tensor: &Tensor) -> Result<(), OnnxError> {
    let fault = |reason: String| Err(OnnxError::invalid(format!("tensor {:?}", tensor.name()), reason));
    if tensor.data_location.unwrap_or(0) != 0 || !tensor.external_data.is_empty() {
        return Err(OnnxError::ExternalData { tensor: tensor.name().to_owned() });
    }
    let Some(element) = tensor.element() else {
        return fault(format!("its type {} is not known", tensor.data_type.unwrap_or(0)));
    };
    let Some(count) = tensor.count() else { return fault(format!("its shape is {:?}", tensor.dims)) };
    let lists = [
        tensor.float_data.len(),
        tensor.int32_data.len(),
        tensor.int64_data.len(),
        tensor.double_data.len(),
        tensor.uint64_data.len(),
        tensor.string_data.len(),
    ];
    let (found, wanted) = if let Some(raw) = &tensor.raw_data {
        if element == Element::Text || lists.iter().any(|length| *length > 0) {
            return fault("it has values in two places".to_owned());
        }
        (raw.len(), (count as u64).saturating_mul(element.bits()).div_ceil(8))
    } else {
        use Element::{Complex64, Complex128, F32, F64, I64, Text, U32, U64};
        let (place, entries) = match element {
            F32 => (0, count as u64),
            Complex64 => (0, (count as u64).saturating_mul(2)),
            I64 => (2, count as u64),
            F64 => (3, count as u64),
            Complex128 => (3, (count as u64).saturating_mul(2)),
            U32 | U64 => (4, count as u64),
            Text => (5, count as u64),
            // Narrow values share a byte, and an entry holds one byte of them.
            _ => (1, (count as u64).saturating_mul(element.bits().min(8)).div_ceil(8)),
        };
        let found = lists.get(place).copied().unwrap_or(0);
        if lists.iter().sum::<usize>() != found {
            return fault("it has values in the list of another type".to_owned());
        }
        (found, entries)
    };
    if found as u64 != wanted {
        let what = if tensor.raw_data.is_some() { "bytes" } else { "entries" };
        return fault(format!("its shape {:?} needs {wanted} {what}, and it has {found}", tensor.dims));
    }
    Ok(())
}
