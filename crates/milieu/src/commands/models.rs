//! `milieu models`.

use super::now;
use crate::cli::{
    ExportModel, ImportModel, ModelName, ModelsCommand, OnModels, PromoteModel, PullModel, RollbackModel,
    ShowModel,
};
use crate::hub::{Hub, RemoteFile};
use crate::output::{Usage, bar, json};
use anyhow::{Context, Result, bail};
use milieu_api::{ModelCardOut, ModelOut, ModelStages};
use milieu_registry::{Draft, Import, ImportLimits, Registry, check_model, choose_model, is_companion};
use milieu_server::listing;
use milieu_server::store::models_dir;
use milieu_train::texts::embedding_draft;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Where downloads stand until they are whole: no name of a model begins with a dot.
const PULLING: &str = ".pull";

pub(super) fn run(command: ModelsCommand) -> Result<()> {
    match command {
        ModelsCommand::List(on) => list(&on),
        ModelsCommand::Show(args) => show(&args),
        ModelsCommand::Pull(args) => pull(&args),
        ModelsCommand::Import(args) => import(&args),
        ModelsCommand::Evaluate(args) => super::optimize::evaluate(&args),
        ModelsCommand::Optimize(args) => super::optimize::run(&args),
        ModelsCommand::Promote(args) => promote(&args),
        ModelsCommand::Rollback(args) => rollback(&args),
        ModelsCommand::Export(args) => export(&args),
    }
}

/// The registry of a data directory, which asking must not make.
pub(super) fn existing(on: &OnModels) -> Result<Registry> {
    let folder = models_dir(&on.data);
    if !folder.is_dir() {
        return Err(Usage(format!("{} holds no models", on.data.display())).into());
    }
    Ok(Registry::open(folder)?)
}

fn list(on: &OnModels) -> Result<()> {
    let found = listing::list(&existing(on)?)?;
    if on.json {
        return json(&found);
    }
    print_versions(&found.models);
    Ok(())
}

fn show(args: &ShowModel) -> Result<()> {
    let registry = existing(&args.on)?;
    match args.model.version {
        None => tell_model(&listing::model(&registry, &args.model.name)?, args.on.json),
        Some(version) => tell_card(&listing::version(&registry, &args.model.name, version)?, args.on.json),
    }
}

fn promote(args: &PromoteModel) -> Result<()> {
    let registry = existing(&args.on)?;
    registry.promote(&args.name, args.version, now())?;
    tell_model(&listing::model(&registry, &args.name)?, args.on.json)
}

fn rollback(args: &RollbackModel) -> Result<()> {
    let registry = existing(&args.on)?;
    registry.rollback(&args.name, now())?;
    tell_model(&listing::model(&registry, &args.name)?, args.on.json)
}

fn export(args: &ExportModel) -> Result<()> {
    let registry = existing(&args.on)?;
    let name = &args.model.name;
    let version = version_of(&registry, &args.model)?;
    registry.export(name, version, &args.folder)?;
    eprintln!("wrote {name} {version} to {}", args.folder.display());
    if args.on.json {
        json(&listing::version(&registry, name, version)?)?;
    }
    Ok(())
}

/// The version that is named, else the live one, else the newest.
pub(super) fn version_of(registry: &Registry, model: &ModelName) -> Result<u32> {
    let ModelName { name, version } = model;
    if let Some(version) = version {
        return Ok(*version);
    }
    let model = listing::model(registry, name)?;
    let newest = model.versions.last().map(|version| version.version);
    model.live.or(newest).with_context(|| format!("{name} has no version"))
}

fn import(args: &ImportModel) -> Result<()> {
    let stem = args.path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let kind = args.name.clone().unwrap_or_else(|| model_name(stem));
    let draft = if args.file.is_none() && is_encoder(&args.path) {
        embedding_draft(&args.path, &kind, now())?
    } else {
        let import = Import { kind, at: now(), file: args.file.clone(), ..Import::default() };
        import.read(&args.path, check_model)?
    };
    publish(&Registry::open(models_dir(&args.on.data))?, &draft, args.on.json)
}

/// Whether a folder holds an encoder that has no graph yet.
fn is_encoder(path: &Path) -> bool {
    let has = |name: &str| path.join(name).is_file();
    has("model.safetensors") && has("tokenizer.json") && !has("model.onnx") && !has("onnx/model.onnx")
}

