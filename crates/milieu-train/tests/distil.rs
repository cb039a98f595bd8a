//! A classifier of the registry teaches a bag, and an encoder of the registry carries a head.
#![allow(clippy::unwrap_used)]

mod little;

use little::little;
use milieu_content::TextReading;
use milieu_inference::{Engine, EngineChoice, Engines, LoadOptions};
use milieu_registry::{Draft, ModelCard, Registry};
use milieu_train::texts::{
    Model, Recipe, TeacherConfig, TrainError, TrainEvent, Trained, draft, embedding_draft, train, train_with,
};
use milieu_types::Timestamp;
use std::fmt::Write as _;
use std::path::Path;

const AT: Timestamp = Timestamp::from_secs(0);

/// Lines of two classes that words tell apart; the numbers make them differ.
fn table(path: &Path, numbers: std::ops::Range<usize>) {
    let mut lines = String::from("text,label\n");
    for number in numbers {
        let (word, label) = [("good", "up"), ("bad", "down")][number % 2];
        let filler = ["film", "very", "film very"][number / 2 % 3];
        writeln!(lines, "{filler} {word} {number},{label}").unwrap();
    }
    std::fs::write(path, lines).unwrap();
}

fn recipe(text: &str, data: &Path, settings: &[&str]) -> Recipe {
    let path = format!("data.train='{}'", data.display());
    let settings: Vec<String> =
        std::iter::once(path).chain(settings.iter().map(|&setting| setting.to_owned())).collect();
    Recipe::read(&format!("task = 'text-classification'\n[data]\n{text}"), &settings).unwrap()
}

const BAG: &str = "[model]\nwidth = 8\n[model.grams]\nrows = 4096\n[train]\nepochs = 4\npatience = 0";
const HEAD: &str = "[encoder]\nmodel = 'meaning'\n[train]\nepochs = 9\nsmoothing = 0.0\npatience = 0";

/// A registry with a teacher, `tone`, that has learnt from the table; not live.
fn taught(folder: &Path) -> Registry {
    let registry = Registry::open(folder.join("models")).unwrap();
    table(&folder.join("train.csv"), 0..200);
    let out = tempfile::tempdir().unwrap();
    let trained = train(&recipe(BAG, &folder.join("train.csv"), &[]), out.path(), &mut |_| {}).unwrap();
    registry.publish(&draft("tone", &trained, AT).unwrap()).unwrap();
    registry
}

#[test]
fn a_teacher_is_asked_once_and_measured_beside_its_pupil() {
    let folder = tempfile::tempdir().unwrap();
    let registry = taught(folder.path());
    // Texts of other words, which no label says anything about.
    let more = "text\nwholly superb\nutterly dreadful\nfilm good 3\n";
    std::fs::write(folder.path().join("more.csv"), more).unwrap();
    let texts = format!("teacher.texts=['{}']", folder.path().join("more.csv").display());
    let settings = ["teacher.model='tone@1'", "teacher.made=3", &texts];
    let recipe = recipe(BAG, &folder.path().join("train.csv"), &settings);
    let out = tempfile::tempdir().unwrap();
    let run = || -> (Trained, usize) {
        let mut asked = 0;
        let trained = train_with(&recipe, out.path(), Some(&registry), &mut |event| {
            if let TrainEvent::Teaching { of, .. } = event {
                asked = of;
            }
        });
        (trained.unwrap(), asked)
    };
    let (trained, asked) = run();
    let found = trained.report.distillation.as_ref().unwrap();
    assert_eq!(found.teacher, "tone@1");
    assert!(found.more > 100 && asked == 200 + found.more, "{asked} {}", found.more);
    assert!(found.agreement > 0.9 && found.teacher_accuracy > 0.9, "{found:?}");
    assert!(found.alone.accuracy.mean > 0.9 && trained.report.test.accuracy.mean > 0.9);
    // It goes on where it was, and the teacher, who said all, is not asked again.
    let (again, asked) = run();
    assert_eq!((again.model, asked), (trained.model.clone(), 0));
    let fewer = Recipe {
        teacher: recipe.teacher.clone().map(|teacher| TeacherConfig { most: 7, ..teacher }),
        ..recipe
    };
    let fewer =
        train_with(&fewer, tempfile::tempdir().unwrap().path(), Some(&registry), &mut |_| {}).unwrap();
    assert_eq!(fewer.report.distillation.unwrap().more, 7);
    // What is published reads texts as one without a teacher does, and says who taught.
    let draft = draft("pupil", &trained, AT).unwrap();
    assert_eq!(draft.attributes["preprocessing"]["kind"], "grams");
    assert!(draft.recipe.contains("tone@1") && draft.recipe.contains("more.csv"), "{}", draft.recipe);
    assert!(!draft.recipe.contains(folder.path().to_str().unwrap()), "{}", draft.recipe);
}

