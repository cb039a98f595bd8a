//! The pipeline over small worlds.

mod labels;

use crate::{
    ActionScorer, Engine, FeedConfig, FeedError, FeedPage, FeedQuery, Filter, INPUTS, Models, NextItems,
    PREDICTED, Source, Stage, input_names,
};
use milieu_ranker::{ActionModel, Parameters};
use milieu_types::{Event, EventKind, Id, Item, Record, Timestamp, User};
use milieu_world::{FEATURES, World};
use parking_lot::Mutex;
use std::sync::Arc;

const NOW: i64 = 1_790_000_000;

fn id(text: &str) -> Id {
    Id::new(text).unwrap()
}

fn user(name: &str, muted: &[&str]) -> Record {
    Record::PutUser(User {
        id: id(name),
        name: None,
        tags: vec![],
        language: None,
        muted_keywords: muted.iter().map(|word| (*word).into()).collect(),
        discoverable: true,
        at: Timestamp::from_secs(NOW - 1000),
    })
}

fn item(name: &str, author: &str, tag: &str, age_secs: i64) -> Record {
    Record::PutItem(Item {
        id: id(name),
        author: Some(id(author)),
        text: Some(format!("words of {name}")),
        media: vec![],
        tags: vec![tag.into()],
        reply_to: None,
        language: None,
        at: Timestamp::from_secs(NOW - age_secs),
        hidden: false,
    })
}

fn event(actor: &str, kind: EventKind, object: &str) -> Record {
    Record::Event(Event {
        id: None,
        kind,
        actor: id(actor),
        object: id(object),
        target: None,
        value: None,
        at: Timestamp::from_secs(NOW - 100),
        context: None,
    })
}

struct Town {
    world: World,
    engine: Engine,
}

impl Town {
    fn new() -> Self {
        let mut town = Self { world: World::new(), engine: Engine::new(FeedConfig::default()).unwrap() };
        for name in ["ann", "ben", "cat", "dan"] {
            town.tell(user(name, &[]));
        }
        for number in 0..30 {
            let author = ["ben", "cat", "dan"][number % 3];
            let tag = ["beer", "chess", "cats"][number % 3];
            town.tell(item(&format!("p{number}"), author, tag, 500 + number as i64));
        }
        town
    }

    fn tell(&mut self, record: Record) {
        self.world.apply(self.world.applied() + 1, &record);
    }

    fn ask(&self, user: &str, query: &FeedQuery) -> Result<FeedPage, FeedError> {
        let at = Timestamp::from_secs(NOW);
        self.engine.feed(&self.world.view(milieu_world::secs(at)), user, query, at)
    }

    fn ids(&self, user: &str, limit: usize) -> Vec<String> {
        let page = self.ask(user, &FeedQuery { limit, ..FeedQuery::default() }).unwrap();
        page.entries.into_iter().map(|entry| entry.id).collect()
    }
}

#[test]
fn anybody_gets_something() {
    let town = Town::new();
    assert_eq!(town.ids("nobody-knows", 20).len(), 20);
    let empty = Town { world: World::new(), engine: Engine::new(FeedConfig::default()).unwrap() };
    assert!(empty.ids("ann", 20).is_empty());
}

#[test]
fn following_and_liking_raise() {
    let mut town = Town::new();
    town.tell(event("ann", EventKind::Follow, "cat"));
    let page = town.ask("ann", &FeedQuery { limit: 3, ..FeedQuery::default() }).unwrap();
    assert_eq!(page.entries[0].source, Source::Followed);
    assert_eq!(page.entries[0].reason.text, "You follow cat");
    for number in [2, 5, 8] {
        town.tell(event("ann", EventKind::Like, &format!("p{number}")));
    }
    let first = town.ids("ann", 30);
    let place = |wanted: &str| first.iter().position(|id| id == wanted).unwrap_or(usize::MAX);
    assert!(place("p11") < place("p12"), "dan's cats before ben's beer: {first:?}");
    assert!(!first.contains(&"p2".to_owned()), "what was liked was seen");
}

#[test]
fn refusals() {
    fn check(records: Vec<Record>, refused: impl Fn(usize) -> bool) {
        let mut town = Town::new();
        records.into_iter().for_each(|record| town.tell(record));
        let shown = town.ids("ann", 30);
        for number in 0..30 {
            assert_eq!(!shown.contains(&format!("p{number}")), refused(number), "p{number}");
        }
    }
    let of = |author: usize| move |number: usize| number % 3 == author;
    check(vec![], |_| false);
    check(vec![event("ann", EventKind::Block, "ben")], of(0));
    check(vec![event("cat", EventKind::Block, "ann")], of(1));
    check(vec![event("ann", EventKind::Mute, "dan")], of(2));
    check(vec![event("dan", EventKind::Mute, "ann")], |_| false);
    check(vec![user("ann", &["Chess"])], of(1));
    check(vec![user("ann", &["WORDS of p7"])], |number| number == 7);
    check(vec![event("ann", EventKind::View, "p4")], |number| number == 4);
    check(vec![item("p9", "ann", "beer", 5)], |number| number == 9);
    check(vec![Record::DeleteUser { id: id("ben"), at: Timestamp::from_secs(NOW) }], of(0));
    check(vec![item("p1", "cat", "chess", -50)], |number| number == 1);
}

