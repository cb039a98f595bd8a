//! A model that has learnt: the words that are said to move a label do move it, and disguises of a word do not hide it.

#![allow(clippy::unwrap_used)]

use milieu_content::{Occlusion, Scale, TextClassifier};
use milieu_dataset::mix;
use milieu_inference::{Engine, EngineChoice, Engines, LoadOptions};
use milieu_registry::ModelCard;
use milieu_train::texts::{Recipe, draft, train};
use milieu_types::Timestamp;
use std::fmt::Write as _;
use std::num::NonZeroUsize;

const HARMFUL: [&str; 6] = ["viagra", "idiot", "casino", "loser", "porn", "scam"];
const KIND: [&str; 6] = ["garden", "thanks", "lovely", "friend", "recipe", "sunny"];
const NEITHER: [&str; 20] = [
    "the", "and", "today", "with", "table", "paper", "blue", "seven", "window", "later", "road", "again",
    "music", "phone", "about", "green", "after", "coffee", "number", "plan",
];

/// A text of eight words that say nothing and two of its class, as a number decides.
fn text(number: usize) -> (String, bool) {
    let harmful = number.is_multiple_of(2);
    let of_class = if harmful { HARMFUL } else { KIND };
    let drawn = |place: u64, of: usize| mix(number as u64, place) as usize % of;
    let mut words: Vec<&str> = (0..8).map(|place| NEITHER[drawn(place, NEITHER.len())]).collect();
    for place in [8, 9] {
        words.insert(drawn(place + 2, 9), of_class[drawn(place, of_class.len())]);
    }
    (words.join(" "), harmful)
}

struct Served {
    classifier: TextClassifier,
    engine: Box<dyn Engine>,
}

impl Served {
    fn learnt() -> Self {
        let (data, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut lines = String::from("body,kind\n");
        for number in 0..1200 {
            let (text, harmful) = text(number);
            // Some labels are wrong, as they always are, so that nothing gets as good as certain.
            let said = harmful != mix(number as u64, 20).is_multiple_of(16);
            writeln!(lines, "{text},{}", if said { "harm" } else { "fine" }).unwrap();
        }
        let path = data.path().join("train.csv");
        std::fs::write(&path, lines).unwrap();
        let recipe = "task = 'text-classification'\n[data]\ntext = 'body'\nlabel = 'kind'\nclean = false\n[model]\n\
            width = 8\n[model.grams]\nrows = 65536\n[train]\nepochs = 8\npatience = 0";
        let recipe = Recipe::read(recipe, &[format!("data.train='{}'", path.display())]).unwrap();
        let trained = train(&recipe, out.path(), &mut |_| {}).unwrap();
        assert!(trained.report.test.accuracy.mean > 0.85, "{:?}", trained.report.test);
        let draft = draft("harm", &trained, Timestamp::from_secs(0)).unwrap();
        let card: ModelCard =
            serde_json::from_value(serde_json::to_value(&draft.attributes).unwrap()).unwrap();
        let bytes = &draft.files.iter().find(|(name, _)| *name == card.model_file).unwrap().1;
        let engines = Engines::find(EngineChoice::Rten, None, NonZeroUsize::MIN).unwrap();
        let engine = engines.load(bytes, LoadOptions::default()).unwrap();
        let classifier = TextClassifier::new(&card, engine.signature(), Scale::Logits, &|_| None).unwrap();
        Self { classifier, engine }
    }

    /// How probable a label is; nothing of a text in which nothing is to be seen.
    fn probability(&mut self, text: &str, label: &str) -> Option<f64> {
        let prepared = self.classifier.prepare(text)?;
        let outputs = self.engine.run(&prepared.inputs).unwrap();
        let classes = self.classifier.classes(&outputs, 9).unwrap();
        classes.into_iter().find(|class| class.label == label).map(|class| class.probability)
    }
}

/// Comprehensiveness (DeYoung et al. 2020, "ERASER", section 4.2): without the words that are named, a label gets less
/// probable, and by much more than without as many others.
#[test]
fn words_that_are_named_move_the_label() {
    let mut served = Served::learnt();
    let (mut named, mut others, mut found, mut count) = (0.0, 0.0, 0, 0);
    for number in 5000..5060 {
        let (text, harmful) = text(number);
        let label = if harmful { "harm" } else { "fine" };
        let whole = served.probability(&text, label).unwrap();
        let occlusion = Occlusion::new(&text, 64);
        let without: Vec<Option<f64>> =
            occlusion.without().map(|text| served.probability(&text, label)).collect();
        let moving = occlusion.moving(whole, &without, 0.5);
        let mut less = |parts: &[usize]| {
            let words: Vec<&str> = text.split(' ').collect();
            let left = words.iter().enumerate().filter(|(place, _)| !parts.contains(place));
            let left: Vec<&str> = left.map(|(_, word)| *word).collect();
            whole - served.probability(&left.join(" "), label).unwrap()
        };
        let place_of = |start: usize| text[..start].matches(' ').count();
        let strongest: Vec<usize> = moving.iter().take(2).map(|part| place_of(part.start)).collect();
        let rest: Vec<usize> = moving.iter().skip(2).map(|part| place_of(part.start)).collect();
        named += less(&strongest);
        // Two of the others, not always the weakest.
        others += less(&[rest[number % rest.len()], rest[(number + 3) % rest.len()]]);
        let of_class = if harmful { HARMFUL } else { KIND };
        found += moving.iter().take(2).filter(|part| of_class.contains(&part.text.as_str())).count();
        count += 2;
    }
    assert!(named > 3.0 * others.max(0.0) && named / 60.0 > 0.3, "{named} {others}");
    assert!(found * 10 > count * 9, "{found} of {count}");
}

#[test]
fn disguises_do_not_hide_a_word() {
    let mut served = Served::learnt();
    let mut check = |text: &str, harmful: bool| {
        let probability = served.probability(text, "harm").unwrap();
        assert_eq!(probability > 0.5, harmful, "{text:?}: {probability}");
    };
    for plain in ["viagra with coffee", "idiot with coffee", "casino with coffee"] {
        check(plain, true);
    }
    for disguised in [
        "v1agra with coffee",
        "VIAGRA with coffee",
        "ｖｉａｇｒａ with coffee",
        "v i a g r a with coffee",
        "v.i.a.g.r.a with coffee",
        "vi\u{200b}ag\u{200d}ra with coffee",
        "v\u{456}\u{430}gr\u{430} with coffee",
        "1d1ot with coffee",
        "id\u{131}ot with coffee",
        "c@s1n0 with coffee",
    ] {
        check(disguised, true);
    }
    for fine in ["garden with coffee", "thanks friend", "lovely sunny recipe"] {
        check(fine, false);
    }
}
