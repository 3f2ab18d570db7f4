//! From positions to spans: how wide a token is, where an argument of a call starts and ends, where an option stands
//! in a `#{...}`.
//!
//! Rhai's errors carry a line and a column, no length. The tokens are read here with Rhai's own lexer, one by one,
//! so that a position finds exactly the token that Rhai meant; the bytes are counted beside it, because Rhai's
//! columns drift after some escapes (`\${` in a text with back ticks).

use std::ops::Range;
use std::str::Chars;

use rhai::{InputStream, LexError, Position, Token, TokenizeState, get_next_token};

use super::source::Source;

/// A token, where Rhai says that it is, and the bytes that it is made of.
#[derive(Debug, Clone)]
pub struct Lexeme {
    /// Rhai's token.
    pub token: Token,
    /// Rhai's position of its first character.
    pub position: Position,
    /// Its bytes.
    pub range: Range<usize>,
}

/// A call in the text: `name(arguments)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The lexeme of the function's name.
    pub name: usize,
    /// Whether it is written as a method: `h1.addr_add(...)`.
    pub method: bool,
    /// The arguments between the parentheses, each as the lexemes that it is made of.
    pub arguments: Vec<Range<usize>>,
}

/// Feeds Rhai's lexer and knows how many bytes it has taken.
struct Characters<'a> {
    rest: Chars<'a>,
    returned: Vec<char>,
}

impl Characters<'_> {
    /// How many bytes are still to come.
    fn left(&self) -> usize {
        let returned: usize = self.returned.iter().map(|c| c.len_utf8()).sum();
        self.rest.as_str().len() + returned
    }
}

impl InputStream for Characters<'_> {
    fn unget(&mut self, ch: char) {
        self.returned.push(ch);
    }

    fn get_next(&mut self) -> Option<char> {
        self.returned.pop().or_else(|| self.rest.next())
    }

    fn peek_next(&mut self) -> Option<char> {
        let returned = self.returned.last().copied();
        returned.or_else(|| self.rest.clone().next())
    }
}

/// All tokens of a text but the comments. A `#!` line at the start is skipped, as the loader blanks it.
pub fn lex(text: &str) -> Vec<Lexeme> {
    let (mut end, mut position) = after_interpreter_line(text);
    let mut stream = Characters {
        rest: text.get(end..).unwrap_or("").chars(),
        returned: Vec::new(),
    };
    let mut state = TokenizeState::default();
    let mut interpolations = Interpolations::default();
    let mut lexemes = Vec::new();
    loop {
        let in_text = state.is_within_text_terminated_by.is_some();
        let start = if in_text { end } else { skip_blank(text, end) };
        let (token, at) = get_next_token(&mut stream, &mut state, &mut position);
        let before = std::mem::replace(&mut end, text.len() - stream.left());
        if matches!(token, Token::EOF) || end <= before {
            return lexemes;
        }
        if matches!(token, Token::Comment(..)) {
            continue;
        }
        let unclosed = end == text.len() && state.is_within_text_terminated_by.is_some();
        if interpolations.end_with(&token) {
            state.is_within_text_terminated_by = Some("`".into());
        }
        lexemes.push(Lexeme {
            token: if unclosed {
                Token::LexError(Box::new(LexError::UnterminatedString))
            } else {
                token
            },
            position: at,
            range: start.min(end)..end,
        });
        if unclosed {
            return lexemes;
        }
    }
}

/// Which `}` ends a `${...}` and so leads back into the text around it. Rhai's parser tells its lexer; here the
/// braces are counted.
#[derive(Default)]
struct Interpolations {
    depths: Vec<usize>,
}

impl Interpolations {
    fn end_with(&mut self, token: &Token) -> bool {
        match (token, self.depths.last_mut()) {
            (Token::InterpolatedString(..), _) => self.depths.push(0),
            (Token::LeftBrace | Token::MapStart, Some(depth)) => *depth += 1,
            (Token::RightBrace, Some(depth)) if *depth > 1 => *depth -= 1,
            (Token::RightBrace, Some(_)) => {
                self.depths.pop();
                return true;
            }
            _ => (),
        }
        false
    }
}

