//! A session as a script that runs again: what succeeded, in its order.
//!
//! What the prompt does beside Rhai is written out: the value that it showed, the last value as `_`, functions that were
//! defined anew, files that were loaded.

use std::path::Path;

use rhai::{Engine, Position, Token};

use crate::catalog::translate::line::quoted;
use crate::script::session::{Input, Session};
use crate::shell::source::Source;

use super::statements::{Last, ends, functions, last};

/// The script. Fails, in words, if there is none.
pub fn script(session: &Session) -> Result<String, String> {
    // The session's own engine takes every `_` for the last value.
    let engine = crate::script::vocabulary();
    let mut parts: Vec<String> = Vec::new();
    let mut last_value: Option<usize> = None;
    for input in session.inputs() {
        let Some(text) = what_succeeded(input, &engine) else {
            continue;
        };
        let mut text = without_return(&at_home(&text, input));
        if !input.uses_of_last.is_empty() {
            let name = match last_value.and_then(|at| Some((at, parts.get_mut(at)?))) {
                Some((at, part)) => {
                    let name = format!("value_{}", at + 1);
                    *part = checked(named(part, &name), part.clone(), &engine);
                    name
                }
                None => "()".into(),
            };
            text = renamed(&text, &input.uses_of_last, &name);
        }
        if input.shown {
            text = checked(shown(&text), text, &engine);
        }
        if input.gave_a_value {
            last_value = Some(parts.len());
        }
        parts.push(ended(&text));
    }
    forget_former_functions(&mut parts);
    parts.retain(|part| !matches!(part.trim(), "" | "();"));
    if parts.is_empty() {
        return Err("nothing has succeeded yet, so there is nothing to save".into());
    }
    let version = env!("CARGO_PKG_VERSION");
    let heading = format!("// Saved from a session of netsh {version}.");
    let body = parts.join("\n");
    match engine.compile(&body) {
        Ok(_) => Ok(format!("#!/usr/bin/env netsh\n{heading}\n\n{body}\n")),
        Err(error) => Err(format!("the script would not run: {error}")),
    }
}

/// The input, or of one that failed the statements before the one that did.
fn what_succeeded(input: &Input, engine: &Engine) -> Option<String> {
    let text = input.text.trim_end();
    if is_a_question(text) {
        return None;
    }
    if input.succeeded {
        return last(text).map(|_| text.into());
    }
    let source = Source::new("", text);
    // What could not be read did nothing.
    let stopped = source.offset(input.stopped)?;
    let ends = ends(&source);
    let end = ends
        .iter()
        .rfind(|end| **end <= stopped)
        .copied()
        .unwrap_or(0);
    let mut text = source.slice(0..end).to_owned();
    // Functions are defined before anything runs.
    for function in functions(&source) {
        if function.range.start >= end {
            text += "\n";
            text += source.slice(function.range);
        }
    }
    let rest = ends.iter().find(|next| **next > stopped);
    let failed = source.slice(end..rest.copied().unwrap_or(source.text().len()));
    if failed.contains('{') && !failed.trim_start().starts_with("fn ") {
        text += &format!(
            "\n// {} failed inside of a block: what that did is not here.",
            input.title
        );
    }
    // Where a statement ends is read from brackets and semicolons: Rhai has the last word.
    let is_worth_it = !text.trim().is_empty() && engine.compile(&text).is_ok();
    is_worth_it.then_some(text)
}

fn checked(text: String, instead: String, engine: &Engine) -> String {
    match engine.compile(&text) {
        Ok(_) => text,
        Err(_) => instead,
    }
}

/// Whether it only asks the manual: a script has nobody who reads the answer.
fn is_a_question(text: &str) -> bool {
    last(text).is_some_and(
        |Last {
             before, statement, ..
         }| {
            before.trim().is_empty() && statement.starts_with("help(") && statement.ends_with(')')
        },
    )
}

/// With a semicolon, so that the next part is a statement of its own.
fn ended(text: &str) -> String {
    let source = Source::new("", text);
    let Some(end) = source.lexemes().last().map(|lexeme| lexeme.range.end) else {
        return text.into();
    };
    // After a block, too: `let f = || { }` ends with a brace and needs one.
    match source.slice(0..end).ends_with(';') || starts_with_a_block(&source) {
        true => text.into(),
        false => format!("{};{}", source.slice(0..end), source.slice(end..text.len())),
    }
}

/// Whether the last statement is one that ends without a semicolon.
fn starts_with_a_block(source: &Source) -> bool {
    const WORDS: [&str; 8] = ["do", "fn", "for", "if", "loop", "private", "try", "while"];
    let statement = last(source.text()).map(|last| last.statement);
    let first = |statement: &String| {
        let word = |c: char| !c.is_ascii_alphabetic();
        WORDS.contains(&statement.split(word).next().unwrap_or(""))
    };
    statement.is_some_and(|statement| first(&statement) && statement.ends_with('}'))
}

/// The text with its last statement written otherwise: as `change` has it with what stands around it, or as it was.
fn with_last(text: &str, change: impl FnOnce(&Last) -> Option<String>) -> String {
    let changed = last(text).and_then(|last| change(&last));
    changed.unwrap_or_else(|| text.into())
}

