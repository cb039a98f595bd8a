//! A published encoder gives what its reference implementation gives, and goes on learning.
//!
//! `MILIEU_MODELS` names the folder of the models, `MILIEU_SHARED` the one with the golden outputs. Skipped, with the
//! reason printed, where they are not at hand.
#![allow(clippy::unwrap_used)]

mod little;

#[macro_use]
mod cut_off;

use little::little;
use milieu_inference::{Data, EngineChoice, Engines, LoadOptions, Tensor};
use milieu_models::text::{Published, published};
use milieu_models::{TextOutput, onnx_text};
use milieu_nn::kernels::Spans;
use milieu_nn::ops::packed::mean;
use milieu_nn::{Tape, values};
use milieu_onnx::Model;
use milieu_onnx::rewrite::quantise_dynamic;
use milieu_registry::Registry;
use milieu_text::Tokenizer;
use milieu_train::optimise::{ExamplesConfig, Method, Optimisation, optimise};
use milieu_train::texts::{Model as Learnt, Recipe, TrainError, TrainEvent, draft, embedding_draft, train};
use milieu_types::Timestamp;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// A text of fewer tokens has hardly a word, beside the two that mark its ends.
const FEW: usize = 8;
/// Values of a vector.
const WIDTH: usize = 384;

/// A file below the folder that an environment variable names, or why the test is skipped.
fn file(variable: &str, usual: Option<&str>, name: &str) -> Option<PathBuf> {
    let usual = usual.map(|usual| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(usual));
    let folder = std::env::var_os(variable).map(PathBuf::from).or(usual);
    let found = folder.map(|folder| folder.join(name)).filter(|path| path.exists());
    if found.is_none() {
        assert!(std::env::var_os("MILIEU_REQUIRE_SHARED").is_none(), "{name} is not there");
        eprintln!("skipped: {name} is not there; {variable} names its folder");
    }
    found
}

struct Golden {
    model: Published,
    tokenizer: Tokenizer,
    texts: Vec<String>,
    tokens: Vec<Vec<u32>>,
    vectors: Vec<Vec<f32>>,
}

fn golden() -> Option<Golden> {
    let golden = file("MILIEU_SHARED", Some("../../../shared"), "golden/minilm-l6-v2.json")?;
    let folder = file("MILIEU_MODELS", None, "minilm-l6-v2")?;
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let golden: Value = serde_json::from_slice(&std::fs::read(golden).unwrap()).unwrap();
    let cases = golden["cases"].as_array().unwrap();
    let numbers = |case: &Value, name: &str| -> Vec<f64> {
        case[name].as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
    };
    let most = golden["max_tokens"].as_u64().unwrap() as usize;
    Some(Golden {
        model: published(&read("config.json"), &read("model.safetensors")).unwrap(),
        tokenizer: Tokenizer::new(&read("tokenizer.json"), most).unwrap(),
        texts: cases.iter().map(|case| case["text"].as_str().unwrap().to_owned()).collect(),
        tokens: cases
            .iter()
            .map(|case| numbers(case, "token_ids").iter().map(|&id| id as u32).collect())
            .collect(),
        vectors: cases
            .iter()
            .map(|case| numbers(case, "embedding").iter().map(|&x| x as f32).collect())
            .collect(),
    })
}

fn cosine(one: &[f32], other: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum::<f64>();
    dot(one, other) / (dot(one, one) * dot(other, other)).sqrt()
}

/// The least cosine of vectors with those of the reference: of texts, and of those with hardly a word that is known.
fn least(golden: &Golden, found: &[f32]) -> [f64; 2] {
    assert_eq!(found.len(), golden.vectors.len() * WIDTH);
    let mut least = [1.0f64; 2];
    for ((found, expected), tokens) in found.chunks(WIDTH).zip(&golden.vectors).zip(&golden.tokens) {
        let least = &mut least[usize::from(tokens.len() < FEW)];
        *least = least.min(cosine(found, expected));
    }
    least
}