/// Where the script proper starts: Rhai's lexer takes `#!` for a symbol, so the line is left out.
fn after_interpreter_line(text: &str) -> (usize, Position) {
    if !text.starts_with("#!") {
        return (0, Position::START);
    }
    match text.find('\n') {
        Some(at) => (at + 1, Position::new(2, 0)),
        None => (text.len(), Position::START),
    }
}

/// The first byte from `start` on that is neither blank nor in a comment, by the rules of Rhai's lexer.
fn skip_blank(text: &str, start: usize) -> usize {
    let mut rest = text.get(start..).unwrap_or("");
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace());
        rest = if rest.starts_with("//") {
            rest.find(['\n', '\r']).map_or("", |end| &rest[end..])
        } else if let Some(inside) = rest.strip_prefix("/*") {
            skip_block_comment(inside).unwrap_or("")
        } else {
            return text.len() - rest.len();
        };
    }
}

/// What follows a comment whose `/*` has been read, if it ends. Such comments nest.
fn skip_block_comment(mut rest: &str) -> Option<&str> {
    let mut depth = 1;
    while depth > 0 {
        rest = &rest[rest.find(['*', '/'])?..];
        let width = match rest.get(..2) {
            Some("*/") => {
                depth -= 1;
                2
            }
            Some("/*") => {
                depth += 1;
                2
            }
            _ => 1,
        };
        rest = &rest[width..];
    }
    Some(rest)
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its bytes.
    pub range: Range<usize>,
    /// Whether it goes on with what comes next: a `//` without the end of its line, a `/*` without its `*/`.
    pub open: bool,
}

/// The comments in a gap between two tokens.
pub fn comments(text: &str, gap: Range<usize>) -> Vec<Comment> {
    let mut comments = Vec::new();
    let mut at = gap.start;
    while let Some(rest) = text.get(at..gap.end) {
        let blank = rest.len() - rest.trim_start().len();
        let (start, rest) = (at + blank, rest.get(blank..).unwrap_or(""));
        let (width, open) = if let Some(inside) = rest.strip_prefix("/*") {
            let after = skip_block_comment(inside);
            (rest.len() - after.unwrap_or("").len(), after.is_none())
        } else if rest.starts_with("//") {
            let end = rest.find(['\n', '\r']);
            (end.unwrap_or(rest.len()), end.is_none())
        } else {
            break;
        };
        at = start + width;
        comments.push(Comment {
            range: start..at,
            open,
        });
    }
    comments
}

/// How a token changes the depth of brackets: 1 for an opening one, -1 for a closing one.
pub fn nesting(token: &Token) -> i32 {
    match token {
        Token::LeftParen
        | Token::LeftBracket
        | Token::LeftBrace
        | Token::MapStart
        | Token::QuestionBracket => 1,
        Token::RightParen | Token::RightBracket | Token::RightBrace => -1,
        _ => 0,
    }
}

/// Rhai counts lines and columns in 16 bits and stops at the last number, where many places become one.
fn is_exact(position: Position) -> bool {
    let counted = |number: usize| number < usize::from(u16::MAX);
    position.line().is_some_and(counted) && position.position().is_none_or(counted)
}

impl Source {
    /// The token that a position stands for.
    pub fn lexeme_at(&self, position: Position) -> Option<usize> {
        if !is_exact(position) {
            return None;
        }
        self.lexemes()
            .iter()
            .position(|lexeme| lexeme.position == position)
    }

    /// The text of a token, empty when there is none.
    pub fn word(&self, index: usize) -> &str {
        let lexeme = self.lexemes().get(index);
        lexeme.map_or("", |lexeme| self.slice(lexeme.range.clone()))
    }

