//! One model of several labels, of which each source knows some, from files to figures.

#![allow(clippy::unwrap_used)]

mod little;

use little::little;
use milieu_train::classification::ClassFigures;
use milieu_train::texts::{Recipe, Trained, draft, train};
use milieu_types::Timestamp;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

const FILLER: [&str; 6] = ["film", "very", "film very", "tea", "green tea", "very very"];

/// A text of words that say nothing, with `bad` or `good` in it where it is rude, and `foul` where it is hateful.
fn text(number: usize) -> (String, bool, bool) {
    let (rude, hateful) = (number.is_multiple_of(2), number % 5 < 2);
    let (tone, more) = (if rude { "bad" } else { "good" }, if hateful { "foul" } else { "fair" });
    (format!("{} {tone} {more} {number}", FILLER[number % FILLER.len()]), rude, hateful)
}

/// Two sources: pairs of files that know what is hateful, with parts of their own, and a table that knows what is rude.
fn make(folder: &Path) {
    let hate = folder.join("hate");
    fs::create_dir_all(&hate).unwrap();
    fs::write(hate.join("mapping.txt"), "0\tnon-hate\n1\thate\n").unwrap();
    for (part, numbers) in [("train", 0..300), ("val", 300..350), ("test", 350..410)] {
        let (mut texts, mut labels) = (String::new(), String::new());
        for (text, _, hateful) in numbers.map(text) {
            writeln!(texts, "{text}").unwrap();
            writeln!(labels, "{}", u8::from(hateful)).unwrap();
        }
        fs::write(hate.join(format!("{part}_text.txt")), texts).unwrap();
        fs::write(hate.join(format!("{part}_labels.txt")), labels).unwrap();
    }
    let mut table = String::from("body,tone\n");
    // The last hundred are texts that the other source measures with, or learns from.
    for (text, rude, _) in (1000..1300).chain(260..360).map(text) {
        writeln!(table, "{text},{}", if rude { "rude" } else { "civil" }).unwrap();
    }
    fs::write(folder.join("tone.csv"), table).unwrap();
}

const TASK: &str = "task = 'text-classification'";
const HATE: &str = "
[[data.sources]]
path = 'hate'
pairs = true
names = 'mapping.txt'
knows = { hate = ['hate'] }
";
const TONE: &str = "
[[data.sources]]
train = 'tone.csv'
text = 'body'
label = 'tone'
knows = { offensive = ['rude'] }
";
const BAG: &str = "[model]\nwidth = 8\n[model.grams]\nrows = 4096\n[train]\nepochs = 8\npatience = 0";

fn run(recipe: &str, settings: &[String]) -> Result<Trained, String> {
    let recipe = Recipe::read(recipe, settings).map_err(|error| error.to_string())?;
    train(&recipe, tempfile::tempdir().unwrap().path(), &mut |_| {}).map_err(|error| error.to_string())
}

fn within(folder: &Path) -> String {
    format!("data.path='{}'", folder.display())
}

#[test]
fn two_sources_teach_one_model() {
    let folder = tempfile::tempdir().unwrap();
    make(folder.path());
    let trained = run(&format!("{TASK}{HATE}{TONE}{BAG}"), &[within(folder.path())]).unwrap();
    let report = &trained.report;
    assert_eq!(report.classes, ["hate", "offensive"]);
    // Of the table a tenth is set aside twice. What is left of it for training are texts that the other source has not
    // in a part that measures; those that it learns from stay, since they say something else.
    let [learnt, validation, test] = report.parts;
    assert_eq!((validation, test), (50 + 40, 60 + 40));
    let leaks = report.dropped.len();
    assert!(leaks > 0 && learnt + leaks == 300 + 400 - 80, "{learnt} {leaks}");
    let figures = |label: usize| -> &ClassFigures { &report.test.classes[label] };
    assert_eq!((figures(0).known, figures(1).known), (60, 40));
    assert_eq!(figures(0).examples, (350..410).filter(|number| number % 5 < 2).count());
    assert!(figures(0).macro_f1 > 0.9 && figures(1).macro_f1 > 0.9, "{:?}", report.test);
    assert_eq!(report.test.thresholds.len(), 2);
    let draft = draft("toxic", &trained, Timestamp::from_secs(0)).unwrap();
    assert_eq!(draft.attributes["labels"].as_array().unwrap().len(), 2);
    assert!(draft.recipe.contains("tone.csv") && !draft.recipe.contains(folder.path().to_str().unwrap()));
    // The source alone has one label, of which the other one has not taken much.
    let alone = run(&format!("{TASK}{HATE}{BAG}"), &[within(folder.path())]).unwrap();
    assert_eq!(alone.report.classes, ["hate"]);
    let (one, both) = (&alone.report.test.classes[0], figures(0));
    assert_eq!((one.known, one.examples), (both.known, both.examples));
    assert!((one.macro_f1 - both.macro_f1).abs() < 0.1, "{one:?} {both:?}");
}