/// The vectors that a graph gives for all texts as one batch, shorter ones filled up.
fn run(model: &Model, golden: &Golden, engines: &Engines) -> Vec<f32> {
    let longest = golden.tokens.iter().map(Vec::len).max().unwrap();
    let fill = |of: fn(u32) -> i64, rest: i64| {
        let row = |tokens: &Vec<u32>| {
            let mut row: Vec<i64> = tokens.iter().map(|&token| of(token)).collect();
            row.resize(longest, rest);
            row
        };
        let values = golden.tokens.iter().flat_map(row).collect();
        Tensor::new(vec![golden.tokens.len(), longest], Data::I64(values)).unwrap()
    };
    let inputs = [fill(i64::from, i64::from(golden.tokenizer.padding())), fill(|_| 1, 0)];
    let mut engine = engines.load(&model.write(), LoadOptions::default()).unwrap();
    engine.run(&inputs).unwrap()[0].as_f32().unwrap().to_vec()
}

#[test]
fn minilm_is_what_its_reference_says() {
    let Some(golden) = golden() else { return };
    for (text, expected) in golden.texts.iter().zip(&golden.tokens) {
        assert_eq!(&golden.tokenizer.tokens(text), expected, "{text:?}");
    }
    let Published { encoder, parameters } = &golden.model;
    // Packed, as in training: no padding.
    let spans = Spans::new(golden.tokens.iter().map(Vec::len));
    let tape = Tape::answering(parameters);
    let rows = encoder.forward(&tape, &golden.tokens.concat(), &spans, 0.0);
    let packed = values(mean(rows, &spans));
    let close = least(&golden, &packed);
    println!("packed: cosine at least {close:.7?}");
    assert!(close.iter().all(|&close| close > 0.999_99), "{close:?}");

    let graph = onnx_text(&encoder.shape(), parameters, TextOutput::Embedding).unwrap();
    let small = quantise_dynamic(&graph).unwrap();
    let (before, after) = (graph.write().len(), small.write().len());
    println!("graph: {before} bytes, {after} in 8 bits");
    let threads = std::num::NonZeroUsize::new(2).unwrap();
    let library = std::env::var_os("MILIEU_ONNXRUNTIME").map(PathBuf::from);
    let rten = Engines::find(EngineChoice::Rten, None, threads).unwrap();
    let other = library.map(|path| Engines::find(EngineChoice::OnnxRuntime, Some(&path), threads).unwrap());
    for engines in std::iter::once(rten).chain(other) {
        let whole = run(&graph, &golden, &engines);
        let (close, closer) = (least(&golden, &whole), least(&golden, &run(&small, &golden, &engines)));
        println!(
            "{engines:?}: cosine at least {close:.7?}, in 8 bits {closer:.5?}, texts and those with hardly a word"
        );
        assert!(close.iter().all(|&close| close > 0.999_99), "{close:?}");
        assert!(closer[0] > 0.99 && closer[1] > 0.98, "{closer:?}");
        let off = whole.iter().zip(golden.vectors.concat()).map(|(x, y)| (x - y).abs()).fold(0.0, f32::max);
        assert!(off < 2e-5, "{off}");
    }
}

/// Whether a film is good hangs on two words and their order.
fn films(folder: &Path) {
    let mut lines = String::from("text,label\n");
    for number in 0..240 {
        let (is, not) = (number % 2 == 0, number % 3 == 0);
        let word = if is == not { "bad" } else { "good" };
        let (not, filler) = (if not { "not " } else { "" }, ["film ", "very ", "film very "][number / 6 % 3]);
        writeln!(lines, "{filler}{not}{word} {number},{}", if is { "up" } else { "down" }).unwrap();
    }
    std::fs::write(folder.join("train.csv"), lines).unwrap();
}

