//! A script from its text to its end.

use std::path::Path;

use rhai::{Array, Dynamic, Engine, EvalAltResult, Module, Scope};

use super::call::RhaiResultOf;

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
        let folder = Path::new(&self.name)
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        engine.set_module_resolver(rhai::module_resolvers::FileModuleResolver::new_with_path(
            folder,
        ));
        let mut ast = engine
            .compile(without_interpreter_line(&self.text))
            .map_err(|error| EvalAltResult::ErrorParsing(*error.0, error.1))?;
        // Positions of nested errors are lost without a source (each frame names the one before it).
        ast.set_source(self.name.as_str());
        engine.eval_ast_with_scope(&mut Scope::new(), &ast)
    }
}

/// The text with a first line `#!/usr/bin/env netsh` taken out, its end kept, so that the positions below stay true.
pub fn without_interpreter_line(text: &str) -> &str {
    match text.strip_prefix("#!") {
        Some(rest) => rest.find('\n').map_or("", |end| &rest[end..]),
        None => text,
    }
}
