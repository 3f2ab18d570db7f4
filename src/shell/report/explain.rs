//! What each of Rhai's errors means, in words for someone who learns.

use std::ops::Range;

use rhai::{Dynamic, EvalAltResult, Position};

use super::trace::Place;
use super::words::{self, count, kind};
use super::{call, field, in_use, syntax, thrown, variable};
use crate::catalog::signature::Signatures;
use crate::shell::source::{Source, Sources};

/// What an explanation can draw on.
pub struct Scene<'a> {
    /// Where the error happened.
    pub place: &'a Place,
    /// All texts.
    pub sources: &'a Sources,
    /// All verbs.
    pub signatures: &'a dyn Signatures,
}

/// What a line below the quoted script is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What the kernel said.
    Kernel,
    /// What else is to be known.
    Note,
    /// What to do.
    Help,
}

/// A line below the quoted script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What it is.
    pub kind: Kind,
    /// What it says.
    pub text: String,
}

/// An error in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Explanation {
    /// Not an error: someone stopped the script.
    pub interruption: bool,
    /// What failed.
    pub title: String,
    /// What is said at the underlined part.
    pub label: String,
    /// What is underlined; else the token at the error's position.
    pub span: Option<Range<usize>>,
    /// What is pointed at beside it.
    pub beside: Option<(Range<usize>, String)>,
    /// The line of a text that is not the script's.
    pub quoted: Option<Quoted>,
    /// The lines below.
    pub notes: Vec<Note>,
}

/// A line of a text that the script gave to a verb, and what is underlined in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quoted {
    /// What the text is.
    pub title: String,
    /// Which line of it, counted from 1.
    pub line: usize,
    /// The line.
    pub text: String,
    /// The bytes of the line that are underlined.
    pub span: Range<usize>,
}

impl Explanation {
    /// With a title alone.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            ..Self::default()
        }
    }

    /// With words at the underlined part.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// With something else underlined than the token at the position.
    pub fn span(mut self, span: Option<Range<usize>>) -> Self {
        self.span = span;
        self
    }

    /// With something pointed at beside it.
    pub fn beside(mut self, span: Option<Range<usize>>, label: impl Into<String>) -> Self {
        self.beside = span.map(|span| (span, label.into()));
        self
    }

    /// With a note.
    pub fn note(self, text: impl Into<String>) -> Self {
        self.add(Kind::Note, text)
    }

    /// With something to do.
    pub fn help(self, text: impl Into<String>) -> Self {
        self.add(Kind::Help, text)
    }

    /// With a line below; none when there is nothing to say.
    pub fn add(mut self, kind: Kind, text: impl Into<String>) -> Self {
        let text = text.into();
        if !text.trim().is_empty() {
            self.notes.push(Note { kind, text });
        }
        self
    }

    /// With `did you mean ...?`, if there is something near.
    pub fn did_you_mean(self, near: Option<&str>) -> Self {
        match near {
            Some(near) => self.help(format!("did you mean {near}?")),
            None => self,
        }
    }
}

/// An error without its wrappings, in words.
pub fn explain(error: &EvalAltResult, scene: &Scene) -> Explanation {
    use EvalAltResult as E;
    match error {
        E::ErrorRuntime(value, _) => thrown::explain(value, scene),
        E::ErrorParsing(error, _) => syntax::explain(error, scene),
        E::ErrorFunctionNotFound(signature, _) => call::not_found(signature, scene),
        E::ErrorVariableNotFound(name, _) => variable::not_found(name, scene),
        E::ErrorModuleNotFound(name, _) => module_not_found(name, scene),
        E::ErrorTerminated(token, _) => terminated(token),
        E::ErrorSystem(..)
        | E::ErrorTooManyOperations(_)
        | E::ErrorTooManyVariables(_)
        | E::ErrorTooManyModules(_)
        | E::ErrorStackOverflow(_)
        | E::ErrorDataTooLarge(..) => limit(error),
        E::ErrorPropertyNotFound(..) | E::ErrorDotExpr(..) | E::ErrorIndexingType(..) => {
            property(error, scene)
        }
        E::ErrorIndexNotFound(..)
        | E::ErrorArrayBounds(..)
        | E::ErrorStringBounds(..)
        | E::ErrorBitFieldBounds(..) => index(error),
        E::ErrorMismatchDataType(wanted, got, _) | E::ErrorMismatchOutputType(wanted, got, _) => {
            mismatch(wanted, got)
        }
        E::ErrorNonPureMethodCallOnConstant(..) | E::ErrorAssignmentToConstant(..) => {
            constant(error, scene)
        }
        _ => other(error, scene),
    }
}

