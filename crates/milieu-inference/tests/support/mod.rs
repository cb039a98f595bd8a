//! What several tests need: an engine made of a closure, and small models written as ONNX files.
#![allow(dead_code)]

use milieu_inference::{Data, DataType, Dimension, Engine, EngineChoice, Engines, Port, RunError};
use milieu_inference::{Signature, Tensor};
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// An engine whose run is a closure, for what real engines do only by accident: be slow, fail, panic.
pub(crate) struct Scripted<F> {
    signature: Signature,
    run: F,
}

impl<F: FnMut(&[Tensor]) -> Result<Vec<Tensor>, RunError> + Send> Engine for Scripted<F> {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn run(&mut self, inputs: &[Tensor]) -> Result<Vec<Tensor>, RunError> {
        (self.run)(inputs)
    }
}

/// An engine of one input and one output of 32-bit floats, with these dimensions (0 is dynamic).
pub(crate) fn scripted<F>(input: &[usize], output: &[usize], run: F) -> Box<dyn Engine>
where
    F: FnMut(&[Tensor]) -> Result<Vec<Tensor>, RunError> + Send + 'static,
{
    let port = |name: &str, shape: &[usize]| {
        let dimension = |length: &usize| match *length {
            0 => Dimension::Dynamic(String::new()),
            fixed => Dimension::Fixed(fixed),
        };
        let shape = Some(shape.iter().map(dimension).collect());
        Port { name: name.into(), data_type: DataType::F32, shape }
    };
    let signature = Signature { inputs: vec![port("x", input)], outputs: vec![port("y", output)] };
    Box::new(Scripted { signature, run })
}

/// A row for each value, `width` times the value.
pub(crate) fn floats(rows: &[f32], width: usize) -> Tensor {
    let values = rows.iter().flat_map(|value| std::iter::repeat_n(*value, width)).collect();
    Tensor::new(vec![rows.len(), width], Data::F32(values)).unwrap()
}

/// Both engines with two threads, ONNX Runtime where `MILIEU_ONNXRUNTIME` names its library or the system
/// has one.
pub(crate) fn engines() -> Vec<Engines> {
    let threads = NonZeroUsize::new(2).unwrap();
    let library = std::env::var_os("MILIEU_ONNXRUNTIME").map(PathBuf::from);
    let mut found = vec![Engines::find(EngineChoice::Rten, None, threads).unwrap()];
    match Engines::find(EngineChoice::OnnxRuntime, library.as_deref(), threads) {
        Ok(engines) => found.push(engines),
        Err(error) => eprintln!("skipped for ONNX Runtime: {error}; MILIEU_ONNXRUNTIME names its library"),
    }
    found
}

/// A file of the folder of pretrained models that `MILIEU_MODELS` names.
pub(crate) fn pretrained(path: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("MILIEU_MODELS") else {
        eprintln!("skipped: MILIEU_MODELS names no folder of pretrained models");
        return None;
    };
    let found = PathBuf::from(folder).join(path);
    if !found.exists() {
        eprintln!("skipped: {} is not there", found.display());
        return None;
    }
    Some(found)
}

/// ONNX files, written field by field.
pub(crate) mod onnx {
    fn varint(mut number: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        while number > 0x7f {
            bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        bytes.push(number as u8);
        bytes
    }

    pub(crate) fn bytes(field: u64, content: &[u8]) -> Vec<u8> {
        [varint(field << 3 | 2), varint(content.len() as u64), content.to_vec()].concat()
    }

    pub(crate) fn number(field: u64, number: u64) -> Vec<u8> {
        [varint(field << 3), varint(number)].concat()
    }

    /// A tensor type of ONNX's element type and these dimensions, of which words are dynamic.
    pub(crate) fn port(name: &str, element: u64, shape: &[&str]) -> Vec<u8> {
        let dimension = |word: &&str| match word.parse() {
            Ok(length) => bytes(1, &number(1, length)),
            Err(_) => bytes(1, &bytes(2, word.as_bytes())),
        };
        let shape: Vec<u8> = shape.iter().flat_map(dimension).collect();
        let tensor = [number(1, element), bytes(2, &shape)].concat();
        [bytes(1, name.as_bytes()), bytes(2, &bytes(1, &tensor))].concat()
    }

    pub(crate) fn weights(name: &str, shape: &[u64], values: &[f32]) -> Vec<u8> {
        let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let dimensions: Vec<u8> = shape.iter().flat_map(|length| number(1, *length)).collect();
        [dimensions, number(2, 1), bytes(8, name.as_bytes()), bytes(9, &raw)].concat()
    }

    pub(crate) fn node(operator: &str, inputs: &[&str], output: &str) -> Vec<u8> {
        let inputs: Vec<u8> = inputs.iter().flat_map(|name| bytes(1, name.as_bytes())).collect();
        [inputs, bytes(2, output.as_bytes()), bytes(3, output.as_bytes()), bytes(4, operator.as_bytes())]
            .concat()
    }

    pub(crate) fn graph(
        nodes: &[Vec<u8>],
        weights: &[Vec<u8>],
        inputs: &[Vec<u8>],
        outputs: &[Vec<u8>],
    ) -> Vec<u8> {
        let all = |field, parts: &[Vec<u8>]| -> Vec<u8> {
            parts.iter().flat_map(|part| bytes(field, part)).collect()
        };
        let name = bytes(2, b"test");
        [all(1, nodes), name, all(5, weights), all(11, inputs), all(12, outputs)].concat()
    }

    /// The field of a node that holds a graph.
    pub(crate) fn graph_attribute(name: &str, graph: &[u8]) -> Vec<u8> {
        bytes(5, &[bytes(1, name.as_bytes()), bytes(6, graph), number(20, 5)].concat())
    }

    /// A model of version 8 of the format and version 13 of the operators.
    pub(crate) fn model(
        nodes: &[Vec<u8>],
        weights: &[Vec<u8>],
        inputs: &[Vec<u8>],
        outputs: &[Vec<u8>],
    ) -> Vec<u8> {
        let graph = graph(nodes, weights, inputs, outputs);
        [number(1, 8), bytes(7, &graph), bytes(8, &[bytes(1, b""), number(2, 13)].concat())].concat()
    }

    /// `y = x W + b` for `x` of three columns; `W` holds 1 to 6 row by row, `b` 10 and 20.
    pub(crate) fn linear() -> Vec<u8> {
        model(
            &[node("MatMul", &["x", "w"], "xw"), node("Add", &["xw", "b"], "y")],
            &[weights("w", &[3, 2], &[1., 2., 3., 4., 5., 6.]), weights("b", &[2], &[10., 20.])],
            &[port("x", 1, &["batch", "3"])],
            &[port("y", 1, &["batch", "2"])],
        )
    }

    /// The rows of a table of four, by their numbers.
    pub(crate) fn table() -> Vec<u8> {
        model(
            &[node("Gather", &["t", "ids"], "y")],
            &[weights("t", &[4, 2], &[0., 1., 10., 11., 20., 21., 30., 31.])],
            &[port("ids", 7, &["batch", "length"])],
            &[port("y", 1, &["batch", "length", "2"])],
        )
    }

    /// One operator on a value of some element type, as an input `x` and an output `y` of two columns.
    pub(crate) fn unary(operator: &str, element: u64) -> Vec<u8> {
        let shape = ["batch", "2"];
        model(
            &[node(operator, &["x"], "y")],
            &[],
            &[port("x", element, &shape)],
            &[port("y", element, &shape)],
        )
    }
}
