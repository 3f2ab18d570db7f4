//! A session: inputs that run one after another, each with what the ones before it left: variables, functions, imports,
//! and the last value as `_`.
//!
//! Rhai tells positions apart by the name of a text and nothing else, and functions of several texts can't be kept apart once
//! they call each other. So all inputs are lines of one text that grows; each is compiled where it stands in it.

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use rhai::{AST, Dynamic, Engine, EvalAltResult, Expr, Position, Scope, Stmt, Token};

use crate::lab::Lab;

use super::call::RhaiResultOf;
use super::growth;
use super::modules::Modules;
use super::run::without_interpreter_line;

/// What errors call the text of a session.
pub const NAME: &str = "session";

/// The last value.
const LAST: &str = "_";

/// A position counts lines with 16 bits; beyond this many the text begins anew.
const MOST_LINES: usize = 60_000;

/// One input, as it was given.
pub struct Input {
    /// What errors call it: `input 3`, or the path of a file.
    pub title: String,
    /// Its text.
    pub text: String,
    /// The line of the session's text before it begins.
    pub line: usize,
    /// Whether it ran to its end.
    pub succeeded: bool,
    /// Where in its text it stopped, if it ran and did not reach its end.
    pub stopped: Position,
    /// The folder of the file that it was loaded from.
    pub folder: Option<PathBuf>,
    /// Whether its value was shown.
    pub shown: bool,
    /// Whether its value became the last one.
    pub gave_a_value: bool,
    /// Where in its text it used the last value.
    pub uses_of_last: Vec<Position>,
}

/// Inputs that run one after another.
pub struct Session {
    engine: Engine,
    modules: Modules,
    scope: Scope<'static>,
    functions: AST,
    imports: Vec<(String, String)>,
    inputs: Vec<Input>,
    /// The first input that is in the text of now, and how many lines that has.
    begun: usize,
    lines: usize,
    marker: Rc<Marker>,
}

/// What the tokenizer has to know to tell the last value from the `_` of a switch.
#[derive(Default)]
struct Marker {
    text: RefCell<String>,
    line: Cell<usize>,
    after_let: Cell<bool>,
    uses: RefCell<Vec<Position>>,
}

impl Session {
    /// A session with nothing in it, at work on `lab`.
    pub fn new(lab: Rc<Lab>) -> Self {
        let mut engine = super::engine(lab);
        let modules = Modules::beside(Path::new(""));
        engine.set_module_resolver(modules.clone());
        let marker = Rc::new(Marker::default());
        let marks = marker.clone();
        // Rhai marks what may change with its versions as deprecated.
        #[allow(deprecated)]
        engine.on_parse_token(move |token, position, _| {
            marks.mark(growth::next_token(token), position)
        });
        let mut scope = Scope::new();
        scope.push(LAST, Dynamic::UNIT);
        Session {
            engine,
            modules,
            scope,
            functions: AST::empty(),
            imports: Vec::new(),
            inputs: Vec::new(),
            begun: 0,
            lines: 0,
            marker,
        }
    }

    /// Runs an input; its value becomes the last one unless it is `()`.
    pub fn run(&mut self, text: &str) -> RhaiResultOf<Dynamic> {
        let title = format!("input {}", self.inputs.len() + 1);
        self.run_titled(title, text)
    }

    /// Runs a file as if it had been typed. Its imports are looked for beside it.
    pub fn load(&mut self, path: &Path, text: &str) -> RhaiResultOf<Dynamic> {
        self.modules.look_beside(path);
        let text = without_interpreter_line(text);
        let result = self.run_titled(path.display().to_string(), text);
        if let Some(input) = self.inputs.last_mut() {
            let folder = path.parent().unwrap_or(Path::new(""));
            input.folder = Path::new(".").join(folder).canonicalize().ok();
        }
        self.modules.look_beside(Path::new(""));
        result
    }

    fn run_titled(&mut self, title: String, text: &str) -> RhaiResultOf<Dynamic> {
        let line = self.make_room(text);
        self.marker.read(text, line);
        self.inputs.push(Input {
            title,
            text: text.into(),
            line,
            succeeded: false,
            stopped: Position::NONE,
            folder: None,
            shown: false,
            gave_a_value: false,
            uses_of_last: Vec::new(),
        });
        let compiled = self.compile(text, line);
        let ran = compiled.is_ok();
        let result = compiled.and_then(|ast| self.evaluate(&ast));
        if let Some(input) = self.inputs.last_mut() {
            input.uses_of_last = self.marker.uses.take();
            input.succeeded = result.is_ok();
            if let (true, Err(error)) = (ran, &result) {
                input.stopped = within(error.position(), line);
            }
            if let Ok(value) = &result
                && !value.is_unit()
            {
                input.gave_a_value = true;
                self.scope.set_value(LAST, value.clone());
            }
        }
        result
    }

    /// Remembers that the value of the last input was shown.
    pub fn mark_shown(&mut self) {
        if let Some(input) = self.inputs.last_mut() {
            input.shown = true;
        }
    }

