//! The world in words: ids for numbers, sorted where order means nothing.
//!
//! Two worlds that were told the same things are equal here even where their numbers or the layout
//! of their tables differ.

use crate::state::{Reception, Stage};
use crate::ties::Ties;
use crate::{ItemIx, NameIx, UserIx, World};
use milieu_types::{Action, Media, Timestamp};
use serde::Serialize;

type UserAndTime = (String, u32);
type Deed = (u32, String, Action, u32);

#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct CanonicalUser {
    id: String,
    described: bool,
    name: Option<String>,
    tags: Vec<String>,
    language: Option<String>,
    muted_keywords: Vec<String>,
    discoverable: bool,
    at: Timestamp,
    ties: [Vec<UserAndTime>; 8],
    contacts: Vec<UserAndTime>,
    contacted_by: Vec<String>,
    groups: Vec<String>,
    history: Vec<Deed>,
    met: Vec<(String, u32)>,
    authored: Vec<(u32, String)>,
    reception: Reception,
}

#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct CanonicalItem {
    id: String,
    described: bool,
    hidden: bool,
    author: Option<String>,
    at: Timestamp,
    text: Option<String>,
    media: Vec<Media>,
    tags: Vec<String>,
    language: Option<String>,
    reply_to: Option<String>,
    counts: [u32; Action::COUNT],
    /// Counts by hour and by day.
    heat: [Vec<(u32, u16)>; 2],
    text_hash: u64,
    audience: Vec<String>,
    replies: Vec<String>,
}

/// See the module.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Canonical {
    pub(crate) users: Vec<CanonicalUser>,
    pub(crate) items: Vec<CanonicalItem>,
    /// Names with their bearers, newest items, and the users who declare or joined them.
    pub(crate) names: Vec<(String, u32, [Vec<String>; 3])>,
    recent: Vec<String>,
    activity: Vec<(u32, String, String)>,
}

fn sorted<T: Ord>(values: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut values: Vec<T> = values.into_iter().collect();
    values.sort();
    values
}

impl Canonical {
    pub(crate) fn of(world: &World) -> Self {
        let user = |user: UserIx| world.user_id(user).unwrap_or("(deleted)").to_owned();
        let item = |item: ItemIx| world.item_id(item).unwrap_or("(deleted)").to_owned();
        let name = |name: NameIx| world.name(name).unwrap_or("(released)").to_owned();
        let ties = |ties: &Ties| sorted(ties.all().iter().map(|tie| (user(tie.other), tie.since)));

        let mut users = Vec::new();
        for (number, state) in world.users.iter().enumerate().filter(|(_, s)| s.stage != Stage::Deleted) {
            let profile = &state.profile;
            users.push(CanonicalUser {
                id: user(UserIx(number as u32)),
                described: state.stage == Stage::Described,
                name: profile.name.as_deref().map(Into::into),
                tags: profile.tags.iter().map(|&tag| name(tag)).collect(),
                language: profile.language.map(name),
                muted_keywords: profile.muted_keywords.iter().map(|word| word.to_string()).collect(),
                discoverable: profile.discoverable,
                at: profile.at,
                ties: [
                    ties(&state.following),
                    ties(&state.followers),
                    ties(&state.blocking),
                    ties(&state.blocked_by),
                    ties(&state.muting),
                    ties(&state.muted_by),
                    ties(&state.dismissing),
                    ties(&state.dismissed_by),
                ],
                contacts: sorted(state.contacts.iter().map(|contact| (user(contact.other), contact.sent))),
                contacted_by: sorted(state.contacted_by.iter().map(|&other| user(other))),
                groups: sorted(state.groups.iter().map(|&group| name(group))),
                history: sorted(
                    state.history.iter().map(|d| (d.at, item(d.item), d.action, d.value.to_bits())),
                ),
                met: sorted(state.met.iter().map(|(number, times)| (item(ItemIx(number)), times))),
                authored: sorted(state.authored.iter().map(|&(at, own)| (at, item(own)))),
                reception: state.reception,
            });
        }
        let mut items = Vec::new();
        for (number, facts) in world.facts.iter().enumerate().filter(|(_, f)| f.stage != Stage::Deleted) {
            let rest = &world.rests[number];
            items.push(CanonicalItem {
                id: item(ItemIx(number as u32)),
                described: facts.stage == Stage::Described,
                hidden: facts.hidden,
                author: facts.author.map(user),
                at: rest.at,
                text: rest.text.as_deref().map(Into::into),
                media: rest.media.clone(),
                tags: facts.tags.iter().map(|&tag| name(tag)).collect(),
                language: facts.language.map(name),
                reply_to: facts.reply_to.map(item),
                counts: facts.counts,
                heat: facts.heat.held(),
                text_hash: facts.text_hash,
                audience: sorted(rest.audience.iter().map(|&who| user(who))),
                replies: sorted(rest.replies.iter().map(|&reply| item(reply))),
            });
        }
        users.sort_by(|a, b| a.id.cmp(&b.id));
        items.sort_by(|a, b| a.id.cmp(&b.id));
        let names = sorted((0..world.names.len() as u32).filter_map(|number| {
            let tag = &world.tags[number as usize];
            let listed = sorted(tag.recent.newest().map(|(_, listed)| item(listed)));
            let [declaring, members] = [&tag.declared_by, &tag.members]
                .map(|crowd| sorted(crowd.all().iter().map(|&who| user(who))));
            Some((world.names.text(number)?.to_owned(), tag.bearers, [listed, declaring, members]))
        }));
        Self {
            users,
            items,
            names,
            recent: sorted(world.recent.newest().map(|(_, listed)| item(listed))),
            activity: sorted(world.activity.newest().map(|a| (a.at, item(a.item), user(a.user)))),
        }
    }

    /// FNV-1a over the postcard bytes.
    pub(crate) fn digest(&self) -> u64 {
        struct Fnv(u64);
        impl std::io::Write for Fnv {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                for &byte in bytes {
                    self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
                }
                Ok(bytes.len())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        // Writing to memory cannot fail, and every field here has a known length.
        postcard::to_io(self, Fnv(0xcbf2_9ce4_8422_2325)).map_or(0, |fnv| fnv.0)
    }
}
