//! Folding of descriptions: put and patch of users and items.

use crate::index::secs;
use crate::recent::{RECENT_ITEMS, RECENT_ITEMS_OF_TAG};
use crate::state::{Profile, Stage};
use crate::text::text_hash;
use crate::{ItemIx, NameIx, UserIx, World};
use milieu_types::{Item, ItemPatch, Seq, User, UserPatch};

impl World {
    pub(crate) fn put_user(&mut self, seq: Seq, user: &User) {
        let number = self.user_or_bare(seq, user.id.as_str());
        let profile = Profile {
            name: user.name.as_deref().map(Into::into),
            tags: self.hold_tags(&user.tags),
            language: user.language.as_deref().map(|language| self.hold_name(language)),
            muted_keywords: lower(&user.muted_keywords),
            discoverable: user.discoverable,
            at: user.at,
        };
        let state = &mut self.users[number.at()];
        state.stage = Stage::Described;
        let old = std::mem::replace(&mut state.profile, profile);
        self.redeclare(number, old.tags);
        old.language.into_iter().for_each(|name| self.release_name(name));
    }

    pub(crate) fn patch_user(&mut self, patch: &UserPatch) {
        let Some(number) = self.user(patch.id.as_str()) else { return };
        if self.users[number.at()].stage != Stage::Described {
            return;
        }
        if let Some(tags) = &patch.tags {
            let tags = self.hold_tags(tags);
            let old = std::mem::replace(&mut self.users[number.at()].profile.tags, tags);
            self.redeclare(number, old);
        }
        if let Some(language) = &patch.language {
            let language = language.as_deref().map(|language| self.hold_name(language));
            let old = std::mem::replace(&mut self.users[number.at()].profile.language, language);
            old.into_iter().for_each(|name| self.release_name(name));
        }
        let profile = &mut self.users[number.at()].profile;
        if let Some(name) = &patch.name {
            profile.name = name.as_deref().map(Into::into);
        }
        if let Some(keywords) = &patch.muted_keywords {
            profile.muted_keywords = lower(keywords);
        }
        if let Some(discoverable) = patch.discoverable {
            profile.discoverable = discoverable;
        }
    }

    /// Lists a user under the tags they declare now and no more under the `old` ones, which are given back.
    fn redeclare(&mut self, user: UserIx, old: Vec<NameIx>) {
        for tag in &old {
            self.tags[tag.at()].declared_by.remove(user);
        }
        for tag in &self.users[user.at()].profile.tags {
            self.tags[tag.at()].declared_by.insert(user);
        }
        old.into_iter().for_each(|name| self.release_name(name));
    }

    pub(crate) fn put_item(&mut self, seq: Seq, item: &Item) {
        let number = self.item_or_bare(seq, item.id.as_str());
        self.unlist(number);
        self.detach(number);
        let author = item.author.as_ref().map(|id| self.user_or_bare(seq, id.as_str()));
        let parent = item.reply_to.as_ref().map(|id| self.item_or_bare(seq, id.as_str()));
        let tags = self.hold_tags(&item.tags);
        let language = item.language.as_deref().map(|language| self.hold_name(language));

        let facts = &mut self.facts[number.at()];
        facts.stage = Stage::Described;
        facts.hidden = item.hidden;
        facts.author = author;
        facts.at = secs(item.at);
        facts.reply_to = parent;
        facts.tags = tags.into();
        facts.language = language;
        let reception = facts.reception();
        let made = facts.at;
        self.rests[number.at()].at = item.at;
        self.set_text(number, item.text.as_deref());
        self.set_media(number, &item.media);
        if let Some(author) = author {
            let state = &mut self.users[author.at()];
            state.reception.plus(reception);
            let place = state.authored.partition_point(|&own| own < (made, number));
            state.authored.insert(place, (made, number));
        }
        if let Some(parent) = parent {
            self.rests[parent.at()].replies.push(number);
        }
        self.list(number);
    }

    pub(crate) fn patch_item(&mut self, patch: &ItemPatch) {
        let Some(number) = self.item(patch.id.as_str()) else { return };
        if self.facts[number.at()].stage != Stage::Described {
            return;
        }
        self.unlist(number);
        if let Some(text) = &patch.text {
            self.set_text(number, text.as_deref());
        }
        if let Some(media) = &patch.media {
            self.set_media(number, media);
        }
        if let Some(tags) = &patch.tags {
            let tags = self.hold_tags(tags);
            let old = std::mem::replace(&mut self.facts[number.at()].tags, tags.into());
            old.into_iter().for_each(|name| self.release_name(name));
        }
        if let Some(language) = &patch.language {
            let language = language.as_deref().map(|language| self.hold_name(language));
            let old = std::mem::replace(&mut self.facts[number.at()].language, language);
            old.into_iter().for_each(|name| self.release_name(name));
        }
        if let Some(hidden) = patch.hidden {
            self.facts[number.at()].hidden = hidden;
        }
        self.list(number);
    }

    fn set_text(&mut self, item: ItemIx, text: Option<&str>) {
        let facts = &mut self.facts[item.at()];
        facts.text_hash = text.map_or(0, text_hash);
        facts.text_len = text.map_or(0, str::len) as u32;
        self.rests[item.at()].text = text.map(Into::into);
    }

    fn set_media(&mut self, item: ItemIx, media: &[milieu_types::Media]) {
        self.facts[item.at()].media_len = media.len() as u32;
        self.rests[item.at()].media = media.to_vec();
    }

    /// Enters a described, visible item into the lists of the newest.
    fn list(&mut self, item: ItemIx) {
        let facts = &self.facts[item.at()];
        if facts.stage != Stage::Described || facts.hidden {
            return;
        }
        self.recent.insert(facts.at, item, RECENT_ITEMS);
        for tag in &facts.tags {
            self.tags[tag.at()].recent.insert(facts.at, item, RECENT_ITEMS_OF_TAG);
        }
    }

    /// Takes an item out of the lists of the newest.
    pub(crate) fn unlist(&mut self, item: ItemIx) {
        let facts = &self.facts[item.at()];
        self.recent.remove(facts.at, item);
        for tag in &facts.tags {
            self.tags[tag.at()].recent.remove(facts.at, item);
        }
    }

    /// Takes an item away from its author, parent, tags and language.
    pub(crate) fn detach(&mut self, item: ItemIx) {
        let facts = &mut self.facts[item.at()];
        let reception = facts.reception();
        let tags = std::mem::take(&mut facts.tags);
        let language = facts.language.take();
        if let Some(author) = facts.author.take() {
            let state = &mut self.users[author.at()];
            state.reception.minus(reception);
            state.authored.retain(|&(_, own)| own != item);
        }
        if let Some(parent) = facts.reply_to.take() {
            self.rests[parent.at()].replies.retain(|&reply| reply != item);
        }
        tags.into_iter().chain(language).for_each(|name| self.release_name(name));
    }

    /// Takes each distinct tag into use.
    fn hold_tags(&mut self, tags: &[String]) -> Vec<NameIx> {
        let mut held: Vec<NameIx> = Vec::with_capacity(tags.len());
        for tag in tags {
            let name = self.hold_name(tag);
            if held.contains(&name) {
                self.release_name(name);
            } else {
                held.push(name);
            }
        }
        held
    }
}

fn lower(texts: &[String]) -> Vec<Box<str>> {
    texts.iter().map(|text| text.to_lowercase().into_boxed_str()).collect()
}
