//! Both engines on small models: the same answers, every type of values, and typed errors for files and
//! inputs of any kind.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use milieu_inference::{BatchOptions, Batcher};
use milieu_inference::{Data, DataType, EngineChoice, EngineError, Engines, LoadError, LoadOptions, Tensor};
use proptest::prelude::*;
use std::num::NonZeroUsize;
use std::path::Path;
use support::{engines, floats, onnx};

#[test]
fn a_linear_layer_is_computed() {
    for engines in engines() {
        let mut engine = engines.load(&onnx::linear(), LoadOptions::default()).unwrap();
        assert!(engine.signature().is_batched());
        for rows in [1, 2, 7] {
            let input = floats(&(0..rows).map(|row| row as f32).collect::<Vec<_>>(), 3);
            let outputs = engine.run(std::slice::from_ref(&input)).unwrap();
            let expected = (0..rows).flat_map(|row| [9.0 * row as f32 + 10.0, 12.0 * row as f32 + 20.0]);
            let expected = Tensor::new(vec![rows, 2], Data::F32(expected.collect())).unwrap();
            assert_eq!(outputs, [expected], "{engines:?}");
        }
    }
}

#[test]
fn every_type_goes_in_and_out() {
    for engines in engines() {
        let rten = engines.kind() == milieu_inference::EngineKind::Rten;
        let check = |operator: &str, element, input: Data, expected: Data| {
            let mut engine = match engines.load(&onnx::unary(operator, element), LoadOptions::default()) {
                Err(LoadError::Refused { .. }) if rten && element == 10 => return,
                loaded => loaded.unwrap(),
            };
            let tensor = |data: Data| Tensor::new(vec![data.len() / 2, 2], data).unwrap();
            let input = tensor(input);
            assert_eq!(engine.signature().inputs[0].data_type, input.data_type());
            let outputs = engine.run(&[input]).unwrap();
            assert_eq!(outputs, [tensor(expected)], "{operator} by {engines:?}");
        };
        check("Neg", 1, Data::F32(vec![1.5, -2.0]), Data::F32(vec![-1.5, 2.0]));
        check("Neg", 6, Data::I32(vec![1, -2]), Data::I32(vec![-1, 2]));
        check("Neg", 7, Data::I64(vec![1, -2, 3, -4]), Data::I64(vec![-1, 2, -3, 4]));
        check("Neg", 11, Data::F64(vec![1.5, -2.0]), Data::F64(vec![-1.5, 2.0]));
        check("Not", 9, Data::Bool(vec![true, false]), Data::Bool(vec![false, true]));
        let half = |values: [f32; 2]| Data::F16(values.map(half::f16::from_f32).to_vec());
        check("Neg", 10, half([1.5, -2.0]), half([-1.5, 2.0]));
        check("Transpose", 2, Data::U8(vec![1, 2, 3, 255]), Data::U8(vec![1, 3, 2, 255]));
        check("Transpose", 3, Data::I8(vec![1, -2, 3, 127]), Data::I8(vec![1, 3, -2, 127]));
    }
}

#[test]
fn values_out_of_bounds_are_errors_and_the_engine_goes_on() {
    for engines in engines() {
        let mut engine = engines.load(&onnx::table(), LoadOptions::default()).unwrap();
        let ids = |values: &[i64]| Tensor::new(vec![1, values.len()], Data::I64(values.to_vec())).unwrap();
        for wrong in [4, 1 << 40, i64::MAX] {
            let error = engine.run(&[ids(&[0, wrong])]).unwrap_err();
            assert!(!error.to_string().is_empty());
        }
        let outputs = engine.run(&[ids(&[3, 1])]).unwrap();
        assert_eq!(outputs[0].as_f32().unwrap(), [30., 31., 10., 11.]);
    }
}

