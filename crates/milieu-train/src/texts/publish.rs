//! A trained classifier of texts as a version of the registry.

use super::characters::TrainedCharacters;
use super::encoder::{TOKENIZER, TunedEncoder};
use super::frozen::FrozenEncoder;
use super::recipe::BagConfig;
use super::run::{Model, Report, Trained};
use super::words::TrainedWords;
use crate::version::{MODEL_FILE, PublishError, Run, named};
use milieu_models::{TextOutput, onnx_characters, onnx_text, onnx_words};
use milieu_registry::{
    CharactersPreparation, Draft, ElementType, GramsPreparation, ModelCard, OrderPreparation, Preprocessing,
    TensorSpec, TextPreparation, UnknownLabel,
};
use milieu_text::{Grams, WordRows};
use milieu_types::Timestamp;

/// The task that cards of classifiers of texts name.
pub const TASK: &str = "text_classification";

/// The characters and pairs that a network knows, in the folder of a version.
const VOCABULARY: &str = "characters.json";

/// The version to publish under `name`: the graph, and a card by which a server does to texts what training did.
///
/// # Errors
/// [`PublishError`].
pub fn draft(name: &str, trained: &Trained, created_at: Timestamp) -> Result<Draft, PublishError> {
    let Trained { report, model } = trained;
    let classes = report.classes.len();
    let (inputs, preprocessing, mut files) = match model {
        Model::Bag(bag) => {
            let files = vec![(MODEL_FILE.to_owned(), bag.onnx()?.write())];
            (of_bag().to_vec(), Preprocessing::Grams(prepared(&report.recipe.model)), files)
        }
        Model::Words(words) => {
            let TrainedWords { shape, parameters } = &**words;
            let [rows, share] = of_bag();
            let inputs = vec![rows, share, TensorSpec::new("words", ElementType::I64, &[0, 0])];
            let files = vec![(MODEL_FILE.to_owned(), onnx_words(shape, classes, parameters)?.write())];
            (inputs, Preprocessing::Grams(prepared(&report.recipe.model)), files)
        }
        Model::Encoder(encoder) => {
            let TunedEncoder { shape, parameters, tokenizer, tokens } = &**encoder;
            let names = ["input_ids", "attention_mask"];
            let inputs = names.map(|name| TensorSpec::new(name, ElementType::I64, &[0, 0])).to_vec();
            let graph = onnx_text(shape, parameters, TextOutput::Logits(classes))?;
            let files =
                vec![(MODEL_FILE.to_owned(), graph.write()), (TOKENIZER.to_owned(), tokenizer.clone())];
            let preparation =
                TextPreparation { tokenizer: TOKENIZER.to_owned(), maximum_tokens: *tokens as u32 };
            (inputs, Preprocessing::Text(preparation), files)
        }
        Model::Head(model) => {
            let FrozenEncoder { card, files: of_encoder, .. } = &model.encoder;
            let kept = of_encoder.iter().filter(|(name, _)| match &card.preprocessing {
                Some(Preprocessing::Text(text)) => **name == text.tokenizer,
                _ => false,
            });
            let mut files = vec![(MODEL_FILE.to_owned(), model.onnx()?.write())];
            files.extend(kept.map(|(name, bytes)| (name.clone(), bytes.clone())));
            let preprocessing = card.preprocessing.clone().ok_or_else(|| {
                PublishError::Unwritable("the encoder does not say how texts are read".to_owned())
            })?;
            (card.inputs.clone(), preprocessing, files)
        }
        Model::Characters(network) => {
            let TrainedCharacters { shape, parameters, vocabulary } = &**network;
            let names = ["characters", "pairs"];
            let inputs = names.map(|name| TensorSpec::new(name, ElementType::I64, &[0, 0])).to_vec();
            let graph = onnx_characters(shape, classes, parameters)?;
            let files =
                vec![(MODEL_FILE.to_owned(), graph.write()), (VOCABULARY.to_owned(), vocabulary.write())];
            let preparation = CharactersPreparation {
                vocabulary: VOCABULARY.to_owned(),
                maximum_characters: vocabulary.most() as u32,
            };
            (inputs, Preprocessing::Characters(preparation), files)
        }
    };
    let card = ModelCard {
        task: TASK.to_owned(),
        model_file: MODEL_FILE.to_owned(),
        inputs,
        outputs: vec![TensorSpec::new("logits", ElementType::F32, &[0, classes as u64])],
        preprocessing: Some(preprocessing),
        labels: report.classes.clone(),
        temperature: Some(report.test.temperature),
        thresholds: report.test.thresholds.clone(),
        unknown: report
            .test
            .unknown
            .as_ref()
            .map(|unknown| UnknownLabel { label: unknown.label.clone(), threshold: unknown.threshold }),
        ..ModelCard::default()
    };
    let more = [("parameters", report.parameters as f64), ("seconds", report.seconds)];
    let unknown = report.test.unknown.as_ref().map(|unknown| {
        [("known_accuracy", unknown.known_accuracy), ("unknown_recall", unknown.unknown_recall)]
    });
    let more = more.into_iter().chain(unknown.into_iter().flatten());
    let metrics = named(report.test.metrics().into_iter().chain(more));
    let json = serde_json::to_vec_pretty(report);
    let json = json.map_err(|error| PublishError::Unwritable(error.to_string()))?;
    files.push(("report.json".to_owned(), json));
    let Report { parts, data_hash, recipe, .. } = report;
    Run { name, created_at, recipe: &recipe.named(), parts: *parts, data_hash }.draft(&card, files, metrics)
}

/// The inputs of a bag of n-grams.
fn of_bag() -> [TensorSpec; 2] {
    [TensorSpec::new("rows", ElementType::I64, &[0, 0]), TensorSpec::new("share", ElementType::F32, &[0, 1])]
}

fn prepared(model: &BagConfig) -> GramsPreparation {
    let Grams { words, shortest, longest, apart, disguise, rows } = model.grams;
    let of = |count: usize| count as u32;
    GramsPreparation {
        words: of(words),
        shortest: of(shortest),
        longest: of(longest),
        apart: of(apart),
        disguise,
        rows,
        order: model.order.as_ref().map(|order| {
            let WordRows { rows, most } = order.words();
            OrderPreparation { rows, maximum_words: of(most) }
        }),
    }
}
