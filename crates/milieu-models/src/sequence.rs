//! Networks for what comes next in a sequence of items.

use milieu_nn::{Activation, Layer, Size};
use serde::{Deserialize, Serialize};

/// An architecture, with its sizes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "architecture", rename_all = "snake_case", deny_unknown_fields)]
pub enum Sequence {
    /// Causal self-attention over the last items (SASRec, Kang and McAuley 2018), in the blocks of BERT
    /// (Devlin et al. 2019). What a position gives is compared with the very table that items come in by.
    SelfAttentive {
        /// Values of an item.
        width: usize,
        /// Parts that the width is split into; the width must be a multiple.
        heads: usize,
        /// Attentions one above the other.
        blocks: usize,
        /// The most items that are looked back at.
        length: usize,
        /// The share of values that are left out while learning.
        dropout: f32,
    },
}

impl Sequence {
    /// The size of what goes in: item `i` is token `i + 1`, and 0 stands in front of shorter sequences.
    #[must_use]
    pub fn input(self) -> Size {
        let Self::SelfAttentive { length, .. } = self;
        Size::Tokens { length }
    }

    /// The layers, from tokens to a query at each position: its products with the rows of the embedding are
    /// the scores of the items that may come next.
    #[must_use]
    pub fn layers(self, items: usize) -> Vec<Layer> {
        let Self::SelfAttentive { width, heads, blocks, dropout, .. } = self;
        let drop = || Layer::Dropout { share: dropout };
        let plus = |body: Vec<Layer>| [Layer::Residual { body, shortcut: vec![] }, Layer::LayerNorm];
        let dense = |outputs| Layer::Dense { outputs, bias: true };
        let mut layers =
            vec![Layer::Embedding { count: items, width }, Layer::Positions, Layer::LayerNorm, drop()];
        for _ in 0..blocks {
            layers.extend(plus(vec![Layer::Attention { heads, causal: true }, drop()]));
            let function = Activation::Gelu;
            let body = vec![dense(4 * width), Layer::Activation { function }, dense(width), drop()];
            layers.extend(plus(body));
        }
        layers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use milieu_nn::{Network, Parameters, Tape, values};

    fn small() -> (Network, Parameters) {
        let model = Sequence::SelfAttentive { width: 8, heads: 2, blocks: 2, length: 6, dropout: 0.5 };
        Network::new(&model.layers(20), model.input(), 1).unwrap()
    }

    fn queries(tokens: &[u32], length: usize) -> Vec<f32> {
        let (network, parameters) = small();
        values(network.forward_tokens(&Tape::answering(&parameters), tokens.to_vec(), length))
    }

    #[test]
    fn parameters_are_as_many_as_the_architecture_has() {
        // Table, positions, norm; in each block 4 w^2 + 4 w, 8 w^2 + 5 w, two norms.
        assert_eq!(small().1.count(), 20 * 8 + 6 * 8 + 16 + 2 * (256 + 32 + 512 + 40 + 32));
    }

    #[test]
    fn the_graph_gives_the_products_of_the_last_query() {
        let model = Sequence::SelfAttentive { width: 8, heads: 2, blocks: 2, length: 6, dropout: 0.5 };
        let (network, parameters) = small();
        let graph = crate::onnx_next(&model.layers(20), model.input(), &parameters).unwrap();
        let engine = rten::Model::load(graph.write()).unwrap();
        let tokens: [i32; 12] = [0, 0, 3, 9, 4, 17, 1, 2, 20, 4, 5, 6];
        let input = rten::Value::from_shape([2, 6], tokens.to_vec()).unwrap();
        let outputs =
            engine.run(vec![(engine.input_ids()[0], input.into())], engine.output_ids(), None).unwrap();
        let found: Vec<f32> = outputs[0].as_tensor_view::<f32>().unwrap().iter().copied().collect();
        let tokens = tokens.iter().map(|&token| token as u32).collect();
        let queries = values(network.forward_tokens(&Tape::answering(&parameters), tokens, 6));
        let table = &parameters.get(network.embedding().unwrap()).values;
        let mut expected = Vec::new();
        for query in queries.chunks(8).skip(5).step_by(6) {
            expected
                .extend(table.chunks(8).map(|row| row.iter().zip(query).map(|(x, y)| x * y).sum::<f32>()));
        }
        assert_eq!(found.len(), 40);
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-5 * (1.0 + expected.abs()), "{found} {expected}");
        }
        let recurrent = [Layer::Embedding { count: 3, width: 4 }, Layer::Gru { outputs: 4 }];
        let (_, parameters) = Network::new(&recurrent, Size::Tokens { length: 2 }, 1).unwrap();
        assert!(crate::onnx_next(&recurrent, Size::Tokens { length: 2 }, &parameters).is_err());
        assert!(crate::onnx(&recurrent, Size::Tokens { length: 2 }, &parameters).is_err());
    }

    #[test]
    fn positions_look_back_only_and_padding_says_nothing() {
        fn close(one: &[f32], other: &[f32]) {
            assert_eq!(one.len(), other.len());
            assert!(one.iter().zip(other).all(|(x, y)| (x - y).abs() < 1e-5), "{one:?} {other:?}");
        }
        let whole = queries(&[3, 9, 4, 17], 4);
        // The first three stand one position later here, so only what follows them may not matter.
        close(&queries(&[3, 9, 4, 1], 4)[..24], &whole[..24]);
        assert_ne!(queries(&[3, 9, 5, 17], 4)[24..], whole[24..]);
        close(&queries(&[0, 0, 3, 9, 4, 17], 6)[16..], &whole);
        close(&queries(&[0, 3, 9, 4, 17, 0, 0, 0, 1, 2], 5)[8..40], &whole);
    }
}