/// The message of the error that a load must end in.
fn refusal(engines: &Engines, bytes: &[u8]) -> String {
    match engines.load(bytes, LoadOptions::default()) {
        Ok(_) => panic!("{engines:?} took {} bytes", bytes.len()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn files_that_are_no_models_are_refused() {
    for engines in engines() {
        let good = onnx::linear();
        for length in 0..good.len() {
            // The operators' version, at the end, may be missing, and rten does not mind.
            if let Ok(mut engine) = engines.load(&good[..length], LoadOptions::default()) {
                engine.run(&[floats(&[1.0], 3)]).unwrap();
            }
        }
        assert!(refusal(&engines, &good[..good.len() / 2]).contains("no ONNX model"));
        assert!(refusal(&engines, b"").contains("no ONNX model"));
        assert!(refusal(&engines, b"PK\x03\x04 a zip file, not a model").contains("no ONNX model"));
        let ports = || ([onnx::port("x", 1, &["n", "3"])], [onnx::port("y", 1, &["n", "3"])]);
        let broken = |nodes: &[Vec<u8>], weights: &[Vec<u8>]| {
            let (inputs, outputs) = ports();
            onnx::model(nodes, weights, &inputs, &outputs)
        };
        refusal(&engines, &broken(&[onnx::node("NoSuchOperator", &["x"], "y")], &[]));
        refusal(&engines, &broken(&[onnx::node("Neg", &["z"], "y")], &[]));
        let short = onnx::weights("w", &[3, 3], &[1.0]);
        refusal(&engines, &broken(&[onnx::node("MatMul", &["x", "w"], "y")], &[short]));
        let huge = onnx::weights("w", &[1 << 31, 1 << 31], &[1.0]);
        refusal(&engines, &broken(&[onnx::node("MatMul", &["x", "w"], "y")], &[huge]));
        let overflowing = onnx::weights("w", &[u64::MAX / 2, 8], &[1.0]);
        refusal(&engines, &broken(&[onnx::node("MatMul", &["x", "w"], "y")], &[overflowing]));
    }
}

/// A chain of nodes from one value to another, which ends as it began.
fn chain(from: &str, to: &str, length: usize) -> Vec<Vec<u8>> {
    let name = |at: usize| match at {
        0 => from.to_owned(),
        at if at == length => to.to_owned(),
        at => format!("{to}{at}"),
    };
    (0..length).map(|at| onnx::node("Neg", &[&name(at)], &name(at + 1))).collect()
}

/// Chains as long as no real model has them; an engine that used up its stack would end the process.
#[test]
fn long_models_do_not_use_up_the_stack() {
    let column = ["n", "1"];
    let (x, y) = ([onnx::port("x", 1, &column)], [onnx::port("y", 1, &column)]);
    let long = onnx::model(&chain("x", "y", 20_000), &[], &x, &y);
    let inner = onnx::graph(&chain("x", "z", 1_000), &[], &[], &[onnx::port("z", 1, &column)]);
    let mut choice = onnx::node("If", &["c"], "y");
    for name in ["then_branch", "else_branch"] {
        choice.extend(onnx::graph_attribute(name, &inner));
    }
    let inputs = [onnx::port("x", 1, &column), onnx::port("c", 9, &["1"])];
    let nested = onnx::model(&[choice], &[], &inputs, &y);
    let condition = Tensor::new(vec![1], Data::Bool(vec![true])).unwrap();
    for engines in engines() {
        for (bytes, inputs) in
            [(&long, vec![floats(&[3.0], 1)]), (&nested, vec![floats(&[3.0], 1), condition.clone()])]
        {
            let engine = engines.load(bytes, LoadOptions::default()).unwrap();
            let batcher = Batcher::start("v1", engine, BatchOptions::default()).unwrap();
            let answer = batcher.submit(inputs, None).unwrap().wait().unwrap();
            assert_eq!(*answer.outputs, [floats(&[3.0], 1)], "{engines:?}");
        }
    }
}

#[test]
fn the_size_is_looked_at_before_anything_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    let good = onnx::linear();
    std::fs::write(&path, &good).unwrap();
    let limit = |most_bytes| LoadOptions { most_bytes, ..LoadOptions::default() };
    for engines in engines() {
        let size = good.len() as u64;
        assert!(engines.load_file(&path, limit(size)).is_ok());
        for loaded in [engines.load_file(&path, limit(size - 1)), engines.load(&good, limit(size - 1))] {
            assert!(matches!(loaded.err(), Some(LoadError::TooLarge { .. })));
        }
        // A sparse file of a terabyte.
        let sparse = folder.path().join("sparse.onnx");
        let made = std::fs::File::create(&sparse).and_then(|file| file.set_len(1 << 40));
        if made.is_ok() {
            let loaded = engines.load_file(&sparse, LoadOptions::default());
            assert!(matches!(loaded.err(), Some(LoadError::TooLarge { .. })));
        }
        for missing in [&folder.path().join("missing.onnx"), folder.path()] {
            assert!(matches!(
                engines.load_file(missing, LoadOptions::default()).err(),
                Some(LoadError::Io { .. })
            ));
        }
    }
}

#[test]
fn an_engine_is_chosen_and_says_why() {
    let threads = NonZeroUsize::MIN;
    let engines = Engines::find(EngineChoice::Rten, None, threads).unwrap();
    assert_eq!((engines.kind().name(), engines.reason()), ("rten", "asked for"));
    assert_eq!("auto".parse::<EngineChoice>().unwrap(), EngineChoice::Auto);
    assert_eq!("tvm".parse::<EngineChoice>().unwrap_err(), EngineError::Unknown("tvm".into()));
    assert_eq!(DataType::from_name("FP32"), Some(DataType::F32));
    let auto = Engines::find(EngineChoice::Auto, None, threads).unwrap();
    assert!(auto.reason().contains("ONNX Runtime"), "{auto:?}");
}

/// Each in a process of its own would be slower; before a library is loaded, none of these is one.
#[test]
fn what_is_no_library_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("libonnxruntime.so");
    std::fs::write(&text, "no library").unwrap();
    for path in [Path::new("/nowhere/libonnxruntime.so"), &text, folder.path()] {
        match Engines::find(EngineChoice::OnnxRuntime, Some(path), NonZeroUsize::MIN) {
            Err(EngineError::Runtime(reason)) => assert!(!reason.is_empty()),
            // Another test of this process has found the real one.
            Ok(engines) => assert_eq!(engines.kind().name(), "onnxruntime"),
            Err(other) => panic!("{other}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn damaged_files_never_panic(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in 0.5_f64..1.0) {
        for engines in engines() {
            for mut bytes in [onnx::linear(), onnx::table()] {
                let at = at.index(bytes.len());
                bytes[at] = byte;
                let _ = engines.load(&bytes, LoadOptions::default());
                bytes.truncate((cut * bytes.len() as f64) as usize);
                let _ = engines.load(&bytes, LoadOptions::default());
            }
        }
    }
}
