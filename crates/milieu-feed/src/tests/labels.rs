//! What models say of items, as filters and reasons.

use super::{NOW, Town, event};
use crate::{Engine, FeedConfig, FeedQuery, Filter, ItemLabel, LabelBound, Stage};
use milieu_types::EventKind;

/// A town in which a model has read p0 to p19: every fourth is rude, the others are kind, more surely so the larger their
/// number. Another model finds beer in p3, p9, p15 and so on.
fn town(config: FeedConfig) -> Town {
    let town = Town { engine: Engine::new(config).unwrap(), ..Town::new() };
    for number in 0..20_u32 {
        let item = town.world.item(&format!("p{number}")).unwrap();
        let sure = 0.5 + number as f32 / 40.0;
        let (first, second) = if number % 4 == 0 { ("rude", "kind") } else { ("kind", "rude") };
        let one = |model, label, probability, applies| ItemLabel {
            model,
            label,
            probability,
            applies,
            harms: label == "rude",
        };
        let mut row = vec![one("tone", first, sure, true), one("tone", second, 1.0 - sure, false)];
        row.push(one("theme", "craft_beer", if number % 6 == 3 { 0.9 } else { 0.2 }, number % 6 == 3));
        town.engine.change_labels(|labels| labels.put(item, row));
    }
    town
}

fn bounds(names: &[&str]) -> Vec<LabelBound> {
    names.iter().map(|name| LabelBound::from_name(name).unwrap()).collect()
}

/// The numbers of the items in a feed, in order.
fn numbers(town: &Town, query: &FeedQuery) -> Vec<u32> {
    let page = town.ask("ann", &FeedQuery { limit: 30, ..query.clone() }).unwrap();
    let mut found: Vec<u32> = page.entries.iter().map(|entry| entry.id[1..].parse().unwrap()).collect();
    found.sort_unstable();
    found
}

#[test]
fn labels_decide_what_is_shown() {
    let town = town(FeedConfig::default());
    let check = |exclude: &[&str], only: &[&str], shown: &dyn Fn(u32) -> bool| {
        let query = FeedQuery { exclude: bounds(exclude), only: bounds(only), ..FeedQuery::default() };
        let expected: Vec<u32> = (0..30).filter(|&number| shown(number)).collect();
        assert_eq!(numbers(&town, &query), expected, "{exclude:?} {only:?}");
    };
    let rude = |number: u32| number < 20 && number.is_multiple_of(4);
    let beer = |number: u32| number < 20 && number % 6 == 3;
    check(&[], &[], &|_| true);
    check(&["tone/rude"], &[], &|number| !rude(number));
    check(&["tone/rude:0.6"], &[], &|number| !(rude(number) && number >= 4));
    // Those too to which it does not apply.
    check(&["tone/rude:0.4"], &[], &|number| !(rude(number) || number <= 4));
    check(&["tone/rude", "theme/craft_beer"], &[], &|number| !rude(number) && !beer(number));
    check(&[], &["tone/rude", "theme/craft_beer"], &|number| rude(number) || beer(number));
    check(&["tone/rude"], &["tone/kind:0.75"], &|number| (10..20).contains(&number) && !rude(number));
    // Nobody said so of any: it hides nothing, and nothing else is shown.
    check(&["tone/sad", "other/rude"], &[], &|_| true);
    check(&[], &["tone/sad"], &|_| false);
}

#[test]
fn what_harms_is_hidden_where_that_is_wanted() {
    let town = town(FeedConfig { hide_harmful: 0.6, ..FeedConfig::default() });
    let hidden = |number: u32| number < 20 && number.is_multiple_of(4) && number >= 4;
    let expected = |number: &u32| !hidden(*number);
    let shown = numbers(&town, &FeedQuery::default());
    assert_eq!(shown, (0..30).filter(expected).collect::<Vec<_>>());
    let disabled = vec![Stage::Filter(Filter::Harmful)];
    let all = numbers(&town, &FeedQuery { disabled, ..FeedQuery::default() });
    assert_eq!(all.len(), 30);
    let view = town.world.view(NOW as u32);
    let item = |name: &str| town.world.item(name).unwrap();
    let similar = town.engine.similar(&view, item("p0"), 30);
    assert!(similar.contains(&item("p3")) && !similar.contains(&item("p12")), "both are of its tag");
    let refused = town.engine.stages().filters;
    assert!(refused.contains(&("harmful", 4)) && refused.contains(&("label", 0)), "{refused:?}");
}

#[test]
fn a_filter_changes_no_score_and_goes_on_over_pages() {
    let town = town(FeedConfig::default());
    let all = town.ask("ann", &FeedQuery { limit: 30, ..FeedQuery::default() }).unwrap();
    let query = FeedQuery { limit: 6, exclude: bounds(&["tone/rude"]), ..FeedQuery::default() };
    let first = town.ask("ann", &query).unwrap();
    for entry in &first.entries {
        let (receipt, _, score) = town.engine.receipt(&entry.receipt).unwrap();
        let other = all.entries.iter().find(|other| other.id == entry.id).unwrap();
        assert_eq!((score.to_bits(), score.to_bits()), (receipt.score.to_bits(), other.score.to_bits()));
    }
    // What is read as rude after it was ranked is not shown.
    let later = |town: &Town| {
        let next = FeedQuery { limit: 30, cursor: first.cursor.clone(), ..query.clone() };
        let page = town.ask("ann", &next).unwrap();
        page.entries.into_iter().map(|entry| entry.id).collect::<Vec<_>>()
    };
    let shown: Vec<&str> = first.entries.iter().map(|entry| entry.id.as_str()).collect();
    let kind = (20..30).map(|n| format!("p{n}")).find(|name| !shown.contains(&name.as_str())).unwrap();
    let rude = town.world.item(&kind).unwrap();
    let label = ItemLabel { model: "tone", label: "rude", probability: 0.9, applies: true, harms: true };
    town.engine.change_labels(|labels| labels.put(rude, [label]));
    let rest = later(&town);
    assert_eq!(first.entries.len() + rest.len(), 24);
    assert!(!rest.contains(&kind));
    town.engine.change_labels(|labels| labels.keep_models(|name| name != "tone"));
    assert_eq!(numbers(&town, &query).len(), 30, "the model is gone, and what it said");
}

#[test]
fn a_label_that_is_liked_is_a_reason() {
    let reasons = |models: &[&str]| {
        let reason_models = models.iter().map(|&name| name.to_owned()).collect();
        let mut town = town(FeedConfig { reason_models, ..FeedConfig::default() });
        for item in ["p3", "p9", "p15"] {
            town.tell(event("ann", EventKind::Like, item));
        }
        // Another item of the kind, whose tag and author the user does not know.
        let other = town.world.item("p13").unwrap();
        let label =
            ItemLabel { model: "theme", label: "craft_beer", probability: 0.8, applies: true, harms: false };
        town.engine.change_labels(|labels| labels.put(other, [label]));
        let page = town.ask("ann", &FeedQuery { limit: 30, ..FeedQuery::default() }).unwrap();
        let reason = |name: &str| page.entries.iter().find(|entry| entry.id == name).unwrap().reason.clone();
        (reason("p13"), reason("p14"))
    };
    let (said, not) = reasons(&["theme"]);
    assert_eq!(
        (said.kind.as_str(), said.text.as_str()),
        ("taste_label", "You often like posts of this kind: craft beer")
    );
    assert_ne!(not.kind, "taste_label");
    assert_ne!(reasons(&["tone"]).0.kind, "taste_label");
    assert_ne!(reasons(&[]).0.kind, "taste_label");
}
