//! The evaluation from files to report, on a small planted data set, and on real data where it is there.
#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

use milieu_dataset::ratings::{lastfm_hetrec, lightgcn, movielens};
use milieu_train::eval::{Budget, Dataset, EvalError, Family, FeedEval, SplitChoice, evaluate_feed};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Play counts of 80 listeners of four circles: artists 0 to 19 belong to circle 0, and so on. Everybody
/// plays ten artists of their circle; friends share it.
fn write_lastfm(directory: &Path) {
    let mut plays = String::from("userID\tartistID\tweight\n");
    let mut friends = String::from("userID\tfriendID\n");
    for user in 0..80_u32 {
        let circle = user % 4;
        for step in 0..10_u32 {
            let artist = 20 * circle + (user * 3 + step * step + step * (user % 5)) % 20;
            writeln!(plays, "{user}\t{artist}\t{}", 1 + (user * 7 + step * 13) % 50).unwrap();
        }
        writeln!(friends, "{user}\t{}\n{}\t{user}", (user + 4) % 80, (user + 4) % 80).unwrap();
    }
    std::fs::write(directory.join("user_artists.dat"), plays).unwrap();
    std::fs::write(directory.join("user_friends.dat"), friends).unwrap();
}

fn eval(path: &Path, families: &[Family]) -> FeedEval {
    FeedEval {
        dataset: Dataset::LastfmHetrec,
        path: path.to_path_buf(),
        split: SplitChoice::Random { valid: 0.1, test: 0.1 },
        families: families.to_vec(),
        seeds: 2,
        ks: vec![10, 5],
        neighbours: None,
        budget: Budget::default(),
    }
}

#[test]
fn auto_beats_popularity_and_repeats_itself() {
    let directory = tempfile::tempdir().unwrap();
    write_lastfm(directory.path());
    let run = |families: &[Family]| evaluate_feed(&eval(directory.path(), families), |_| ()).unwrap();
    let auto = run(&[Family::Popularity, Family::ItemKnn, Family::Ease, Family::Ials]);
    let popular = run(&[Family::Popularity]);
    assert_eq!((auto.users, auto.runs.len(), auto.ties), (80, 2, 160));
    assert!(auto.metrics["recall@10"].low > popular.metrics["recall@10"].high);
    for name in ["recall@10", "ndcg@5", "hit_rate@5", "mrr@10", "coverage@10", "novelty@5"] {
        let interval = auto.metrics[name];
        assert!(interval.low <= interval.mean && interval.mean <= interval.high, "{name}: {interval:?}");
    }
    let again = run(&[Family::Popularity, Family::ItemKnn, Family::Ease, Family::Ials]);
    assert_eq!(again.metrics, auto.metrics);
    assert_eq!(again.runs[0].search, auto.runs[0].search);
}

#[test]
fn the_served_form_is_measured_too() {
    let directory = tempfile::tempdir().unwrap();
    write_lastfm(directory.path());
    let whole = evaluate_feed(&eval(directory.path(), &[Family::GraphFilter]), |_| ()).unwrap();
    let served = FeedEval { neighbours: Some(80), ..eval(directory.path(), &[Family::GraphFilter]) };
    let served = evaluate_feed(&served, |_| ()).unwrap();
    let difference = whole.metrics["ndcg@10"].mean - served.metrics["ndcg@10"].mean;
    assert!(difference.abs() < 0.02, "{difference}");
}

#[test]
fn dear_families_are_left_out_of_a_choice_but_not_of_a_wish() {
    let directory = tempfile::tempdir().unwrap();
    write_lastfm(directory.path());
    let poor = Budget { operations: 1e5, ..Budget::default() };
    let choice = FeedEval { budget: poor, ..eval(directory.path(), &[Family::Popularity, Family::Ease]) };
    let report = evaluate_feed(&choice, |_| ()).unwrap();
    assert_eq!(report.runs[0].search.left_out, vec![Family::Ease]);
    let wish = FeedEval { budget: poor, ..eval(directory.path(), &[Family::Ease]) };
    let report = evaluate_feed(&wish, |_| ()).unwrap();
    assert_eq!(report.runs[0].search.chosen.model.name(), "ease");
}

#[test]
fn refuses_what_makes_no_sense() {
    let directory = tempfile::tempdir().unwrap();
    let families = [Family::Popularity];
    let missing = evaluate_feed(&eval(directory.path(), &families), |_| ());
    assert!(matches!(missing, Err(EvalError::Read(_))));
    write_lastfm(directory.path());
    let time = SplitChoice::Time { valid: 0.1, test: 0.1 };
    let timeless = FeedEval { split: time, ..eval(directory.path(), &families) };
    assert!(matches!(evaluate_feed(&timeless, |_| ()), Err(EvalError::Split(_))));
    let no_length = FeedEval { ks: vec![0], ..eval(directory.path(), &families) };
    assert!(matches!(evaluate_feed(&no_length, |_| ()), Err(EvalError::NoLength)));
}

/// The shared data sets, or `None` with a word about it.
fn shared() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("MILIEU_SHARED").map_or(beside, PathBuf::from).join("data");
    if shared.is_dir() {
        Some(shared)
    } else {
        eprintln!("skipped: no data at {}", shared.display());
        None
    }
}

#[test]
fn real_data_has_its_published_size() {
    let Some(shared) = shared() else { return };
    let gowalla = lightgcn(&shared.join("gowalla_lightgcn")).unwrap();
    assert_eq!((gowalla.users, gowalla.items, gowalla.ratings.len()), (29_858, 40_981, 810_128));
    assert_eq!(gowalla.test.unwrap().len(), 217_242);
    let lastfm = lastfm_hetrec(&shared.join("lastfm_hetrec2011")).unwrap();
    assert_eq!((lastfm.users, lastfm.items, lastfm.ratings.len()), (1892, 17_632, 92_834));
    assert_eq!(lastfm.ties.len(), 25_434);
    let movies = movielens(&shared.join("ml_latest_small")).unwrap();
    assert_eq!((movies.users, movies.items, movies.ratings.len()), (610, 9724, 100_836));
}
