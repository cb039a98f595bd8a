//! The operations on values, without gradients of their own.

use crate::kernels::{Largest, Linear, Windows};
use crate::ops::extension::{Values, made, ordered, slice};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Flex, TensorMetadata, backend_extension};

/// What is added to the framework. The `_backward` operations are called for gradients only.
#[backend_extension(Autodiff, Flex)]
pub(crate) trait WindowsExtension: Backend {
    fn windows_convolve(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        like: Windows,
    ) -> FloatTensor<Self>;

    fn windows_convolve_input_backward(
        gradient: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        like: Windows,
    ) -> FloatTensor<Self>;

    /// The gradients of the weights and of the bias.
    fn windows_convolve_weight_backward(
        gradient: FloatTensor<Self>,
        input: FloatTensor<Self>,
        like: Windows,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    fn windows_largest(input: FloatTensor<Self>, like: Largest) -> FloatTensor<Self>;

    fn windows_largest_backward(
        gradient: FloatTensor<Self>,
        input: FloatTensor<Self>,
        output: FloatTensor<Self>,
        like: Largest,
    ) -> FloatTensor<Self>;
}

impl WindowsExtension for Flex {
    fn windows_convolve(input: Values, weight: Values, bias: Values, like: Windows) -> Values {
        let (input, weight, bias) = (ordered(input), ordered(weight), ordered(bias));
        let rows = input.shape()[0];
        let mut output = vec![0.0; rows * like.outputs];
        like.forward(slice(&input), slice(&weight), slice(&bias), &mut output);
        made(output, [rows, like.outputs])
    }

    fn windows_convolve_input_backward(gradient: Values, weight: Values, like: Windows) -> Values {
        let (gradient, weight) = (ordered(gradient), ordered(weight));
        let rows = gradient.shape()[0];
        let mut to = vec![0.0; rows * like.inputs];
        like.backward_input(slice(&gradient), slice(&weight), &mut to);
        made(to, [rows, like.inputs])
    }

    fn windows_convolve_weight_backward(gradient: Values, input: Values, like: Windows) -> (Values, Values) {
        let (gradient, input) = (ordered(gradient), ordered(input));
        let mut to = vec![0.0; like.outputs * like.taps * like.inputs];
        like.backward_weight(slice(&gradient), slice(&input), &mut to);
        let bias = Linear { inputs: like.inputs, outputs: like.outputs }.backward_bias(slice(&gradient));
        (made(to, [like.outputs, like.taps * like.inputs]), made(bias, [like.outputs]))
    }

    fn windows_largest(input: Values, like: Largest) -> Values {
        let input = ordered(input);
        let mut output = vec![0.0; like.spans.len() * like.width];
        like.forward(slice(&input), &mut output);
        made(output, [like.spans.len(), like.width])
    }

    fn windows_largest_backward(gradient: Values, input: Values, output: Values, like: Largest) -> Values {
        let (gradient, input, output) = (ordered(gradient), ordered(input), ordered(output));
        let mut to = vec![0.0; slice(&input).len()];
        like.backward(slice(&gradient), slice(&input), slice(&output), &mut to);
        made(to, input.shape())
    }
}
