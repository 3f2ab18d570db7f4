//! What the end of a text stands in: the brackets that are open there, and whether it is code, a string or a comment.
//!
//! The text up to the cursor is read here, which is rarely a whole script: strings and brackets are open.

use rhai::{LexError, Token};

use super::super::source::Source;
use super::super::span::{Lexeme, comments, nesting};

/// What the end of a text stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// Between or right behind tokens.
    Code,
    /// In a string that is not closed.
    Text(Text),
    /// In a comment, which is closed by the end of the line or by `*/`.
    Comment {
        /// Whether it is closed by `*/`.
        block: bool,
    },
    /// Behind something that no Rhai script can have.
    Broken,
}

/// A string that is not closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Its token.
    pub token: usize,
    /// What closes it: `"`, a back tick, or `"#` and the like.
    pub closing: String,
    /// Where what it says begins: the byte behind the opening quote, or behind the last interpolation.
    pub start: usize,
    /// Whether it is all of a string: none of it was said before an interpolation.
    pub whole: bool,
}

/// A text, read up to its end.
#[derive(Debug)]
pub struct Reading {
    /// The text and its tokens.
    pub source: Source,
    /// The tokens that are brackets which are not closed, the innermost last.
    pub open: Vec<usize>,
    /// Whether it can still become a script: no bracket is closed by one of another kind, and nothing is no token.
    pub sound: bool,
    /// What the end stands in.
    pub ending: Ending,
}

impl Reading {
    /// Reads a text.
    pub fn of(text: &str) -> Self {
        let source = Source::new("", same_width(text));
        let (open, balanced) = open_brackets(&source);
        let ending = ending(&source);
        let sound = balanced && !is_broken(&source, &ending);
        Reading {
            source,
            open,
            sound,
            ending,
        }
    }

    /// The token that the end stands in if that is a word, else the one that would come next.
    pub fn word_token(&self) -> usize {
        let count = self.source.lexemes().len();
        let Some(last) = self.source.lexemes().last() else {
            return 0;
        };
        let is_typed = last.range.end == self.source.text().len();
        let in_word = is_typed && is_word(self.source.slice(last.range.clone()));
        count - usize::from(in_word)
    }

    /// The name of the function whose arguments stand behind that bracket.
    pub fn called_by(&self, open: usize) -> Option<usize> {
        if !matches!(self.source.token(open), Some(Token::LeftParen)) {
            return None;
        }
        let before = open.checked_sub(1)?;
        let name = match self.source.token(before)? {
            Token::Bang => before.checked_sub(1)?,
            _ => before,
        };
        let is_name = matches!(
            self.source.token(name)?,
            Token::Identifier(..) | Token::Reserved(..)
        );
        let defined = name.checked_sub(1).and_then(|fun| self.source.token(fun));
        let is_defined = matches!(defined, Some(Token::Fn));
        (is_name && is_word(self.source.word(name)) && !is_defined).then_some(name)
    }

    /// The call that the map of options behind that bracket belongs to: the name of the function.
    pub fn options_of(&self, open: usize) -> Option<usize> {
        let is_map = matches!(self.source.token(open), Some(Token::MapStart));
        let at = self.open.iter().position(|&bracket| bracket == open)?;
        let around = *self.open.get(at.checked_sub(1)?)?;
        let is_argument = self.source.open_items(around).last()?.start == open;
        self.called_by(around).filter(|_| is_map && is_argument)
    }

    /// Whether that token is the handle's or value's dot: what follows is a method or a field.
    pub fn is_dot(&self, token: usize) -> bool {
        matches!(self.source.token(token), Some(Token::Period | Token::Elvis))
    }
}

/// Whether a text is a name, or a keyword.
pub fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The text with characters that a `Source` replaces replaced by such as take as many bytes, so that places in the one are
/// places in the other.
pub fn same_width(text: &str) -> String {
    let same = |c| match c {
        '\u{80}'..='\u{9f}' => '\u{bf}',
        c => c,
    };
    text.chars().map(same).collect()
}

/// The brackets that are not closed, and whether the others are closed by their like.
fn open_brackets(source: &Source) -> (Vec<usize>, bool) {
    let mut open = Vec::new();
    let mut balanced = true;
    for (index, lexeme) in source.lexemes().iter().enumerate() {
        let closes = |opening: &Token| match lexeme.token {
            Token::RightParen => matches!(opening, Token::LeftParen),
            Token::RightBracket => {
                matches!(opening, Token::LeftBracket | Token::QuestionBracket)
            }
            _ => matches!(opening, Token::LeftBrace | Token::MapStart),
        };
        match nesting(&lexeme.token) {
            1 => open.push(index),
            -1 => {
                let opening = open.pop().and_then(|at| source.token(at));
                balanced &= opening.is_some_and(closes);
            }
            _ => {}
        }
    }
    (open, balanced)
}

fn ending(source: &Source) -> Ending {
    let last = source.lexemes().last();
    if last.is_some_and(is_refused) {
        return open_text(source).map_or(Ending::Broken, Ending::Text);
    }
    let end = last.map_or(0, |last| last.range.end);
    let text = source.text();
    match comments(text, end..text.len()).last() {
        Some(comment) if comment.open => Ending::Comment {
            block: source.slice(comment.range.clone()).starts_with("/*"),
        },
        _ => Ending::Code,
    }
}

