//! `openapi`: testdata/openapi.json is what the server says of itself.

use anyhow::{Context, Result, bail};
use std::path::Path;

pub(crate) fn run(root: &Path, check: bool) -> Result<()> {
    let path = root.join("testdata/openapi.json");
    let described = milieu_api::openapi();
    if !check {
        return std::fs::write(&path, described).with_context(|| path.display().to_string());
    }
    let golden = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    if golden != described {
        bail!("{} differs from the code; run `cargo xtask openapi`", path.display());
    }
    Ok(())
}
