//! Colours for what is typed. The text itself stays as it is: only sequences that choose colours come between.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use rhai::Token;

use super::super::source::Source;
use super::super::span::{self, Lexeme, comments};
use super::command::ORDERS;
use super::order::{self, Written, statement};
use super::reading::{is_word, same_width};
use crate::catalog::Catalog;

/// A longer text is left as it is: all of it is painted again at every key.
const LONGEST: usize = 16 << 10;

/// The names that can be called.
#[derive(Debug, Clone, Default)]
pub struct Known {
    verbs: HashSet<String>,
    functions: HashSet<String>,
    defined: HashSet<String>,
}

impl Known {
    /// The verbs, and Rhai's own functions.
    pub fn new(catalog: &Catalog, functions: impl IntoIterator<Item = String>) -> Self {
        let entries = catalog.entries().iter();
        Known {
            verbs: entries.map(|entry| entry.signature.name.clone()).collect(),
            functions: functions.into_iter().collect(),
            defined: HashSet::new(),
        }
    }

    /// The functions and variables that there are now. Those that were there before are forgotten.
    pub fn define(&mut self, names: impl IntoIterator<Item = String>) {
        self.defined = names.into_iter().collect();
    }

    fn is_callable(&self, name: &str) -> bool {
        let sets = [&self.verbs, &self.functions, &self.defined];
        sets.iter().any(|set| set.contains(name)) || SPECIAL.contains(&name)
    }
}

/// Functions that Rhai's parser knows, and no list of functions has.
const SPECIAL: [&str; 11] = [
    "Fn",
    "call",
    "curry",
    "debug",
    "eval",
    "import",
    "is_def_fn",
    "is_def_var",
    "is_shared",
    "print",
    "type_of",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Keyword,
    Text,
    Number,
    Comment,
    Verb,
    Key,
    Unknown,
    Order,
    Bracket,
}

impl Style {
    /// What selects it, by the numbers of ECMA-48.
    fn code(self) -> &'static str {
        match self {
            Style::Keyword => "35",
            Style::Text => "32",
            Style::Number => "33",
            Style::Comment => "90",
            Style::Verb => "36",
            Style::Key => "34",
            Style::Unknown => "31;4",
            Style::Order => "1",
            Style::Bracket => "1;4",
        }
    }
}

type Painted = (Range<usize>, Style);

/// The text in colours, with the bracket at the cursor and its partner marked. What is too long or brings sequences of its
/// own along is left as it is.
pub fn highlight<'a>(text: &'a str, cursor: usize, known: &Known) -> Cow<'a, str> {
    if text.len() > LONGEST || text.contains('\u{1b}') {
        return Cow::Borrowed(text);
    }
    let code = match order::read(text) {
        None => text,
        Some(_) => statement(text).unwrap_or(""),
    };
    let offset = text.len() - code.len();
    let mut painted = order_colours(text);
    for (range, style) in statement_colours(code, cursor.checked_sub(offset), known) {
        painted.push((range.start + offset..range.end + offset, style));
    }
    paint(text, &painted)
}

fn paint<'a>(text: &'a str, painted: &[Painted]) -> Cow<'a, str> {
    let mut coloured = String::with_capacity(text.len() + 10 * painted.len());
    let mut at = 0;
    for (range, style) in painted {
        // What lies out of order is left out: the text comes before its colours.
        let (Some(between), Some(word)) = (text.get(at..range.start), text.get(range.clone()))
        else {
            continue;
        };
        coloured.push_str(between);
        for part in ["\u{1b}[", style.code(), "m", word, "\u{1b}[0m"] {
            coloured.push_str(part);
        }
        at = range.end;
    }
    if at == 0 {
        return Cow::Borrowed(text);
    }
    coloured.push_str(text.get(at..).unwrap_or(""));
    Cow::Owned(coloured)
}

/// The colour of `:name` or `!`.
fn order_colours(text: &str) -> Vec<Painted> {
    let start = text.len() - text.trim_start().len();
    let width = match order::read(text) {
        Some(Written::Program(_)) => 1,
        Some(Written::Order { name, .. }) if ORDERS.iter().any(|order| order.name == name) => {
            1 + name.len()
        }
        _ => return Vec::new(),
    };
    vec![(start..start + width, Style::Order)]
}

