//! `openapi`: testdata/openapi.json is what the server says of itself.

use anyhow::{Result, bail};
use std::path::Path;

pub(crate) fn run(_root: &Path, _check: bool) -> Result<()> {
    bail!("milieu-api describes nothing yet")
}
