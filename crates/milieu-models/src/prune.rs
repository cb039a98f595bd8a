//! Smaller networks: channels removed with all that belongs to them, so that what is left can be trained on.

use crate::ModelError;
use crate::parts::{EPSILON, Parts, within};
use milieu_nn::{Layer, Network, Parameters, Size};
use milieu_onnx::rewrite::{ChannelSet, ChannelSets, select};
use std::collections::HashMap;

/// The layers and parameters without the share of the weakest channels (or values, between matrices) of every
/// set that belongs together, such as those that a residual adds up. Weak is what has a small norm of the
/// weights that make it, times what normalisation makes of it (Li et al. 2017). What goes in and what comes
/// out keeps its size; so does what goes into a `LayerNorm`, whose moments would change.
///
/// # Errors
/// [`ModelError`] for layers or parameters that do not fit, or a share that is not between 0 and 1.
pub fn prune(
    layers: &[Layer],
    input: Size,
    parameters: &Parameters,
    share: f32,
) -> Result<(Vec<Layer>, Parameters), ModelError> {
    if !(0.0..1.0).contains(&share) {
        return Err(ModelError::Share(share.to_string()));
    }
    let parts = Parts::new(layers, input, parameters)?;
    let mut follow =
        Follow { parts, sets: ChannelSets::default(), cuts: HashMap::new(), outputs: HashMap::new() };
    let first = follow.sets.add(match input {
        Size::Images { channels, .. } => channels,
        Size::Rows { width } | Size::Sequence { width, .. } => width,
        Size::Tokens { length } => length,
    });
    follow.sets.fix(first);
    let last = follow.layers(layers, "", first);
    follow.sets.fix(last);
    let layers = follow.thinned(layers, "", share);
    let (_, mut smaller) = Network::new(&layers, input, 0)?;
    for parameter in smaller.iter_mut() {
        let Some(from) = parameters.named(&parameter.name) else { continue };
        let mut shape = from.shape.clone();
        let mut values = from.values.clone();
        for cut in follow.cuts.get(&parameter.name).into_iter().flatten() {
            let kept = follow.sets.kept(cut.set, share);
            values = select(&values, &shape, cut.axis, &kept, cut.repeat);
            if let Some(length) = shape.get_mut(cut.axis) {
                *length = kept.len() * cut.repeat;
            }
        }
        if shape != parameter.shape {
            return Err(ModelError::Parameter { name: from.name.clone(), shape: parameter.shape.clone() });
        }
        parameter.values = values;
    }
    Ok((layers, smaller))
}

/// A parameter cut along an axis; `repeat` neighbours belong to each channel.
struct Cut {
    set: ChannelSet,
    axis: usize,
    repeat: usize,
}

struct Follow<'a> {
    parts: Parts<'a>,
    sets: ChannelSets,
    /// By the names of parameters.
    cuts: HashMap<String, Vec<Cut>>,
    /// What comes out of the layers at these paths that decide how much it is.
    outputs: HashMap<String, ChannelSet>,
}

impl Follow<'_> {
    fn layers(&mut self, layers: &[Layer], path: &str, mut set: ChannelSet) -> ChannelSet {
        for (place, layer) in layers.iter().enumerate() {
            let next = layers.get(place + 1).map(|next| (next, within(path, place + 1)));
            set = self.layer(layer, &within(path, place), set, next);
        }
        set
    }

    /// Follows the channels through a layer; `next` is the one behind it.
    fn layer(
        &mut self,
        layer: &Layer,
        path: &str,
        set: ChannelSet,
        next: Option<(&Layer, String)>,
    ) -> ChannelSet {
        match layer {
            Layer::Convolution { outputs, .. } | Layer::Dense { outputs, .. } => {
                let made = self.sets.add(*outputs);
                if let Some(weight) = self.parts.of(path, "weight") {
                    let inputs = weight.shape.get(1).copied().unwrap_or(0);
                    let repeat = inputs / self.sets.channels(set).max(1);
                    self.cut(path, "weight", set, 1, repeat);
                    let factors = match next {
                        Some((Layer::BatchNorm { .. }, next)) => self.factors(&next),
                        _ => None,
                    };
                    self.sets.weigh(made, &weight.values, factors.as_deref());
                }
                self.cut(path, "weight", made, 0, 1);
                self.cut(path, "bias", made, 0, 1);
                self.outputs.insert(path.to_owned(), made);
                made
            }
            Layer::Whiten { kernel } => {
                // Its kernels are what they are for the pictures, not for the layers behind.
                self.sets.fix(set);
                let made = self.sets.add(2 * self.sets.channels(set) * kernel * kernel);
                self.sets.fix(made);
                made
            }
            Layer::Embedding { width, .. } => self.whole(set, *width),
            Layer::Lstm { outputs } | Layer::Gru { outputs } => self.whole(set, *outputs),
            Layer::Positions | Layer::Attention { .. } | Layer::Last => {
                self.sets.fix(set);
                set
            }
            Layer::Depthwise { .. } => {
                self.cut(path, "weight", set, 0, 1);
                set
            }
            Layer::BatchNorm { .. } => {
                for name in ["scale", "shift", "mean", "variance"] {
                    self.cut(path, name, set, 0, 1);
                }
                set
            }
            Layer::LayerNorm => {
                self.sets.fix(set);
                set
            }
            Layer::Activation { .. }
            | Layer::MaxPool { .. }
            | Layer::GlobalAveragePool
            | Layer::GlobalMaxPool
            | Layer::Flatten
            | Layer::Dropout { .. }
            | Layer::Scale { .. } => set,
            Layer::Residual { body, shortcut } => {
                let one = self.layers(body, &format!("{path}.body"), set);
                let other = self.layers(shortcut, &format!("{path}.shortcut"), set);
                if !self.sets.join(one, other) {
                    // One side was flattened, the other was made as wide: channels do not stand for values.
                    self.sets.fix(one);
                    self.sets.fix(other);
                }
                one
            }
        }
    }

    /// A layer of which nothing is taken, neither of what goes in nor of the values that come out.
    fn whole(&mut self, set: ChannelSet, outputs: usize) -> ChannelSet {
        self.sets.fix(set);
        let made = self.sets.add(outputs);
        self.sets.fix(made);
        made
    }

    /// What normalisation multiplies each channel by.
    fn factors(&self, path: &str) -> Option<Vec<f32>> {
        let scales = &self.parts.of(path, "scale")?.values;
        let variances = &self.parts.of(path, "variance")?.values;
        Some(scales.iter().zip(variances).map(|(s, v)| s / (v + EPSILON).sqrt()).collect())
    }

    fn cut(&mut self, path: &str, name: &str, set: ChannelSet, axis: usize, repeat: usize) {
        self.cuts.entry(format!("{path}.{name}")).or_default().push(Cut { set, axis, repeat });
    }

    /// The layers with as many outputs as stay.
    fn thinned(&self, layers: &[Layer], path: &str, share: f32) -> Vec<Layer> {
        let thin = |(place, layer): (usize, &Layer)| {
            let path = within(path, place);
            let mut layer = layer.clone();
            match &mut layer {
                Layer::Convolution { outputs, .. } | Layer::Dense { outputs, .. } => {
                    if let Some(set) = self.outputs.get(&path) {
                        *outputs = self.sets.kept(*set, share).len();
                    }
                }
                Layer::Residual { body, shortcut } => {
                    *body = self.thinned(body, &format!("{path}.body"), share);
                    *shortcut = self.thinned(shortcut, &format!("{path}.shortcut"), share);
                }
                _ => {}
            }
            layer
        };
        layers.iter().enumerate().map(thin).collect()
    }
}
