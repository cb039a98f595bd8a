//! Every key: who uses it, its range, and what it does. The guide's table is made of this.

use super::Config;
use std::fmt::Write;

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its place, such as `server.listen`.
    pub name: &'static str,
    /// The part of Milieu that reads it.
    pub owner: &'static str,
    /// For numbers, the smallest and largest value.
    pub range: Option<(f64, f64)>,
    /// What it does.
    pub doc: &'static str,
}

const fn key(name: &'static str, owner: &'static str, doc: &'static str) -> Key {
    Key { name, owner, range: None, doc }
}

const fn number(name: &'static str, owner: &'static str, least: f64, most: f64, doc: &'static str) -> Key {
    Key { name, owner, range: Some((least, most)), doc }
}

const GIB: f64 = 1_073_741_824.0;

/// Every setting there is.
pub const KEYS: &[Key] = &[
    key(
        "server.listen",
        "server",
        "Address and port. Port 0 takes a free one. An address that is not loopback needs `--allow-insecure-bind`",
    ),
    number("server.threads", "server", 0.0, 1024.0, "Worker threads; 0 for one a core"),
    number(
        "server.body_limit_bytes",
        "server",
        1024.0,
        GIB,
        "The largest body, after gzip is undone; larger ones get 413",
    ),
    number("server.batch_limit", "server", 1.0, 1e6, "The most entries of a batch; larger ones get 413"),
    number("server.body_timeout_secs", "server", 1.0, 3600.0, "How long a body may take to arrive"),
    number("server.clock_skew_secs", "server", 0.0, 86_400.0, "How far in the future a time may lie"),
    number(
        "server.shutdown_secs",
        "server",
        0.0,
        3600.0,
        "How long open requests may take when the server stops",
    ),
    number("log.cache_bytes", "eventlog", 1_048_576.0, 64.0 * GIB, "Cache of blocks read from disk"),
    number(
        "log.memtable_bytes",
        "eventlog",
        65_536.0,
        GIB,
        "Records or ids gathered in memory before they are written as a table; fixed when the log is made",
    ),
    number(
        "log.queue_bytes",
        "eventlog",
        65_536.0,
        4.0 * GIB,
        "Entries that wait to be stored; beyond it requests get 429",
    ),
    number("snapshot.every_records", "server", 1.0, 1e12, "A snapshot is written after so many records"),
    number(
        "snapshot.idle_secs",
        "server",
        1.0,
        86_400.0,
        "A snapshot is written when nothing came for so long",
    ),
    number("feed.weights.click", "feed", -100.0, 100.0, "What opening an item is worth"),
    number("feed.weights.dwell", "feed", -100.0, 100.0, "What staying on it is worth"),
    number("feed.weights.like", "feed", -100.0, 100.0, "What liking it is worth"),
    number("feed.weights.reply", "feed", -100.0, 100.0, "What answering it is worth"),
    number("feed.weights.share", "feed", -100.0, 100.0, "What passing it on is worth"),
    number("feed.weights.save", "feed", -100.0, 100.0, "What keeping it is worth"),
    number("feed.weights.hide", "feed", -100.0, 100.0, "What hiding it is worth"),
    number("feed.weights.report", "feed", -100.0, 100.0, "What reporting it is worth"),
    number("feed.candidates_per_source", "feed", 1.0, 1000.0, "The most candidates one source proposes"),
    number(
        "feed.candidates",
        "feed",
        20.0,
        10_000.0,
        "The most candidates scored in all, from the sources in turn",
    ),
    number("feed.reserve", "feed", 20.0, 1000.0, "How many entries are ranked ahead for the pages to come"),
    number(
        "feed.out_of_network",
        "feed",
        0.0,
        1.0,
        "Factor for items of authors whom the user does not follow",
    ),
    number("feed.author_repeat", "feed", 0.0, 1.0, "Factor for each further item of an author"),
    number(
        "feed.topic_repeat",
        "feed",
        0.0,
        1.0,
        "Factor for each further item of a topic among the last five",
    ),
    number(
        "feed.explore_every",
        "feed",
        0.0,
        100.0,
        "Every how many places one is given to something new; 0 for never",
    ),
    number("feed.explore_views", "feed", 1.0, 10_000.0, "An item with fewer views is new enough to explore"),
    number("feed.max_age_days", "feed", 0.0, 36_500.0, "The oldest item shown; 0 for any age"),
    number(
        "feed.hide_harmful",
        "feed",
        0.0,
        1.0,
        "From which probability on items are not shown to which a label applies that stands for something that harms; 0 for never. Needs `understanding.enabled`",
    ),
    key(
        "feed.reason_models",
        "feed",
        "The models whose labels may be a reason (`taste_label`) where a user likes items that have them",
    ),
    number("feed.sessions", "feed", 1.0, 1e6, "How many scrolling sessions are remembered"),
    number("feed.receipts", "feed", 1.0, 1e6, "How many pages' receipts are remembered"),
    number(
        "people.suggest.candidates",
        "people",
        100.0,
        2000.0,
        "The most people who are scored for an answer, from the sources in turn",
    ),
    number(
        "people.suggest.ties",
        "people",
        1000.0,
        1e6,
        "The most ties of friends that are walked over in search of people; friends with few ties come first",
    ),
    number("people.suggest.named", "people", 0.0, 10.0, "The most common friends whom a reason names"),
    number(
        "receipts.retention_mb",
        "server",
        1.0,
        1e6,
        "How many megabytes of receipts are kept on disk; the oldest go first",
    ),
    key("training.enabled", "server", "Whether training starts by itself when the data has grown"),
    number("training.min_records", "server", 1.0, 1e12, "The fewest records for the first training"),
    number(
        "training.growth",
        "server",
        0.01,
        100.0,
        "By which share the log must have grown for the next training",
    ),
    number(
        "training.pause_secs",
        "server",
        0.0,
        864_000.0,
        "The least time between two trainings that start by themselves",
    ),
    number("training.keep_versions", "registry", 2.0, 1000.0, "How many versions of a model are kept"),
    number(
        "training.threads",
        "server",
        0.0,
        1024.0,
        "Threads of each process that trains, of jobs too; 0 for one a core",
    ),
    number(
        "training.nice",
        "server",
        0.0,
        19.0,
        "By how much the priority of such a process is lower than the server's",
    ),
    number(
        "datasets.max_bytes",
        "server",
        1024.0,
        1024.0 * GIB,
        "The largest data set that is uploaded; larger ones get 413",
    ),
    number("jobs.queue", "server", 1.0, 10_000.0, "The most jobs that wait; beyond it requests get 429"),
    number("jobs.parallel", "server", 1.0, 8.0, "How many jobs are done at once"),
    number(
        "jobs.keep",
        "server",
        1.0,
        100_000.0,
        "How many jobs that have ended are kept; the oldest go first",
    ),
    key(
        "inference.engine",
        "inference",
        "What runs models: `rten`, `onnxruntime`, or `auto` for ONNX Runtime where its library is found",
    ),
    key("inference.library", "inference", "The file of ONNX Runtime's library; empty for its usual names"),
    number(
        "inference.threads",
        "inference",
        0.0,
        1024.0,
        "Threads of a run; as many requests are decoded at once; 0 for as many as `server.threads`",
    ),
    key(
        "inference.load",
        "server",
        "When models are loaded: at the `start`, or at the first `use`, which then takes longer",
    ),
    number(
        "inference.memory_bytes",
        "server",
        1_048_576.0,
        1024.0 * GIB,
        "The most memory for loaded models, each counted as three times its file; beyond it none is loaded",
    ),
    number(
        "inference.model_bytes",
        "server",
        1024.0,
        2.0 * GIB,
        "The largest model file; larger ones are not loaded",
    ),
    number("inference.max_batch", "inference", 1.0, 4096.0, "The most rows of one run"),
    number(
        "inference.max_wait_micros",
        "inference",
        0.0,
        1e6,
        "How many microseconds a request waits at most for others to share a run with, while the engine is idle; never longer than a run takes",
    ),
    number(
        "inference.queue",
        "inference",
        1.0,
        100_000.0,
        "The most requests under way at each version, and the most that wait to be decoded; beyond it requests get 429",
    ),
    number(
        "inference.timeout_millis",
        "server",
        1.0,
        600_000.0,
        "How many milliseconds a request may take; later ones get 504",
    ),
    number(
        "inference.request_bytes",
        "server",
        1024.0,
        GIB,
        "The largest body with a picture or tensors; larger ones get 413",
    ),
    number(
        "inference.max_pixels",
        "media",
        64.0,
        1e9,
        "The most pixels of a picture, known from its header; larger ones get 413",
    ),
    number(
        "inference.poll_millis",
        "server",
        10.0,
        60_000.0,
        "Every how many milliseconds changes of models by other processes are looked for",
    ),
    key(
        "moderation.models",
        "server",
        "The models that say what harms in texts; none for all that have a label which stands for a category of it",
    ),
    key(
        "moderation.labels",
        "server",
        "A table: which category a `label`, or a `\"MODEL/label\"` of one model, stands for; `\"none\"` for none. It goes before what labels are called",
    ),
    key(
        "needs.signs",
        "server",
        "A table: what each need is recognised by, `{labels = [...], parts = [...], cues = [...]}`. A known need is replaced, and one without signs not looked for",
    ),
    key("understanding.enabled", "server", "Whether models read the texts of items in the background"),
    key(
        "understanding.model",
        "server",
        "The model whose vectors items are searched by; empty for the first by name that makes vectors of texts",
    ),
    number("understanding.batch", "server", 1.0, 1024.0, "How many texts of items wait at a model at a time"),
    number(
        "understanding.labels",
        "server",
        1.0,
        1000.0,
        "How many labels of each classifier are kept of an item, the most probable ones; all that apply are",
    ),
    number(
        "understanding.poll_millis",
        "server",
        10.0,
        60_000.0,
        "Every how many milliseconds new items are looked for",
    ),
    key(
        "understanding.terms",
        "server",
        "Whether items are found by terms of their texts, without any model",
    ),
    key("topics.enabled", "server", "Whether topics are learnt from the vectors of items"),
    number(
        "topics.count",
        "server",
        0.0,
        1000.0,
        "How many topics are sought; 0 for the square root of half the items, 100 at most. Small and loose ones are dropped",
    ),
    number("topics.least", "server", 2.0, 1e6, "Items of a topic at least when it is learnt"),
    number(
        "people.every_secs",
        "server",
        0.0,
        864_000.0,
        "Every how many seconds communities, ranks and credibility are computed anew, where anything has changed; 0 for never",
    ),
    key(
        "people.kinds",
        "server",
        "Whether ties are told to be of a kind (friends, fan, hostile and so on): a sensitive inference, logged each time",
    ),
    key(
        "people.credibility",
        "server",
        "Whether the credibility of accounts is told: a sensitive inference, logged each time",
    ),
    key("telemetry.level", "server", "`error`, `warn`, `info` or `debug`"),
    key("telemetry.format", "server", "`text` or `json`"),
];

/// The table of keys in Markdown, for `docs/guides/configuration.md`.
#[must_use]
pub fn table() -> String {
    let defaults = toml::Table::try_from(Config::default()).unwrap_or_default();
    let mut text =
        String::from("| key | default | range | read by | what it does |\n|---|---|---|---|---|\n");
    for key in KEYS {
        let default = lookup(&defaults, key.name).map(short).unwrap_or_default();
        let range = key.range.map_or(String::new(), |(least, most)| format!("{least} to {most}"));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| `{}` | `{default}` | {range} | {} | {} |", key.name, key.owner, key.doc);
    }
    text
}

/// A value as short as it can be written; single-precision defaults have no tail of digits.
fn short(value: &toml::Value) -> String {
    match value {
        toml::Value::Float(number) => (*number as f32).to_string(),
        other => other.to_string(),
    }
}

/// The value at a dotted place.
pub(super) fn lookup<'t>(table: &'t toml::Table, name: &str) -> Option<&'t toml::Value> {
    match name.split_once('.') {
        Some((head, rest)) => lookup(table.get(head)?.as_table()?, rest),
        None => table.get(name),
    }
}
