//! Model versions on disk: manifests, checksums, stages, promote, roll back.