fn little_recipe(folder: &Path, settings: &[&str]) -> Recipe {
    let text = "task = 'text-classification'\n[data]\n[encoder]\ntokens = 12\n\
        [train]\nepochs = 12\nbatch = 8\nrate = 0.01\ndropout = 0.0\nsmoothing = 0.0\nchoose = 'accuracy'\npatience = 0";
    let paths = [
        format!("encoder.path='{}'", folder.display()),
        format!("data.train='{}'", folder.join("train.csv").display()),
    ];
    let settings: Vec<String> =
        paths.into_iter().chain(settings.iter().map(|&setting| setting.to_owned())).collect();
    Recipe::read(text, &settings).unwrap()
}

#[test]
fn an_encoder_goes_on_learning_and_its_graph_says_the_same() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    little(folder.path());
    films(folder.path());
    let recipe = little_recipe(folder.path(), &[]);
    let trained = train(&recipe, out.path(), &mut |_| {}).unwrap();
    assert!(trained.report.test.accuracy.mean > 0.95, "{:?}", trained.report.test);
    let Learnt::Encoder(encoder) = &trained.model else { panic!("no encoder") };
    let draft = draft("films", &trained, Timestamp::from_secs(0)).unwrap();
    assert_eq!(draft.attributes["preprocessing"]["kind"], "text");
    let bytes = &draft.files.iter().find(|(name, _)| name == "model.onnx").unwrap().1;
    // The limit and the padding of the file do not count.
    let tokenizer = Tokenizer::new(&encoder.tokenizer, encoder.tokens).unwrap();
    assert_eq!(tokenizer.tokens("film not good film very"), [2, 8, 6, 4, 8, 7, 3]);
    assert_eq!(tokenizer.tokens(&"bad ".repeat(30)).len(), 12);
    let threads = std::num::NonZeroUsize::MIN;
    let engines = Engines::find(EngineChoice::Rten, None, threads).unwrap();
    let mut engine = engines.load(bytes, LoadOptions::default()).unwrap();
    let mut said = |texts: &[&str]| -> Vec<f32> {
        let rows: Vec<Vec<u32>> = texts.iter().map(|text| tokenizer.tokens(text)).collect();
        let tensor = |of: &dyn Fn(&Vec<u32>, usize) -> i64| {
            let values = rows.iter().flat_map(|row| (0..8).map(|at| of(row, at))).collect();
            Tensor::new(vec![rows.len(), 8], Data::I64(values)).unwrap()
        };
        let tokens = tensor(&|row, at| row.get(at).map_or(0, |&token| i64::from(token)));
        let mask = tensor(&|row, at| i64::from(at < row.len()));
        engine.run(&[tokens, mask]).unwrap()[0].as_f32().unwrap().to_vec()
    };
    // A text says the same alone and beside others, whatever they are filled up to.
    let (one, two) = (said(&["film not bad 7"]), said(&["film very not good 8", "film not bad 7"]));
    assert!(one.iter().zip(&two[2..]).all(|(x, y)| (x - y).abs() < 1e-5), "{one:?} {two:?}");
    let up = trained.report.classes.iter().position(|class| class == "up").unwrap();
    assert!(one[up] > one[1 - up] && two[up] < two[1 - up], "{one:?} {two:?}");
}

#[test]
fn a_version_in_8_bits_is_measured_on_texts() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    little(folder.path());
    films(folder.path());
    let trained = train(&little_recipe(folder.path(), &[]), out.path(), &mut |_| {}).unwrap();
    let registry = Registry::open(out.path().join("models")).unwrap();
    registry.publish(&draft("films", &trained, Timestamp::from_secs(0)).unwrap()).unwrap();
    let wanted = |method, label: &str| Optimisation {
        name: "films".to_owned(),
        version: 1,
        method,
        examples: ExamplesConfig {
            path: folder.path().join("train.csv"),
            most: 0,
            seed: 1,
            text: "text".to_owned(),
            label: label.to_owned(),
        },
        most_lost: 0.05,
        folder: out.path().to_owned(),
        engine: EngineChoice::Rten,
        library: None,
        threads: std::num::NonZeroUsize::MIN,
    };
    let run = |method, label: &str| {
        optimise(&registry, &wanted(method, label), Timestamp::from_secs(1), &mut |_| {})
    };
    let (report, draft) = run(Method::Int8Dynamic, "label").unwrap();
    assert!(report.passed && report.examples == "texts", "{report:?}");
    assert_eq!(report.before.figures.examples, 240);
    assert!(report.after.figures.accuracy.mean > 0.9, "{:?}", report.after.figures.accuracy);
    // What it needs to be served goes along, and what it says of texts stays.
    let draft = draft.unwrap();
    assert!(draft.files.iter().any(|(name, _)| name == "tokenizer.json"));
    assert_eq!(draft.attributes["labels"], json!(["down", "up"]));
    let refused = |method, label: &str, part: &str| {
        let error = run(method, label).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    };
    refused(Method::Int8, "label", "int8-dynamic is for those of texts");
    refused(Method::Int8Dynamic, "kind", "no example to measure with");
}

