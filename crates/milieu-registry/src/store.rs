//! Publishing, loading and listing versions.

use crate::manifest::{MANIFEST_FILE, file_name, kind_name, sha256};
use crate::{Draft, MANIFEST_FORMAT, Manifest, RegistryError, Stage, disk};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

const LOCK_FILE: &str = "lock";
/// Where a version is put together before it gets its name.
pub(crate) const SCRATCH: &str = "publishing";

/// What a registry refuses to read, so that a damaged or foreign directory cannot take all memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest manifest and stage file, in bytes.
    pub description_bytes: u64,
    /// The largest single file of a version, in bytes.
    pub file_bytes: u64,
    /// All files of a version together, in bytes.
    pub version_bytes: u64,
    /// The most files of a version.
    pub files: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { description_bytes: 4 << 20, file_bytes: 8 << 30, version_bytes: 16 << 30, files: 256 }
    }
}

/// A directory of model versions. Cheap to clone; any number of threads and processes may use the same
/// directory at once.
#[derive(Debug, Clone)]
pub struct Registry {
    pub(crate) root: PathBuf,
    pub(crate) limits: Limits,
}

/// A version read whole, its checksums verified.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// What it says of itself.
    pub manifest: Manifest,
    /// Its files by name.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// A line of a listing.
#[derive(Debug)]
pub struct Listed {
    /// The version.
    pub version: u32,
    /// Where it stands.
    pub stage: Stage,
    /// Its description, or why that cannot be read. The files themselves are not read.
    pub manifest: Result<Manifest, RegistryError>,
}

