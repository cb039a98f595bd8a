//! Small scenes with known answers.

use crate::log::{at, event, fold, id, item, now, undo, user};
use milieu_graph::Adjacency;
use milieu_people::FollowTies;
use milieu_people::suggest::{SuggestConfig, suggest};
use milieu_types::EventKind::{Block, Dismiss, Follow, Join, Like, Mute, Reply, Unfollow, View};
use milieu_types::{Language, Record};
use milieu_world::World;

/// The people suggested to Ann, each with the reasons in words.
fn told(world: &World, config: &SuggestConfig) -> Vec<String> {
    in_language(world, config, Language::En)
}

fn in_language(world: &World, config: &SuggestConfig, language: Language) -> Vec<String> {
    let view = world.view(now());
    let suggestions = suggest(&view, world.user("ann").unwrap(), 10, config);
    let line = |suggestion: &milieu_people::suggest::Suggestion| {
        let reasons: Vec<String> =
            suggestion.reasons.iter().map(|reason| reason.words(&view, language)).collect();
        format!("{}: {}", world.user_id(suggestion.user).unwrap(), reasons.join("; "))
    };
    suggestions.iter().map(line).collect()
}

fn people(names: &[&str]) -> Vec<Record> {
    names.iter().map(|name| user(name, &[], true)).collect()
}

fn check(records: &[Record], expected: &[&str]) {
    assert_eq!(told(&fold(records), &SuggestConfig::default()), expected, "{records:?}");
}

#[test]
fn reasons_in_words() {
    let with = |records: &[Record]| {
        let mut all = people(&["ann", "ben", "cy", "dan", "eva", "flo"]);
        all.extend_from_slice(records);
        all
    };
    let follow = |a, b| event(Follow, a, b);
    check(&with(&[]), &[]);
    check(&with(&[follow("ben", "ann")]), &["ben: Follows you"]);
    check(&with(&[follow("ann", "ben"), follow("ben", "cy")]), &["cy: 1 friend in common: ben"]);
    check(
        &with(&["ben", "cy", "dan"].map(|friend| [follow("ann", friend), follow("eva", friend)]).concat()),
        &["eva: 3 friends in common: ben, cy and dan"],
    );
    check(
        &with(
            &["ben", "cy", "dan", "flo"]
                .map(|friend| [follow("ann", friend), follow(friend, "eva")])
                .concat(),
        ),
        &["eva: 4 friends in common, among them ben, cy and dan"],
    );
    let posts = ["p0", "p1", "p2"].map(|name| item(name, Some("ben"), &["cider"]));
    let deeds = |kind, actor| ["p0", "p1", "p2"].map(|post| event(kind, actor, post));
    check(
        &with(&[posts.as_slice(), &deeds(Reply, "ann"), &deeds(Reply, "cy")].concat()),
        &[
            "ben: You liked, answered or shared their posts 3 times",
            "cy: You both often answer about cider; You both liked, answered or shared the same 3 posts",
        ],
    );
    // Two answers are not often, and to see a post is nobody's business.
    check(
        &with(
            &[posts.as_slice(), &deeds(Reply, "ann"), &deeds(Reply, "cy")[..2], &deeds(View, "dan")].concat(),
        ),
        &[
            "ben: You liked, answered or shared their posts 3 times",
            "cy: You both liked, answered or shared the same 2 posts",
        ],
    );
    check(
        &with(&[item("own", Some("ann"), &[]), event(Like, "cy", "own"), event(View, "ben", "own")]),
        &["cy: They liked, answered or shared your posts once"],
    );
    check(
        &with(&[
            user("ann", &["cider", "chess"], true),
            user("ben", &["chess", "cider"], true),
            event(Join, "ann", "brewers"),
            event(Join, "ben", "brewers"),
        ]),
        &["ben: You are both in brewers; You are both interested in cider and chess"],
    );
    let friends = ["ben", "cy", "dan", "flo"].map(|name| [follow("ann", name), follow(name, "eva")]).concat();
    let world = fold(&with(&[friends, vec![follow("eva", "ann")]].concat()));
    let chinese = in_language(&world, &SuggestConfig { named: 2, ..SuggestConfig::default() }, Language::Zh);
    assert_eq!(chinese, ["eva: 你们有ben、cy等4位共同好友; 关注了你"]);
}

#[test]
fn rarer_ties_come_first_and_a_limit_holds() {
    let mut all = people(&["ann", "hub", "ben", "cy", "dan"]);
    for other in 0..30 {
        let name = format!("other-{other}");
        all.extend([user(&name, &[], true), event(Follow, &name, "hub")]);
    }
    all.extend([event(Follow, "ann", "hub"), event(Follow, "ann", "ben"), event(Follow, "ben", "dan")]);
    let world = fold(&all);
    let lines = told(&world, &SuggestConfig::default());
    assert_eq!((lines.len(), lines[0].as_str()), (10, "dan: 1 friend in common: ben"));
    // Where the work is bounded to less than the hub's ties, nobody is looked for among them.
    let config = SuggestConfig { ties: 10, ..SuggestConfig::default() };
    assert_eq!(told(&world, &config), ["dan: 1 friend in common: ben"]);
}

#[test]
fn a_dismissal_lasts_until_it_is_undone() {
    let follow = event(Follow, "ben", "ann");
    let dismiss = event(Dismiss, "ann", "ben");
    let mut all =
        [people(&["ann", "ben"]), vec![follow, dismiss.clone(), event(Unfollow, "ben", "ann")]].concat();
    all.push(event(Follow, "ben", "ann"));
    check(&all, &[]);
    all.push(undo(&dismiss, 4));
    check(&all, &["ben: Follows you"]);
    // Who is deleted and comes again is somebody else.
    let mut all = [people(&["ann", "ben"]), vec![dismiss]].concat();
    all.push(Record::DeleteUser { id: id("ben"), at: at(70) });
    all.extend([user("ben", &[], true), event(Follow, "ben", "ann")]);
    check(&all, &["ben: Follows you"]);
}

#[test]
fn follow_ties_are_a_graph() {
    let mut all = people(&["ann", "ben", "cy", "dan"]);
    all.extend([
        event(Follow, "ann", "ben"),
        event(Follow, "ben", "ann"),
        event(Follow, "cy", "ann"),
        event(Follow, "ann", "dan"),
        event(Block, "dan", "ann"),
        event(Mute, "ann", "ben"),
    ]);
    let world = fold(&all);
    let ties = FollowTies::new(world.view(now()));
    let arcs = |node| ties.arcs_of(node).collect::<Vec<_>>();
    assert_eq!(ties.nodes(), 4);
    assert_eq!(arcs(0), [(1, 2.0), (2, 1.0), (3, 1.0)]);
    assert_eq!(arcs(1), [(0, 2.0)]);
    assert_eq!((arcs(2), arcs(3)), (vec![(0, 1.0)], vec![(0, 1.0)]));
    assert_eq!((ties.degree(0), ties.degree(9), arcs(9).len()), (3, 0, 0));
    let past = FollowTies::new(world.view(0));
    assert_eq!((past.nodes(), past.degree(0)), (4, 0));
}
