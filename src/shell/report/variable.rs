//! A variable that does not exist: misspelt, out of a function's sight, assigned before it was declared, or a text
//! without its quotes.

use rhai::Token;

use super::explain::{Explanation, Scene};
use super::words;
use crate::shell::source::Source;
use crate::shell::span::nesting;

/// A statement that is longer than this is not shown again in a line of help.
const LONGEST_STATEMENT: usize = 60;
/// A name that is shorter than this is like too many functions.
const SHORTEST_FUNCTION: usize = 3;

/// Explains why there is no such variable.
pub fn not_found(name: &str, scene: &Scene) -> Explanation {
    let here = scene.place.source.as_deref().zip(scene.place.lexeme());
    let explanation = Explanation::new(format!("there is no variable called {name}"))
        .label("not defined before this line");
    if let Some(explanation) = here.and_then(|(source, at)| out_of_sight(name, source, at)) {
        return explanation;
    }
    let asks_for_help = |(source, at): (&Source, usize)| {
        let called = at.checked_sub(2).map(|before| source.word(before));
        called == Some("help") && matches!(before(source, at, 1), Some(Token::LeftParen))
    };
    if here.is_some_and(asks_for_help) {
        return explanation.help(format!("the topic is text: help(\"{name}\")"));
    }
    if words::is_a_program(name) {
        let words = format!("a program runs by sh(\"{name} ...\"); at the prompt by !{name} ...");
        return explanation.help(words);
    }
    if !scene.signatures.of(name).is_empty() {
        return explanation.help(format!(
            "{name} is a function: call it with {name}(...), or pass it on with Fn(\"{name}\")"
        ));
    }
    let Some((source, at)) = here else {
        return explanation;
    };
    if matches!(before(source, at, 1), Some(Token::Import)) {
        return explanation.help(format!(
            "the name of a module is text: import \"{name}\" as {name};"
        ));
    }
    let visible = source.visible_at(at);
    let like = like_variable(name, &visible);
    if matches!(source.token(at + 1), Some(Token::Equals)) && !is_member(source, at) {
        return explanation.did_you_mean(like).help(format!(
            "a new variable is declared with let: {}",
            declared(source, at)
        ));
    }
    if like.is_some() {
        return explanation.did_you_mean(like);
    }
    let functions = functions(source, scene);
    let function = words::nearest(name, functions.iter().map(String::as_str))
        .filter(|_| name.chars().count() >= SHORTEST_FUNCTION && !is_object(source, at));
    match function {
        Some(function) => explanation.did_you_mean(Some(&format!("{function}(...)"))),
        None if is_argument(source, at) => {
            explanation.help(format!("text needs quotes: \"{name}\""))
        }
        None => explanation,
    }
}

/// A variable of the script that is used inside of a function, which does not see it.
fn out_of_sight(name: &str, source: &Source, at: usize) -> Option<Explanation> {
    let function = source.function_around(at)?;
    let definition = source.script_variable(name)?;
    let called = source.word(function.name);
    let explanation = Explanation::new(format!(
        "the function {called} does not see the variable {name} of the script"
    ))
    .label(format!(
        "a function sees its parameters and what it defines, not {name}"
    ))
    .beside(
        source.span_of(&(definition..definition + 1)),
        "defined outside of the function",
    );
    if matches!(before(source, definition, 1), Some(Token::Const)) {
        return Some(explanation.help(format!("a constant is seen as global::{name}")));
    }
    let mut signatures = source.functions().into_iter();
    let parameters = signatures.rfind(|one| one.name == called);
    let parameters = parameters.into_iter().flat_map(|one| one.parameters);
    let parameters: Vec<String> = parameters.map(|one| one.name).collect();
    let mut with_it = parameters.clone();
    with_it.push(name.to_owned());
    let with_it = with_it.join(", ");
    let explanation = explanation.help(format!(
        "give it as an argument: fn {called}({with_it}) {{ ... }} and {called}({with_it})"
    ));
    let parameters = parameters.join(", ");
    Some(explanation.help(format!(
        "or use a closure, which sees it: let {called} = |{parameters}| {{ ... }}; {called}.call({parameters})"
    )))
}

/// The variable that was probably meant: nearest in spelling, or a shorter or longer form of the same word.
fn like_variable<'a>(name: &str, visible: &'a [String]) -> Option<&'a str> {
    let all = visible.iter().map(String::as_str);
    let near = words::nearest(name, all.clone().chain(["true", "false"]));
    near.or_else(|| {
        let mut all = all;
        all.find(|one| shortens(one, name) || shortens(name, one))
    })
}

/// Whether `short` is a short form of `long`, as hs is of hosts: the same ends, and nothing that `long` has not.
fn shortens(short: &str, long: &str) -> bool {
    let mut letters = long.chars();
    short.chars().count() >= 2
        && short.chars().next() == long.chars().next()
        && short.chars().next_back() == long.chars().next_back()
        && short
            .chars()
            .all(|wanted| letters.any(|letter| letter == wanted))
}

fn functions(source: &Source, scene: &Scene) -> Vec<String> {
    let own = source.functions().into_iter().map(|function| function.name);
    own.chain(scene.signatures.names()).collect()
}

fn before(source: &Source, at: usize, steps: usize) -> Option<&Token> {
    at.checked_sub(steps).and_then(|at| source.token(at))
}

fn is_member(source: &Source, at: usize) -> bool {
    matches!(before(source, at, 1), Some(Token::Period | Token::Elvis))
}

/// Whether the name is followed by what can only follow a variable: `h1.link_up(...)`, `a[0]`.
fn is_object(source: &Source, at: usize) -> bool {
    matches!(
        source.token(at + 1),
        Some(Token::Period | Token::Elvis | Token::LeftBracket | Token::QuestionBracket)
    )
}

/// Whether the name stands alone as an argument of a call, as an option, or in an array.
fn is_argument(source: &Source, at: usize) -> bool {
    let starts = match before(source, at, 1) {
        Some(Token::LeftParen) => matches!(
            before(source, at, 2),
            Some(Token::Identifier(..) | Token::Reserved(..))
        ),
        Some(Token::Comma | Token::Colon | Token::LeftBracket) => true,
        _ => false,
    };
    let ends = matches!(
        source.token(at + 1),
        Some(Token::Comma | Token::RightParen | Token::RightBracket | Token::RightBrace)
    );
    starts && ends
}

/// `let h1 = 3;` for an assignment that starts at that token.
fn declared(source: &Source, at: usize) -> String {
    let mut depth = 0;
    let rest = source.lexemes().iter().enumerate().skip(at);
    let end = rest
        .take_while(|(_, lexeme)| {
            depth += nesting(&lexeme.token);
            depth >= 0 && !(depth == 0 && matches!(lexeme.token, Token::SemiColon))
        })
        .last()
        .map_or(at, |(index, _)| index);
    let span = source.span_of(&(at..end + 1)).unwrap_or_default();
    let statement = source.slice(span);
    if statement.len() <= LONGEST_STATEMENT && !statement.contains('\n') {
        format!("let {statement};")
    } else {
        format!("let {} = ...;", source.word(at))
    }
}

#[cfg(test)]
mod tests {
    use super::shortens;

    #[test]
    fn short_forms_keep_both_ends() {
        assert!(shortens("hs", "hosts"));
        assert!(shortens("cnt", "count"));
        assert!(!shortens("h", "hosts"));
        assert!(!shortens("ho", "hosts"));
        assert!(!shortens("hxs", "hosts"));
    }
}
