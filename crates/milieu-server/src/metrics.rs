//! Counters and the Prometheus text (exposition format 0.0.4).

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The routes that are counted, as they are written in the router.
pub(crate) const ROUTES: [&str; 38] = [
    "/v1/events",
    "/v1/users",
    "/v1/users/{*id}",
    "/v1/items",
    "/v1/items/{*id}",
    "/v1/items/search",
    "/v1/feed/{*user}",
    "/v1/topics",
    "/v1/trends",
    "/v1/receipts/{id}",
    "/v1/stats",
    "/v1/training",
    "/v1/models",
    "/v1/models/{name}",
    "/v1/models/{name}/{version}",
    "/v1/models/{name}/promote",
    "/v1/models/{name}/rollback",
    "/v1/datasets",
    "/v1/datasets/{name}",
    "/v1/jobs",
    "/v1/jobs/{id}",
    "/v1/jobs/{id}/cancel",
    "/v1/jobs/{id}/events",
    "/v1/jobs/{id}/report",
    "/v1/models/{name}/canary",
    "/v1/models/{name}/shadow",
    "/v1/analyze/image",
    "/v1/analyze/text",
    "/v2/models/{name}",
    "/v2/models/{name}/versions/{version}",
    "/v2/models/{name}/ready",
    "/v2/models/{name}/versions/{version}/ready",
    "/v2/models/{name}/infer",
    "/v2/models/{name}/versions/{version}/infer",
    "/v2/health/ready",
    "/healthz",
    "/readyz",
    "other",
];

/// Upper bounds of the latency buckets, in microseconds.
const BOUNDS: [u64; 12] =
    [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000, 500_000, 2_500_000, 10_000_000];

#[derive(Default)]
struct OfRoute {
    /// By the hundreds of the status.
    answers: [AtomicU64; 6],
    buckets: [AtomicU64; BOUNDS.len()],
    micros: AtomicU64,
}

/// What is counted of each of [`ROUTES`].
struct Routes([OfRoute; ROUTES.len()]);

impl Default for Routes {
    fn default() -> Self {
        Self(std::array::from_fn(|_| OfRoute::default()))
    }
}

/// See the module. Counting is a few relaxed additions: cheap enough for every request.
#[derive(Default)]
pub(crate) struct Metrics {
    routes: Routes,
    pub(crate) events_accepted: AtomicU64,
    pub(crate) events_duplicate: AtomicU64,
}

/// A figure that is read when it is asked for.
pub(crate) struct Gauge {
    pub(crate) name: &'static str,
    pub(crate) help: &'static str,
    pub(crate) value: f64,
}

impl Metrics {
    pub(crate) fn request(&self, route: Option<&str>, status: u16, took: Duration) {
        let other = ROUTES.len() - 1;
        let number = route.and_then(|route| ROUTES.iter().position(|&r| r == route)).unwrap_or(other);
        let of = &self.routes.0[number];
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        of.answers[usize::from(status / 100).min(5)].fetch_add(1, Ordering::Relaxed);
        of.micros.fetch_add(micros, Ordering::Relaxed);
        if let Some(bucket) = BOUNDS.iter().position(|&bound| micros <= bound) {
            of.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn text(&self, gauges: &[Gauge]) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut text, gauges);
        text
    }

    fn write(&self, text: &mut String, gauges: &[Gauge]) -> std::fmt::Result {
        for Gauge { name, help, value } in gauges {
            writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}")?;
        }
        text.push_str("# HELP milieu_events_total Events received\n# TYPE milieu_events_total counter\n");
        for (outcome, count) in [("accepted", &self.events_accepted), ("duplicate", &self.events_duplicate)] {
            writeln!(text, "milieu_events_total{{outcome=\"{outcome}\"}} {}", count.load(Ordering::Relaxed))?;
        }
        text.push_str("# HELP milieu_requests_total Answers by route and kind of status\n");
        text.push_str("# TYPE milieu_requests_total counter\n");
        for (route, of) in ROUTES.iter().zip(&self.routes.0) {
            for (class, count) in of.answers.iter().enumerate() {
                let count = count.load(Ordering::Relaxed);
                if count > 0 {
                    writeln!(
                        text,
                        "milieu_requests_total{{route=\"{route}\",status=\"{class}xx\"}} {count}"
                    )?;
                }
            }
        }
        text.push_str("# HELP milieu_request_seconds Time from the request's head to the answer's head\n");
        text.push_str("# TYPE milieu_request_seconds histogram\n");
        for (route, of) in ROUTES.iter().zip(&self.routes.0) {
            let count: u64 = of.answers.iter().map(|count| count.load(Ordering::Relaxed)).sum();
            if count == 0 {
                continue;
            }
            let mut below = 0;
            for (bound, bucket) in BOUNDS.iter().zip(&of.buckets) {
                below += bucket.load(Ordering::Relaxed);
                let le = *bound as f64 / 1e6;
                writeln!(text, "milieu_request_seconds_bucket{{route=\"{route}\",le=\"{le}\"}} {below}")?;
            }
            let sum = of.micros.load(Ordering::Relaxed) as f64 / 1e6;
            writeln!(text, "milieu_request_seconds_bucket{{route=\"{route}\",le=\"+Inf\"}} {count}")?;
            writeln!(text, "milieu_request_seconds_sum{{route=\"{route}\"}} {sum}")?;
            writeln!(text, "milieu_request_seconds_count{{route=\"{route}\"}} {count}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text() {
        let metrics = Metrics::default();
        metrics.request(Some("/v1/events"), 200, Duration::from_micros(90));
        metrics.request(Some("/v1/events"), 400, Duration::from_micros(700));
        metrics.request(None, 404, Duration::from_secs(60));
        let text = metrics.text(&[Gauge { name: "milieu_users", help: "Users", value: 3.0 }]);
        for line in [
            "milieu_users 3",
            r#"milieu_requests_total{route="/v1/events",status="2xx"} 1"#,
            r#"milieu_request_seconds_bucket{route="/v1/events",le="0.0001"} 1"#,
            r#"milieu_request_seconds_bucket{route="/v1/events",le="0.001"} 2"#,
            r#"milieu_request_seconds_count{route="/v1/events"} 2"#,
            r#"milieu_request_seconds_bucket{route="other",le="10"} 0"#,
            r#"milieu_request_seconds_bucket{route="other",le="+Inf"} 1"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in {text}");
        }
    }
}
