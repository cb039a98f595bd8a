//! Transfer: features of an encoder that learnt elsewhere, on which a head is learnt here.

use super::data::Data;
use super::recipe::EncoderConfig;
use milieu_inference::{
    Data as Values, DataType, Dimension, Engine, EngineChoice, EngineError, Engines, LoadError, LoadOptions,
    RunError, Signature, Tensor,
};
use milieu_onnx::{Limits, Model, OnnxError, rewrite};
use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Pictures that are encoded together.
const TOGETHER: usize = 16;

/// Why there are no features.
#[derive(Debug, thiserror::Error)]
pub enum EncoderError {
    /// The disk.
    #[error("{}: {source}", path.display())]
    Io {
        /// The encoder's file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no ONNX file, or has no value of that name.
    #[error("the encoder: {0}")]
    Onnx(#[from] OnnxError),
    /// There is nothing to run it.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// It cannot be loaded.
    #[error("the encoder: {0}")]
    Load(#[from] LoadError),
    /// It cannot be run.
    #[error("the encoder: {0}")]
    Run(#[from] RunError),
    /// It takes or gives something else.
    #[error("the encoder {0}")]
    Misfit(String),
}

/// Features of pictures, each picture's in a row.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Features {
    /// How many a picture has.
    pub(crate) width: usize,
    /// Those of the pictures as they are.
    pub(crate) plain: Vec<f32>,
    /// Those of the pictures turned left to right; none where nothing is turned.
    pub(crate) turned: Vec<f32>,
}

impl Features {
    /// A picture's.
    pub(super) fn of(&self, number: usize, turned: bool) -> &[f32] {
        let from = if turned && !self.turned.is_empty() { &self.turned } else { &self.plain };
        from.get(number * self.width..(number + 1) * self.width).unwrap_or(&[])
    }
}

/// An encoder that did not learn.
#[derive(Debug, Clone, PartialEq)]
pub struct FrozenEncoder {
    /// Its graph.
    pub graph: Model,
    /// The value in it that the network reads.
    pub value: String,
    /// The input in it that takes pictures.
    pub input: String,
}

/// An encoder that is ready to run.
pub(super) struct Encoder {
    engine: Box<dyn Engine>,
    frozen: FrozenEncoder,
}

impl Encoder {
    /// Loads an encoder that takes `N x 3 x side x side`.
    pub(super) fn load(config: &EncoderConfig, side: u32) -> Result<Self, EncoderError> {
        let path = &config.path;
        let bytes = fs::read(path).map_err(|source| EncoderError::Io { path: path.clone(), source })?;
        let model = Model::read(&bytes, &Limits::default())?;
        let value = match config.output.as_str() {
            "" => model.graph().output.first().map(|output| output.name().to_owned()).unwrap_or_default(),
            name => name.to_owned(),
        };
        // The value wanted becomes the only output.
        let mut graph = rewrite::expose(&model, std::slice::from_ref(&value))?.into_proto();
        if let Some(graph) = &mut graph.graph {
            graph.output.retain(|output| output.name() == value);
        }
        let engines = Engines::find(EngineChoice::Auto, None, threads())?;
        let engine = engines.load(&Model::new(graph)?.write(), LoadOptions::default())?;
        let input = takes(engine.signature(), side as usize)?;
        Ok(Self { engine, frozen: FrozenEncoder { graph: model, value, input } })
    }

    /// What a version of the registry needs of it.
    pub(super) fn frozen(self) -> FrozenEncoder {
        self.frozen
    }

    /// The features of every picture. `tell` is told after how many.
    pub(super) fn encode(
        &mut self,
        data: &Data,
        turned: bool,
        tell: &mut dyn FnMut(usize),
    ) -> Result<Features, EncoderError> {
        let mut features = Features::default();
        let side = data.preparation.side as usize;
        let length = 3 * side * side;
        let mut done = 0;
        for pictures in data.collection.pictures.chunks(TOGETHER) {
            let mut batch = vec![0.0; pictures.len() * length];
            for (out, picture) in batch.chunks_exact_mut(length).zip(pictures) {
                data.preparation.write(&picture.pixels, out);
            }
            if turned {
                let mut mirrored = batch.clone();
                mirrored.chunks_exact_mut(side).for_each(<[f32]>::reverse);
                let rows = self.run(mirrored, pictures.len(), side)?;
                features.turned.extend(rows);
            }
            let rows = self.run(batch, pictures.len(), side)?;
            features.width = rows.len() / pictures.len();
            features.plain.extend(rows);
            done += pictures.len();
            tell(done);
        }
        Ok(features)
    }

    fn run(&mut self, values: Vec<f32>, count: usize, side: usize) -> Result<Vec<f32>, EncoderError> {
        let misfit = |message: &str| EncoderError::Misfit(message.to_owned());
        let tensor = Tensor::new(vec![count, 3, side, side], Values::F32(values))
            .map_err(|error| EncoderError::Misfit(error.to_string()))?;
        let output = self.engine.run(&[tensor])?.into_iter().next().ok_or_else(|| misfit("gives nothing"))?;
        match output.into_parts().1 {
            Values::F32(rows) if !rows.is_empty() && rows.len() % count == 0 => Ok(rows),
            _ => Err(misfit("gives no numbers for each picture")),
        }
    }
}

/// The name of the input, where it is `N x 3 x side x side`.
fn takes(signature: &Signature, side: usize) -> Result<String, EncoderError> {
    let [port] = signature.inputs.as_slice() else {
        return Err(EncoderError::Misfit(format!("takes {} inputs, not one", signature.inputs.len())));
    };
    let fits = |dimensions: &[Dimension]| {
        let wanted = [None, Some(3), Some(side), Some(side)];
        dimensions.len() == 4
            && dimensions.iter().zip(wanted).all(|(dimension, wanted)| match (dimension, wanted) {
                (Dimension::Fixed(length), Some(wanted)) => *length == wanted,
                (Dimension::Fixed(_), None) => false,
                (Dimension::Dynamic(_), _) => true,
            })
    };
    if port.data_type != DataType::F32 || port.shape.as_deref().is_some_and(|shape| !fits(shape)) {
        let wanted = format!("does not take any number of pictures, `N x 3 x {side} x {side}`");
        return Err(EncoderError::Misfit(wanted));
    }
    Ok(port.name.clone())
}

pub(super) fn threads() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}
