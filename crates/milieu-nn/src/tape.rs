//! One pass through a network: parameters as tensors, and what became of them.

use crate::kernels::Moments;
use crate::{Gradients, ParameterId, ParameterKind, Parameters, Tensor};
use burn::tensor::{Device, TensorData};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use std::cell::RefCell;

/// How much of the running moments a batch replaces.
const MOMENTUM: f32 = 0.1;

/// Lends parameters as tensors.
pub struct Tape<'a> {
    parameters: &'a Parameters,
    device: Device,
    training: bool,
    leaves: RefCell<Vec<Option<Tensor<1>>>>,
    statistics: RefCell<Vec<(ParameterId, Vec<f32>)>>,
    random: RefCell<Pcg64Mcg>,
}

impl<'a> Tape<'a> {
    /// A pass that learns. `seed` decides what is dropped out.
    #[must_use]
    pub fn training(parameters: &'a Parameters, seed: u64) -> Self {
        Self::new(parameters, Device::flex().autodiff(), true, seed)
    }

    /// A pass that only answers.
    #[must_use]
    pub fn answering(parameters: &'a Parameters) -> Self {
        Self::new(parameters, Device::flex(), false, 0)
    }

    fn new(parameters: &'a Parameters, device: Device, training: bool, seed: u64) -> Self {
        let leaves = RefCell::new(vec![None; parameters.len()]);
        let random = RefCell::new(Pcg64Mcg::seed_from_u64(seed));
        Self { parameters, device, training, leaves, statistics: RefCell::default(), random }
    }

    /// Whether this pass learns.
    #[must_use]
    pub fn is_training(&self) -> bool {
        self.training
    }

    /// Plain values as a tensor of a shape that has as many places.
    #[must_use]
    pub fn tensor<const D: usize>(&self, values: Vec<f32>, shape: [usize; D]) -> Tensor<D> {
        Tensor::from_data(TensorData::new(values, shape), &self.device)
    }

    /// A parameter in a shape that has as many places.
    pub(crate) fn parameter<const D: usize>(&self, id: ParameterId, shape: [usize; D]) -> Tensor<D> {
        let mut leaves = self.leaves.borrow_mut();
        let leaf = leaves[id.0].get_or_insert_with(|| {
            let parameter = self.parameters.get(id);
            let leaf = self.tensor(parameter.values.clone(), [parameter.values.len()]);
            let learns = self.training && parameter.kind != ParameterKind::Statistic;
            if learns { leaf.require_grad() } else { leaf }
        });
        leaf.clone().reshape(shape)
    }

    /// A parameter's values.
    pub(crate) fn values(&self, id: ParameterId) -> &[f32] {
        &self.parameters.get(id).values
    }

    /// Notes the moments of a batch of `count` values for the running ones. The running variance is that of
    /// the population the batch is a sample of, as in PyTorch.
    pub(crate) fn note(&self, mean: ParameterId, variance: ParameterId, moments: &Moments, count: usize) {
        let toward = |id: ParameterId, new: &[f32], factor: f32| {
            let old = self.values(id).iter().zip(new);
            old.map(|(old, new)| old + MOMENTUM * (new * factor - old)).collect::<Vec<f32>>()
        };
        let unbiased = count as f32 / count.saturating_sub(1).max(1) as f32;
        let mut statistics = self.statistics.borrow_mut();
        statistics.push((mean, toward(mean, &moments.mean, 1.0)));
        statistics.push((variance, toward(variance, &moments.variance, unbiased)));
    }

    /// Values that are 0 with probability `share`, else `1 / (1 - share)`.
    pub(crate) fn mask(&self, count: usize, share: f32) -> Vec<f32> {
        let mut random = self.random.borrow_mut();
        let kept = 1.0 / (1.0 - share).max(f32::EPSILON);
        (0..count).map(|_| if random.random::<f32>() < share { 0.0 } else { kept }).collect()
    }

    /// The gradients of a loss, and the running moments as they are after the pass.
    #[must_use]
    pub fn gradients(self, loss: &Tensor<1>) -> (Gradients, Vec<(ParameterId, Vec<f32>)>) {
        let mut found = loss.backward();
        let gradient = |leaf: Option<Tensor<1>>| {
            Some(values(leaf.filter(Tensor::is_require_grad)?.grad_remove(&mut found)?))
        };
        (self.leaves.into_inner().into_iter().map(gradient).collect(), self.statistics.into_inner())
    }
}

/// The values of a tensor in order.
#[must_use]
pub fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    // Nothing in this crate makes tensors of other than `f32`, or on a device that cannot be read.
    tensor.into_data().try_into_vec_as::<f32>().unwrap_or_default()
}
