//! A network of characters from a recipe to answers, as a server gives them, on texts made here.
#![allow(clippy::unwrap_used)]

#[macro_use]
mod cut_off;
mod served;

use milieu_models::text::{CharacterBatch, CharacterDropout, CharacterNetwork};
use milieu_nn::kernels::Spans;
use milieu_nn::{Tape, values};
use milieu_registry::Registry;
use milieu_train::texts::{Model, Recipe, TrainEvent, Trained, TrainedCharacters, draft, train};
use milieu_types::Timestamp;
use std::fmt::Write as _;
use std::path::Path;

/// Whether a meal was good hangs on a character and the one before it.
fn meals(folder: &Path) {
    let mut lines = String::from("text,label\n");
    for number in 0..400 {
        let (good, not) = (number % 2 == 0, number % 3 == 0);
        let word = if good == not { "坏" } else { "好" };
        let (before, after) =
            (["饭", "菜不多", "汤,", "我们"][number / 6 % 4], ["", "了", "啊!"][number / 24 % 3]);
        let not = if not { "不" } else { "很" };
        writeln!(lines, "\"{before}{not}{word}{after}{number}\",{}", if good { "up" } else { "down" })
            .unwrap();
    }
    std::fs::write(folder.join("train.csv"), lines).unwrap();
}

fn recipe(folder: &Path, settings: &[&str]) -> Recipe {
    let text = "task = 'text-classification'\n[data]\n[network]\nwidth = 12\nfilters = 16\nwindows = [1, 3]\n\
        characters = 30\nfewest_pairs = 3\ntoken_dropout = 0.05\nembedding_dropout = 0.1\nr_drop = 0.5\n\
        [train]\nepochs = 10\nbatch = 16\nrate = 0.01\ndropout = 0.2\nsmoothing = 0.0\npatience = 0\n\
        [gate]\naccuracy = 0.95";
    let path = format!("data.train='{}'", folder.join("train.csv").display());
    let settings: Vec<String> =
        std::iter::once(path).chain(settings.iter().map(|&setting| setting.to_owned())).collect();
    Recipe::read(text, &settings).unwrap()
}

fn network(trained: &Trained) -> &TrainedCharacters {
    let Model::Characters(network) = &trained.model else { panic!("no network") };
    network
}

#[test]
fn learns_and_answers_as_it_did_while_learning() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    meals(folder.path());
    let trained = train(&recipe(folder.path(), &[]), out.path(), &mut |_| {}).unwrap();
    let report = &trained.report;
    assert!(report.passed, "{:?}", report.test);
    let TrainedCharacters { shape, parameters, vocabulary } = network(&trained);
    assert_eq!(report.parameters, parameters.count());
    assert_eq!([shape.characters, shape.pairs], vocabulary.rows());

    let registry = Registry::open(out.path().join("models")).unwrap();
    registry.publish(&draft("meals", &trained, Timestamp::from_secs(0)).unwrap()).unwrap();
    let texts = ["饭不坏", "我们在这里吃的菜，很壞", "ＯＫ", "很", &"汤不好".repeat(50), "😀 soup"];
    let (built, _) = CharacterNetwork::new(shape.clone(), 2, 0);
    let packed = |text: &str| {
        let rows = vocabulary.rows_of(text);
        let spans = Spans::new([rows.characters.len()]);
        let batch = CharacterBatch { characters: rows.characters, pairs: rows.pairs, spans };
        values(built.logits(&Tape::answering(parameters), &batch, CharacterDropout::default()))
    };
    let logits = texts.map(|text| (text, packed(text)));
    let first = [("饭不坏", "up"), ("我们不好", "down"), ("湯很好", "up")];
    served::serves(&registry, "meals", &logits, &first);
}

#[test]
fn a_version_in_8_bits_keeps_its_vocabulary() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    meals(folder.path());
    let trained = train(&recipe(folder.path(), &[]), out.path(), &mut |_| {}).unwrap();
    let registry = Registry::open(out.path().join("models")).unwrap();
    registry.publish(&draft("meals", &trained, Timestamp::from_secs(0)).unwrap()).unwrap();
    let table = folder.path().join("train.csv");
    let files = served::in_8_bits(&registry, "meals", &table, out.path()).files;
    assert!(files.iter().any(|(name, bytes)| name == "characters.json" && !bytes.is_empty()));
}

#[test]
fn texts_with_any_number_of_labels() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut lines = String::from("text,label\n");
    for number in 0..400 {
        let (sweet, loud) = (number % 2 == 0, number % 3 == 0);
        let said = [(sweet, "糖"), (loud, "鼓"), (true, "物")].map(|(is, word)| if is { word } else { "" });
        let kinds = match (sweet, loud) {
            (true, true) => "sweet;loud",
            (true, false) => "sweet",
            (false, true) => "loud",
            (false, false) => "dull",
        };
        writeln!(lines, "{number} {},{kinds}", said.concat()).unwrap();
    }
    std::fs::write(folder.path().join("train.csv"), lines).unwrap();
    let settings = ["data.separator=';'", "network.average=0.9"];
    let trained = train(&recipe(folder.path(), &settings), out.path(), &mut |_| {}).unwrap();
    let test = &trained.report.test;
    assert!(test.accuracy.mean > 0.95 && test.macro_f1 > 0.95, "{test:?}");
}

#[test]
fn a_run_that_was_cut_off_ends_as_if_it_had_not_been() {
    let folder = tempfile::tempdir().unwrap();
    meals(folder.path());
    let recipe = recipe(folder.path(), &["train.epochs=3", "network.average=0.95"]);
    let threads = |count: usize| rayon::ThreadPoolBuilder::new().num_threads(count).build().unwrap();
    let out = tempfile::tempdir().unwrap();
    let whole = threads(1).install(|| train(&recipe, out.path(), &mut |_| {})).unwrap();
    let out = tempfile::tempdir().unwrap();
    cut_off!(train, &recipe, out.path(), 2);
    let again = threads(3).install(|| train(&recipe, out.path(), &mut |_| {})).unwrap();
    assert_eq!(again.report.test, whole.report.test);
    assert_eq!(network(&again), network(&whole));
}
