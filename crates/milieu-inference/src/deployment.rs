//! What serves under one model's name: a live version, and perhaps one that gets a share of the requests
//! and one that gets copies.

use crate::shadow::{Agreement, ShadowTarget};
use crate::{AgreementSnapshot, Batcher, InferError, MetricsSnapshot, Pending, Tensor};
use parking_lot::RwLock;
use std::sync::Arc;
use std::time::Duration;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Told apart from the canary's draw, so that a shadow version sees all kinds of requests.
const SHADOW_SALT: u64 = 0x5348_4144_4f57_0001;

/// A share of the requests, between none and all of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share(f64);

impl Share {
    /// All requests.
    pub const ALL: Self = Self(1.0);

    /// That share, between 0 and 1; `None` for other numbers.
    #[must_use]
    pub fn new(share: f64) -> Option<Self> {
        (0.0..=1.0).contains(&share).then_some(Self(share))
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }

    /// Whether a request is in the share: the same for equal keys and seeds, and growing with the share.
    fn has(self, key: &[u8], seed: u64) -> bool {
        // 53 bits, so that the quotient is exact and below 1.
        let draw = (xxh3_64_with_seed(key, seed) >> 11) as f64 / (1_u64 << 53) as f64;
        draw < self.0
    }
}

/// What a version is to a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It answers.
    Live,
    /// It answers a share of the requests.
    Canary,
    /// It gets copies of a share of the requests; its answers are compared and dropped.
    Shadow,
}

/// A version of a deployment and what happened to it so far.
#[derive(Debug, Clone)]
pub struct VersionReport {
    /// What it is.
    pub role: Role,
    /// Its name.
    pub version: String,
    /// The share of the requests that are its own, or whose copies are.
    pub share: Share,
    /// Its counters.
    pub metrics: MetricsSnapshot,
    /// How it agrees with the versions that answer; of a shadow version only.
    pub agreement: Option<AgreementSnapshot>,
}

/// The version that answers one request, and where the request's copy goes. It keeps the version open.
pub struct Chosen {
    version: Arc<Batcher>,
    shadow: Option<ShadowTarget>,
}

impl Chosen {
    /// The version.
    #[must_use]
    pub fn version(&self) -> &Arc<Batcher> {
        &self.version
    }

    /// Hands the request to it; see [`Batcher::submit`].
    ///
    /// # Errors
    /// As [`Batcher::submit`].
    pub fn submit(&self, inputs: Vec<Tensor>, timeout: Option<Duration>) -> Result<Pending, InferError> {
        self.version.submit_with(Arc::new(inputs), timeout, self.shadow.clone())
    }
}

#[derive(Clone)]
struct Routing {
    live: Arc<Batcher>,
    canary: Option<(Arc<Batcher>, Share)>,
    shadow: Option<(ShadowTarget, Share)>,
}

/// The versions of one model that are being served.
///
/// Every change is one exchange of a pointer. A request that has chosen its version keeps that version open
/// until it is queued there, and what is queued is answered, so a change fails no request. A version that
/// was replaced is dropped with the last hold on it: that of the change's caller or of such a request.
pub struct Deployment {
    seed: u64,
    routing: RwLock<Arc<Routing>>,
}

impl Deployment {
    /// Serves one version. The seed decides which keys are in which share.
    #[must_use]
    pub fn new(live: Arc<Batcher>, seed: u64) -> Self {
        Self { seed, routing: RwLock::new(Arc::new(Routing { live, canary: None, shadow: None })) }
    }

    fn routing(&self) -> Arc<Routing> {
        self.routing.read().clone()
    }

    fn change<T>(&self, change: impl FnOnce(&mut Routing) -> T) -> T {
        let mut current = self.routing.write();
        let mut next = Routing::clone(&current);
        let result = change(&mut next);
        *current = Arc::new(next);
        result
    }

    /// Hands a request to the version that is to answer it; see [`Batcher::submit`]. Requests of one key
    /// (a user, say) are answered by one version as long as the shares stay.
    ///
    /// # Errors
    /// As [`Batcher::submit`].
    pub fn submit(
        &self,
        key: &[u8],
        inputs: Vec<Tensor>,
        timeout: Option<Duration>,
    ) -> Result<Pending, InferError> {
        self.choose(key).submit(inputs, timeout)
    }