    /// The token with that number.
    pub fn token(&self, index: usize) -> Option<&Token> {
        self.lexemes().get(index).map(|lexeme| &lexeme.token)
    }

    /// The bytes of the token at a position; where no token starts there, of one character, or nothing at the end of
    /// a line.
    pub fn span_at(&self, position: Position) -> Option<Range<usize>> {
        if let Some(lexeme) = self
            .lexeme_at(position)
            .and_then(|at| self.lexemes().get(at))
        {
            return Some(lexeme.range.clone());
        }
        let start = self.offset(position).filter(|_| is_exact(position))?;
        let line = self.line(self.line_of(start))?;
        let width = self.slice(start..line.end).chars().next();
        Some(start..start + width.map_or(0, char::len_utf8))
    }

    /// The bytes from the first to the last token of a range.
    pub fn span_of(&self, tokens: &Range<usize>) -> Option<Range<usize>> {
        let tokens = self.lexemes().get(tokens.clone())?;
        Some(tokens.first()?.range.start..tokens.last()?.range.end)
    }

    /// The call whose name is the token with that number, if an argument list follows it.
    pub fn call_at(&self, name: usize) -> Option<Call> {
        let is_name = |token: &Token| matches!(token, Token::Identifier(..) | Token::Reserved(..));
        self.token(name).filter(|token| is_name(token))?;
        // `f!(...)` calls with the variables of the caller in sight.
        let capture = matches!(self.token(name + 1), Some(Token::Bang));
        let open = name + 1 + usize::from(capture);
        let before = name.checked_sub(1).and_then(|index| self.token(index));
        Some(Call {
            name,
            method: matches!(before, Some(Token::Period | Token::Elvis)),
            arguments: match self.token(open)? {
                Token::Unit => Vec::new(),
                Token::LeftParen => self.items(open)?,
                _ => return None,
            },
        })
    }

    /// What stands between the bracket with that number and its partner, split at the commas. Nothing when the
    /// bracket is never closed.
    pub fn items(&self, open: usize) -> Option<Vec<Range<usize>>> {
        let (items, closed) = self.split(open);
        closed.then_some(items)
    }

    /// What stands behind a bracket that is never closed, split at the commas. The last item goes to the end of the text,
    /// and may be empty.
    pub fn open_items(&self, open: usize) -> Vec<Range<usize>> {
        self.split(open).0
    }

    fn split(&self, open: usize) -> (Vec<Range<usize>>, bool) {
        let mut items = Vec::new();
        let (mut depth, mut start, mut in_parameters) = (0, open + 1, false);
        for (index, lexeme) in self.lexemes().iter().enumerate().skip(open + 1) {
            match lexeme.token {
                // The commas between the bars of `|a, b| a + b` belong to the closure.
                Token::Pipe if depth == 0 => in_parameters = index == start && !in_parameters,
                Token::Comma if depth == 0 && !in_parameters => {
                    items.push(start..index);
                    start = index + 1;
                }
                _ => depth += nesting(&lexeme.token),
            }
            if depth < 0 {
                // A comma after the last item starts no further one.
                if start < index {
                    items.push(start..index);
                }
                return (items, true);
            }
        }
        items.push(start..self.lexemes().len());
        (items, false)
    }

    /// The bytes of one argument of a call.
    pub fn argument_span(&self, call: &Call, number: usize) -> Option<Range<usize>> {
        self.span_of(call.arguments.get(number)?)
    }

    /// The bytes of an option, key and value, where an argument of the call is a `#{...}` that has it.
    pub fn option_span(&self, call: &Call, key: &str) -> Option<Range<usize>> {
        self.span_of(&self.option(call, key)?)
    }

    /// The bytes of its value.
    pub fn option_value_span(&self, call: &Call, key: &str) -> Option<Range<usize>> {
        let entry = self.option(call, key)?;
        // Behind the key and the colon.
        self.span_of(&(entry.start + 2..entry.end))
    }

