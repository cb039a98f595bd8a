//! A classifier of pictures from files to figures, on pictures made here.

#![allow(clippy::unwrap_used)]

use milieu_dataset::pictures::png;
use milieu_onnx::{Limits, Model};
use milieu_train::MODEL_FILE;
use milieu_train::pictures::{Recipe, TrainError, TrainEvent, Trained, draft, html, train};
use milieu_types::Timestamp;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

const SIDE: usize = 12;

/// Three classes of noisy pictures: bright above, bright on the left, bright in the middle.
fn make(folder: &Path, of_each: usize) {
    let mut random = Pcg64Mcg::seed_from_u64(4);
    for (class, name) in ["above", "left", "<middle>"].iter().enumerate() {
        fs::create_dir_all(folder.join(name)).unwrap();
        for number in 0..of_each {
            let bright = |row: usize, column: usize| match class {
                0 => row < SIDE / 2,
                1 => column < SIDE / 2,
                _ => (3..9).contains(&row) && (3..9).contains(&column),
            };
            let pixels: Vec<u8> = (0..SIDE * SIDE * 3)
                .map(|place| {
                    let base = if bright(place / 3 / SIDE, place / 3 % SIDE) { 150 } else { 60 };
                    base + random.random_range(0..80)
                })
                .collect();
            let file = png(&pixels, SIDE as u32, SIDE as u32).unwrap();
            fs::write(folder.join(name).join(format!("{number}.png")), file).unwrap();
        }
    }
    fs::write(folder.join("left/broken.png"), b"no picture").unwrap();
    fs::copy(folder.join("left/1.png"), folder.join("left/copy.png")).unwrap();
}

fn recipe(data: &Path, settings: &[&str]) -> Recipe {
    let text = "task = 'image-classification'\n[data]\npath = ''\nheld_out = 0.2\n[prepare]\nside = 12\n\
        [augment]\nflip = false\nshift = 1\ncutout = 0\n[model]\narchitecture = 'pooled'\nwidth = 4\n\
        [train]\nepochs = 4\nbatch = 16\nrate = 0.1\nstart = 'identity'\naverage = 0.8\n[gate]\naccuracy = 0.9";
    let path = format!("data.path='{}'", data.display());
    let settings: Vec<String> =
        std::iter::once(path).chain(settings.iter().map(|&setting| setting.to_owned())).collect();
    Recipe::read(text, &settings).unwrap()
}

fn run(recipe: &Recipe, folder: &Path) -> Result<Trained, TrainError> {
    train(recipe, folder, &mut |_| {})
}

