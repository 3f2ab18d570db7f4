//! Whether what was typed goes on in the next line: an open bracket, a string that may have several lines, a comment, a
//! statement that wants more at its end.
//!
//! What can't become a script any more is finished: the report says what is wrong with it. So is a `"` that is not closed,
//! for Rhai ends such a string with its line, but behind a `\`.

use rhai::{Engine, ParseErrorType, Token};

use super::order::statement;
use super::reading::{Ending, Reading};

/// Whether there has to be another line. `!program` never has one; of the orders only those do that take a statement.
pub fn is_unfinished(text: &str) -> bool {
    let Some(statement) = statement(text) else {
        return false;
    };
    let reading = Reading::of(statement);
    match &reading.ending {
        _ if !reading.sound => false,
        Ending::Broken => false,
        Ending::Code => !reading.open.is_empty() || wants_more(statement, &reading),
        Ending::Comment { block } => {
            *block || !reading.open.is_empty() || wants_more(statement, &reading)
        }
        Ending::Text(text) => text.closing != "\"" || statement.ends_with(['\\', '\n']),
    }
}

/// Whether Rhai reads all of it and misses something then: `1 +`, `let y =`, `if x`.
fn wants_more(statement: &str, reading: &Reading) -> bool {
    let mut engine = Engine::new_raw();
    // `_` is the last value. Rhai marks what may change with its versions as deprecated.
    #[allow(deprecated)]
    engine.on_parse_token(|token, _, _| match token {
        Token::Underscore => Token::Identifier(Box::new("_".into())),
        token => token,
    });
    let Err(error) = engine.compile(statement) else {
        return false;
    };
    let end = reading.source.lexemes().last().map(|last| last.range.end);
    let place = reading.source.offset(error.position());
    !matches!(error.err_type(), ParseErrorType::ExprTooDeep) && end.is_some() && place >= end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_goes_on() {
        for text in [
            "fn f() {",
            "f(1,",
            "let x = [",
            "#{ a: 1,",
            "h1.run(|| {",
            "f(|a, b| a +",
            "`a",
            "`a\n",
            "`a ${",
            "`a ${b} c",
            "`a ${f(`",
            "#\"a\"",
            "/* a",
            "/* /* */",
            "f( // a",
            "f(\")\", ",
            "\"a\\",
            "\"a\\\n",
            ":time {",
            ":time f(",
            " :time f(",
            "x?[",
            "1 +",
            "let",
            "1 + // a",
            "_ +",
            "let y =",
            "let y = f(1) *",
            "x = a.",
            "if x",
            "if x { 1 } else",
            "try { 1 }",
            "fn f()",
            ":time 1 +",
        ] {
            assert!(is_unfinished(text), "{text:?}");
        }
    }

    #[test]
    fn what_is_closed_or_broken_is_finished() {
        for text in [
            "",
            " ",
            "x",
            "f(1)",
            "fn f() { }",
            "`a ${f(`b`)} c`",
            "/* a */",
            "// {",
            "x // (",
            "\"(\"",
            "'('",
            ")",
            "f(]",
            "f(1))",
            "{ ) (",
            "\"a",
            "f(\"a",
            "f(\"a\n",
            ":load a(",
            ":time",
            ":time f()",
            ":unknown {",
            "!echo (",
            "!{",
            " !f(",
            "1 + ;",
            "1 +* 2",
            "let x y",
            "ip link",
            "break",
            "?",
            "#\"a\"#",
        ] {
            assert!(!is_unfinished(text), "{text:?}");
        }
    }
}
