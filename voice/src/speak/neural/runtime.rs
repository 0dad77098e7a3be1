//! ONNX Runtime, from the library that a setting names: found when the process runs, no part of the build.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ort::environment::Environment;
use ort::logging::LogLevel;
use ort::session::{Session, builder::GraphOptimizationLevel};

use super::OpenError;

/// A process may have one environment: the first library that is named stays.
static ENVIRONMENT: Mutex<Option<(PathBuf, Environment)>> = Mutex::new(None);

/// The runtime of this process.
pub(super) fn environment(library: &Path) -> Result<Environment, OpenError> {
    let unusable = |reason: String| OpenError::Library {
        path: library.to_owned(),
        reason,
    };
    let mut one = ENVIRONMENT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((loaded, environment)) = &*one {
        return if loaded == library {
            Ok(environment.clone())
        } else {
            Err(unusable(format!(
                "this process has loaded {} already",
                loaded.display()
            )))
        };
    }
    if !library.is_file() {
        return Err(unusable("there is no such file".to_owned()));
    }
    let builder = ort::init_from(library).map_err(|error| unusable(error.to_string()))?;
    let builder = builder.with_name("teller").with_telemetry(false);
    let environment = builder
        .build()
        .map_err(|error| unusable(error.to_string()))?;
    environment.set_log_level(LogLevel::Fatal);
    *one = Some((library.to_owned(), environment.clone()));
    Ok(environment)
}

/// A network ready to run on the thread that runs it: ONNX Runtime would take every core otherwise.
pub(super) fn session(environment: &Environment, model: &[u8]) -> Result<Session, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    Session::builder(environment)
        .map_err(|error| text(&error))?
        .with_optimization_level(GraphOptimizationLevel::All)
        .map_err(|error| text(&error))?
        .with_intra_threads(1)
        .map_err(|error| text(&error))?
        .with_inter_threads(1)
        .map_err(|error| text(&error))?
        // What goes wrong comes back as an error; its own log would go to the terminal.
        .with_log_level(LogLevel::Fatal)
        .map_err(|error| text(&error))?
        .commit_from_memory(model)
        .map_err(|error| text(&error))
}
