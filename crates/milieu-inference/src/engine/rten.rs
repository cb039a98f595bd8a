//! rten. It knows four types of values; the others go through one of them, as rten itself does with the
//! weights and operators of a model.

use super::guard::{guarded, guarded_with_stack};
use super::{Engine, LoadOptions};
use crate::{Data, DataType, LoadError, Port, RunError, Signature, Tensor};
use crate::{join, outline};
use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool, Value, ValueOrView, ValueView};
use rten_tensor::prelude::*;
use std::sync::Arc;

const ENGINE: &str = "rten";

pub(super) struct RtenEngine {
    model: Model,
    signature: Signature,
    inputs: Vec<NodeId>,
    outputs: Vec<NodeId>,
    pool: Arc<ThreadPool>,
    /// Whether examples are run one by one. rten 0.27 loses the zero points of the weights of `ConvInteger`
    /// where it packs them for several examples (`ops/conv.rs`), and gives wrong numbers then.
    one_by_one: bool,
}

impl RtenEngine {
    pub(super) fn load(
        bytes: &[u8],
        signature: Signature,
        pool: Arc<ThreadPool>,
        options: LoadOptions,
    ) -> Result<Self, LoadError> {
        let refused = |reason| LoadError::Refused { engine: ENGINE, reason };
        let ports = signature.inputs.iter().chain(&signature.outputs);
        if let Some(port) = ports.into_iter().find(|port| port.data_type == DataType::F16) {
            return Err(refused(format!("it has no 16-bit floats, of which {:?} is made", port.name)));
        }
        let load = || ModelOptions::with_all_ops().prepack_weights(options.prepack).load(bytes.to_vec());
        let model = guarded_with_stack(load)
            .map_err(|panic| refused(format!("it broke down: {panic}")))?
            .map_err(|error| refused(error.to_string()))?;
        let nodes = |ports: &[Port]| {
            let node = |port: &Port| {
                let found = model.find_node(&port.name);
                found.ok_or_else(|| refused(format!("there is no value {:?}", port.name)))
            };
            ports.iter().map(node).collect::<Result<Vec<_>, _>>()
        };
        let (inputs, outputs) = (nodes(&signature.inputs)?, nodes(&signature.outputs)?);
        let one_by_one = outline::uses(bytes, "ConvInteger");
        Ok(Self { model, signature, inputs, outputs, pool, one_by_one })
    }
}

impl Engine for RtenEngine {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn run(&mut self, inputs: &[Tensor]) -> Result<Vec<Tensor>, RunError> {
        let count = inputs.first().and_then(|tensor| tensor.shape().first()).copied().unwrap_or(0);
        if !self.one_by_one || count < 2 || !join::have_rows(inputs, count) {
            return self.run_together(inputs);
        }
        let mut parts = Vec::with_capacity(count);
        for row in 0..count {
            let one: Option<Vec<Tensor>> =
                inputs.iter().map(|input| join::rows(input, row..row + 1)).collect();
            let one = one.ok_or_else(|| RunError::Failed("the inputs have no rows".to_owned()))?;
            parts.push(self.run_together(&one)?);
        }
        let joined = (0..self.outputs.len()).map(|place| join::join(parts.iter().map(|part| &part[place])));
        joined
            .map(|output| output.ok_or_else(|| RunError::Output("not one for each example".to_owned())))
            .collect()
    }
}

impl RtenEngine {
    fn run_together(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>, RunError> {
        let mut values = Vec::with_capacity(inputs.len());
        for (node, (tensor, port)) in self.inputs.iter().zip(inputs.iter().zip(&self.signature.inputs)) {
            values.push((*node, to_value(tensor, &port.name)?));
        }
        let options = RunOptions::default().with_thread_pool(Some(self.pool.clone()));
        let outputs = guarded(|| self.model.run(values, &self.outputs, Some(options)))
            .map_err(RunError::Panicked)?
            .map_err(|error| RunError::Failed(error.to_string()))?;
        if outputs.len() != self.signature.outputs.len() {
            return Err(RunError::Output(format!("{} in number", outputs.len())));
        }
        outputs.into_iter().zip(&self.signature.outputs).map(|(value, port)| to_tensor(value, port)).collect()
    }
}

fn to_value<'a>(tensor: &'a Tensor, name: &str) -> Result<ValueOrView<'a>, RunError> {
    fn view<'a, T>(shape: &[usize], values: &'a [T]) -> Result<ValueOrView<'a>, RunError>
    where
        ValueView<'a>: From<rten_tensor::TensorView<'a, T>>,
    {
        let view = ValueView::from_shape(shape, values);
        view.map(ValueOrView::from).map_err(|error| RunError::Failed(error.to_string()))
    }
    fn owned<'a, T>(shape: &[usize], values: Vec<T>) -> Result<ValueOrView<'a>, RunError>
    where
        Value: From<rten_tensor::Tensor<T>>,
    {
        let value = Value::from_shape(shape, values);
        value.map(ValueOrView::from).map_err(|error| RunError::Failed(error.to_string()))
    }
    let shape = tensor.shape();
    match tensor.data() {
        Data::F32(values) => view(shape, values),
        Data::I32(values) => view(shape, values),
        Data::I8(values) => view(shape, values),
        Data::U8(values) => view(shape, values),
        Data::Bool(values) => owned(shape, values.iter().map(|value| i32::from(*value)).collect()),
        Data::I64(values) => {
            let narrow = |value: &i64| {
                i32::try_from(*value).map_err(|_| {
                    RunError::Failed(format!("{value} in {name:?} does not fit into 32 bits, as rten needs"))
                })
            };
            owned(shape, values.iter().map(narrow).collect::<Result<Vec<i32>, _>>()?)
        }
        Data::F16(values) => owned(shape, values.iter().map(|value| value.to_f32()).collect()),
        Data::F64(values) => owned(shape, values.iter().map(|value| *value as f32).collect()),
    }
}

fn to_tensor(value: Value, port: &Port) -> Result<Tensor, RunError> {
    let found = value.dtype();
    let (shape, data) = match (value, port.data_type) {
        (Value::FloatTensor(tensor), DataType::F32) => parts(tensor, Data::F32),
        (Value::Int32Tensor(tensor), DataType::I32) => parts(tensor, Data::I32),
        (Value::Int8Tensor(tensor), DataType::I8) => parts(tensor, Data::I8),
        (Value::UInt8Tensor(tensor), DataType::U8) => parts(tensor, Data::U8),
        (Value::Int32Tensor(tensor), DataType::I64) => {
            parts(tensor, |values| Data::I64(values.into_iter().map(i64::from).collect()))
        }
        (Value::Int32Tensor(tensor), DataType::Bool) => {
            parts(tensor, |values| Data::Bool(values.into_iter().map(|value| value != 0).collect()))
        }
        (Value::FloatTensor(tensor), DataType::F64) => {
            parts(tensor, |values| Data::F64(values.into_iter().map(f64::from).collect()))
        }
        (_, declared) => {
            return Err(RunError::Output(format!("{:?} is {found} and not {declared}", port.name)));
        }
    };
    Tensor::new(shape, data).map_err(|error| RunError::Output(error.to_string()))
}

fn parts<T: Clone>(tensor: rten_tensor::Tensor<T>, data: impl FnOnce(Vec<T>) -> Data) -> (Vec<usize>, Data) {
    (tensor.shape().to_vec(), data(tensor.into_data()))
}
