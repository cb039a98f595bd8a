//! The Python package `implicit` in an environment of its own, kept running between the fits.

use super::super::python::{Talk, environment};
use anyhow::{Result, ensure};
use milieu_factors::Interactions;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

const SCRIPT: &str = include_str!("implicit_peer.py");
const PACKAGES: [&str; 4] = ["implicit==0.7.*", "numpy", "scipy", "threadpoolctl"];

/// A running Python process that has read the matrix.
pub(super) struct Peer {
    talk: Talk,
    /// Name and version of the package.
    pub(super) name: String,
}

/// What both sides train with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) factors: usize,
    pub(super) iterations: usize,
    pub(super) regularization: f32,
    pub(super) alpha: f32,
    pub(super) threads: usize,
}

/// The Python of an environment with the package.
pub(super) fn install(directory: &Path) -> Result<PathBuf> {
    environment(directory, &PACKAGES, "implicit, numpy, scipy, threadpoolctl")
}

/// Writes a matrix in the form that the script reads.
pub(super) fn write_matrix(path: &Path, data: &Interactions) -> Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for size in [data.users(), data.items(), data.len()] {
        file.write_all(&(size as u64).to_le_bytes())?;
    }
    let mut start = 0_u64;
    file.write_all(&start.to_le_bytes())?;
    for user in 0..data.users() {
        start += data.row(user).len() as u64;
        file.write_all(&start.to_le_bytes())?;
    }
    for user in 0..data.users() {
        data.row(user).iter().try_for_each(|item| file.write_all(&item.to_le_bytes()))?;
    }
    for user in 0..data.users() {
        data.row_weights(user).iter().try_for_each(|weight| file.write_all(&weight.to_le_bytes()))?;
    }
    file.flush()?;
    Ok(())
}

impl Peer {
    /// Starts Python and waits until it has read the matrix.
    pub(super) fn start(python: &Path, matrix: &Path, settings: &Settings) -> Result<Self> {
        let mut command = Command::new(python);
        command
            .args(["-c", SCRIPT])
            .arg(matrix)
            .args([settings.factors.to_string(), settings.iterations.to_string()])
            .args([
                settings.regularization.to_string(),
                settings.alpha.to_string(),
                settings.threads.to_string(),
            ])
            // The package's own advice: its threads are its parallelism, BLAS must not add more; and BLAS
            // picks its kernels for this machine itself.
            .env("OPENBLAS_NUM_THREADS", "1")
            .env_remove("OPENBLAS_CORETYPE")
            .env_remove("OPENBLAS_L2_SIZE");
        let mut talk = Talk::start(&mut command)?;
        let name = talk.answer()?;
        Ok(Self { talk, name })
    }

    /// Trains, and returns the seconds it took.
    pub(super) fn fit(&mut self, seed: u64) -> Result<f64> {
        writeln!(self.talk.requests, "fit {seed}")?;
        Ok(self.talk.answer()?.parse()?)
    }

    /// The factors of the last training: users x factors, then items x factors.
    pub(super) fn factors(&mut self, path: &Path) -> Result<Vec<f32>> {
        writeln!(self.talk.requests, "save {}", path.display())?;
        ensure!(self.talk.answer()? == "saved", "Python did not save");
        let bytes = std::fs::read(path)?;
        std::fs::remove_file(path)?;
        let number = |bytes: &[u8]| bytes.first_chunk().copied().map_or(f32::NAN, f32::from_le_bytes);
        Ok(bytes.chunks_exact(4).map(number).collect())
    }

    /// Lets Python end.
    pub(super) fn stop(self) -> Result<()> {
        self.talk.stop()
    }
}
