//! Durable append, dedup, replay, snapshots and record versions.
