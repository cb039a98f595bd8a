//! The world: the fold of the log, in memory.

use crate::crowd::Crowd;
use crate::names::Names;
use crate::recent::{ActivityRing, RecentItems};
use crate::state::{ItemFacts, ItemRest, Stage, UserState};
use crate::turns::Turns;
use crate::{ItemIx, NameIx, Secs, UserIx, View};
use milieu_types::{Record, Seq};
use serde::{Deserialize, Serialize};

/// A tag, language or group: its newest items, and who carries it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct TagState {
    /// How many users and items carry the tag; at 0 its name is forgotten.
    pub(crate) bearers: u32,
    pub(crate) recent: RecentItems,
    /// Users who declare it as an interest.
    pub(crate) declared_by: Crowd,
    /// Users who joined it as a group.
    pub(crate) members: Crowd,
}

/// Everything known, compact: users, items, ties, histories and counters under dense numbers.
///
/// It changes only by [`World::apply`] and reads no clock: the same records in the same order give
/// the same world, whenever they are applied. Answers are read through a [`View`] as of a time.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct World {
    pub(crate) applied: Seq,
    pub(crate) user_names: Names,
    pub(crate) users: Vec<UserState>,
    pub(crate) item_names: Names,
    pub(crate) facts: Vec<ItemFacts>,
    pub(crate) rests: Vec<ItemRest>,
    pub(crate) names: Names,
    pub(crate) tags: Vec<TagState>,
    pub(crate) recent: RecentItems,
    pub(crate) activity: ActivityRing,
    pub(crate) turns: Turns,
}

/// How much the world holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Size {
    /// Described users.
    pub users: usize,
    /// Described items, hidden ones too.
    pub items: usize,
    /// Follow ties.
    pub follows: usize,
    /// Distinct pairs of a user and an item that met.
    pub pairs: usize,
}

impl World {
    /// An empty world, before the first record.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The last record applied, 0 for none.
    #[must_use]
    pub fn applied(&self) -> Seq {
        self.applied
    }

    /// Applies a record. One that was applied already (`seq <= applied()`) changes nothing, so a
    /// replay may begin too early.
    pub fn apply(&mut self, seq: Seq, record: &Record) {
        if seq <= self.applied {
            return;
        }
        self.applied = seq;
        match record {
            Record::Event(event) => self.apply_event(seq, event),
            Record::Undo { undone, undone_seq, .. } => self.apply_undo(undone, *undone_seq),
            Record::PutUser(user) => self.put_user(seq, user),
            Record::PatchUser(patch) => self.patch_user(patch),
            Record::DeleteUser { id, .. } => self.delete_user(id),
            Record::PutItem(item) => self.put_item(seq, item),
            Record::PatchItem(patch) => self.patch_item(patch),
            Record::DeleteItem { id, .. } => self.delete_item(id),
        }
    }

    /// The world as it can be seen at `now`: what is dated later is not there.
    #[must_use]
    pub fn view(&self, now: Secs) -> View<'_> {
        View::new(self, now)
    }

    /// The number of the user of that id, described or bare.
    #[must_use]
    pub fn user(&self, id: &str) -> Option<UserIx> {
        self.user_names.find(id).map(UserIx)
    }

    /// The number of the item of that id, described or bare.
    #[must_use]
    pub fn item(&self, id: &str) -> Option<ItemIx> {
        self.item_names.find(id).map(ItemIx)
    }

    /// The id of a user; `None` once deleted.
    #[must_use]
    pub fn user_id(&self, user: UserIx) -> Option<&str> {
        self.user_names.text(user.0)
    }

    /// The id of an item; `None` once deleted.
    #[must_use]
    pub fn item_id(&self, item: ItemIx) -> Option<&str> {
        self.item_names.text(item.0)
    }

    /// The text of a tag, language or group.
    #[must_use]
    pub fn name(&self, name: NameIx) -> Option<&str> {
        self.names.text(name.0)
    }

    /// The number of a tag, language or group.
    #[must_use]
    pub fn find_name(&self, text: &str) -> Option<NameIx> {
        self.names.find(text).map(NameIx)
    }

    /// One more than the largest user number.
    #[must_use]
    pub fn user_bound(&self) -> usize {
        self.users.len()
    }

    /// One more than the largest item number.
    #[must_use]
    pub fn item_bound(&self) -> usize {
        self.facts.len()
    }

    /// Counts what there is; reads every user and item.
    #[must_use]
    pub fn size(&self) -> Size {
        Size {
            users: self.users.iter().filter(|user| user.stage == Stage::Described).count(),
            items: self.facts.iter().filter(|item| item.stage == Stage::Described).count(),
            follows: self.users.iter().map(|user| user.following.all().len()).sum(),
            pairs: self.users.iter().map(|user| user.met.len()).sum(),
        }
    }

    /// The user's number, with a bare user made where there is none.
    pub(crate) fn user_or_bare(&mut self, seq: Seq, id: &str) -> UserIx {
        let (number, fresh) = self.user_names.intern(id);
        if fresh {
            self.users.push(UserState::bare(seq));
        }
        UserIx(number)
    }

    /// The item's number, with a bare item made where there is none.
    pub(crate) fn item_or_bare(&mut self, seq: Seq, id: &str) -> ItemIx {
        let (number, fresh) = self.item_names.intern(id);
        if fresh {
            self.facts.push(ItemFacts::bare());
            self.rests.push(ItemRest::bare(seq));
        }
        ItemIx(number)
    }

    /// Takes a name into use by one more bearer.
    pub(crate) fn hold_name(&mut self, text: &str) -> NameIx {
        let (number, fresh) = self.names.intern(text);
        if fresh {
            self.tags.push(TagState::default());
        }
        self.tags[number as usize].bearers += 1;
        NameIx(number)
    }

    /// Gives a name back by one bearer; the last one takes the name along.
    pub(crate) fn release_name(&mut self, name: NameIx) {
        let tag = &mut self.tags[name.at()];
        tag.bearers = tag.bearers.saturating_sub(1);
        if tag.bearers == 0 {
            self.names.remove(name.0);
        }
    }
}
