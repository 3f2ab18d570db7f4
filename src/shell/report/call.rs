//! A function that Rhai could not find: unknown, or known and called with other arguments.

use std::ops::Range;

use rhai::Token;
use rhai::packages::{Package, StandardPackage};

use super::explain::{Explanation, Scene};
use super::words::{self, alternatives, count, kind};
use crate::catalog::signature::{HANDLES, Parameter, Signature};
use crate::shell::source::Source;
use crate::shell::span::Call;

/// An example that is longer than this is not made of the script's own words.
const LONGEST_EXAMPLE: usize = 60;
/// What a value that is `()` usually is.
const UNIT: &str = "() is what a missing key of a map gives, and a call that returns nothing";

/// Explains Rhai's `module::name (type, type)`.
pub fn not_found(signature: &str, scene: &Scene) -> Explanation {
    let (path, types) = signature.split_once(" (").unwrap_or((signature, ""));
    let types = argument_types(types.strip_suffix(')').unwrap_or(types));
    let (module, name) = match path.rsplit_once("::") {
        Some((module, name)) => (Some(module), name),
        None => (None, path),
    };
    if name.starts_with("anon$") {
        return closure(&types);
    }
    if !name.starts_with(|c: char| c.is_alphabetic() || c == '_') {
        return operator(name, &types);
    }
    let token = scene
        .place
        .lexeme()
        .and_then(|at| scene.place.source.as_deref()?.token(at));
    if let (Some(Token::In | Token::NotIn), [holder, item]) = (token, types.as_slice()) {
        return Explanation::new(format!("{holder} can't be searched for {item}"));
    }
    let call = scene.call(name);
    let method = call.as_ref().is_some_and(|(_, call)| call.method);
    // Several kinds of handles can have a method of that name.
    let of_holder = |holder: &String| scene.signatures.methods(holder, path);
    let verbs = types.first().map(of_holder).unwrap_or_default();
    let verbs = match verbs.is_empty() {
        true => scene.signatures.of(path),
        false => verbs,
    };
    let scripted = verbs.is_empty();
    let known = if scripted {
        let functions = functions(module, scene).into_iter();
        functions.filter(|function| function.name == name).collect()
    } else {
        verbs
    };
    if !known.is_empty() {
        // What stands before the dot is an argument for Rhai. It is none for people when it is a handle, or what a
        // function of the script knows as `this`; but "veth0".link_up() means link_up("veth0").
        let holder = types.first().filter(|holder| scripted || !is_plain(holder));
        let handle_first = !scripted && !method && types.first().is_some_and(|one| one == "netns");
        // Where the script is not at hand, a value that has methods stood before the dot.
        let unseen = call.is_none() && holder.is_some_and(|one| HANDLES.contains(&one.as_str()));
        let apart = holder.is_some() && (method || handle_first || unseen);
        return Misuse {
            name,
            known: &known,
            given: types.get(usize::from(apart)..).unwrap_or_default(),
            call,
            before_dot: usize::from(method && !apart),
            handles: usize::from(handle_first),
        }
        .explain(holder.filter(|_| apart));
    }
    let builtin = builtins();
    if module.is_none() && builtin.iter().any(|builtin| builtin == name) {
        return builtin_misused(name, &types, call.as_ref());
    }
    unknown(
        module,
        name,
        types.first().filter(|_| method),
        builtin,
        scene,
    )
}

/// Splits `map, Fn, Foo<A, B>` into names of types for people.
fn argument_types(list: &str) -> Vec<String> {
    let mut types = Vec::new();
    let (mut depth, mut start) = (0, 0);
    for (at, c) in list.char_indices() {
        match c {
            '<' | '(' | '[' => depth += 1,
            '>' | ')' | ']' => depth -= 1,
            ',' if depth == 0 => {
                types.push(kind(list.get(start..at).unwrap_or("")));
                start = at + 1;
            }
            _ => (),
        }
    }
    let last = list.get(start..).unwrap_or("");
    if !last.trim().is_empty() {
        types.push(kind(last));
    }
    types
}

