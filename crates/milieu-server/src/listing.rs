//! The registry in the words of the wire, for routes and commands alike.

use milieu_api::{
    ModelCardOut, ModelChange, ModelData, ModelFile, ModelLineage, ModelList, ModelOut, ModelStages,
    ModelTrial,
};
use milieu_registry::{LineageEnd, Listed, Registry, RegistryError, Relative, Trial};
use std::collections::BTreeMap;

/// Every version of every model.
///
/// # Errors
/// As [`Registry::list`].
pub fn list(registry: &Registry) -> Result<ModelList, RegistryError> {
    let mut models = Vec::new();
    for name in registry.kinds()? {
        models.extend(registry.list(&name)?.into_iter().map(|listed| line(&name, listed)));
    }
    Ok(ModelList { models })
}

/// One model: its versions, its stages and how they came to be.
///
/// # Errors
/// [`RegistryError::UnknownKind`], else as [`Registry::list`].
pub fn model(registry: &Registry, name: &str) -> Result<ModelStages, RegistryError> {
    registry.must_be_kind(name)?;
    let trial = |trial: Trial| ModelTrial { version: trial.version, share: trial.share };
    let stages = registry.stages(name)?;
    let versions = registry.list(name)?.into_iter().map(|listed| line(name, listed)).collect();
    let changes = registry.changes(name)?.into_iter().map(|change| ModelChange {
        change: change.change.name().into(),
        version: change.version,
        at: change.at.to_string(),
        share: change.share,
    });
    Ok(ModelStages {
        name: name.to_owned(),
        live: stages.live,
        canary: stages.canary.map(trial),
        shadow: stages.shadow.map(trial),
        versions,
        changes: changes.collect(),
        serving: None,
    })
}

/// All that is known about one version.
///
/// # Errors
/// As [`Registry::lineage`].
pub fn version(registry: &Registry, name: &str, version: u32) -> Result<ModelCardOut, RegistryError> {
    let manifest = registry.manifest(name, version)?;
    let lineage = registry.lineage(name, version)?;
    let relatives = |relatives: Vec<Relative>| {
        relatives.into_iter().map(|relative| self::relative(name, relative)).collect()
    };
    let file = |file: milieu_registry::FileEntry| ModelFile {
        name: file.name,
        bytes: file.bytes,
        sha256: file.sha256,
    };
    Ok(ModelCardOut {
        name: name.to_owned(),
        version,
        stage: registry.stage(name, version)?.name().into(),
        created_at: manifest.created_at.to_string(),
        metrics: manifest.metrics,
        attributes: serde_json::Value::Object(manifest.attributes.into_iter().collect()),
        files: manifest.files.into_iter().map(file).collect(),
        data: ModelData {
            last_seq: manifest.data.last_seq,
            counts: manifest.data.counts,
            hash: manifest.data.hash,
        },
        recipe: manifest.recipe,
        code_version: manifest.code_version,
        lineage: ModelLineage {
            ancestors: relatives(lineage.ancestors),
            end: match lineage.end {
                LineageEnd::Origin => "origin".into(),
                LineageEnd::Missing(version) => format!("missing {version}"),
                LineageEnd::Damaged(version) => format!("damaged {version}"),
                LineageEnd::Cycle(version) => format!("cycle {version}"),
            },
            children: relatives(lineage.children),
        },
    })
}

fn line(name: &str, listed: Listed) -> ModelOut {
    let (metrics, created_at, damaged) = match listed.manifest {
        Ok(manifest) => (manifest.metrics, manifest.created_at.to_string(), None),
        Err(error) => (BTreeMap::new(), String::new(), Some(error.to_string())),
    };
    ModelOut {
        name: name.to_owned(),
        version: listed.version,
        stage: listed.stage.name().into(),
        metrics,
        created_at,
        damaged,
    }
}

fn relative(name: &str, relative: Relative) -> ModelOut {
    ModelOut {
        name: name.to_owned(),
        version: relative.version,
        stage: relative.stage.name().into(),
        metrics: relative.metrics,
        created_at: relative.created_at.to_string(),
        damaged: None,
    }
}
