//! What a script defines, as far as its words show: functions, variables, imports. For a did-you-mean and for the
//! signatures of a script's own functions; nothing here is exact about scopes, and need not be.

use std::ops::Range;

use rhai::Token;

use super::source::Source;
use super::span::nesting;
use crate::catalog::signature::{Parameter, Signature};

/// An `import "path" as name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The path, as written.
    pub path: String,
    /// The name that the module has in this script.
    pub name: String,
}

/// A function that the text defines, by its tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// The name.
    pub name: usize,
    /// The body with its braces.
    pub body: Range<usize>,
}

impl Source {
    /// The functions that the text defines.
    pub fn functions(&self) -> Vec<Signature> {
        let starts =
            (0..self.lexemes().len()).filter(|&index| matches!(self.token(index), Some(Token::Fn)));
        starts
            .filter_map(|index| self.function_at(index + 1))
            .collect()
    }

    /// `name(parameters)` from the token with that number on.
    fn function_at(&self, name: usize) -> Option<Signature> {
        let parameter = |item: std::ops::Range<usize>| Parameter {
            name: self.word(item.start).to_owned(),
            kind: "any".to_owned(),
        };
        let parameters = match self.token(name + 1)? {
            Token::Unit => Vec::new(),
            Token::LeftParen => self.items(name + 1)?.into_iter().map(parameter).collect(),
            _ => return None,
        };
        Some(Signature {
            name: self.word(name).to_owned(),
            parameters,
            returns: String::new(),
        })
    }

    /// The variables, constants and parameters that the text defines anywhere.
    pub fn variables(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .functions()
            .into_iter()
            .flat_map(|function| function.parameters)
            .map(|parameter| parameter.name)
            .collect();
        let defined = (0..self.lexemes().len()).flat_map(|index| self.defined_by(index));
        names.extend(defined.map(|name| self.word(name).to_owned()));
        names.sort();
        names.dedup();
        names
    }

    /// The names that a `let`, `const`, `for`, `catch` or the first bar of a closure with that number defines.
    pub fn defined_by(&self, index: usize) -> Vec<usize> {
        let opened = matches!(self.token(index + 1), Some(Token::LeftParen));
        let names = match self.token(index) {
            Some(Token::Let | Token::Const) => vec![index + 1],
            Some(Token::For) if opened => vec![index + 2, index + 4],
            Some(Token::For) => vec![index + 1],
            Some(Token::Catch) if opened => vec![index + 2],
            Some(Token::Pipe) if self.starts_closure(index) => {
                let rest = index + 1..self.lexemes().len();
                rest.take_while(|&at| !matches!(self.token(at), Some(Token::Pipe)))
                    .collect()
            }
            _ => Vec::new(),
        };
        let is_name = |at: &usize| matches!(self.token(*at), Some(Token::Identifier(..)));
        names.into_iter().filter(is_name).collect()
    }

    /// Whether a bar is the first of `|a, b| ...`, not the operator.
    pub fn starts_closure(&self, bar: usize) -> bool {
        let before = bar.checked_sub(1).and_then(|at| self.token(at));
        let ends_operand = |token: &Token| {
            matches!(
                token,
                Token::Identifier(..)
                    | Token::IntegerConstant(..)
                    | Token::RightParen
                    | Token::RightBracket
                    | Token::Unit
                    | Token::True
                    | Token::False
                    | Token::Pipe
            )
        };
        !before.is_some_and(ends_operand)
    }

