//! Models are read back as they were written, and damaged and hostile bytes are refused.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use milieu_onnx::proto::{self, Attribute, Graph, Node, Tensor};
use milieu_onnx::{Builder, Element, Limits, Model, OnnxError, Value};
use proptest::prelude::*;
use prost::Message;

/// `relu(conv(input)) -> pool -> flatten -> matrix`, with an attribute of every kind.
fn small() -> Model {
    let mut graph = Builder::new("small");
    graph.input("input", Element::F32, &["batch".into(), 1.into(), 4.into(), 4.into()]);
    let weight = graph.constant(Tensor::of_f32("weight", &[2, 1, 3, 3], &[0.5; 18]));
    let matrix = graph.constant(Tensor::of_f32("matrix", &[3, 8], &[0.25; 24]));
    let pads = vec![("pads", Value::Ints(vec![1; 4])), ("auto_pad", Value::Text("NOTSET".into()))];
    let x = graph.node("Conv", &["input", &weight], pads);
    let x = graph.node("LeakyRelu", &[&x], vec![("alpha", Value::Float(0.0))]);
    let two = || Value::Ints(vec![2, 2]);
    let x = graph.node("MaxPool", &[&x], vec![("kernel_shape", two()), ("strides", two())]);
    let x = graph.node("Flatten", &[&x], vec![("axis", Value::Int(1))]);
    let half = Value::Tensor(Box::new(Tensor::of_f16("", &[3], &[0.5; 3])));
    let bias = graph.node("Constant", &[], vec![("value", half)]);
    let bias = graph.node("Cast", &[&bias], vec![("to", Value::Int(1))]);
    graph.node_named("Gemm", &[&x, &matrix, &bias], "logits", vec![("transB", Value::Int(1))]);
    graph.output("logits", Element::F32, &["batch".into(), 3.into()]);
    graph.metadata("labels", "a,b,c");
    graph.finish().unwrap()
}

fn read(bytes: &[u8]) -> Result<Model, OnnxError> {
    Model::read(bytes, &Limits::default())
}

#[test]
fn what_is_written_is_read() {
    let model = small();
    let bytes = model.write();
    let found = read(&bytes).unwrap();
    assert_eq!(found, model);
    assert_eq!(found.write(), bytes);
    assert_eq!((found.operators(), found.parameters(), found.metadata("labels")), (17, 42, Some("a,b,c")));
}

#[test]
fn lists_of_attributes_are_not_packed_and_both_forms_are_read() {
    let attribute = Attribute::new("pads", Value::Ints(vec![1, 2]));
    let bytes = attribute.encode_to_vec();
    assert!(bytes.windows(4).any(|w| w == [0x40, 1, 0x40, 2]), "{bytes:?}");
    let packed = [&[0x0a, 4][..], b"pads", &[0x42, 2, 1, 2, 0xa0, 1, 7]].concat();
    assert_eq!(Attribute::decode(packed.as_slice()).unwrap(), attribute);
}

/// What a model is refused for after it was changed.
fn check(change: impl FnOnce(&mut proto::Model), message: &str) {
    let mut proto = small().into_proto();
    change(&mut proto);
    let found = read(&proto.encode_to_vec()).unwrap_err().to_string();
    assert!(found.contains(message), "{found:?} lacks {message:?}");
}

fn graph(proto: &mut proto::Model) -> &mut Graph {
    proto.graph.as_mut().unwrap()
}

#[test]
fn rules_of_onnx_are_held() {
    check(|p| p.graph = None, "no graph");
    check(|p| p.ir_version = None, "format version 0");
    check(|p| p.ir_version = Some(99), "format version 99");
    check(|p| p.opset_import.clear(), "no set of operators");
    check(|p| p.opset_import[0].version = Some(0), "have version 0");
    check(|p| graph(p).node[0].domain = Some("com.microsoft".into()), "does not import");
    check(|p| graph(p).node[0].op_type = None, "no operator");
    check(|p| graph(p).node.reverse(), "not defined before it");
    check(|p| graph(p).node[1].output[0] = "input".into(), "defined twice");
    check(|p| graph(p).output[0].name = Some("nowhere".into()), "nothing gives its output");
    check(|p| graph(p).initializer[0].dims[0] = 3, "needs 108 bytes, and it has 72");
    check(|p| graph(p).initializer[0].dims = vec![-2, -9], "negative");
    check(|p| graph(p).initializer[0].data_type = Some(77), "type 77");
    check(|p| graph(p).initializer[1].name = Some("weight".into()), "two constants");
    check(|p| graph(p).initializer[0].float_data = vec![1.0], "two places");
    check(|p| graph(p).initializer[0].data_location = Some(1), "in another file");
    check(|p| graph(p).node[1].attribute[0].f = None, "lacks the value");
}

