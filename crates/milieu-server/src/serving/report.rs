//! How the versions in service fare, for the API and for Prometheus.

use super::Serving;
use super::load::Loaded;
use milieu_api::{ModelServing, ServedVersion, ShadowAgreement};
use milieu_inference::{BOUNDS_MICROSECONDS, HistogramSnapshot, MetricsSnapshot, Role, VersionReport};
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

fn role(role: Role) -> &'static str {
    match role {
        Role::Live => "live",
        Role::Canary => "canary",
        Role::Shadow => "shadow",
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn served((loaded, report): (Arc<Loaded>, VersionReport)) -> ServedVersion {
    let MetricsSnapshot { batches, rows, waiting, running, .. } = report.metrics;
    ServedVersion {
        version: loaded.version,
        role: role(report.role).into(),
        share: report.share.get(),
        memory_bytes: loaded.memory.bytes(),
        requests: report.metrics.requests,
        answered: report.metrics.answered,
        invalid: report.metrics.invalid,
        refused: report.metrics.refused,
        timed_out: report.metrics.timed_out,
        failed: report.metrics.failed,
        mean_batch: if batches == 0 { 0.0 } else { rows as f64 / batches as f64 },
        wait_milliseconds: milliseconds(waiting.mean()),
        run_milliseconds: milliseconds(running.mean()),
        agreement: report.agreement.map(|agreement| ShadowAgreement {
            compared: agreement.compared,
            agreed: agreement.agreed,
            same_first: agreement.same_first,
            failed: agreement.failed,
            dropped: agreement.dropped,
        }),
    }
}

impl Serving {
    /// How a model serves; `None` for one that runs in no engine.
    pub(crate) fn report(&self, name: &str) -> Option<ModelServing> {
        let slot = self.slots.read().get(name)?.clone();
        let (model, error) = (slot.loaded(), slot.error());
        if model.is_none() && error.is_none() {
            return None;
        }
        let versions = model.map(|model| model.report()).unwrap_or_default();
        let versions = versions.into_iter().map(served).collect();
        Some(ModelServing { engine: self.engine().into(), versions, error })
    }

    /// The counters of every version in service, in Prometheus' text format.
    pub(crate) fn write_metrics(&self, text: &mut String) {
        let slots: Vec<_> = self.slots.read().values().cloned().collect();
        let all: Vec<(String, VersionReport)> = slots
            .iter()
            .filter_map(|slot| slot.loaded())
            .flat_map(|model| model.report().into_iter().map(move |(_, report)| (model.name.clone(), report)))
            .collect();
        // Writing to a string cannot fail.
        let _ = write_all(text, &all, self.loader.budget.taken());
    }
}

fn write_all(text: &mut String, all: &[(String, VersionReport)], memory: u64) -> std::fmt::Result {
    writeln!(text, "# HELP milieu_models_memory_bytes Memory that loaded models are counted as")?;
    writeln!(text, "# TYPE milieu_models_memory_bytes gauge\nmilieu_models_memory_bytes {memory}")?;
    if all.is_empty() {
        return Ok(());
    }
    let labels =
        |name: &str, report: &VersionReport| format!("model=\"{name}\",version=\"{}\"", report.version);
    writeln!(text, "# HELP milieu_model_share Share of the requests by version and role")?;
    writeln!(text, "# TYPE milieu_model_share gauge")?;
    for (name, report) in all {
        let (labels, role, share) = (labels(name, report), role(report.role), report.share.get());
        writeln!(text, "milieu_model_share{{{labels},role=\"{role}\"}} {share}")?;
    }
    writeln!(text, "# HELP milieu_model_requests_total Requests by version and outcome")?;
    writeln!(text, "# TYPE milieu_model_requests_total counter")?;
    for (name, report) in all {
        let (labels, metrics) = (labels(name, report), &report.metrics);
        for (outcome, count) in [
            ("answered", metrics.answered),
            ("invalid", metrics.invalid),
            ("refused", metrics.refused),
            ("timed_out", metrics.timed_out),
            ("abandoned", metrics.abandoned),
            ("failed", metrics.failed),
        ] {
            writeln!(text, "milieu_model_requests_total{{{labels},outcome=\"{outcome}\"}} {count}")?;
        }
    }
    writeln!(text, "# HELP milieu_model_rows_total Rows of all runs by version")?;
    writeln!(text, "# TYPE milieu_model_rows_total counter")?;
    for (name, report) in all {
        writeln!(text, "milieu_model_rows_total{{{}}} {}", labels(name, report), report.metrics.rows)?;
    }
    type Part = fn(&MetricsSnapshot) -> &HistogramSnapshot;
    let histograms: [(&str, &str, Part); 2] = [
        ("milieu_model_wait_seconds", "How long requests waited by version", |metrics| &metrics.waiting),
        ("milieu_model_run_seconds", "How long runs took by version", |metrics| &metrics.running),
    ];
    for (metric, help, part) in histograms {
        writeln!(text, "# HELP {metric} {help}\n# TYPE {metric} histogram")?;
        for (name, report) in all {
            histogram(text, metric, &labels(name, report), part(&report.metrics))?;
        }
    }
    Ok(())
}

fn histogram(text: &mut String, metric: &str, labels: &str, of: &HistogramSnapshot) -> std::fmt::Result {
    let mut below = 0;
    for (bound, count) in BOUNDS_MICROSECONDS.iter().zip(&of.counts) {
        below += count;
        writeln!(text, "{metric}_bucket{{{labels},le=\"{}\"}} {below}", *bound as f64 / 1e6)?;
    }
    writeln!(text, "{metric}_bucket{{{labels},le=\"+Inf\"}} {}", of.count())?;
    writeln!(text, "{metric}_sum{{{labels}}} {}", of.microseconds as f64 / 1e6)?;
    writeln!(text, "{metric}_count{{{labels}}} {}", of.count())
}
