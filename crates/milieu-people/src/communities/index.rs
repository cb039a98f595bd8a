//! What is computed of the whole graph from time to time.

use super::marks::{Mark, marks};
use super::stable::matched;
use super::{Edges, Marks, SMALLEST};
use crate::credibility::{Suspicion, Traits, percentiles, suspect, trust};
use milieu_graph::{Csr, GraphError, LeidenConfig, PageRankConfig, core_numbers, leiden, pagerank};
use milieu_world::{ItemIx, Secs, UserIx, View};
use serde::{Deserialize, Serialize};

/// Members that may be named as bridges of a community.
const BRIDGES: usize = 32;
/// Iterations of Leiden: beyond the second hardly anything moves.
const ITERATIONS: usize = 3;

/// A member with ties into other communities.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bridge {
    /// Who.
    pub user: UserIx,
    /// The weight of the ties to members of other communities.
    pub outside: f32,
    /// The same as a share of the weight of all ties.
    pub share: f32,
}

/// A community.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Community {
    /// Its id: kept where most of its members stay, and never given to another one.
    pub id: u32,
    /// Its members, those of the highest rank first.
    pub members: Vec<UserIx>,
    /// Tags that mark it, by their numbers.
    pub tags: Vec<Mark>,
    /// Topics that mark it.
    pub topics: Vec<Mark>,
    /// Members with the most weight to other communities.
    pub bridges: Vec<Bridge>,
}

/// Communities, ranks, cores, trust and suspicions of all users, by their numbers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PeopleIndex {
    /// When the edges were copied.
    pub at: Secs,
    /// The communities, the largest first.
    pub communities: Vec<Community>,
    /// The place in `communities` of each user.
    pub community: Vec<Option<u32>>,
    /// PageRank over follow ties and interactions.
    pub rank: Vec<f32>,
    /// Core numbers in the undirected graph of the same.
    pub cores: Vec<u32>,
    /// See [`trust`].
    pub trust: Vec<f32>,
    /// The share of described users who are trusted less; `None` of those who were not described.
    pub percentiles: Vec<Option<f32>>,
    /// What speaks against each account being what it seems; `None` of those who were not described.
    pub suspicions: Vec<Option<Suspicion>>,
    /// How far the modularity of the communities exceeds chance.
    pub modularity: f64,
    /// The id of the next new community.
    next: u32,
}

impl PeopleIndex {
    /// Computes everything anew from one view; see [`PeopleIndex::build`]. `topic` gives the topic of an item.
    ///
    /// # Errors
    /// A graph that is too large.
    pub fn of(
        view: &View<'_>,
        topic: impl Fn(ItemIx) -> Option<u32>,
        before: &Self,
    ) -> Result<Self, GraphError> {
        let edges = Edges::of(view);
        let of = |user: UserIx| view.is_described(user).then_some(user);
        let users = (0..edges.nodes as u32).map(UserIx);
        let traits: Vec<Option<Traits>> =
            users.clone().map(|user| Some(Traits::of(view, of(user)?))).collect();
        let marks: Vec<Option<Marks>> = users.map(|user| Some(Marks::of(view, of(user)?, &topic))).collect();
        Self::build(view.now(), &edges, &traits, &marks, before)
    }

