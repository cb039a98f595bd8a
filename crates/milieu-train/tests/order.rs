//! A bag of n-grams beside windows over words from a recipe to answers, as a server gives them, on texts made here.
#![allow(clippy::unwrap_used)]

#[macro_use]
mod cut_off;
mod served;

use milieu_models::text::{WordBatch, WordDropout, WordNetwork};
use milieu_nn::kernels::Spans;
use milieu_nn::{Tape, values};
use milieu_registry::Registry;
use milieu_train::texts::{Model, Recipe, TrainEvent, Trained, TrainedWords, draft, train, train_with};
use milieu_types::Timestamp;
use std::fmt::Write as _;
use std::path::Path;

const AT: Timestamp = Timestamp::from_secs(0);

/// Whether a meal was good hangs on which of two words comes first; all words are in every text.
fn meals(folder: &Path) {
    let mut lines = String::from("text,label\n");
    for number in 0..400 {
        let (first, second, label) =
            if number % 2 == 0 { ("good", "bad", "up") } else { ("bad", "good", "down") };
        let before = ["the soup", "all of it", "we had", "rice"][number / 2 % 4];
        let after = ["", "they say", "indeed !"][number / 8 % 3];
        writeln!(lines, "{before} {first} not {second} {after} {number},{label}").unwrap();
    }
    std::fs::write(folder.join("train.csv"), lines).unwrap();
}

/// N-grams are single words, which say nothing here; the order alone does.
fn recipe(folder: &Path, settings: &[&str]) -> Recipe {
    let text = "task = 'text-classification'\n[data]\n[model]\nwidth = 8\nrectified = true\n\
        [model.grams]\nwords = 1\nlongest = 0\nrows = 4096\n\
        [model.order]\nrows = 4096\nwords = 20\nwidth = 8\nfilters = 16\nwindows = [1, 3]\ntoken_dropout = 0.05\n\
        [train]\nepochs = 10\nbatch = 16\nrate = 0.01\ndropout = 0.2\nsmoothing = 0.0\npatience = 0\n\
        [gate]\naccuracy = 0.95";
    let path = format!("data.train='{}'", folder.join("train.csv").display());
    let settings: Vec<String> =
        std::iter::once(path).chain(settings.iter().map(|&setting| setting.to_owned())).collect();
    Recipe::read(text, &settings).unwrap()
}

fn words(trained: &Trained) -> &TrainedWords {
    let Model::Words(words) = &trained.model else { panic!("no windows over words") };
    words
}

#[test]
fn learns_and_answers_as_it_did_while_learning() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    meals(folder.path());
    let recipe = recipe(folder.path(), &[]);
    let trained = train(&recipe, out.path(), &mut |_| {}).unwrap();
    let report = &trained.report;
    assert!(report.passed, "{:?}", report.test);
    let TrainedWords { shape, parameters } = words(&trained);
    assert_eq!(report.parameters, parameters.count());

    let registry = Registry::open(out.path().join("models")).unwrap();
    registry.publish(&draft("meals", &trained, AT).unwrap()).unwrap();
    let (built, _) = WordNetwork::new(shape.clone(), 2, 0);
    let packed = |text: &str| {
        let order = recipe.model.order.as_ref().unwrap();
        let rows = milieu_text::WordRows { rows: order.rows, most: order.words };
        let (grams, words) = recipe.model.grams.rows_in_order(&rows, text);
        let [bags, spans] = [&grams, &words].map(|rows| Spans::new([rows.len()]));
        let batch = WordBatch { grams, bags, words, spans };
        values(built.logits(&Tape::answering(parameters), &batch, WordDropout::default()))
    };
    let texts = ["rice good not bad", "ＯＫ", "汤 很好", &"never bad ".repeat(50), "😀 soup"];
    let logits = texts.map(|text| (text, packed(text)));
    let first = [("soup good not bad", "up"), ("it, bad not good", "down")];
    served::serves(&registry, "meals", &logits, &first);
    // A bag alone cannot tell them apart.
    let bag =
        Recipe { model: milieu_train::texts::BagConfig { order: None, ..recipe.model.clone() }, ..recipe };
    let bag = train(&bag, tempfile::tempdir().unwrap().path(), &mut |_| {}).unwrap();
    assert!(bag.report.test.accuracy.mean < 0.8, "{:?}", bag.report.test);
}

#[test]
fn a_teacher_teaches_it() {
    let folder = tempfile::tempdir().unwrap();
    meals(folder.path());
    let registry = Registry::open(folder.path().join("models")).unwrap();
    let run = |settings: &[&str]| {
        let out = tempfile::tempdir().unwrap();
        train_with(&recipe(folder.path(), settings), out.path(), Some(&registry), &mut |_| {}).unwrap()
    };
    registry.publish(&draft("tone", &run(&[]), AT).unwrap()).unwrap();
    let taught = run(&["teacher.model='tone@1'", "teacher.made=2", "train.epochs=5"]);
    let found = taught.report.distillation.as_ref().unwrap();
    assert!(found.more > 100 && found.agreement > 0.9, "{found:?}");
    assert!(found.alone.accuracy.mean > 0.8 && taught.report.passed, "{found:?}");
}

#[test]
fn a_version_in_8_bits() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    meals(folder.path());
    let trained = train(&recipe(folder.path(), &[]), out.path(), &mut |_| {}).unwrap();
    let registry = Registry::open(out.path().join("models")).unwrap();
    registry.publish(&draft("meals", &trained, AT).unwrap()).unwrap();
    served::in_8_bits(&registry, "meals", &folder.path().join("train.csv"), out.path());
}

#[test]
fn a_run_that_was_cut_off_ends_as_if_it_had_not_been() {
    let folder = tempfile::tempdir().unwrap();
    meals(folder.path());
    let recipe = recipe(folder.path(), &["train.epochs=3", "model.order.average=0.95"]);
    let threads = |count: usize| rayon::ThreadPoolBuilder::new().num_threads(count).build().unwrap();
    let out = tempfile::tempdir().unwrap();
    let whole = threads(1).install(|| train(&recipe, out.path(), &mut |_| {})).unwrap();
    let out = tempfile::tempdir().unwrap();
    cut_off!(train, &recipe, out.path(), 2);
    let again = threads(3).install(|| train(&recipe, out.path(), &mut |_| {})).unwrap();
    assert_eq!(again.report.test, whole.report.test);
    assert_eq!(words(&again), words(&whole));
}