fn statement_colours(text: &str, cursor: Option<usize>, known: &Known) -> Vec<Painted> {
    let source = Source::new("", same_width(text));
    let lexemes = source.lexemes();
    let names = Names::of(&source, known);
    let marked = cursor.map_or([None; 2], |cursor| pair_at(lexemes, cursor));
    let mut painted = Vec::new();
    let mut open: Vec<&Token> = Vec::new();
    let mut end = 0;
    for (index, lexeme) in lexemes.iter().enumerate() {
        painted.extend(remarks(text, end..lexeme.range.start));
        end = lexeme.range.end;
        let in_map = matches!(open.last(), Some(Token::MapStart));
        match span::nesting(&lexeme.token) {
            1 => open.push(&lexeme.token),
            -1 => drop(open.pop()),
            _ => {}
        }
        let style = if marked.contains(&Some(index)) {
            Some(Style::Bracket)
        } else {
            names.style(index, in_map)
        };
        painted.extend(style.map(|style| (lexeme.range.clone(), style)));
    }
    painted.extend(remarks(text, end..text.len()));
    painted
}

fn remarks(text: &str, gap: Range<usize>) -> impl Iterator<Item = Painted> {
    let comments = comments(text, gap).into_iter();
    comments.map(|comment| (comment.range, Style::Comment))
}

/// What names stand for.
struct Names<'a> {
    source: &'a Source,
    known: &'a Known,
    /// Those that the text itself defines.
    defined: HashSet<&'a str>,
}

impl<'a> Names<'a> {
    fn of(source: &'a Source, known: &'a Known) -> Self {
        let defined = (0..source.lexemes().len()).flat_map(|index| match source.token(index) {
            Some(Token::Fn) => vec![index + 1],
            _ => source.defined_by(index),
        });
        Names {
            source,
            known,
            defined: defined.map(|name| source.word(name)).collect(),
        }
    }

    fn style(&self, index: usize, in_map: bool) -> Option<Style> {
        let token = self.source.token(index)?;
        let next = self.source.token(index + 1);
        let before = index.checked_sub(1).and_then(|at| self.source.token(at));
        let word = self.source.word(index);
        let is_key = in_map && matches!(next, Some(Token::Colon));
        match token {
            _ if is_key => Some(Style::Key),
            Token::StringConstant(..) | Token::InterpolatedString(..) | Token::CharConstant(..) => {
                Some(Style::Text)
            }
            Token::LexError(..) if word.contains(['"', '`', '\'']) => Some(Style::Text),
            Token::LexError(..) => Some(Style::Unknown),
            Token::IntegerConstant(..) | Token::FloatConstant(..) => Some(Style::Number),
            Token::Identifier(..) | Token::Reserved(..) => self.name(word, before, next),
            _ if is_word(word) => Some(Style::Keyword),
            _ => None,
        }
    }

    fn name(&self, name: &str, before: Option<&Token>, next: Option<&Token>) -> Option<Style> {
        let is_called = matches!(next, Some(Token::LeftParen | Token::Unit));
        let in_module = matches!(before, Some(Token::DoubleColon));
        let is_field = matches!(before, Some(Token::Period | Token::Elvis)) && !is_called;
        let is_here = self.defined.contains(name);
        match () {
            () if name == "this" || name == "global" => Some(Style::Keyword),
            () if is_here || is_field || !is_word(name) => None,
            () if self.known.verbs.contains(name) => Some(Style::Verb),
            () if is_called && !in_module && !self.known.is_callable(name) => Some(Style::Unknown),
            () => None,
        }
    }
}

/// The bracket before or else at the cursor, and its partner, if it has one of its kind.
fn pair_at(lexemes: &[Lexeme], cursor: usize) -> [Option<usize>; 2] {
    let is_bracket = |index: &usize| {
        let lexeme = lexemes.get(*index);
        lexeme.is_some_and(|lexeme| span::nesting(&lexeme.token) != 0)
    };
    let behind = lexemes.partition_point(|lexeme| lexeme.range.start < cursor);
    let before = behind.checked_sub(1).filter(|&index| {
        let lexeme = lexemes.get(index);
        is_bracket(&index) && lexeme.is_some_and(|lexeme| lexeme.range.end >= cursor)
    });
    let at = Some(behind).filter(|index| {
        let lexeme = lexemes.get(*index);
        is_bracket(index) && lexeme.is_some_and(|lexeme| lexeme.range.start == cursor)
    });
    let Some(bracket) = before.or(at) else {
        return [None; 2];
    };
    match partner(lexemes, bracket) {
        Some(partner) => [Some(bracket), Some(partner)],
        None => [None; 2],
    }
}

