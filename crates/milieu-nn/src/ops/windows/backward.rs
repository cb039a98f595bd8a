//! How gradients flow through the operations.

use super::extension::WindowsExtension;
use crate::kernels::{Largest, Windows};
use crate::ops::backward::Constant;
use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;

impl<B: WindowsExtension, C: CheckpointStrategy> WindowsExtension for Autodiff<B, C> {
    fn windows_convolve(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        like: Windows,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Convolve;

        impl<B: WindowsExtension> Backward<B, 3> for Convolve {
            type State = (FloatTensor<B>, FloatTensor<B>, Windows);

            fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
                let (input, weight, like) = ops.state;
                let [to_input, to_weight, to_bias] = ops.parents;
                let gradient = grads.consume::<B>(&ops.node);
                if let Some(node) = to_input {
                    let to = B::windows_convolve_input_backward(gradient.clone(), weight, like.clone());
                    grads.register::<B>(node.id, to);
                }
                if to_weight.is_none() && to_bias.is_none() {
                    return;
                }
                let (of_weight, of_bias) = B::windows_convolve_weight_backward(gradient, input, like);
                for (node, gradient) in [(to_weight, of_weight), (to_bias, of_bias)] {
                    if let Some(node) = node {
                        grads.register::<B>(node.id, gradient);
                    }
                }
            }
        }

        let values = |tensor: &FloatTensor<Self>| tensor.primitive().clone();
        let output = B::windows_convolve(values(&input), values(&weight), values(&bias), like.clone());
        match Convolve.prepare::<C>([input.node(), weight.node(), bias.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                prep.finish((input.into_primitive(), weight.into_primitive(), like), output)
            }
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }

    fn windows_largest(input: FloatTensor<Self>, like: Largest) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Most;

        impl<B: WindowsExtension> Backward<B, 1> for Most {
            type State = (FloatTensor<B>, FloatTensor<B>, Largest);

            fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
                let (input, output, like) = ops.state;
                let gradient = grads.consume::<B>(&ops.node);
                if let [Some(node)] = ops.parents {
                    let to = B::windows_largest_backward(gradient, input, output, like);
                    grads.register::<B>(node.id, to);
                }
            }
        }

        let output = B::windows_largest(input.primitive().clone(), like.clone());
        match Most.prepare::<C>([input.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((input.into_primitive(), output.clone(), like), output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }

    // Gradients of gradients are not kept: these give values alone.

    fn windows_convolve_input_backward(
        gradient: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        like: Windows,
    ) -> FloatTensor<Self> {
        let (gradient, weight) = (gradient.into_primitive(), weight.into_primitive());
        Self::constant(B::windows_convolve_input_backward(gradient, weight, like))
    }

    fn windows_convolve_weight_backward(
        gradient: FloatTensor<Self>,
        input: FloatTensor<Self>,
        like: Windows,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (gradient, input) = (gradient.into_primitive(), input.into_primitive());
        let (weight, bias) = B::windows_convolve_weight_backward(gradient, input, like);
        (Self::constant(weight), Self::constant(bias))
    }

    fn windows_largest_backward(
        gradient: FloatTensor<Self>,
        input: FloatTensor<Self>,
        output: FloatTensor<Self>,
        like: Largest,
    ) -> FloatTensor<Self> {
        let (input, output) = (input.into_primitive(), output.into_primitive());
        Self::constant(B::windows_largest_backward(gradient.into_primitive(), input, output, like))
    }
}
