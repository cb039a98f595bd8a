//! Suggestions of people leak nothing: held against a naive model over random lives.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic here is a failed test"
)]

mod log;
mod model;
mod scenes;

use log::{USERS, any_item, any_log, any_user, event, fold, now, user_name};
use milieu_people::suggest::{Reason, SuggestConfig, Suggestion, suggest};
use milieu_types::{EventKind, Record};
use milieu_world::{NameIx, UserIx, World};
use model::{Model, Told};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn ask(world: &World, asker: &str) -> Vec<Suggestion> {
    let config = SuggestConfig { named: 10, ..SuggestConfig::default() };
    match world.user(asker) {
        Some(asker) => suggest(&world.view(now()), asker, 100, &config),
        None => Vec::new(),
    }
}

fn names(world: &World, names: &[NameIx]) -> BTreeSet<String> {
    names.iter().map(|&name| world.name(name).unwrap().to_owned()).collect()
}

/// What the reasons of a suggestion say.
fn said(world: &World, suggestion: &Suggestion) -> Told {
    let mut said = Told::default();
    for reason in &suggestion.reasons {
        match reason {
            Reason::FollowsYou => said.follows = true,
            Reason::Friends { count, named } => {
                said.friends = named.iter().map(|&user| world.user_id(user).unwrap().to_owned()).collect();
                assert_eq!(*count as usize, named.len(), "all are named here");
            }
            Reason::YouReact { count } => said.to_them = *count as usize,
            Reason::TheyReact { count } => said.from_them = *count as usize,
            Reason::BothAnswer { count, .. } => said.answers = *count as usize,
            Reason::SameItems { count } => said.same_items = *count as usize,
            Reason::SameGroups { groups } => said.groups = names(world, groups),
            Reason::SameTags { tags } => said.tags = names(world, tags),
        }
    }
    said
}

/// The answer without some users.
fn without(answer: &[Suggestion], gone: UserIx) -> Vec<Suggestion> {
    answer.iter().filter(|suggestion| suggestion.user != gone).cloned().collect()
}

fn names_nobody_of(answer: &[Suggestion], gone: UserIx) -> bool {
    answer.iter().all(|suggestion| {
        suggestion.user != gone && suggestion.reasons.iter().all(|reason| !reason.people().contains(&gone))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Everybody who may be suggested is, for the reasons that everybody may see, and nobody else.
    #[test]
    fn as_the_model_says(log in any_log()) {
        let (world, model) = (fold(&log), Model::of(&log));
        for asker in (0..USERS).map(user_name) {
            let answer = ask(&world, &asker);
            prop_assert!(answer.is_sorted_by(|a, b| a.score >= b.score));
            let found: Vec<String> =
                answer.iter().map(|suggestion| world.user_id(suggestion.user).unwrap().to_owned()).collect();
            let expected: BTreeSet<String> = (0..USERS)
                .map(user_name)
                .filter(|other| model.may_be_suggested(&asker, other))
                .filter(|other| model.told(&asker, other) != Told::default())
                .collect();
            prop_assert_eq!(found.len(), expected.len(), "each once");
            prop_assert_eq!(found.iter().cloned().collect::<BTreeSet<_>>(), expected, "to {}", &asker);
            for (name, suggestion) in found.iter().zip(&answer) {
                prop_assert_eq!(said(&world, suggestion), model.told(&asker, name), "{} to {}", name, &asker);
                prop_assert!(!suggestion.reasons.is_empty());
            }
        }
    }

    /// What nobody else may know of changes no answer.
    #[test]
    fn private_deeds_change_nothing(log in any_log(), asker in any_user(), actor in any_user(), item in any_item(),
                                    other in any_user()) {
        use EventKind::*;
        let before = ask(&fold(&log), &asker);
        let after = |kind, object: &str| {
            let mut log = log.clone();
            log.push(event(kind, &actor, object));
            ask(&fold(&log), &asker)
        };
        for kind in [View, Click, Dwell, Save, Hide, Report] {
            prop_assert_eq!(&after(kind, &item), &before, "{:?}", kind);
        }
        prop_assume!(actor != other);
        prop_assert_eq!(&after(Message, &other), &before, "a message");
        if actor != asker && other != asker {
            for kind in [Block, Unblock, Mute, Unmute, Dismiss] {
                prop_assert_eq!(&after(kind, &other), &before, "{:?} between others", kind);
            }
        }
    }

    /// A block, a mute, a dismissal or a delete takes somebody away from the very next answer, and tells of nothing else.
    #[test]
    fn the_next_answer_knows(log in any_log(), asker in any_user(), other in any_user()) {
        use EventKind::*;
        prop_assume!(asker != other);
        let world = fold(&log);
        let (Some(gone), Some(_)) = (world.user(&other), world.user(&asker)) else { return Ok(()) };
        let before = ask(&world, &asker);
        let after = |record: Record| {
            let mut log = log.clone();
            log.push(record);
            ask(&fold(&log), &asker)
        };
        prop_assert_eq!(after(event(Dismiss, &asker, &other)), without(&before, gone), "dismissed");
        prop_assert_eq!(after(event(Mute, &other, &asker)), without(&before, gone), "muted by them");
        prop_assert_eq!(after(event(Dismiss, &other, &asker)), before, "dismissed by them");
        let delete = Record::DeleteUser { id: log::id(&other), at: log::at(90) };
        for record in [event(Block, &asker, &other), event(Block, &other, &asker), event(Mute, &asker, &other), delete] {
            let said = format!("{record:?}");
            prop_assert!(names_nobody_of(&after(record), gone), "{}", said);
        }
    }
}
