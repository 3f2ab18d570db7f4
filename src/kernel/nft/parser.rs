//! Reads the text of a rule: tokens one after another, words and signs, and what is wrong with them.
//!
//! What stands where is in `parse_*`: selectors, values, statements.

use std::ops::Range;

use super::family::Family;
use super::fault::Fault;
use super::syntax::{Placed, Rule, Statement};
use super::token::{Kind, Token, tokens};

/// The result of reading.
pub type Read<T> = Result<T, Fault>;

/// How many bytes a comment has at most.
pub const LONGEST_COMMENT: usize = 128;

/// A text on its way to being understood.
pub struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    /// The family of the table, which decides what addresses are.
    pub family: Family,
}

impl<'a> Parser<'a> {
    /// A text of a table of that family.
    pub fn new(text: &'a str, family: Family) -> Read<Parser<'a>> {
        Ok(Parser {
            text,
            tokens: tokens(text)?,
            at: 0,
            family,
        })
    }

    /// The next token.
    pub fn next(&self) -> &Token {
        self.ahead(0)
    }

    /// The token so many after the next one.
    pub fn ahead(&self, more: usize) -> &Token {
        const NONE: &Token = &Token {
            kind: Kind::End,
            at: 0..0,
        };
        let last = self.tokens.last().unwrap_or(NONE);
        self.tokens.get(self.at + more).unwrap_or(last)
    }

    /// The text of the next token.
    pub fn here(&self) -> &'a str {
        self.text_at(self.next().at.clone())
    }

