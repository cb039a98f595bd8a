//! Which files of a folder of a model from elsewhere are taken, and what they say about the model.

use crate::{PictureFit, PicturePreparation, Preprocessing, TextPreparation};
use serde_json::Value;
use std::collections::BTreeMap;

/// Files that are taken beside the model file, by name.
const COMPANIONS: [&str; 17] = [
    "added_tokens.json",
    "config.json",
    "labels.json",
    "labels.txt",
    "LICENSE",
    "LICENSE.md",
    "LICENSE.txt",
    "manifest.json",
    "merges.txt",
    "preprocessor_config.json",
    "README.md",
    "sentencepiece.bpe.model",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.json",
    "vocab.txt",
];
/// Tokens that a model reads where nobody says how many: BERT's limit.
const USUAL_TOKENS: u32 = 512;

/// Whether a file is one that is taken beside a model file.
#[must_use]
pub fn is_companion(name: &str) -> bool {
    COMPANIONS.contains(&name)
}

/// Which of the paths is the model file: the wanted one; else `model.onnx`, at the top or in `onnx/`; else
/// the only one that ends in `.onnx`.
///
/// # Errors
/// In words, why there is no choice.
pub fn choose_model<'p>(paths: &[&'p str], wanted: Option<&str>) -> Result<&'p str, String> {
    if let Some(wanted) = wanted {
        let found = paths.iter().find(|path| **path == wanted).copied();
        return found.ok_or_else(|| format!("there is no file {wanted}"));
    }
    let usual = ["model.onnx", "onnx/model.onnx"];
    if let Some(found) = usual.iter().find_map(|usual| paths.iter().find(|path| *path == usual)) {
        return Ok(found);
    }
    let all: Vec<&str> = paths.iter().copied().filter(|path| path.ends_with(".onnx")).collect();
    match all[..] {
        [] => Err("there is no .onnx file".into()),
        [only] => Ok(only),
        _ => Err(format!(
            "there are {} .onnx files, one of them must be chosen: {}",
            all.len(),
            all.join(", ")
        )),
    }
}

/// What the companions say, as far as it can be understood; what cannot be is left out.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) task: String,
    pub(crate) labels: Vec<String>,
    pub(crate) preprocessing: Option<Preprocessing>,
    pub(crate) licence: Option<String>,
}

/// Reads the companions.
pub(crate) fn read(files: &BTreeMap<String, Vec<u8>>) -> Told {
    let json = |name: &str| -> Value {
        files.get(name).and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default()
    };
    let text = |name: &str| files.get(name).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or("");
    let config = json("config.json");
    let labels = [labels(&json("labels.json")), lines(text("labels.txt")), labels(&config["id2label"])];
    let has_tokenizer = files.contains_key("tokenizer.json");
    let tokens = || {
        Preprocessing::Text(TextPreparation {
            tokenizer: "tokenizer.json".into(),
            maximum_tokens: maximum_tokens(&json("tokenizer_config.json"), &config),
        })
    };
    Told {
        task: task(&config, has_tokenizer),
        labels: labels.into_iter().find(|labels| !labels.is_empty()).unwrap_or_default(),
        preprocessing: picture(&json("preprocessor_config.json")).or_else(|| has_tokenizer.then(tokens)),
        licence: licence(text("README.md")),
    }
}