    /// Computes everything anew. `traits` and `marks` hold one entry for each node of `edges`, `None` for who is not
    /// described. Communities keep the ids of those `before` that they go on from. The same input gives the same index at any
    /// number of threads.
    ///
    /// # Errors
    /// A graph that is too large.
    pub fn build(
        at: Secs,
        edges: &Edges,
        traits: &[Option<Traits>],
        marks: &[Option<Marks>],
        before: &Self,
    ) -> Result<Self, GraphError> {
        let (directed, undirected) = (edges.directed()?, edges.undirected()?);
        let suspicions = suspect(traits, &edges.followed()?);
        let trust = trust(&directed, traits, &suspicions, at)?;
        let described: Vec<f64> = traits.iter().map(|traits| f64::from(u8::from(traits.is_some()))).collect();
        let some = described.iter().any(|weight| *weight > 0.0);
        let rank = if some {
            pagerank(&directed, Some(&described), &PageRankConfig::default())?.values
        } else {
            vec![0.0; edges.nodes]
        };
        let config = LeidenConfig { iterations: ITERATIONS, ..LeidenConfig::default() };
        let found = leiden(&undirected, &config)?;
        // Communities come largest first, so those that are too small are the last ones.
        let large = found.sizes.iter().take_while(|size| **size as usize >= SMALLEST).count();
        let community: Vec<Option<u32>> =
            found.of.iter().map(|&of| ((of as usize) < large).then_some(of)).collect();
        let mut index = Self {
            at,
            communities: Vec::new(),
            rank: rank.into_iter().map(|value| value as f32).collect(),
            cores: core_numbers(&undirected),
            percentiles: percentiles(&trust, &suspicions),
            trust,
            suspicions,
            modularity: found.modularity,
            next: before.next.max(1),
            community,
        };
        index.describe(large, marks, &undirected);
        index.keep_ids(before);
        Ok(index)
    }

    fn describe(&mut self, count: usize, bearers: &[Option<Marks>], graph: &Csr) {
        let mut members: Vec<Vec<UserIx>> = vec![Vec::new(); count];
        let mut bridges: Vec<Vec<Bridge>> = vec![Vec::new(); count];
        for (number, &place) in (0..).zip(&self.community) {
            let Some(place) = place else { continue };
            members[place as usize].push(UserIx(number));
            let (mut outside, mut all) = (0.0, 0.0);
            for (other, weight) in graph.arcs_of(number) {
                all += weight;
                if self.community.get(other as usize).is_some_and(|of| *of != Some(place)) {
                    outside += weight;
                }
            }
            if outside > 0.0 {
                bridges[place as usize].push(Bridge { user: UserIx(number), outside, share: outside / all });
            }
        }
        let rank = |user: &UserIx| self.rank.get(user.at()).copied().unwrap_or(0.0);
        for (members, bridges) in members.iter_mut().zip(&mut bridges) {
            members.sort_by(|a, b| rank(b).total_cmp(&rank(a)).then(a.cmp(b)));
            bridges.sort_by(|a, b| b.outside.total_cmp(&a.outside).then(a.user.cmp(&b.user)));
            bridges.truncate(BRIDGES);
        }
        let none: &[u32] = &[];
        let tags: Vec<Vec<u32>> = bearers
            .iter()
            .map(|marks| marks.iter().flat_map(|marks| marks.tags.iter().map(|tag| tag.0)).collect())
            .collect();
        let topics = bearers.iter().map(|marks| marks.as_ref().map_or(none, |marks| &marks.topics));
        let of = |user: usize| self.community.get(user).copied().flatten().map(|place| place as usize);
        let by_tag = marks(count, tags.iter().enumerate().map(|(user, tags)| (of(user), tags.as_slice())));
        let by_topic = marks(count, topics.enumerate().map(|(user, topics)| (of(user), topics)));
        let parts = members.into_iter().zip(bridges).zip(by_tag.into_iter().zip(by_topic));
        self.communities = parts
            .map(|((members, bridges), (tags, topics))| Community { id: 0, members, tags, topics, bridges })
            .collect();
    }

    fn keep_ids(&mut self, before: &Self) {
        let matched = matched(&self.community, self.communities.len(), &before.community);
        for (community, old) in self.communities.iter_mut().zip(matched) {
            let old = old.and_then(|old| before.communities.get(old as usize));
            community.id = old.map_or(self.next, |old| old.id);
            self.next += u32::from(old.is_none());
        }
    }

    /// The community that a user belongs to.
    #[must_use]
    pub fn community_of(&self, user: UserIx) -> Option<&Community> {
        let place = self.community.get(user.at()).copied().flatten()?;
        self.communities.get(place as usize)
    }

