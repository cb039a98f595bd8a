//! The models that this program carries, so that a demo has something to say of a picture and of a text at once.

use crate::commands::now;
use anyhow::Result;
use milieu_registry::{Import, Registry, check_model};
use std::fs;

/// Files of a model as `milieu models export` writes them.
struct Carried {
    name: &'static str,
    files: &'static [(&'static str, &'static [u8])],
}

macro_rules! carried {
    ($name:literal, $($file:literal),*) => {
        Carried {
            name: $name,
            files: &[$(($file, include_bytes!(concat!("../../../../../models/", $name, "/", $file)))),*],
        }
    };
}

const CARRIED: [Carried; 4] = [
    carried!("image-cifar10", "manifest.json", "model.onnx"),
    carried!("image-pets", "manifest.json", "model.onnx"),
    carried!("text-emotion", "manifest.json", "model.onnx", "report.json"),
    carried!("text-sentiment", "manifest.json", "model.onnx", "report.json"),
];

/// Publishes the models that the registry has no version of, and lets them serve.
pub(super) fn publish(registry: &Registry) -> Result<()> {
    for Carried { name, files } in &CARRIED {
        if registry.kinds()?.iter().any(|kind| kind == name) {
            continue;
        }
        let folder = tempfile::tempdir()?;
        for (file, bytes) in *files {
            fs::write(folder.path().join(file), bytes)?;
        }
        let import = Import { kind: (*name).to_owned(), at: now(), ..Import::default() };
        let draft = import.read(folder.path(), check_model)?;
        let version = registry.publish(&draft)?.version;
        registry.promote(name, version, now())?;
    }
    Ok(())
}
