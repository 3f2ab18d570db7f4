//! The words of a text of bash, each with the place where it stands, and what stands between them.
//!
//! Quotes of all kinds, comments, redirections, here-documents and operators. What bash would work out (variables) is
//! recognised, to be refused with its place. Own code, for shlex gives words without places and knows neither `$'...'` nor `;`.

use std::iter::Peekable;
use std::ops::Range;
use std::str::CharIndices;

use super::Fault;

/// A word of a command, without its quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// What the program gets.
    pub text: String,
    /// Where it stands, quotes included.
    pub span: Range<usize>,
    /// Whether any of it is quoted: a keyword of the shell never is.
    pub quoted: bool,
    /// What of it the shell would work out.
    pub worked_out: Option<WorkedOut>,
}

/// What the shell puts into a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkedOut {
    /// The number of its process: `$$`, and nothing else in the word.
    OwnPid,
    /// A variable, or what a command prints.
    Substitution,
}

impl Word {
    /// A word that nobody wrote, in the place of one that somebody did.
    pub fn in_place_of(span: &Range<usize>, text: impl Into<String>) -> Word {
        Word {
            text: text.into(),
            span: span.clone(),
            quoted: false,
            worked_out: None,
        }
    }

    /// The same word with another text.
    #[must_use]
    pub fn with(&self, text: impl Into<String>) -> Word {
        Word {
            text: text.into(),
            ..self.clone()
        }
    }
}

/// A piece of a script.
pub enum Token {
    /// A word.
    Word(Word),
    /// `>` and the like. Its target is the next word.
    Redirection(String, Range<usize>),
    /// The text of a here-document, where it is announced, and where its last line ends.
    Document(Word, Range<usize>, usize),
    /// What stands between commands.
    Operator(&'static str, Range<usize>),
    /// From `#` to the end of the line, without the `#`.
    Comment(String),
    /// The end of a line.
    LineEnd,
}

/// What stands between words and is no redirection; of two that begin alike the longer comes first.
const OPERATORS: [&str; 9] = ["&&", "||", "|&", ";;", ";", "|", "&", "(", ")"];

/// Reads a text piece by piece.
#[derive(Clone)]
pub struct Reader<'a> {
    text: &'a str,
    rest: Peekable<CharIndices<'a>>,
    /// Where the here-documents of this line end.
    documents: Option<usize>,
    /// Whether only the end of the line is looked for.
    skims: bool,
}

impl<'a> Reader<'a> {
    /// From the beginning of a text.
    pub fn new(text: &'a str) -> Self {
        Reader {
            text,
            rest: text.char_indices().peekable(),
            documents: None,
            skims: false,
        }
    }

    fn at(&mut self) -> usize {
        self.rest.peek().map_or(self.text.len(), |(at, _)| *at)
    }

    fn left(&mut self) -> &str {
        let at = self.at();
        self.text.get(at..).unwrap_or("")
    }

    fn skip(&mut self, characters: usize) {
        for _ in 0..characters {
            self.rest.next();
        }
    }

    /// The next piece; nothing at the end.
    pub fn token(&mut self) -> Result<Option<Token>, Fault> {
        self.skip_blanks();
        let start = self.at();
        let Some((_, first)) = self.rest.peek().copied() else {
            return Ok(None);
        };
        if first == '\n' {
            self.skip(1);
            let until = self.documents.take().unwrap_or(0);
            while self.rest.next_if(|(at, _)| *at < until).is_some() {}
            return Ok(Some(Token::LineEnd));
        }
        if first == '#' {
            let line = self.left().lines().next().unwrap_or("").to_owned();
            self.skip(line.chars().count());
            return Ok(Some(Token::Comment(line.trim_start_matches('#').into())));
        }
        if let Some(operator) = redirection(self.left()).map(str::to_owned) {
            self.skip(operator.len());
            let span = start..self.at();
            let plain = operator.trim_start_matches(|c: char| c.is_ascii_digit());
            if ["<<", "<<-"].contains(&plain) && !self.skims {
                return self.document(span, plain == "<<-").map(Some);
            }
            return Ok(Some(Token::Redirection(operator, span)));
        }
        let is_next = |operator: &&str| {
            self.text
                .get(start..)
                .is_some_and(|left| left.starts_with(*operator))
        };
        if let Some(operator) = OPERATORS.into_iter().find(is_next) {
            self.skip(operator.len());
            return Ok(Some(Token::Operator(operator, start..self.at())));
        }
        self.word().map(|word| Some(Token::Word(word)))
    }

