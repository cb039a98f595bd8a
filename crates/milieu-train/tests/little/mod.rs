//! A published encoder that is small enough for a test.

use safetensors::tensor::{Dtype, TensorView, serialize};
use serde_json::{Value, json};
use std::path::Path;

/// Words of the little encoder, after those that mark the ends of texts and fill them up.
const WORDS: [&str; 9] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "good", "bad", "not", "very", "film"];

/// A folder with an encoder of two blocks that knows nine words and has learnt nothing.
pub(crate) fn little(folder: &Path) {
    let vocabulary: serde_json::Map<String, Value> =
        WORDS.iter().enumerate().map(|(id, &word)| (word.to_owned(), json!(id))).collect();
    let special = |id: usize| json!({"id": WORDS[id], "ids": [id], "tokens": [WORDS[id]]});
    let piece = |id: &str| json!({"SpecialToken": {"id": id, "type_id": 0}});
    let text = json!({"Sequence": {"id": "A", "type_id": 0}});
    let tokenizer = json!({
        "version": "1.0",
        "truncation": {"direction": "Right", "max_length": 3, "strategy": "LongestFirst", "stride": 0},
        "padding": {"strategy": {"Fixed": 9}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0,
            "pad_type_id": 0, "pad_token": "[PAD]"},
        "added_tokens": [], "normalizer": null, "pre_tokenizer": {"type": "Whitespace"}, "decoder": null,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [piece("[CLS]"), text, piece("[SEP]")],
            "pair": [piece("[CLS]"), text, piece("[SEP]")],
            "special_tokens": {"[CLS]": special(2), "[SEP]": special(3)},
        },
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]"},
    });
    let config = json!({"model_type": "distilbert", "vocab_size": WORDS.len(), "max_position_embeddings": 16, "dim": 8,
        "n_heads": 2, "n_layers": 2, "hidden_dim": 16, "activation": "gelu"});
    let mut tensors: Vec<(String, Vec<usize>)> = vec![
        ("distilbert.embeddings.word_embeddings.weight".into(), vec![WORDS.len(), 8]),
        ("distilbert.embeddings.position_embeddings.weight".into(), vec![16, 8]),
        ("distilbert.embeddings.LayerNorm.weight".into(), vec![8]),
        ("distilbert.embeddings.LayerNorm.bias".into(), vec![8]),
    ];
    for block in 0..2 {
        for (part, outputs, inputs) in [
            ("attention.q_lin", 8, 8),
            ("attention.k_lin", 8, 8),
            ("attention.v_lin", 8, 8),
            ("attention.out_lin", 8, 8),
            ("sa_layer_norm", 8, 0),
            ("ffn.lin1", 16, 8),
            ("ffn.lin2", 8, 16),
            ("output_layer_norm", 8, 0),
        ] {
            let path = format!("distilbert.transformer.layer.{block}.{part}");
            let shape = if inputs == 0 { vec![outputs] } else { vec![outputs, inputs] };
            tensors.push((format!("{path}.weight"), shape));
            tensors.push((format!("{path}.bias"), vec![outputs]));
        }
    }
    let bytes: Vec<Vec<u8>> = tensors
        .iter()
        .map(|(name, shape)| {
            let norm = name.contains("norm.weight") || name.contains("Norm.weight");
            let value = |at: usize| if norm { 1.0 } else { ((at * 37 + name.len() * 11) as f32).sin() * 0.3 };
            (0..shape.iter().product()).flat_map(|at| value(at).to_le_bytes()).collect()
        })
        .collect();
    let views = tensors.iter().zip(&bytes).map(|((name, shape), bytes)| {
        (name.clone(), TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap())
    });
    std::fs::write(folder.join("model.safetensors"), serialize(views, None).unwrap()).unwrap();
    std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
    std::fs::write(folder.join("tokenizer.json"), tokenizer.to_string()).unwrap();
}
