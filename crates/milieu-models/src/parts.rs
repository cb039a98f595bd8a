//! Parameters looked up by layer, once they are known to fit.

use crate::ModelError;
use milieu_nn::{Layer, Network, Parameter, Parameters, Size};

/// What a network adds to variances.
pub(crate) const EPSILON: f32 = 1e-5;

/// The parameters of some layers.
pub(crate) struct Parts<'a> {
    parameters: &'a Parameters,
    /// The size of what comes out of the layers.
    pub(crate) output: Size,
}

impl<'a> Parts<'a> {
    /// # Errors
    /// [`ModelError`] for layers that do not fit each other, or parameters that do not fit the layers.
    pub(crate) fn new(layers: &[Layer], input: Size, parameters: &'a Parameters) -> Result<Self, ModelError> {
        let (network, wanted) = Network::new(layers, input, 0)?;
        for wanted in wanted.iter() {
            let fits =
                |found: &&Parameter| found.shape == wanted.shape && found.values.len() == wanted.values.len();
            if parameters.named(&wanted.name).filter(fits).is_none() {
                return Err(ModelError::Parameter { name: wanted.name.clone(), shape: wanted.shape.clone() });
            }
        }
        Ok(Self { parameters, output: network.output() })
    }

    /// A parameter of the layer at `path`, if it has one of this name.
    pub(crate) fn of(&self, path: &str, name: &str) -> Option<&'a Parameter> {
        self.parameters.named(&format!("{path}.{name}"))
    }
}

/// The path of a layer within the layers at `path`.
pub(crate) fn within(path: &str, place: usize) -> String {
    if path.is_empty() { place.to_string() } else { format!("{path}.{place}") }
}
