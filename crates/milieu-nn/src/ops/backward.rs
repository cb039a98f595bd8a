//! How gradients flow through the operations.

use super::extension::Extension;
use crate::kernels::{Competition, ConvolutionShape, Normalisation, Pooling};
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend};
use burn::tensor::Shape;

/// What an operation keeps of its forward pass are values without gradients.
impl<B: Extension, C: CheckpointStrategy> Extension for Autodiff<B, C> {
    fn convolve(
        input: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        shape: ConvolutionShape,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Convolve;

        impl<B: Extension> Backward<B, 2> for Convolve {
            type State = (FloatTensor<B>, FloatTensor<B>, ConvolutionShape);

            fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
                let [to_input, to_weights] = ops.parents;
                let (input, weights, shape) = ops.state;
                let gradient = grads.consume::<B>(&ops.node);
                if let Some(node) = to_input {
                    let gradient = B::convolve_input_backward(gradient.clone(), weights, shape);
                    grads.register::<B>(node.id, gradient);
                }
                if let Some(node) = to_weights {
                    grads.register::<B>(node.id, B::convolve_weights_backward(gradient, input, shape));
                }
            }
        }

        let output = B::convolve(input.primitive().clone(), weights.primitive().clone(), shape);
        match Convolve.prepare::<C>([input.node(), weights.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                prep.finish((input.into_primitive(), weights.into_primitive(), shape), output)
            }
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }

    fn normalise(
        input: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        like: Normalisation,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Normalise;

        impl<B: Extension> Backward<B, 3> for Normalise {
            type State = (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>, Normalisation);

            fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
                let (input, output, scale, like) = ops.state;
                let gradient = grads.consume::<B>(&ops.node);
                let (to_input, to_scale, to_shift) =
                    B::normalise_backward(gradient, input, output, scale, like);
                for (node, gradient) in ops.parents.into_iter().zip([to_input, to_scale, to_shift]) {
                    if let Some(node) = node {
                        grads.register::<B>(node.id, gradient);
                    }
                }
            }
        }

        let values = |tensor: &FloatTensor<Self>| tensor.primitive().clone();
        let output = B::normalise(values(&input), values(&scale), values(&shift), like.clone());
        match Normalise.prepare::<C>([input.node(), scale.node(), shift.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let state = (input.into_primitive(), output.clone(), scale.into_primitive(), like);
                prep.finish(state, output)
            }
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }

    fn max_pool(input: FloatTensor<Self>, pooling: Pooling) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct MaxPool;

        impl<B: Extension> Backward<B, 1> for MaxPool {
            type State = (FloatTensor<B>, Pooling);

            fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
                let (input, pooling) = ops.state;
                let gradient = grads.consume::<B>(&ops.node);
                if let [Some(node)] = ops.parents {
                    grads.register::<B>(node.id, B::max_pool_backward(gradient, input, pooling));
                }
            }
        }

        let output = B::max_pool(input.primitive().clone(), pooling);
        match MaxPool.prepare::<C>([input.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((input.into_primitive(), pooling), output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }

    fn rectify(input: FloatTensor<Self>) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Rectify;

        impl<B: Extension> Backward<B, 1> for Rectify {
            type State = FloatTensor<B>;

            fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
                let gradient = grads.consume::<B>(&ops.node);
                if let [Some(node)] = ops.parents {
                    grads.register::<B>(node.id, B::rectify_backward(gradient, ops.state));
                }
            }
        }

        let output = B::rectify(input.primitive().clone());
        match Rectify.prepare::<C>([input.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(output.clone(), output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }

    fn compete(
        queries: FloatTensor<Self>,
        table: FloatTensor<Self>,
        like: Competition,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        #[derive(Debug)]
        struct Compete;

        impl<B: Extension> Backward<B, 2> for Compete {
            type State = (FloatTensor<B>, FloatTensor<B>);

            fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
                let (to_queries, to_table) = ops.state;
                let by = B::float_reshape(grads.consume::<B>(&ops.node), Shape::new([1, 1]));
                for (node, gradient) in ops.parents.into_iter().zip([to_queries, to_table]) {
                    if let Some(node) = node {
                        grads.register::<B>(node.id, B::float_mul(gradient, by.clone()));
                    }
                }
            }
        }

        // Both gradients come with the scores at little more than their own cost.
        let (loss, to_queries, to_table) =
            B::compete(queries.primitive().clone(), table.primitive().clone(), like);
        let parts = (Self::constant(to_queries.clone()), Self::constant(to_table.clone()));
        let loss = match Compete.prepare::<C>([queries.node(), table.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((to_queries, to_table), loss),
            OpsKind::UnTracked(prep) => prep.finish(loss),
        };
        (loss, parts.0, parts.1)
    }

    // Gradients of gradients are not kept: these give values alone.

    fn convolve_input_backward(
        gradient: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        shape: ConvolutionShape,
    ) -> FloatTensor<Self> {
        Self::constant(B::convolve_input_backward(gradient.into_primitive(), weights.into_primitive(), shape))
    }

    fn convolve_weights_backward(
        gradient: FloatTensor<Self>,
        input: FloatTensor<Self>,
        shape: ConvolutionShape,
    ) -> FloatTensor<Self> {
        Self::constant(B::convolve_weights_backward(gradient.into_primitive(), input.into_primitive(), shape))
    }

    fn normalise_backward(
        gradient: FloatTensor<Self>,
        input: FloatTensor<Self>,
        output: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        like: Normalisation,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (to_input, to_scale, to_shift) = B::normalise_backward(
            gradient.into_primitive(),
            input.into_primitive(),
            output.into_primitive(),
            scale.into_primitive(),
            like,
        );
        (Self::constant(to_input), Self::constant(to_scale), Self::constant(to_shift))
    }

    fn max_pool_backward(
        gradient: FloatTensor<Self>,
        input: FloatTensor<Self>,
        pooling: Pooling,
    ) -> FloatTensor<Self> {
        Self::constant(B::max_pool_backward(gradient.into_primitive(), input.into_primitive(), pooling))
    }

    fn rectify_backward(gradient: FloatTensor<Self>, output: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::constant(B::rectify_backward(gradient.into_primitive(), output.into_primitive()))
    }
}

/// Values without a history.
pub(super) trait Constant<B: Backend>: Backend {
    fn constant(values: FloatTensor<B>) -> FloatTensor<Self>;
}

impl<B: Backend, C: CheckpointStrategy> Constant<B> for Autodiff<B, C> {
    fn constant(values: FloatTensor<B>) -> FloatTensor<Self> {
        FloatTensor::<Self>::new(values)
    }
}
