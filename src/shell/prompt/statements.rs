//! Where the statements and functions of a text begin and end, read from its tokens: for whoever takes a text apart.

use std::ops::Range;

use super::super::source::Source;

/// Where statements end: after a semicolon, or a brace that closes a block, in no bracket.
pub fn ends(source: &Source) -> Vec<usize> {
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

/// Whether a text ends in a semicolon.
pub fn is_ended(text: &str) -> bool {
    let source = Source::new("", text);
    let last = source.lexemes().last();
    last.is_some_and(|last| source.slice(last.range.clone()) == ";")
}

/// A text around its last statement: what stands before it, the statement without a semicolon, what stands after it.
#[derive(Debug, PartialEq, Eq)]
pub struct Last {
    /// The statements before it.
    pub before: String,
    /// The statement.
    pub statement: String,
    /// Blanks and a comment.
    pub after: String,
}

/// The last statement of a text. None if there is none.
pub fn last(text: &str) -> Option<Last> {
    let source = Source::new("", text);
    let lexemes = source.lexemes().iter();
    let mut of_it = lexemes
        .rev()
        .skip_while(|lexeme| source.slice(lexeme.range.clone()) == ";");
    let end = of_it.next()?.range.end;
    let begin = ends(&source)
        .into_iter()
        .rfind(|before| *before < end)
        .unwrap_or(0);
    let first = source
        .lexemes()
        .iter()
        .find(|lexeme| lexeme.range.start >= begin)?;
    let semicolons = source
        .lexemes()
        .last()
        .map_or(end, |lexeme| lexeme.range.end);
    Some(Last {
        before: source.slice(0..first.range.start).into(),
        statement: source.slice(first.range.start..end).into(),
        after: source.slice(semicolons.max(end)..text.len()).into(),
    })
}

/// A function that is defined in a text.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// How many parameters it has: functions of one name may differ in that.
    pub parameters: usize,
    /// The bytes of its definition.
    pub range: Range<usize>,
}

/// The functions that a text defines.
pub fn functions(source: &Source) -> Vec<Function> {
    let ends = ends(source);
    let words: Vec<(&str, &Range<usize>)> = source
        .lexemes()
        .iter()
        .map(|lexeme| (source.slice(lexeme.range.clone()), &lexeme.range))
        .collect();
    let mut functions = Vec::new();
    for (at, window) in words.windows(3).enumerate() {
        // Rhai reads `()` as one token.
        let [("fn", begin), (name, _), (open @ ("(" | "()"), _)] = window else {
            continue;
        };
        let inside = words
            .iter()
            .skip(at + 3)
            .take_while(|(word, _)| *open == "(" && *word != ")");
        let inside: Vec<&str> = inside.map(|(word, _)| *word).collect();
        let commas = inside.iter().filter(|word| **word == ",").count();
        let last_is_a_name = inside.last().is_some_and(|word| *word != ",");
        let private = at.checked_sub(1).and_then(|before| words.get(before));
        let begin = private
            .filter(|(word, _)| *word == "private")
            .map_or(*begin, |(_, range)| *range);
        if let Some(end) = ends.iter().find(|end| **end > begin.start) {
            functions.push(Function {
                name: (*name).into(),
                parameters: commas + usize::from(last_is_a_name),
                range: begin.start..*end,
            });
        }
    }
    functions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_end_where_rhai_ends_them() {
        for (text, statement) in [
            ("1 + 1", "1 + 1"),
            ("let x = 1; x", "x"),
            ("let x = #{ a: 1 }.a; x;", "x"),
            ("if a { 1 } else { 2 }", "if a { 1 } else { 2 }"),
            ("fn f() { 1 } f()", "f()"),
            ("let f = |x| { x; x }; f.call(1)", "f.call(1)"),
            ("h1.run(|| { a(); b() })", "h1.run(|| { a(); b() })"),
            ("for x in y { z; }\n`;${\";\"}`", "`;${\";\"}`"),
            ("try { a(); } catch (e) { b() } c", "c"),
            ("a(); b() // c(); d()", "b()"),
        ] {
            assert_eq!(last(text).expect(text).statement, statement, "{text}");
        }
        assert_eq!(last("// nothing"), None);
        assert_eq!(last(";"), None);
        let commented = last("a; b; ; // why").expect("a statement");
        assert_eq!(
            (commented.before.as_str(), commented.after.as_str()),
            ("a; ", " // why")
        );
    }

    #[test]
    fn functions_are_found_whole() {
        let source = Source::new(
            "",
            "let a = 1; private fn f(x, y,) { fn_x() } fn g() { if a { 1 } } fn f(x) {}",
        );
        let found: Vec<_> = functions(&source)
            .into_iter()
            .map(|f| (f.name, f.parameters, source.slice(f.range).to_owned()))
            .collect();
        let wanted = [
            ("f", 2, "private fn f(x, y,) { fn_x() }"),
            ("g", 0, "fn g() { if a { 1 } }"),
            ("f", 1, "fn f(x) {}"),
        ];
        let wanted: Vec<_> = wanted
            .iter()
            .map(|(n, c, t)| (n.to_string(), *c, t.to_string()))
            .collect();
        assert_eq!(found, wanted);
    }
}
