//! From the bytes of a picture to the input of a classifier.

use crate::classes::{Classes, Scale};
use crate::classifier::NotAClassifier;
use milieu_inference::{Data, DataType, Dimension, Port, Signature, Tensor};
use milieu_media::{DecodeError, DecodeLimits, Fit, Preparation, decode};
use milieu_registry::{ModelCard, PictureFit, PicturePreparation, Preprocessing};

/// A picture as a model reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct PreparedPicture {
    /// `1 x 3 x side x side`.
    pub tensor: Tensor,
    /// Pixels across of the picture as it was sent, turned upright.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

/// All that stands between a picture and a model on the one side, and the model and an answer on the other.
#[derive(Debug, Clone, PartialEq)]
pub struct PictureClassifier {
    preparation: Preparation,
    /// How the outputs are read.
    pub classes: Classes,
}

impl PictureClassifier {
    /// What the card says about a model of this signature, where the two agree.
    ///
    /// # Errors
    /// [`NotAClassifier`].
    pub fn new(card: &ModelCard, signature: &Signature, scale: Scale) -> Result<Self, NotAClassifier> {
        let not = |reason: String| NotAClassifier { does: "classify pictures", reason };
        let Some(Preprocessing::Picture(picture)) = &card.preprocessing else {
            return Err(not("its card does not say how pictures are prepared".into()));
        };
        let [input] = &signature.inputs[..] else {
            return Err(not(format!("it has {} inputs and not one", signature.inputs.len())));
        };
        let side = picture.side as usize;
        if input.data_type != DataType::F32 || !takes(input, [1, 3, side, side]) {
            let (name, shape) = (&input.name, input.wire_shape());
            return Err(not(format!(
                "its input {name} of {shape:?} takes no 1 x 3 x {side} x {side} floats"
            )));
        }
        let classes = Classes::new(card, signature, scale).map_err(not)?;
        Ok(Self { preparation: preparation(picture), classes })
    }

    /// Decodes and prepares a picture, as was done with those that the model learnt from.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn prepare(&self, bytes: &[u8], limits: DecodeLimits) -> Result<PreparedPicture, DecodeError> {
        let picture = decode(bytes, limits)?;
        let pixels = self.preparation.pixels(&picture);
        let side = self.preparation.side as usize;
        let mut values = vec![0.0; 3 * side * side];
        self.preparation.write(&pixels, &mut values);
        let tensor = Tensor::new(vec![1, 3, side, side], Data::F32(values))
            .map_err(|error| DecodeError::Undecodable(error.to_string()))?;
        Ok(PreparedPicture { tensor, width: picture.width, height: picture.height })
    }
}

fn takes(input: &Port, expected: [usize; 4]) -> bool {
    let Some(shape) = &input.shape else { return true };
    let fits = |(dimension, length): (&Dimension, usize)| match dimension {
        Dimension::Fixed(fixed) => *fixed == length,
        Dimension::Dynamic(_) => true,
    };
    shape.len() == expected.len() && shape.iter().zip(expected).all(fits)
}

/// The words of the card in those of the code that prepares.
fn preparation(card: &PicturePreparation) -> Preparation {
    let fit = match card.fit {
        PictureFit::Crop => Fit::Crop,
        PictureFit::Squash => Fit::Squash,
    };
    Preparation { side: card.side, fit, mean: card.mean, deviation: card.deviation }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic in a test is a failed test")]
mod tests {
    use super::*;
    use milieu_media::{Picture, png};

    fn port(name: &str, shape: &[usize]) -> Port {
        let dimension = |&length: &usize| match length {
            0 => Dimension::Dynamic("batch".into()),
            length => Dimension::Fixed(length),
        };
        Port {
            name: name.into(),
            data_type: DataType::F32,
            shape: Some(shape.iter().map(dimension).collect()),
        }
    }

    fn signature(input: &[usize], output: &[usize]) -> Signature {
        Signature { inputs: vec![port("pixels", input)], outputs: vec![port("logits", output)] }
    }

    fn card() -> ModelCard {
        let picture = PicturePreparation {
            side: 6,
            fit: PictureFit::Squash,
            mean: [0.5, 0.25, 0.0],
            deviation: [0.25, 0.5, 1.0],
        };
        ModelCard {
            labels: vec!["cat".into(), "dog".into()],
            preprocessing: Some(Preprocessing::Picture(picture)),
            ..ModelCard::default()
        }
    }

    #[test]
    fn what_classifies_pictures() {
        fn check(edit: impl Fn(&mut ModelCard), signature: &Signature, expected: &str) {
            let mut card = card();
            edit(&mut card);
            let said = PictureClassifier::new(&card, signature, Scale::Logits).err();
            let said = said.map(|error| error.to_string()).unwrap_or_default();
            assert!(said.contains(expected) && said.is_empty() == expected.is_empty(), "{said}");
        }
        let good = signature(&[0, 3, 6, 6], &[0, 2]);
        check(|_| (), &good, "");
        check(|_| (), &signature(&[1, 3, 0, 0], &[1, 0]), "");
        check(|card| card.labels.clear(), &signature(&[0, 3, 6, 6], &[0, 7]), "");
        check(|card| card.preprocessing = None, &good, "how pictures are prepared");
        check(|_| (), &signature(&[0, 3, 8, 8], &[0, 2]), "takes no 1 x 3 x 6 x 6 floats");
        check(|_| (), &signature(&[0, 6, 6, 3], &[0, 2]), "takes no 1 x 3 x 6 x 6 floats");
        check(|_| (), &signature(&[0, 3, 6, 6], &[0, 3]), "3 numbers for 2 labels");
        check(|_| (), &Signature { inputs: vec![], outputs: vec![] }, "0 inputs");
    }

    #[test]
    fn a_picture_is_prepared_as_for_training() {
        let good = signature(&[0, 3, 6, 6], &[0, 2]);
        let classifier = PictureClassifier::new(&card(), &good, Scale::Logits).unwrap();
        let rgb: Vec<u8> = (0..20 * 12 * 3).map(|place| (place * 7 % 251) as u8).collect();
        let file = png(&rgb, 20, 12).unwrap();
        let prepared = classifier.prepare(&file, DecodeLimits::default()).unwrap();
        assert_eq!((prepared.width, prepared.height), (20, 12));
        assert_eq!(prepared.tensor.shape(), [1, 3, 6, 6]);
        let training =
            Preparation { side: 6, fit: Fit::Squash, mean: [0.5, 0.25, 0.0], deviation: [0.25, 0.5, 1.0] };
        let mut expected = vec![0.0; 108];
        training.write(&training.pixels(&Picture { width: 20, height: 12, rgb }), &mut expected);
        assert_eq!(prepared.tensor.as_f32().unwrap(), expected);
        assert_eq!(classifier.prepare(b"", DecodeLimits::default()), Err(DecodeError::Empty));
    }
}
