//! Folding of events, and of taking them back.

use crate::history::Interaction;
use crate::index::secs;
use crate::recent::Activity;
use crate::state::{Contact, Reception};
use crate::turns::{Pair, Turn};
use crate::{ItemIx, Secs, UserIx, World};
use milieu_types::{Action, Event, EventKind, Seq, TieKind};

impl World {
    pub(crate) fn apply_event(&mut self, seq: Seq, event: &Event) {
        let at = secs(event.at);
        if let Some(action) = event.kind.action() {
            let user = self.user_or_bare(seq, event.actor.as_str());
            let item = self.item_or_bare(seq, event.object.as_str());
            self.interact(user, Interaction { item, at, value: event.value.unwrap_or(1.0), action });
        } else if let Some((tie, starts)) = event.kind.tie() {
            let from = self.user_or_bare(seq, event.actor.as_str());
            let to = self.user_or_bare(seq, event.object.as_str());
            let pair = (tie, from, to);
            let since = self.since(pair);
            self.turns.note(pair, since, Turn { seq, at, starts });
            if starts { self.tie(tie, from, to, at) } else { self.untie(tie, from, to) }
        } else if event.kind == EventKind::Message {
            let from = self.user_or_bare(seq, event.actor.as_str());
            let to = self.user_or_bare(seq, event.object.as_str());
            self.message(from, to);
        } else if event.kind == EventKind::Join {
            let user = self.user_or_bare(seq, event.actor.as_str());
            if !self.in_group(user, event.object.as_str()) {
                let group = self.hold_name(event.object.as_str());
                self.users[user.at()].groups.push(group);
                self.tags[group.at()].members.insert(user);
            }
        }
    }

    /// Takes back `event`, which the record `seq` had brought. What was deleted since, or was named
    /// anew after a delete, is not touched.
    pub(crate) fn apply_undo(&mut self, event: &Event, seq: Seq) {
        let at = secs(event.at);
        let Some(actor) = self.user(event.actor.as_str()).filter(|user| self.users[user.at()].born <= seq)
        else {
            return;
        };
        let other = || self.user(event.object.as_str()).filter(|user| self.users[user.at()].born <= seq);
        if let Some(action) = event.kind.action() {
            let item = self.item(event.object.as_str()).filter(|item| self.rests[item.at()].born <= seq);
            if let Some(item) = item {
                self.uninteract(actor, item, action, at);
            }
        } else if let Some((tie, starts)) = event.kind.tie() {
            let Some(other) = other() else { return };
            let pair = (tie, actor, other);
            let since = self.since(pair);
            let left = self.turns.take_back(pair, since, Turn { seq, at, starts });
            self.untie(tie, actor, other);
            if let Some(since) = left {
                self.tie(tie, actor, other, since);
            }
        } else if event.kind == EventKind::Message {
            if let Some(other) = other() {
                self.unmessage(actor, other);
            }
        } else if event.kind == EventKind::Join {
            let groups = &mut self.users[actor.at()].groups;
            let group = groups.iter().position(|&g| self.names.text(g.0) == Some(event.object.as_str()));
            if let Some(place) = group {
                let group = groups.remove(place);
                self.tags[group.at()].members.remove(actor);
                self.release_name(group);
            }
        }
    }

    fn interact(&mut self, user: UserIx, done: Interaction) {
        let Interaction { item, at, action, .. } = done;
        let state = &mut self.users[user.at()];
        if state.met.add(item.0) {
            self.rests[item.at()].audience.push(user);
        }
        if action != Action::View {
            state.history.insert(done);
        }
        let facts = &mut self.facts[item.at()];
        facts.counts[action as usize] = facts.counts[action as usize].saturating_add(1);
        if action.is_positive() {
            facts.heat.add(at);
            self.activity.push(Activity { at, item, user });
        }
        if let Some(author) = facts.author {
            self.users[author.at()].reception.plus(Reception::of(action));
        }
    }