    /// Remembers what was done by other means, as the text that would do it.
    pub fn record(&mut self, text: &str) {
        let line = self.make_room(text);
        let title = format!("input {}", self.inputs.len() + 1);
        self.inputs.push(Input {
            title,
            text: text.into(),
            line,
            succeeded: true,
            stopped: Position::NONE,
            folder: None,
            shown: false,
            gave_a_value: false,
            uses_of_last: Vec::new(),
        });
    }

    /// Where in the text of the session the next input begins.
    fn make_room(&mut self, text: &str) -> usize {
        let more = text.lines().count().max(1);
        if self.lines + more > MOST_LINES {
            self.begun = self.inputs.len();
            self.lines = 0;
        }
        let line = self.lines;
        self.lines += more;
        line
    }

    fn compile(&mut self, text: &str, line: usize) -> RhaiResultOf<AST> {
        let placed = format!("{}{text}", "\n".repeat(line));
        let compiled = self.engine.compile_with_scope(&self.scope, placed);
        let ast = compiled.map_err(|error| EvalAltResult::ErrorParsing(*error.0, error.1))?;
        self.functions = self.functions.merge(&ast.clone_functions_only());
        Ok(ast)
    }

    fn evaluate(&mut self, ast: &AST) -> RhaiResultOf<Dynamic> {
        let functions = self.functions.shared_lib().clone();
        let whole = AST::new_with_source(ast.statements().iter().cloned(), functions, NAME);
        let result = self.engine.eval_ast_with_scope(&mut self.scope, &whole);
        let result = growth::ended(result);
        if result.is_ok() {
            self.keep_imports(ast);
        }
        result
    }

    /// Rhai forgets what a text imported when it has run.
    fn keep_imports(&mut self, ast: &AST) {
        for statement in ast.statements() {
            let Stmt::Import(import, position) = statement else {
                continue;
            };
            let (Expr::StringConstant(path, _), alias) = &**import else {
                continue;
            };
            // It was found a moment ago.
            let found =
                rhai::ModuleResolver::resolve(&self.modules, &self.engine, None, path, *position);
            if let Ok(module) = found
                && !alias.name.is_empty()
            {
                self.engine
                    .register_static_module(alias.name.as_str(), module);
                self.imports
                    .retain(|(name, _)| *name != alias.name.as_str());
                self.imports
                    .push((alias.name.to_string(), path.to_string()));
            }
        }
    }

    /// All inputs, in their order.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// Those whose lines positions can belong to.
    pub fn placed_inputs(&self) -> &[Input] {
        self.inputs.get(self.begun..).unwrap_or_default()
    }

    /// The variables.
    pub fn scope(&self) -> &Scope<'static> {
        &self.scope
    }

    /// The functions that were defined.
    pub fn functions(&self) -> impl Iterator<Item = rhai::ScriptFnMetadata<'_>> {
        self.functions.iter_functions()
    }

    /// What was imported: under which name, and from where.
    pub fn imports(&self) -> &[(String, String)] {
        &self.imports
    }

    /// The engine that runs it all.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }
}

/// A position in the text of the session as one in an input that begins after this line.
fn within(position: Position, line: usize) -> Position {
    let inside = position.line().and_then(|found| found.checked_sub(line));
    let inside = inside.and_then(|line| u16::try_from(line).ok());
    let column = u16::try_from(position.position().unwrap_or(0)).unwrap_or(u16::MAX);
    inside
        .filter(|line| *line > 0)
        .map_or(Position::NONE, |line| Position::new(line, column))
}

impl Marker {
    fn read(&self, text: &str, line: usize) {
        *self.text.borrow_mut() = text.into();
        self.line.set(line);
        self.after_let.set(false);
        self.uses.borrow_mut().clear();
    }

    /// `_` is the last value, but where it is a pattern or a new name.
    fn mark(&self, token: Token, position: Position) -> Token {
        let after_let = self
            .after_let
            .replace(matches!(token, Token::Let | Token::Const));
        if !matches!(token, Token::Underscore) || after_let || self.is_a_case(position) {
            return token;
        }
        let position = within(position, self.line.get());
        self.uses.borrow_mut().push(position);
        Token::Identifier(Box::new(LAST.into()))
    }

    /// Whether `=>` comes next, or the `if` of a case.
    fn is_a_case(&self, position: Position) -> bool {
        let text = self.text.borrow();
        let line = position
            .line()
            .and_then(|line| line.checked_sub(1 + self.line.get()));
        let mut lines = text.lines().skip(line.unwrap_or(usize::MAX));
        let first = lines.next().unwrap_or("");
        let rest = first.chars().skip(position.position().unwrap_or(0));
        let after: String = rest
            .chain(lines.flat_map(|line| [" ", line]).flat_map(str::chars))
            .take(200)
            .collect();
        let after = after.trim_start();
        after.starts_with("=>") || after.starts_with("if ")
    }
}
