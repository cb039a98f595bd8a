//! The command line.

mod evals;

pub(crate) use evals::{EvalCommunities, EvalFriends, EvalSigns, EvalStrength};

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Events in, ranked feed out: a social-intelligence server
#[derive(Debug, Parser)]
#[command(name = "milieu", version, about)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// End as soon as standard input ends: what a server starts ends with it, however that comes about
    #[arg(long, global = true, hide = true)]
    pub(crate) supervised: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// A seeded community, trained and served, with a page to look at
    Demo(Demo),
    /// Serve a data directory
    Serve(Serve),
    /// Read another system's data into a data directory
    Import(Import),
    /// What can be learnt from the data, what is missing, memory needed
    Doctor(OnData),
    /// Train a model by a recipe
    Train(Train),
    /// Measure models on public data sets
    Eval {
        #[command(subcommand)]
        command: EvalCommand,
    },
    /// Look after model versions
    Models {
        #[command(subcommand)]
        command: ModelsCommand,
    },
    /// Look after what is inferred of people
    People {
        #[command(subcommand)]
        command: PeopleCommand,
    },
    /// The training process of a server; reads its job from standard input
    #[command(name = crate::training::WORKER, hide = true)]
    TrainWorker,
    /// Look after the event log
    Log {
        #[command(subcommand)]
        command: LogCommand,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Train {
    /// The recipe (TOML); the model is named after it
    #[arg(value_name = "RECIPE")]
    pub(crate) recipe: PathBuf,
    /// One setting of the recipe, stronger than the file; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// The data directory that the model is published in, where it passes the gate
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// The name it is published under [default: that of the recipe]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Let the published version serve at once
    #[arg(long, requires = "data")]
    pub(crate) promote: bool,
    /// Where checkpoint, model and report go; a run that was cut off there goes on [default: runs/NAME]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// One JSON object last on standard output
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum EvalCommand {
    /// Collaborative models on a public data set, by full ranking
    Feed(EvalFeed),
    /// Who comes to be linked with whom, on a list of edges
    People(EvalPeople),
    /// Signs of ties: who will speak well of whom, in the order of time
    Signs(EvalSigns),
    /// Strength of ties: how often pairs will meet
    Strength(EvalStrength),
    /// Circles of people's friends, against those that they made themselves
    Communities(EvalCommunities),
    /// Friendships that were hidden, from what people listen to and from their other friends
    Friends(EvalFriends),
}

#[derive(Debug, Args)]
pub(crate) struct EvalPeople {
    /// A list of edges, plain or gzip: two nodes a line, perhaps a weight and a time
    #[arg(long, value_name = "FILE")]
    pub(crate) edges: PathBuf,
    /// The share of the links that is hidden
    #[arg(long, default_value_t = 0.15)]
    pub(crate) hide: f64,
    /// Which are: `random`, or `time` for the newest; by time where every edge has one
    #[arg(long, value_parser = ["random", "time"])]
    pub(crate) by: Option<String>,
    /// How many times, each with another seed
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=100))]
    pub(crate) seeds: u64,
    /// Hidden links that are told from hard pairs, each seed
    #[arg(long, default_value_t = 2000)]
    pub(crate) hard: usize,
    /// One JSON object last on standard output
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct EvalFeed {
    /// The format of the data
    #[arg(long, value_name = "NAME", value_parser = dataset_names())]
    pub(crate) dataset: String,
    /// The directory of the data
    #[arg(long, value_name = "DIR")]
    pub(crate) path: PathBuf,
    /// Shares of training, validation and test at random by user, or `time`; ignored where the data comes split
    #[arg(long, default_value = "8:1:1")]
    pub(crate) split: String,
    /// The model; `auto` chooses by validation
    #[arg(long, default_value = "auto",
          value_parser = ["popularity", "item-knn", "graph-filter", "ease", "ials", "auto"])]
    pub(crate) model: String,
    /// How many random splits
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=100))]
    pub(crate) seeds: u64,
    /// Lengths of the lists; the first is the one that is chosen by
    #[arg(long, value_delimiter = ',')]
    pub(crate) k: Vec<usize>,
    /// Measure the form that serving keeps, with so many neighbours an item
    #[arg(long)]
    pub(crate) neighbours: Option<usize>,
    /// Replay the data through the whole feed, in order of time, against popularity and newest first
    #[arg(long)]
    pub(crate) replay: bool,
    /// The most users of a replay
    #[arg(long, default_value_t = 2000)]
    pub(crate) users: usize,
    /// One JSON object last on standard output
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelsCommand {
    /// Every version of every model
    List(OnModels),
    /// A model, or all that is known about one version of it
    Show(ShowModel),
    /// Take a model from the hub of Hugging Face, as a candidate
    Pull(PullModel),
    /// Take a model from a file or a folder, as a candidate
    Import(ImportModel),
    /// How right and how fast a version is
    Evaluate(EvaluateModel),
    /// Make a smaller or faster version, measured beside the one it is made from
    Optimize(OptimizeModel),
    /// Make a version live
    Promote(PromoteModel),
    /// Make the version before live again
    Rollback(RollbackModel),
    /// Write a version into a folder
    Export(ExportModel),
}

