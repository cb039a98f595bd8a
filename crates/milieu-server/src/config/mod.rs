//! The configuration: defaults, then a file, then the environment, then flags.

mod keys;
mod layers;

pub use keys::{KEYS, Key, table};
pub use layers::{ConfigError, Layers};

use crate::child::Limits;
use milieu_content::{Categories, Needs};
use milieu_feed::FeedConfig;
use milieu_people::suggest::SuggestConfig;
use serde::{Deserialize, Serialize};

/// Every setting of the server.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The HTTP side.
    pub server: ServerConfig,
    /// The event log.
    pub log: LogConfig,
    /// Snapshots of the world.
    pub snapshot: SnapshotConfig,
    /// The feed.
    pub feed: FeedConfig,
    /// Receipts on disk.
    pub receipts: ReceiptsConfig,
    /// Training in the background.
    pub training: TrainingConfig,
    /// Uploaded data sets.
    pub datasets: DatasetsConfig,
    /// Jobs.
    pub jobs: JobsConfig,
    /// Models that run in an engine.
    pub inference: InferenceConfig,
    /// What harms in texts.
    pub moderation: ModerationConfig,
    /// What whoever writes a text is after.
    pub needs: NeedsConfig,
    /// What the texts of items say.
    pub understanding: UnderstandingConfig,
    /// What items are about.
    pub topics: TopicsConfig,
    /// What is inferred of people.
    pub people: PeopleConfig,
    /// What the server writes about itself.
    pub telemetry: TelemetryConfig,
}

/// See [`KEYS`] for the meaning and range of each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "KEYS documents each setting, for the guide too")]
pub struct ServerConfig {
    pub listen: String,
    pub threads: usize,
    pub body_limit_bytes: usize,
    pub batch_limit: usize,
    pub body_timeout_secs: u64,
    pub clock_skew_secs: i64,
    pub shutdown_secs: u64,
}

/// See [`KEYS`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "KEYS documents each setting, for the guide too")]
pub struct LogConfig {
    pub cache_bytes: u64,
    pub memtable_bytes: u64,
    pub queue_bytes: usize,
}

/// See [`KEYS`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "KEYS documents each setting, for the guide too")]
pub struct SnapshotConfig {
    pub every_records: u64,
    pub idle_secs: u64,
}

/// See [`KEYS`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "KEYS documents each setting, for the guide too")]
pub struct ReceiptsConfig {
    pub retention_mb: u64,
}

/// See [`KEYS`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "KEYS documents each setting, for the guide too")]
pub struct TrainingConfig {
    pub enabled: bool,
    pub min_records: u64,
    pub growth: f64,
    pub pause_secs: u64,
    pub keep_versions: usize,
    pub threads: usize,
    pub nice: u8,
}

/// See [`KEYS`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "KEYS documents each setting, for the guide too")]
pub struct DatasetsConfig {
    pub max_bytes: u64,
}

/// See [`KEYS`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "KEYS documents each setting, for the guide too")]
pub struct JobsConfig {
    pub queue: usize,
    pub parallel: usize,
    pub keep: usize,
}

/// See [`KEYS`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "KEYS documents each setting, for the guide too")]
pub struct InferenceConfig {
    pub engine: Engine,
    pub library: String,
    pub threads: usize,
    pub load: Load,
    pub memory_bytes: u64,
    pub model_bytes: u64,
    pub max_batch: usize,
    pub max_wait_micros: u64,
    pub queue: usize,
    pub timeout_millis: u64,
    pub request_bytes: usize,
    pub max_pixels: u64,
    pub poll_millis: u64,
}

/// See [`KEYS`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "KEYS documents each setting, for the guide too")]
pub struct ModerationConfig {
    pub models: Vec<String>,
    pub labels: Categories,
}

/// See [`KEYS`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "KEYS documents each setting, for the guide too")]
pub struct NeedsConfig {
    pub signs: Needs,
}

/// See [`KEYS`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "KEYS documents each setting, for the guide too")]
pub struct UnderstandingConfig {
    pub enabled: bool,
    pub model: String,
    pub batch: usize,
    pub labels: usize,
    pub poll_millis: u64,
    pub terms: bool,
}

/// See [`KEYS`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "KEYS documents each setting, for the guide too")]
pub struct TopicsConfig {
    pub enabled: bool,
    pub count: usize,
    pub least: usize,
}

/// See [`KEYS`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "KEYS documents each setting, for the guide too")]
pub struct PeopleConfig {
    pub suggest: SuggestConfig,
    pub every_secs: u64,
    pub kinds: bool,
    pub credibility: bool,
}

/// What runs models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Engine {
    Auto,
    Rten,
    OnnxRuntime,
}

/// When models are loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Load {
    /// When the server starts, and when they become live.
    Start,
    /// When the first request needs them.
    Use,
}

/// See [`KEYS`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "KEYS documents each setting, for the guide too")]
pub struct TelemetryConfig {
    pub level: Level,
    pub format: Format,
}

/// How much is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Level {
    Error,
    Warn,
    Info,
    Debug,
}

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Format {
    Text,
    Json,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:7700".into(),
            threads: 0,
            body_limit_bytes: 4 << 20,
            batch_limit: 10_000,
            body_timeout_secs: 30,
            clock_skew_secs: 300,
            shutdown_secs: 30,
        }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { cache_bytes: 64 << 20, memtable_bytes: 32 << 20, queue_bytes: 32 << 20 }
    }
}

impl Default for SnapshotConfig {
    fn default() -> Self {
        Self { every_records: 2_000_000, idle_secs: 30 }
    }
}

impl Default for ReceiptsConfig {
    fn default() -> Self {
        Self { retention_mb: 256 }
    }
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            min_records: 5_000,
            growth: 0.2,
            pause_secs: 300,
            keep_versions: 5,
            threads: 0,
            nice: 10,
        }
    }
}

impl TrainingConfig {
    /// How much of the machine a process that trains may take.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits { threads: self.threads, nice: self.nice }
    }
}

impl Default for DatasetsConfig {
    fn default() -> Self {
        Self { max_bytes: 4 << 30 }
    }
}

impl Default for JobsConfig {
    fn default() -> Self {
        Self { queue: 32, parallel: 1, keep: 100 }
    }
}

impl Default for InferenceConfig {
    fn default() -> Self {
        Self {
            engine: Engine::Auto,
            library: String::new(),
            threads: 0,
            load: Load::Start,
            memory_bytes: 4 << 30,
            model_bytes: 1 << 30,
            max_batch: 32,
            max_wait_micros: 1_000,
            queue: 256,
            timeout_millis: 10_000,
            request_bytes: 32 << 20,
            max_pixels: 50_000_000,
            poll_millis: 500,
        }
    }
}

impl Default for UnderstandingConfig {
    fn default() -> Self {
        Self { enabled: true, model: String::new(), batch: 32, labels: 5, poll_millis: 250, terms: true }
    }
}

impl Default for TopicsConfig {
    fn default() -> Self {
        Self { enabled: true, count: 0, least: 5 }
    }
}

impl Default for PeopleConfig {
    fn default() -> Self {
        Self { suggest: SuggestConfig::default(), every_secs: 3600, kinds: false, credibility: false }
    }
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self { level: Level::Info, format: Format::Text }
    }
}

#[cfg(test)]
mod tests;