/// Whether a type is one of Rhai's own, and so nothing that has verbs as methods.
fn is_plain(kind: &str) -> bool {
    const PLAIN: [&str; 12] = [
        "int",
        "float",
        "string",
        "bool",
        "array",
        "map",
        "function",
        "char",
        "blob",
        "()",
        "range",
        "timestamp",
    ];
    PLAIN.contains(&kind)
}

/// The functions that the script, or the module that it imports as `module`, defines.
fn functions(module: Option<&str>, scene: &Scene) -> Vec<Signature> {
    let Some(source) = scene.place.source.as_deref() else {
        return Vec::new();
    };
    let Some(module) = module else {
        return source.functions();
    };
    let import = source
        .imports()
        .into_iter()
        .find(|import| import.name == module);
    let text = import.and_then(|import| scene.sources.get(&import.path));
    text.map(|text| text.functions()).unwrap_or_default()
}

fn closure(types: &[String]) -> Explanation {
    Explanation::new("the closure was called with the wrong number of arguments")
        .label(format!("called with ({})", types.join(", ")))
}

fn operator(name: &str, types: &[String]) -> Explanation {
    let explanation = match types {
        [one] => Explanation::new(format!("`{name}` does not work on {one}")),
        [left, right] => {
            Explanation::new(format!("`{name}` does not work between {left} and {right}"))
        }
        _ => Explanation::new(format!("`{name}` does not work here")),
    };
    let has = |kind: &str| types.iter().any(|given| given == kind);
    if has("()") {
        explanation.note(UNIT)
    } else if has("string") && (has("int") || has("float")) {
        explanation.help("parse_int(text) and parse_float(text) make numbers of texts")
    } else {
        explanation
    }
}

/// A call whose name is right and whose arguments are not.
struct Misuse<'a> {
    name: &'a str,
    known: &'a [Signature],
    given: &'a [String],
    call: Option<(&'a Source, Call)>,
    /// How many of the given arguments stand before the dot and not between the parentheses.
    before_dot: usize,
    /// How many arguments stand before the given ones: the handle of a method that is called as a function.
    handles: usize,
}

