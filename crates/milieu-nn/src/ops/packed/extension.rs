//! The operations on values, without gradients of their own.

use crate::kernels::{self, Crf, CrfScores, Distances, LayerNorm, Linear, PackedAttention};
use crate::ops::extension::{Values, made, ordered, slice};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Flex, TensorMetadata, backend_extension};

/// What is added to the framework. The `_backward` operations are called for gradients only.
#[backend_extension(Autodiff, Flex)]
pub(crate) trait PackedExtension: Backend {
    fn packed_linear(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    fn packed_linear_input_backward(
        gradient: FloatTensor<Self>,
        weight: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// The gradients of the weights and of the bias.
    fn packed_linear_weight_backward(
        gradient: FloatTensor<Self>,
        input: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    fn packed_norm(
        input: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        like: LayerNorm,
    ) -> FloatTensor<Self>;

    fn packed_norm_backward(
        gradient: FloatTensor<Self>,
        input: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        like: LayerNorm,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    fn packed_gelu(input: FloatTensor<Self>) -> FloatTensor<Self>;

    fn packed_gelu_backward(gradient: FloatTensor<Self>, input: FloatTensor<Self>) -> FloatTensor<Self>;

    fn packed_attend(projected: FloatTensor<Self>, like: PackedAttention) -> FloatTensor<Self>;

    fn packed_attend_backward(
        gradient: FloatTensor<Self>,
        projected: FloatTensor<Self>,
        like: PackedAttention,
    ) -> FloatTensor<Self>;

    fn packed_attend_near(
        projected: FloatTensor<Self>,
        table: FloatTensor<Self>,
        like: PackedAttention,
    ) -> FloatTensor<Self>;

    /// The gradients of what is projected and of the table.
    fn packed_attend_near_backward(
        gradient: FloatTensor<Self>,
        projected: FloatTensor<Self>,
        table: FloatTensor<Self>,
        like: PackedAttention,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// The loss, and its gradients by emissions, transitions and ends.
    fn packed_crf(
        emissions: FloatTensor<Self>,
        transitions: FloatTensor<Self>,
        ends: FloatTensor<Self>,
        like: Crf,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

impl PackedExtension for Flex {
    fn packed_linear(input: Values, weight: Values, bias: Values) -> Values {
        let (input, weight, bias) = (ordered(input), ordered(weight), ordered(bias));
        let (rows, like) =
            (input.shape()[0], Linear { inputs: weight.shape()[1], outputs: weight.shape()[0] });
        let mut output = vec![0.0; rows * like.outputs];
        like.forward(slice(&input), slice(&weight), slice(&bias), &mut output);
        made(output, [rows, like.outputs])
    }

    fn packed_linear_input_backward(gradient: Values, weight: Values) -> Values {
        let (gradient, weight) = (ordered(gradient), ordered(weight));
        let like = Linear { inputs: weight.shape()[1], outputs: weight.shape()[0] };
        let rows = gradient.shape()[0];
        let mut to = vec![0.0; rows * like.inputs];
        like.backward_input(slice(&gradient), slice(&weight), &mut to);
        made(to, [rows, like.inputs])
    }

    fn packed_linear_weight_backward(gradient: Values, input: Values) -> (Values, Values) {
        let (gradient, input) = (ordered(gradient), ordered(input));
        let like = Linear { inputs: input.shape()[1], outputs: gradient.shape()[1] };
        let mut to = vec![0.0; like.inputs * like.outputs];
        like.backward_weight(slice(&gradient), slice(&input), &mut to);
        let bias = like.backward_bias(slice(&gradient));
        (made(to, [like.outputs, like.inputs]), made(bias, [like.outputs]))
    }

    fn packed_norm(input: Values, scale: Values, shift: Values, like: LayerNorm) -> Values {
        let (input, scale, shift) = (ordered(input), ordered(scale), ordered(shift));
        let mut output = vec![0.0; slice(&input).len()];
        like.forward(slice(&input), slice(&scale), slice(&shift), &mut output);
        made(output, input.shape())
    }

    fn packed_norm_backward(
        gradient: Values,
        input: Values,
        scale: Values,
        like: LayerNorm,
    ) -> (Values, Values, Values) {
        let (gradient, input, scale) = (ordered(gradient), ordered(input), ordered(scale));
        let (to_input, to_scale, to_shift) = like.backward(slice(&gradient), slice(&input), slice(&scale));
        (made(to_input, input.shape()), made(to_scale, [like.width]), made(to_shift, [like.width]))
    }

    fn packed_gelu(input: Values) -> Values {
        let input = ordered(input);
        let mut output = vec![0.0; slice(&input).len()];
        kernels::gelu(slice(&input), &mut output);
        made(output, input.shape())
    }

    fn packed_gelu_backward(gradient: Values, input: Values) -> Values {
        let (gradient, input) = (ordered(gradient), ordered(input));
        let mut to = vec![0.0; slice(&input).len()];
        kernels::gelu_backward(slice(&gradient), slice(&input), &mut to);
        made(to, input.shape())
    }

    fn packed_attend(projected: Values, like: PackedAttention) -> Values {
        let projected = ordered(projected);
        let rows = projected.shape()[0];
        let mut output = vec![0.0; rows * like.width];
        like.forward(slice(&projected), None, &mut output);
        made(output, [rows, like.width])
    }

    fn packed_attend_backward(gradient: Values, projected: Values, like: PackedAttention) -> Values {
        let (gradient, projected) = (ordered(gradient), ordered(projected));
        let mut to = vec![0.0; slice(&projected).len()];
        like.backward(slice(&gradient), slice(&projected), None, &mut to);
        made(to, projected.shape())
    }

    fn packed_attend_near(projected: Values, table: Values, like: PackedAttention) -> Values {
        let (projected, table) = (ordered(projected), ordered(table));
        let rows = projected.shape()[0];
        let mut output = vec![0.0; rows * like.width];
        like.forward(slice(&projected), Some(distances(&table)), &mut output);
        made(output, [rows, like.width])
    }

    fn packed_attend_near_backward(
        gradient: Values,
        projected: Values,
        table: Values,
        like: PackedAttention,
    ) -> (Values, Values) {
        let (gradient, projected, table) = (ordered(gradient), ordered(projected), ordered(table));
        let mut to = vec![0.0; slice(&projected).len()];
        let to_table = like.backward(slice(&gradient), slice(&projected), Some(distances(&table)), &mut to);
        (made(to, projected.shape()), made(to_table, table.shape()))
    }

    fn packed_crf(
        emissions: Values,
        transitions: Values,
        ends: Values,
        like: Crf,
    ) -> (Values, Values, Values, Values) {
        let (emissions, transitions, ends) = (ordered(emissions), ordered(transitions), ordered(ends));
        let found = like.loss(CrfScores {
            emissions: slice(&emissions),
            transitions: slice(&transitions),
            ends: slice(&ends),
        });
        (
            made(vec![found.loss], [1]),
            made(found.emissions, emissions.shape()),
            made(found.transitions, transitions.shape()),
            made(found.ends, ends.shape()),
        )
    }
}

fn distances(table: &Values) -> Distances<'_> {
    Distances { table: slice(table), buckets: table.shape()[0] }
}
