//! What happens in an app: one event is one line of an app's life.

use crate::{Id, Timestamp};
use serde::{Deserialize, Serialize};

/// Everything an app can report. The order is frozen: it is part of the log format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// The item was shown to the actor.
    View,
    /// The actor opened the item.
    Click,
    /// The actor stayed on the item; `value` is seconds.
    Dwell,
    /// The actor liked the item; `value`, where given, is a weight or a rating.
    Like,
    /// The actor answered the item; `target` names the answer.
    Reply,
    /// The actor passed the item on.
    Share,
    /// The actor passed the item on with words of their own; `target` names the new item.
    Quote,
    /// The actor kept the item for later.
    Save,
    /// The actor does not want to see the item.
    Hide,
    /// The actor reported the item.
    Report,
    /// The actor follows the object, a user.
    Follow,
    /// Ends a follow.
    Unfollow,
    /// The actor blocks the object, a user.
    Block,
    /// Ends a block.
    Unblock,
    /// The actor mutes the object, a user.
    Mute,
    /// Ends a mute.
    Unmute,
    /// The actor wrote to the object, a user.
    Message,
    /// The actor joined the object, a group.
    Join,
    /// Takes back the event whose id is `object`.
    Undo,
    /// The actor does not want the object, a user, suggested again; an `undo` ends it.
    Dismiss,
}

/// What the `object` of an event names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKind {
    /// An item.
    Item,
    /// Another user.
    User,
    /// A group.
    Group,
    /// An earlier event.
    Event,
}

/// What a user does with an item: the events whose object is an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Action {
    /// See [`EventKind::View`].
    View,
    /// See [`EventKind::Click`].
    Click,
    /// See [`EventKind::Dwell`].
    Dwell,
    /// See [`EventKind::Like`].
    Like,
    /// See [`EventKind::Reply`].
    Reply,
    /// See [`EventKind::Share`].
    Share,
    /// See [`EventKind::Quote`].
    Quote,
    /// See [`EventKind::Save`].
    Save,
    /// See [`EventKind::Hide`].
    Hide,
    /// See [`EventKind::Report`].
    Report,
}

/// A directed tie between two users that lasts until it is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TieKind {
    /// The first follows the second.
    Follow,
    /// The first blocks the second.
    Block,
    /// The first mutes the second.
    Mute,
    /// The first does not want the second suggested.
    Dismiss,
}

impl EventKind {
    /// Every kind, in the frozen order.
    pub const ALL: [EventKind; 20] = [
        Self::View,
        Self::Click,
        Self::Dwell,
        Self::Like,
        Self::Reply,
        Self::Share,
        Self::Quote,
        Self::Save,
        Self::Hide,
        Self::Report,
        Self::Follow,
        Self::Unfollow,
        Self::Block,
        Self::Unblock,
        Self::Mute,
        Self::Unmute,
        Self::Message,
        Self::Join,
        Self::Undo,
        Self::Dismiss,
    ];

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Click => "click",
            Self::Dwell => "dwell",
            Self::Like => "like",
            Self::Reply => "reply",
            Self::Share => "share",
            Self::Quote => "quote",
            Self::Save => "save",
            Self::Hide => "hide",
            Self::Report => "report",
            Self::Follow => "follow",
            Self::Unfollow => "unfollow",
            Self::Block => "block",
            Self::Unblock => "unblock",
            Self::Mute => "mute",
            Self::Unmute => "unmute",
            Self::Message => "message",
            Self::Join => "join",
            Self::Undo => "undo",
            Self::Dismiss => "dismiss",
        }
    }

    /// The kind of that name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// What the object of such an event names.
    #[must_use]
    pub fn object_kind(self) -> ObjectKind {
        match self {
            Self::Undo => ObjectKind::Event,
            Self::Join => ObjectKind::Group,
            kind if kind.action().is_some() => ObjectKind::Item,
            _ => ObjectKind::User,
        }
    }

    /// The action on an item, for the kinds that are one.
    #[must_use]
    pub fn action(self) -> Option<Action> {
        Action::ALL.get(self as usize).copied()
    }

    /// The tie this kind starts (`true`) or ends (`false`).
    #[must_use]
    pub fn tie(self) -> Option<(TieKind, bool)> {
        match self {
            Self::Follow => Some((TieKind::Follow, true)),
            Self::Unfollow => Some((TieKind::Follow, false)),
            Self::Block => Some((TieKind::Block, true)),
            Self::Unblock => Some((TieKind::Block, false)),
            Self::Mute => Some((TieKind::Mute, true)),
            Self::Unmute => Some((TieKind::Mute, false)),
            Self::Dismiss => Some((TieKind::Dismiss, true)),
            _ => None,
        }
    }
}

impl Action {
    /// Every action, in the frozen order (the first ten of [`EventKind::ALL`]).
    pub const ALL: [Action; 10] = [
        Self::View,
        Self::Click,
        Self::Dwell,
        Self::Like,
        Self::Reply,
        Self::Share,
        Self::Quote,
        Self::Save,
        Self::Hide,
        Self::Report,
    ];

    /// How many actions there are.
    pub const COUNT: usize = Self::ALL.len();

    /// The event kind of this action.
    #[must_use]
    pub fn event_kind(self) -> EventKind {
        EventKind::ALL[self as usize]
    }

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.event_kind().name()
    }

    /// Whether the action speaks for the item: anything but a mere view, a hide and a report.
    #[must_use]
    pub fn is_positive(self) -> bool {
        !matches!(self, Self::View | Self::Hide | Self::Report)
    }

    /// Whether the action speaks against the item.
    #[must_use]
    pub fn is_negative(self) -> bool {
        matches!(self, Self::Hide | Self::Report)
    }
}

/// Something that happened. Events are immutable; a mistake is taken back by an `undo`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The app's id of the event, which makes sending it twice harmless. `None` until the log gives
    /// it one of its own (`~` and the sequence number).
    pub id: Option<Id>,
    /// What happened.
    pub kind: EventKind,
    /// The user who did it.
    pub actor: Id,
    /// Whom or what it was done to; see [`EventKind::object_kind`].
    pub object: Id,
    /// A second thing involved, such as the answer of a `reply`.
    pub target: Option<Id>,
    /// Seconds for `dwell`, a weight or rating elsewhere; finite, from 0 to
    /// [`crate::validate::MAX_VALUE`].
    pub value: Option<f32>,
    /// When it happened.
    pub at: Timestamp,
    /// Free JSON of the app, kept as its text.
    pub context: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_agree() {
        for (number, kind) in EventKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, number);
            assert_eq!(EventKind::from_name(kind.name()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        for action in Action::ALL {
            assert_eq!(action.event_kind().action(), Some(action));
            assert_eq!(action.event_kind().object_kind(), ObjectKind::Item);
        }
        assert_eq!(EventKind::from_name("lick"), None);
        assert_eq!(EventKind::Message.action(), None);
        assert_eq!(EventKind::Message.object_kind(), ObjectKind::User);
        assert_eq!(EventKind::Dismiss.object_kind(), ObjectKind::User);
        assert_eq!(EventKind::Dismiss.tie(), Some((TieKind::Dismiss, true)));
    }
}
