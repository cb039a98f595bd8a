//! Which engine runs models on this machine, and why.

use super::bag::BagEngine;
use super::onnxruntime::{OnnxRuntime, OnnxRuntimeEngine};
use super::rten::RtenEngine;
use super::{Engine, LoadOptions};
use crate::outline;
use crate::{EngineError, LoadError};
use ::rten::ThreadPool;
use std::fs::File;
use std::io::Read;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

/// Which engine is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EngineChoice {
    /// ONNX Runtime where its library is found, else rten.
    #[default]
    Auto,
    /// rten.
    Rten,
    /// ONNX Runtime, or an error.
    OnnxRuntime,
}

impl FromStr for EngineChoice {
    type Err = EngineError;

    fn from_str(text: &str) -> Result<Self, EngineError> {
        match text {
            "auto" => Ok(Self::Auto),
            "rten" => Ok(Self::Rten),
            "onnxruntime" => Ok(Self::OnnxRuntime),
            _ => Err(EngineError::Unknown(text.to_owned())),
        }
    }
}

/// An engine that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineKind {
    /// rten.
    Rten,
    /// ONNX Runtime.
    OnnxRuntime,
}

impl EngineKind {
    /// Its name in configurations and answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rten => "rten",
            Self::OnnxRuntime => "onnxruntime",
        }
    }
}

/// The engine that was chosen; loads models.
pub struct Engines {
    reason: String,
    threads: NonZeroUsize,
    backend: Backend,
}

enum Backend {
    /// All models share one pool, so that two at work do not use more threads than one.
    Rten(Arc<ThreadPool>),
    OnnxRuntime(OnnxRuntime),
}

impl Engines {
    /// Chooses an engine. `library` is the file of ONNX Runtime's library; the usual names are tried where
    /// it is absent. `threads` is how many threads a run may use.
    ///
    /// A process can hold one library of ONNX Runtime, the first that was found; later calls get the same.
    ///
    /// # Errors
    /// [`EngineError::Runtime`] when ONNX Runtime was asked for by name and cannot be used.
    pub fn find(
        choice: EngineChoice,
        library: Option<&Path>,
        threads: NonZeroUsize,
    ) -> Result<Self, EngineError> {
        let pool = || Backend::Rten(Arc::new(ThreadPool::with_num_threads(threads.get())));
        let runtime = |runtime: OnnxRuntime| {
            (format!("found ONNX Runtime: {}", runtime.library()), Backend::OnnxRuntime(runtime))
        };
        let (reason, backend) = match choice {
            EngineChoice::Rten => ("asked for".to_owned(), pool()),
            EngineChoice::OnnxRuntime => runtime(OnnxRuntime::find(library).map_err(EngineError::Runtime)?),
            EngineChoice::Auto => match OnnxRuntime::find(library) {
                Ok(found) => runtime(found),
                Err(why) => (format!("ONNX Runtime cannot be used: {why}"), pool()),
            },
        };
        Ok(Self { reason, threads, backend })
    }

    /// Which engine it is.
    #[must_use]
    pub fn kind(&self) -> EngineKind {
        match self.backend {
            Backend::Rten(_) => EngineKind::Rten,
            Backend::OnnxRuntime(_) => EngineKind::OnnxRuntime,
        }
    }

    /// Why it was chosen, in words.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Loads the model in a file, whose size is looked at before anything is read.
    ///
    /// # Errors
    /// [`LoadError`].
    pub fn load_file(&self, path: &Path, options: LoadOptions) -> Result<Box<dyn Engine>, LoadError> {
        let failed = |source| LoadError::Io { path: PathBuf::from(path), source };
        let file = File::open(path).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        within(size, options)?;
        let mut bytes = Vec::new();
        // The file may have grown since, or be no regular file, whose size says nothing.
        file.take(options.most_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
        self.load(&bytes, options)
    }

    /// Loads the model in these bytes. What it takes and gives is read from the bytes, and not asked of
    /// the engine, so that it is the same for both.
    ///
    /// # Errors
    /// [`LoadError`].
    pub fn load(&self, bytes: &[u8], options: LoadOptions) -> Result<Box<dyn Engine>, LoadError> {
        within(bytes.len() as u64, options)?;
        let signature = outline::read(bytes)?;
        if let Some(bag) = BagEngine::read(bytes, &signature)? {
            return Ok(Box::new(bag));
        }
        Ok(match &self.backend {
            Backend::Rten(pool) => Box::new(RtenEngine::load(bytes, signature, pool.clone(), options)?),
            Backend::OnnxRuntime(runtime) => {
                Box::new(OnnxRuntimeEngine::load(bytes, signature, runtime, self.threads)?)
            }
        })
    }
}

impl std::fmt::Debug for Engines {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} ({}), {} threads", self.kind().name(), self.reason, self.threads)
    }
}

fn within(size: u64, options: LoadOptions) -> Result<(), LoadError> {
    if size > options.most_bytes {
        return Err(LoadError::TooLarge { size, limit: options.most_bytes });
    }
    Ok(())
}
