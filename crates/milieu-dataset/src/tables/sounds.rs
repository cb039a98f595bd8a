//! Recordings by path and label, not decoded.

use super::TableError;
use super::table::{TableConfig, read_table};
use crate::examples::{Examples, Labelled, Part};
use crate::files::{MOST_BYTES, Place, open_files, take};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::path::Path;

/// Ends of names of recordings; other files are passed over.
const ENDINGS: [&str; 8] = ["wav", "flac", "mp3", "ogg", "opus", "m4a", "aac", "webm"];

/// The name of a recording within its source, and where it is.
type Recording = (String, Place);

/// Reads a manifest: a table whose text column ([`TableConfig::text`]) names recordings below `data`, a folder or
/// an archive. A recording may be named without its ending, and without the folders it lies in where the rest
/// is not ambiguous. What is not below `data` is reported, so that a manifest leads nowhere else.
///
/// # Errors
/// [`TableError`]; what is wrong with single lines is in [`Examples::bad`].
pub fn read_manifest(
    manifest: &Path,
    data: &Path,
    config: &TableConfig,
) -> Result<Examples<Place>, TableError> {
    let table = read_table(manifest, config)?;
    let mut bad = table.bad;
    let (files, too_large) = recordings(data)?;
    too_large.iter().for_each(|name| bad.push(name, 0, too_many_bytes()));
    // A name that means two files means none.
    let mut places: FxHashMap<&str, Option<usize>> = FxHashMap::default();
    for (number, (name, _)) in files.iter().enumerate() {
        let tails = std::iter::once(0).chain(name.match_indices('/').map(|(at, _)| at + 1));
        for tail in tails.map(|from| &name[from..]) {
            let stem = tail.rsplit_once('.').map_or(tail, |(stem, _)| stem);
            for called in [tail, stem] {
                let place = places.entry(called).or_insert(Some(number));
                *place = place.filter(|&place| place == number);
            }
        }
    }
    let mut examples = Vec::with_capacity(table.examples.len());
    for example in table.examples {
        let named = example.value.trim().trim_start_matches("./");
        let found = match places.get(named) {
            Some(Some(place)) => Ok(files[*place].1.clone()),
            Some(None) => Err(format!("several recordings are called {named:?}")),
            None => Err(format!("there is no recording {named:?}")),
        };
        match found {
            Ok(value) => {
                let Labelled { name, labels, untold, part, group, at, .. } = example;
                examples.push(Labelled { name, labels, untold, part, group, at, value });
            }
            Err(reason) => {
                let (file, line) = example.name.rsplit_once(':').unwrap_or((&example.name, "0"));
                bad.push(file, line.parse().unwrap_or(0), reason);
            }
        }
    }
    Ok(Examples { classes: table.classes, examples, bad })
}

/// Finds recordings in folders named after their classes, below a folder or in an archive.
///
/// # Errors
/// [`TableError`].
pub fn read_sound_folders(data: &Path) -> Result<Examples<Place>, TableError> {
    let mut examples = Examples::default();
    let (files, too_large) = recordings(data)?;
    too_large.iter().for_each(|name| examples.bad.push(name, 0, too_many_bytes()));
    let class = |name: &str| name.rsplit('/').nth(1).map(str::to_owned);
    let classes: BTreeSet<String> = files.iter().filter_map(|(name, _)| class(name)).collect();
    examples.classes = classes.into_iter().collect();
    for (name, value) in files {
        let Some(class) = class(&name) else {
            examples.bad.push(&name, 0, "lies in no folder that names its class");
            continue;
        };
        let labels = examples.classes.binary_search(&class).into_iter().collect();
        let part = name.rsplit('/').skip(2).find_map(Part::of_word);
        examples.examples.push(Labelled {
            name,
            labels,
            untold: Vec::new(),
            part,
            group: None,
            at: None,
            value,
        });
    }
    Ok(examples)
}

/// The recordings below a path, and the names of those that are too large to read.
fn recordings(data: &Path) -> Result<(Vec<Recording>, Vec<String>), TableError> {
    let (mut found, mut too_large) = (Vec::new(), Vec::new());
    open_files(data, &mut |mut file| {
        let ending = file.name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase());
        if !ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str())) {
            return Ok(());
        }
        let name = file.name.clone();
        if file.size > MOST_BYTES {
            too_large.push(name);
            return Ok(());
        }
        let place = match file.place.take() {
            Some(place) => place,
            None => Place::Memory(take(file)?.bytes.into()),
        };
        found.push((name, place));
        Ok(())
    })?;
    if found.is_empty() && too_large.is_empty() {
        let expected = format!("that ends in .{}", ENDINGS.join(", ."));
        return Err(TableError::NoFiles { path: data.to_owned(), expected });
    }
    Ok((found, too_large))
}

fn too_many_bytes() -> String {
    format!("has more than {MOST_BYTES} bytes")
}
