//! What a network has learnt, as plain values.

use serde::{Deserialize, Serialize};

/// What a parameter is for; decides about decay and whether it is learnt at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParameterKind {
    /// Learnt, and decayed.
    Weight,
    /// Learnt, not decayed: biases, scales and shifts.
    Offset,
    /// Not learnt by gradients: running moments, and what is fixed before learning.
    Statistic,
}

/// A named parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its path in the network: `3.body.0.weight`.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// What it is for.
    pub kind: ParameterKind,
    /// Its values in order, the last dimension fastest.
    pub values: Vec<f32>,
}

/// Which parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ParameterId(pub(crate) usize);

/// The parameters of a network in the order of its layers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Parameters(Vec<Parameter>);

/// New values of parameters that are not learnt by gradients.
pub type Statistics = Vec<(ParameterId, Vec<f32>)>;

impl Parameters {
    /// Adds a parameter.
    pub fn add(&mut self, parameter: Parameter) -> ParameterId {
        self.0.push(parameter);
        ParameterId(self.0.len() - 1)
    }

    /// Takes a parameter out of learning.
    pub(crate) fn fix(&mut self, id: ParameterId) {
        self.0[id.0].kind = ParameterKind::Statistic;
    }

    /// Gives a named parameter other values; `false` where there is none with as many.
    pub fn replace(&mut self, name: &str, values: Vec<f32>) -> bool {
        let found = self.0.iter_mut().find(|p| p.name == name && p.values.len() == values.len());
        found.map(|parameter| parameter.values = values).is_some()
    }

    /// Makes the first channels that come out of each convolution those that went in, wherever at least as many
    /// come out: deep networks begin as shallow ones (Jordan 2024, arXiv 2404.00498, section 3.3).
    pub fn start_as_identity(&mut self) {
        for parameter in self.0.iter_mut().filter(|p| p.kind == ParameterKind::Weight) {
            let &[outputs, inputs, height, width] = parameter.shape.as_slice() else { continue };
            // A depthwise convolution has one channel for each of its kernels.
            if inputs < 2 || outputs < inputs || height % 2 == 0 || width % 2 == 0 {
                continue;
            }
            let area = height * width;
            for channel in 0..inputs {
                let kernel = &mut parameter.values[channel * inputs * area..][..inputs * area];
                kernel.fill(0.0);
                kernel[channel * area + area / 2] = 1.0;
            }
        }
    }

    /// One of them.
    ///
    /// # Panics
    /// For the id of another network.
    #[must_use]
    pub fn get(&self, id: ParameterId) -> &Parameter {
        &self.0[id.0]
    }

    /// One by its name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Parameter> {
        self.0.iter().find(|parameter| parameter.name == name)
    }

    /// All of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Parameter> {
        self.0.iter()
    }

    /// All of them, to be changed. Shapes must stay what they are.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, Parameter> {
        self.0.iter_mut()
    }

    /// Puts new values in the place of some.
    pub fn assign(&mut self, changes: Statistics) {
        for (id, values) in changes {
            if let Some(parameter) = self.0.get_mut(id.0).filter(|p| p.values.len() == values.len()) {
                parameter.values = values;
            }
        }
    }

    /// How many values they hold together.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.iter().map(|parameter| parameter.values.len()).sum()
    }

    /// How many parameters there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
