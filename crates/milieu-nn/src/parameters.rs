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
    /// Not learnt by gradients: running moments.
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

impl Parameters {
    /// Adds a parameter.
    pub fn add(&mut self, parameter: Parameter) -> ParameterId {
        self.0.push(parameter);
        ParameterId(self.0.len() - 1)
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
    pub fn assign(&mut self, changes: Vec<(ParameterId, Vec<f32>)>) {
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
