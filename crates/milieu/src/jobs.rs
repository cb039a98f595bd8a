//! The jobs of a server, each a command of this same binary in a child process.

use crate::training;
use milieu_api::{ApiError, JobSpec, TrainJob};
use milieu_server::{JobInput, JobOutcome, Work, each_line};
use milieu_train::pictures::Recipe;
use milieu_types::ErrorCode;
use std::io;
use std::process::{Command, ExitStatus, Stdio};

/// The recipe of a job that brings none.
const PICTURES: &str = include_str!("../../../recipes/image-classification.toml");

/// What a server has done by other processes.
pub(crate) fn work() -> Work {
    Work {
        train: Box::new(|input| training::train(input).map_err(|error| format!("{error:#}"))),
        check: Box::new(check),
        run: Box::new(|input| {
            run(input).unwrap_or_else(|error| JobOutcome {
                summary: None,
                error: Some(format!("the process cannot be started: {error}")),
            })
        }),
    }
}

/// Checks a job, and gives the recipe it goes by.
fn check(spec: &JobSpec, dataset: &str) -> Result<String, ApiError> {
    match spec {
        JobSpec::Train(job) => check_train(job, dataset),
    }
}

fn check_train(job: &TrainJob, dataset: &str) -> Result<String, ApiError> {
    let refuse = |field: String, message: String| ApiError::at(ErrorCode::InvalidJob, field, message);
    let recipe = job.recipe.as_deref().unwrap_or(PICTURES);
    let from = format!("data.path={dataset:?}");
    Recipe::read(recipe, std::slice::from_ref(&from))
        .map_err(|error| refuse("recipe".into(), error.to_string()))?;
    let key = |setting: &String| setting.split('=').next().unwrap_or("").trim().to_owned();
    if let Some(at) = job.settings.iter().position(|setting| matches!(&*key(setting), "data" | "data.path")) {
        let message = "what is learnt from is the data set of the job";
        return Err(refuse(format!("settings[{at}]"), message.into()));
    }
    let settings: Vec<String> = job.settings.iter().cloned().chain([from]).collect();
    Recipe::read(recipe, &settings).map_err(|error| refuse("settings".into(), error.to_string()))?;
    Ok(recipe.to_owned())
}

/// The command line that does a job, in its folder.
fn arguments(input: &JobInput<'_>) -> Vec<String> {
    let fixed = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    match input.spec {
        JobSpec::Train(job) => {
            let mut all = fixed(&["train", "recipe.toml", "--out", "run", "--json", "--supervised"]);
            // The last setting of a key holds.
            let from = format!("data.path={:?}", input.dataset);
            all.extend(job.settings.iter().chain([&from]).map(|setting| format!("--set={setting}")));
            all
        }
    }
}

fn run(input: JobInput<'_>) -> io::Result<JobOutcome> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(arguments(&input)).current_dir(input.folder);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let (stdin, stdout, stderr) = input.child.start(&mut command, input.limits, |child| {
        Some((child.stdin.take()?, child.stdout.take()?, child.stderr.take()?))
    })?;
    let (mut last, mut complaint) = (String::new(), String::new());
    std::thread::scope(|scope| {
        scope.spawn(|| each_line(stdout, |line| line.clone_into(&mut last)));
        each_line(stderr, |line| {
            if !line.starts_with('{') && !complaint.starts_with("error: ") {
                line.clone_into(&mut complaint);
            }
            (input.heard)(line);
        });
    });
    let status = input.child.wait()?;
    // Held until here: its end is the process's sign that nobody waits for it.
    drop(stdin);
    Ok(JobOutcome { summary: serde_json::from_str(&last).ok(), error: error(status, &complaint) })
}

/// Why a process failed, if it did.
fn error(status: ExitStatus, complaint: &str) -> Option<String> {
    if status.success() {
        return None;
    }
    Some(match complaint.strip_prefix("error: ") {
        Some(message) => message.to_owned(),
        None if complaint.is_empty() => format!("the process ended with {status}"),
        None => format!("the process ended with {status}: {complaint}"),
    })
}