#[test]
fn teachers_that_cannot_teach() {
    let folder = tempfile::tempdir().unwrap();
    let registry = taught(folder.path());
    let other = folder.path().join("other.csv");
    let train_csv = std::fs::read_to_string(folder.path().join("train.csv")).unwrap();
    std::fs::write(&other, train_csv.replace(",down", ",left")).unwrap();
    let check = |data: &str, model: &str, registry: Option<&Registry>, part: &str| {
        let settings = [format!("teacher.model='{model}'")];
        let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
        let recipe = recipe(BAG, &folder.path().join(data), &settings);
        let out = tempfile::tempdir().unwrap();
        let error: TrainError = train_with(&recipe, out.path(), registry, &mut |_| {}).unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
    };
    let all = Some(&registry);
    check("train.csv", "tone@1", None, "no registry to find it in");
    check("train.csv", "tone", all, "tone has no live version");
    check("train.csv", "tone@x", all, "is not like NAME");
    check("train.csv", "tone@7", all, "7");
    check("train.csv", "nobody", all, "nobody");
    check("other.csv", "tone@1", all, "the teacher tone@1 has the classes");
}

/// A version of the registry as a server reads it.
fn served(registry: &Registry, draft: &Draft) -> (TextReading, Box<dyn Engine>) {
    let version = registry.publish(draft).unwrap().version;
    let loaded = registry.load(&draft.kind, version).unwrap();
    let card = ModelCard::of(&loaded.manifest).unwrap();
    let file = |name: &str| loaded.files.get(name).cloned();
    let engines = Engines::find(EngineChoice::Rten, None, std::num::NonZeroUsize::MIN).unwrap();
    let engine = engines.load(&file("model.onnx").unwrap(), LoadOptions::default()).unwrap();
    (TextReading::new(&card, engine.signature(), &file).unwrap(), engine)
}

#[test]
fn a_head_on_an_encoder_that_stays_as_it_is() {
    let (folder, encoder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    little(encoder.path());
    let registry = Registry::open(folder.path().join("models")).unwrap();
    registry.publish(&embedding_draft(encoder.path(), "meaning", AT).unwrap()).unwrap();
    registry.promote("meaning", 1, AT).unwrap();
    table(&folder.path().join("train.csv"), 0..300);
    let recipe = recipe(HEAD, &folder.path().join("train.csv"), &[]);
    let out = tempfile::tempdir().unwrap();
    let trained = train_with(&recipe, out.path(), Some(&registry), &mut |_| {}).unwrap();
    let report = &trained.report;
    assert!(report.test.accuracy.mean > 0.95, "{:?}", report.test.accuracy);
    assert_eq!(report.parameters, 2 * (8 + 1));
    // Each epoch is a weaker penalty, so it fits closer.
    assert!(report.epochs.windows(2).all(|pair| pair[1].loss <= pair[0].loss + 1e-6), "{:?}", report.epochs);
    let Model::Head(model) = &trained.model else { panic!("no head") };
    assert_eq!(model.encoder.name, "meaning@1");
    let draft = draft("films", &trained, AT).unwrap();
    let (reading, mut engine) = served(&registry, &draft);
    let (vectors, mut bare) = served(&registry, &embedding_draft(encoder.path(), "meaning", AT).unwrap());
    for (text, label) in [("film very good 8", "up"), ("very bad 9", "down")] {
        let logits =
            engine.run(&reading.prepare(text).unwrap().inputs).unwrap()[0].as_f32().unwrap().to_vec();
        let vector = bare.run(&vectors.prepare(text).unwrap().inputs).unwrap()[0].as_f32().unwrap().to_vec();
        let by_hand = model.head.logits(&vector);
        assert!(logits.iter().zip(&by_hand).all(|(x, y)| (x - y).abs() < 1e-3), "{logits:?} {by_hand:?}");
        let place = report.classes.iter().position(|class| class == label).unwrap();
        assert!(logits[place] > logits[1 - place], "{text}: {logits:?}");
    }
    assert!(draft.files.iter().any(|(name, _)| name == "tokenizer.json"));
}

#[test]
fn what_carries_no_head() {
    let folder = tempfile::tempdir().unwrap();
    let registry = taught(folder.path());
    // It gives numbers for each text, but is read as n-grams, and says what a text is and not where it lies.
    let recipe = recipe(HEAD, &folder.path().join("train.csv"), &["encoder.model='tone@1'"]);
    let out = tempfile::tempdir().unwrap();
    let error = train_with(&recipe, out.path(), Some(&registry), &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("tone@1: it makes no vectors of texts"), "{error}");
}