#[test]
fn learns_and_says_how_well() {
    let (data, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make(data.path(), 60);
    let trained = run(&recipe(data.path(), &[]), out.path()).unwrap();
    let report = &trained.report;
    assert!(report.passed && report.test.accuracy.mean >= 0.9, "{:?}", report.test);
    assert_eq!(report.classes, ["<middle>", "above", "left"]);
    assert_eq!(report.parts.iter().sum::<usize>(), 180);
    let names: Vec<&str> = report.cleaning.dropped.iter().map(|dropped| dropped.name.as_str()).collect();
    assert_eq!(names, ["left/broken.png", "left/copy.png"]);
    assert!(report.test.confusion.iter().flatten().sum::<usize>() == report.parts[2]);
    assert!(report.epochs.windows(2).all(|pair| pair[1].epoch == pair[0].epoch + 1));
    let page = html("<model>", report, &trained.mistakes);
    assert!(page.contains("&lt;middle&gt;") && !page.contains("<middle>") && page.contains("broken.png"));
    // A gate that cannot be reached.
    let trained = run(&recipe(data.path(), &["gate.accuracy=1", "train.rate=1e-9"]), data.path()).unwrap();
    assert!(!trained.report.passed && !trained.mistakes.is_empty());
    assert!(html("x", &trained.report, &trained.mistakes).contains("data:image/png;base64,iVBOR"));
}

#[test]
fn how_it_is_answered_is_no_part_of_what_is_learnt() {
    let (data, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make(data.path(), 40);
    let plain = run(&recipe(data.path(), &[]), out.path()).unwrap();
    // The folder has the run, which is not trained again.
    let mut resumed = 0;
    let both = train(&recipe(data.path(), &["answer.mirrored=true"]), out.path(), &mut |event| {
        if let TrainEvent::Resumed { epochs } = event {
            resumed = epochs;
        }
    });
    let both = both.unwrap();
    assert_eq!(resumed, 4);
    assert_eq!(both.parameters, plain.parameters);
    assert_ne!(both.report.test.log_loss, plain.report.test.log_loss);
    let turns = |trained: &Trained| {
        let draft = draft("sides", trained, Timestamp::from_secs(0)).unwrap();
        let (_, bytes) = draft.files.iter().find(|(name, _)| name == MODEL_FILE).unwrap();
        let model = Model::read(bytes, &Limits::default()).unwrap();
        model.graph().node.iter().filter(|node| node.is("Concat")).count()
    };
    assert_eq!((turns(&plain), turns(&both)), (0, 1));
}

#[test]
fn a_run_that_was_cut_off_ends_as_if_it_had_not_been() {
    let data = tempfile::tempdir().unwrap();
    make(data.path(), 40);
    for architecture in ["pooled", "residual", "mobile", "small"] {
        let model = format!("model.architecture='{architecture}'");
        let recipe = recipe(data.path(), &[&model, "train.clip=5"]);
        let whole = run(&recipe, tempfile::tempdir().unwrap().path()).unwrap();
        let out = tempfile::tempdir().unwrap();
        for cut in [1, 3] {
            let mut resumed = 0;
            let cut_off = catch_unwind(AssertUnwindSafe(|| {
                train(&recipe, out.path(), &mut |event| match event {
                    TrainEvent::Resumed { epochs } => resumed = epochs,
                    // In the middle of the epoch after the checkpoint.
                    TrainEvent::Step { epoch, done, .. } if epoch > cut && done > 40 => panic!("cut off"),
                    _ => {}
                })
            }));
            assert!(cut_off.is_err());
            assert_eq!(resumed, if cut == 1 { 0 } else { 1 });
        }
        let resumed = run(&recipe, out.path()).unwrap();
        assert!(resumed.parameters == whole.parameters, "{architecture}");
        assert_eq!(resumed.report.test, whole.report.test);
        let figures = |trained: &Trained| {
            trained.report.epochs.iter().map(|e| (e.loss, e.accuracy)).collect::<Vec<_>>()
        };
        assert_eq!(figures(&resumed), figures(&whole));
    }
}

#[test]
fn what_cannot_be_trained_is_refused() {
    let data = tempfile::tempdir().unwrap();
    make(data.path(), 40);
    let refuse = |settings: &[&str], out: &Path, part: &str| {
        let error = run(&recipe(data.path(), settings), out).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    };
    let out = tempfile::tempdir().unwrap();
    run(&recipe(data.path(), &["train.epochs=1"]), out.path()).unwrap();
    refuse(&["train.epochs=2"], out.path(), "another recipe or other data");
    let checkpoint = out.path().join("checkpoint");
    let bytes = fs::read(&checkpoint).unwrap();
    for cut in [0, 7, 20, bytes.len() - 1] {
        fs::write(&checkpoint, &bytes[..cut]).unwrap();
        refuse(&["train.epochs=1"], out.path(), "is damaged");
    }
    let elsewhere = tempfile::tempdir().unwrap();
    refuse(&["data.held_out=0.01"], elsewhere.path(), "part has");
    refuse(&["data.classes=['above']"], elsewhere.path(), "1 classes were found");
    refuse(&["prepare.side=8"], elsewhere.path(), "does not fit into the image");
    refuse(&["data.path='/nowhere'"], elsewhere.path(), "/nowhere");
    refuse(
        &[
            "train.rate=10",
            "train.start='random'",
            "train.optimiser={kind='sgd',momentum=0.99,nesterov=false,weight_decay=9.0}",
        ],
        elsewhere.path(),
        "not numbers",
    );
}