#[derive(Debug, Args)]
pub(crate) struct OnModels {
    /// The data directory; a server may have it open, and learns of changes when it starts
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// One JSON object last on standard output
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ShowModel {
    /// The model; with a version, that version's card
    #[arg(value_name = "NAME[@VERSION]", value_parser = ModelName::parse)]
    pub(crate) model: ModelName,
    #[command(flatten)]
    pub(crate) on: OnModels,
}

#[derive(Debug, Args)]
pub(crate) struct PullModel {
    /// The repository of the hub, and a branch, tag or commit of it; its main branch where that is left out
    #[arg(value_name = "hf:ORG/NAME[@REVISION]", value_parser = crate::hub::Reference::parse)]
    pub(crate) from: crate::hub::Reference,
    /// The model to publish under; made from the repository's name where it is left out
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Which .onnx file, where there is a choice
    #[arg(long, value_name = "PATH")]
    pub(crate) file: Option<String>,
    /// Where the hub is
    #[arg(long, value_name = "URL", env = "HF_ENDPOINT", default_value = "https://huggingface.co")]
    pub(crate) hub: String,
    /// A token for what is not public
    #[arg(long, value_name = "TOKEN", env = "HF_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    #[command(flatten)]
    pub(crate) on: OnModels,
}

#[derive(Debug, Args)]
pub(crate) struct ImportModel {
    /// An .onnx file, or a folder with one and what belongs to it, or one with an encoder of texts (config.json,
    /// model.safetensors, tokenizer.json)
    #[arg(value_name = "DIR|FILE")]
    pub(crate) path: PathBuf,
    /// The model to publish under; made from the path where it is left out
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Which .onnx file of the folder, where there is a choice
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<String>,
    #[command(flatten)]
    pub(crate) on: OnModels,
}

#[derive(Debug, Args)]
pub(crate) struct Measuring {
    /// A folder or an archive of pictures in folders named after the model's labels, or a table of texts
    #[arg(long, value_name = "PATH")]
    pub(crate) examples: PathBuf,
    /// The most pictures of a class that are not to measure with; 0 for all
    #[arg(long, default_value_t = 0)]
    pub(crate) most: usize,
    /// The column of texts, where the examples are texts
    #[arg(long, value_name = "COLUMN", default_value = "text")]
    pub(crate) text: String,
    /// The column of their labels
    #[arg(long, value_name = "COLUMN", default_value = "label")]
    pub(crate) label: String,
    /// The engine
    #[arg(long, default_value = "auto", value_parser = ["auto", "rten", "onnxruntime"])]
    pub(crate) engine: String,
    /// The library of ONNX Runtime; the usual places are looked at where it is left out
    #[arg(long, value_name = "FILE")]
    pub(crate) library: Option<PathBuf>,
    /// Threads of the engine; as many as there are processors where it is left out
    #[arg(long)]
    pub(crate) threads: Option<std::num::NonZeroUsize>,
}

#[derive(Debug, Args)]
pub(crate) struct EvaluateModel {
    /// The model, and the number of a version; the live one, else the newest, where that is left out
    #[arg(value_name = "NAME[@VERSION]", value_parser = ModelName::parse)]
    pub(crate) model: ModelName,
    #[command(flatten)]
    pub(crate) measuring: Measuring,
    #[command(flatten)]
    pub(crate) on: OnModels,
}

#[derive(Debug, Args)]
pub(crate) struct OptimizeModel {
    /// The model, and the number of a version; the live one, else the newest, where that is left out
    #[arg(value_name = "NAME[@VERSION]", value_parser = ModelName::parse)]
    pub(crate) model: ModelName,
    /// What is done
    #[arg(long, value_parser = ["int8", "int8-dynamic", "int8-weights", "half", "magnitude", "channels"])]
    pub(crate) method: String,
    /// The share that goes, of methods that take something away
    #[arg(long, default_value_t = 0.5)]
    pub(crate) share: f32,
    /// Epochs of training on after something was taken away
    #[arg(long, default_value_t = 3)]
    pub(crate) epochs: usize,
    /// The most accuracy that may be lost, in points; a version that loses more is not published
    #[arg(long, value_name = "POINTS", default_value_t = 0.5)]
    pub(crate) most_lost: f64,
    /// Where checkpoints of training on go [default: runs/NAME-METHOD]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) measuring: Measuring,
    #[command(flatten)]
    pub(crate) on: OnModels,
}

#[derive(Debug, Args)]
pub(crate) struct PromoteModel {
    /// The model
    pub(crate) name: String,
    /// The number of the version
    pub(crate) version: u32,
    #[command(flatten)]
    pub(crate) on: OnModels,
}

#[derive(Debug, Args)]
pub(crate) struct RollbackModel {
    /// The model
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) on: OnModels,
}

