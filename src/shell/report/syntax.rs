//! Syntax errors. Rhai tells which token it did not expect; here is told what was probably meant.

use std::net::IpAddr;
use std::ops::Range;

use rhai::{LexError, ParseErrorType, Token};

use super::explain::{Explanation, Scene, lower_first};
use super::words;
use crate::shell::source::Source;
use crate::shell::span::nesting;

/// The words that Rhai keeps for itself, besides those that mean something in the language: no variable, function
/// or method can be called so.
const RESERVED: [&str; 37] = [
    "Fn",
    "async",
    "await",
    "call",
    "case",
    "curry",
    "debug",
    "default",
    "eval",
    "go",
    "goto",
    "is",
    "is_def_fn",
    "is_def_var",
    "is_shared",
    "match",
    "module",
    "new",
    "nil",
    "null",
    "package",
    "print",
    "protected",
    "public",
    "shared",
    "spawn",
    "static",
    "super",
    "sync",
    "this",
    "thread",
    "type_of",
    "use",
    "var",
    "void",
    "with",
    "yield",
];
/// How many of them stand in one line of a report.
const WORDS_IN_A_LINE: usize = 13;

/// A syntax error in words.
pub fn explain(error: &ParseErrorType, scene: &Scene) -> Explanation {
    use ParseErrorType as P;
    let near = Near::of(scene);
    let explanation = match error {
        P::BadInput(error) => return with_habit(input(error, near.as_ref()), near.as_ref()),
        P::MissingToken(token, why) => missing(token, why, near.as_ref()),
        P::UnexpectedEOF => too_short(near.as_ref())
            .unwrap_or_else(|| Explanation::new("the script ends in the middle of something")),
        P::Reserved(word) => return reserved(word),
        P::UnknownOperator(operator) => unknown_operator(operator),
        P::PropertyExpected => Explanation::new("a name is missing here")
            .label("expected the name of a key or a method"),
        P::VariableExpected => {
            Explanation::new("a name is missing here").label("a name starts with a letter or _")
        }
        _ => definition(error),
    };
    with_habit(explanation, near.as_ref())
}

/// Mistakes in what a script declares and assigns.
fn definition(error: &ParseErrorType) -> Explanation {
    use ParseErrorType as P;
    match error {
        P::DuplicatedProperty(key) => {
            Explanation::new(format!("the key {key} stands twice in this map"))
                .label("the second one")
        }
        P::FnDuplicatedDefinition(name, _) => Explanation::new(format!(
            "there is a function {name} with as many parameters already"
        )),
        P::FnDuplicatedParam(name, parameter) => {
            Explanation::new(format!("{name} has two parameters called {parameter}"))
        }
        P::VariableExists(name) => {
            Explanation::new(format!("there is a variable called {name} already"))
        }
        P::VariableUndefined(name) => {
            Explanation::new(format!("there is no variable called {name}"))
                .help(format!("text needs quotes: \"{name}\""))
        }
        P::AssignmentToConstant(name) if !name.is_empty() => {
            Explanation::new(format!("{name} is a constant and keeps its value"))
                .help("a value that changes is declared with let, not const")
        }
        P::AssignmentToConstant(_) | P::AssignmentToInvalidLHS(_) => {
            Explanation::new("nothing can be assigned to this")
                .help("a comparison is written with two signs: ==")
        }
        P::LoopBreak => Explanation::new("break and continue work only inside of a loop"),
        P::WrongDocComment => Explanation::new("a comment with /// belongs before a function")
            .help("other comments start with //"),
        P::WrongFnDefinition => {
            Explanation::new("a function can't be defined inside of a block or a function")
                .help("define it at the top level, or use a closure: let f = |x| x + 1;")
        }
        P::ExprTooDeep => Explanation::new("too much is nested here")
            .help("give the parts names: let part = ...;"),
        other => Explanation::new(lower_first(&other.to_string())),
    }
}

