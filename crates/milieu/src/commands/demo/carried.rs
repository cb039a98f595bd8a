//! The models of pictures that this program carries, so that a demo has something to say of a picture at once.

use crate::commands::now;
use anyhow::Result;
use milieu_registry::{Import, Registry, check_model};
use std::fs;

/// Files of a model as `milieu models export` writes them.
struct Carried {
    name: &'static str,
    files: [(&'static str, &'static [u8]); 2],
}

macro_rules! carried {
    ($name:literal) => {
        Carried {
            name: $name,
            files: [
                ("manifest.json", include_bytes!(concat!("../../../../../models/", $name, "/manifest.json"))),
                ("model.onnx", include_bytes!(concat!("../../../../../models/", $name, "/model.onnx"))),
            ],
        }
    };
}

const CARRIED: [Carried; 2] = [carried!("image-cifar10"), carried!("image-pets")];

/// Publishes the models that the registry has no version of, and lets them serve.
pub(super) fn publish(registry: &Registry) -> Result<()> {
    for Carried { name, files } in &CARRIED {
        if registry.kinds()?.iter().any(|kind| kind == name) {
            continue;
        }
        let folder = tempfile::tempdir()?;
        for (file, bytes) in files {
            fs::write(folder.path().join(file), bytes)?;
        }
        let import = Import { kind: (*name).to_owned(), at: now(), ..Import::default() };
        let draft = import.read(folder.path(), check_model)?;
        let version = registry.publish(&draft)?.version;
        registry.promote(name, version, now())?;
    }
    Ok(())
}
