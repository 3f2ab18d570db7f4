//! Values that were thrown: the maps of failed verbs, and whatever a script throws.

use std::ops::Range;

use rhai::{Dynamic, Map, Token};

use super::call::{accepts, counts};
use super::explain::{Explanation, Kind, Quoted, Scene};
use super::literal;
use super::words;
use crate::catalog::signature::Signature;
use crate::shell::source::Source;
use crate::shell::span::Call;

/// A reason that is longer than this does not fit under the line that it is about.
const LONGEST_LABEL: usize = 60;

/// What a failed verb throws.
struct Failure {
    op: String,
    object: String,
    netns: String,
    errno: String,
    code: i64,
    message: String,
    kernel: String,
    hint: String,
    argument: String,
    within: Option<Range<usize>>,
    /// The line of the argument, a text: its number, the character in it, and the line.
    quote: Option<(usize, usize, String)>,
}

impl Failure {
    /// A map that names the verb and says what failed; the rest may be missing, as a script can make such a map too.
    fn of(map: &Map) -> Option<Self> {
        let text = |key: &str| {
            let value = map.get(key)?;
            let text = value.as_immutable_string_ref().ok()?;
            Some(text.to_string())
        };
        let number = |key: &str| usize::try_from(map.get(key)?.as_int().ok()?).ok();
        let or_empty = |key: &str| text(key).unwrap_or_default();
        Some(Self {
            op: text("op")?,
            message: text("message")?,
            object: or_empty("object"),
            netns: or_empty("netns"),
            errno: or_empty("errno"),
            code: map
                .get("code")
                .and_then(|code| code.as_int().ok())
                .unwrap_or(0),
            kernel: or_empty("kernel"),
            hint: or_empty("hint"),
            argument: or_empty("argument"),
            within: map.get("within").and_then(bounds),
            quote: number("line")
                .zip(number("column"))
                .zip(text("quote"))
                .map(|((line, column), text)| (line, column, text)),
        })
    }

    /// The line of the text that the part to blame stands in.
    fn quoted(&self) -> Option<Quoted> {
        let (line, column, text) = self.quote.clone()?;
        let before = column.saturating_sub(1);
        let byte = |text: &str, character| {
            let place = text.char_indices().nth(character);
            place.map_or(text.len(), |(at, _)| at)
        };
        let start = byte(&text, before);
        let length = self.within.as_ref().map_or(0, Range::len);
        let end = text.floor_char_boundary(start.saturating_add(length));
        let characters = text.get(start..end).unwrap_or("").chars().count();
        // What drives a terminal is something else there, character for character.
        let text = Source::new("", text).text().to_owned();
        Some(Quoted {
            title: format!("{} of {}", self.argument, self.op),
            line,
            span: byte(&text, before)..byte(&text, before.saturating_add(characters)),
            text,
        })
    }
}

/// The bounds of a part: an array of two numbers.
fn bounds(value: &Dynamic) -> Option<Range<usize>> {
    let pair = value.as_array_ref().ok()?;
    let [start, end] = pair.as_slice() else {
        return None;
    };
    let number = |value: &Dynamic| usize::try_from(value.as_int().ok()?).ok();
    Some(number(start)?..number(end)?)
}

/// The verb that threw the value, if one did.
pub fn verb_of(value: &Dynamic) -> Option<String> {
    let map = value.as_map_ref().ok()?;
    Failure::of(&map).map(|failure| failure.op)
}

/// A thrown value in words.
pub fn explain(value: &Dynamic, scene: &Scene) -> Explanation {
    if let Ok(map) = value.as_map_ref()
        && let Some(failure) = Failure::of(&map)
    {
        return of_verb(&failure, scene);
    }
    let title = match value.as_immutable_string_ref() {
        Ok(text) if !text.trim().is_empty() => text.to_string(),
        _ if value.is_unit() => "the script threw an error without saying what failed".to_owned(),
        _ => format!("the script threw {}", words::value(value)),
    };
    let label = match scene.place.word() {
        "throw" => "thrown here",
        _ => "",
    };
    Explanation::new(title).label(label)
}

fn of_verb(failure: &Failure, scene: &Scene) -> Explanation {
    let title = match failure.message.trim() {
        "" => format!("{} {} failed", failure.op, failure.object),
        message => message.to_owned(),
    };
    let mut explanation = Explanation::new(title);
    if scene.place.word() == "throw" {
        explanation.label = "thrown again here".to_owned();
        explanation.quoted = failure.quoted();
    } else {
        blame(&mut explanation, failure, scene);
    }
    explanation = explanation.add(Kind::Kernel, kernel_words(failure));
    if !failure.netns.is_empty() {
        explanation = explanation.note(format!("in netns {}", failure.netns));
    }
    explanation.help(failure.hint.as_str())
}

/// `No such device (ENODEV, 19)`, or what there is of it; nothing where the kernel was not asked.
fn kernel_words(failure: &Failure) -> String {
    if failure.kernel.is_empty() {
        return String::new();
    }
    let number = match failure.code {
        0 => String::new(),
        code => code.to_string(),
    };
    let parts = [failure.errno.as_str(), number.as_str()];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    match parts.join(", ").as_str() {
        "" => failure.kernel.clone(),
        errno => format!("{} ({errno})", failure.kernel),
    }
}

