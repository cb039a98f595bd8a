//! Which items an answer may hold.

use crate::understanding::meanings::Meanings;
use milieu_api::SearchIn;
use milieu_world::{ItemIx, NameIx, Secs, UserIx, View, World, secs};
use std::collections::HashSet;

/// Which items count, in the numbers of the world.
pub(super) struct Filter<'m> {
    /// Topics that are asked for, and where items have theirs.
    topics: Option<(HashSet<u32>, &'m Meanings)>,
    ids: Option<HashSet<u32>>,
    tags: Option<Vec<NameIx>>,
    language: Option<NameIx>,
    author: Option<UserIx>,
    after: Secs,
    /// The first second that is too late.
    before: Secs,
}

impl<'m> Filter<'m> {
    /// `None` where nothing can pass, since the world has no such name, or nothing has a topic.
    pub(super) fn of(asked: &SearchIn, world: &World, meanings: Option<&'m Meanings>) -> Option<Self> {
        let ids = asked.ids.as_ref().map(|ids| {
            ids.iter().filter_map(|id| world.item(id.as_str())).map(|item| item.0).collect::<HashSet<u32>>()
        });
        let tags = asked
            .tags
            .as_ref()
            .map(|tags| tags.iter().filter_map(|tag| world.find_name(tag)).collect::<Vec<NameIx>>());
        let language = match &asked.language {
            Some(language) => Some(world.find_name(language)?),
            None => None,
        };
        let author = match &asked.author {
            Some(author) => Some(world.user(author.as_str())?),
            None => None,
        };
        let topics = match &asked.topics {
            Some(topics) => Some((topics.iter().copied().collect(), meanings?)),
            None => None,
        };
        let after = asked.after.map_or(0, secs);
        let before = asked.before.map_or(Secs::MAX, secs);
        Some(Self { topics, ids, tags, language, author, after, before })
    }

    pub(super) fn keeps(&self, view: &View<'_>, number: u32) -> bool {
        let item = ItemIx(number);
        if !view.is_visible(item) || self.ids.as_ref().is_some_and(|ids| !ids.contains(&number)) {
            return false;
        }
        let facts = view.facts(item);
        (self.after..self.before).contains(&facts.at)
            && self.language.is_none_or(|language| facts.language == Some(language))
            && self.topics.as_ref().is_none_or(|(topics, meanings)| {
                meanings.topics().of_item(number).is_some_and(|topic| topics.contains(&topic.id))
            })
            && self.author.is_none_or(|author| facts.author == Some(author))
            && self.tags.as_ref().is_none_or(|tags| facts.tags.iter().any(|tag| tags.contains(tag)))
    }
}
