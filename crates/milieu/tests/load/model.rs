//! What the log's records come to, by a fold of its own that knows nothing of the world's.

use super::{Deed, Op};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How often each action was done to an item.
pub(crate) type Counts = BTreeMap<String, u32>;

#[derive(Default)]
pub(crate) struct Model {
    /// Users by id: the record that first named them, and whether they are described.
    users: BTreeMap<String, (u64, bool)>,
    /// Items by id: the author, once described.
    items: BTreeMap<String, Option<String>>,
    /// Actions that stand, by record.
    actions: BTreeMap<u64, Deed>,
    /// Follows and unfollows that stand, by pair and record: the last says whether the tie is there.
    follows: BTreeMap<(String, String), BTreeMap<u64, bool>>,
    /// Every event by id.
    events: HashMap<String, (u64, Deed)>,
}

impl Model {
    pub(crate) fn apply(&mut self, seq: u64, op: &Op) {
        match op {
            Op::Deed(deed) => self.deed(seq, deed),
            Op::PutUser { id, .. } => self.user(seq, id).1 = true,
            Op::PutItem { id, author, .. } => {
                self.user(seq, author);
                self.items.insert(id.clone(), Some(author.clone()));
            }
            Op::PatchItem { .. } => {}
            Op::DeleteItem { id } => self.delete_item(id),
            Op::DeleteUser { id } => {
                self.users.remove(id);
                let own = |author: &Option<String>| author.as_ref() == Some(id);
                let authored: Vec<String> = self
                    .items
                    .iter()
                    .filter(|(_, author)| own(author))
                    .map(|(item, _)| item.clone())
                    .collect();
                authored.iter().for_each(|item| self.delete_item(item));
                self.actions.retain(|_, deed| deed.actor != *id);
                self.follows.retain(|(from, to), _| from != id && to != id);
            }
        }
    }

    fn user(&mut self, seq: u64, id: &str) -> &mut (u64, bool) {
        self.users.entry(id.to_owned()).or_insert((seq, false))
    }

    fn delete_item(&mut self, id: &str) {
        self.items.remove(id);
        self.actions.retain(|_, deed| deed.object != id);
    }

    fn deed(&mut self, seq: u64, deed: &Deed) {
        self.events.insert(deed.id.clone(), (seq, deed.clone()));
        match deed.kind {
            "undo" => self.undo(&deed.object),
            "follow" | "unfollow" => {
                self.user(seq, &deed.actor);
                self.user(seq, &deed.object);
                let pair = (deed.actor.clone(), deed.object.clone());
                self.follows.entry(pair).or_default().insert(seq, deed.kind == "follow");
            }
            _ => {
                self.user(seq, &deed.actor);
                self.items.entry(deed.object.clone()).or_default();
                self.actions.insert(seq, deed.clone());
            }
        }
    }

    fn undo(&mut self, event: &str) {
        let (seq, deed) = self.events[event].clone();
        self.actions.remove(&seq);
        // With a user deleted since, the pair's turns are gone.
        if let Some(turns) = self.follows.get_mut(&(deed.actor, deed.object)) {
            turns.remove(&seq);
        }
    }

    /// Described users, described items, follow ties, pairs of a user and an item: as `/v1/stats` says.
    pub(crate) fn size(&self) -> [usize; 4] {
        let pairs: BTreeSet<_> = self.actions.values().map(|deed| (&deed.actor, &deed.object)).collect();
        [
            self.users.values().filter(|(_, described)| *described).count(),
            self.items.values().flatten().count(),
            self.follows.values().filter(|turns| turns.values().last() == Some(&true)).count(),
            pairs.len(),
        ]
    }

    /// The counts of every item there is, bare ones too.
    pub(crate) fn counts(&self) -> BTreeMap<String, Counts> {
        let mut counts: BTreeMap<String, Counts> =
            self.items.keys().map(|id| (id.clone(), Counts::new())).collect();
        for deed in self.actions.values() {
            let of_item = counts.entry(deed.object.clone()).or_default();
            *of_item.entry(deed.kind.to_owned()).or_default() += 1;
        }
        counts
    }
}
