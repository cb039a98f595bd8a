//! Models from elsewhere in, and versions out to a folder.

use crate::companions::{self, choose_model, is_companion};
use crate::manifest::{MANIFEST_FILE, file_name, sha256};
use crate::store::to_json;
use crate::{DataDescription, Draft, Manifest, ModelCard, Registry, RegistryError, Signature, disk};
use milieu_types::Timestamp;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What is taken from elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportLimits {
    /// The largest model file, in bytes. Protocol buffers, the format of ONNX, end at 2 GiB themselves.
    pub model_bytes: u64,
    /// The largest file beside it, in bytes.
    pub companion_bytes: u64,
    /// The most entries of a folder that are looked at.
    pub entries: usize,
}

impl Default for ImportLimits {
    fn default() -> Self {
        Self { model_bytes: (2 << 30) - 1, companion_bytes: 64 << 20, entries: 10_000 }
    }
}

/// How to import.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Import {
    /// The kind to publish under.
    pub kind: String,
    /// When, as the caller says.
    pub at: Timestamp,
    /// Which file of a folder is the model, where there is a choice.
    pub file: Option<String>,
    /// Where it comes from, such as `hf:ORG/NAME@COMMIT`.
    pub source: Option<String>,
    /// Its licence, stronger than what the files say.
    pub licence: Option<String>,
    /// What is refused.
    pub limits: ImportLimits,
}