    /// The variables that the token with that number sees: what is defined before it in the blocks around it, up to
    /// the function that it is in, which sees nothing of the script's.
    pub fn visible_at(&self, at: usize) -> Vec<String> {
        let function = self.function_around(at);
        let mut names: Vec<(i32, usize)> = Vec::new();
        // What a `let` defines is there from its semicolon on.
        let mut coming: Vec<(i32, usize)> = Vec::new();
        let mut depth = 0;
        for index in function.as_ref().map_or(0, |one| one.body.start)..at {
            match self.token(index) {
                Some(Token::LeftBrace | Token::MapStart) => depth += 1,
                Some(Token::RightBrace) => {
                    depth -= 1;
                    names.retain(|name| name.0 <= depth);
                    coming.retain(|name| name.0 <= depth);
                }
                Some(Token::SemiColon) => {
                    let (done, rest) = coming.into_iter().partition(|name| name.0 >= depth);
                    names.extend::<Vec<_>>(done);
                    coming = rest;
                }
                Some(Token::Let | Token::Const) => {
                    coming.extend(self.defined_by(index).into_iter().map(|name| (depth, name)));
                }
                // These live in the block that follows.
                Some(Token::For | Token::Catch) => {
                    let defined = self.defined_by(index).into_iter();
                    names.extend(defined.map(|name| (depth + 1, name)));
                }
                _ => names.extend(self.defined_by(index).into_iter().map(|name| (depth, name))),
            }
        }
        let parameters = function.and_then(|function| self.function_at(function.name));
        let parameters = parameters.into_iter().flat_map(|one| one.parameters);
        let words = names
            .into_iter()
            .map(|(_, name)| self.word(name).to_owned());
        let mut words: Vec<String> = words.chain(parameters.map(|one| one.name)).collect();
        words.sort();
        words.dedup();
        words
    }

    /// The function in whose body the token with that number stands.
    pub fn function_around(&self, at: usize) -> Option<Function> {
        self.bodies().into_iter().find(|one| one.body.contains(&at))
    }

    /// Where the script defines a variable or a constant outside of all functions.
    pub fn script_variable(&self, name: &str) -> Option<usize> {
        let bodies = self.bodies();
        let defines = |index: &usize| matches!(self.token(*index), Some(Token::Let | Token::Const));
        (0..self.lexemes().len())
            .filter(defines)
            .filter(|index| !bodies.iter().any(|one| one.body.contains(index)))
            .flat_map(|index| self.defined_by(index))
            .find(|&defined| self.word(defined) == name)
    }

    fn bodies(&self) -> Vec<Function> {
        let starts =
            (0..self.lexemes().len()).filter(|&index| matches!(self.token(index), Some(Token::Fn)));
        let body = |start: usize| {
            let open = match self.token(start + 2)? {
                Token::Unit => start + 3,
                _ => self.partner(start + 2)? + 1,
            };
            matches!(self.token(open), Some(Token::LeftBrace)).then(|| Function {
                name: start + 1,
                body: open..self.partner(open).unwrap_or(self.lexemes().len()),
            })
        };
        starts.filter_map(body).collect()
    }

    /// The bracket that closes the one with that number.
    pub fn partner(&self, open: usize) -> Option<usize> {
        let mut depth = 0;
        let mut rest = self.lexemes().iter().enumerate().skip(open);
        let closing = rest.find(|(_, lexeme)| {
            depth += nesting(&lexeme.token);
            depth <= 0
        });
        closing.map(|(index, _)| index)
    }

    /// What a variable was last given before the token with that number: the first token of the value.
    pub fn value_before(&self, name: &str, at: usize) -> Option<usize> {
        let gives = |index: &usize| {
            let follows = matches!(self.token(*index + 1), Some(Token::Equals | Token::In));
            follows && self.word(*index) == name
        };
        (0..at).rev().find(gives).map(|index| index + 2)
    }

    /// The function that a value that starts with that token comes from: `ping` for `h.ping(...)`.
    pub fn called_by_value(&self, value: usize) -> Option<&str> {
        let mut name = value;
        while matches!(self.token(name + 1), Some(Token::Period)) {
            name += 2;
        }
        self.call_at(name).map(|_| self.word(name))
    }

