//! One pass through a network: parameters as tensors, and what became of them.

use crate::kernels::{Moments, mask};
use crate::{Gradient, Gradients, ParameterId, ParameterKind, Parameters, Statistics, Tensor};
use burn::tensor::{Device, Int, TensorData};
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
    rows: RefCell<Vec<Option<Rows>>>,
    statistics: RefCell<Vec<(ParameterId, Vec<f32>)>>,
    random: RefCell<Pcg64Mcg>,
}

/// Some rows of a table as a tensor, and which they are, ascending.
struct Rows {
    numbers: Vec<u32>,
    leaf: Tensor<2>,
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
        let rows = RefCell::new(parameters.iter().map(|_| None).collect());
        let random = RefCell::new(Pcg64Mcg::seed_from_u64(seed));
        Self { parameters, device, training, leaves, rows, statistics: RefCell::default(), random }
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

    /// Numbers as a tensor, to look rows up by.
    pub(crate) fn numbers(&self, numbers: impl Iterator<Item = usize>) -> Tensor<1, Int> {
        let numbers: Vec<i32> = numbers.map(|number| i32::try_from(number).unwrap_or(i32::MAX)).collect();
        let count = numbers.len();
        Tensor::from_data(TensorData::new(numbers, [count]), &self.device)
    }

    /// Limits what this pass may look up in a table, `R x W`, to some rows, which ascend, and gives them as a
    /// tensor in that order. The table's gradient is then one of these rows, and nothing that the pass does
    /// costs what the whole table holds. Rows that the table does not have are left out.
    pub fn rows(&self, id: ParameterId, mut numbers: Vec<u32>) -> Tensor<2> {
        let parameter = self.parameters.get(id);
        let count = parameter.shape.first().copied().unwrap_or(0);
        let width = parameter.values.len() / count.max(1);
        numbers.retain(|&number| (number as usize) < count);
        if numbers.is_empty() {
            // The framework has no tensors without rows to look up in.
            numbers.push(0);
        }
        let row = |&number: &u32| &parameter.values[number as usize * width..][..width];
        let values = numbers.iter().flat_map(row).copied().collect();
        let leaf = self.tensor(values, [numbers.len(), width]);
        let learns = self.training && parameter.kind != ParameterKind::Statistic;
        let leaf = if learns { leaf.require_grad() } else { leaf };
        self.rows.borrow_mut()[id.0] = Some(Rows { numbers, leaf: leaf.clone() });
        leaf
    }

    /// Rows of a table by their numbers, `N x W`. Those that were left out of [`Tape::rows`], or that the
    /// table does not have, give the first one there is.
    pub(crate) fn look_up(&self, id: ParameterId, numbers: &[u32]) -> Tensor<2> {
        if let Some(rows) = &self.rows.borrow()[id.0] {
            let place = |number| rows.numbers.binary_search(number).unwrap_or(0);
            return rows.leaf.clone().select(0, self.numbers(numbers.iter().map(place)));
        }
        let parameter = self.parameters.get(id);
        let count = parameter.shape.first().copied().unwrap_or(0);
        let table = self.parameter(id, [count, parameter.values.len() / count.max(1)]);
        let place = |&number: &u32| if (number as usize) < count { number as usize } else { 0 };
        table.select(0, self.numbers(numbers.iter().map(place)))
    }

    /// Rows of a table by their numbers, `N x W`, when no other rows of it are looked up in this pass: its gradient is one
    /// of these rows.
    #[must_use]
    pub fn embed(&self, id: ParameterId, numbers: &[u32]) -> Tensor<2> {
        let mut known = numbers.to_vec();
        known.sort_unstable();
        known.dedup();
        self.rows(id, known);
        self.look_up(id, numbers)
    }

    /// Values of which a share is left out by chance while learning, and the others made larger to make up for it.
    #[must_use]
    pub fn drop_out(&self, rows: Tensor<2>, share: f32) -> Tensor<2> {
        if !self.training || share <= 0.0 {
            return rows;
        }
        let shape = rows.dims();
        let mask = self.mask(shape.iter().product(), share);
        rows * self.tensor(mask, shape)
    }

    /// A parameter in a shape that has as many places.
    #[must_use]
    pub fn parameter<const D: usize>(&self, id: ParameterId, shape: [usize; D]) -> Tensor<D> {
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
        mask(count, share, self.random.borrow_mut().random())
    }

    /// The gradients of a loss, and the running moments as they are after the pass.
    #[must_use]
    pub fn gradients(self, loss: &Tensor<1>) -> (Gradients, Statistics) {
        let mut found = loss.backward();
        let mut gradient = |(leaf, rows): (Option<Tensor<1>>, Option<Rows>)| match rows {
            Some(Rows { numbers, leaf }) => {
                let values = values(Some(leaf).filter(Tensor::is_require_grad)?.grad_remove(&mut found)?);
                Some(Gradient::Rows { rows: numbers, values })
            }
            None => {
                let gradient = leaf.filter(Tensor::is_require_grad)?.grad_remove(&mut found)?;
                Some(Gradient::Dense(values(gradient)))
            }
        };
        let leaves = self.leaves.into_inner().into_iter().zip(self.rows.into_inner());
        (leaves.map(&mut gradient).collect(), self.statistics.into_inner())
    }
}

/// The values of a tensor in order.
#[must_use]
pub fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    // Nothing in this crate makes tensors of other than `f32`, or on a device that cannot be read.
    tensor.into_data().try_into_vec_as::<f32>().unwrap_or_default()
}