#[derive(Debug, Args)]
pub(crate) struct ExportModel {
    /// The model, and the number of a version; the live one, else the newest, where that is left out
    #[arg(value_name = "NAME[@VERSION]", value_parser = ModelName::parse)]
    pub(crate) model: ModelName,
    /// The folder to write; it must be empty or not there
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    #[command(flatten)]
    pub(crate) on: OnModels,
}

/// `NAME` or `NAME@VERSION`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ModelName {
    pub(crate) name: String,
    pub(crate) version: Option<u32>,
}

impl ModelName {
    fn parse(text: &str) -> Result<Self, String> {
        let Some((name, version)) = text.split_once('@') else {
            return Ok(Self { name: text.to_owned(), version: None });
        };
        let version = version.parse().map_err(|_| format!("{version:?} is no number of a version"))?;
        Ok(Self { name: name.to_owned(), version: Some(version) })
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum PeopleCommand {
    /// Write ties, users or communities for other tools, without any private relation
    Export(ExportPeople),
    /// Learn from the log how strong ties are, and print what is expected beside what came
    Fit(OnData),
}

#[derive(Debug, Args)]
pub(crate) struct ExportPeople {
    /// The data directory; no server may have it open
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// The format; GraphML holds users and ties together
    #[arg(long, default_value = "jsonl", value_parser = ["jsonl", "csv", "graphml"])]
    pub(crate) format: String,
    /// What is written
    #[arg(long, default_value = "ties", value_parser = ["ties", "users", "communities"])]
    pub(crate) what: String,
    /// The file; standard output where it is left out
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LogCommand {
    /// Compare the world from snapshot and tail with one folded from the first record
    Verify(OnData),
    /// Print the records, one JSON object a line
    Dump(Dump),
}

#[derive(Debug, Args)]
pub(crate) struct Dump {
    /// The data directory; no server may have it open
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// The first record to print
    #[arg(long, value_name = "RECORD", default_value_t = 1)]
    pub(crate) from: milieu_types::Seq,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

#[derive(Debug, Args)]
pub(crate) struct Settings {
    /// A configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// One setting, stronger than file and environment; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Where to keep the data; a temporary directory, removed at the end, where it is left out
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// How many people
    #[arg(long, default_value_t = 2000)]
    pub(crate) people: u32,
    /// How many posts
    #[arg(long, default_value_t = 20_000)]
    pub(crate) posts: u32,
    /// Decides every random choice
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The data directory; made where there is none
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// Address and port, as `server.listen`
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<String>,
    /// Listen on an address that others reach, though nothing asks callers for a key
    #[arg(long)]
    pub(crate) allow_insecure_bind: bool,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The format
    #[arg(long, value_name = "FORMAT", value_parser = format_names())]
    pub(crate) format: String,
    /// The data directory; no server may have it open
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// Files or directories
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Bad lines to show; the others are counted
    #[arg(long, default_value_t = 20)]
    pub(crate) show_bad: u64,
    /// One JSON object last on standard output
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

#[derive(Debug, Args)]
pub(crate) struct OnData {
    /// The data directory; no server may have it open
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// One JSON object last on standard output
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

fn format_names() -> clap::builder::PossibleValuesParser {
    milieu_dataset::import::Format::ALL.map(milieu_dataset::import::Format::name).into()
}

/// LightGCN's files have no times and no import format; everything that can be imported can be replayed.
fn dataset_names() -> clap::builder::PossibleValuesParser {
    let formats = milieu_dataset::import::Format::ALL.map(milieu_dataset::import::Format::name);
    std::iter::once("lightgcn").chain(formats).collect::<Vec<_>>().into()
}