    /// Chooses the version that is to answer, for callers whose tensors depend on it. The choice holds however
    /// the versions change before the request is handed in.
    #[must_use]
    pub fn choose(&self, key: &[u8]) -> Chosen {
        let routing = self.routing();
        let version = match &routing.canary {
            Some((canary, share)) if share.has(key, self.seed) => canary,
            _ => &routing.live,
        };
        let shadow = match &routing.shadow {
            Some((target, share)) if share.has(key, self.seed ^ SHADOW_SALT) => Some(target.clone()),
            _ => None,
        };
        Chosen { version: version.clone(), shadow }
    }

    /// The version that answers.
    #[must_use]
    pub fn live(&self) -> Arc<Batcher> {
        self.routing().live.clone()
    }

    /// Lets another version answer from now on, and gives back the one that did. Canary and shadow stay.
    pub fn replace(&self, live: Arc<Batcher>) -> Arc<Batcher> {
        self.change(|routing| std::mem::replace(&mut routing.live, live))
    }

    /// Lets a version answer a share of the requests, in place of the one that did so far, if any.
    pub fn set_canary(&self, canary: Option<(Arc<Batcher>, Share)>) -> Option<Arc<Batcher>> {
        let former = self.change(|routing| std::mem::replace(&mut routing.canary, canary));
        former.map(|(version, _)| version)
    }

    /// Makes the canary the live version, and gives back the one that was. `None`, and nothing changes,
    /// when there is no canary.
    pub fn promote_canary(&self) -> Option<Arc<Batcher>> {
        self.change(|routing| {
            let (canary, _) = routing.canary.take()?;
            Some(std::mem::replace(&mut routing.live, canary))
        })
    }

    /// Sends copies of a share of the requests to a version, in place of the one that got them so far. Two
    /// answers agree when no value differs by more than `tolerance`. Counting starts anew.
    pub fn set_shadow(&self, shadow: Option<(Arc<Batcher>, Share)>, tolerance: f64) -> Option<Arc<Batcher>> {
        let shadow = shadow.map(|(version, share)| {
            (ShadowTarget { version, agreement: Arc::new(Agreement::new(tolerance)) }, share)
        });
        let former = self.change(|routing| std::mem::replace(&mut routing.shadow, shadow));
        former.map(|(target, _)| target.version)
    }

    /// The versions that are being served and what happened to each: live, canary, shadow.
    #[must_use]
    pub fn report(&self) -> Vec<VersionReport> {
        let routing = self.routing();
        let report = |role, version: &Batcher, share, agreement| VersionReport {
            role,
            version: version.version().to_owned(),
            share,
            metrics: version.metrics(),
            agreement,
        };
        let canaries = routing.canary.as_ref().map_or(0.0, |(_, share)| share.get());
        let live = report(Role::Live, &routing.live, Share(1.0 - canaries), None);
        let canary =
            routing.canary.as_ref().map(|(version, share)| report(Role::Canary, version, *share, None));
        let shadow = routing.shadow.as_ref().map(|(target, share)| {
            report(Role::Shadow, &target.version, *share, Some(target.agreement.read()))
        });
        std::iter::once(live).chain(canary).chain(shadow).collect()
    }
}

impl std::fmt::Debug for Deployment {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_list().entries(self.report()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_kept_and_grow() {
        let keys: Vec<String> = (0..20_000).map(|key| format!("user-{key}")).collect();
        let within = |share: f64, seed| {
            let share = Share::new(share).unwrap();
            keys.iter().map(|key| share.has(key.as_bytes(), seed)).collect::<Vec<_>>()
        };
        for share in [0.0, 0.01, 0.1, 0.5, 1.0] {
            let found = within(share, 7).iter().filter(|has| **has).count() as f64 / keys.len() as f64;
            assert!((found - share).abs() < 0.02, "{found} of {share}");
            assert_eq!(within(share, 7), within(share, 7));
        }
        assert!(within(0.1, 7).iter().zip(within(0.2, 7)).all(|(small, large)| !small || large));
        assert_ne!(within(0.5, 7), within(0.5, 8));
        assert_eq!([-0.1, 1.1, f64::NAN].map(Share::new), [None; 3]);
    }
}