#[test]
fn a_run_of_an_encoder_that_was_cut_off_ends_as_if_it_had_not_been() {
    let folder = tempfile::tempdir().unwrap();
    little(folder.path());
    films(folder.path());
    let recipe = little_recipe(folder.path(), &["train.epochs=3", "train.dropout=0.1"]);
    let whole = train(&recipe, tempfile::tempdir().unwrap().path(), &mut |_| {}).unwrap();
    let out = tempfile::tempdir().unwrap();
    cut_off!(train, &recipe, out.path(), 2);
    let again = train(&recipe, out.path(), &mut |_| {}).unwrap();
    assert_eq!(again.model, whole.model);
    assert_eq!(again.report.test, whole.report.test);
}

#[test]
fn encoders_that_cannot_be_read_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    little(folder.path());
    films(folder.path());
    let (config, weights) = (folder.path().join("config.json"), folder.path().join("model.safetensors"));
    let (good_config, good_weights) = (std::fs::read(&config).unwrap(), std::fs::read(&weights).unwrap());
    let refuse = |settings: &[&str], part: &str| {
        let out = tempfile::tempdir().unwrap();
        let error = train(&little_recipe(folder.path(), settings), out.path(), &mut |_| {}).unwrap_err();
        assert!(matches!(error, TrainError::Encoder(_)), "{error}");
        assert!(error.to_string().contains(part), "{error}");
    };
    refuse(&["encoder.tokens=17"], "positions for 16");
    let with = |key: &str, value: Value| {
        let mut changed: Value = serde_json::from_slice(&good_config).unwrap();
        changed[key] = value;
        std::fs::write(&config, changed.to_string()).unwrap();
    };
    for (key, value, part) in [
        ("model_type", json!("gpt2"), "the model_type is \"gpt2\""),
        ("n_heads", json!(3), "no multiple"),
        ("dim", json!(1_000_000), "dim must be a number from 1 to"),
        ("dim", json!(16), "has the shape [9, 8] and not [9, 16]"),
        ("n_layers", json!(3), "is absent"),
        ("activation", json!("relu"), "not supported"),
        ("vocab_size", json!(5), "has the shape [9, 8]"),
    ] {
        with(key, value);
        refuse(&[], part);
    }
    std::fs::write(&config, &good_config).unwrap();
    std::fs::write(&weights, &good_weights[..good_weights.len() / 2]).unwrap();
    refuse(&[], "the weights");
    std::fs::remove_file(&weights).unwrap();
    refuse(&[], "model.safetensors");
    let at = Timestamp::from_secs(0);
    assert!(
        embedding_draft(folder.path(), "meaning", at).unwrap_err().to_string().contains("model.safetensors")
    );
    std::fs::write(&weights, &good_weights).unwrap();
    std::fs::write(folder.path().join("tokenizer.json"), "{}").unwrap();
    refuse(&[], "the tokenizer");
    std::fs::remove_file(folder.path().join("tokenizer.json")).unwrap();
    refuse(&[], "tokenizer.json");
    little(folder.path());
    let draft = embedding_draft(folder.path(), "meaning", at).unwrap();
    assert_eq!(draft.attributes["preprocessing"]["maximum_tokens"], 16);
}
