//! Files and folders that are there whole or not at all, whenever the machine stops.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Replaces a file by way of another in the same folder.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let scratch = path.with_extension("new");
    let mut file = File::create(&scratch)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    rename(&scratch, path)
}

/// Renames within one folder, for good.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    to.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Removes a folder: out of sight at once, then piece by piece. `scratch` is a name beside it that [`sweep`]
/// knows.
pub(crate) fn remove(folder: &Path, scratch: &Path) -> io::Result<()> {
    rename(folder, scratch)?;
    fs::remove_dir_all(scratch)
}

/// Makes a folder where there is none, and removes what a killed server left half done in it: whatever has
/// a name that begins with a dot.
pub(crate) fn sweep(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// The names of the folders in a folder that do not begin with a dot.
pub(crate) fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if let Ok(name) = entry.file_name().into_string()
            && !name.starts_with('.')
            && entry.file_type()?.is_dir()
        {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}
