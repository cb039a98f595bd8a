//! Encoders that others have published: BERT, RoBERTa, DistilBERT and MPNet in the format of Hugging Face.

use half::{bf16, f16};
use milieu_nn::{Encoder, EncoderShape, Parameters};
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

/// The most tokens, positions, values of a token, and blocks; a hostile file must not ask for more memory than that.
const MOST: [usize; 4] = [1 << 20, 1 << 16, 8192, 96];

/// An encoder that has learnt.
#[derive(Debug, Clone, PartialEq)]
pub struct Published {
    /// Its architecture.
    pub encoder: Encoder,
    /// What it learnt, under our names.
    pub parameters: Parameters,
}

/// Why a published encoder cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishedError {
    /// Its configuration is not JSON, or lacks what is needed, or asks for what there is not.
    #[error("config.json: {0}")]
    Config(String),
    /// Its weights are no safetensors file.
    #[error("the weights: {0}")]
    Weights(String),
    /// A tensor is absent, or is not what the configuration says.
    #[error("the tensor {name} {reason}")]
    Tensor {
        /// Which.
        name: String,
        /// Why.
        reason: String,
    },
}

/// How a family calls its parts.
struct Family {
    /// Before all names, where the file has them so.
    prefix: &'static str,
    /// Before the number of a block.
    blocks: &'static str,
    /// The three projections, the mixing, the norm after them, the two matrices, and the norm after them.
    parts: [&'static str; 8],
    width: &'static str,
    heads: &'static str,
    depth: &'static str,
    hidden: &'static str,
    activation: &'static str,
}

const BERT: Family = Family {
    prefix: "bert.",
    blocks: "encoder.layer",
    parts: [
        "attention.self.query",
        "attention.self.key",
        "attention.self.value",
        "attention.output.dense",
        "attention.output.LayerNorm",
        "intermediate.dense",
        "output.dense",
        "output.LayerNorm",
    ],
    width: "hidden_size",
    heads: "num_attention_heads",
    depth: "num_hidden_layers",
    hidden: "intermediate_size",
    activation: "hidden_act",
};

const DISTILBERT: Family = Family {
    prefix: "distilbert.",
    blocks: "transformer.layer",
    parts: [
        "attention.q_lin",
        "attention.k_lin",
        "attention.v_lin",
        "attention.out_lin",
        "sa_layer_norm",
        "ffn.lin1",
        "ffn.lin2",
        "output_layer_norm",
    ],
    width: "dim",
    heads: "n_heads",
    depth: "n_layers",
    hidden: "hidden_dim",
    activation: "activation",
};

const MPNET: Family = Family {
    prefix: "mpnet.",
    parts: [
        "attention.attn.q",
        "attention.attn.k",
        "attention.attn.v",
        "attention.attn.o",
        "attention.LayerNorm",
        "intermediate.dense",
        "output.dense",
        "output.LayerNorm",
    ],
    ..BERT
};

/// Where what distances add is, and how many kinds of them there are: always so many, since `transformers` ignores what a
/// configuration says of it.
const DISTANCES: (&str, usize) = ("encoder.relative_attention_bias.weight", 32);

/// Reads an encoder from the bytes of its `config.json` and `model.safetensors`. The vector that tells the first of two
/// texts from the second is added to the positions: there is one text here.
///
/// # Errors
/// [`PublishedError`].
pub fn published(config: &[u8], weights: &[u8]) -> Result<Published, PublishedError> {
    let config: Value =
        serde_json::from_slice(config).map_err(|error| PublishedError::Config(error.to_string()))?;
    let (family, skipped) = family(&config)?;
    let shape = shape(&config, family, skipped)?;
    let file =
        SafeTensors::deserialize(weights).map_err(|error| PublishedError::Weights(error.to_string()))?;
    let source = Source { prefix: prefix(&file, family), file };
    let (encoder, mut parameters) = Encoder::new(shape, 0);
    let EncoderShape { vocabulary, positions, width, hidden, blocks, .. } = shape;
    let mut put = |name: String, values: Vec<f32>| {
        let fits = parameters.replace(&name, values);
        debug_assert!(fits, "{name}");
    };
    put("embedding.tokens".into(), source.values("embeddings.word_embeddings.weight", &[vocabulary, width])?);
    let all = [positions + skipped, width];
    let mut places = source.values("embeddings.position_embeddings.weight", &all)?.split_off(skipped * width);
    if let Some(types) = source.first_row("embeddings.token_type_embeddings.weight", width)? {
        places.chunks_exact_mut(width).for_each(|row| row.iter_mut().zip(&types).for_each(|(x, y)| *x += y));
    }
    put("embedding.positions".into(), places);
    if shape.distances > 0 {
        put("embedding.distances".into(), source.values(DISTANCES.0, &[shape.distances, shape.heads])?);
    }
    let norm = |from: &str| -> Result<[Vec<f32>; 2], PublishedError> {
        let either = |new: &str, old: &str| {
            let name = format!("{from}.{new}");
            if source.has(&name) { name } else { format!("{from}.{old}") }
        };
        let [scale, shift] = [either("weight", "gamma"), either("bias", "beta")];
        Ok([source.values(&scale, &[width])?, source.values(&shift, &[width])?])
    };
    let [scale, shift] = norm("embeddings.LayerNorm")?;
    put("embedding.norm.scale".into(), scale);
    put("embedding.norm.shift".into(), shift);
    for block in 0..blocks {
        let from =
            |part: usize, what: &str| format!("{}.{block}.{}{what}", family.blocks, family.parts[part]);
        let (mut weight, mut bias) = (Vec::new(), Vec::new());
        for part in 0..3 {
            weight.extend(source.values(&from(part, ".weight"), &[width, width])?);
            bias.extend(source.values(&from(part, ".bias"), &[width])?);
        }
        put(format!("{block}.projection.weight"), weight);
        put(format!("{block}.projection.bias"), bias);
        for (part, name, size) in [
            (3, "mixing", [width, width]),
            (5, "widening", [hidden, width]),
            (6, "narrowing", [width, hidden]),
        ] {
            put(format!("{block}.{name}.weight"), source.values(&from(part, ".weight"), &size)?);
            put(format!("{block}.{name}.bias"), source.values(&from(part, ".bias"), &size[..1])?);
        }
        for (part, name) in [(4, "attention_norm"), (7, "norm")] {
            let [scale, shift] = norm(&from(part, ""))?;
            put(format!("{block}.{name}.scale"), scale);
            put(format!("{block}.{name}.shift"), shift);
        }
    }
    Ok(Published { encoder, parameters })
}

/// How the parts are called, and how many positions at the front are never used.
fn family(config: &Value) -> Result<(&'static Family, usize), PublishedError> {
    let kind = config["model_type"].as_str().unwrap_or("");
    let relative = config["position_embedding_type"].as_str().is_some_and(|kind| kind != "absolute");
    if relative {
        return Err(PublishedError::Config("positions that are not absolute are not supported".to_owned()));
    }
    match kind {
        "bert" => Ok((&BERT, 0)),
        "roberta" | "xlm-roberta" | "camembert" => {
            let padding = config["pad_token_id"].as_u64().unwrap_or(1);
            Ok((&BERT, usize::try_from(padding).unwrap_or(0).min(MOST[1]) + 1))
        }
        "mpnet" => {
            let padding = config["pad_token_id"].as_u64().unwrap_or(1);
            Ok((&MPNET, usize::try_from(padding).unwrap_or(0).min(MOST[1]) + 1))
        }
        "distilbert" => Ok((&DISTILBERT, 0)),
        other => Err(PublishedError::Config(format!(
            "the model_type is {other:?}; bert, roberta, xlm-roberta, distilbert and mpnet are supported"
        ))),
    }
}

fn shape(config: &Value, family: &Family, skipped: usize) -> Result<EncoderShape, PublishedError> {
    let number = |key: &str, most: usize| {
        let found = config[key].as_u64().and_then(|number| usize::try_from(number).ok());
        found
            .filter(|number| (1..=most).contains(number))
            .ok_or_else(|| PublishedError::Config(format!("{key} must be a number from 1 to {most}")))
    };
    let activation = config[family.activation].as_str().unwrap_or("gelu");
    if activation != "gelu" {
        return Err(PublishedError::Config(format!(
            "the activation {activation:?} is not supported; gelu is"
        )));
    }
    let (width, heads) = (number(family.width, MOST[2])?, number(family.heads, MOST[2])?);
    if width % heads != 0 {
        return Err(PublishedError::Config(format!("{} is no multiple of {}", family.width, family.heads)));
    }
    let positions = number("max_position_embeddings", MOST[1])?;
    Ok(EncoderShape {
        vocabulary: number("vocab_size", MOST[0])?,
        positions: positions
            .checked_sub(skipped)
            .filter(|&left| left > 0)
            .ok_or_else(|| PublishedError::Config("max_position_embeddings is too small".to_owned()))?,
        width,
        heads,
        hidden: number(family.hidden, 4 * MOST[2])?,
        blocks: number(family.depth, MOST[3])?,
        distances: if family.prefix == MPNET.prefix { DISTANCES.1 } else { 0 },
        epsilon: config["layer_norm_eps"].as_f64().unwrap_or(1e-12) as f32,
    })
}

/// What stands before all names: nothing, the family's, or RoBERTa's.
fn prefix(file: &SafeTensors<'_>, family: &Family) -> &'static str {
    let has = |prefix: &str| file.tensor(&format!("{prefix}embeddings.word_embeddings.weight")).is_ok();
    [family.prefix, "roberta."].into_iter().find(|prefix| has(prefix)).unwrap_or("")
}

struct Source<'a> {
    prefix: &'static str,
    file: SafeTensors<'a>,
}

impl Source<'_> {
    fn has(&self, name: &str) -> bool {
        self.file.tensor(&format!("{}{name}", self.prefix)).is_ok()
    }

