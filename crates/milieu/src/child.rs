//! What a command does that runs as the child of a server.

use anyhow::{Context, Result};
use std::fs::File;
use std::io;
use std::path::Path;

/// Ends the process when nobody holds the other end of standard input any more.
pub(crate) fn end_with_input() {
    std::thread::spawn(|| {
        // An input that cannot be read has ended too.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        std::process::exit(1);
    });
}

/// Waits until no other run is at work in a folder; one that was killed holds nothing. The folder is this run's
/// until the file is closed.
pub(crate) fn alone_in(folder: &Path) -> Result<File> {
    let path = folder.join("lock");
    let file = File::create(&path).with_context(|| path.display().to_string())?;
    if file.try_lock().is_err() {
        eprintln!("waiting for the run that is at work in {}", folder.display());
        file.lock().with_context(|| path.display().to_string())?;
    }
    Ok(file)
}
