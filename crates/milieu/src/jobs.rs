//! The jobs of a server, each a command of this same binary in a child process.

use crate::training;
use milieu_api::{ApiError, JobSpec, OptimizeJob, TrainJob};
use milieu_server::{JobInput, JobOutcome, Work, each_line};
use milieu_train::pictures::{Recipe, RecipeError};
use milieu_train::{Task, sequences, slots, texts};
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

/// Checks a job, and gives the recipe it goes by, if any.
fn check(spec: &JobSpec, dataset: &str) -> Result<Option<String>, ApiError> {
    match spec {
        JobSpec::Train(job) => check_train(job, dataset).map(Some),
        // Its fields say all, and were checked when they were read.
        JobSpec::Optimize(_) => Ok(None),
    }
}

fn check_train(job: &TrainJob, dataset: &str) -> Result<String, ApiError> {
    let refuse = |field: String, message: String| ApiError::at(ErrorCode::InvalidJob, field, message);
    let recipe = job.recipe.as_deref().unwrap_or(PICTURES);
    let from = format!("data.path={dataset:?}");
    read(recipe, std::slice::from_ref(&from)).map_err(|error| refuse("recipe".into(), error))?;
    let key = |setting: &String| setting.split('=').next().unwrap_or("").trim().to_owned();
    if let Some(at) = job.settings.iter().position(|setting| matches!(&*key(setting), "data" | "data.path")) {
        let message = "what is learnt from is the data set of the job";
        return Err(refuse(format!("settings[{at}]"), message.into()));
    }
    let settings: Vec<String> = job.settings.iter().cloned().chain([from]).collect();
    read(recipe, &settings).map_err(|error| refuse("settings".into(), error))?;
    Ok(recipe.to_owned())
}

/// Reads a recipe as its task reads it, and refuses one that reads other files than its data.
fn read(text: &str, settings: &[String]) -> Result<(), String> {
    let of_pictures = || -> Result<bool, RecipeError> {
        let recipe = Recipe::read(text, settings)?;
        let mut candidates = recipe.search.candidates.iter().map(|settings| recipe.with(settings));
        let candidate_reads = candidates.any(|other| other.is_ok_and(|other| other.encoder.is_some()));
        let sensitive = recipe.data.sensitive_model.is_some();
        Ok(recipe.encoder.is_some() || recipe.parent.is_some() || sensitive || candidate_reads)
    };
    let reads_more = match Task::of(text).map_err(|error| error.to_string())? {
        Task::ImageClassification => of_pictures(),
        Task::NextItem => sequences::Recipe::read(text, settings).map(|_| false),
        Task::TextClassification => texts::Recipe::read(text, settings).map(|recipe| {
            let folder = recipe.encoder.is_some_and(|encoder| encoder.path.is_some());
            let more = recipe.teacher.is_some_and(|teacher| !teacher.texts.is_empty());
            // Sources lie where they say.
            let sources = !recipe.data.sources.is_empty();
            recipe.data.path.is_none() || recipe.data.names.is_some() || sources || folder || more
        }),
        Task::TextSlots => slots::Recipe::read(text, settings)
            .map(|recipe| recipe.data.path.is_none() || recipe.encoder.is_some()),
    };
    match reads_more {
        Ok(false) => Ok(()),
        Ok(true) => Err("a job reads no file of the server but its data set".into()),
        Err(error) => Err(error.to_string()),
    }
}

/// The command line that does a job, in its folder.
fn arguments(input: &JobInput<'_>) -> Vec<String> {
    let fixed = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    let JobInput { data, dataset, .. } = input;
    let mut all = fixed(&["--supervised"]);
    match input.spec {
        JobSpec::Train(TrainJob { model, settings, .. }) => {
            all.extend(fixed(&["train", "recipe.toml", "--data", data, "--name", model]));
            // The last setting of a key holds.
            let from = format!("data.path={dataset:?}");
            all.extend(settings.iter().chain([&from]).map(|setting| format!("--set={setting}")));
        }
        JobSpec::Optimize(OptimizeJob { model, version, method, share, epochs, most_lost, .. }) => {
            all.extend(fixed(&[
                "models",
                "optimize",
                &format!("{model}@{version}"),
                "--method",
                method.name(),
            ]));
            all.extend(fixed(&["--data", data, "--examples", dataset]));
            all.extend(share.map(|share| format!("--share={share}")));
            all.extend(epochs.map(|epochs| format!("--epochs={epochs}")));
            all.extend(most_lost.map(|points| format!("--most-lost={points}")));
        }
    }
    all.extend(fixed(&["--out", "run", "--json"]));
    all
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic in a test is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn a_job_reads_its_data_set_alone() {
        fn check(recipe: &str, settings: &[&str], allowed: bool) {
            let settings: Vec<String> = settings.iter().map(|&setting| setting.to_owned()).collect();
            let found = read(recipe, &settings);
            let refused = "a job reads no file of the server but its data set";
            let expected = if allowed { Ok(()) } else { Err(refused.to_owned()) };
            assert_eq!(found, expected, "{recipe} {settings:?}");
        }
        let texts = "task = 'text-classification'\n[data]";
        check(texts, &["data.path=set"], true);
        check(texts, &["data.train=/etc/passwd"], false);
        check(texts, &["data.path=set", "data.names=/etc/passwd"], false);
        check(texts, &["data.path=set", "data.columns=['hate', 'insult']"], true);
        check(texts, &["data.path=set", "data.sources=[{path='/etc', knows={a=['b']}}]"], false);
        check(texts, &["data.path=set", "data.sources=[{path='a.csv', columns=['b']}]"], false);
        check(texts, &["data.path=set", "encoder.path=/srv/encoder"], false);
        check(
            "task = 'text-slots'\n[data]\n[encoder]",
            &["data.path=set", "encoder.path=/srv/encoder"],
            false,
        );
        check(texts, &["data.path=set", "encoder.model=meaning"], true);
        check(texts, &["data.path=set", "teacher.model=tone"], true);
        check(texts, &["data.path=set", "teacher.model=tone", "teacher.texts=['/etc/passwd']"], false);
        check(PICTURES, &["data.path=set"], true);
        check(PICTURES, &["data.path=set", "parent.path=/srv/network.bin"], false);
        check(PICTURES, &["data.path=set", "data.sensitive_model=/srv/model.onnx"], false);
        assert!(read("task = 'nothing'", &[]).is_err());
    }
}
