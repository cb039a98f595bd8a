//! What texts say and where their meaning lies, by models of tokens; clients of other servers.

use crate::client::{Running, registry};
use crate::models::{AT, publish_beside};
use milieu_onnx::proto::Tensor;
use milieu_onnx::{Builder, Element, Length, Value as Attribute};
use milieu_registry::{
    CharactersPreparation, ModelCard, Preprocessing, Registry, TextPreparation, check_model,
};
use serde_json::{Value, json};

/// Words, and how sunny and how loud each is.
const WORDS: [(&str, [f32; 2]); 6] = [
    ("[PAD]", [9.0, 9.0]),
    ("[UNK]", [0.0, 0.0]),
    ("sun", [4.0, 0.0]),
    ("rain", [-4.0, 0.0]),
    ("drum", [0.0, 4.0]),
    ("太阳", [4.0, 0.0]),
];

/// A word whose token no table has: models fail on it.
pub(crate) const BREAKS: &str = "boom";

fn tokenizer() -> Vec<u8> {
    let mut words: serde_json::Map<String, Value> =
        WORDS.iter().enumerate().map(|(id, (word, _))| ((*word).to_owned(), json!(id))).collect();
    words.insert(BREAKS.to_owned(), json!(WORDS.len()));
    let tokenizer = json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "decoder": null,
        "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": null,
        "model": {"type": "WordLevel", "vocab": words, "unk_token": "[UNK]"},
    });
    tokenizer.to_string().into_bytes()
}

/// The vectors of tokens; or, where `pooled`, their mean over those that the mask has.
fn model(pooled: bool) -> Vec<u8> {
    let mut graph = Builder::new("words");
    let lengths: [Length; 2] = ["N".into(), "L".into()];
    graph.input("input_ids", Element::I64, &lengths);
    let table: Vec<f32> = WORDS.iter().flat_map(|(_, values)| *values).collect();
    let table = graph.constant(Tensor::of_f32("table", &[WORDS.len(), 2], &table));
    if !pooled {
        graph.node_named("Gather", &[&table, "input_ids"], "last_hidden_state", vec![]);
        graph.output("last_hidden_state", Element::F32, &["N".into(), "L".into(), 2.into()]);
        return graph.finish().unwrap().write();
    }
    graph.input("attention_mask", Element::I64, &lengths);
    let vectors = graph.node("Gather", &[&table, "input_ids"], vec![]);
    let to = Attribute::Int(i64::from(Element::F32.code()));
    let mask = graph.node("Cast", &["attention_mask"], vec![("to", to)]);
    let (last, tokens) = (Tensor::of_i64("last", &[1], &[2]), Tensor::of_i64("tokens", &[1], &[1]));
    let (last, tokens) = (graph.constant(last), graph.constant(tokens));
    let mask = graph.node("Unsqueeze", &[&mask, &last], vec![]);
    let seen = graph.node("Mul", &[&vectors, &mask], vec![]);
    let keep = || vec![("keepdims", Attribute::Int(0))];
    let sum = graph.node("ReduceSum", &[&seen, &tokens], keep());
    let count = graph.node("ReduceSum", &[&mask, &tokens], keep());
    graph.node_named("Div", &[&sum, &count], "logits", vec![]);
    graph.output("logits", Element::F32, &["N".into(), 2.into()]);
    graph.finish().unwrap().write()
}

/// Publishes a model and makes it live.
pub(crate) fn publish(registry: &Registry, name: &str, pooled: bool, more: ModelCard) {
    let model = model(pooled);
    let signature = check_model(&model).unwrap();
    let card = ModelCard {
        model_file: "model.onnx".into(),
        inputs: signature.inputs,
        outputs: signature.outputs,
        preprocessing: Some(Preprocessing::Text(TextPreparation {
            tokenizer: "tokenizer.json".into(),
            maximum_tokens: 40,
        })),
        ..more
    };
    let version = publish_beside(registry, name, &model, &card, [("tokenizer.json", tokenizer())]);
    registry.promote(name, version, AT).unwrap();
}