    /// The keys of a `#{...}` that starts with that token, or of all in the text.
    pub fn keys(&self, map: Option<usize>) -> Vec<String> {
        let all = || (0..self.lexemes().len()).collect();
        let starts: Vec<usize> = map.map_or_else(all, |map| vec![map]);
        let is_map = |index: &usize| matches!(self.token(*index), Some(Token::MapStart));
        let entries = starts.into_iter().filter(is_map);
        let entries = entries
            .filter_map(|map| self.items(map))
            .flatten()
            .filter_map(|entry| self.key_of(&entry).map(str::to_owned));
        entries.collect()
    }

    /// The modules that the text imports under a name.
    pub fn imports(&self) -> Vec<Import> {
        let imports = self.lexemes().windows(4).enumerate();
        imports
            .filter_map(|(index, window)| match window {
                [a, b, c, d] => match (&a.token, &b.token, &c.token, &d.token) {
                    (
                        Token::Import,
                        Token::StringConstant(path),
                        Token::As,
                        Token::Identifier(..),
                    ) => Some(Import {
                        path: path.to_string(),
                        name: self.word(index + 3).to_owned(),
                    }),
                    _ => None,
                },
                _ => None,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is visible where `HERE` stands.
    fn visible(text: &str) -> Vec<String> {
        let source = Source::new("x", text);
        let here = (0..source.lexemes().len()).find(|&at| source.word(at) == "HERE");
        source.visible_at(here.expect("HERE"))
    }

    #[test]
    fn visible_is_what_is_defined_before_in_the_blocks_around() {
        assert_eq!(visible("let a = 1; { let b = 2; } HERE; let c = 3;"), ["a"]);
        assert_eq!(visible("let a = 1; let b = HERE;"), ["a"]);
        assert_eq!(
            visible("let a = 1; fn f(x) { let y = 1; HERE }"),
            ["x", "y"]
        );
        assert_eq!(visible("fn f(x) { let y = 1; } let a = 1; HERE"), ["a"]);
        assert_eq!(visible("for (a, i) in [1] { HERE }"), ["a", "i"]);
        assert_eq!(visible("for a in [1] { } HERE"), [""; 0]);
        assert_eq!(visible("try { } catch (e) { HERE }"), ["e"]);
        assert_eq!(
            visible("let n = 1; f(|a, b| a | n == HERE)"),
            ["a", "b", "n"]
        );
    }

    #[test]
    fn variables_of_the_script_are_those_outside_of_functions() {
        let source = Source::new("x", "fn f() { let a = 1; } let b = 2; const C = 3;");
        assert_eq!(source.script_variable("a"), None);
        assert!(source.script_variable("b").is_some());
        assert!(source.script_variable("C").is_some());
    }

    #[test]
    fn values_know_where_they_come_from() {
        let source = Source::new("x", "let r = h.ping(1); for l in link_list() { } r; l");
        let end = source.lexemes().len();
        let value = |name| {
            source
                .value_before(name, end)
                .and_then(|at| source.called_by_value(at))
        };
        assert_eq!(value("r"), Some("ping"));
        assert_eq!(value("l"), Some("link_list"));
        let source = Source::new("x", "let m = #{a: #{b: 1}, \"c\": 2};");
        assert_eq!(source.keys(source.value_before("m", 9)), ["a", "c"]);
        assert_eq!(source.keys(None), ["a", "c", "b"]);
    }

    #[test]
    fn definitions_are_found() {
        let source = Source::new(
            "x",
            "import \"a/b\" as b; fn f(x, yy) { let z = 1; } fn g() {} const K = 2; for i in 3 {}",
        );
        let functions: Vec<_> = source
            .functions()
            .into_iter()
            .map(|f| (f.name, f.parameters.len()))
            .collect();
        assert_eq!(functions, [("f".to_owned(), 2), ("g".to_owned(), 0)]);
        assert_eq!(source.variables(), ["K", "i", "x", "yy", "z"]);
        let import = Import {
            path: "a/b".to_owned(),
            name: "b".to_owned(),
        };
        assert_eq!(source.imports(), [import]);
    }
}
