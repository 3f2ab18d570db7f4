//! What is wanted at the cursor, as far as the text before it tells.

use rhai::Token;

use super::super::reading::Reading;

/// What is wanted at the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Nothing that there is a list of: a new name, a number.
    Nothing,
    /// A name with which an expression or a statement begins.
    Name,
    /// A word between two expressions: `in`.
    Between,
    /// A method or field of the value that ends with this token.
    Member(usize),
    /// A function of the module with this name.
    InModule(String),
    /// The path of a module.
    Module,
    /// An argument of the call with this name, and its number.
    Argument {
        /// The token of the function's name.
        name: usize,
        /// How many arguments stand before it.
        number: usize,
    },
    /// An entry of an array in the arguments of the call with this name.
    Entry(usize),
    /// The key of an option, in the map behind this bracket, of the call with this name.
    Key {
        /// The token of the function's name.
        name: usize,
        /// The bracket that opens the map.
        map: usize,
    },
    /// The value of the option whose key is this token, of the call with this name.
    OptionValue {
        /// The token of the function's name.
        name: usize,
        /// The token of the key.
        key: usize,
    },
    /// An index into the value that ends with this token.
    Index(usize),
}

impl Place {
    /// The place of the token with that number, which is the last that there is, or the one to come.
    pub fn of(reading: &Reading, token: usize) -> Place {
        if is_glued(reading, token) {
            return Place::Nothing;
        }
        let before = token.checked_sub(1);
        match before.and_then(|before| reading.source.token(before)) {
            Some(Token::Period | Token::Elvis) => {
                let value = before.and_then(|dot| dot.checked_sub(1));
                return value.map_or(Place::Nothing, Place::Member);
            }
            Some(Token::DoubleColon) => {
                let module = before.and_then(|colon| colon.checked_sub(1));
                let module = module.map_or("", |module| reading.source.word(module));
                return Place::InModule(module.into());
            }
            Some(Token::Import) => return Place::Module,
            Some(Token::Let | Token::Const | Token::Fn | Token::As | Token::For) => {
                return Place::Nothing;
            }
            Some(last) if ends_value(last) => return Place::Between,
            _ => {}
        }
        match reading.open.last() {
            Some(&open) => within(reading, open, token),
            None => Place::Name,
        }
    }
}

/// Whether the cursor stands right behind something that no name can follow: a number, a bracket.
fn is_glued(reading: &Reading, token: usize) -> bool {
    let Some(before) = token
        .checked_sub(1)
        .and_then(|before| reading.source.lexemes().get(before))
    else {
        return false;
    };
    let comes = token == reading.source.lexemes().len();
    let ends_here = comes && before.range.end == reading.source.text().len();
    ends_here && (ends_value(&before.token) || matches!(before.token, Token::RightBrace))
}

/// Whether a value can end with this token, so that no other can follow at once.
fn ends_value(token: &Token) -> bool {
    matches!(
        token,
        Token::Identifier(..)
            | Token::Underscore
            | Token::IntegerConstant(..)
            | Token::FloatConstant(..)
            | Token::StringConstant(..)
            | Token::CharConstant(..)
            | Token::RightParen
            | Token::RightBracket
            | Token::Unit
            | Token::True
            | Token::False
    )
}

/// The place behind an open bracket.
fn within(reading: &Reading, open: usize, token: usize) -> Place {
    let items = reading.source.open_items(open);
    let number = items.len().saturating_sub(1);
    let start = items.last().map_or(token, |item| item.start);
    let begins = start == token;
    match reading.source.token(open) {
        Some(Token::MapStart) => match reading.options_of(open) {
            Some(name) if begins => Place::Key { name, map: open },
            Some(name) if token == start + 2 => Place::OptionValue { name, key: start },
            // The keys of other maps are the user's own.
            _ if begins => Place::Nothing,
            _ => Place::Name,
        },
        Some(Token::LeftParen) => match reading.called_by(open) {
            Some(name) if begins => Place::Argument { name, number },
            Some(_) => Place::Name,
            None if is_defined_by(reading, open) => Place::Nothing,
            None => Place::Name,
        },
        Some(Token::LeftBracket | Token::QuestionBracket) if begins => bracket(reading, open),
        _ => Place::Name,
    }
}

/// Whether the bracket is that of `fn f(`, `for (` or `catch (`.
fn is_defined_by(reading: &Reading, open: usize) -> bool {
    let before = |count: usize| {
        let at = open.checked_sub(count);
        at.and_then(|at| reading.source.token(at))
    };
    matches!(before(1), Some(Token::For | Token::Catch)) || matches!(before(2), Some(Token::Fn))
}

/// The place right behind a `[` or a comma after it.
fn bracket(reading: &Reading, open: usize) -> Place {
    let before = open.checked_sub(1);
    let value = before.filter(|&before| reading.source.token(before).is_some_and(ends_value));
    if let Some(value) = value {
        return Place::Index(value);
    }
    let at = reading.open.iter().position(|&bracket| bracket == open);
    let around = at
        .and_then(|at| at.checked_sub(1))
        .and_then(|at| reading.open.get(at));
    match around.and_then(|&around| reading.called_by(around)) {
        Some(name) => Place::Entry(name),
        None => Place::Name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_before_the_cursor_tells_the_place() {
        let argument = |name, number| Place::Argument { name, number };
        for (text, expected) in [
            ("", Place::Name),
            ("let x = ", Place::Name),
            ("let x", Place::Nothing),
            ("let ", Place::Nothing),
            ("fn f(a", Place::Nothing),
            ("for (a, b", Place::Nothing),
            ("12", Place::Nothing),
            ("f()", Place::Nothing),
            ("f() ", Place::Between),
            ("{ } ", Place::Name),
            ("if x { ", Place::Name),
            ("h.", Place::Member(0)),
            ("h?.li", Place::Member(0)),
            ("a.b().c", Place::Member(3)),
            ("m::f", Place::InModule("m".into())),
            ("import ", Place::Module),
            ("f(", argument(0, 0)),
            ("f(a", argument(0, 0)),
            ("f(1, ", argument(0, 1)),
            ("f(1 + ", Place::Name),
            ("f(|| ", Place::Name),
            ("f(|| { g(", argument(4, 0)),
            ("f([", Place::Entry(0)),
            ("f([1, ", Place::Entry(0)),
            ("x[", Place::Index(0)),
            ("[", Place::Name),
            ("f(#{", Place::Key { name: 0, map: 2 }),
            ("f(#{ a: 1, b", Place::Key { name: 0, map: 2 }),
            ("f(#{ a: ", Place::OptionValue { name: 0, key: 3 }),
            ("f(#{ a: t", Place::OptionValue { name: 0, key: 3 }),
            ("f(#{ a: 1 + ", Place::Name),
            ("#{", Place::Nothing),
            ("#{ a: ", Place::Name),
            ("`${", Place::Name),
        ] {
            let reading = Reading::of(text);
            let place = Place::of(&reading, reading.word_token());
            assert_eq!(place, expected, "{text:?}");
        }
    }
}