fn pull(args: &PullModel) -> Result<()> {
    let registry = Registry::open(models_dir(&args.on.data))?;
    let hub = Hub::new(&args.hub, args.token.clone());
    let snapshot = hub.snapshot(&args.from)?;
    let limits = ImportLimits::default();
    let wanted = wanted(&snapshot.files, args.file.as_deref())?;
    for (name, file) in &wanted {
        let limit = limit_of(name, limits);
        if let Some(size) = file.size.filter(|&size| size > limit) {
            bail!("{}: {size} exceeds the limit of {limit} bytes", file.path);
        }
    }
    let folder = pulling(&args.on.data, &args.from.repository, &snapshot.commit)?;
    let progress = bar(wanted.values().filter_map(|file| file.size).sum(), "downloading", true);
    for (name, file) in &wanted {
        let heard = |bytes| progress.inc(bytes);
        let limit = limit_of(name, limits);
        hub.fetch(&args.from.repository, &snapshot.commit, file, limit, &folder.join(name), heard)?;
    }
    progress.finish_and_clear();
    let model = wanted.keys().find(|name| name.ends_with(".onnx")).cloned();
    let import = Import {
        kind: args.name.clone().unwrap_or_else(|| model_name(args.from.name())),
        at: now(),
        file: model,
        source: Some(format!("hf:{}@{}", args.from.repository, snapshot.commit)),
        licence: snapshot.licence,
        limits,
    };
    let done = import
        .read(&folder, check_model)
        .map_err(anyhow::Error::from)
        .and_then(|draft| publish(&registry, &draft, args.on.json));
    // Published or refused: either way the download is of no more use.
    fs::remove_dir_all(&folder).with_context(|| format!("removing {}", folder.display()))?;
    done
}

fn limit_of(name: &str, limits: ImportLimits) -> u64 {
    if name.ends_with(".onnx") { limits.model_bytes } else { limits.companion_bytes }
}

/// The files to take, by their names in the registry: the model, and companions beside it or at the top.
fn wanted(files: &[RemoteFile], file: Option<&str>) -> Result<BTreeMap<String, RemoteFile>> {
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let model = choose_model(&paths, file).map_err(anyhow::Error::msg)?;
    let (folder, model_name) = model.rsplit_once('/').unwrap_or(("", model));
    let mut wanted = BTreeMap::new();
    for file in files {
        let (beside, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
        if file.path == model {
            wanted.insert(model_name.to_owned(), file.clone());
        } else if is_companion(name) && beside == folder {
            wanted.insert(name.to_owned(), file.clone());
        } else if is_companion(name) && beside.is_empty() {
            wanted.entry(name.to_owned()).or_insert_with(|| file.clone());
        }
    }
    Ok(wanted)
}

/// The folder of a download. What is left of other commits of the same repository is removed.
fn pulling(data: &Path, repository: &str, commit: &str) -> Result<PathBuf> {
    let all = models_dir(data).join(PULLING);
    let prefix = format!("{}@", repository.replace('/', "--"));
    let own = format!("{prefix}{commit}");
    fs::create_dir_all(all.join(&own))?;
    for entry in fs::read_dir(&all)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| name.starts_with(&prefix) && name != own) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(all.join(own))
}

fn publish(registry: &Registry, draft: &Draft, as_json: bool) -> Result<()> {
    let manifest = registry.publish(draft)?;
    eprintln!("published {} {} as a candidate", manifest.kind, manifest.version);
    tell_card(&listing::version(registry, &manifest.kind, manifest.version)?, as_json)
}

/// A name of a model made from another name: lower case, what is not allowed as a dash.
fn model_name(text: &str) -> String {
    let fit = |c: char| match c.to_ascii_lowercase() {
        c @ ('a'..='z' | '0'..='9' | '-' | '_') => c,
        _ => '-',
    };
    text.chars().map(fit).take(64).collect()
}

fn tell_model(model: &ModelStages, as_json: bool) -> Result<()> {
    if as_json {
        return json(model);
    }
    print_versions(&model.versions);
    for change in &model.changes {
        let share = change.share.map_or_else(String::new, |share| format!(" {share}"));
        println!("{}  {} {}{share}", change.at, change.change, change.version);
    }
    Ok(())
}

fn print_versions(versions: &[ModelOut]) {
    for version in versions {
        let ModelOut { name, version, stage, metrics, created_at, damaged } = version;
        let figures: Vec<String> = metrics.iter().map(|(name, value)| format!("{name} {value:.4}")).collect();
        let last = damaged.clone().unwrap_or_else(|| figures.join(", "));
        println!("{:<32} {stage:<10} {created_at:<24} {last}", format!("{name}@{version}"));
    }
}

fn tell_card(card: &ModelCardOut, as_json: bool) -> Result<()> {
    if as_json {
        return json(card);
    }
    println!("{}@{}  {}  {}", card.name, card.version, card.stage, card.created_at);
    for (name, value) in &card.metrics {
        println!("  {name:<20} {value:.4}");
    }
    for file in &card.files {
        println!("  {:<20} {} bytes, {}", file.name, file.bytes, file.sha256);
    }
    if let Some(attributes) = card.attributes.as_object() {
        for (name, value) in attributes {
            println!("  {name:<20} {}", shortened(&value.to_string()));
        }
    }
    for (name, text) in [("code", &card.code_version), ("data", &card.data.hash), ("recipe", &card.recipe)] {
        if !text.is_empty() {
            println!("  {name:<20} {}", shortened(text));
        }
    }
    let numbers = |relatives: &[ModelOut]| {
        relatives.iter().map(|relative| relative.version.to_string()).collect::<Vec<_>>().join(" ")
    };
    println!("  {:<20} {} ({})", "ancestors", numbers(&card.lineage.ancestors), card.lineage.end);
    println!("  {:<20} {}", "children", numbers(&card.lineage.children));
    Ok(())
}

/// One line of a screen.
fn shortened(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(100).collect();
    if text.chars().count() > 100 { format!("{line}...") } else { line }
}