/// What Rhai's lexer can't read.
fn input(error: &LexError, near: Option<&Near>) -> Explanation {
    match error {
        LexError::UnterminatedString => {
            let quote = near.map_or("", |near| near.word().get(..1).unwrap_or(""));
            Explanation::new("this text is never closed")
                .label(format!("opened here, but the closing {quote} is missing"))
        }
        LexError::MalformedChar(text) => {
            Explanation::new("single quotes hold exactly one character")
                .help(format!("text needs double quotes: \"{text}\""))
        }
        LexError::MalformedEscapeSequence(text) => {
            Explanation::new(format!("{text} means nothing in a text"))
                .help("a backslash itself is written \\\\; a text in back ticks is taken as it is")
        }
        LexError::MalformedNumber(text) => Explanation::new(format!("{text} is not a number")),
        LexError::MalformedIdentifier(text) => Explanation::new(format!("{text} can't be a name"))
            .help("a name has at least one letter"),
        LexError::UnexpectedInput(text) => unexpected(text, near),
        LexError::ImproperSymbol(symbol, _) if symbol == ":=" => {
            Explanation::new("`:=` is not of this language").help("a value is set with =")
        }
        LexError::ImproperSymbol(symbol, text) => match text.split_once(". This is not") {
            Some((text, rest)) => {
                let help = rest.split_once("! ").map_or("", |(_, help)| help);
                Explanation::new(lower_first(text)).help(lower_first(help))
            }
            None if text.is_empty() => Explanation::new(format!("`{symbol}` has no meaning here")),
            None => Explanation::new(lower_first(text)),
        },
        other => Explanation::new(lower_first(&other.to_string())),
    }
}

fn unexpected(text: &str, near: Option<&Near>) -> Explanation {
    if text.contains(['\u{201c}', '\u{201d}', '\u{201e}', '\u{2018}', '\u{2019}']) {
        return Explanation::new(format!("{text} is not a quotation mark that Rhai knows"))
            .help("text needs straight quotes: \"...\"");
    }
    let explanation = Explanation::new(format!("`{text}` is not expected here"));
    match near.and_then(Near::operator_before) {
        Some(operator) => explanation.label(format!("after `{operator}` a value is missing")),
        None if matches!(text, "}" | ")" | "]") => match near.and_then(Near::opener) {
            Some(_) => explanation,
            None => explanation.label("it closes nothing"),
        },
        None => explanation,
    }
}

fn reserved(word: &str) -> Explanation {
    let explanation = Explanation::new(match word.starts_with(char::is_alphabetic) {
        true => format!("{word} is a reserved word of the language"),
        false => format!("`{word}` has no meaning here"),
    });
    match word {
        "null" | "nil" | "void" => return explanation.help("the empty value is written ()"),
        "var" => return explanation.help("a variable is declared with let"),
        "print" | "debug" | "eval" => {
            let call = format!("a call needs parentheses: {word}(...)");
            return explanation.help(call);
        }
        "match" | "case" => {
            return explanation.help("cases are told apart with switch x { 1 => ..., _ => ... }");
        }
        "this" => return explanation,
        "#" => return explanation.help("a comment starts with //, a map with #{"),
        _ if !word.starts_with(char::is_alphabetic) => return explanation,
        _ => (),
    }
    let lines: Vec<_> = RESERVED
        .chunks(WORDS_IN_A_LINE)
        .map(|words| words.join(" "))
        .collect();
    explanation
        .label("choose another name")
        .note(format!("these words are reserved:\n{}", lines.join("\n")))
}

/// How a program runs.
fn run_by_a_shell(explanation: Explanation, line: &str) -> Explanation {
    explanation
        .help(format!(
            "sh(\"{line}\") runs it; at the prompt !{line} does"
        ))
        .help(format!(
            "netsh explain '{line}' tells netsh's own words for it"
        ))
}

fn unknown_operator(operator: &str) -> Explanation {
    let explanation = Explanation::new(format!("there is no operator `{operator}`"));
    match operator {
        "++" => explanation.help("x += 1 counts up"),
        "--" => explanation.help("x -= 1 counts down"),
        "?" => explanation.help("write if a { b } else { c }"),
        _ => explanation,
    }
}

