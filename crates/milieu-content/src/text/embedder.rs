//! From a text to a vector of its meaning.

use super::TextReading;
use crate::classes::OutputError;
use crate::classifier::NotAClassifier;
use milieu_inference::{DataType, Dimension, Signature, Tensor};
use milieu_registry::ModelCard;

/// What the cards of models that give vectors name as their task.
pub const EMBEDDING_TASK: &str = "text_embedding";

/// How a model makes vectors of texts.
#[derive(Debug)]
pub struct TextEmbedder {
    /// How texts are read.
    pub reading: TextReading,
    /// Values of a vector, as far as the model says.
    width: usize,
}

impl TextEmbedder {
    /// What the card says about a model of this signature, where the two agree; `file` gives a file of the version by its
    /// name.
    ///
    /// # Errors
    /// [`NotAClassifier`].
    pub fn new(
        card: &ModelCard,
        signature: &Signature,
        file: &dyn Fn(&str) -> Option<Vec<u8>>,
    ) -> Result<Self, NotAClassifier> {
        let not = |reason: String| NotAClassifier { does: "make vectors of texts", reason };
        if card.task != EMBEDDING_TASK {
            return Err(not(format!("its task is {:?} and not {EMBEDDING_TASK:?}", card.task)));
        }
        let shape = match signature.outputs.first() {
            Some(output) if output.data_type == DataType::F32 => output.shape.as_deref().unwrap_or_default(),
            _ => return Err(not("its first output is not of FP32".to_owned())),
        };
        let width = match shape.last() {
            Some(Dimension::Fixed(width)) => *width,
            _ => 0,
        };
        Ok(Self { reading: TextReading::new(card, signature, file).map_err(not)?, width })
    }

    /// The vector of a text of so many tokens, brought to length 1, from what the model gave: a vector, or one for each
    /// token, whose mean is taken (Reimers and Gurevych 2019). A text without tokens has no direction: all values are 0.
    ///
    /// # Errors
    /// [`OutputError`].
    pub fn vector(&self, tokens: usize, outputs: &[Tensor]) -> Result<Vec<f32>, OutputError> {
        if tokens == 0 {
            return Ok(vec![0.0; self.width]);
        }
        let output = outputs.first().ok_or(OutputError::Form)?;
        let values = output.as_f32().ok_or(OutputError::Form)?;
        let mut vector = match *output.shape() {
            [1, _] => values.to_vec(),
            [1, _, width] if width > 0 => {
                let mut sum = vec![0.0; width];
                let rows = values.chunks_exact(width).take(tokens);
                rows.for_each(|row| sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += x));
                sum
            }
            _ => return Err(OutputError::Form),
        };
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        if !length.is_finite() {
            return Err(OutputError::NotANumber);
        }
        vector.iter_mut().for_each(|x| *x /= length.max(f32::MIN_POSITIVE));
        Ok(vector)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic in a test is a failed test")]
mod tests {
    use super::super::samples;
    use super::*;
    use milieu_inference::{Data, Port};
    use milieu_registry::Preprocessing;

    #[test]
    fn vectors_have_length_one() {
        let mut card = ModelCard {
            task: EMBEDDING_TASK.to_owned(),
            preprocessing: Some(Preprocessing::Grams(samples::GRAMS)),
            ..ModelCard::default()
        };
        let port = |name: &str, data_type| Port { name: name.into(), data_type, shape: None };
        let signature = Signature {
            inputs: vec![port("rows", DataType::I64), port("share", DataType::F32)],
            outputs: vec![port("embedding", DataType::F32)],
        };
        let embedder = TextEmbedder::new(&card, &signature, &|_| None).unwrap();
        let check =
            |shape: &[usize], values: &[f32], tokens: usize, expected: Result<&[f32], OutputError>| {
                let output = Tensor::new(shape.to_vec(), Data::F32(values.to_vec())).unwrap();
                assert_eq!(embedder.vector(tokens, &[output]), expected.map(<[f32]>::to_vec));
            };
        check(&[1, 2], &[3.0, 4.0], 7, Ok(&[0.6, 0.8]));
        check(&[1, 2], &[0.0, 0.0], 7, Ok(&[0.0, 0.0]));
        // The third row is padding.
        check(&[1, 3, 2], &[1.0, 1.0, 2.0, 3.0, 9.0, 9.0], 2, Ok(&[0.6, 0.8]));
        check(&[1, 2], &[3.0, 4.0], 0, Ok(&[]));
        check(&[2, 2], &[3.0, 4.0, 3.0, 4.0], 7, Err(OutputError::Form));
        check(&[1, 2], &[f32::NAN, 4.0], 7, Err(OutputError::NotANumber));
        card.task = "text_classification".to_owned();
        assert!(TextEmbedder::new(&card, &signature, &|_| None).is_err());
    }
}
