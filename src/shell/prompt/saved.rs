//! A session as a script that runs again: what succeeded, in its order.

use crate::script::session::{Input, Session};
use crate::shell::source::Source;
use crate::shell::span::Lexeme;

use super::placed;

/// The script. Fails, in words, if there is nothing to save.
pub fn script(session: &Session) -> Result<String, String> {
    let mut parts: Vec<String> = Vec::new();
    let mut last_value: Option<usize> = None;
    for input in session.inputs() {
        let Some(text) = what_succeeded(session, input) else {
            continue;
        };
        let mut text = text;
        if input.used_the_last
            && let Some(at) = last_value
        {
            let name = format!("value_{}", at + 1);
            if let Some(part) = parts.get_mut(at)
                && !part.contains(&format!("let {name} = "))
            {
                *part = named(part, &name);
            }
            text = renamed(&text, &name);
        }
        if input.shown {
            // Where a statement begins is read from brackets and semicolons: Rhai has the last word.
            let showing = shown(&text);
            if session.engine().compile(&showing).is_ok() {
                text = showing;
            }
        }
        if input.gave_a_value {
            last_value = Some(parts.len());
        }
        parts.push(ended(&text));
    }
    if parts.is_empty() {
        return Err("nothing has succeeded yet, so there is nothing to save".into());
    }
    let version = env!("CARGO_PKG_VERSION");
    let text = format!(
        "#!/usr/bin/env netsh\n// Saved from a session of netsh {version}.\n\n{}\n",
        parts.join("\n")
    );
    Ok(text)
}

/// The input, or of one that failed the statements before the one that did.
fn what_succeeded(session: &Session, input: &Input) -> Option<String> {
    if is_a_question(&input.text) {
        return None;
    }
    if input.succeeded {
        return Some(input.text.trim().into()).filter(|text: &String| !text.is_empty());
    }
    let (line, column) = placed(input.stopped)?;
    let source = Source::new("", &input.text);
    let within = rhai::Position::new(
        u16::try_from(line.checked_sub(input.line)?).ok()?,
        u16::try_from(column).ok()?,
    );
    let stopped = source.offset(within)?;
    let end = ends(&source).into_iter().rfind(|end| *end <= stopped)?;
    let text = source.slice(0..end).trim().to_owned();
    let runs = session.engine().compile(&text).is_ok();
    Some(text).filter(|text| runs && !text.is_empty())
}

/// Whether it only asks the manual: a script has nobody who reads the answer.
fn is_a_question(text: &str) -> bool {
    let (before, last) = last_statement(text);
    before.trim().is_empty() && last.starts_with("help(") && last.ends_with(')')
}

/// Where statements end: after a semicolon, or a brace that closes a block, in no bracket.
fn ends(source: &Source) -> Vec<usize> {
    let mut open: Vec<&str> = Vec::new();
    let mut ends = Vec::new();
    let words = source.lexemes().iter();
    let mut words = words
        .map(|lexeme| (source.slice(lexeme.range.clone()), &lexeme.range))
        .peekable();
    while let Some((word, range)) = words.next() {
        let end = range.end;
        let next = words.peek().map_or("", |(next, _)| *next);
        match word {
            // `${...}` in a text.
            "{" if source.slice(0..range.start).ends_with('$') => open.push("${"),
            "(" | "[" | "{" | "#{" => open.push(word),
            ")" | "]" => drop(open.pop()),
            "}" => {
                let block = open.pop() == Some("{");
                let goes_on = ["else", "catch", "while", "until", ";", "."].contains(&next);
                if block && open.is_empty() && !goes_on {
                    ends.push(end);
                }
            }
            ";" if open.is_empty() => ends.push(end),
            _ => {}
        }
    }
    ends
}

/// With a semicolon, so that the next part is a statement of its own.
fn ended(text: &str) -> String {
    match text.ends_with([';', '}']) {
        true => text.into(),
        false => format!("{text};"),
    }
}

/// Shows the value of the last statement, as the prompt did.
fn shown(text: &str) -> String {
    let (before, last) = last_statement(text);
    format!("{before}show({last});")
}

/// Gives the value of the last statement a name.
fn named(text: &str, name: &str) -> String {
    let (before, last) = last_statement(text);
    match last
        .strip_prefix("show(")
        .and_then(|rest| rest.strip_suffix(')'))
    {
        Some(value) => format!("{before}let {name} = {value};\nshow({name});"),
        None => format!("{before}let {name} = {last};"),
    }
}

/// The last statement, without a semicolon, and what stands before it.
fn last_statement(text: &str) -> (String, String) {
    let source = Source::new("", text.trim_end().trim_end_matches(';'));
    let start = ends(&source)
        .into_iter()
        .rfind(|end| *end < source.text().len());
    let start = start.unwrap_or(0);
    let (before, last) = (
        source.slice(0..start),
        source.slice(start..source.text().len()),
    );
    let space: String = last.chars().take_while(|c| c.is_whitespace()).collect();
    (format!("{before}{space}"), last.trim().into())
}

/// Puts the name in the place of every `_`.
fn renamed(text: &str, name: &str) -> String {
    let source = Source::new("", text);
    let is_last = |lexeme: &&Lexeme| source.slice(lexeme.range.clone()) == "_";
    let mut renamed = String::new();
    let mut from = 0;
    for lexeme in source.lexemes().iter().filter(is_last) {
        renamed += source.slice(from..lexeme.range.start);
        renamed += name;
        from = lexeme.range.end;
    }
    renamed + source.slice(from..text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_end_where_rhai_ends_them() {
        for (text, last) in [
            ("1 + 1", "1 + 1"),
            ("let x = 1; x", "x"),
            ("let x = #{ a: 1 }.a; x;", "x"),
            ("if a { 1 } else { 2 }", "if a { 1 } else { 2 }"),
            ("fn f() { 1 } f()", "f()"),
            ("let f = |x| { x; x }; f.call(1)", "f.call(1)"),
            ("h1.run(|| { a(); b() })", "h1.run(|| { a(); b() })"),
            ("for x in y { z; }\n`;${\";\"}`", "`;${\";\"}`"),
            ("try { a(); } catch (e) { b() } c", "c"),
        ] {
            assert_eq!(last_statement(text).1, last, "{text}");
        }
    }

    #[test]
    fn questions_are_told_from_what_is_done() {
        assert!(is_a_question("help()") && is_a_question(" help(\"arp\"); "));
        assert!(!is_a_question("let x = 1; help()") && !is_a_question("helper(1)"));
    }

    #[test]
    fn the_last_value_gets_a_name() {
        assert_eq!(
            named("let x = 1; x;", "value_1"),
            "let x = 1; let value_1 = x;"
        );
        assert_eq!(
            named("show(1);", "value_1"),
            "let value_1 = 1;\nshow(value_1);"
        );
        assert_eq!(renamed("_ + `${_}_` + a_", "v"), "v + `${v}_` + a_");
    }
}