/// A sign that Rhai waited for when something else came.
fn missing(token: &str, why: &str, near: Option<&Near>) -> Explanation {
    if let Some(explanation) = too_short(near) {
        return explanation;
    }
    let closes =
        why.contains("separate the ") || why.starts_with("to close") || why.starts_with("to end");
    if let Some(near) = near
        && closes
        && let Some(Token::SemiColon | Token::RightBrace) = near.token()
        && let Some(opener) = near.opener()
    {
        let closing = closing(near.source.token(opener));
        return Explanation::new(format!(
            "this `{}` is never closed",
            near.source.word(opener)
        ))
        .span(near.range(opener))
        .label("opened here")
        .beside(
            near.at.and_then(|at| near.range(at)),
            format!("a `{closing}` is missing before this"),
        );
    }
    let why = match why.rsplit_once("function call ") {
        _ if why == "to terminate this statement" => "at the end of this statement".to_owned(),
        Some((_, function)) if token == "," => {
            format!("between the arguments of {}", function.trim_matches('\''))
        }
        _ => why.replace('\'', "`"),
    };
    let gap = near.and_then(Near::gap);
    let label = if gap.is_some() { "missing here" } else { "" };
    Explanation::new(format!("missing `{token}` {why}"))
        .span(gap)
        .label(label)
}

/// The script ended within brackets: they are to blame, not its last line.
fn too_short(near: Option<&Near>) -> Option<Explanation> {
    let near = near.filter(|near| near.at.is_none())?;
    let opener = near.opener()?;
    let closing = closing(near.source.token(opener));
    let explanation = Explanation::new(format!(
        "the script ends before this `{}` is closed",
        near.source.word(opener)
    ))
    .span(near.range(opener))
    .label(format!("the `{closing}` that closes it is missing"));
    Some(explanation)
}

fn closing(opener: Option<&Token>) -> &'static str {
    match opener {
        Some(Token::LeftParen) => ")",
        Some(Token::LeftBracket | Token::QuestionBracket) => "]",
        _ => "}",
    }
}

/// What people write who come from a shell or from another language is told as that; else as it was.
fn with_habit(explanation: Explanation, near: Option<&Near>) -> Explanation {
    near.and_then(Near::habit).unwrap_or(explanation)
}

/// The token that Rhai stumbled over, and what is around it.
struct Near<'a> {
    source: &'a Source,
    /// The token, or nothing at the end of the script.
    at: Option<usize>,
    offset: usize,
    /// The first token of the input: those before it are of other inputs.
    first: usize,
}

impl<'a> Near<'a> {
    fn of(scene: &'a Scene) -> Option<Self> {
        let source = scene.place.source.as_deref()?;
        let offset = source.offset(scene.place.position)?;
        let at = scene.place.lexeme();
        let last = source.lexemes().last();
        if at.is_none() && last.is_some_and(|last| last.range.end > offset) {
            return None;
        }
        let first = source.first_of_part(offset);
        Some(Self {
            source,
            at,
            offset,
            first,
        })
    }

    fn token(&self) -> Option<&Token> {
        self.source.token(self.at?)
    }

    fn word(&self) -> &str {
        self.at.map_or("", |at| self.source.word(at))
    }

    fn index(&self) -> usize {
        self.at.unwrap_or(self.source.lexemes().len())
    }

    fn index_before(&self, steps: usize) -> Option<usize> {
        let index = self.index().checked_sub(steps)?;
        (index >= self.first).then_some(index)
    }

    fn before(&self, steps: usize) -> Option<&Token> {
        self.source.token(self.index_before(steps)?)
    }

    fn range(&self, index: usize) -> Option<Range<usize>> {
        self.source
            .lexemes()
            .get(index)
            .map(|lexeme| lexeme.range.clone())
    }

    /// Right after the token before this one.
    fn gap(&self) -> Option<Range<usize>> {
        let end = self.range(self.index_before(1)?)?.end;
        Some(end..end)
    }

    /// The innermost bracket that is open here.
    fn opener(&self) -> Option<usize> {
        let mut open = Vec::new();
        let before = self.source.lexemes().iter().enumerate().take(self.index());
        for (index, lexeme) in before.skip(self.first) {
            match nesting(&lexeme.token) {
                1 => open.push(index),
                -1 => {
                    open.pop();
                }
                _ => (),
            }
        }
        open.pop()
    }

    fn operator_before(&self) -> Option<&str> {
        let index = self.index_before(1)?;
        let word = self.source.word(index);
        let is_operator = !word.is_empty() && word.chars().all(|c| "+-*/%=<>!&|^".contains(c));
        is_operator.then_some(word)
    }

