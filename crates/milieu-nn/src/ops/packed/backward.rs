//! How gradients flow through the operations.

use super::extension::PackedExtension;
use crate::kernels::{Crf, LayerNorm, PackedAttention};
use crate::ops::backward::Constant;
use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::tensor::Shape;

impl<B: PackedExtension, C: CheckpointStrategy> PackedExtension for Autodiff<B, C> {
    fn packed_linear(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Linear;

        impl<B: PackedExtension> Backward<B, 3> for Linear {
            type State = (FloatTensor<B>, FloatTensor<B>);

            fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
                let (input, weight) = ops.state;
                let [to_input, to_weight, to_bias] = ops.parents;
                let gradient = grads.consume::<B>(&ops.node);
                if let Some(node) = to_input {
                    grads.register::<B>(node.id, B::packed_linear_input_backward(gradient.clone(), weight));
                }
                if to_weight.is_none() && to_bias.is_none() {
                    return;
                }
                let (of_weight, of_bias) = B::packed_linear_weight_backward(gradient, input);
                for (node, gradient) in [(to_weight, of_weight), (to_bias, of_bias)] {
                    if let Some(node) = node {
                        grads.register::<B>(node.id, gradient);
                    }
                }
            }
        }

        let values = |tensor: &FloatTensor<Self>| tensor.primitive().clone();
        let output = B::packed_linear(values(&input), values(&weight), values(&bias));
        match Linear.prepare::<C>([input.node(), weight.node(), bias.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((input.into_primitive(), weight.into_primitive()), output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }

    fn packed_norm(
        input: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        like: LayerNorm,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Norm;

        impl<B: PackedExtension> Backward<B, 3> for Norm {
            type State = (FloatTensor<B>, FloatTensor<B>, LayerNorm);

            fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
                let (input, scale, like) = ops.state;
                let gradient = grads.consume::<B>(&ops.node);
                let (to_input, to_scale, to_shift) = B::packed_norm_backward(gradient, input, scale, like);
                for (node, gradient) in ops.parents.into_iter().zip([to_input, to_scale, to_shift]) {
                    if let Some(node) = node {
                        grads.register::<B>(node.id, gradient);
                    }
                }
            }
        }

        let values = |tensor: &FloatTensor<Self>| tensor.primitive().clone();
        let output = B::packed_norm(values(&input), values(&scale), values(&shift), like);
        match Norm.prepare::<C>([input.node(), scale.node(), shift.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                prep.finish((input.into_primitive(), scale.into_primitive(), like), output)
            }
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }

    fn packed_gelu(input: FloatTensor<Self>) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Gelu;

        impl<B: PackedExtension> Backward<B, 1> for Gelu {
            type State = FloatTensor<B>;

            fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
                let gradient = grads.consume::<B>(&ops.node);
                if let [Some(node)] = ops.parents {
                    grads.register::<B>(node.id, B::packed_gelu_backward(gradient, ops.state));
                }
            }
        }

        let output = B::packed_gelu(input.primitive().clone());
        match Gelu.prepare::<C>([input.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(input.into_primitive(), output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }

    fn packed_attend(projected: FloatTensor<Self>, like: PackedAttention) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Attend;

        impl<B: PackedExtension> Backward<B, 1> for Attend {
            type State = (FloatTensor<B>, PackedAttention);

            fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
                let (projected, like) = ops.state;
                let gradient = grads.consume::<B>(&ops.node);
                if let [Some(node)] = ops.parents {
                    grads.register::<B>(node.id, B::packed_attend_backward(gradient, projected, like));
                }
            }
        }

        let output = B::packed_attend(projected.primitive().clone(), like.clone());
        match Attend.prepare::<C>([projected.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((projected.into_primitive(), like), output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }

    fn packed_attend_near(
        projected: FloatTensor<Self>,
        table: FloatTensor<Self>,
        like: PackedAttention,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Attend;

        impl<B: PackedExtension> Backward<B, 2> for Attend {
            type State = (FloatTensor<B>, FloatTensor<B>, PackedAttention);

            fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
                let (projected, table, like) = ops.state;
                let gradient = grads.consume::<B>(&ops.node);
                let (to_projected, to_table) =
                    B::packed_attend_near_backward(gradient, projected, table, like);
                for (node, gradient) in ops.parents.into_iter().zip([to_projected, to_table]) {
                    if let Some(node) = node {
                        grads.register::<B>(node.id, gradient);
                    }
                }
            }
        }

        let values = |tensor: &FloatTensor<Self>| tensor.primitive().clone();
        let output = B::packed_attend_near(values(&projected), values(&table), like.clone());
        match Attend.prepare::<C>([projected.node(), table.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                prep.finish((projected.into_primitive(), table.into_primitive(), like), output)
            }
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }

    fn packed_crf(
        emissions: FloatTensor<Self>,
        transitions: FloatTensor<Self>,
        ends: FloatTensor<Self>,
        like: Crf,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        #[derive(Debug)]
        struct Chain;

        impl<B: PackedExtension> Backward<B, 3> for Chain {
            type State = [FloatTensor<B>; 3];

            fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
                let by = B::float_reshape(grads.consume::<B>(&ops.node), Shape::new([1, 1]));
                for (node, gradient) in ops.parents.into_iter().zip(ops.state) {
                    if let Some(node) = node {
                        grads.register::<B>(node.id, B::float_mul(gradient, by.clone()));
                    }
                }
            }
        }

        // The gradients come with the sums over all paths.
        let values = |tensor: &FloatTensor<Self>| tensor.primitive().clone();
        let (loss, first, second, third) =
            B::packed_crf(values(&emissions), values(&transitions), values(&ends), like);
        let parts = [first.clone(), second.clone(), third.clone()].map(Self::constant);
        let nodes = [emissions.node(), transitions.node(), ends.node()];
        let loss = match Chain.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish([first, second, third], loss),
            OpsKind::UnTracked(prep) => prep.finish(loss),
        };
        let [first, second, third] = parts;
        (loss, first, second, third)
    }

    // Gradients of gradients are not kept: these give values alone.

    fn packed_attend_near_backward(
        gradient: FloatTensor<Self>,
        projected: FloatTensor<Self>,
        table: FloatTensor<Self>,
        like: PackedAttention,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (gradient, projected, table) =
            (gradient.into_primitive(), projected.into_primitive(), table.into_primitive());
        let (to_projected, to_table) = B::packed_attend_near_backward(gradient, projected, table, like);
        (Self::constant(to_projected), Self::constant(to_table))
    }

    fn packed_linear_input_backward(
        gradient: FloatTensor<Self>,
        weight: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        Self::constant(B::packed_linear_input_backward(gradient.into_primitive(), weight.into_primitive()))
    }

    fn packed_linear_weight_backward(
        gradient: FloatTensor<Self>,
        input: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (weight, bias) =
            B::packed_linear_weight_backward(gradient.into_primitive(), input.into_primitive());
        (Self::constant(weight), Self::constant(bias))
    }

    fn packed_norm_backward(
        gradient: FloatTensor<Self>,
        input: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        like: LayerNorm,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (to_input, to_scale, to_shift) = B::packed_norm_backward(
            gradient.into_primitive(),
            input.into_primitive(),
            scale.into_primitive(),
            like,
        );
        (Self::constant(to_input), Self::constant(to_scale), Self::constant(to_shift))
    }

    fn packed_gelu_backward(gradient: FloatTensor<Self>, input: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::constant(B::packed_gelu_backward(gradient.into_primitive(), input.into_primitive()))
    }

    fn packed_attend_backward(
        gradient: FloatTensor<Self>,
        projected: FloatTensor<Self>,
        like: PackedAttention,
    ) -> FloatTensor<Self> {
        Self::constant(B::packed_attend_backward(gradient.into_primitive(), projected.into_primitive(), like))
    }
}
