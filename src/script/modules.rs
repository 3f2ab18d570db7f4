//! What `import "name"` finds: a file beside the script, and then the modules that are part of netsh (`stdlib/`).

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use rhai::module_resolvers::FileModuleResolver;
use rhai::{AST, Engine, EvalAltResult, Module, ModuleResolver, Position, Scope, Shared};

use super::call::RhaiResultOf;

/// A module that is part of netsh.
pub struct Included {
    /// What it is imported by.
    pub name: &'static str,
    /// What errors call it.
    pub path: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// The modules that are part of netsh.
pub const INCLUDED: &[Included] = &[
    Included {
        name: "impair",
        path: "stdlib/impair.rhai",
        text: include_str!("../../stdlib/impair.rhai"),
    },
    Included {
        name: "expect",
        path: "stdlib/expect.rhai",
        text: include_str!("../../stdlib/expect.rhai"),
    },
    Included {
        name: "topo",
        path: "stdlib/topo.rhai",
        text: include_str!("../../stdlib/topo.rhai"),
    },
];

impl Included {
    /// Reads its text.
    pub fn compile(&self, engine: &Engine) -> RhaiResultOf<AST> {
        let mut ast = engine
            .compile(self.text)
            .map_err(|error| EvalAltResult::ErrorParsing(*error.0, error.1))?;
        ast.set_source(self.path);
        Ok(ast)
    }
}

/// Finds modules. Each is read and run once.
#[derive(Clone)]
pub struct Modules(Rc<Found>);

struct Found {
    files: RefCell<FileModuleResolver>,
    included: RefCell<BTreeMap<&'static str, Shared<Module>>>,
    /// What is being imported, each by the one before it.
    under_way: RefCell<Vec<String>>,
}

impl Modules {
    /// Modules beside the file `script`.
    pub fn beside(script: &Path) -> Self {
        let files = FileModuleResolver::new_with_path(folder_of(script));
        Modules(Rc::new(Found {
            files: RefCell::new(files),
            included: RefCell::default(),
            under_way: RefCell::default(),
        }))
    }

    /// From now on looks beside this file.
    pub fn look_beside(&self, script: &Path) {
        *self.0.files.borrow_mut() = FileModuleResolver::new_with_path(folder_of(script));
    }

    /// Begins to import a module. One that imports itself would do so for ever.
    fn begin(&self, path: &str, position: Position) -> RhaiResultOf<()> {
        let mut under_way = self.0.under_way.borrow_mut();
        if let Some(first) = under_way.iter().position(|one| one == path) {
            let others = under_way.iter().skip(first + 1);
            let others: Vec<String> = others.map(|one| format!(" by {one:?}")).collect();
            let words = format!("the module {path:?} imports itself{}", others.concat());
            return Err(EvalAltResult::ErrorRuntime(words.into(), position).into());
        }
        under_way.push(path.into());
        Ok(())
    }

    fn included(&self, engine: &Engine, path: &str) -> RhaiResultOf<Option<Shared<Module>>> {
        let Some(found) = INCLUDED.iter().find(|module| module.name == path) else {
            return Ok(None);
        };
        let known = self.0.included.borrow().get(found.name).cloned();
        if let Some(module) = known {
            return Ok(Some(module));
        }
        let ast = found.compile(engine)?;
        let mut module = Module::eval_ast_as_new(Scope::new(), &ast, engine)?;
        module.set_id(found.path);
        let module: Shared<Module> = module.into();
        let mut included = self.0.included.borrow_mut();
        included.insert(found.name, module.clone());
        Ok(Some(module))
    }
}

impl ModuleResolver for Modules {
    fn resolve(
        &self,
        engine: &Engine,
        source: Option<&str>,
        path: &str,
        position: Position,
    ) -> RhaiResultOf<Shared<Module>> {
        self.begin(path, position)?;
        let files = self.0.files.borrow();
        let found = match files.resolve(engine, source, path, position) {
            Err(error) if matches!(*error, EvalAltResult::ErrorModuleNotFound(..)) => {
                let included = self.included(engine, path);
                included.and_then(|included| included.ok_or(error))
            }
            found => found,
        };
        self.0.under_way.borrow_mut().pop();
        found
    }
}

fn folder_of(script: &Path) -> PathBuf {
    let folder = script
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new(".")).into()
}