#[test]
fn limits_hold() {
    fn check(change: impl FnOnce(&mut Limits), what: &str) {
        let mut limits = Limits::default();
        change(&mut limits);
        match Model::read(&small().write(), &limits).unwrap_err() {
            OnnxError::Limit { what: found, .. } => assert_eq!(found, what),
            other => panic!("{other}"),
        }
    }
    check(|l| l.bytes = 100, "bytes");
    check(|l| l.nodes = 6, "nodes");
    check(|l| l.initializers = 2, "tensors");
    check(|l| l.elements = 20, "values of a tensor");
    check(|l| l.tensor_bytes = 150, "bytes of tensors");
    check(|l| l.depth = 0, "levels of graphs");
    check(|l| l.text = 4, "bytes of a text");
    check(|l| l.list = 3, "entries of a list");
}

/// A field with a length.
fn field(number: u8, inner: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    let mut length = inner.len();
    while length >= 128 {
        bytes.push(length as u8 | 128);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend_from_slice(inner);
    bytes
}

#[test]
fn hostile_files_are_refused_before_anything_is_allocated() {
    fn check(bytes: &[u8], message: &str) {
        let found = read(bytes).unwrap_err().to_string();
        assert!(found.contains(message), "{found:?} lacks {message:?}");
    }
    // Two bytes for each node that would be some hundred in memory.
    check(&field(7, &[0x0a, 0].repeat(50_000)), "bytes of decoded messages");
    check(&field(7, &[0x0a, 0].repeat(200_000)), "exceed the limit");
    let mut deep = Vec::new();
    for _ in 0..40 {
        deep = field(1, &field(5, &field(6, &deep)));
    }
    check(&field(7, &deep), "levels of graphs");
    let mut types = Vec::new();
    for _ in 0..200 {
        types = field(4, &field(1, &types));
    }
    check(&field(7, &field(11, &field(2, &types))), "nested too deep");
    // 2^62 values.
    let huge = [0x08, 0x80, 0x80, 0x80, 0x80, 0x08].repeat(2);
    check(&field(7, &field(5, &huge)), "values of a tensor");
    check(&[0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f], "longer than what is left");
    check(&[0x3b], "no known wire type");
    check(&[0xff; 12], "longer than ten bytes");
    check(b"", "format version 0");
}

proptest! {
    #[test]
    fn damage_is_no_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        cut in any::<prop::sample::Index>(),
        whole in any::<bool>(),
    ) {
        let mut bytes = small().write();
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if !whole {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(model) = read(&bytes) {
            // What was taken is written and taken again.
            prop_assert_eq!(&read(&model.write()).unwrap().write(), &model.write());
        }
    }

    #[test]
    fn noise_is_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&bytes);
    }
}

#[test]
fn subgraphs_see_what_is_around_them() {
    let branch = |from: &str| Graph {
        node: vec![Node::new("Relu", &[from], &["y"])],
        output: vec![proto::ValueInfo::tensor("y", Element::F32, &[])],
        ..Graph::default()
    };
    let model = |from: &str| {
        let mut graph = Builder::new("branches");
        graph.input("flag", Element::Bool, &[]);
        graph.input("x", Element::F32, &[]);
        let mut node = Node::new("If", &["flag"], &["out"]);
        for name in ["then_branch", "else_branch"] {
            let mut attribute = Attribute {
                name: Some(name.into()),
                g: Some(Box::new(branch(from))),
                ..Attribute::default()
            };
            attribute.set_type(proto::AttributeType::Graph);
            node.attribute.push(attribute);
        }
        graph.push(node);
        graph.output("out", Element::F32, &[]);
        graph.finish()
    };
    assert_eq!(read(&model("x").unwrap().write()).unwrap(), model("x").unwrap());
    assert!(model("out").unwrap_err().to_string().contains("not defined before it"));
}

#[test]
fn operators_of_a_stranger_are_refused() {
    check(
        |p| {
            let stranger = proto::OperatorSet { domain: Some("evil".to_owned()), version: Some(1) };
            p.opset_import.push(stranger);
            graph(p).node[0].domain = Some("evil".to_owned());
        },
        "are not known",
    );
}