/// `return x` ends an input, and would end the whole script.
fn without_return(text: &str) -> String {
    with_last(text, |last| {
        let value = last.statement.strip_prefix("return")?;
        if value.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
            return None;
        }
        let value = Some(value.trim()).filter(|value| !value.is_empty());
        let value = value.unwrap_or("()");
        Some(format!("{}{value};{}", last.before, last.after))
    })
}

/// Shows the value of the last statement, as the prompt did.
fn shown(text: &str) -> String {
    with_last(text, |last| {
        let Last {
            before,
            statement,
            after,
        } = last;
        Some(format!("{before}show({statement});{after}"))
    })
}

/// Gives the value of the last statement a name, once.
fn named(text: &str, name: &str) -> String {
    with_last(text, |last| {
        let Last {
            before,
            statement,
            after,
        } = last;
        let is_named = *statement == format!("show({name})")
            || statement.starts_with(&format!("let {name} = "));
        if is_named {
            return None;
        }
        let shown = statement
            .strip_prefix("show(")
            .and_then(|rest| rest.strip_suffix(')'));
        Some(match shown {
            Some(value) => format!("{before}let {name} = {value};{after}\nshow({name});"),
            None => format!("{before}let {name} = {statement};{after}"),
        })
    })
}

/// Puts the name in the place of every `_` that was the last value.
fn renamed(text: &str, uses: &[Position], name: &str) -> String {
    let source = Source::new("", text);
    let used = source
        .lexemes()
        .iter()
        .filter(|lexeme| lexeme.token == Token::Underscore && uses.contains(&lexeme.position));
    let mut renamed = String::new();
    let mut from = 0;
    for lexeme in used {
        renamed += source.slice(from..lexeme.range.start);
        renamed += name;
        from = lexeme.range.end;
    }
    renamed + source.slice(from..text.len())
}

/// The text of a file that was loaded finds its modules wherever the script is saved.
fn at_home(text: &str, input: &Input) -> String {
    let Some(folder) = &input.folder else {
        return text.into();
    };
    let source = Source::new("", text);
    let mut changed = String::new();
    let mut from = 0;
    for pair in source.lexemes().windows(2) {
        let [import, path] = pair else {
            continue;
        };
        let (Token::Import, Token::StringConstant(name)) = (&import.token, &path.token) else {
            continue;
        };
        let module = folder.join(name.as_str());
        if Path::new(name.as_str()).is_relative() && module.with_extension("rhai").is_file() {
            changed += source.slice(from..path.range.start);
            changed += &quoted(&module.to_string_lossy());
            from = path.range.end;
        }
    }
    changed + source.slice(from..text.len())
}

/// A script can define a function once: the last definition stays.
fn forget_former_functions(parts: &mut [String]) {
    let mut later: Vec<(String, usize)> = Vec::new();
    for part in parts.iter_mut().rev() {
        let source = Source::new("", part.as_str());
        let mut kept = part.clone();
        for function in functions(&source).into_iter().rev() {
            let known = (function.name, function.parameters);
            if later.contains(&known) {
                kept.replace_range(function.range, "");
            } else {
                later.push(known);
            }
        }
        *part = kept;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_gets_a_name() {
        let once = named("let x = 1; x; // it", "value_1");
        assert_eq!(once, "let x = 1; let value_1 = x; // it");
        assert_eq!(named(&once, "value_1"), once);
        let shown = named("show(1);", "value_1");
        assert_eq!(shown, "let value_1 = 1;\nshow(value_1);");
        assert_eq!(named(&shown, "value_1"), shown);
    }

    #[test]
    fn only_what_was_the_last_value_is_renamed() {
        let uses = [Position::new(1, 1), Position::new(1, 8)];
        assert_eq!(renamed("_ + `${_}_` + a_", &uses, "v"), "v + `${v}_` + a_");
        assert_eq!(
            renamed("switch 1 { _ => _ }", &[Position::new(1, 17)], "v"),
            "switch 1 { _ => v }"
        );
    }

    #[test]
    fn a_semicolon_stands_before_a_comment() {
        assert_eq!(ended("let a = 1 // one"), "let a = 1; // one");
        assert_eq!(ended("fn f() {} // f"), "fn f() {} // f");
        assert_eq!(ended("let f = |x| { x }"), "let f = |x| { x };");
        assert_eq!(ended("let x = #{ a: 1 }"), "let x = #{ a: 1 };");
        assert_eq!(ended("h.run(|| { f() })"), "h.run(|| { f() });");
        assert_eq!(ended("a;"), "a;");
        assert_eq!(shown("a // what"), "show(a); // what");
    }

    #[test]
    fn questions_are_told_from_what_is_done() {
        assert!(is_a_question("help()") && is_a_question(" help(\"arp\"); "));
        assert!(!is_a_question("let x = 1; help()") && !is_a_question("helper(1)"));
    }

    #[test]
    fn the_last_definition_stays() {
        let mut parts = [
            "fn f(x) { 1 } fn g() {}",
            "f(1);",
            "fn f(x) { 2 }\nfn f() { 3 }",
        ]
        .map(String::from);
        forget_former_functions(&mut parts);
        assert_eq!(
            parts,
            [" fn g() {}", "f(1);", "fn f(x) { 2 }\nfn f() { 3 }"]
        );
    }
}