fn module_not_found(name: &str, scene: &Scene) -> Explanation {
    let word = scene.place.word();
    if word.is_empty() || word.starts_with(['"', '`', '#']) {
        let near = words::nearest(name, scene.sources.modules());
        return Explanation::new(format!("there is no module called \"{name}\""))
            .label("neither a file nor a module of netsh")
            .did_you_mean(near);
    }
    let imports = scene.place.source.as_deref().map(Source::imports);
    let imports = imports.unwrap_or_default();
    let near = words::nearest(name, imports.iter().map(|import| import.name.as_str()));
    let explanation = Explanation::new(format!("no module is imported as {name}"))
        .label("not imported before this line");
    match near {
        Some(_) => explanation.did_you_mean(near),
        None => explanation.help(format!(
            "import it at the top of the script: import \"{name}\" as {name};"
        )),
    }
}

/// Ctrl-C, or the reason for which netsh stops a script.
fn terminated(token: &Dynamic) -> Explanation {
    match token.as_immutable_string_ref() {
        Ok(reason) if !reason.is_empty() => Explanation::new(reason.to_string())
            .label("stopped here")
            .help("look for a value that grows in a loop that never ends"),
        _ => Explanation {
            interruption: true,
            ..Explanation::new("interrupted")
        },
    }
}

/// Limits of the engine, and errors from outside of the script.
fn limit(error: &EvalAltResult) -> Explanation {
    use EvalAltResult as E;
    match error {
        E::ErrorSystem(what, error) if what.is_empty() => Explanation::new(error.to_string()),
        E::ErrorSystem(what, error) => Explanation::new(format!("{what}: {error}")),
        E::ErrorTooManyOperations(_) => {
            Explanation::new("the script was stopped: it took more steps than are allowed")
                .help("look for a loop that never ends")
        }
        E::ErrorTooManyVariables(_) => Explanation::new("the script has too many variables"),
        E::ErrorTooManyModules(_) => Explanation::new("the script imports too many modules"),
        E::ErrorStackOverflow(_) => Explanation::new("too many calls within calls")
            .label("started here")
            .help("a function that calls itself needs a case in which it does not"),
        E::ErrorDataTooLarge(what, _) => {
            let what = kind(&what.replace("Length of ", "").replace("Size of ", ""));
            Explanation::new(format!("a value became too large: {}", what.to_lowercase()))
        }
        other => unforeseen(other),
    }
}

fn property(error: &EvalAltResult, scene: &Scene) -> Explanation {
    use EvalAltResult as E;
    match error {
        E::ErrorPropertyNotFound(name, _) => field::not_found(name, scene),
        E::ErrorIndexingType(what, _) => {
            let what = kind(what.split(" [").next().unwrap_or(what));
            Explanation::new(format!("{what} has no elements to take with [ ]"))
        }
        E::ErrorDotExpr(text, _) => dot(text, scene),
        other => unforeseen(other),
    }
}

/// Rhai tells the name and the type only in a sentence (`func/func_call.rs`).
fn dot(text: &str, scene: &Scene) -> Explanation {
    let mut quoted = text.split('\'').skip(1).step_by(2);
    let (Some(name), Some(holder)) = (quoted.next(), quoted.next()) else {
        return Explanation::new(lower_first(text));
    };
    let (holder, value) = (kind(holder), quoted.next().map(kind));
    if holder == "()" {
        return Explanation::new(format!("there is nothing here that could have a {name}"))
            .label("what stands before the dot is ()")
            .note("() is what a missing key of a map gives, and a call that returns nothing");
    }
    let title = match value {
        Some(value) if text.starts_with("No writable") => {
            format!("{name} of {holder} can't be set to {value}")
        }
        _ => format!("{holder} has no property {name}"),
    };
    let explanation = Explanation::new(title);
    if scene.signatures.of(name).is_empty() {
        return explanation;
    }
    explanation.help(format!("{name} is a function: call it with .{name}(...)"))
}