    /// The text of a place.
    pub fn text_at(&self, at: Range<usize>) -> &'a str {
        self.text.get(at).unwrap_or("")
    }

    /// Goes on to the token after the next one.
    pub fn skip(&mut self) {
        if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
    }

    /// Where the next token begins.
    pub fn start(&self) -> usize {
        self.next().at.start
    }

    /// From there to the end of what was read last.
    pub fn since(&self, start: usize) -> Range<usize> {
        let last = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        start..last.map_or(start, |token| token.at.end).max(start)
    }

    /// The token that was read last.
    pub fn last(&self) -> Range<usize> {
        let last = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        last.map_or(0..0, |token| token.at.clone())
    }

    /// How far it has got, to come back to.
    pub fn mark(&self) -> usize {
        self.at
    }

    /// Comes back.
    pub fn back_to(&mut self, mark: usize) {
        self.at = mark;
    }

    /// Whether the next token is this word or sign.
    pub fn is(&self, text: &str) -> bool {
        matches!(self.next().kind, Kind::Word | Kind::Sign) && self.here() == text
    }

    /// Takes this word or sign if it comes next.
    pub fn take(&mut self, text: &str) -> bool {
        let is = self.is(text);
        if is {
            self.skip();
        }
        is
    }

    /// Takes this word or sign, which has to come next.
    pub fn expect(&mut self, text: &str) -> Read<()> {
        match self.take(text) {
            true => Ok(()),
            false => Err(self.fault(format!("{text:?} has to stand here"))),
        }
    }

    /// Takes one of these words, which has to come next.
    pub fn one_of(&mut self, what: &str, words: &[&'static str]) -> Read<&'static str> {
        let found = words.iter().find(|word| self.is(word)).copied();
        match found {
            Some(word) => {
                self.skip();
                Ok(word)
            }
            None => Err(self.unknown(what, words.iter().copied())),
        }
    }

    /// Takes a name: of a chain, a set, a table.
    pub fn name(&mut self, what: &str) -> Read<String> {
        match self.next().kind {
            Kind::Word => {
                let name = self.here().to_string();
                self.skip();
                Ok(name)
            }
            Kind::Text => self.quoted(what),
            _ => Err(self.fault(format!("the name of a {what} has to stand here"))),
        }
    }

    /// Takes a text in quotes.
    pub fn quoted(&mut self, what: &str) -> Read<String> {
        if self.next().kind != Kind::Text {
            let words = format!("{what} is a text in quotes");
            return Err(self.fault(words));
        }
        let text = self.here().trim_matches('"').to_string();
        if text.contains('\0') {
            return Err(self.fault("this text has a NUL character in it"));
        }
        self.skip();
        Ok(text)
    }

    /// Takes the text of a comment, which has at most 128 bytes (NFTNL_UDATA_COMMENT_MAXLEN).
    pub fn comment(&mut self) -> Read<String> {
        let at = self.next().at.clone();
        let text = self.quoted("a comment")?;
        match text.len() {
            0..=LONGEST_COMMENT => Ok(text),
            long => Err(Fault::new(
                format!("a comment has at most {LONGEST_COMMENT} bytes, this one has {long}"),
                at,
            )),
        }
    }

    /// Takes a number no larger than this.
    pub fn number(&mut self, what: &str, largest: u64) -> Read<u64> {
        let number = match self.next().kind {
            Kind::Number => super::value::read_number(self.here()),
            _ => None,
        };
        let Some(number) = number else {
            return Err(self.fault(format!("{what} has to stand here, as a number")));
        };
        match u64::try_from(number) {
            Ok(number) if number <= largest => {
                self.skip();
                Ok(number)
            }
            _ => Err(self.fault(format!(
                "{} is too large: {what} is at most {largest}",
                self.here()
            ))),
        }
    }

    /// A fault at the next token.
    pub fn fault(&self, words: impl Into<String>) -> Fault {
        let words = words.into();
        let found = match self.next().kind {
            Kind::End | Kind::Line => format!("{words}, but the rule ends"),
            _ => words,
        };
        Fault::new(found, self.next().at.clone())
    }

    /// The fault of a word that is none of these.
    pub fn unknown<'w>(&self, what: &str, among: impl IntoIterator<Item = &'w str>) -> Fault {
        let among: Vec<&str> = among.into_iter().collect();
        let listed = listed(&among);
        match self.next().kind {
            Kind::End | Kind::Line => {
                let words = format!("the rule ends where {what} has to stand");
                Fault::new(words, self.next().at.clone()).hint(listed)
            }
            _ => {
                let words = format!("{:?} is not {what}", self.here());
                Fault::new(words, self.next().at.clone())
                    .hint(listed)
                    .among(self.here(), among)
            }
        }
    }

    /// Whether the rule ends here.
    pub fn is_end(&self) -> bool {
        matches!(self.next().kind, Kind::End | Kind::Line) || self.is(";") || self.is("}")
    }

    /// Reads a rule to its end.
    pub fn rule(&mut self) -> Read<Rule> {
        let mut rule = Rule::default();
        while !self.is_end() {
            if let Some(comment) = &rule.comment {
                let words = format!("the comment {comment:?} ends the rule, nothing follows it");
                return Err(Fault::new(words, self.next().at.clone()));
            }
            if self.take("comment") {
                rule.comment = Some(self.comment()?);
                continue;
            }
            let start = self.start();
            let it: Statement = self.statement()?;
            rule.statements.push(Placed {
                it,
                at: self.since(start),
            });
        }
        Ok(rule)
    }
}

fn listed(words: &[&str]) -> String {
    if words.is_empty() {
        return String::new();
    }
    format!("here may stand: {}", words.join(", "))
}

/// Reads the text of a rule.
pub fn rule(text: &str, family: Family) -> Read<Rule> {
    let mut parser = Parser::new(text, family)?;
    // It is one rule, however many lines it is written in.
    parser.tokens.retain(|token| token.kind != Kind::Line);
    let rule = parser.rule()?;
    if parser.next().kind != Kind::End {
        let words = format!("{:?} has no place here: this is one rule", parser.here());
        return Err(parser.fault(words));
    }
    if rule.statements.is_empty() {
        return Err(Fault::new("the rule is empty", 0..text.len()).hint(
            "a rule is matches and what to do: \"tcp dport 22 accept\", \"ip saddr 10.0.0.0/8 counter drop\"",
        ));
    }
    Ok(rule)
}