/// Underlines the argument or the option that is to blame, or else the verb, and says the reason there.
fn blame(explanation: &mut Explanation, failure: &Failure, scene: &Scene) {
    let reason = match failure.message.rsplit_once(": ") {
        Some((_, reason)) => reason.trim(),
        // The part that is underlined is in the title.
        None if failure.within.is_some() => "",
        None => failure.argument.as_str(),
    };
    let fits = |text: &str| text.chars().count() <= LONGEST_LABEL && !text.contains('\n');
    let short = if fits(reason) { reason } else { "" };
    short.clone_into(&mut explanation.label);
    explanation.quoted = failure.quoted();
    let Some((source, call)) = scene.call(&failure.op) else {
        return;
    };
    let signatures = scene.signatures.of(&failure.op);
    let argument = parameter(&signatures, &call, &failure.argument)
        .and_then(|number| written_at(number, source, &call, &signatures))
        .and_then(|number| source.argument_span(&call, number));
    let value = argument
        .clone()
        .or_else(|| source.option_value_span(&call, &failure.argument));
    let part = failure
        .within
        .as_ref()
        .zip(value)
        .and_then(|(part, value)| {
            let part = literal::part(source.slice(value.clone()), part)?;
            Some(value.start + part.start..value.start + part.end)
        });
    if part.is_some() {
        explanation.quoted = None;
    }
    let span = part
        .or(argument)
        .or_else(|| source.option_span(&call, &failure.argument));
    let Some(span) = span else {
        return;
    };
    let name = scene.place.span();
    let other_line = |name: &Range<usize>| source.line_of(name.start) != source.line_of(span.start);
    explanation.beside = name.filter(other_line).map(|name| (name, String::new()));
    explanation.span = Some(span);
}

impl Scene<'_> {
    /// The call of a function at the place of the error.
    pub fn call(&self, name: &str) -> Option<(&Source, Call)> {
        let source = self.place.source.as_deref()?;
        let call = source.call_at(self.place.lexeme()?)?;
        (source.word(call.name) == name).then_some((source, call))
    }
}

/// Which of the arguments between the parentheses is the one with that number: a handle before the dot is none, but
/// "veth0".link_up() means link_up("veth0"), and link_up(h, "veth0") means h.link_up("veth0").
fn written_at(
    number: usize,
    source: &Source,
    call: &Call,
    signatures: &[Signature],
) -> Option<usize> {
    if starts_with_handle(source, call, signatures) {
        return Some(number + 1);
    }
    let holder = call.name.checked_sub(2).and_then(|at| source.token(at));
    let has = |count: usize| signatures.iter().any(|one| counts(one).contains(&count));
    let count = call.arguments.len();
    let is_argument =
        matches!(holder, Some(Token::StringConstant(_))) || !has(count) && has(count + 1);
    number.checked_sub(usize::from(call.method && is_argument))
}

/// Whether the first argument of a call is the handle that would stand before the dot. Where the verb can be called
/// with as many arguments and with one less, what is written down decides: a text is no map of options.
fn starts_with_handle(source: &Source, call: &Call, signatures: &[Signature]) -> bool {
    let [first, rest @ ..] = call.arguments.as_slice() else {
        return false;
    };
    if call.method || literal_kind(source, first).is_some() {
        return false;
    }
    let fits = |arguments: &[Range<usize>]| {
        signatures
            .iter()
            .any(|one| could_take(one, source, arguments))
    };
    match (fits(&call.arguments), fits(rest)) {
        (false, with_handle) => with_handle,
        (true, false) => false,
        (true, true) => {
            let value = source.value_before(source.word(first.start), call.name);
            let verb = value.and_then(|value| source.called_by_value(value));
            first.len() == 1 && matches!(verb, Some("netns_add" | "netns_get"))
        }
    }
}

/// Whether a signature takes as many arguments, and none that is written down as a literal is of another type.
fn could_take(signature: &Signature, source: &Source, arguments: &[Range<usize>]) -> bool {
    let mut pairs = signature.parameters.iter().zip(arguments);
    counts(signature).contains(&arguments.len())
        && pairs.all(|(parameter, argument)| {
            literal_kind(source, argument).is_none_or(|kind| accepts(&parameter.kind, kind))
        })
}

/// The type of an argument that is a literal.
fn literal_kind(source: &Source, argument: &Range<usize>) -> Option<&'static str> {
    let token = source.token(argument.start)?;
    match token {
        Token::MapStart => Some("map"),
        Token::LeftBracket => Some("array"),
        Token::InterpolatedString(_) => Some("string"),
        _ if argument.len() > 1 => None,
        Token::StringConstant(_) => Some("string"),
        Token::IntegerConstant(_) => Some("int"),
        Token::FloatConstant(_) => Some("float"),
        Token::True | Token::False => Some("bool"),
        _ => None,
    }
}

/// Which argument of a call a parameter is.
fn parameter(signatures: &[Signature], call: &Call, name: &str) -> Option<usize> {
    if name.is_empty() {
        return None;
    }
    let index = |signature: &Signature| {
        let mut parameters = signature.parameters.iter();
        parameters.position(|parameter| parameter.name.trim_end_matches('?') == name)
    };
    let fits = |signature: &&Signature| signature.parameters.len() == call.arguments.len();
    let fitting = signatures.iter().filter(fits).find_map(index);
    fitting.or_else(|| signatures.iter().find_map(index))
}