fn is_refused(lexeme: &Lexeme) -> bool {
    matches!(lexeme.token, Token::LexError(..))
}

/// Whether the lexer refuses something other than the open string at the end.
fn is_broken(source: &Source, ending: &Ending) -> bool {
    let open = usize::from(matches!(ending, Ending::Text(_)));
    let count = source.lexemes().len().saturating_sub(open);
    source.lexemes().iter().take(count).any(is_refused)
}

/// The last token, if it is a string that is not closed.
fn open_text(source: &Source) -> Option<Text> {
    let token = source.lexemes().len().checked_sub(1)?;
    let last = source.lexemes().get(token)?;
    match &last.token {
        Token::LexError(error) if matches!(**error, LexError::UnterminatedString) => {}
        _ => return None,
    }
    let said = source.slice(last.range.clone());
    let hashes = said.len() - said.trim_start_matches('#').len();
    let (opening, closing) = match said.get(hashes..)?.chars().next() {
        _ if follows_interpolation(source, token) => (0, "`".to_owned()),
        Some('"') => (hashes + 1, format!("\"{}", "#".repeat(hashes))),
        Some('`') if hashes == 0 => (1, "`".to_owned()),
        _ => return None,
    };
    // A string in double quotes ends with its line, closed or not; only behind a `\` it goes on.
    let ended = closing == "\"" && said.ends_with('\n') && !said.ends_with("\\\n");
    (!ended).then(|| Text {
        token,
        closing,
        start: last.range.start + opening,
        whole: opening > 0,
    })
}

/// Whether that token is the rest of a text with back ticks, behind a `${...}`.
fn follows_interpolation(source: &Source, token: usize) -> bool {
    let Some(brace) = token.checked_sub(1) else {
        return false;
    };
    if !matches!(source.token(brace), Some(Token::RightBrace)) {
        return false;
    }
    let mut depth = 0;
    let opening = (0..=brace).rev().find(|&index| {
        depth += source.token(index).map_or(0, nesting);
        depth == 0
    });
    let before = opening.and_then(|opening| opening.checked_sub(1));
    let before = before.and_then(|before| source.token(before));
    matches!(before, Some(Token::InterpolatedString(..)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ends(text: &str) -> String {
        match Reading::of(text).ending {
            Ending::Code => "code".into(),
            Ending::Broken => "broken".into(),
            Ending::Comment { block } => format!("comment {block}"),
            Ending::Text(said) => {
                format!("{}|{}|{}", said.closing, &text[said.start..], said.whole)
            }
        }
    }

    #[test]
    fn the_end_is_code_a_string_or_a_comment() {
        for (text, expected) in [
            ("", "code"),
            ("f(\"a\", ", "code"),
            ("f(\"ab", "\"|ab|true"),
            ("\"", "\"||true"),
            ("f(`ab", "`|ab|true"),
            ("`a ${b} c", "`| c|false"),
            ("`a ${b", "code"),
            ("#\"a", "\"#|a|true"),
            ("x // y", "comment false"),
            ("x // y\n", "code"),
            ("x /* y", "comment true"),
            ("x /* y */", "code"),
            ("\"a\n", "broken"),
            ("\"a\n b", "code"),
            ("\"a\\\n", "\"|a\\\n|true"),
            ("'a", "broken"),
            ("`${b}'", "`|'|false"),
            ("`${b}\"c", "`|\"c|false"),
            ("{}\"c", "\"|c|true"),
            ("\"\u{85}\"+\"é", "\"|é|true"),
        ] {
            assert_eq!(ends(text), expected, "{text:?}");
        }
    }

    #[test]
    fn brackets_and_calls_around_the_end_are_known() {
        let reading = Reading::of("f(1); g([2, #{a: h(3, ");
        let words: Vec<&str> = reading
            .open
            .iter()
            .map(|&open| reading.source.word(open))
            .collect();
        assert_eq!(words, ["(", "[", "#{", "("]);
        let called = reading.open.iter().map(|&open| reading.called_by(open));
        let called: Vec<_> = called
            .map(|name| name.map(|name| reading.source.word(name)))
            .collect();
        assert_eq!(called, [Some("g"), None, None, Some("h")]);
        assert!(reading.sound);
        assert!(!Reading::of("(]").sound);
        assert!(!Reading::of(")").sound);
        let options = Reading::of("g(1, #{");
        let name = options
            .open
            .last()
            .and_then(|&open| options.options_of(open));
        assert_eq!(name, Some(0));
        let reading = Reading::of("fn f(");
        assert_eq!(reading.called_by(2), None);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>(), pieces in "[a-f(){}\\[\\]#\"`$/* \n,:|.\u{85}]{0,40}") {
            for text in [text, pieces] {
                let reading = Reading::of(&text);
                prop_assert_eq!(reading.source.text().len(), text.len());
                if let Ending::Text(said) = &reading.ending {
                    prop_assert!(text.get(said.start..).is_some());
                }
                for &open in &reading.open {
                    let _ = (reading.called_by(open), reading.options_of(open));
                }
            }
        }
    }
}