fn partner(lexemes: &[Lexeme], bracket: usize) -> Option<usize> {
    let token = &lexemes.get(bracket)?.token;
    let mut depth = 0;
    let mut closes = |index: &usize| {
        let nesting = lexemes.get(*index).map(|it| span::nesting(&it.token));
        depth += nesting.unwrap_or(0);
        depth == 0
    };
    let found = if span::nesting(token) > 0 {
        (bracket..lexemes.len()).find(&mut closes)
    } else {
        (0..=bracket).rev().find(&mut closes)
    }?;
    let other = &lexemes.get(found)?.token;
    let (opening, closing) = match span::nesting(token) {
        1 => (token, other),
        _ => (other, token),
    };
    let alike = match closing {
        Token::RightParen => matches!(opening, Token::LeftParen),
        Token::RightBracket => matches!(opening, Token::LeftBracket | Token::QuestionBracket),
        _ => matches!(opening, Token::LeftBrace | Token::MapStart),
    };
    alike.then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn known() -> Known {
        let functions = ["len", "push"].map(String::from);
        let mut known = Known::new(crate::script::catalog(), functions);
        known.define(["mine".to_owned()]);
        known
    }

    /// The text with `<colour:word>` for what is coloured.
    fn marked(text: &str, cursor: usize) -> String {
        let coloured = highlight(text, cursor, &known());
        let closed = coloured.replace("\u{1b}[0m", ">");
        let mut parts = closed.split("\u{1b}[");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |all, part| {
            let (code, rest) = part.split_once('m').expect("the end of a sequence");
            format!("{all}<{code}:{rest}")
        })
    }

    /// What a terminal shows.
    fn visible(coloured: &str) -> String {
        let mut parts = coloured.split("\u{1b}[");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |all, part| {
            all + part.split_once('m').expect("the end of a sequence").1
        })
    }

    #[test]
    fn words_have_the_colours_of_what_they_are() {
        for (text, expected) in [
            ("let x = 12;", "<35:let> x = <33:12>;"),
            ("link_up(\"lo\")", "<36:link_up>(<32:\"lo\">)"),
            ("h.link_up(`a`)", "h.<36:link_up>(<32:`a`>)"),
            ("link_upp(1)", "<31;4:link_upp>(<33:1>)"),
            ("link_upp", "link_upp"),
            ("mine(a.len())", "mine(a.len())"),
            ("fn f() {} f()", "<35:fn> f() {} f()"),
            ("m.field; print(a)", "m.field; print(a)"),
            ("a::b()", "a::b()"),
            (
                "link_set(#{ mtu: 1, \"up\": true })",
                "<36:link_set>(#{ <34:mtu>: <33:1>, <34:\"up\">: <35:true> })",
            ),
            ("`a ${x} b`", "<32:`a $>{x}<32: b`>"),
            ("\"open", "<32:\"open>"),
            ("x // y\nz /* a */", "x <90:// y>\nz <90:/* a */>"),
            ("x /* y", "x <90:/* y>"),
            ("this.x", "<35:this>.x"),
            (":load f(", "<1::load> f("),
            (":laod x", ":laod x"),
            (":la", ":la"),
            (":time let x", "<1::time> <35:let> x"),
            ("!ls let", "<1:!>ls let"),
        ] {
            assert_eq!(marked(text, usize::MAX), expected, "{text:?}");
        }
    }

    #[test]
    fn the_bracket_at_the_cursor_is_marked_with_its_partner() {
        for (text, expected) in [
            ("[(1)|]", "[<1;4:(><33:1><1;4:)>]"),
            ("|[(1)]", "<1;4:[>(<33:1>)<1;4:]>"),
            ("[(1)]|", "<1;4:[>(<33:1>)<1;4:]>"),
            ("#{|a}", "<1;4:#{>a<1;4:}>"),
            ("\"(|)\"", "<32:\"()\">"),
            ("(|]", "(]"),
            ("(|", "("),
            (":time (|)1", "<1::time> ()<33:1>"),
            (":time (|x)", "<1::time> <1;4:(>x<1;4:)>"),
        ] {
            let cursor = text.find('|').expect("a cursor");
            assert_eq!(marked(&text.replace('|', ""), cursor), expected, "{text:?}");
        }
    }

    #[test]
    fn many_open_brackets_stay_what_they_are() {
        for piece in ["fn f(", "|a, ", "#{ a: ", "`${", "f(", "/* "] {
            let text = piece.repeat(LONGEST / piece.len());
            assert_eq!(visible(&highlight(&text, 0, &known())), text);
        }
    }

    #[test]
    fn what_is_long_or_strange_stays() {
        let long = "(".repeat(LONGEST + 1);
        assert!(matches!(highlight(&long, 0, &known()), Cow::Borrowed(_)));
        let strange = "let \u{1b}[31m";
        assert_eq!(highlight(strange, 0, &known()), strange);
    }

    proptest! {
        #[test]
        fn the_text_stays_what_it_is(
            any in "[^\u{1b}]*", pieces in "[a-c1(){}\\[\\]#\"`$/*' \n,:!|.;\u{85}é\\\\]{0,60}", cursor in 0usize..80,
        ) {
            for text in [any, pieces.clone(), format!("{pieces} let link_up(\"x\", #{{ a: 1 }})")] {
                let known = Known::default();
                prop_assert_eq!(visible(&highlight(&text, cursor, &known)), text);
            }
        }
    }
}