fn index(error: &EvalAltResult) -> Explanation {
    use EvalAltResult as E;
    let (holder, noun, length, index) = match error {
        E::ErrorArrayBounds(length, index, _) => ("array", "element", *length, *index),
        E::ErrorStringBounds(length, index, _) => ("text", "character", *length, *index),
        E::ErrorBitFieldBounds(length, index, _) => ("number", "bit", *length, *index),
        E::ErrorIndexNotFound(index, _) => {
            let index = words::value(index);
            return Explanation::new(format!("there is no element {index}"));
        }
        other => return unforeseen(other),
    };
    let explanation = Explanation::new(format!("there is no element {index} in the {holder}"))
        .label(format!("the {holder} has {}", count(length, noun)));
    match length {
        0 => explanation,
        _ => explanation.note(format!(
            "counting starts at 0, so the last one is {}; -1 is the last one too",
            length - 1
        )),
    }
}

fn mismatch(wanted: &str, got: &str) -> Explanation {
    let (wanted, got) = (kind(wanted), kind(got));
    match (wanted.as_str(), got.as_str()) {
        ("any", got) => Explanation::new(format!("{got} does not fit here")),
        (wanted, "any") => Explanation::new(format!("this must be {wanted}")),
        (wanted, got) => Explanation::new(format!("this must be {wanted}, but is {got}")),
    }
}

fn constant(error: &EvalAltResult, scene: &Scene) -> Explanation {
    const HELP: &str = "a value that changes is declared with let, not const";
    match error {
        EvalAltResult::ErrorAssignmentToConstant(name, _) => {
            let source = scene.place.source.as_deref();
            let text = source.map_or("", Source::text);
            if text.contains(&format!("const {name}")) {
                return Explanation::new(format!("{name} is a constant and keeps its value"))
                    .help(HELP);
            }
            // See `unlock_handles` in script/mod.rs.
            Explanation::new(format!("{name} keeps its value: a closure uses it"))
                .help(format!("declare another variable: let {name} = ...;"))
        }
        EvalAltResult::ErrorNonPureMethodCallOnConstant(name, _) => {
            // Rhai's names for property and element access: get$x, set$x, $index$set$.
            let name = name.trim_matches('$');
            let name = name.rsplit('$').next().unwrap_or(name);
            Explanation::new(format!("{name} would change a constant")).help(HELP)
        }
        other => unforeseen(other),
    }
}

fn other(error: &EvalAltResult, scene: &Scene) -> Explanation {
    use EvalAltResult as E;
    match error {
        E::ErrorFor(_) => Explanation::new("for can't go through this value")
            .label("not an array, a range or another thing with elements"),
        E::ErrorUnboundThis(_) => Explanation::new("this has no value here")
            .help("this is bound when the function is called as a method: x.f()"),
        E::ErrorArithmetic(text, _) => Explanation::new(arithmetic(text)),
        E::ErrorVariableExists(name, _) => {
            Explanation::new(format!("there is a variable called {name} already"))
        }
        E::ErrorForbiddenVariable(name, _) => {
            Explanation::new(format!("no variable can be called {name}"))
        }
        E::ErrorDataRace(what, _) => in_use::explain(what, scene),
        E::ErrorCustomSyntax(text, ..) => Explanation::new(lower_first(text)),
        E::Return(..) | E::Exit(..) => Explanation::new("the script ended before its last line"),
        E::LoopBreak(true, ..) => Explanation::new("break stands outside of a loop"),
        E::LoopBreak(false, ..) => Explanation::new("continue stands outside of a loop"),
        other => unforeseen(other),
    }
}

fn arithmetic(text: &str) -> String {
    let Some(parsing) = text.strip_prefix("Error parsing ") else {
        return match text {
            "" => "this can't be computed".to_owned(),
            text => lower_first(text),
        };
    };
    match parsing.split_once(" '") {
        Some((what, rest)) => {
            let (value, why) = rest.split_once("': ").unwrap_or((rest, ""));
            format!("can't read '{value}' as {what}: {why}")
        }
        None => format!("can't read this as {parsing}"),
    }
}

/// An error that this netsh has no words for: Rhai's own, without the position that is drawn anyway.
fn unforeseen(error: &EvalAltResult) -> Explanation {
    let text = error.to_string();
    let end = match error.position() {
        Position::NONE => None,
        position => text.rfind(&format!(" ({position})")),
    };
    Explanation::new(lower_first(
        text.get(..end.unwrap_or(text.len())).unwrap_or(&text),
    ))
}

/// Titles start small, as the kernel's and iproute2's do.
pub fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}
