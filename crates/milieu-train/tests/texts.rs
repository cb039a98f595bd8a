//! A classifier of texts from files to figures, on texts made here.

#![allow(clippy::unwrap_used)]

#[macro_use]
mod cut_off;

use milieu_train::texts::{Bag, Model, Recipe, TrainError, TrainEvent, Trained, draft, train};
use milieu_types::Timestamp;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Lines of three classes that one word, or the order of two, tells apart; the rest of a line says nothing.
fn make(path: &Path, from: usize, count: usize) {
    let mut text = String::from("id,body,kind\n");
    for number in from..from + count {
        let (kind, said) =
            [("fruit", "an apple"), ("骑车", "我喜欢自行车"), ("order", "bites man dog")][number % 3];
        let noise = ["blue", "green", "red", "dog bites man"][(number / 3) % 4];
        writeln!(text, "{number},\"{noise}, {said} {number}\",{kind}").unwrap();
    }
    fs::write(path, text).unwrap();
}

fn recipe(folder: &Path, settings: &[&str]) -> Recipe {
    let text = "task = 'text-classification'\n[data]\ntext = 'body'\nlabel = 'kind'\n[model]\nwidth = 8\n\
        [model.grams]\nrows = 4096\n[train]\nepochs = 6\npatience = 0\n[gate]\naccuracy = 0.95";
    let path = format!("data.train='{}'", folder.join("train.csv").display());
    let settings: Vec<String> =
        std::iter::once(path).chain(settings.iter().map(|&setting| setting.to_owned())).collect();
    Recipe::read(text, &settings).unwrap()
}

fn run(recipe: &Recipe, out: &Path) -> Result<Trained, TrainError> {
    train(recipe, out, &mut |_| {})
}

fn bag(trained: &Trained) -> &Bag {
    match &trained.model {
        Model::Bag(bag) => bag,
        _ => panic!("no bag"),
    }
}

#[test]
fn texts_with_any_number_of_labels() {
    let (data, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut lines = String::from("body,kind\n");
    for number in 0..400 {
        let (sweet, loud) = (number % 2 == 0, number % 3 == 0);
        let words = [(sweet, "honey"), (loud, "drum"), (true, "thing")];
        let said: Vec<&str> = words.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
        let kinds = match (sweet, loud) {
            (true, true) => "sweet;loud",
            (true, false) => "sweet",
            (false, true) => "loud",
            (false, false) => "dull",
        };
        writeln!(lines, "{number} {},{kinds}", said.join(" ")).unwrap();
    }
    fs::write(data.path().join("train.csv"), lines).unwrap();
    let trained = run(&recipe(data.path(), &["data.separator=';'", "train.epochs=12"]), out.path()).unwrap();
    let test = &trained.report.test;
    assert!(test.accuracy.mean > 0.95 && test.macro_f1 > 0.95, "{test:?}");
    assert_eq!(test.thresholds.len(), 3);
    assert!(test.thresholds.iter().all(|threshold| (0.0..=1.0).contains(threshold)), "{:?}", test.thresholds);
    let draft = draft("kinds", &trained, Timestamp::from_secs(0)).unwrap();
    assert_eq!(draft.attributes["thresholds"].as_array().unwrap().len(), 3);
}

#[test]
fn learns_and_is_published() {
    let (data, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make(&data.path().join("train.csv"), 0, 240);
    make(&data.path().join("test.csv"), 240, 60);
    let test = format!("data.test='{}'", data.path().join("test.csv").display());
    let trained = run(&recipe(data.path(), &[&test]), out.path()).unwrap();
    let report = &trained.report;
    assert!(report.passed && report.test.accuracy.mean >= 0.95, "{:?}", report.test);
    assert_eq!(report.parts, [216, 24, 60]);
    assert_eq!(report.classes, ["fruit", "order", "骑车"]);
    let grams = &report.recipe.model.grams;
    let called = |text: &str| {
        let logits = bag(&trained).logits(&grams.rows_of(text));
        let best = (0..logits.len()).max_by(|&a, &b| logits[a].total_cmp(&logits[b])).unwrap();
        report.classes[best].as_str()
    };
    assert_eq!(
        (called("green apple"), called("他的自行車"), called("bites man dog")),
        ("fruit", "骑车", "order")
    );
    let draft = draft("kinds", &trained, Timestamp::from_secs(0)).unwrap();
    assert!(draft.recipe.contains("train = \"train.csv\""), "{}", draft.recipe);
    assert_eq!(draft.attributes["preprocessing"]["kind"], "grams");
}

#[test]
fn a_run_that_was_cut_off_ends_as_if_it_had_not_been() {
    let data = tempfile::tempdir().unwrap();
    make(&data.path().join("train.csv"), 0, 200);
    let recipe = recipe(data.path(), &[]);
    let whole = run(&recipe, tempfile::tempdir().unwrap().path()).unwrap();
    let out = tempfile::tempdir().unwrap();
    cut_off!(train, &recipe, out.path(), 3);
    let mut resumed = 0;
    let again = train(&recipe, out.path(), &mut |event| {
        if let TrainEvent::Resumed { epochs } = event {
            resumed = epochs;
        }
    });
    let again = again.unwrap();
    assert_eq!(resumed, 2);
    assert_eq!(again.model, whole.model);
    assert_eq!(again.report.test, whole.report.test);
}

#[test]
fn what_cannot_be_learnt_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let train_csv = data.path().join("train.csv");
    let refuse = |settings: &[&str], part: &str| {
        let out = tempfile::tempdir().unwrap();
        let error = run(&recipe(data.path(), settings), out.path()).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    };
    refuse(&[], "train.csv");
    make(&train_csv, 0, 20);
    refuse(&[], "the validation part has");
    make(&train_csv, 0, 200);
    refuse(&["train.rate=10", "train.decay=1"], "not numbers");
    fs::write(&train_csv, "body,kind\n".to_owned() + &"one text,a\n".repeat(200)).unwrap();
    refuse(&["data.clean=false"], "1 classes were found");
    fs::write(&train_csv, "words,kind\nx,a\n").unwrap();
    refuse(&[], "train.csv: there is no column \"body\" among: words, kind");
}