impl Misuse<'_> {
    fn explain(&self, holder: Option<&String>) -> Explanation {
        let fitting = self
            .known
            .iter()
            .filter(|signature| counts(signature).contains(&self.given.len()));
        let wrong = fitting
            .clone()
            .filter_map(|signature| first_wrong(signature, self.given))
            .max_by_key(|(number, _)| *number);
        match (wrong, holder) {
            (Some((number, parameter)), _) => self.wrong_type(number, parameter),
            (None, _) if fitting.count() == 0 => self.wrong_count(),
            (None, Some(holder)) => {
                Explanation::new(format!("{holder} has no method called {}", self.name))
                    .note(format!("{}{}", self.name, usage(self.known)))
            }
            (None, None) => Explanation::new(format!("{} can't be called like this", self.name)),
        }
    }

    fn wrong_type(&self, number: usize, parameter: &Parameter) -> Explanation {
        let Self {
            name, known, given, ..
        } = self;
        let got = given.get(number).map_or("any", String::as_str);
        let wanted = kind(&parameter.kind);
        let shown = bare(&parameter.name);
        let (usage, all) = (usage(known), given.join(", "));
        let explanation = Explanation::new(format!("{name} takes {usage}, but got ({all})"))
            .label(format!("{shown}: expected {wanted}, got {got}"))
            .span(self.span(number));
        match got {
            _ if wanted == "function" => explanation.help(self.bars(number)),
            "()" => explanation.note(UNIT),
            "string" if wanted == "array" => explanation.help(self.brackets(number)),
            _ if wanted.contains("string") => explanation.help(self.quotes(number)),
            _ => explanation,
        }
    }

    fn wrong_count(&self) -> Explanation {
        let Self {
            name, known, given, ..
        } = self;
        let (fewest, most) = range(known);
        let takes = match most - fewest {
            0 => count(most, "argument"),
            1 => format!("{fewest} or {most} arguments"),
            _ => format!("{fewest} to {most} arguments"),
        };
        let title = format!("{name} takes {takes}, but got {}", given.len());
        let explanation = Explanation::new(title).note(format!("{name}{}", usage(known)));
        if given.len() > most {
            let number = most.saturating_sub(1);
            let last = longest(known).and_then(|longest| longest.parameters.get(number));
            let in_place_of_array = last.is_some_and(|last| kind(&last.kind) == "array")
                && given.get(number).is_some_and(|given| given == "string");
            let explanation = explanation
                .span(self.span(most))
                .label("one argument too many");
            return match in_place_of_array {
                true => explanation.help(self.brackets(number)),
                false => explanation,
            };
        }
        let missing = longest(known).and_then(|longest| longest.parameters.get(given.len()));
        match missing {
            Some(missing) => explanation.label(format!("{} is missing", bare(&missing.name))),
            None => explanation,
        }
    }

    /// The bytes of one of the given arguments, if it stands between the parentheses.
    fn span(&self, number: usize) -> Option<Range<usize>> {
        let (source, call) = self.call.as_ref()?;
        source.argument_span(call, self.written_at(number)?)
    }

    fn written_at(&self, number: usize) -> Option<usize> {
        (number + self.handles).checked_sub(self.before_dot)
    }

    /// `an array is written in brackets: ["route"]`, where one value was given, or several in its place.
    fn brackets(&self, number: usize) -> String {
        let items: Option<Vec<String>> = (number..self.given.len())
            .map(|number| {
                let (source, call) = self.call.as_ref()?;
                let argument = call.arguments.get(self.written_at(number)?)?;
                match source.token(argument.start)? {
                    // What a shell would split.
                    Token::StringConstant(text)
                        if argument.len() == 1 && text.contains(char::is_whitespace) =>
                    {
                        let words = text.split_whitespace().map(|word| format!("{word:?}"));
                        Some(words.collect::<Vec<_>>().join(", "))
                    }
                    _ => Some(source.slice(source.span_of(argument)?).to_owned()),
                }
            })
            .collect();
        let items = items.unwrap_or_default().join(", ");
        let fits = !items.is_empty() && items.len() <= LONGEST_EXAMPLE && !items.contains('\n');
        let example = if fits { items.as_str() } else { "a, b" };
        format!("an array is written in brackets: [{example}]")
    }

    /// `|| ping("10.0.0.2")`, where the call itself was given, which ran too early.
    fn bars(&self, number: usize) -> String {
        let written = || {
            let (source, call) = self.call.as_ref()?;
            let argument = call.arguments.get(self.written_at(number)?)?;
            Some(source.slice(source.span_of(argument)?))
        };
        let written =
            written().filter(|text| text.len() <= LONGEST_EXAMPLE && !text.contains('\n'));
        let example = written.unwrap_or("...");
        let name = self.name;
        format!("two bars make a closure of it, which {name} runs itself: || {example}")
    }

    /// `text needs double quotes: "24"`, where the argument is a number that was written down.
    fn quotes(&self, number: usize) -> String {
        let literal = || {
            let (source, call) = self.call.as_ref()?;
            let argument = call.arguments.get(self.written_at(number)?)?;
            let token = source
                .token(argument.start)
                .filter(|_| argument.len() == 1)?;
            match token {
                Token::IntegerConstant(..) | Token::FloatConstant(..) => {
                    Some(source.word(argument.start).to_owned())
                }
                Token::CharConstant(c) => Some(c.to_string()),
                _ => None,
            }
        };
        match literal() {
            Some(word) => format!("text needs double quotes: \"{word}\""),
            None => String::new(),
        }
    }
}

/// How many arguments a signature allows.
pub fn counts(signature: &Signature) -> std::ops::RangeInclusive<usize> {
    let needed = |parameter: &&Parameter| !parameter.name.ends_with('?');
    signature.parameters.iter().filter(needed).count()..=signature.parameters.len()
}