    /// The community of that id.
    #[must_use]
    pub fn by_id(&self, id: u32) -> Option<&Community> {
        self.communities.iter().find(|community| community.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::Town;
    use milieu_types::EventKind as E;

    /// Two groups of six who follow each other, with tags of their own, and one tie between the groups.
    fn town() -> Town {
        let mut town = Town::new(&[]);
        for group in ["t", "c"] {
            for number in 0..6 {
                let tag = if group == "t" { "tea" } else { "chess" };
                town.user(&format!("{group}{number}"), &[tag, "music"], 300.0);
            }
        }
        for group in ["t", "c"] {
            for (a, b) in (0..6).flat_map(|a| (0..6).map(move |b| (a, b))).filter(|(a, b)| a != b) {
                town.event(&format!("{group}{a}"), E::Follow, &format!("{group}{b}"), 100.0);
            }
        }
        town.event("t0", E::Follow, "c0", 50.0);
        town
    }

    fn build(town: &Town, before: &PeopleIndex) -> PeopleIndex {
        PeopleIndex::of(&town.view(), |_| None, before).unwrap()
    }

    #[test]
    fn groups_are_found_marked_and_bridged() {
        let town = town();
        let index = build(&town, &PeopleIndex::default());
        assert_eq!(index.communities.len(), 2);
        let tea = index.community_of(town.number("t3")).unwrap();
        assert_eq!((tea.members.len(), index.by_id(tea.id)), (6, Some(tea)));
        assert_eq!(index.community_of(town.number("c3")).map(|community| community.members.len()), Some(6));
        let tags: Vec<_> =
            tea.tags.iter().map(|mark| town.world.name(milieu_world::NameIx(mark.what))).collect();
        assert_eq!(tags, [Some("tea")]);
        assert_eq!(tea.bridges.iter().map(|bridge| bridge.user).collect::<Vec<_>>(), [town.number("t0")]);
        assert!(index.modularity > 0.3 && index.cores.iter().all(|core| *core >= 5));
        assert!((index.rank.iter().sum::<f32>() - 1.0).abs() < 1e-4);
    }

    #[test]
    fn ids_stay_with_most_members() {
        let mut town = town();
        let first = build(&town, &PeopleIndex::default());
        let id =
            |index: &PeopleIndex, town: &Town, user: &str| index.community_of(town.number(user)).unwrap().id;
        let (tea, chess) = (id(&first, &town, "t3"), id(&first, &town, "c3"));
        // The smaller one comes last now; three new ones make another.
        town.delete_user("t0");
        for new in ["n0", "n1", "n2"] {
            town.user(new, &[], 5.0);
        }
        for (a, b) in [("n0", "n1"), ("n1", "n2"), ("n2", "n0")] {
            town.event(a, E::Follow, b, 4.0);
        }
        let second = build(&town, &first);
        assert_eq!((id(&second, &town, "t3"), id(&second, &town, "c3")), (tea, chess));
        let new = id(&second, &town, "n1");
        assert!(new != tea && new != chess && second.communities.len() == 3);
        assert_eq!(build(&town, &second), second);
    }

    #[test]
    fn nobody_and_those_alone_make_none() {
        assert_eq!(build(&Town::new(&[]), &PeopleIndex::default()).communities, []);
        let mut town = Town::new(&["ann", "ben"]);
        town.event("ann", E::Follow, "ben", 3.0);
        let index = build(&town, &PeopleIndex::default());
        assert_eq!((index.communities.len(), index.community_of(town.number("ann"))), (0, None));
        assert_eq!(index.community_of(UserIx(99)), None);
    }

    #[test]
    fn private_relations_change_nothing() {
        let mut town = town();
        let before = build(&town, &PeopleIndex::default());
        town.event("c0", E::Block, "t0", 1.0);
        town.event("c1", E::Mute, "c2", 1.0);
        town.event("c1", E::Message, "t2", 1.0);
        assert_eq!(build(&town, &PeopleIndex::default()), before);
    }
}
