//! What a script defines, as far as its words show: functions, variables, imports. For a did-you-mean and for the
//! signatures of a script's own functions; nothing here is exact about scopes, and need not be.

use rhai::Token;

use super::source::Source;
use crate::catalog::signature::{Parameter, Signature};

/// An `import "path" as name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The path, as written.
    pub path: String,
    /// The name that the module has in this script.
    pub name: String,
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
        for (index, lexeme) in self.lexemes().iter().enumerate() {
            let follows = matches!(lexeme.token, Token::Let | Token::Const | Token::For);
            if follows && matches!(self.token(index + 1), Some(Token::Identifier(..))) {
                names.push(self.word(index + 1).to_owned());
            }
        }
        names.sort();
        names.dedup();
        names
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