#[test]
fn pages_go_on_without_repeats_and_heed_deletes() {
    let mut town = Town::new();
    let first = town.ask("ann", &FeedQuery { limit: 10, ..FeedQuery::default() }).unwrap();
    let again = FeedQuery { limit: 10, cursor: first.cursor.clone(), ..FeedQuery::default() };
    let mut seen: Vec<String> = first.entries.iter().map(|entry| entry.id.clone()).collect();
    let gone = (0..30).map(|n| format!("p{n}")).find(|id| !seen.contains(id)).unwrap();
    town.tell(Record::DeleteItem { id: id(&gone), at: Timestamp::from_secs(NOW) });
    let second = town.ask("ann", &again).unwrap();
    let repeated = town.ask("ann", &again).unwrap();
    let ids = |page: &FeedPage| page.entries.iter().map(|entry| entry.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&second), ids(&repeated), "a cursor asked twice gives the same page");
    seen.extend(ids(&second));
    let third = town
        .ask("ann", &FeedQuery { limit: 20, cursor: second.cursor.clone(), ..FeedQuery::default() })
        .unwrap();
    seen.extend(ids(&third));
    assert_eq!((seen.len(), third.cursor), (29, None));
    assert!(!seen.contains(&gone));
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 29);
    assert_eq!(town.ask("ben", &again), Err(FeedError::InvalidCursor));
    let bad = FeedQuery { limit: 1, cursor: Some("x".into()), ..FeedQuery::default() };
    assert_eq!(town.ask("ann", &bad), Err(FeedError::InvalidCursor));
}

#[test]
fn a_score_does_not_depend_on_the_others() {
    let mut town = Town::new();
    town.tell(event("ann", EventKind::Follow, "cat"));
    town.tell(event("cat", EventKind::Like, "p3"));
    let query = |disabled: Vec<Stage>| FeedQuery { limit: 100, disabled, ..FeedQuery::default() };
    let all = town.ask("ann", &query(vec![])).unwrap();
    let fewer =
        town.ask("ann", &query(vec![Stage::Source(Source::Followed), Stage::Source(Source::Explore)]));
    for entry in fewer.unwrap().entries {
        let same = all.entries.iter().find(|other| other.id == entry.id).unwrap();
        assert_eq!(same.score.to_bits(), entry.score.to_bits(), "{}", entry.id);
    }
}

#[test]
fn receipts_replay_exactly() {
    let town = Town::new();
    let page = town.ask("ann", &FeedQuery { limit: 30, ..FeedQuery::default() }).unwrap();
    for entry in &page.entries {
        let (receipt, probabilities, score) = town.engine.receipt(&entry.receipt).unwrap();
        assert_eq!((receipt.item.as_str(), receipt.user.as_str()), (entry.id.as_str(), "ann"));
        assert_eq!((receipt.probabilities, receipt.score), (probabilities, score));
        assert_eq!(score.to_bits(), entry.score.to_bits());
    }
    assert!(town.engine.receipt("r7777-0").is_none() && town.engine.receipt("").is_none());
}

#[test]
fn stages_can_be_left_out_and_are_counted() {
    let town = Town::new();
    let only = |kept: Source| {
        let disabled = Source::ALL.into_iter().filter(|s| *s != kept).map(Stage::Source).collect();
        let page = town.ask("ann", &FeedQuery { limit: 30, disabled, ..FeedQuery::default() }).unwrap();
        page.entries.len()
    };
    assert_eq!((only(Source::Followed), only(Source::Fresh)), (0, 30));
    let report = town.engine.stages();
    let collaborative = report.sources.iter().find(|s| s.0 == "collaborative").unwrap();
    assert_eq!((collaborative.1, collaborative.2), (0, 0));
    only(Source::Collaborative);
    let report = town.engine.stages();
    let collaborative = report.sources.iter().find(|s| s.0 == "collaborative").unwrap();
    assert_eq!(
        collaborative.2, collaborative.1,
        "without a model the source fails, counted, and harms nobody"
    );
    assert!(Filter::ALL.into_iter().all(|f| report.filters.iter().any(|r| r.0 == f.name())));
}

