//! The Python packages networkit and igraph in an environment of their own, kept running between the calls.

use super::super::python::{Talk, environment};
use anyhow::{Result, ensure};
use milieu_graph::Edge;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

const SCRIPT: &str = include_str!("peers.py");
const PACKAGES: [&str; 3] = ["networkit", "igraph", "numpy"];

/// A running Python process that holds the graph in both packages.
pub(super) struct Peer {
    talk: Talk,
    output: PathBuf,
    nodes: usize,
    /// Names and versions of the packages.
    pub(super) name: String,
}

impl Peer {
    /// Starts Python, in an environment under `directory`, and waits until it holds the graph.
    pub(super) fn start(directory: &Path, nodes: usize, edges: &[Edge], threads: usize) -> Result<Self> {
        let python = environment(&directory.join("graph"), &PACKAGES, "networkit, igraph, numpy")?;
        let input = directory.join("graph-edges.bin");
        let mut file = BufWriter::new(File::create(&input)?);
        for edge in edges {
            file.write_all(&edge.from.to_le_bytes())?;
            file.write_all(&edge.to.to_le_bytes())?;
        }
        file.flush()?;
        let mut command = Command::new(&python);
        command
            .args(["-c", SCRIPT])
            .arg(&input)
            .args([nodes.to_string(), threads.to_string()])
            .env("OMP_NUM_THREADS", threads.to_string());
        let mut talk = Talk::start(&mut command)?;
        let name = talk.answer()?;
        std::fs::remove_file(&input)?;
        Ok(Self { talk, output: directory.join("graph-found.bin"), nodes, name })
    }

    /// Runs a command, and returns the seconds it took and a number of each node.
    fn run<const BYTES: usize, T>(
        &mut self,
        command: &str,
        setting: &str,
        number: impl Fn([u8; BYTES]) -> T,
    ) -> Result<(f64, Vec<T>)> {
        writeln!(self.talk.requests, "{command} {setting} {}", self.output.display())?;
        let seconds = self.talk.answer()?.parse()?;
        let bytes = std::fs::read(&self.output)?;
        std::fs::remove_file(&self.output)?;
        let found: Vec<T> =
            bytes.chunks_exact(BYTES).filter_map(|chunk| chunk.try_into().ok()).map(number).collect();
        ensure!(found.len() == self.nodes, "Python found {} values", found.len());
        Ok((seconds, found))
    }

    /// A command that finds whole numbers.
    pub(super) fn counts(&mut self, command: &str, setting: &str) -> Result<(f64, Vec<u32>)> {
        self.run(command, setting, u32::from_le_bytes)
    }

    /// A command that finds values.
    pub(super) fn values(&mut self, command: &str, setting: &str) -> Result<(f64, Vec<f64>)> {
        self.run(command, setting, f64::from_le_bytes)
    }

    /// Lets Python end.
    pub(super) fn stop(self) -> Result<()> {
        self.talk.stop()
    }
}