fn range(known: &[Signature]) -> (usize, usize) {
    let counts: Vec<_> = known.iter().map(counts).collect();
    let fewest = counts.iter().map(|count| *count.start()).min();
    let most = counts.iter().map(|count| *count.end()).max();
    (fewest.unwrap_or(0), most.unwrap_or(0))
}

fn first_wrong<'a>(signature: &'a Signature, given: &[String]) -> Option<(usize, &'a Parameter)> {
    let mut pairs = signature.parameters.iter().zip(given).enumerate();
    pairs
        .find(|(_, (parameter, given))| !accepts(&parameter.kind, given))
        .map(|(number, (parameter, _))| (number, parameter))
}

/// Whether a parameter takes a value of a type.
pub fn accepts(parameter: &str, given: &str) -> bool {
    let wanted = kind(parameter);
    given == "any" || wanted.split(" | ").any(|one| one == "any" || one == given)
}

fn longest(known: &[Signature]) -> Option<&Signature> {
    known
        .iter()
        .max_by_key(|signature| signature.parameters.len())
}

/// All ways to call a function in one pair of parentheses, or one pair for each where they differ in more than
/// their length.
fn usage(known: &[Signature]) -> String {
    let Some(longest) = longest(known) else {
        return "()".to_owned();
    };
    let is_start = |signature: &Signature| {
        let mut pairs = signature.parameters.iter().zip(&longest.parameters);
        pairs.all(|(a, b)| bare(&a.name) == bare(&b.name) && a.kind == b.kind)
    };
    if known.iter().all(is_start) {
        return parentheses(longest, range(known).0);
    }
    let all: Vec<_> = known
        .iter()
        .map(|signature| parentheses(signature, *counts(signature).start()))
        .collect();
    alternatives(&all)
}

/// `(link: string, cidr: string, options?: map)`.
fn parentheses(signature: &Signature, needed: usize) -> String {
    let parameters = signature.parameters.iter().enumerate();
    let parameters = parameters.map(|(number, parameter)| {
        let optional = if number < needed { "" } else { "?" };
        let name = bare(&parameter.name);
        match kind(&parameter.kind).as_str() {
            "any" => format!("{name}{optional}"),
            kind => format!("{name}{optional}: {kind}"),
        }
    });
    format!("({})", parameters.collect::<Vec<_>>().join(", "))
}

fn bare(name: &str) -> &str {
    name.trim_end_matches('?')
}

/// A function of Rhai's own: there are dozens of overloads, so only what was given is told.
fn builtin_misused(name: &str, types: &[String], call: Option<&(&Source, Call)>) -> Explanation {
    let method = call.is_some_and(|(_, call)| call.method);
    if let ("print" | "debug", false, 2..) = (name, method, types.len()) {
        let text = call.and_then(|(source, call)| one_text(source, call));
        let text = text.unwrap_or_else(|| "a ${b}".to_owned());
        return Explanation::new(format!("{name} takes one value, but got {}", types.len())).help(
            format!("put all into one text in back ticks: {name}(`{text}`)"),
        );
    }
    let explanation = match types {
        [holder] if method => Explanation::new(format!("{holder} has no method called {name}")),
        [holder, rest @ ..] if method => {
            let rest = rest.join(", ");
            Explanation::new(format!("{name} of {holder} does not take ({rest})"))
        }
        types => Explanation::new(format!("{name} does not take ({})", types.join(", "))),
    };
    if types.iter().any(|given| given == "()") {
        return explanation.note(UNIT);
    }
    explanation
}