#[test]
fn a_table_with_empty_cells() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = String::from("text,hate,rude\n");
    for number in 0..400 {
        let (text, rude, hateful) = text(number);
        let cell = |known: bool, is: bool| if known { u8::from(is).to_string() } else { String::new() };
        let (hate, tone) = (cell(!number.is_multiple_of(3), hateful), cell(number % 3 < 2, rude));
        writeln!(table, "{text},{hate},{tone}").unwrap();
    }
    fs::write(folder.path().join("x.csv"), table).unwrap();
    let path = format!("data.path='{}'", folder.path().join("x.csv").display());
    let recipe = format!("task = 'text-classification'\n[data]\ncolumns = ['rude', 'hate']\n{BAG}");
    let trained = run(&recipe, std::slice::from_ref(&path)).unwrap();
    let report = &trained.report;
    assert_eq!(report.classes, ["rude", "hate"]);
    for figures in &report.test.classes {
        assert!((20..=32).contains(&figures.known) && figures.f1 > 0.9, "{figures:?}");
    }
    let refuse = |recipe: &str, part: &str| {
        let error = run(recipe, std::slice::from_ref(&path)).unwrap_err();
        assert!(error.contains(part), "{error}");
    };
    refuse(&recipe.replace("'rude'", "'insult'"), "there is no column \"insult\"");
    let table = fs::read_to_string(folder.path().join("x.csv")).unwrap();
    let never: String = table.lines().map(|line| line.replace(",1,", ",0,") + "\n").collect();
    fs::write(folder.path().join("x.csv"), never).unwrap();
    refuse(&recipe, "of no text of the training part it is known that it is \"hate\"");
}

#[test]
fn sources_that_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    make(folder.path());
    let refuse = |from: &str, to: &str, part: &str| {
        let recipe = format!("{TASK}{HATE}{}{BAG}", TONE.replace(from, to));
        let error = run(&recipe, &[within(folder.path())]).unwrap_err();
        assert!(error.contains(part), "{error}");
    };
    refuse("['rude']", "['nasty']", "no class of the source is \"nasty\"");
    refuse("['rude']", "['nasty']", "there are: civil, rude");
    refuse("'tone.csv'", "'other.csv'", "other.csv");
    refuse("'body'", "'words'", "there is no column \"words\"");
    fs::write(folder.path().join("tone.csv"), "body,tone\n").unwrap();
    refuse("'body'", "'body'", "there are no examples in");
}

/// The same keys, and an encoder that goes on learning.
#[test]
fn an_encoder_learns_from_sources() {
    let folder = tempfile::tempdir().unwrap();
    make(folder.path());
    let encoder = folder.path().join("encoder");
    fs::create_dir(&encoder).unwrap();
    little(&encoder);
    let recipe = format!(
        "{TASK}{HATE}{TONE}[encoder]\npath = '{}'\ntokens = 16\n[train]\nepochs = 6\nbatch = 16\nrate = 5e-3\n\
         dropout = 0.0\npatience = 0",
        encoder.display()
    );
    let trained = run(&recipe, &[within(folder.path())]).unwrap();
    let classes = &trained.report.test.classes;
    assert_eq!((classes[0].known, classes[1].known), (60, 40));
    assert!(classes[1].macro_f1 > 0.9, "{:?}", trained.report.test);
}
