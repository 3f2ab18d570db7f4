//! A refusal, with all that a person or a script wants to know of it.

use std::ops::Range;

use nix::errno::Errno;

/// Why a verb could not do what it was asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failure {
    /// What it was about: a link, an address, a sysctl.
    pub object: String,
    /// The namespace in which it was tried; empty is home.
    pub netns: String,
    /// The errno, where the kernel (or a library in its place) gave one.
    pub errno: Option<Errno>,
    /// What failed, in words.
    pub message: String,
    /// The kernel's own words.
    pub kernel: String,
    /// What to do about it.
    pub hint: String,
    /// The parameter or option key to blame; empty is the whole call.
    pub argument: String,
    /// The part of that argument, a text, in bytes; None is all of it.
    pub within: Option<Range<usize>>,
    /// The line of that text which the part stands in, where whoever reads of it may not see the text.
    pub quote: Option<Quote>,
    /// Which of several changes that belong together it was, counted from 0.
    pub step: usize,
}

/// A line of a text, and a place in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// Which line of the text, counted from 1.
    pub line: usize,
    /// The character of it, counted from 1.
    pub column: usize,
    /// The line.
    pub text: String,
}

impl Quote {
    /// The line of a text that the byte at `at` stands in.
    pub fn of(text: &str, at: usize) -> Quote {
        let at = text.floor_char_boundary(at);
        let (before, after) = text.split_at(at);
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let end = at + after.find('\n').unwrap_or(after.len());
        let line = text.get(start..end).unwrap_or("");
        Quote {
            line: before.matches('\n').count() + 1,
            column: text.get(start..at).unwrap_or("").chars().count() + 1,
            text: shortened(line.trim_end_matches('\r').into()),
        }
    }
}

impl Failure {
    /// A failure that netsh itself declares, before the kernel was asked.
    pub fn new(message: impl Into<String>) -> Box<Self> {
        Box::new(Failure {
            message: shortened(message.into()),
            ..Failure::default()
        })
    }

    /// Names the parameter or option key to blame.
    pub fn blame(mut self: Box<Self>, argument: impl Into<String>) -> Box<Self> {
        self.argument = argument.into();
        self
    }

    /// Names the parameter to blame, a text, and the part of it.
    pub fn within(
        mut self: Box<Self>,
        argument: impl Into<String>,
        part: Range<usize>,
    ) -> Box<Self> {
        self.argument = argument.into();
        self.within = Some(part);
        self
    }

    /// Quotes the line of the text that the part to blame stands in.
    pub fn quoting(mut self: Box<Self>, text: &str) -> Box<Self> {
        let start = self.within.as_ref().map(|part| part.start);
        self.quote = start.map(|start| Quote::of(text, start));
        self
    }

    /// Names the object.
    pub fn about(mut self: Box<Self>, object: impl Into<String>) -> Box<Self> {
        self.object = shortened(object.into());
        self
    }

    /// Says what to do.
    pub fn hint(mut self: Box<Self>, hint: impl Into<String>) -> Box<Self> {
        self.hint = hint.into();
        self
    }

    /// The errno's name, such as `ENODEV`.
    pub fn errno_name(&self) -> Option<String> {
        self.errno.map(|errno| format!("{errno:?}"))
    }
}

/// Words without what is too long to be read: a script can take a text of any length for a name, and on its way to the report
/// that is copied many times.
pub fn shortened(mut words: String) -> String {
    const MOST: usize = 64 << 10;
    if words.len() > MOST {
        let bytes = words.len();
        words.truncate(words.floor_char_boundary(MOST));
        words.shrink_to_fit();
        words += &format!("... ({bytes} bytes)");
    }
    words
}

/// Words that can be printed as they are: what a name could bring along to drive a terminal is shown as an escape. Line ends
/// and tabs stay.
pub fn printable(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => words.push(c),
            c if c.is_control() => words.extend(c.escape_default()),
            c => words.push(c),
        }
    }
    words
}

/// The result of a verb.
pub type Outcome<T> = std::result::Result<T, Box<Failure>>;

#[cfg(test)]
mod tests {
    use super::{Failure, Quote, shortened};

    #[test]
    fn the_line_of_a_place_is_quoted() {
        let text = "ab\r\n\n\u{e9} cd";
        for (at, line, column, said) in [
            (0, 1, 1, "ab"),
            (2, 1, 3, "ab"),
            (4, 2, 1, ""),
            (8, 3, 3, "\u{e9} cd"),
            (99, 3, 5, "\u{e9} cd"),
        ] {
            let text = said.into();
            let wanted = Quote { line, column, text };
            assert_eq!(Quote::of("ab\r\n\n\u{e9} cd", at), wanted, "{at}");
        }
        let failure = Failure::new("no").within("text", 8..10).quoting(text);
        assert_eq!(failure.quote.map(|quote| quote.line), Some(3));
    }

    #[test]
    fn what_nobody_reads_is_cut() {
        assert_eq!(shortened("x".repeat(65_536)), "x".repeat(65_536));
        let long = "\u{1f980}".repeat(20_000);
        let short = shortened(long.clone());
        assert!(short.len() < 66_000 && short.ends_with("... (80000 bytes)"));
        assert!(long.starts_with(short.trim_end_matches("... (80000 bytes)")));
        let failure = Failure::new(long.as_str()).about(long);
        assert_eq!((failure.message, failure.object), (short.clone(), short));
    }
}