/// Scores of tags: the sun and the drum begin a part, rain goes on with one.
fn tagger() -> Vec<u8> {
    let mut graph = Builder::new("tags");
    graph.input("input_ids", Element::I64, &["N".into(), "L".into()]);
    let scores: [[f32; 3]; 6] =
        [[0.0; 3], [9.0, 0.0, 0.0], [0.0, 9.0, 0.0], [0.0, 0.0, 9.0], [0.0, 9.0, 0.0], [0.0, 9.0, 0.0]];
    let table = graph.constant(Tensor::of_f32("table", &[WORDS.len(), 3], &scores.concat()));
    graph.node_named("Gather", &[&table, "input_ids"], "emissions", vec![]);
    graph.output("emissions", Element::F32, &["N".into(), "L".into(), 3.into()]);
    graph.finish().unwrap().write()
}

#[test]
fn labelled_parts_of_texts() {
    let data = tempfile::tempdir().unwrap();
    let registry = registry(data.path());
    let model = tagger();
    let signature = check_model(&model).unwrap();
    let card = ModelCard {
        task: "text_slots".into(),
        model_file: "model.onnx".into(),
        inputs: signature.inputs,
        outputs: signature.outputs,
        preprocessing: Some(Preprocessing::Text(TextPreparation {
            tokenizer: "tokenizer.json".into(),
            maximum_tokens: 40,
        })),
        chain: Some("chain.json".into()),
        ..ModelCard::default()
    };
    let chain = json!({"labels": ["sky"], "transitions": vec![0.0; 9], "ends": vec![0.0; 6]})
        .to_string()
        .into_bytes();
    let beside = [("tokenizer.json", tokenizer()), ("chain.json", chain)];
    let version = publish_beside(&registry, "parts", &model, &card, beside);
    registry.promote("parts", version, AT).unwrap();
    let more = ModelCard {
        task: "text_classification".into(),
        labels: vec!["sunny".to_owned(), "loud".to_owned()],
        ..ModelCard::default()
    };
    publish(&registry, "weather", true, more);
    let server = Running::start(data.path(), &[]);
    let texts = ["the  SUN rain zq 太阳 Rain", "zq", "", "👍🏽 sun", "e\u{301} sun"];
    let found = server.done("POST", "/v1/analyze/text", &json!({"texts": texts}));
    let slots = |text: usize| -> Vec<(u64, u64, String)> {
        let slots = &found["results"][text]["tasks"]["parts"]["slots"];
        let slot = |slot: &Value| {
            assert_eq!(slot["label"], "sky");
            assert!(slot["score"].as_f64().unwrap() > 0.9, "{slot}");
            let number = |name: &str| slot[name].as_u64().unwrap();
            (number("start"), number("end"), slot["text"].as_str().unwrap().to_owned())
        };
        slots.as_array().unwrap_or_else(|| panic!("{found}")).iter().map(slot).collect()
    };
    assert_eq!(slots(0), [(5, 13, "SUN rain".to_owned()), (17, 24, "太阳 Rain".to_owned())]);
    assert!(slots(1).is_empty() && slots(2).is_empty());
    assert_eq!((slots(3), slots(4)), (vec![(3, 6, "sun".to_owned())], vec![(3, 6, "sun".to_owned())]));
    // Who finds no parts says nothing of them, and who says nothing of the whole has no labels.
    assert_eq!(found["results"][0]["tasks"]["weather"]["slots"], Value::Null, "{found}");
    assert_eq!(found["results"][0]["tasks"]["parts"]["labels"], json!([]));
}

/// Publishes a model that makes vectors of texts, and makes it live.
pub(crate) fn publish_meaning(registry: &Registry) {
    let vectors = ModelCard { task: "text_embedding".into(), ..ModelCard::default() };
    publish(registry, "meaning", false, vectors);
}

/// Publishes a model that says whether a text is sunny or loud, and makes it live.
pub(crate) fn publish_weather(registry: &Registry) {
    let labels = vec!["sunny".to_owned(), "loud".to_owned()];
    let one = ModelCard { task: "text_classification".into(), labels, ..ModelCard::default() };
    publish(registry, "weather", true, one);
}

fn start(data: &std::path::Path, settings: &[&str]) -> Running {
    let registry = registry(data);
    let labels = vec!["sunny".to_owned(), "loud".to_owned()];
    let task = "text_classification".to_owned();
    publish_weather(&registry);
    let many = ModelCard { task, labels, thresholds: vec![0.6, 0.9], ..ModelCard::default() };
    publish(&registry, "signs", true, many);
    publish_meaning(&registry);
    Running::start(data, settings)
}