impl Registry {
    /// Opens the registry in `root`, creating the directory where there is none.
    ///
    /// # Errors
    /// [`RegistryError::Io`] when the directory cannot be created.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, RegistryError> {
        Self::open_with(root, Limits::default())
    }

    /// The same with other limits.
    ///
    /// # Errors
    /// As [`Registry::open`].
    pub fn open_with(root: impl Into<PathBuf>, limits: Limits) -> Result<Self, RegistryError> {
        let root = root.into();
        fs::create_dir_all(&root).map_err(RegistryError::io(&root))?;
        Ok(Self { root, limits })
    }

    /// Writes a version and gives it the next number of its kind. Returns when it is on disk.
    ///
    /// # Errors
    /// [`RegistryError::InvalidDraft`] or [`RegistryError::InvalidName`] for a draft that breaks a rule,
    /// [`RegistryError::TooLarge`] for one over the limits, [`RegistryError::Io`] from the file system.
    pub fn publish(&self, draft: &Draft) -> Result<Manifest, RegistryError> {
        draft.check()?;
        let kind = self.kind_directory(&draft.kind)?;
        let most = self.limits.file_bytes;
        for (name, bytes) in &draft.files {
            limit(&kind.join(name), bytes.len() as u64, most)?;
        }
        limit(&kind, draft.files.len() as u64, self.limits.files as u64)?;
        let all = total(draft.files.iter().map(|(_, bytes)| bytes.len() as u64));
        limit(&kind, all, self.limits.version_bytes)?;
        let _lock = self.lock(&draft.kind)?;

        // Under the lock, a directory of that name can only be what a killed writer left.
        let scratch = kind.join(SCRATCH);
        match fs::remove_dir_all(&scratch) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(RegistryError::io(&scratch)(error));
            }
            _ => fs::create_dir(&scratch).map_err(RegistryError::io(&scratch))?,
        }
        let last = self.versions(&draft.kind)?.last().copied().unwrap_or(0);
        if let Some(parent) = draft.parent
            && !(1..=last).contains(&parent)
        {
            let reason = format!("its parent {parent} is no earlier version");
            return Err(RegistryError::InvalidDraft { reason });
        }
        let manifest = draft.manifest(last.saturating_add(1));
        for (name, bytes) in &draft.files {
            disk::write_new(&scratch.join(name), bytes)?;
        }
        let path = scratch.join(MANIFEST_FILE);
        let text = to_json(&path, &manifest)?;
        limit(&path, text.len() as u64, self.limits.description_bytes)?;
        disk::write_new(&path, &text)?;
        disk::sync_directory(&scratch)?;
        disk::rename(&scratch, &kind.join(directory_name(manifest.version)))?;
        Ok(manifest)
    }

    /// Reads a version whole and verifies every file's size and checksum.
    ///
    /// # Errors
    /// [`RegistryError::UnknownVersion`], [`RegistryError::Damaged`], [`RegistryError::TooLarge`] or
    /// [`RegistryError::Io`].
    pub fn load(&self, kind: &str, version: u32) -> Result<Version, RegistryError> {
        let manifest = self.manifest(kind, version)?;
        let directory = self.root.join(kind).join(directory_name(version));
        let mut files = BTreeMap::new();
        for entry in &manifest.files {
            let path = directory.join(&entry.name);
            let wrong = |size: u64| {
                let reason = format!("{size} bytes where the manifest says {}", entry.bytes);
                RegistryError::damaged(&path, reason)
            };
            let bytes = match disk::read(&path, entry.bytes) {
                Ok(Some(bytes)) if bytes.len() as u64 == entry.bytes => bytes,
                Ok(Some(bytes)) => return Err(wrong(bytes.len() as u64)),
                Ok(None) => return Err(RegistryError::damaged(&path, "the file is missing")),
                Err(RegistryError::TooLarge { size, .. }) => return Err(wrong(size)),
                Err(error) => return Err(error),
            };
            if sha256(&bytes) != entry.sha256 {
                return Err(RegistryError::damaged(&path, "the checksum differs from the manifest"));
            }
            files.insert(entry.name.clone(), bytes);
        }
        Ok(Version { manifest, files })
    }

    /// Reads the description of a version.
    ///
    /// # Errors
    /// As [`Registry::load`].
    pub fn manifest(&self, kind: &str, version: u32) -> Result<Manifest, RegistryError> {
        kind_name(kind)?;
        let path = self.root.join(kind).join(directory_name(version)).join(MANIFEST_FILE);
        let bytes = disk::read(&path, self.limits.description_bytes)?
            .ok_or_else(|| RegistryError::UnknownVersion { kind: kind.to_owned(), version })?;
        let manifest: Manifest =
            serde_json::from_slice(&bytes).map_err(|e| RegistryError::damaged(&path, e.to_string()))?;
        if manifest.format != MANIFEST_FORMAT {
            let reason = format!("format {}, this version reads {MANIFEST_FORMAT}", manifest.format);
            return Err(RegistryError::damaged(&path, reason));
        }
        if (manifest.kind.as_str(), manifest.version) != (kind, version) {
            let reason = format!("it describes {} {}", manifest.kind, manifest.version);
            return Err(RegistryError::damaged(&path, reason));
        }
        limit(&path, manifest.files.len() as u64, self.limits.files as u64)?;
        for entry in &manifest.files {
            // A name with a separator in it would lead outside the directory.
            file_name(&entry.name)?;
            limit(&path, entry.bytes, self.limits.file_bytes)?;
        }
        limit(&path, total(manifest.files.iter().map(|entry| entry.bytes)), self.limits.version_bytes)?;
        Ok(manifest)
    }

    /// The kinds that have a directory, in order.
    ///
    /// # Errors
    /// [`RegistryError::Io`].
    pub fn kinds(&self) -> Result<Vec<String>, RegistryError> {
        let mut names = directory_names(&self.root)?;
        names.retain(|name| kind_name(name).is_ok());
        names.sort_unstable();
        Ok(names)
    }

    /// Every version of a kind, oldest first.
    ///
    /// # Errors
    /// [`RegistryError::Damaged`] for a damaged stage file, [`RegistryError::Io`]. A damaged version is
    /// listed as such.
    pub fn list(&self, kind: &str) -> Result<Vec<Listed>, RegistryError> {
        let history = self.history(kind)?;
        let listed = |version| Listed {
            version,
            stage: history.stage(version),
            manifest: self.manifest(kind, version),
        };
        Ok(self.versions(kind)?.into_iter().map(listed).collect())
    }

    /// The published versions of a kind, ascending.
    pub(crate) fn versions(&self, kind: &str) -> Result<Vec<u32>, RegistryError> {
        kind_name(kind)?;
        let names = directory_names(&self.root.join(kind))?;
        let mut versions: Vec<u32> = names.iter().filter_map(|name| directory_version(name)).collect();
        versions.sort_unstable();
        Ok(versions)
    }

    /// Refuses a kind that is not there. Only publishing makes one.
    ///
    /// # Errors
    /// [`RegistryError::UnknownKind`], [`RegistryError::InvalidName`].
    pub fn must_be_kind(&self, kind: &str) -> Result<(), RegistryError> {
        kind_name(kind)?;
        match self.root.join(kind).is_dir() {
            true => Ok(()),
            false => Err(RegistryError::UnknownKind { kind: kind.to_owned() }),
        }
    }

    fn kind_directory(&self, kind: &str) -> Result<PathBuf, RegistryError> {
        kind_name(kind)?;
        let directory = self.root.join(kind);
        if !directory.is_dir() {
            fs::create_dir_all(&directory).map_err(RegistryError::io(&directory))?;
            disk::sync_directory(&self.root)?;
        }
        Ok(directory)
    }

    /// Keeps other writers of the kind out, in this process and in others, until dropped. The system
    /// releases it when the process dies.
    pub(crate) fn lock(&self, kind: &str) -> Result<File, RegistryError> {
        let path = self.kind_directory(kind)?.join(LOCK_FILE);
        let open = || {
            let file = File::options().create(true).truncate(false).write(true).open(&path)?;
            file.lock()?;
            Ok(file)
        };
        open().map_err(RegistryError::io(&path))
    }
}

pub(crate) fn directory_name(version: u32) -> String {
    format!("v{version:06}")
}

fn directory_version(name: &str) -> Option<u32> {
    let version = name.strip_prefix('v')?.parse().ok()?;
    (directory_name(version) == name).then_some(version)
}

/// The names of the directories in a directory; none where it does not exist.
fn directory_names(path: &Path) -> Result<Vec<String>, RegistryError> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(RegistryError::io(path)(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(RegistryError::io(path))?;
        if entry.path().is_dir()
            && let Ok(name) = entry.file_name().into_string()
        {
            names.push(name);
        }
    }
    Ok(names)
}

pub(crate) fn to_json(path: &Path, value: &impl serde::Serialize) -> Result<Vec<u8>, RegistryError> {
    let mut text = serde_json::to_vec_pretty(value)
        .map_err(|error| RegistryError::Io { path: path.to_path_buf(), source: error.into() })?;
    text.push(b'\n');
    Ok(text)
}

fn total(sizes: impl Iterator<Item = u64>) -> u64 {
    sizes.fold(0, u64::saturating_add)
}

pub(crate) fn limit(path: &Path, size: u64, limit: u64) -> Result<(), RegistryError> {
    match size > limit {
        true => Err(RegistryError::TooLarge { path: path.to_path_buf(), size, limit }),
        false => Ok(()),
    }
}
