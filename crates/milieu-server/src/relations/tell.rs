//! Answers, from the world as it is now.

use super::words;
use crate::state::{Shared, now};
use crate::understanding::Topics;
use milieu_api::{ApiError, CommunityList, CommunityOut, Credibility, InterestList, TieOut};
use milieu_feed::ItemLabels;
use milieu_people::communities::{Community, SMALLEST};
use milieu_people::interests as people;
use milieu_people::ties::tone::{Heard, of_item};
use milieu_people::ties::{Lookups, judge};
use milieu_types::{ErrorCode, Id, Timestamp};
use milieu_world::{ItemIx, UserIx, View, World, secs};

/// Members that are named of each community in the list of all.
const FIRST: usize = 5;
/// Bridges that are named of a community.
const BRIDGES: usize = 10;

fn user(world: &World, id: &Id, field: &str) -> Result<UserIx, ApiError> {
    let missing = || ApiError::at(ErrorCode::UserNotFound, field, format!("there is no user {id}"));
    world.user(id.as_str()).ok_or_else(missing)
}

fn not_enabled(what: &str, key: &str) -> ApiError {
    ApiError::new(
        ErrorCode::NotEnabled,
        format!("{what} is not told unless the configuration sets {key} to true"),
    )
}

/// The id of an item's topic.
fn topic(topics: Option<&Topics>) -> impl Fn(ItemIx) -> Option<u32> {
    move |item| Some(topics?.of_item(item.0)?.id)
}

/// What a user is interested in, at most `most` of each kind.
pub(crate) fn interests(shared: &Shared, id: &Id, most: usize) -> Result<InterestList, ApiError> {
    shared.understanding.with_topics(|topics| {
        let world = shared.world.read();
        let found = people::interests(&world.view(secs(now())), user(&world, id, "id")?, topic(topics), most);
        Ok(words::interests(&world, topics, id, found))
    })
}

/// How an item sounds, by what models say of it.
fn valence(labels: &ItemLabels, item: ItemIx) -> Option<f32> {
    let said = labels.said(item).map(|said| Heard {
        model: said.model,
        label: said.label,
        probability: said.probability,
        harms: said.harms && said.applies,
    });
    of_item(&said.collect::<Vec<_>>())
}

/// The tie of two users.
pub(crate) fn tie(shared: &Shared, a: &Id, b: &Id) -> Result<TieOut, ApiError> {
    shared.understanding.with_topics(|topics| {
        let world = shared.world.read();
        let (of_a, of_b) = (user(&world, a, "a")?, user(&world, b, "b")?);
        if of_a == of_b {
            return Err(ApiError::at(ErrorCode::InvalidParameter, "b", "is the same user as the first"));
        }
        let view = world.view(secs(now()));
        // After the world, as feeds do: taken the other way round, the two could wait for each other.
        let found = shared.engine.read_labels(|labels| {
            let (topic, valence) = (topic(topics), |item| valence(labels, item));
            let lookups = Lookups { model: &shared.relations.model, topic: &topic, valence: &valence };
            milieu_people::ties::tie(&view, of_a, of_b, &lookups)
        });
        let kind = shared.config.people.kinds.then(|| words::kind(&judge(&found)));
        if let Some(kind) = &kind {
            let (a, b) = (a.as_str(), b.as_str());
            tracing::info!(target: "milieu::sensitive", inference = "kind", a, b, given = kind.name);
        }
        Ok(words::tie(&world, topics, (a, b), found, kind))
    })
}

/// The members of a community that may be named, in order.
fn named<'c>(view: View<'c>, community: &'c Community) -> impl Iterator<Item = UserIx> + 'c {
    community.members.iter().copied().filter(move |member| view.is_discoverable(*member))
}

/// A community with some of its members; `None` where too few may be named.
fn told(
    view: View<'_>,
    topics: Option<&Topics>,
    community: &Community,
    (after, most): (usize, usize),
) -> Option<CommunityOut> {
    let size = named(view, community).count();
    let members: Vec<UserIx> = named(view, community).skip(after).take(most).collect();
    let bridges = community.bridges.iter().filter(|bridge| view.is_discoverable(bridge.user)).take(BRIDGES);
    (size >= SMALLEST).then(|| words::community(view.world(), topics, community, size, &members, bridges))
}

/// The largest communities.
pub(crate) fn communities(shared: &Shared, most: usize) -> CommunityList {
    let (index, at) = (shared.relations.index(), secs(now()));
    shared.understanding.with_topics(|topics| {
        // One hold of the world for each, since all of its members are looked at.
        let told = |community| told(shared.world.read().view(at), topics, community, (0, FIRST));
        let mut communities: Vec<CommunityOut> = index.communities.iter().filter_map(told).collect();
        communities.sort_by_key(|community| (std::cmp::Reverse(community.size), community.id));
        communities.truncate(most);
        CommunityList {
            computed_at: (index.at > 0).then(|| Timestamp::from_secs(i64::from(index.at))),
            modularity: index.modularity,
            communities,
        }
    })
}

/// One community, with members from one place on.
pub(crate) fn community(
    shared: &Shared,
    id: u32,
    after: usize,
    most: usize,
) -> Result<CommunityOut, ApiError> {
    let index = shared.relations.index();
    let missing = || ApiError::at(ErrorCode::CommunityNotFound, "id", format!("there is no community {id}"));
    let community = index.by_id(id).ok_or_else(missing)?;
    shared.understanding.with_topics(|topics| {
        let world = shared.world.read();
        told(world.view(secs(now())), topics, community, (after, most)).ok_or_else(missing)
    })
}

/// How far an account is trusted, and what speaks against it.
pub(crate) fn credibility(shared: &Shared, id: &Id) -> Result<Credibility, ApiError> {
    if !shared.config.people.credibility {
        return Err(not_enabled("the credibility of accounts", "people.credibility"));
    }
    let number = user(&shared.world.read(), id, "id")?;
    let index = shared.relations.index();
    let percentile = index.percentiles.get(number.at()).copied().flatten();
    let suspicion = index.suspicions.get(number.at()).copied().flatten();
    let (Some(percentile), Some(suspicion)) = (percentile, suspicion) else {
        let message = "nothing was computed of this account yet";
        return Err(ApiError::at(ErrorCode::NotFound, "id", message));
    };
    let score = f64::from(suspicion.score);
    tracing::info!(target: "milieu::sensitive", inference = "credibility", user = id.as_str(), percentile, score);
    Ok(words::credibility(id, Timestamp::from_secs(i64::from(index.at)), percentile, &suspicion))
}