    /// A here-document: what stands below the line, up to a line that is the word behind `<<`. Tabs before its lines may
    /// go.
    fn document(&mut self, mut span: Range<usize>, strips: bool) -> Result<Token, Fault> {
        let fault = |label: &str| {
            Fault::new("netsh does not read this here-document").at(span.clone(), label)
        };
        self.skip_blanks();
        if self.left().is_empty() || self.left().starts_with(['\n', ';', '&', '|', '<', '>']) {
            return Err(fault("a word has to follow"));
        }
        let end = self.word()?;
        let unended = fault(&format!("no line below it is {}", end.text));
        span.end = end.span.end;
        let start = match self.documents {
            Some(until) => until,
            None => {
                let mut ahead = self.clone();
                ahead.skims = true;
                while !matches!(ahead.token()?, None | Some(Token::LineEnd)) {}
                ahead.at()
            }
        };
        let (mut text, mut at) = (String::new(), start);
        for line in self.text.get(start..).unwrap_or("").split_inclusive('\n') {
            let plain = match strips {
                true => line.trim_start_matches('\t'),
                false => line,
            };
            let until = at + line.len();
            if plain.strip_suffix('\n').unwrap_or(plain) == end.text {
                self.documents = Some(until);
                let mut word = Word::in_place_of(&(start..at), text);
                word.quoted = end.quoted;
                if !end.quoted {
                    worked_out(&mut word);
                }
                let last = until - usize::from(line.ends_with('\n'));
                return Ok(Token::Document(word, span, last));
            }
            text.push_str(plain);
            at = until;
        }
        Err(unended)
    }

    /// Blanks, and lines that go on in the next.
    fn skip_blanks(&mut self) {
        loop {
            if self.left().starts_with("\\\n") {
                self.skip(2);
            } else if self.left().starts_with([' ', '\t', '\r']) {
                self.skip(1);
            } else {
                return;
            }
        }
    }

    fn word(&mut self) -> Result<Word, Fault> {
        let start = self.at();
        let mut word = Word::in_place_of(&(start..start), "");
        while let Some((at, c)) = self.rest.next() {
            match c {
                '\'' => {
                    word.quoted = true;
                    self.single_quoted(at, &mut word.text)?;
                }
                '"' => {
                    word.quoted = true;
                    self.double_quoted(at, &mut word)?;
                }
                '\\' => match self.rest.next() {
                    Some((_, '\n')) | None => {}
                    Some((_, c)) => {
                        word.quoted = true;
                        word.text.push(c);
                    }
                },
                '$' if self.left().starts_with('\'') => {
                    word.quoted = true;
                    self.skip(1);
                    self.ansi_quoted(at, &mut word.text)?;
                }
                '$' => self.dollar(&mut word),
                '`' => {
                    word.text.push(c);
                    word.worked_out = Some(WorkedOut::Substitution);
                }
                c => word.text.push(c),
            }
            let next = self.rest.peek().map(|(_, c)| *c);
            if next.is_none_or(|c| " \t\r\n;&|()<>".contains(c)) {
                break;
            }
        }
        word.span = start..self.at();
        // `$$` with more around it is no name of anything.
        if word.worked_out == Some(WorkedOut::OwnPid) && word.text != "$$" {
            word.worked_out = Some(WorkedOut::Substitution);
        }
        Ok(word)
    }

    /// After a `$` that is not quoted by apostrophes.
    fn dollar(&mut self, word: &mut Word) {
        word.text.push('$');
        match self.rest.peek() {
            Some((_, '$')) => {
                word.text.push('$');
                self.skip(1);
                word.worked_out.get_or_insert(WorkedOut::OwnPid);
            }
            Some((_, c)) if c.is_ascii_alphanumeric() || "_{(@*#?!-".contains(*c) => {
                word.worked_out = Some(WorkedOut::Substitution);
            }
            _ => {}
        }
    }

    fn single_quoted(&mut self, start: usize, text: &mut String) -> Result<(), Fault> {
        loop {
            match self.rest.next() {
                Some((_, '\'')) => return Ok(()),
                Some((_, c)) => text.push(c),
                None => return Err(unclosed(start)),
            }
        }
    }