    fn uninteract(&mut self, user: UserIx, item: ItemIx, action: Action, at: Secs) {
        let state = &mut self.users[user.at()];
        if !state.met.contains(item.0) {
            return;
        }
        if state.met.take(item.0) {
            self.rests[item.at()].audience.retain(|&other| other != user);
        }
        state.history.remove(item, action, at);
        let facts = &mut self.facts[item.at()];
        facts.counts[action as usize] = facts.counts[action as usize].saturating_sub(1);
        if action.is_positive() {
            facts.heat.take(at);
            self.activity.remove(Activity { at, item, user });
        }
        if let Some(author) = facts.author {
            self.users[author.at()].reception.minus(Reception::of(action));
        }
    }

    pub(crate) fn tie(&mut self, kind: TieKind, from: UserIx, to: UserIx, since: Secs) {
        let (out, into) = self.both_ends(kind, from, to);
        out.insert(to, since);
        into.insert(from, since);
    }

    pub(crate) fn untie(&mut self, kind: TieKind, from: UserIx, to: UserIx) {
        let (out, into) = self.both_ends(kind, from, to);
        out.remove(to);
        into.remove(from);
    }

    /// Since when a tie is.
    fn since(&mut self, (kind, from, to): Pair) -> Option<Secs> {
        self.both_ends(kind, from, to).0.get(to).map(|tie| tie.since)
    }

    fn both_ends(
        &mut self,
        kind: TieKind,
        from: UserIx,
        to: UserIx,
    ) -> (&mut crate::ties::Ties, &mut crate::ties::Ties) {
        // The two ends differ: validation refuses a tie to oneself. Should a log hold one all the
        // same, it becomes a tie of the user's own lists, which no answer shows.
        let (low, high) = (from.at().min(to.at()), from.at().max(to.at()));
        if low == high {
            let state = &mut self.users[low];
            return match kind {
                TieKind::Follow => (&mut state.following, &mut state.followers),
                TieKind::Block => (&mut state.blocking, &mut state.blocked_by),
                TieKind::Mute => (&mut state.muting, &mut state.muted_by),
                TieKind::Dismiss => (&mut state.dismissing, &mut state.dismissed_by),
            };
        }
        let (left, right) = self.users.split_at_mut(high);
        let (low, high) = (&mut left[low], &mut right[0]);
        let (from, to) = if from < to { (low, high) } else { (high, low) };
        match kind {
            TieKind::Follow => (&mut from.following, &mut to.followers),
            TieKind::Block => (&mut from.blocking, &mut to.blocked_by),
            TieKind::Mute => (&mut from.muting, &mut to.muted_by),
            TieKind::Dismiss => (&mut from.dismissing, &mut to.dismissed_by),
        }
    }

    fn message(&mut self, from: UserIx, to: UserIx) {
        let contacts = &mut self.users[from.at()].contacts;
        match contacts.binary_search_by_key(&to, |contact| contact.other) {
            Ok(place) => contacts[place].sent = contacts[place].sent.saturating_add(1),
            Err(place) => {
                contacts.insert(place, Contact { other: to, sent: 1 });
                self.users[to.at()].contacted_by.push(from);
            }
        }
    }

    fn unmessage(&mut self, from: UserIx, to: UserIx) {
        let contacts = &mut self.users[from.at()].contacts;
        let Ok(place) = contacts.binary_search_by_key(&to, |contact| contact.other) else { return };
        contacts[place].sent = contacts[place].sent.saturating_sub(1);
        if contacts[place].sent == 0 {
            contacts.remove(place);
            self.users[to.at()].contacted_by.retain(|&other| other != from);
        }
    }

    fn in_group(&self, user: UserIx, group: &str) -> bool {
        let Some(group) = self.find_name(group) else { return false };
        self.users[user.at()].groups.contains(&group)
    }
}
