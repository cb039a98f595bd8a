//! The operations on values, without gradients of their own.

use crate::kernels::{Competition, Convolution, ConvolutionShape, Normalisation, Pooling};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Flex, TensorMetadata, backend_extension};
use burn::tensor::{Shape, TensorData};
use rayon::prelude::*;

/// What is added to the framework. The `_backward` operations are called for gradients only.
#[backend_extension(Autodiff, Flex)]
pub(crate) trait Extension: Backend {
    fn convolve(
        input: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        shape: ConvolutionShape,
    ) -> FloatTensor<Self>;

    fn convolve_input_backward(
        gradient: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        shape: ConvolutionShape,
    ) -> FloatTensor<Self>;

    fn convolve_weights_backward(
        gradient: FloatTensor<Self>,
        input: FloatTensor<Self>,
        shape: ConvolutionShape,
    ) -> FloatTensor<Self>;

    fn normalise(
        input: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        like: Normalisation,
    ) -> FloatTensor<Self>;

    fn normalise_backward(
        gradient: FloatTensor<Self>,
        input: FloatTensor<Self>,
        output: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        like: Normalisation,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    fn max_pool(input: FloatTensor<Self>, pooling: Pooling) -> FloatTensor<Self>;

    fn max_pool_backward(
        gradient: FloatTensor<Self>,
        input: FloatTensor<Self>,
        pooling: Pooling,
    ) -> FloatTensor<Self>;

    fn rectify(input: FloatTensor<Self>) -> FloatTensor<Self>;

    fn rectify_backward(gradient: FloatTensor<Self>, output: FloatTensor<Self>) -> FloatTensor<Self>;

    /// The loss, and its gradients by queries and table.
    fn compete(
        queries: FloatTensor<Self>,
        table: FloatTensor<Self>,
        like: Competition,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

pub(super) type Values = FloatTensor<Flex>;

/// Values that work on slices of one tensor at a time are worth a thread from this length on.
const PIECE: usize = 1 << 14;

/// The values in order; what is laid out otherwise is copied first.
pub(super) fn ordered(tensor: Values) -> Values {
    tensor.to_contiguous()
}

/// The values of an ordered tensor; none where it does not hold `f32`, which nothing in this crate makes.
pub(super) fn slice(tensor: &Values) -> &[f32] {
    tensor.as_slice::<f32>().unwrap_or(&[])
}

pub(super) fn made(values: Vec<f32>, shape: impl Into<Shape>) -> Values {
    Values::from_data(TensorData::new(values, shape))
}

impl Extension for Flex {
    fn convolve(input: Values, weights: Values, shape: ConvolutionShape) -> Values {
        let (input, weights) = (ordered(input), ordered(weights));
        let images = input.shape()[0];
        let [height, width] = shape.output_size();
        let mut output = vec![0.0; images * shape.output_len()];
        Convolution::new(shape).forward(slice(&input), slice(&weights), &[], &mut output);
        made(output, [images, shape.outputs, height, width])
    }

    fn convolve_input_backward(gradient: Values, weights: Values, shape: ConvolutionShape) -> Values {
        let (gradient, weights) = (ordered(gradient), ordered(weights));
        let images = gradient.shape()[0];
        let mut input = vec![0.0; images * shape.input_len()];
        Convolution::new(shape).backward_input(slice(&gradient), slice(&weights), &mut input);
        made(input, [images, shape.inputs, shape.size[0], shape.size[1]])
    }

    fn convolve_weights_backward(gradient: Values, input: Values, shape: ConvolutionShape) -> Values {
        let (gradient, input) = (ordered(gradient), ordered(input));
        let mut weights = vec![0.0; shape.outputs * shape.taps()];
        Convolution::new(shape).backward_weights(slice(&input), slice(&gradient), &mut weights);
        made(weights, [shape.outputs, shape.inputs, shape.kernel[0], shape.kernel[1]])
    }

    fn normalise(input: Values, scale: Values, shift: Values, like: Normalisation) -> Values {
        let (input, scale, shift) = (ordered(input), ordered(scale), ordered(shift));
        let mut output = vec![0.0; slice(&input).len()];
        like.forward(slice(&input), slice(&scale), slice(&shift), &mut output);
        made(output, input.shape())
    }

    fn normalise_backward(
        gradient: Values,
        input: Values,
        output: Values,
        scale: Values,
        like: Normalisation,
    ) -> (Values, Values, Values) {
        let (gradient, input, output, scale) =
            (ordered(gradient), ordered(input), ordered(output), ordered(scale));
        let (to_input, to_scale, to_shift) =
            like.backward(slice(&gradient), slice(&input), slice(&output), slice(&scale));
        let channels = [like.channels];
        (made(to_input, input.shape()), made(to_scale, channels), made(to_shift, channels))
    }

    fn max_pool(input: Values, pooling: Pooling) -> Values {
        let input = ordered(input);
        let (images, channels) = (input.shape()[0], input.shape()[1]);
        let [height, width] = pooling.output_size();
        let mut output = vec![0.0; images * channels * height * width];
        pooling.max(slice(&input), &mut output);
        made(output, [images, channels, height, width])
    }

    fn max_pool_backward(gradient: Values, input: Values, pooling: Pooling) -> Values {
        let (gradient, input) = (ordered(gradient), ordered(input));
        let mut to_input = vec![0.0; slice(&input).len()];
        // The largest are found again: keeping their places would need a tensor of bytes, and costs more.
        pooling.max_backward(slice(&gradient), slice(&input), &mut to_input);
        made(to_input, input.shape())
    }

    fn rectify(input: Values) -> Values {
        let input = ordered(input);
        let mut output = vec![0.0; slice(&input).len()];
        let pieces = output.par_chunks_mut(PIECE).zip(slice(&input).par_chunks(PIECE));
        pieces.for_each(|(output, input)| {
            output.iter_mut().zip(input).for_each(|(to, from)| *to = if *from < 0.0 { 0.0 } else { *from });
        });
        made(output, input.shape())
    }

    fn rectify_backward(gradient: Values, output: Values) -> Values {
        let (gradient, output) = (ordered(gradient), ordered(output));
        let mut to_input = vec![0.0; slice(&gradient).len()];
        let pieces = slice(&gradient).par_chunks(PIECE).zip(slice(&output).par_chunks(PIECE));
        pieces.zip(to_input.par_chunks_mut(PIECE)).for_each(|((gradient, output), to)| {
            for ((to, gradient), output) in to.iter_mut().zip(gradient).zip(output) {
                *to = if *output > 0.0 { *gradient } else { 0.0 };
            }
        });
        made(to_input, gradient.shape())
    }

    fn compete(queries: Values, table: Values, like: Competition) -> (Values, Values, Values) {
        let (queries, table) = (ordered(queries), ordered(table));
        let outcome = like.run(slice(&queries), slice(&table));
        let (to_queries, to_table) = (outcome.to_queries, outcome.to_table);
        (made(vec![outcome.loss], [1]), made(to_queries, queries.shape()), made(to_table, table.shape()))
    }
}