    fn double_quoted(&mut self, start: usize, word: &mut Word) -> Result<(), Fault> {
        loop {
            match self.rest.next() {
                Some((_, '"')) => return Ok(()),
                Some((_, '\\')) => match self.rest.next() {
                    Some((_, '\n')) => {}
                    Some((_, c)) if "$`\"\\".contains(c) => word.text.push(c),
                    Some((_, c)) => word.text.extend(['\\', c]),
                    None => return Err(unclosed(start)),
                },
                Some((_, '$')) => self.dollar(word),
                Some((_, '`')) => {
                    word.text.push('`');
                    word.worked_out = Some(WorkedOut::Substitution);
                }
                Some((_, c)) => word.text.push(c),
                None => return Err(unclosed(start)),
            }
        }
    }

    /// What is between `$'` and `'`. Bytes are spelled out there, and make characters together.
    fn ansi_quoted(&mut self, start: usize, text: &mut String) -> Result<(), Fault> {
        let mut bytes = Vec::new();
        loop {
            match self.rest.next() {
                Some((_, '\'')) => break,
                Some((_, '\\')) => {
                    let (_, escape) = self.rest.next().ok_or_else(|| unclosed(start))?;
                    self.escape(escape, &mut bytes);
                }
                Some((_, c)) => bytes.extend(c.encode_utf8(&mut [0; 4]).bytes()),
                None => return Err(unclosed(start)),
            }
        }
        text.push_str(&String::from_utf8_lossy(&bytes));
        Ok(())
    }

    fn escape(&mut self, escape: char, bytes: &mut Vec<u8>) {
        let single = match escape {
            'a' => 7,
            'b' => 8,
            'e' | 'E' => 27,
            'f' => 12,
            'n' => b'\n',
            'r' => b'\r',
            't' => b'\t',
            'v' => 11,
            '\\' | '\'' | '"' | '?' => u8::try_from(escape).unwrap_or(b'?'),
            'x' => {
                let number = self.digits(16, 2);
                bytes.push(u8::try_from(number).unwrap_or(b'?'));
                return;
            }
            'u' | 'U' => {
                let number = self.digits(16, if escape == 'u' { 4 } else { 8 });
                let c = char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER);
                bytes.extend(c.encode_utf8(&mut [0; 4]).bytes());
                return;
            }
            other => {
                bytes.push(b'\\');
                bytes.extend(other.encode_utf8(&mut [0; 4]).bytes());
                return;
            }
        };
        bytes.push(single);
    }

    fn digits(&mut self, radix: u32, most: usize) -> u32 {
        let mut number: u32 = 0;
        for _ in 0..most {
            let digit = self.rest.peek().and_then(|(_, c)| c.to_digit(radix));
            let Some(digit) = digit else { break };
            number = number.wrapping_mul(radix).wrapping_add(digit);
            self.skip(1);
        }
        number
    }
}

/// What the shell makes of a here-document whose last word is not quoted.
fn worked_out(document: &mut Word) {
    let text = std::mem::take(&mut document.text);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let next = rest.peek().copied();
        match (c, next) {
            ('\\', Some('\n')) => {
                rest.next();
            }
            ('\\', Some(next @ ('$' | '`' | '\\'))) => {
                rest.next();
                document.text.push(next);
            }
            _ => {
                let begins =
                    |next: char| next.is_ascii_alphanumeric() || "_{(@*#?!-$".contains(next);
                if c == '`' || c == '$' && next.is_some_and(begins) {
                    document.worked_out = Some(WorkedOut::Substitution);
                }
                document.text.push(c);
            }
        }
    }
}

fn unclosed(start: usize) -> Fault {
    Fault::new("a quote is not closed").at(start..start + 1, "it begins here")
}

/// The redirection that a text begins with: `2>`, `>>`, `&>`, `>&`.
fn redirection(text: &str) -> Option<&str> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let after = text.get(digits..)?;
    let operators = [
        "&>>", "&>", ">>", ">&", ">|", ">", "<<<", "<<-", "<<", "<&", "<",
    ];
    let operator = operators
        .into_iter()
        .find(|operator| after.starts_with(operator))?;
    if operator.starts_with('&') && digits > 0 {
        return None;
    }
    text.get(..digits + operator.len())
}