    /// What people write who come from a shell or from another language.
    fn habit(&self) -> Option<Explanation> {
        if let Some(span) = self.address() {
            return Some(needs_quotes("an address", self.source, span));
        }
        let before = self.index_before(1)?;
        let (first, this) = (self.range(before)?, self.range(self.at?)?);
        let about = |index: usize, title: &str| {
            let span = self.range(self.index_before(index)?);
            Some(Explanation::new(title).span(span))
        };
        match (self.before(2), self.before(1)?, self.token()?) {
            (_, Token::IntegerConstant(_) | Token::FloatConstant(_), Token::Identifier(_))
                if first.end == this.start =>
            {
                let span = first.start..this.end;
                Some(needs_quotes("a value with a unit", self.source, span))
            }
            (_, _, Token::Identifier(_)) if matches!(self.word(), "and" | "or" | "not") => {
                about(0, "and, or, not are written &&, ||, !")
            }
            (Some(Token::LeftBrace), _, Token::Colon) => about(2, "a map starts with #{"),
            (Some(Token::MapStart | Token::Comma), _, Token::Equals) => {
                about(0, "in a map a key and its value are separated by `:`")
            }
            (Some(Token::Let | Token::Const), _, Token::EqualsTo) => {
                about(0, "a value is set with one sign: =")
            }
            (two, Token::Identifier(_), token) if is_value(token) && self.is_statement(two) => {
                let name = self.source.word(before);
                if words::is_a_program(name) {
                    let line = self.source.line(self.source.line_of(first.start));
                    let end = line.map_or(this.end, |line| line.end);
                    let line = self.source.slice(first.start..end).trim_end();
                    let explanation = about(1, &format!("{name} is a program, not a function"));
                    return explanation.map(|explanation| run_by_a_shell(explanation, line));
                }
                let explanation = about(1, "a call needs parentheses around its arguments");
                explanation.map(|explanation| explanation.help(format!("write {name}(...)")))
            }
            _ => None,
        }
    }

    /// Whether the token before this one starts a statement, on the same line: `let x y` and `for x of y` don't.
    fn is_statement(&self, before: Option<&Token>) -> bool {
        let one = |index| self.index_before(index).and_then(|at| self.range(at));
        let on_one_line = one(1).is_some_and(|range| self.on_one_line(range.start));
        let after_line = one(2).is_none_or(|range| !self.on_one_line(range.start));
        let after_end = matches!(
            before,
            Some(Token::SemiColon | Token::LeftBrace | Token::RightBrace | Token::Equals)
        );
        on_one_line && (after_line || after_end)
    }

    fn on_one_line(&self, offset: usize) -> bool {
        self.source.line_of(offset) == self.source.line_of(self.offset)
    }

    /// The address that someone wrote without quotes around here.
    fn address(&self) -> Option<Range<usize>> {
        let is_part = |c: char| c.is_ascii_hexdigit() || matches!(c, '.' | ':' | '/');
        let before = self.source.slice(0..self.offset);
        let start = before.trim_end_matches(is_part).len();
        let rest = self.source.slice(start..self.source.text().len());
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let address = rest.get(..end)?;
        let (host, prefix) = address.split_once('/').unwrap_or((address, "0"));
        let is_mac = host.split(':').count() == 6 && host.split(':').all(|part| part.len() == 2);
        let is_address = host.parse::<IpAddr>().is_ok() || is_mac;
        (is_address && prefix.parse::<u8>().is_ok()).then_some(start..start + end)
    }
}

fn needs_quotes(what: &str, source: &Source, span: Range<usize>) -> Explanation {
    let text = source.slice(span.clone()).to_owned();
    Explanation::new(format!("{what} is text and needs quotes"))
        .span(Some(span))
        .help(format!("write \"{text}\""))
}

fn is_value(token: &Token) -> bool {
    matches!(
        token,
        Token::Identifier(_)
            | Token::StringConstant(_)
            | Token::CharConstant(_)
            | Token::IntegerConstant(_)
            | Token::FloatConstant(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserved_words_are_refused_as_names() {
        let engine = rhai::Engine::new();
        let allowed: Vec<_> = RESERVED
            .iter()
            .filter(|word| engine.compile(format!("let {word} = 1;")).is_ok())
            .collect();
        assert!(allowed.is_empty(), "{allowed:?}");
        for word in ["link", "name", "switch_on", "goto_"] {
            assert!(engine.compile(format!("let {word} = 1;")).is_ok());
        }
    }
}
