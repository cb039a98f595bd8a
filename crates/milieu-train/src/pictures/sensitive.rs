//! A classifier that says which pictures are not for everybody's eyes, in the form of open-nsfw (Yahoo 2016).

use super::encoder::{EncoderError, threads};
use milieu_dataset::pictures::{Fit, Picture, Preparation};
use milieu_inference::{Data, Engine, EngineChoice, Engines, LoadOptions, Tensor};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Pixels across and down after scaling, and in the middle of that, which is looked at.
const SIDES: [usize; 2] = [256, 224];
/// Subtracted from blue, green and red, which go from 0 to 255.
const MEANS: [f32; 3] = [104.0, 117.0, 123.0];

/// A loaded classifier.
pub(super) struct Sensitivity(Mutex<Box<dyn Engine>>);

impl Sensitivity {
    /// Loads an ONNX file that takes `N x 224 x 224 x 3` (blue, green, red) and gives the probabilities of safe
    /// and not safe.
    pub(super) fn load(path: &Path) -> Result<Self, EncoderError> {
        let engines = Engines::find(EngineChoice::Auto, None, threads())?;
        Ok(Self(Mutex::new(engines.load_file(path, LoadOptions::default())?)))
    }

    /// The probability that a picture is not safe.
    pub(super) fn score(&self, picture: &Picture) -> Result<f32, String> {
        let [large, side] = SIDES;
        let preparation =
            Preparation { side: large as u32, fit: Fit::Squash, mean: [0.0; 3], deviation: [1.0; 3] };
        let pixels = preparation.pixels(picture);
        let margin = (large - side) / 2;
        let mut values = Vec::with_capacity(side * side * 3);
        for row in margin..margin + side {
            for pixel in pixels[(row * large + margin) * 3..][..side * 3].as_chunks::<3>().0 {
                let [red, green, blue] = pixel.map(f32::from);
                values.extend([blue - MEANS[0], green - MEANS[1], red - MEANS[2]]);
            }
        }
        let tensor =
            Tensor::new(vec![1, side, side, 3], Data::F32(values)).map_err(|error| error.to_string())?;
        let mut engine = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let outputs = engine.run(&[tensor]).map_err(|error| error.to_string())?;
        match outputs.into_iter().next().map(|output| output.into_parts().1) {
            Some(Data::F32(shares)) if shares.len() == 2 => Ok(shares[1]),
            _ => Err("it gives no two probabilities".to_owned()),
        }
    }
}
