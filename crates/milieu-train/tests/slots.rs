//! A tagger of texts from files to figures and to a server's answer, on texts made here.

#![allow(clippy::unwrap_used)]

#[macro_use]
mod cut_off;

use milieu_content::{Scale, TextClassifier, TextPart};
use milieu_inference::{EngineChoice, Engines, LoadOptions};
use milieu_registry::{ModelCard, Registry};
use milieu_train::slots::{Recipe, TrainError, TrainEvent, Trained, draft, train};
use milieu_types::Timestamp;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Words of a song's name, and of what does not belong to one.
const WORDS: [&str; 7] = ["sun", "moon", "rain", "love", "day", "night", "road"];

/// Sentences of a small grammar: what is played stands behind `play`, up to `now` or the end; what is asked for, a place,
/// behind `in`. A word can be either, or nothing.
fn make(path: &Path, count: usize, intents: bool) {
    let mut text = String::new();
    for number in 0..count {
        let word = |place: usize| WORDS[(number * (place + 3) + number / 7 + place) % WORDS.len()];
        let song = [word(0), word(1)];
        let (name, tags): (&[&str], &str) =
            if number % 2 == 0 { (&song, "B-song I-song") } else { (&song[..1], "B-song") };
        let (intent, words, tags) = match number % 3 {
            0 => ("Play", format!("play {}", name.join(" ")), format!("O {tags}")),
            1 => ("Play", format!("play {} now {}", name.join(" "), word(2)), format!("O {tags} O O")),
            _ => ("Weather", format!("{} in {}", word(2), word(3)), "O O B-place".to_owned()),
        };
        if intents {
            writeln!(text, "# intent: {intent}").unwrap();
        }
        for (word, tag) in words.split(' ').zip(tags.split(' ')) {
            writeln!(text, "{word}\t{tag}").unwrap();
        }
        text.push('\n');
    }
    fs::write(path, text).unwrap();
}

fn recipe(folder: &Path, settings: &[&str]) -> Recipe {
    let text = "task = 'text-slots'\n[data]\n[characters]\ntokens = 40\nwidth = 32\nheads = 2\nhidden = 32\nblocks = 2\n\
        unknown = 0.01\n[train]\nepochs = 14\nbatch = 8\nrate = 0.005\nhead_rate = 1\ndropout = 0\n[gate]\nsentence = 0.9";
    let path = format!("data.path='{}'", folder.join("songs.conll").display());
    let settings: Vec<String> =
        std::iter::once(path).chain(settings.iter().map(|&setting| setting.to_owned())).collect();
    Recipe::read(text, &settings).unwrap()
}

fn run(recipe: &Recipe, out: &Path) -> Result<Trained, TrainError> {
    train(recipe, out, &mut |_| {})
}

/// What a version says of a text: its best class, and its parts.
fn said(registry: &Registry, name: &str, texts: &[&str]) -> Vec<(String, Vec<TextPart>)> {
    let loaded = registry.load(name, 1).unwrap();
    let card = ModelCard::of(&loaded.manifest).unwrap();
    let engines = Engines::find(EngineChoice::Rten, None, std::num::NonZeroUsize::MIN).unwrap();
    let mut engine = engines.load(&loaded.files["model.onnx"], LoadOptions::default()).unwrap();
    let file = |name: &str| loaded.files.get(name).cloned();
    let reading = TextClassifier::new(&card, engine.signature(), Scale::Logits, &file).unwrap();
    let mut one = |text: &&str| {
        let prepared = reading.prepare(text).unwrap();
        let outputs = engine.run(&prepared.inputs).unwrap();
        let class = reading.classes(&outputs, 1).unwrap().pop().map(|class| class.label).unwrap_or_default();
        (class, reading.slots().unwrap().parts(text, &prepared.units, &outputs).unwrap())
    };
    texts.iter().map(&mut one).collect()
}

