//! A network of every kind of node that the rewrites know, and an engine to run it.

use milieu_onnx::proto::Tensor;
use milieu_onnx::{Builder, Element, Model, Value};

/// Values between -1 and 1 that a seed decides (Knuth's linear congruence).
pub(crate) fn values(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    std::iter::repeat_with(next).take(count).collect()
}

/// What a network is made of, with weights by seed.
pub(crate) struct Net {
    pub(crate) graph: Builder,
    seed: u64,
}

impl Net {
    pub(crate) fn constant(&mut self, shape: &[usize], scale: f32) -> String {
        self.seed += 1;
        let values: Vec<f32> = values(shape.iter().product(), self.seed).iter().map(|x| x * scale).collect();
        self.graph.constant(Tensor::of_f32(&format!("c{}", self.seed), shape, &values))
    }

    /// A convolution of 3 x 3 in this many groups, normalised and rectified.
    pub(crate) fn block(&mut self, x: &str, inputs: usize, outputs: usize, groups: usize) -> String {
        self.kernel(x, inputs, outputs, groups, 3)
    }

    /// A convolution of 1 x 1, normalised and rectified.
    pub(crate) fn pointwise(&mut self, x: &str, inputs: usize, outputs: usize) -> String {
        self.kernel(x, inputs, outputs, 1, 1)
    }

    fn kernel(&mut self, x: &str, inputs: usize, outputs: usize, groups: usize, side: usize) -> String {
        let deviation = (6.0 / (side * side * inputs / groups) as f32).sqrt();
        let weight = self.constant(&[outputs, inputs / groups, side, side], deviation);
        let mut attributes = vec![
            ("kernel_shape", Value::Ints(vec![side as i64; 2])),
            ("strides", Value::Ints(vec![1, 1])),
            ("pads", Value::Ints(vec![side as i64 / 2; 4])),
        ];
        if groups > 1 {
            attributes.push(("group", Value::Int(groups as i64)));
        }
        let x = self.graph.node("Conv", &[x, &weight], attributes);
        let scale = self.around(outputs, 1.0);
        let shift = self.constant(&[outputs], 0.2);
        let mean = self.constant(&[outputs], 0.2);
        let variance = self.around(outputs, 0.8);
        let x = self.graph.node("BatchNormalization", &[&x, &scale, &shift, &mean, &variance], vec![]);
        self.graph.node("Relu", &[&x], vec![])
    }

    fn around(&mut self, count: usize, middle: f32) -> String {
        self.seed += 1;
        let values: Vec<f32> = values(count, self.seed).iter().map(|x| middle + 0.3 * x).collect();
        self.graph.constant(Tensor::of_f32(&format!("c{}", self.seed), &[count], &values))
    }

    pub(crate) fn pool(&mut self, x: &str) -> String {
        let two = || Value::Ints(vec![2, 2]);
        self.graph.node("MaxPool", &[x], vec![("kernel_shape", two()), ("strides", two())])
    }
}

/// `2 x 3 x 12 x 12` to 5 logits by way of plain and depthwise convolutions, a residual, poolings and two
/// matrices.
pub(crate) fn picture(width: usize) -> Model {
    let mut net = Net { graph: Builder::new("picture"), seed: 0 };
    net.graph.input("input", Element::F32, &["N".into(), 3.into(), 12.into(), 12.into()]);
    let x = net.block("input", 3, width, 1);
    let x = net.pool(&x);
    let body = net.block(&x, width, width, 1);
    let body = net.block(&body, width, width, 1);
    let x = net.graph.node("Add", &[&x, &body], vec![]);
    let x = net.block(&x, width, width, width);
    let x = net.pointwise(&x, width, 2 * width);
    let x = net.pool(&x);
    let x = net.graph.node("Flatten", &[&x], vec![]);
    let inputs = 2 * width * 9;
    let (weight, bias) =
        (net.constant(&[16, inputs], (3.0 / inputs as f32).sqrt()), net.constant(&[16], 0.1));
    let x = net.graph.node("Gemm", &[&x, &weight, &bias], vec![("transB", Value::Int(1))]);
    let x = net.graph.node("Relu", &[&x], vec![]);
    let weight = net.constant(&[16, 5], 0.4);
    let x = net.graph.node("MatMul", &[&x, &weight], vec![]);
    net.graph.rename(&x, "logits");
    net.graph.output("logits", Element::F32, &["N".into(), 5.into()]);
    net.graph.finish().unwrap()
}

/// What rten gives for pictures of `3 x 12 x 12`: each output's values.
pub(crate) fn run(model: &Model, pictures: &[f32]) -> Vec<Vec<f32>> {
    let engine = rten::Model::load(model.write()).unwrap();
    let input = rten::Value::from_shape([pictures.len() / 432, 3, 12, 12], pictures.to_vec()).unwrap();
    let outputs = engine.run(vec![(engine.input_ids()[0], input.into())], engine.output_ids(), None).unwrap();
    outputs.iter().map(|value| value.as_tensor_view::<f32>().unwrap().iter().copied().collect()).collect()
}

/// The largest difference, relative to the largest of `wanted`.
pub(crate) fn difference(found: &[f32], wanted: &[f32]) -> f32 {
    assert_eq!(found.len(), wanted.len());
    let most = wanted.iter().fold(0.0f32, |most, x| most.max(x.abs()));
    found.iter().zip(wanted).fold(0.0f32, |worst, (a, b)| worst.max((a - b).abs())) / most
}
