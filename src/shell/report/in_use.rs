//! A value that is used by the closure that one of its own methods runs: `h.run(|| h.name)`. Rhai keeps the variable
//! locked while the method runs.

use rhai::Token;

use super::explain::{Explanation, Scene};
use crate::shell::source::Source;
use crate::shell::span::Call;

/// Explains Rhai's `argument #1 of function 'run'`. The error may have no position, and then the call is looked for
/// in the text.
pub fn explain(what: &str, scene: &Scene) -> Explanation {
    let quoted = what.split('\'').nth(1);
    let source = scene.place.source.as_deref();
    let call = quoted
        .zip(source)
        .and_then(|(function, source)| Some((source, guilty_call(function, source, scene)?)));
    let holder = call.as_ref().map(|(source, call)| {
        let span = source.span_of(&(call.name - 2..call.name - 1));
        (source.word(call.name - 2), span)
    });
    let name = holder.as_ref().map_or("h", |(name, _)| name);
    let title = match (&holder, quoted) {
        (Some((name, _)), _) => format!("{name} is in use by this very call"),
        (None, Some(function)) => format!("a value is in use by the very call of {function}"),
        (None, None) => "a value can't be used while it is being changed".to_owned(),
    };
    let span = holder.as_ref().and_then(|(_, span)| span.clone());
    let explanation = Explanation::new(title).span(span);
    match quoted {
        Some("run") => explanation.help(format!(
            "inside {name}.run(|| ...) every verb acts in {name} by itself: leave out `{name}.`; for its name, take it before: let name = {name}.name;"
        )),
        Some(function) => explanation.help(format!(
            "the closure can't use the value that {function} works on: take what it needs into a variable before"
        )),
        None => explanation.help("give the closure a copy"),
    }
}

/// The call at the place of the error, or the only one in the text that can be meant.
fn guilty_call(function: &str, source: &Source, scene: &Scene) -> Option<Call> {
    let has_holder = |call: &Call| {
        let at = |steps: usize| call.name.checked_sub(steps).and_then(|at| source.token(at));
        call.method
            && matches!(at(2), Some(Token::Identifier(..)))
            && !matches!(at(3), Some(Token::Period | Token::Elvis))
    };
    let here = scene.call(function).map(|(_, call)| call);
    if let Some(call) = here {
        return Some(call).filter(has_holder);
    }
    let calls: Vec<Call> = (0..source.lexemes().len())
        .filter(|&index| source.word(index) == function)
        .filter_map(|index| source.call_at(index))
        .filter(has_holder)
        .collect();
    let uses_holder = |call: &&Call| {
        let holder = source.word(call.name - 2);
        let mut tokens = call.arguments.iter().cloned().flatten();
        tokens.any(|token| source.word(token) == holder)
    };
    let using: Vec<&Call> = calls.iter().filter(uses_holder).collect();
    match (using.as_slice(), calls.as_slice()) {
        ([one], _) => Some((*one).clone()),
        ([], [one]) => Some(one.clone()),
        _ => None,
    }
}
