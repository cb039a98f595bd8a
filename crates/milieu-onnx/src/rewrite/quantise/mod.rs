//! Values of 8 bits: `value = (whole - zero) * scale` (Jacob et al. 2018).
//!
//! Weights get a scale for each channel that comes out, and zero stays zero; activations one scale and one zero
//! point a tensor, which come from calibration: the model is run on some examples with
//! [`quantisable_tensors`] as outputs ([`super::expose`]), and what comes out is shown to [`Ranges`].

mod dynamic;
mod integer;
mod qdq;
mod ranges;
mod region;
mod weights;

pub use dynamic::quantise_dynamic;
pub use ranges::{Range, Ranges};
pub use weights::quantise_weights;

use crate::{Model, OnnxError};

/// How arithmetic on 8 bits is written down. No form is fast in every engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `QuantizeLinear` and `DequantizeLinear` around operators of `f32`: fast in ONNX Runtime, which fuses
    /// them; others compute in `f32`.
    Pairs,
    /// `ConvInteger` and `MatMulInteger`, for rten: matrices, and pointwise and depthwise convolutions, which it
    /// computes right; others stay in `f32`. ONNX Runtime has no fast `ConvInteger`.
    Integer,
}

/// Names of the values whose ranges [`quantise_static`] needs; those of the model's inputs are among them.
#[must_use]
pub fn quantisable_tensors(model: &Model) -> Vec<String> {
    region::Region::new(model).values.into_iter().collect()
}

/// Convolutions and matrices with constant weights in 8 bits, and what is between them (rectifiers, sums,
/// pooling), as far as `form` knows how. `ranges` holds the range of each of [`quantisable_tensors`].
///
/// # Errors
/// [`OnnxError::Argument`] for a value without a range; [`OnnxError::Unsupported`] where nothing can be
/// quantised.
pub fn quantise_static(model: &Model, ranges: &Ranges, form: Form) -> Result<Model, OnnxError> {
    let region = region::Region::new(model);
    if region.heavy.is_empty() {
        return Err(OnnxError::unsupported(
            "model",
            "it has no convolution and no matrix with constant weights",
        ));
    }
    // Scales for each channel came with version 13 of the operators.
    need(model, 13)?;
    match form {
        Form::Pairs => qdq::rewrite(model, &region, ranges),
        Form::Integer => integer::rewrite(model, region, ranges),
    }
}

/// Whether the model's operators are of this version at least.
fn need(model: &Model, version: i64) -> Result<(), OnnxError> {
    if model.operators() >= version {
        return Ok(());
    }
    let reason = format!("its operators have version {}, and {version} is needed", model.operators());
    Err(OnnxError::unsupported("model", reason))
}