/// Why a model is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The disk, a limit, or a rule of the registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// There is no model to take, or no choice among several.
    #[error("{path}: {reason}")]
    NoModel {
        /// The folder.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The model file is none.
    #[error("{path} is no usable model: {reason}")]
    NotAModel {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A file is another one than the manifest beside it says.
    #[error("{path} is not what the manifest beside it says: {reason}")]
    NotAsDescribed {
        /// The file.
        path: PathBuf,
        /// What differs.
        reason: String,
    },
}

/// What was read.
struct Found {
    /// The name of the model file.
    model: String,
    /// The files to publish by their names.
    files: BTreeMap<String, Vec<u8>>,
    /// The manifest beside them, where there is one.
    described: Option<Manifest>,
}

impl Import {
    /// Reads a model file, or a folder with one and what belongs to it: labels, tokenizer, configuration,
    /// licence, and the manifest that [`Registry::export`] wrote. `read_signature` looks at the model file and
    /// gives its inputs and outputs, or says why it is none; nothing is published before that.
    ///
    /// # Errors
    /// [`ImportError`].
    pub fn read(
        &self,
        path: &Path,
        read_signature: impl FnOnce(&[u8]) -> Result<Signature, String>,
    ) -> Result<Draft, ImportError> {
        let Found { model, files, described } =
            if path.is_dir() { self.folder(path)? } else { self.single(path)? };
        let bytes = files.get(&model).map(Vec::as_slice).unwrap_or_default();
        let signature = read_signature(bytes).map_err(|reason| {
            let path = if path.is_dir() { path.join(&model) } else { path.to_path_buf() };
            ImportError::NotAModel { path, reason }
        })?;
        if let Some(manifest) = &described {
            as_described(path, manifest, &files)?;
        }
        self.draft(Found { model, files, described }, signature)
    }

    fn single(&self, path: &Path) -> Result<Found, ImportError> {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        choose_model(&[&name], None).map_err(|_| ImportError::NoModel {
            path: path.to_path_buf(),
            reason: "is no .onnx file".into(),
        })?;
        file_name(&name)?;
        let bytes = read(path, self.limits.model_bytes)?;
        Ok(Found { model: name.clone(), files: BTreeMap::from([(name, bytes)]), described: None })
    }

    fn folder(&self, path: &Path) -> Result<Found, ImportError> {
        let mut names = Vec::new();
        for entry in fs::read_dir(path).map_err(RegistryError::io(path))? {
            let entry = entry.map_err(RegistryError::io(path))?;
            if names.len() == self.limits.entries {
                let (size, limit) = (names.len() as u64 + 1, names.len() as u64);
                return Err(RegistryError::TooLarge { path: path.to_path_buf(), size, limit }.into());
            }
            if let Ok(name) = entry.file_name().into_string()
                && entry.path().is_file()
            {
                names.push(name);
            }
        }
        names.sort_unstable();
        let described = match names.iter().any(|name| name == MANIFEST_FILE) {
            true => {
                let bytes = read(&path.join(MANIFEST_FILE), self.limits.companion_bytes)?;
                // A repository may have a file of that name that is none of ours.
                serde_json::from_slice::<Manifest>(&bytes).ok()
            }
            false => None,
        };
        let said = described.as_ref().and_then(|manifest| manifest.attributes.get("model_file")?.as_str());
        let all: Vec<&str> = names.iter().map(String::as_str).filter(|name| *name != MANIFEST_FILE).collect();
        let model = choose_model(&all, self.file.as_deref().or(said))
            .map_err(|reason| ImportError::NoModel { path: path.to_path_buf(), reason })?;
        let listed = |name: &str| {
            described.as_ref().is_some_and(|manifest| manifest.files.iter().any(|file| file.name == name))
        };
        let mut files = BTreeMap::new();
        for name in all.iter().copied().filter(|name| *name == model || is_companion(name) || listed(name)) {
            file_name(name)?;
            let limit = if name == model { self.limits.model_bytes } else { self.limits.companion_bytes };
            files.insert(name.to_owned(), read(&path.join(name), limit)?);
        }
        Ok(Found { model: model.to_owned(), files, described })
    }

    fn draft(&self, found: Found, signature: Signature) -> Result<Draft, ImportError> {
        let Found { model, files, described } = found;
        let mut draft = Draft {
            kind: self.kind.clone(),
            created_at: self.at,
            files: Vec::new(),
            metrics: BTreeMap::new(),
            data: DataDescription::default(),
            parent: None,
            recipe: String::new(),
            code_version: String::new(),
            attributes: BTreeMap::new(),
        };
        let mut card = match described {
            Some(manifest) => {
                let card = ModelCard::of(&manifest)?;
                // The number of its parent is one of another registry.
                draft.metrics = manifest.metrics;
                draft.data = manifest.data;
                draft.recipe = manifest.recipe;
                draft.code_version = manifest.code_version;
                draft.attributes = manifest.attributes;
                card
            }
            None => {
                let told = companions::read(&files);
                ModelCard {
                    task: told.task,
                    labels: told.labels,
                    preprocessing: told.preprocessing,
                    licence: told.licence,
                    ..ModelCard::default()
                }
            }
        };
        if card.inputs.is_empty() && card.outputs.is_empty() {
            (card.inputs, card.outputs) = (signature.inputs, signature.outputs);
        }
        card.model_file = model;
        card.source = self.source.clone().or(card.source);
        card.licence = self.licence.clone().or(card.licence);
        card.write(&mut draft.attributes)?;
        draft.files = files.into_iter().collect();
        Ok(draft)
    }
}

/// Every file that the manifest lists must be there as it says.
fn as_described(
    path: &Path,
    manifest: &Manifest,
    files: &BTreeMap<String, Vec<u8>>,
) -> Result<(), ImportError> {
    for entry in &manifest.files {
        let differs = |reason: &str| ImportError::NotAsDescribed {
            path: path.join(&entry.name),
            reason: reason.to_owned(),
        };
        let bytes = files.get(&entry.name).ok_or_else(|| differs("it is missing"))?;
        if bytes.len() as u64 != entry.bytes || sha256(bytes) != entry.sha256 {
            return Err(differs("its checksum differs"));
        }
    }
    Ok(())
}

fn read(path: &Path, limit: u64) -> Result<Vec<u8>, RegistryError> {
    disk::read(path, limit)?.ok_or_else(|| {
        let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
        RegistryError::Io { path: path.to_path_buf(), source: missing }
    })
}

impl Registry {
    /// Writes a version, its checksums verified, and its manifest into a folder, which is made; an empty one
    /// may be there. The manifest comes last, so that a folder without one is known to be cut short.
    ///
    /// # Errors
    /// As [`Registry::load`]; [`RegistryError::Io`], of kind `DirectoryNotEmpty` where the folder holds
    /// something.
    pub fn export(&self, kind: &str, version: u32, folder: &Path) -> Result<Manifest, RegistryError> {
        let loaded = self.load(kind, version)?;
        let empty = || {
            fs::create_dir_all(folder)?;
            match fs::read_dir(folder)?.next() {
                None => Ok(()),
                Some(_) => Err(std::io::Error::from(std::io::ErrorKind::DirectoryNotEmpty)),
            }
        };
        empty().map_err(RegistryError::io(folder))?;
        for (name, bytes) in &loaded.files {
            disk::write_new(&folder.join(name), bytes)?;
        }
        let path = folder.join(MANIFEST_FILE);
        disk::write_new(&path, &to_json(&path, &loaded.manifest)?)?;
        disk::sync_directory(folder)?;
        Ok(loaded.manifest)
    }
}