/// Labels as a list, or as an object from the index to the label without a gap.
fn labels(value: &Value) -> Vec<String> {
    let all: Option<Vec<String>> = match value {
        Value::Array(labels) => labels.iter().map(|label| label.as_str().map(str::to_owned)).collect(),
        Value::Object(labels) => {
            (0..labels.len()).map(|at| Some(labels.get(&at.to_string())?.as_str()?.to_owned())).collect()
        }
        _ => None,
    };
    all.unwrap_or_default()
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

/// From the class of the model in transformers, such as `BertForSequenceClassification`.
fn task(config: &Value, has_tokenizer: bool) -> String {
    let class = config["architectures"][0].as_str().unwrap_or("");
    let ends = |end: &str| class.ends_with(end);
    let task = if ends("ForImageClassification") {
        "image_classification"
    } else if ends("ForSequenceClassification") {
        "text_classification"
    } else if ends("ForTokenClassification") {
        "token_classification"
    } else if ends("Model") && has_tokenizer {
        "text_embedding"
    } else {
        ""
    };
    task.to_owned()
}

/// Tokenizers without a limit of their own say a number beyond all bounds.
fn maximum_tokens(tokenizer: &Value, config: &Value) -> u32 {
    let usable = |value: &Value| {
        value.as_u64().and_then(|n| u32::try_from(n).ok()).filter(|n| (1..65_536).contains(n))
    };
    let told = [usable(&tokenizer["model_max_length"]), usable(&config["max_position_embeddings"])];
    told.into_iter().flatten().min().unwrap_or(USUAL_TOKENS)
}

/// A preparation of transformers that is one of ours too: the whole picture is squeezed into a square,
/// divided by 255 and normalised. Others are left out, since serving would do something else.
fn picture(config: &Value) -> Option<Preprocessing> {
    let flag = |name: &str, default: bool| config[name].as_bool().unwrap_or(default);
    let three = |name: &str| -> Option<[f32; 3]> {
        let numbers: Option<Vec<f32>> =
            config[name].as_array()?.iter().map(|number| Some(number.as_f64()? as f32)).collect();
        numbers?.try_into().ok()
    };
    let side = match &config["size"] {
        Value::Object(size) if size.get("height") == size.get("width") => size.get("height")?.as_u64()?,
        size => size.as_u64()?,
    };
    let factor = config["rescale_factor"].as_f64().unwrap_or(1.0 / 255.0);
    let ours = flag("do_resize", true)
        && flag("do_normalize", true)
        && !flag("do_center_crop", false)
        && (factor - 1.0 / 255.0).abs() < 1e-9;
    let (mean, deviation) = (three("image_mean")?, three("image_std")?);
    let side = u32::try_from(side).ok()?;
    ours.then_some(Preprocessing::Picture(PicturePreparation {
        side,
        fit: PictureFit::Squash,
        mean,
        deviation,
    }))
}

/// The licence in the first lines of a model card on the hub: YAML between two lines of dashes.
fn licence(card: &str) -> Option<String> {
    let head = card.strip_prefix("---")?.split("\n---").next()?;
    let value = head.lines().find_map(|line| line.strip_prefix("license:"))?;
    let value = value.trim().trim_matches(['"', '\'']);
    (!value.is_empty() && value.len() <= 256).then(|| value.to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic in a test is a failed test")]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_model_file_is_chosen() {
        fn check(paths: &[&str], wanted: Option<&str>, expected: Result<&str, &str>) {
            match (choose_model(paths, wanted), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected),
                (Err(found), Err(expected)) => assert!(found.contains(expected), "{found}"),
                (found, _) => panic!("{found:?} where {expected:?} was expected"),
            }
        }
        check(&["a.onnx", "b.txt"], None, Ok("a.onnx"));
        check(&["onnx/model_int8.onnx", "onnx/model.onnx"], None, Ok("onnx/model.onnx"));
        check(&["onnx/model.onnx", "model.onnx"], None, Ok("model.onnx"));
        check(
            &["onnx/model_int8.onnx", "model.onnx"],
            Some("onnx/model_int8.onnx"),
            Ok("onnx/model_int8.onnx"),
        );
        check(&["a.onnx", "b.onnx"], None, Err("2 .onnx files"));
        check(&["a.onnx"], Some("b.onnx"), Err("no file b.onnx"));
        check(&["pytorch_model.bin"], None, Err("no .onnx file"));
    }

    #[test]
    fn labels_in_three_forms() {
        fn check(name: &str, content: &str, expected: &[&str]) {
            let files = BTreeMap::from([(name.to_owned(), content.as_bytes().to_vec())]);
            assert_eq!(read(&files).labels, expected, "{name}");
        }
        check("labels.txt", "cat\n dog \n\n", &["cat", "dog"]);
        check("labels.json", r#"["cat", "dog"]"#, &["cat", "dog"]);
        check("labels.json", r#"["cat", 2]"#, &[]);
        check("config.json", r#"{"id2label": {"1": "dog", "0": "cat"}}"#, &["cat", "dog"]);
        check("config.json", r#"{"id2label": {"1": "dog", "2": "cat"}}"#, &[]);
        check("config.json", "\u{0}", &[]);
        check("config.json", "[]", &[]);
    }

    #[test]
    fn tasks() {
        fn check(class: &str, tokenizer: bool, expected: &str) {
            assert_eq!(task(&json!({"architectures": [class]}), tokenizer), expected);
        }
        check("ViTForImageClassification", false, "image_classification");
        check("BertForSequenceClassification", true, "text_classification");
        check("BertForTokenClassification", true, "token_classification");
        check("BertModel", true, "text_embedding");
        check("ResNetModel", false, "");
        check("", true, "");
    }

    #[test]
    fn preparations_of_pictures() {
        fn check(mut config: Value, expected: Option<u32>) {
            config["image_mean"] = json!([0.5, 0.5, 0.5]);
            config["image_std"] = json!([0.25, 0.25, 0.25]);
            let found = picture(&config).map(|found| match found {
                Preprocessing::Picture(picture) => picture.side,
                _ => 0,
            });
            assert_eq!(found, expected, "{config}");
        }
        check(json!({"size": {"height": 224, "width": 224}}), Some(224));
        check(json!({"size": 224, "do_normalize": true}), Some(224));
        check(json!({"size": {"height": 224, "width": 200}}), None);
        check(json!({"size": {"shortest_edge": 256}}), None);
        check(json!({"size": 224, "do_center_crop": true}), None);
        check(json!({"size": 224, "rescale_factor": 0.007}), None);
        check(json!({}), None);
        assert_eq!(picture(&Value::Null), None);
    }

    #[test]
    fn tokens_and_licences() {
        assert_eq!(
            maximum_tokens(&json!({"model_max_length": 1e30}), &json!({"max_position_embeddings": 256})),
            256
        );
        assert_eq!(maximum_tokens(&json!({"model_max_length": 128}), &json!({})), 128);
        assert_eq!(maximum_tokens(&Value::Null, &Value::Null), 512);
        fn check(card: &str, expected: Option<&str>) {
            assert_eq!(licence(card).as_deref(), expected);
        }
        check("---\nlanguage: en\nlicense: apache-2.0\n---\n# Model", Some("apache-2.0"));
        check("---\nlicense: \"mit\"\n---\n", Some("mit"));
        check("---\nlanguage: en\n---\nlicense: mit\n", None);
        check("# license: mit", None);
        check("", None);
    }
}