#[test]
fn similar_and_audience() {
    let mut town = Town::new();
    for fan in ["ann", "ben"] {
        town.tell(event(fan, EventKind::Like, "p5"));
        town.tell(event(fan, EventKind::Like, "p7"));
    }
    town.tell(event("ben", EventKind::Follow, "cat"));
    let view = town.world.view(NOW as u32);
    let ids = |name: &str| town.world.item(name).unwrap();
    assert_eq!(town.engine.similar(&view, ids("p5"), 5)[0], ids("p7"));
    let audience = town.engine.audience(&view, ids("p1"), 5);
    assert_eq!(audience[0].0, town.world.user("ben").unwrap());
}

/// A model of all items but p29 that has a favourite and notes what it was asked.
fn next(town: &Town, asked: &Arc<Mutex<Vec<Vec<i64>>>>) -> NextItems {
    let ids: Vec<String> = (0..29).map(|number| format!("p{number}")).collect();
    let asked = Arc::clone(asked);
    let scores = move |tokens: &[i64]| {
        asked.lock().push(tokens.to_vec());
        Some((0..29).map(|number| if number == 12 { 5.0 } else { number as f32 / 10.0 }).collect())
    };
    NextItems::bind("feed-sequence/7".into(), Arc::new(scores), 4, &ids, &town.world)
}

#[test]
fn what_comes_next_is_proposed_scored_and_explained() {
    let mut town = Town::new();
    let asked = Arc::default();
    let disabled = |kept: Source| Source::ALL.into_iter().filter(|s| *s != kept).map(Stage::Source).collect();
    let only = FeedQuery { limit: 5, disabled: disabled(Source::Next), ..FeedQuery::default() };
    town.engine.set_models(Models { next: Some(next(&town, &asked)), ..Models::default() });
    assert!(town.ask("ann", &only).unwrap().entries.is_empty(), "nothing comes after nothing");
    assert!(asked.lock().is_empty());
    for number in [3, 29, 28, 6, 0, 9] {
        town.tell(event("ann", EventKind::Like, &format!("p{number}")));
    }
    let page = town.ask("ann", &only).unwrap();
    let ids: Vec<&str> = page.entries.iter().map(|entry| entry.id.as_str()).collect();
    assert_eq!(ids[0], "p12");
    assert!(!ids.contains(&"p28"), "what was met is not proposed: {ids:?}");
    assert_eq!(page.entries[0].source, Source::Next);
    // The newest four that the model knows, the oldest first; one answer serves until something new is liked.
    town.ask("ann", &only).unwrap();
    assert_eq!(*asked.lock(), [[4, 7, 10, 29]]);
    let (receipt, probabilities, score) = town.engine.receipt(&page.entries[0].receipt).unwrap();
    assert_eq!(receipt.next_version.as_deref(), Some("feed-sequence/7"));
    assert_eq!((receipt.inputs[INPUTS - 2], receipt.inputs[INPUTS - 1]), (1.0, 0.0));
    assert_eq!((receipt.probabilities, receipt.score), (probabilities, score));
}

#[test]
fn action_models_from_before_an_input_was_added_still_serve() {
    fn learnt(names: &[&str]) -> Result<ActionScorer, String> {
        let (features, tasks) = (names.len(), PREDICTED.len());
        let parameters = Parameters {
            version: 1,
            feature_names: names.iter().map(|&name| name.to_owned()).collect(),
            task_names: PREDICTED.map(|action| action.name().to_owned()).to_vec(),
            mean: vec![0.0; features],
            deviation: vec![1.0; features],
            clamp: 5.0,
            hidden_weights: vec![0.25; features * 8],
            hidden_bias: vec![0.0; 8],
            head_weights: vec![0.5; 8 * tasks],
            head_bias: vec![-1.0; tasks],
            calibration_slope: vec![1.0; tasks],
            calibration_offset: vec![0.0; tasks],
        };
        let model = ActionModel::try_from(parameters).map_err(|error| error.to_string())?;
        ActionScorer::learnt("actions/1", model).map_err(|error| error.to_string())
    }
    let names = input_names();
    let before = learnt(&names[..FEATURES + 2]).unwrap();
    let mut rows = [[0.5; INPUTS]; 2];
    rows[1][INPUTS - 1] = 0.0;
    let predicted = before.predict(&rows);
    assert_eq!(predicted[0], predicted[1], "it does not read the input that was added");
    rows[1][0] = 0.0;
    assert_ne!(predicted[0], before.predict(&rows)[1]);
    assert!(learnt(&names).is_ok());
    assert!(learnt(&names[..FEATURES - 1]).is_err() && learnt(&names[1..]).is_err());
}