/// The arguments of a call as one text: `caught ${e}` for "caught", e.
fn one_text(source: &Source, call: &Call) -> Option<String> {
    let part = |argument: &Range<usize>| match source.token(argument.start)? {
        Token::IntegerConstant(_) | Token::FloatConstant(_) if argument.len() == 1 => {
            Some(source.word(argument.start).to_owned())
        }
        Token::StringConstant(text) if argument.len() == 1 => {
            let plain = !text.contains(['`', '$', '\\']) && !text.contains(char::is_control);
            plain.then(|| text.trim().to_owned())
        }
        _ => Some(format!("${{{}}}", source.slice(source.span_of(argument)?))),
    };
    let parts: Option<Vec<_>> = call.arguments.iter().map(part).collect();
    let text = parts?.join(" ");
    let fits = text.len() <= LONGEST_EXAMPLE && !text.contains(['\n', '`']);
    fits.then_some(text)
}

fn unknown(
    module: Option<&str>,
    name: &str,
    holder: Option<&String>,
    builtin: Vec<String>,
    scene: &Scene,
) -> Explanation {
    let title = match (module, holder) {
        (Some(module), _) => format!("the module {module} has no function called {name}"),
        (None, Some(holder)) => format!("{holder} has no method called {name}"),
        (None, None) => format!("there is no function called {name}"),
    };
    let explanation = Explanation::new(title);
    if holder.is_some_and(|holder| holder == "()") {
        return explanation.note(UNIT);
    }
    let variables = scene.place.source.as_deref().map(Source::variables);
    if module.is_none()
        && variables
            .unwrap_or_default()
            .iter()
            .any(|variable| variable == name)
    {
        return explanation
            .label("a variable, not a function")
            .help(format!(
                "call a function in a variable with {name}.call(...)"
            ));
    }
    let functions = functions(module, scene).into_iter();
    let mut names: Vec<String> = functions.map(|function| function.name).collect();
    if module.is_none() {
        names.extend(scene.signatures.names());
        names.extend(builtin);
    }
    let of_module = names.iter().find_map(|path| {
        let (module, function) = path.split_once("::")?;
        (function == name).then_some(module)
    });
    if let Some(module) = of_module.filter(|_| holder.is_none()) {
        return explanation.help(format!(
            "it is in a module: import \"{module}\" as {module}; {module}::{name}(...)"
        ));
    }
    let near = words::nearest(name, names.iter().map(String::as_str));
    explanation.did_you_mean(near)
}

/// The names of Rhai's own functions: a mistake in their arguments must not be told as "there is no such function".
fn builtins() -> Vec<String> {
    let package = StandardPackage::new().as_shared_module();
    let signatures = package.gen_fn_signatures_with_mapper(Into::into);
    let name = |signature: String| {
        signature
            .split('(')
            .next()
            .map(|name| name.trim().to_owned())
    };
    let mut names: Vec<_> = signatures.filter_map(name).collect();
    names.extend(["print", "debug", "type_of", "is_shared"].map(str::to_owned));
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_split_outside_of_brackets() {
        assert_eq!(
            argument_types("netns, &str | ImmutableString | String, Foo<A, B>, (), Fn"),
            ["netns", "string", "Foo<A, B>", "()", "function"]
        );
        assert!(argument_types("").is_empty());
    }

    #[test]
    fn the_functions_of_rhai_are_known() {
        let builtins = builtins();
        for name in ["len", "push", "parse_int", "print", "contains", "map"] {
            assert!(builtins.iter().any(|known| known == name), "{name}");
        }
    }

    #[test]
    fn overloads_that_differ_are_told_one_by_one() {
        let signature = |parameters: &[(&str, &str)]| Signature {
            name: "f".to_owned(),
            parameters: parameters
                .iter()
                .map(|(name, kind)| Parameter {
                    name: (*name).to_owned(),
                    kind: (*kind).to_owned(),
                })
                .collect(),
            returns: String::new(),
        };
        let one = signature(&[("a", "i64")]);
        let two = signature(&[("a", "int"), ("b?", "map")]);
        let other = signature(&[("x", "any"), ("y", "Dynamic")]);
        assert_eq!(usage(std::slice::from_ref(&two)), "(a: int, b?: map)");
        assert_eq!(usage(&[one.clone(), other]), "(a: int) or (x, y)");
        assert_eq!(range(&[two]), (1, 2));
    }
}
