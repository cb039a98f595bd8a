//! The versions of one model that are being served.

use super::load::Loaded;
use milieu_inference::{Chosen, Deployment, Role, Share, VersionReport};
use parking_lot::RwLock;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

/// How far two answers may be apart to count as the same: more than engines and rounding differ by.
const TOLERANCE: f64 = 1e-3;

/// A version on trial and its share of the requests.
pub(crate) type OnTrial = Option<(Arc<Loaded>, Share)>;

/// What serves.
#[derive(Clone)]
pub(crate) struct Versions {
    pub(crate) live: Arc<Loaded>,
    pub(crate) canary: OnTrial,
    pub(crate) shadow: OnTrial,
}

/// See the module. What is known of the versions and what the deployment does with them change together.
pub(crate) struct Model {
    pub(crate) name: String,
    deployment: Deployment,
    versions: RwLock<Versions>,
}

impl Versions {
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Loaded>> {
        let trials = [&self.canary, &self.shadow].into_iter().flatten().map(|(version, _)| version);
        std::iter::once(&self.live).chain(trials)
    }

    pub(crate) fn find(&self, version: u32) -> Option<&Arc<Loaded>> {
        self.all().find(|loaded| loaded.version == version)
    }
}

fn same(one: &OnTrial, other: &OnTrial) -> bool {
    match (one, other) {
        (Some((one, share)), Some((other, of))) => Arc::ptr_eq(one, other) && share == of,
        (None, None) => true,
        _ => false,
    }
}

fn batcher(trial: &OnTrial) -> Option<(Arc<milieu_inference::Batcher>, Share)> {
    trial.as_ref().map(|(version, share)| (version.batcher.clone(), *share))
}

impl Model {
    pub(crate) fn new(name: &str, versions: Versions) -> Self {
        // The name decides which keys are in which share, so that it is not the same users for all models.
        let deployment = Deployment::new(versions.live.batcher.clone(), xxh3_64(name.as_bytes()));
        deployment.set_canary(batcher(&versions.canary));
        deployment.set_shadow(batcher(&versions.shadow), TOLERANCE);
        Self { name: name.to_owned(), deployment, versions: RwLock::new(versions) }
    }

    pub(crate) fn versions(&self) -> Versions {
        self.versions.read().clone()
    }

    /// The version that is to answer a request of this key.
    pub(crate) fn choose(&self, key: &[u8]) -> (Arc<Loaded>, Chosen) {
        let versions = self.versions.read();
        let chosen = self.deployment.choose(key);
        let is_chosen = |loaded: &&Arc<Loaded>| Arc::ptr_eq(&loaded.batcher, chosen.version());
        let loaded = versions.all().find(is_chosen).unwrap_or(&versions.live).clone();
        (loaded, chosen)
    }

    /// Goes over to other versions. No request fails by it: each keeps the version that was chosen for it.
    pub(crate) fn change(&self, next: Versions) {
        let mut versions = self.versions.write();
        if !Arc::ptr_eq(&versions.live, &next.live) {
            self.deployment.replace(next.live.batcher.clone());
        }
        if !same(&versions.canary, &next.canary) {
            self.deployment.set_canary(batcher(&next.canary));
        }
        if !same(&versions.shadow, &next.shadow) {
            self.deployment.set_shadow(batcher(&next.shadow), TOLERANCE);
        }
        *versions = next;
    }

    /// What happened at each version, with what is known of it.
    pub(crate) fn report(&self) -> Vec<(Arc<Loaded>, VersionReport)> {
        let versions = self.versions.read();
        let of = |report: VersionReport| {
            let loaded = match report.role {
                Role::Live => Some(&versions.live),
                Role::Canary => versions.canary.as_ref().map(|(version, _)| version),
                Role::Shadow => versions.shadow.as_ref().map(|(version, _)| version),
            };
            loaded.map(|loaded| (loaded.clone(), report))
        };
        self.deployment.report().into_iter().filter_map(of).collect()
    }
}
