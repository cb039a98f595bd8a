//! Few pictures of each class: a head on an encoder that learnt elsewhere, and a network from nothing.

use super::live::process::build;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Pictures in folders of their classes below train/ and test/, as a folder or an archive
    #[arg(long)]
    data: PathBuf,
    /// The encoder, an ONNX file
    #[arg(long)]
    encoder: PathBuf,
    /// The value in it that the head reads
    #[arg(long, default_value = "features")]
    output: String,
    /// Pictures of each class that are learnt from
    #[arg(long, default_value_t = 100)]
    most: usize,
    /// Decides every random choice
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(crate) fn run(root: &Path, args: &Args) -> Result<()> {
    let binary = build(root)?;
    let path = |path: &Path| std::path::absolute(path).map(|path| path.display().to_string());
    let shared = [
        format!("data.path={}", path(&args.data)?),
        format!("data.most={}", args.most),
        format!("seed={}", args.seed),
    ];
    let encoder = format!("encoder.path={}", path(&args.encoder)?);
    let head = [encoder, format!("encoder.output={}", args.output)];
    println!("from               accuracy            macro F1   seconds");
    for (name, recipe, own) in [
        ("the encoder", "recipes/image-transfer.toml", &head[..]),
        ("nothing", "recipes/image-classification.toml", &[]),
    ] {
        let folder = tempfile::tempdir()?;
        let mut command = Command::new(&binary);
        command.arg("train").arg(root.join(recipe)).arg("--json").arg("--out").arg(folder.path());
        for setting in shared.iter().chain(own) {
            command.args(["--set", setting]);
        }
        let output = command.stderr(Stdio::null()).output().context("cannot start the training")?;
        ensure!(output.status.success(), "the training from {name} ended with {}", output.status);
        let text = String::from_utf8(output.stdout)?;
        let summary: Value = serde_json::from_str(text.lines().last().context("it said nothing")?)?;
        let number = |pointer: &str| summary.pointer(pointer).and_then(Value::as_f64).unwrap_or(f64::NAN);
        println!(
            "{name:<18} {:.4} ({:.4} to {:.4})  {:.4}  {:.0}",
            number("/accuracy"),
            number("/accuracy_low"),
            number("/accuracy_high"),
            number("/macro_f1"),
            number("/seconds"),
        );
    }
    Ok(())
}
