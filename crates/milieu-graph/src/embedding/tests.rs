use super::*;
use crate::samples::{blocks, karate, plain, with_threads};

fn small() -> EmbeddingConfig {
    EmbeddingConfig { dimensions: 12, rounds: 5, window: 4, ..EmbeddingConfig::default() }
}

fn cosine(embedding: &Embedding, a: u32, b: u32) -> f32 {
    let dot = |a: u32, b: u32| -> f32 {
        embedding.vector(a).iter().zip(embedding.vector(b)).map(|(a, b)| a * b).sum()
    };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[test]
fn nodes_of_a_group_lie_together() {
    let graph = blocks(6, 50, 4);
    let embedding = Embedding::train(&graph, &EmbeddingConfig { rounds: 20, ..small() }).unwrap();
    let (mut inside, mut outside) = ((0.0, 0), (0.0, 0));
    for a in 0..300 {
        for b in 0..a {
            let sum = if a / 50 == b / 50 { &mut inside } else { &mut outside };
            *sum = (sum.0 + cosine(&embedding, a, b), sum.1 + 1);
        }
    }
    let (inside, outside) = (inside.0 / inside.1 as f32, outside.0 / outside.1 as f32);
    assert!(inside > outside + 0.4, "{inside} {outside}");
}

#[test]
fn whoever_is_alone_has_zeros() {
    let graph = plain(4, &[(0, 1), (1, 2)]);
    let embedding = Embedding::train(&graph, &small()).unwrap();
    assert_eq!((embedding.dimensions(), embedding.vectors().len()), (12, 48));
    assert_eq!(embedding.vector(3), [0.0; 12]);
    assert!((0..3).all(|node| embedding.vector(node).iter().any(|&value| value != 0.0)));
    assert!(embedding.vector(4).is_empty() && embedding.vector(u32::MAX).is_empty());
    assert!(Embedding::train(&Csr::default(), &small()).unwrap().vectors().is_empty());
}

#[test]
fn threads_change_nothing() {
    let graph = blocks(10, 60, 6);
    let train = || Embedding::train(&graph, &small()).unwrap();
    assert_eq!(with_threads(1, train), with_threads(4, train));
    let other = EmbeddingConfig { walks: WalkConfig { seed: 1, ..WalkConfig::default() }, ..small() };
    assert_ne!(train(), Embedding::train(&graph, &other).unwrap());
}

#[test]
fn what_is_wrong_is_said() {
    let graph = karate();
    let check = |config: EmbeddingConfig, name: &'static str, wanted: &'static str| {
        let expected = GraphError::Setting { name, value: 0.0, wanted };
        assert_eq!(Embedding::train(&graph, &config), Err(expected));
    };
    check(EmbeddingConfig { dimensions: 0, ..small() }, "dimensions", "1 to 65536");
    check(EmbeddingConfig { rounds: 0, ..small() }, "rounds", "at least 1");
    check(EmbeddingConfig { window: 0, ..small() }, "window", "at least 1");
    check(EmbeddingConfig { rate: 0.0, ..small() }, "rate", "above 0");
    let walks = WalkConfig { length: 0, ..WalkConfig::default() };
    check(EmbeddingConfig { walks, ..small() }, "length", "at least 1");
}
