//! ONNX Runtime, a C++ library that is loaded while the program runs, where there is one.

use super::Engine;
use super::guard::{guarded, guarded_with_stack};
use crate::tensor::each;
use crate::{Data, DataType, LoadError, RunError, Signature, Tensor};
use ort::environment::Environment;
use ort::logging::LogLevel;
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{Session, SessionInputValue};
use ort::value::{DynValue, PrimitiveTensorElementType, TensorRef};
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

const ENGINE: &str = "onnxruntime";

/// The library, and its environment, of which a process can have but one.
#[derive(Clone)]
pub(super) struct OnnxRuntime {
    environment: Environment,
    library: PathBuf,
}

static LOADED: Mutex<Option<OnnxRuntime>> = Mutex::new(None);

impl OnnxRuntime {
    /// Loads the library from a file, or by the usual names from where the system looks for libraries.
    /// Gives the reason in words where there is none.
    pub(super) fn find(library: Option<&Path>) -> Result<Self, String> {
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = &*loaded {
            return Ok(runtime.clone());
        }
        let candidates = match library {
            Some(path) if path.is_file() => vec![path.to_path_buf()],
            Some(path) => return Err(format!("{} is no file", path.display())),
            None => usual_names(),
        };
        let mut reasons = Vec::new();
        for candidate in candidates {
            match Self::load(&candidate) {
                Ok(runtime) => return Ok(loaded.insert(runtime).clone()),
                Err(reason) => reasons.push(reason),
            }
        }
        Err(reasons.join("; "))
    }

    fn load(path: &Path) -> Result<Self, String> {
        let load = || {
            let builder = ort::init_from(path).map_err(|error| error.to_string())?;
            builder.with_telemetry(false).build().map_err(|error| error.to_string())
        };
        // A library of another kind, or an old version, makes the binding panic.
        let environment = guarded(load)??;
        Ok(Self { environment, library: path.to_path_buf() })
    }

    pub(super) fn library(&self) -> std::path::Display<'_> {
        self.library.display()
    }
}

fn usual_names() -> Vec<PathBuf> {
    let name = format!("{DLL_PREFIX}onnxruntime{DLL_SUFFIX}");
    // Packages of Linux distributions without headers have the numbered name only.
    let numbered = cfg!(target_os = "linux").then(|| format!("{name}.1"));
    std::iter::once(name).chain(numbered).map(PathBuf::from).collect()
}

pub(super) struct OnnxRuntimeEngine {
    session: Session,
    signature: Signature,
}

impl OnnxRuntimeEngine {
    pub(super) fn load(
        bytes: &[u8],
        signature: Signature,
        runtime: &OnnxRuntime,
        threads: NonZeroUsize,
    ) -> Result<Self, LoadError> {
        let refused = |reason| LoadError::Refused { engine: ENGINE, reason };
        let session = guarded_with_stack(|| commit(bytes, runtime, threads))
            .map_err(|panic| refused(format!("it broke down: {panic}")))?
            .map_err(|error| refused(error.to_string()))?;
        let names = |outlets: &[ort::value::Outlet]| -> Vec<String> {
            outlets.iter().map(|outlet| outlet.name().to_owned()).collect()
        };
        let has = |found: Vec<String>, ports: &[crate::Port]| {
            found.len() == ports.len() && ports.iter().zip(found).all(|(port, name)| port.name == name)
        };
        if !has(names(session.inputs()), &signature.inputs)
            || !has(names(session.outputs()), &signature.outputs)
        {
            return Err(refused("its inputs and outputs are not those that the file lists".to_owned()));
        }
        Ok(Self { session, signature })
    }
}

fn commit(bytes: &[u8], runtime: &OnnxRuntime, threads: NonZeroUsize) -> ort::Result<Session> {
    Session::builder(&runtime.environment)?
        // Errors are returned; written to the process's output as well, they would let users fill it.
        .with_log_level(LogLevel::Fatal)?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_intra_threads(threads.get())?
        .with_inter_threads(1)?
        // Threads that spin between runs take the processor from the rest of the server.
        .with_config_entry("session.force_spinning_stop", "1")?
        .commit_from_memory(bytes)
}

impl Engine for OnnxRuntimeEngine {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn run(&mut self, inputs: &[Tensor]) -> Result<Vec<Tensor>, RunError> {
        let Self { session, signature } = self;
        guarded(|| {
            let failed = |error: ort::Error| RunError::Failed(error.to_string());
            let values = inputs.iter().map(to_value).collect::<Result<Vec<_>, _>>().map_err(failed)?;
            let outputs = session.run(values.as_slice()).map_err(failed)?;
            let mut tensors = Vec::with_capacity(signature.outputs.len());
            for port in &signature.outputs {
                let output = outputs.get(&port.name);
                let output = output.ok_or_else(|| RunError::Output(format!("{:?} is missing", port.name)))?;
                tensors.push(to_tensor(output, port.data_type)?);
            }
            Ok(tensors)
        })
        .map_err(RunError::Panicked)?
    }
}

fn to_value(tensor: &Tensor) -> ort::Result<SessionInputValue<'_>> {
    each!(tensor.data(), values => {
        Ok(TensorRef::from_array_view((tensor.shape().to_vec(), values.as_slice()))?.into())
    })
}

fn to_tensor(value: &DynValue, declared: DataType) -> Result<Tensor, RunError> {
    fn read<T: PrimitiveTensorElementType + Clone>(
        value: &DynValue,
        data: impl FnOnce(Vec<T>) -> Data,
    ) -> Result<Tensor, RunError> {
        let output = |reason: String| RunError::Output(reason);
        let (shape, values) = value.try_extract_tensor::<T>().map_err(|error| output(error.to_string()))?;
        let shape = shape.iter().map(|length| usize::try_from(*length).unwrap_or(0)).collect();
        Tensor::new(shape, data(values.to_vec())).map_err(|error| output(error.to_string()))
    }
    match declared {
        DataType::Bool => read(value, Data::Bool),
        DataType::U8 => read(value, Data::U8),
        DataType::I8 => read(value, Data::I8),
        DataType::I32 => read(value, Data::I32),
        DataType::I64 => read(value, Data::I64),
        DataType::F16 => read(value, Data::F16),
        DataType::F32 => read(value, Data::F32),
        DataType::F64 => read(value, Data::F64),
    }
}