    fn values(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, PublishedError> {
        let error = |reason: String| PublishedError::Tensor { name: name.to_owned(), reason };
        let tensor = self.file.tensor(&format!("{}{name}", self.prefix));
        let tensor = tensor.map_err(|_| error("is absent".to_owned()))?;
        if tensor.shape() != shape {
            return Err(error(format!("has the shape {:?} and not {shape:?}", tensor.shape())));
        }
        let bytes = tensor.data();
        let values: Vec<f32> = match tensor.dtype() {
            Dtype::F32 => bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect(),
            Dtype::F16 => {
                bytes.as_chunks().0.iter().map(|&bytes| f16::from_le_bytes(bytes).to_f32()).collect()
            }
            Dtype::BF16 => {
                bytes.as_chunks().0.iter().map(|&bytes| bf16::from_le_bytes(bytes).to_f32()).collect()
            }
            other => return Err(error(format!("is of {other:?}; F32, F16 and BF16 are supported"))),
        };
        match values.iter().find(|value| !value.is_finite()) {
            Some(value) => Err(error(format!("holds {value}"))),
            None => Ok(values),
        }
    }

    /// The first row of a tensor that may be absent.
    fn first_row(&self, name: &str, width: usize) -> Result<Option<Vec<f32>>, PublishedError> {
        let Ok(tensor) = self.file.tensor(&format!("{}{name}", self.prefix)) else { return Ok(None) };
        let rows = tensor.shape().first().copied().unwrap_or(0);
        let mut values = self.values(name, &[rows, width])?;
        values.truncate(width);
        Ok(Some(values).filter(|values| values.len() == width))
    }
}