#[test]
fn texts_of_all_sorts() {
    let data = tempfile::tempdir().unwrap();
    let server = start(data.path(), &["inference.request_bytes=2000000"]);
    let labels = |text: &str, task: &str| {
        let asked = json!({"text": text, "tasks": [task]});
        let found = server.done("POST", "/v1/analyze/text", &asked);
        found["results"][0]["tasks"][task]["labels"].clone()
    };
    let best = |text: &str| labels(text, "weather")[0]["label"].as_str().unwrap_or("").to_owned();
    assert_eq!(
        (best("sun"), best("RAIN drum"), best("太阳 and 鼓")),
        ("sunny".into(), "loud".into(), "sunny".into())
    );
    // Nothing that is known, and nothing at all.
    for text in ["😀 🎉", "\u{200f}\u{202e}\u{200b}", "zq xv"] {
        let found = labels(text, "weather");
        assert!((found[0]["probability"].as_f64().unwrap() - 0.5).abs() < 1e-6, "{text:?}: {found}");
    }
    assert_eq!((labels("", "weather"), labels(" \n", "weather")), (json!([]), json!([])));
    // A megabyte: what comes after the tokens that are read does not count.
    assert_eq!(best(&("sun ".repeat(40) + &"drum ".repeat(200_000))), "sunny");
    let found = labels("sun", "signs");
    assert_eq!((&found[0]["label"], &found[0]["applies"]), (&json!("sunny"), &json!(true)), "{found}");
    assert_eq!(found[1]["applies"], false, "{found}");
    let both = server.done("POST", "/v1/analyze/text", &json!({"texts": ["sun", "drum"]}));
    assert_eq!(both["results"][1]["tasks"].as_object().unwrap().len(), 2, "{both}");
    let refused = |body: &[u8], status: u16, code: &str| {
        assert_eq!(server.post("/v1/analyze/text", body).refusal(), (status, code.to_owned()));
    };
    // The words that moved the first label, where they stand.
    let found = server.done(
        "POST",
        "/v1/analyze/text",
        &json!({"texts": ["好 drum drum sun", ""], "tasks": ["weather"], "explain": true}),
    );
    let task = |number: usize| &found["results"][number]["tasks"]["weather"];
    let told = &task(0)["explanation"];
    assert_eq!((&told["label"], told["words"].as_array().unwrap().len()), (&json!("loud"), 4), "{told}");
    // A drum more is a drum less without it; the sun speaks against it most.
    let strongest = &told["words"][0];
    assert_eq!(
        (&strongest["text"], &strongest["start"], &strongest["end"]),
        (&json!("sun"), &json!(12), &json!(15))
    );
    assert!(strongest["weight"].as_f64().unwrap() < 0.0, "{told}");
    assert_eq!(task(1)["explanation"], Value::Null);
    refused(b"{\"text\":\"\xff\xfe\"}", 400, "invalid_json");
    refused(br#"{"text":"a","tasks":["meaning"]}"#, 400, "invalid_parameter");
    refused(br#"{"text":"a","tasks":["nobody"]}"#, 404, "model_not_found");
    refused(&vec![b'a'; 2_000_001], 413, "body_too_large");
}

/// How much good and how much bad there is in characters and pairs.
fn taste() -> Vec<u8> {
    let mut graph = Builder::new("taste");
    let lengths: [Length; 2] = ["N".into(), "L".into()];
    let tables = [
        ("characters", vec![0.0, 0.0, 0.0, 0.0, 2.0, -2.0, -2.0, 2.0]),
        ("pairs", vec![0.0, 0.0, 0.0, 0.0, -4.0, 4.0]),
    ];
    let axis = graph.constant(Tensor::of_i64("positions", &[1], &[1]));
    let sums = tables.map(|(name, values)| {
        graph.input(name, Element::I64, &lengths);
        let table = Tensor::of_f32(&format!("{name}.table"), &[values.len() / 2, 2], &values);
        let table = graph.constant(table);
        let vectors = graph.node("Gather", &[&table, name], vec![]);
        graph.node("ReduceSum", &[&vectors, &axis], vec![("keepdims", Attribute::Int(0))])
    });
    graph.node_named("Add", &[&sums[0], &sums[1]], "logits", vec![]);
    graph.output("logits", Element::F32, &["N".into(), 2.into()]);
    graph.finish().unwrap().write()
}

#[test]
fn texts_as_characters() {
    let data = tempfile::tempdir().unwrap();
    let registry = registry(data.path());
    let signature = check_model(&taste()).unwrap();
    let card = ModelCard {
        task: "text_classification".into(),
        model_file: "model.onnx".into(),
        inputs: signature.inputs,
        outputs: signature.outputs,
        labels: vec!["good".into(), "bad".into()],
        preprocessing: Some(Preprocessing::Characters(CharactersPreparation {
            vocabulary: "characters.json".into(),
            maximum_characters: 40,
        })),
        ..ModelCard::default()
    };
    let known = json!({"characters": "好坏", "pairs": "不好"}).to_string().into_bytes();
    let version = publish_beside(&registry, "taste", &taste(), &card, Some(("characters.json", known)));
    registry.promote("taste", version, AT).unwrap();
    let server = Running::start(data.path(), &["inference.request_bytes=4000000"]);
    let labels = |text: &str| {
        let found = server.done("POST", "/v1/analyze/text", &json!({"text": text, "tasks": ["taste"]}));
        found["results"][0]["tasks"]["taste"]["labels"].clone()
    };
    // The start and the end of a megabyte are read, and traditional characters as simple ones.
    let [start, middle] = ["好很".repeat(10), "坏很".repeat(200_000)];
    let long = format!("{start}{middle}{start}");
    for (text, expected) in [("好", "good"), ("不好", "bad"), ("壞", "bad"), (&long, "good")] {
        let found = labels(text);
        assert_eq!(found[0]["label"], expected, "{}: {found}", &text[..3]);
    }
    assert!((labels("zq 😀")[0]["probability"].as_f64().unwrap() - 0.5).abs() < 1e-6);
    assert_eq!((labels(""), labels(" \u{200b}")), (json!([]), json!([])));
}

#[test]
fn clients_of_other_servers() {
    let data = tempfile::tempdir().unwrap();
    let server = start(data.path(), &[]);
    let post = |path: &str, body: Value| server.done("POST", path, &body);
    let found = post("/v1/embeddings", json!({"input": ["sun drum", "rain"], "model": "meaning"}));
    assert_eq!((&found["object"], &found["model"]), (&json!("list"), &json!("meaning")));
    assert_eq!(found["usage"], json!({"prompt_tokens": 3, "total_tokens": 3}));
    // The mean of two tokens, of length 1; padding is not in it.
    let vector = |value: &Value| -> Vec<f64> {
        value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
    };
    let close = |found: &Value, expected: [f64; 2]| {
        let found = vector(found);
        assert!(found.iter().zip(expected).all(|(x, y)| (x - y).abs() < 1e-6), "{found:?} {expected:?}");
    };
    let half = 0.5f64.sqrt();
    close(&found["data"][0]["embedding"], [half, half]);
    close(&found["data"][1]["embedding"], [-1.0, 0.0]);
    let packed = post("/v1/embeddings", json!({"input": "rain", "encoding_format": "base64"}));
    assert_eq!(packed["data"][0]["embedding"], "AACAvwAAAAA=");
    close(&post("/embed", json!({"inputs": "sun drum", "truncate": true}))[0], [half, half]);
    assert_eq!(post("/embed?model=meaning", json!({"inputs": ["sun", "sun"]})).as_array().unwrap().len(), 2);
    // A text without a token has no direction.
    close(&post("/embed", json!({"inputs": [""]}))[0], [0.0, 0.0]);
    let one = post("/predict?model=weather", json!({"inputs": "sun"}));
    assert_eq!(one[0]["label"], "sunny");
    assert!(one[0]["score"].as_f64().unwrap() > 0.9);
    let many = post("/predict?model=weather", json!({"inputs": ["sun", "drum"]}));
    assert_eq!((&many[0][0]["label"], &many[1][0]["label"]), (&json!("sunny"), &json!("loud")));
    let refused = |path: &str, body: &str, status: u16, code: &str| {
        assert_eq!(server.post(path, body.as_bytes()).refusal(), (status, code.to_owned()), "{path} {body}");
    };
    refused("/predict", r#"{"inputs":"sun"}"#, 400, "invalid_parameter");
    refused("/predict?model=meaning", r#"{"inputs":"sun"}"#, 400, "invalid_parameter");
    refused("/embed?model=weather", r#"{"inputs":"sun"}"#, 400, "invalid_parameter");
    refused("/embed?model=nobody", r#"{"inputs":"sun"}"#, 404, "model_not_found");
    refused("/embed", r#"{"inputs":[]}"#, 400, "invalid_parameter");
    refused("/v1/embeddings", r#"{"input":[[1,2]]}"#, 400, "invalid_parameter");
    refused("/v1/embeddings", "{", 400, "invalid_json");
}
