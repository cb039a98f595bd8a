//! What the server writes about itself, to standard error.

use crate::config::TelemetryConfig;
use std::io::IsTerminal;

/// Starts writing. Does nothing where somebody else writes already.
pub fn start_telemetry(config: &TelemetryConfig) {
    let builder = tracing_subscriber::fmt()
        .with_max_level(config.level.filter())
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // Fails only where a subscriber is set already.
    let _ = if config.format.is_json() { builder.json().try_init() } else { builder.try_init() };
}