#[test]
fn a_grammar_is_learnt_published_and_read_as_by_a_server() {
    let (data, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make(&data.path().join("songs.conll"), 600, true);
    let trained = run(&recipe(data.path(), &["data.clean=false"]), out.path()).unwrap();
    let report = &trained.report;
    assert!(report.passed && report.test.slots.f1 > 0.95, "{:?}", report.test);
    assert_eq!(
        (report.classes.join(" "), report.labels.join(" ")),
        ("Play Weather".into(), "place song".into())
    );
    assert_eq!(report.parts.iter().sum::<usize>(), 600);
    let registry = Registry::open(out.path().join("models")).unwrap();
    registry.publish(&draft("songs", &trained, Timestamp::from_secs(0)).unwrap()).unwrap();
    // Capitals, full width and spaces change nothing but where a part stands.
    let found = said(&registry, "songs", &["play sun road", "  ｐｌａｙ  SUN  Road", "rain in love"]);
    let part = |part: &TextPart| (part.label.clone(), part.start, part.end, part.text.clone());
    let parts: Vec<Vec<_>> = found.iter().map(|(_, parts)| parts.iter().map(part).collect()).collect();
    assert_eq!(parts[0], [("song".to_owned(), 5, 13, "sun road".to_owned())]);
    assert_eq!(parts[2], [("place".to_owned(), 8, 12, "love".to_owned())]);
    assert!(parts[1].iter().all(|(_, start, end, text)| text.chars().count() == end - start), "{parts:?}");
    let classes: Vec<&str> = found.iter().map(|(class, _)| class.as_str()).collect();
    assert_eq!(classes, ["Play", "Play", "Weather"]);
    assert!(found.iter().flat_map(|(_, parts)| parts).all(|part| (0.0..=1.0).contains(&part.score)));
}

#[test]
fn texts_without_a_label_of_the_whole() {
    let (data, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make(&data.path().join("songs.conll"), 300, false);
    let trained = run(&recipe(data.path(), &["data.clean=false"]), out.path()).unwrap();
    let report = &trained.report;
    assert!(report.test.intent.is_none() && report.test.slots.f1 > 0.9, "{:?}", report.test);
    let registry = Registry::open(out.path().join("models")).unwrap();
    registry.publish(&draft("songs", &trained, Timestamp::from_secs(0)).unwrap()).unwrap();
    let found = said(&registry, "songs", &["rain in love"]);
    assert_eq!((found[0].0.as_str(), found[0].1[0].text.as_str()), ("", "love"));
}

#[test]
fn a_run_that_was_cut_off_ends_as_if_it_had_not_been() {
    let data = tempfile::tempdir().unwrap();
    make(&data.path().join("songs.conll"), 120, true);
    let recipe =
        recipe(data.path(), &["data.clean=false", "train.epochs=3", "train.dropout=0.1", "gate.sentence=0"]);
    let whole = run(&recipe, tempfile::tempdir().unwrap().path()).unwrap();
    let out = tempfile::tempdir().unwrap();
    cut_off!(train, &recipe, out.path(), 2);
    let mut resumed = 0;
    let again = train(&recipe, out.path(), &mut |event| {
        if let TrainEvent::Resumed { epochs } = event {
            resumed = epochs;
        }
    });
    let again = again.unwrap();
    assert_eq!(resumed, 1);
    assert_eq!((again.model, again.report.test), (whole.model, whole.report.test));
}

#[test]
fn what_cannot_be_learnt_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("songs.conll");
    let refuse = |settings: &[&str], part: &str| {
        let out = tempfile::tempdir().unwrap();
        let error = run(&recipe(data.path(), settings), out.path()).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    };
    refuse(&[], "songs.conll");
    make(&file, 20, true);
    refuse(&["data.clean=false"], "part has");
    fs::write(&file, "a O\nb O\n\n".repeat(100)).unwrap();
    refuse(&["data.clean=false"], "no text has a labelled part");
    make(&file, 100, true);
    let mixed = fs::read_to_string(&file).unwrap() + "play O\n";
    fs::write(&file, mixed).unwrap();
    refuse(&["data.clean=false"], "has no label of the whole text");
    make(&file, 100, true);
    refuse(&["data.clean=false", "train.rate=10", "train.decay=1", "train.epochs=30"], "not numbers");
}
