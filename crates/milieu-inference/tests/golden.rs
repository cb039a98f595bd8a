//! What reference implementations give for pretrained models holds, within the tolerances stated with it.
//!
//! `MILIEU_MODELS` names the folder of the models, `MILIEU_SHARED` the one with the golden outputs (by
//! default `../shared` beside the workspace). Skipped, with the reason printed, where they are not at hand.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use milieu_inference::{BatchOptions, Batcher, Data, Engines, LoadOptions, Tensor};
use serde_json::Value;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use support::{engines, pretrained};

/// The golden file of a model, and the folder it is in.
fn golden(model: &str) -> Option<(PathBuf, Value)> {
    let root = std::env::var_os("MILIEU_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let folder = root.join("golden");
    let path = folder.join(format!("{model}.json"));
    if !path.exists() {
        assert!(std::env::var_os("MILIEU_REQUIRE_SHARED").is_none(), "{} is not there", path.display());
        eprintln!("skipped: {} is not there", path.display());
        return None;
    }
    Some((folder, serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()))
}

/// Red, green and blue of each pixel, row by row.
struct Picture {
    width: usize,
    height: usize,
    pixels: Vec<[u8; 3]>,
}

impl Picture {
    fn open(path: &Path) -> Self {
        let file = BufReader::new(File::open(path).unwrap());
        let mut reader = png::Decoder::new(file).read_info().unwrap();
        assert_eq!(reader.output_color_type(), (png::ColorType::Rgb, png::BitDepth::Eight));
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut bytes).unwrap();
        Self {
            width: frame.width as usize,
            height: frame.height as usize,
            pixels: bytes.as_chunks().0.to_vec(),
        }
    }
}

/// What one engine gave for each case.
type ByEngine = (Engines, Vec<Vec<f32>>);

/// Loads a model into each engine and runs all cases of its golden file at once, through the batcher.
fn outputs(model: &str, file: &str, prepare: fn(&Picture) -> Tensor) -> Option<(Value, Vec<ByEngine>)> {
    let (path, (folder, golden)) = (pretrained(file)?, golden(model)?);
    let inputs: Vec<Tensor> = golden["cases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| prepare(&Picture::open(&folder.join(case["input"].as_str().unwrap()))))
        .collect();
    assert!(!inputs.is_empty());
    let run = |engines: &Engines| {
        let engine = engines.load_file(&path, LoadOptions::default()).unwrap();
        let batcher = Batcher::start(model, engine, BatchOptions::default()).unwrap();
        let pending: Vec<_> =
            inputs.iter().map(|input| batcher.submit(vec![input.clone()], None).unwrap()).collect();
        let values = |output: &Tensor| output.as_f32().unwrap().to_vec();
        pending.into_iter().map(|pending| values(&pending.wait().unwrap().outputs[0])).collect()
    };
    let found = engines().into_iter().map(|engines| {
        let values = run(&engines);
        (engines, values)
    });
    Some((golden, found.collect()))
}

#[test]
fn efficientnet_lite0() {
    /// `(value - 127) / 128`, channels first.
    fn prepare(picture: &Picture) -> Tensor {
        let channel = |channel: usize| picture.pixels.iter().map(move |pixel| pixel[channel]);
        let values = (0..3).flat_map(channel).map(|value| (f32::from(value) - 127.0) / 128.0);
        Tensor::new(vec![1, 3, picture.height, picture.width], Data::F32(values.collect())).unwrap()
    }
    let Some((golden, found)) = outputs("efficientnet-lite0", "efficientnet-lite0/model.onnx", prepare)
    else {
        return;
    };
    for (engines, cases) in found {
        for (logits, case) in cases.iter().zip(golden["cases"].as_array().unwrap()) {
            let context = format!("{} by {engines:?}", case["image"]);
            let largest = logits.iter().copied().fold(f32::MIN, f32::max);
            let sum: f64 = logits.iter().map(|logit| f64::from(logit - largest).exp()).sum();
            let mut order: Vec<usize> = (0..logits.len()).collect();
            order.sort_by(|one, other| logits[*other].total_cmp(&logits[*one]));
            for (class, expected) in order.iter().zip(case["top5"].as_array().unwrap()) {
                assert_eq!(*class as u64, expected["class"].as_u64().unwrap(), "{context}");
                let logit = f64::from(logits[*class]) - expected["logit"].as_f64().unwrap();
                assert!(logit.abs() < 2e-3, "{context}: a logit differs by {logit}");
                let probability = f64::from(logits[*class] - largest).exp() / sum;
                let difference = probability - expected["probability"].as_f64().unwrap();
                assert!(difference.abs() < 1e-3, "{context}: a probability differs by {difference}");
            }
            for (logit, expected) in logits.iter().zip(case["logits_of_classes_0_to_9"].as_array().unwrap()) {
                let difference = f64::from(*logit) - expected.as_f64().unwrap();
                assert!(difference.abs() < 2e-3, "{context}: a logit differs by {difference}");
            }
        }
    }
}

#[test]
fn open_nsfw() {
    /// Blue, green, red, minus (104, 117, 123), channels last.
    fn prepare(picture: &Picture) -> Tensor {
        let values = picture.pixels.iter().flat_map(|pixel| {
            let [red, green, blue] = pixel.map(f32::from);
            [blue - 104.0, green - 117.0, red - 123.0]
        });
        Tensor::new(vec![1, picture.height, picture.width, 3], Data::F32(values.collect())).unwrap()
    }
    let Some((golden, found)) = outputs("open-nsfw", "open-nsfw/model.onnx", prepare) else { return };
    for (engines, cases) in found {
        for (given, case) in cases.iter().zip(golden["cases"].as_array().unwrap()) {
            for (value, expected) in given.iter().zip(case["sfw_nsfw_without_jpeg"].as_array().unwrap()) {
                let difference = f64::from(*value) - expected.as_f64().unwrap();
                assert!(difference.abs() < 1e-4, "{} by {engines:?}: {difference}", case["image"]);
            }
        }
    }
}
