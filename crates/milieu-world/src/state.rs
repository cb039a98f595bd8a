//! What the world keeps of one user and of one item.

use crate::counts::Counts;
use crate::heat::Heat;
use crate::history::History;
use crate::ties::Ties;
use crate::{ItemIx, NameIx, Secs, UserIx};
use milieu_types::{Action, Media, Seq, Timestamp};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// How far an entity has come in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// Named by an event, never described: shown to nobody.
    Bare,
    /// Described by the app.
    Described,
    /// Deleted; only its number remains, so that it is not used again.
    Deleted,
}

/// What others did with the items of an author, or with one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Reception {
    /// Times shown.
    pub views: u32,
    /// Actions that speak for it.
    pub positives: u32,
    /// Actions that speak against it.
    pub negatives: u32,
}

impl Reception {
    pub(crate) fn plus(&mut self, other: Reception) {
        self.views = self.views.saturating_add(other.views);
        self.positives = self.positives.saturating_add(other.positives);
        self.negatives = self.negatives.saturating_add(other.negatives);
    }

    pub(crate) fn minus(&mut self, other: Reception) {
        self.views = self.views.saturating_sub(other.views);
        self.positives = self.positives.saturating_sub(other.positives);
        self.negatives = self.negatives.saturating_sub(other.negatives);
    }

    pub(crate) fn of(action: Action) -> Self {
        Self {
            views: u32::from(action == Action::View),
            positives: u32::from(action.is_positive()),
            negatives: u32::from(action.is_negative()),
        }
    }
}

/// How a user is described.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Profile {
    pub(crate) name: Option<Box<str>>,
    pub(crate) tags: Vec<NameIx>,
    pub(crate) language: Option<NameIx>,
    /// In lower case.
    pub(crate) muted_keywords: Vec<Box<str>>,
    pub(crate) discoverable: bool,
    pub(crate) at: Timestamp,
}

/// Messages from a user to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Contact {
    pub(crate) other: UserIx,
    pub(crate) sent: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct UserState {
    pub(crate) stage: Stage,
    /// The log record that first named the user; what is older concerns an earlier bearer of the id.
    pub(crate) born: Seq,
    pub(crate) profile: Profile,
    pub(crate) following: Ties,
    pub(crate) followers: Ties,
    pub(crate) blocking: Ties,
    pub(crate) blocked_by: Ties,
    pub(crate) muting: Ties,
    pub(crate) muted_by: Ties,
    pub(crate) dismissing: Ties,
    pub(crate) dismissed_by: Ties,
    /// Messages sent, ascending by receiver.
    pub(crate) contacts: Vec<Contact>,
    /// Who wrote to this user.
    pub(crate) contacted_by: Vec<UserIx>,
    pub(crate) groups: Vec<NameIx>,
    pub(crate) history: History,
    /// Every item the user met in any way, with the number of times.
    pub(crate) met: Counts,
    /// Own items in ascending order of time.
    pub(crate) authored: Vec<(Secs, ItemIx)>,
    /// What others did with the own items.
    pub(crate) reception: Reception,
}

impl UserState {
    pub(crate) fn bare(born: Seq) -> Self {
        Self {
            stage: Stage::Bare,
            born,
            profile: Profile::default(),
            following: Ties::default(),
            followers: Ties::default(),
            blocking: Ties::default(),
            blocked_by: Ties::default(),
            muting: Ties::default(),
            muted_by: Ties::default(),
            dismissing: Ties::default(),
            dismissed_by: Ties::default(),
            contacts: Vec::new(),
            contacted_by: Vec::new(),
            groups: Vec::new(),
            history: History::default(),
            met: Counts::default(),
            authored: Vec::new(),
            reception: Reception::default(),
        }
    }
}

/// The part of an item that ranking reads for every candidate.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ItemFacts {
    pub(crate) stage: Stage,
    pub(crate) hidden: bool,
    /// Who made it.
    pub author: Option<UserIx>,
    /// When it was made.
    pub at: Secs,
    /// The item it answers.
    pub reply_to: Option<ItemIx>,
    /// Its topics.
    pub tags: SmallVec<[NameIx; 4]>,
    /// Its language.
    pub language: Option<NameIx>,
    /// How often each action was done, in the order of [`Action::ALL`].
    pub counts: [u32; Action::COUNT],
    /// Positive actions, now and over days.
    pub heat: Heat,
    /// Equal for items whose texts are equal but for case and white space; 0 without text.
    pub text_hash: u64,
    /// Length of the text in bytes.
    pub text_len: u32,
    /// Number of attached media.
    pub media_len: u32,
}

impl ItemFacts {
    pub(crate) fn bare() -> Self {
        Self {
            stage: Stage::Bare,
            hidden: false,
            author: None,
            at: 0,
            reply_to: None,
            tags: SmallVec::new(),
            language: None,
            counts: [0; Action::COUNT],
            heat: Heat::default(),
            text_hash: 0,
            text_len: 0,
            media_len: 0,
        }
    }

    /// What was done with the item, summed up.
    #[must_use]
    pub fn reception(&self) -> Reception {
        let sum = |wanted: fn(Action) -> bool| {
            Action::ALL
                .into_iter()
                .filter(|&a| wanted(a))
                .map(|a| self.counts[a as usize])
                .fold(0, u32::saturating_add)
        };
        Reception {
            views: self.counts[Action::View as usize],
            positives: sum(Action::is_positive),
            negatives: sum(Action::is_negative),
        }
    }
}

/// The part of an item that is read only when it is shown or changed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ItemRest {
    pub(crate) born: Seq,
    pub(crate) at: Timestamp,
    pub(crate) text: Option<Box<str>>,
    pub(crate) media: Vec<Media>,
    /// Who met the item, each once.
    pub(crate) audience: Vec<UserIx>,
    /// Items that answer this one.
    pub(crate) replies: Vec<ItemIx>,
}

impl ItemRest {
    pub(crate) fn bare(born: Seq) -> Self {
        Self {
            born,
            at: Timestamp::from_millis(0),
            text: None,
            media: Vec::new(),
            audience: Vec::new(),
            replies: Vec::new(),
        }
    }
}
