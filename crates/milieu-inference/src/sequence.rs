//! One sequence of tokens, one row of scores: for callers who need an answer at once and not in a batch.

use crate::{Data, DataType, Dimension, Engine, LoadError, RunError, Tensor};
use parking_lot::Mutex;

/// A model that takes sequences of a fixed length and gives a row of scores for each. Callers take turns.
pub struct SequenceModel {
    engine: Mutex<Box<dyn Engine>>,
    length: usize,
}

impl SequenceModel {
    /// Takes a loaded model.
    ///
    /// # Errors
    /// [`LoadError::Unsupported`] where it does not take `N x L` of `i64`, or does not give `f32` first.
    pub fn new(engine: Box<dyn Engine>) -> Result<Self, LoadError> {
        let signature = engine.signature();
        let length = match signature.inputs.as_slice() {
            [port] if port.data_type == DataType::I64 => match port.shape.as_deref() {
                Some([Dimension::Dynamic(_), Dimension::Fixed(length)]) => Some(*length),
                _ => None,
            },
            _ => None,
        };
        let gives = signature.outputs.first().is_some_and(|port| port.data_type == DataType::F32);
        match length.filter(|_| gives) {
            Some(length) => Ok(Self { engine: Mutex::new(engine), length }),
            None => Err(LoadError::Unsupported { what: "no sequence of fixed length to scores".to_owned() }),
        }
    }

    /// Tokens of a sequence.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }

    /// The scores after a sequence.
    ///
    /// # Errors
    /// [`RunError`], also for a sequence of another length.
    pub fn scores(&self, tokens: &[i64]) -> Result<Vec<f32>, RunError> {
        let input = Tensor::new(vec![1, self.length], Data::I64(tokens.to_vec()))
            .map_err(|error| RunError::Failed(error.to_string()))?;
        let output = self.engine.lock().run(&[input])?.into_iter().next();
        match output.map(|output| output.into_parts().1) {
            Some(Data::F32(scores)) => Ok(scores),
            _ => Err(RunError::Output("no scores".to_owned())),
        }
    }
}

impl std::fmt::Debug for SequenceModel {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "sequences of {} tokens", self.length)
    }
}
