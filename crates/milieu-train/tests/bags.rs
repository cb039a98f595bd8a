//! Bags of n-grams are run by own code, which says what an engine says.
#![allow(clippy::unwrap_used)]

use milieu_inference::{Data, Engine, EngineChoice, Engines, LoadOptions, Tensor};
use milieu_models::onnx_words;
use milieu_models::text::{WordNetwork, WordShape};
use milieu_onnx::proto::Tensor as Constant;
use milieu_onnx::{Builder, Element, Length, Model, Value};
use std::num::NonZeroUsize;

const ROWS: usize = 50;
const WIDTH: usize = 37;

/// A bag; where `apart`, with a node more that changes nothing, so that an engine runs it.
fn bag(rectified: bool, apart: bool) -> Box<dyn Engine> {
    let mut graph = Builder::new("bag");
    let rows = graph.input("rows", Element::I64, &["N".into(), "L".into()]);
    let share = graph.input("share", Element::F32, &["N".into(), Length::Fixed(1)]);
    let values = |count: usize| (0..count).map(|at| ((at * 37 + 11) as f32).sin()).collect::<Vec<f32>>();
    let mut table = values(ROWS * WIDTH);
    table.resize((ROWS + 1) * WIDTH, 0.0);
    let table = graph.constant(Constant::of_f32("table", &[ROWS + 1, WIDTH], &table));
    let weight = graph.constant(Constant::of_f32("weight", &[3, WIDTH], &values(3 * WIDTH)));
    let bias = graph.constant(Constant::of_f32("bias", &[3], &values(3)));
    let axis = graph.constant(Constant::of_i64("axis", &[1], &[1]));
    let vectors = graph.node("Gather", &[&table, &rows], vec![]);
    let sum = graph.node("ReduceSum", &[&vectors, &axis], vec![("keepdims", Value::Int(0))]);
    let mut hidden = graph.node("Mul", &[&sum, &share], vec![]);
    if rectified {
        hidden = graph.node("Relu", &[&hidden], vec![]);
    }
    if apart {
        hidden = graph.node("Identity", &[&hidden], vec![]);
        hidden = graph.node("Identity", &[&hidden], vec![]);
    }
    graph.node_named("Gemm", &[&hidden, &weight, &bias], "logits", vec![("transB", Value::Int(1))]);
    graph.output("logits", Element::F32, &["N".into(), Length::Fixed(3)]);
    let engines = Engines::find(EngineChoice::Rten, None, NonZeroUsize::MIN).unwrap();
    engines.load(&graph.finish().unwrap().write(), LoadOptions::default()).unwrap()
}

fn inputs(rows: &[i64], texts: usize) -> [Tensor; 2] {
    let shares: Vec<f32> = (0..texts).map(|at| 0.5 + at as f32).collect();
    [
        Tensor::new(vec![texts, rows.len() / texts], Data::I64(rows.to_vec())).unwrap(),
        Tensor::new(vec![texts, 1], Data::F32(shares)).unwrap(),
    ]
}

#[test]
fn own_code_says_what_an_engine_says() {
    let last = ROWS as i64;
    for rectified in [false, true] {
        let (mut own, mut engine) = (bag(rectified, false), bag(rectified, true));
        for (rows, texts) in [
            (vec![0, 3, 3, 49, last, last], 2),
            (vec![last; 4], 1),
            (vec![7, -2, 1, -51], 1),
            ((0..32).map(|at| at * 13 % last).collect(), 4),
        ] {
            let inputs = inputs(&rows, texts);
            let (own, engine) = (own.run(&inputs).unwrap(), engine.run(&inputs).unwrap());
            assert_eq!(own[0].shape(), engine[0].shape());
            for (x, y) in own[0].as_f32().unwrap().iter().zip(engine[0].as_f32().unwrap()) {
                assert!((x - y).abs() < 1e-5, "{rows:?}: {own:?} {engine:?}");
            }
        }
    }
}

/// A bag beside windows over words; where `apart`, with a node more that changes nothing.
fn beside_windows(rectified: bool, apart: bool) -> Box<dyn Engine> {
    let shape =
        WordShape { grams: ROWS, bag: 5, rectified, words: 30, width: 4, filters: 7, windows: vec![1, 5, 3] };
    let (_, parameters) = WordNetwork::new(shape.clone(), 3, 7);
    let mut proto = onnx_words(&shape, 3, &parameters).unwrap().into_proto();
    if apart {
        let graph = proto.graph.as_mut().unwrap();
        let last = graph.node.last_mut().unwrap();
        let mut more = last.clone();
        (last.output, more.input) = (vec!["said".into()], vec!["said".into()]);
        more.op_type = Some("Identity".into());
        (more.name, more.attribute) = (Some("more".into()), vec![]);
        graph.node.push(more);
    }
    let engines = Engines::find(EngineChoice::Rten, None, NonZeroUsize::MIN).unwrap();
    engines.load(&Model::new(proto).unwrap().write(), LoadOptions::default()).unwrap()
}

#[test]
fn windows_over_words_beside_a_bag() {
    for rectified in [false, true] {
        let (mut own, mut engine) = (beside_windows(rectified, false), beside_windows(rectified, true));
        for (words, texts) in [
            (vec![3, 4, 3, 29, 28, 27], 1),
            (vec![1, 2, 0, 0, 0, 0, 0, 0, 9, 8, 7, 6, 5, 4, 3, 2, 0, 0, 0, 0, 0, 0, 0, 0], 3),
            (vec![12], 1),
            (vec![5, -1, 4, -30], 2),
        ] {
            let rows: Vec<i64> = (0..4 * texts as i64).map(|at| at * 13 % (ROWS as i64 + 1)).collect();
            let [rows, shares] = inputs(&rows, texts);
            let words = Tensor::new(vec![texts, words.len() / texts], Data::I64(words)).unwrap();
            let inputs = [rows, shares, words];
            let (own, engine) = (own.run(&inputs).unwrap(), engine.run(&inputs).unwrap());
            assert_eq!(own[0].shape(), engine[0].shape());
            for (x, y) in own[0].as_f32().unwrap().iter().zip(engine[0].as_f32().unwrap()) {
                assert!((x - y).abs() < 1e-5, "{inputs:?}: {own:?} {engine:?}");
            }
        }
    }
    let mut own = beside_windows(true, false);
    let [rows, shares] = inputs(&[1], 1);
    let words = |row: i64| Tensor::new(vec![1, 2], Data::I64(vec![row, 0])).unwrap();
    for row in [30, -31, i64::MIN, i64::MAX] {
        let error = own.run(&[rows.clone(), shares.clone(), words(row)]).unwrap_err().to_string();
        assert!(error.contains("is not among the 30"), "{error}");
    }
    assert!(own.run(&[rows.clone(), shares.clone()]).is_err());
    assert!(own.run(&[rows, shares, words(29)]).is_ok());
}

#[test]
fn rows_that_are_not_there_are_an_error() {
    let mut own = bag(false, false);
    for row in [ROWS as i64 + 1, -(ROWS as i64) - 2, i64::MIN, i64::MAX] {
        let error = own.run(&inputs(&[row], 1)).unwrap_err().to_string();
        assert!(error.contains("is not among the 51"), "{error}");
    }
    assert!(own.run(&inputs(&[1], 1)[..1]).is_err());
    assert!(own.run(&inputs(&[1], 1)).is_ok());
}
