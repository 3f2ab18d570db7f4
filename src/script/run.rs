//! A script from its text to its end.

use std::path::Path;

use rhai::{Array, Dynamic, Engine, EvalAltResult, Module, Scope};

use crate::kernel::error::Error;
use crate::lab::failure::printable;

use super::call::RhaiResultOf;
use super::growth;
use super::modules::Modules;

/// A script and what it is called with.
pub struct Script {
    /// What errors call it: the path of its file, or a word such as `-e`.
    pub name: String,
    /// Its text.
    pub text: String,
    /// The words after its name on the command line; the script sees them as `ARGS`.
    pub arguments: Vec<String>,
}

impl Script {
    /// Runs the script to its end. `import "name"` looks beside the script's own file.
    pub fn run(&self, engine: &mut Engine) -> RhaiResultOf<Dynamic> {
        let mut constants = Module::new();
        let arguments: Array = self.arguments.iter().cloned().map(Into::into).collect();
        constants.set_var("ARGS", arguments);
        engine.register_global_module(constants.into());
        engine.set_module_resolver(Modules::beside(Path::new(&self.name)));
        let mut ast = engine
            .compile(without_interpreter_line(&self.text))
            .map_err(|error| EvalAltResult::ErrorParsing(*error.0, error.1))?;
        // Positions of nested errors are lost without a source (each frame names the one before it).
        ast.set_source(self.name.as_str());
        growth::ended(engine.eval_ast_with_scope(&mut Scope::new(), &ast))
    }
}

/// The text of a script's file; in words why there is none.
pub fn text_of_file(path: &Path) -> Result<String, String> {
    let bytes = std::fs::read(path);
    text_of(bytes, &path.display().to_string())
}

/// The largest script that is loaded at the prompt.
const LARGEST: u64 = 16 << 20;

/// The text of a plain file. A pipe would block, a device never end.
pub fn text_of_plain_file(path: &Path) -> Result<String, String> {
    let name = printable(&path.display().to_string());
    match std::fs::metadata(path) {
        Ok(data) if data.is_dir() => Err(format!("cannot read {name}: Is a directory")),
        Ok(data) if !data.is_file() => Err(format!("cannot read {name}: it is no plain file")),
        Ok(data) if data.len() > LARGEST => Err(format!("{name} has more than 16 MiB")),
        _ => text_of_file(path),
    }
}

/// The text of a script that was read from `name`.
pub fn text_of(read: std::io::Result<Vec<u8>>, name: &str) -> Result<String, String> {
    let name = printable(name);
    let bytes = read.map_err(|error| {
        let words = Error::from(error).kernel_words();
        format!("cannot read {name}: {words}")
    })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let place = error.utf8_error().valid_up_to();
        format!("{name} is not UTF-8 text (byte {place})")
    })?;
    // Some editors begin a file with a byte order mark.
    let unmarked = text.strip_prefix('\u{feff}').map(Into::into);
    Ok(unmarked.unwrap_or(text))
}

/// The text with a first line `#!/usr/bin/env netsh` taken out, its end kept, so that the positions below stay true.
pub fn without_interpreter_line(text: &str) -> &str {
    match text.strip_prefix("#!") {
        Some(rest) => rest.find('\n').map_or("", |end| &rest[end..]),
        None => text,
    }
}