    fn option(&self, call: &Call, key: &str) -> Option<Range<usize>> {
        let literal =
            |argument: &&Range<usize>| matches!(self.token(argument.start), Some(Token::MapStart));
        call.arguments
            .iter()
            .filter(literal)
            .filter_map(|argument| self.items(argument.start))
            .flatten()
            .find(|entry| self.key_of(entry) == Some(key))
    }

    /// The key of an entry `key: value` of a map, without the quotes that it may be written in.
    pub fn key_of(&self, entry: &Range<usize>) -> Option<&str> {
        let colon = self.token(entry.start + 1);
        if !matches!(colon, Some(Token::Colon)) {
            return None;
        }
        match self.token(entry.start)? {
            Token::StringConstant(text) => Some(text.as_str()),
            _ => Some(self.word(entry.start)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn source(text: &str) -> Source {
        Source::new("x", text)
    }

    fn words(text: &str) -> Vec<String> {
        let source = source(text);
        let count = source.lexemes().len();
        (0..count)
            .map(|index| source.word(index).to_owned())
            .collect()
    }

    /// The arguments of the first call of `f`.
    fn arguments(text: &str) -> Option<Vec<String>> {
        let source = source(text);
        let name = (0..source.lexemes().len()).find(|&index| source.word(index) == "f")?;
        let call = source.call_at(name)?;
        let spans = (0..call.arguments.len()).map(|n| source.argument_span(&call, n));
        spans
            .map(|span| Some(source.slice(span?).to_owned()))
            .collect()
    }

    #[test]
    fn tokens_know_their_bytes() {
        assert_eq!(
            words("let é = -1.5e3 /* a /* b */ */ .. 'x'; // end\n/// doc\nfn f() {}"),
            [
                "let", "é", "=", "-1.5e3", "..", "'x'", ";", "fn", "f", "()", "{", "}"
            ]
        );
        assert_eq!(words("#!/usr/bin/env netsh\nx"), ["x"]);
        assert_eq!(
            words(r##"#"raw " text"# "a\"b" `t`"##),
            [r##"#"raw " text"#"##, r#""a\"b""#, "`t`"]
        );
    }

    #[test]
    fn interpolation_leads_back_into_the_text() {
        assert_eq!(
            words("`a ${ #{b: `c ${d}`}.b } e` + f"),
            [
                "`a $", "{", "#{", "b", ":", "`c $", "{", "d", "}", "`", "}", ".", "b", "}", " e`",
                "+", "f"
            ]
        );
        assert_eq!(
            words("`open ${x} rest"),
            ["`open $", "{", "x", "}", " rest"]
        );
    }

    #[test]
    fn columns_that_drift_still_find_their_bytes() {
        let source = source(r"let a = `\${x}`; boom");
        let boom = source.lexemes().last().expect("tokens");
        assert_eq!(source.slice(boom.range.clone()), "boom");
        assert_eq!(
            source.span_at(boom.position).map(|s| source.slice(s)),
            Some("boom")
        );
    }

    #[test]
    fn comments_are_found_between_tokens() {
        let found = |text: &str| -> Vec<(String, bool)> {
            let one = |comment: Comment| (text[comment.range].to_owned(), comment.open);
            let found = comments(text, 0..text.len()).into_iter();
            found.map(one).collect()
        };
        let of = |text: &str, open| (text.to_owned(), open);
        assert_eq!(
            found(" // a\n/* b /* c */ */ "),
            [of("// a", false), of("/* b /* c */ */", false)]
        );
        assert_eq!(found("/* /* */"), [of("/* /* */", true)]);
        assert_eq!(found("/**/ // x"), [of("/**/", false), of("// x", true)]);
        assert_eq!(found("x // y"), []);
    }

    #[test]
    fn arguments_are_split_at_their_own_commas_only() {
        let expected = |list: &[&str]| Some(list.iter().map(|s| (*s).to_owned()).collect());
        assert_eq!(
            arguments(r#"f("a,b", [1, 2], #{c: 3, d: g(4, 5)}, `x ${h(6, 7)}, y`)"#),
            expected(&[
                r#""a,b""#,
                "[1, 2]",
                "#{c: 3, d: g(4, 5)}",
                "`x ${h(6, 7)}, y`"
            ])
        );
        assert_eq!(
            arguments("f(|a, b| a | b, || 1, x | y, /* , */ z,)"),
            expected(&["|a, b| a | b", "|| 1", "x | y", "z"])
        );
        assert_eq!(arguments("f()"), expected(&[]));
        assert_eq!(arguments("f ( )"), expected(&[]));
        assert_eq!(arguments("f!(a)"), expected(&["a"]));
        assert_eq!(arguments("f(a, (b"), None);
        assert_eq!(arguments("f"), None);
    }

    #[test]
    fn options_are_found_in_the_literal() {
        let text = r#"f("mtu: 1", #{ "peer": g(1, 2), mtu: 14 + 2, up: #{ttl: 1} })"#;
        let source = source(text);
        let call = source.call_at(0).expect("a call");
        let option = |key| {
            source
                .option_span(&call, key)
                .map(|span| source.slice(span))
        };
        assert_eq!(option("mtu"), Some("mtu: 14 + 2"));
        assert_eq!(option("peer"), Some(r#""peer": g(1, 2)"#));
        assert_eq!(option("ttl"), None);
        assert_eq!(option(""), None);
        let value = source.option_value_span(&call, "mtu");
        assert_eq!(value.map(|span| source.slice(span)), Some("14 + 2"));
    }

    #[test]
    fn methods_are_told_from_functions() {
        let source = source("h.f(1); ?.g; h?.f(2); f(3)");
        let methods = (0..source.lexemes().len()).filter(|&index| source.word(index) == "f");
        let methods: Vec<_> = methods.filter_map(|index| source.call_at(index)).collect();
        assert_eq!(
            methods.iter().map(|call| call.method).collect::<Vec<_>>(),
            [true, true, false]
        );
    }

    proptest! {
        /// Whatever the text and the position, spans are found or not, but lie within the text, on characters.
        #[test]
        fn no_text_and_no_position_panics(
            pieces in prop::collection::vec(piece(), 0..24),
            line in any::<u16>(), small in 1u16..6, column in any::<u16>(), near in 0u16..40, key in "[a-z]{0,3}",
        ) {
            let source = source(&pieces.concat());
            for position in [Position::new(line.max(1), column), Position::new(small, near), Position::NONE] {
                if let Some(span) = source.span_at(position) {
                    prop_assert!(source.text().get(span).is_some());
                }
            }
            let mut end = 0;
            for (index, lexeme) in source.lexemes().iter().enumerate() {
                prop_assert!(source.text().get(lexeme.range.clone()).is_some());
                prop_assert!(lexeme.range.start >= end);
                end = lexeme.range.end;
                let Some(call) = source.call_at(index) else { continue };
                for number in 0..=call.arguments.len() {
                    let _ = source.argument_span(&call, number);
                }
                let _ = source.option_span(&call, &key);
                let _ = source.option_value_span(&call, &key);
            }
        }
    }

    /// A piece of a script, or of something that is none.
    fn piece() -> impl Strategy<Value = String> {
        prop_oneof![
            prop::sample::select(vec![
                "f", "(", ")", "#{", "}", "{", "[", "]", ",", ":", "\"", "'", "`", "${", "\\",
                "#\"", "\"#", "/*", "*/", "//", "\n", "\r\n", "|", "||", "1.", "0x", "!in", "!i",
                "::<", "\u{301}", "日", "\t", "#!", "a: 1", "..=", "\\u{", "\\x4", "x", " ",
            ])
            .prop_map(str::to_owned),
            any::<String>(),
        ]
    }
}
