//! Laying one source of settings over another.

use super::keys::{KEYS, Key, lookup};
use super::{Config, Format, Level};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no TOML, or a value has the wrong type.
    #[error("{origin}: {message}")]
    Malformed {
        /// Where it came from.
        origin: String,
        /// What is wrong.
        message: String,
    },
    /// There is no such key.
    #[error("{origin}: there is no setting {key}")]
    UnknownKey {
        /// Where it came from.
        origin: String,
        /// The key.
        key: String,
    },
    /// A value is out of its range.
    #[error("{key} is {value}, but must be from {least} to {most}")]
    OutOfRange {
        /// The key.
        key: &'static str,
        /// Its value.
        value: f64,
        /// The smallest value.
        least: f64,
        /// The largest value.
        most: f64,
    },
}

/// The sources of settings, the weakest first; each overrides those before.
#[derive(Debug, Default)]
pub struct Layers {
    settings: Table,
}

impl Layers {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lays a TOML file over what is there.
    ///
    /// # Errors
    /// [`ConfigError`] when it cannot be read or holds what is no setting.
    pub fn file(self, path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Io { path: path.to_path_buf(), source })?;
        self.text(&path.display().to_string(), &text)
    }

    fn text(mut self, origin: &str, text: &str) -> Result<Self, ConfigError> {
        let table: Table = text.parse().map_err(|error: toml::de::Error| ConfigError::Malformed {
            origin: origin.into(),
            message: error.to_string(),
        })?;
        for (name, value) in flatten("", &table) {
            self.set(origin, &name, value)?;
        }
        Ok(self)
    }

    /// Lays environment variables over what is there: `server.body_limit_bytes` is
    /// `MILIEU_SERVER_BODY_LIMIT_BYTES`. A variable that begins with the name of a section and is no
    /// setting is refused; other variables are not ours.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn environment(
        mut self,
        variables: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let variable = |name: &str| format!("MILIEU_{}", name.to_uppercase().replace('.', "_"));
        for (name, text) in variables {
            if let Some(key) = KEYS.iter().find(|key| variable(key.name) == name) {
                self.set(&name, key.name, parse(&text))?;
            } else if KEYS.iter().filter_map(|key| key.name.split('.').next()).any(|section| {
                name.strip_prefix(&variable(section)).is_some_and(|rest| rest.starts_with('_'))
            }) {
                return Err(ConfigError::UnknownKey { origin: "the environment".into(), key: name });
            }
        }
        Ok(self)
    }

    /// Lays one `key=value` of the command line over what is there.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn flag(mut self, setting: &str) -> Result<Self, ConfigError> {
        let Some((name, text)) = setting.split_once('=') else {
            let message = format!("{setting:?} is not of the form key=value");
            return Err(ConfigError::Malformed { origin: "--set".into(), message });
        };
        self.set("--set", name.trim(), parse(text.trim()))?;
        Ok(self)
    }

    fn set(&mut self, origin: &str, name: &str, value: Value) -> Result<(), ConfigError> {
        if !KEYS.iter().any(|key| key.name == name) {
            return Err(ConfigError::UnknownKey { origin: origin.into(), key: name.into() });
        }
        let mut table = &mut self.settings;
        let mut parts = name.split('.').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                table.insert(part.into(), value);
                break;
            }
            let slot = table.entry(part).or_insert_with(|| Value::Table(Table::new()));
            let Value::Table(inner) = slot else { break };
            table = inner;
        }
        // Checked at once, so that the message can say where the value came from.
        self.read(origin).map(|_| ())
    }

    fn read(&self, origin: &str) -> Result<Config, ConfigError> {
        self.settings.clone().try_into().map_err(|error: toml::de::Error| ConfigError::Malformed {
            origin: origin.into(),
            message: error.to_string().trim().replace('\n', " "),
        })
    }

    /// The settings, each inside its range.
    ///
    /// # Errors
    /// [`ConfigError::OutOfRange`].
    pub fn finish(self) -> Result<Config, ConfigError> {
        let config = self.read("the configuration")?;
        let table = Table::try_from(&config).map_err(|error| ConfigError::Malformed {
            origin: "the configuration".into(),
            message: error.to_string(),
        })?;
        for Key { name, range, .. } in KEYS {
            let Some((least, most)) = *range else { continue };
            let value = match lookup(&table, name) {
                Some(Value::Integer(value)) => *value as f64,
                Some(Value::Float(value)) => *value,
                _ => continue,
            };
            if !(least..=most).contains(&value) {
                return Err(ConfigError::OutOfRange { key: name, value, least, most });
            }
        }
        if config.feed.hide_harmful > 0.0 && !config.understanding.enabled {
            return Err(ConfigError::Malformed {
                origin: "feed.hide_harmful".into(),
                message: "nothing is known to harm where understanding.enabled is false".into(),
            });
        }
        Ok(config)
    }
}

/// A value as TOML reads it, else a string.
fn parse(text: &str) -> Value {
    format!("value = {text}")
        .parse::<Table>()
        .ok()
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| Value::String(text.into()))
}

/// Every value with its dotted name; empty tables vanish that are no setting themselves.
pub(super) fn flatten(prefix: &str, table: &Table) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for (name, value) in table {
        let name = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            Value::Table(inner) if KEYS.iter().all(|key| key.name != name) => {
                all.extend(flatten(&name, inner))
            }
            value => all.push((name, value.clone())),
        }
    }
    all
}

impl Level {
    /// The same for the tracing crate.
    #[must_use]
    pub fn filter(self) -> tracing_subscriber::filter::LevelFilter {
        use tracing_subscriber::filter::LevelFilter;
        match self {
            Self::Error => LevelFilter::ERROR,
            Self::Warn => LevelFilter::WARN,
            Self::Info => LevelFilter::INFO,
            Self::Debug => LevelFilter::DEBUG,
        }
    }
}

impl Format {
    /// Whether every line is a JSON object.
    #[must_use]
    pub fn is_json(self) -> bool {
        self == Self::Json
    }
}
