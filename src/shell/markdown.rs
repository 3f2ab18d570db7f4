//! Markdown for the eyes: what `help` says, drawn on a terminal or as plain text.
//!
//! Headings, paragraphs, lists, code and strong words are all that the manual uses; whatever else there may be is shown as its
//! text. The text is read by pulldown-cmark, which is small without its features for HTML; the crates that draw on terminals
//! as well bring their own terminal along.

use pulldown_cmark::{Event, Parser, Tag, TagEnd};
use unicode_width::UnicodeWidthStr;

use super::cell;

/// Lines longer than this are hard to read, however wide the terminal is.
const WIDEST: usize = 100;

/// How Markdown is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paper {
    /// With colours, as escape sequences.
    pub colour: bool,
    /// How many columns there are.
    pub width: usize,
}

/// Draws Markdown as text that ends with a line end.
pub fn draw(markdown: &str, paper: Paper) -> String {
    let mut pen = Pen {
        paper,
        drawn: String::new(),
        words: Vec::new(),
        between: true,
        look: Look::Plain,
        lists: 0,
        bullet: false,
        in_code: false,
    };
    for event in Parser::new(markdown) {
        pen.take(event);
    }
    pen.end_block();
    pen.drawn
}

/// How letters look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Plain,
    Strong,
    Code,
}

/// Ends all looks.
const END: &str = "\u{1b}[0m";

impl Look {
    fn begin(self) -> &'static str {
        match self {
            Look::Plain => "",
            Look::Strong => "\u{1b}[1m",
            Look::Code => "\u{1b}[36m",
        }
    }
}

/// A word may change its looks: a strong one with a comma.
type Word = Vec<(Look, String)>;

struct Pen {
    paper: Paper,
    drawn: String,
    /// The words of the block that is being read.
    words: Vec<Word>,
    /// Whether the next letter begins a word.
    between: bool,
    look: Look,
    /// How many lists the block is in.
    lists: usize,
    /// Whether the block begins an item of a list.
    bullet: bool,
    in_code: bool,
}

impl Pen {
    fn take(&mut self, event: Event) {
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::End(tag) => self.end(tag),
            Event::Code(text) => self.say(&text, Look::Code),
            Event::Text(text) if self.in_code => self.code(&text),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => {
                self.say(&text, self.look);
            }
            Event::SoftBreak | Event::HardBreak => self.between = true,
            _ => {}
        }
    }

    fn start(&mut self, tag: &Tag) {
        match tag {
            Tag::Strong | Tag::Emphasis => self.look = Look::Strong,
            Tag::Heading { .. } => {
                self.begin_block();
                self.look = Look::Strong;
            }
            Tag::Paragraph => self.begin_block(),
            Tag::CodeBlock(_) => {
                self.begin_block();
                self.in_code = true;
            }
            Tag::List(_) => {
                self.begin_block();
                self.lists += 1;
            }
            Tag::Item => {
                self.end_block();
                self.bullet = true;
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Strong | TagEnd::Emphasis => self.look = Look::Plain,
            TagEnd::Heading(_) => {
                self.end_block();
                self.look = Look::Plain;
            }
            TagEnd::Paragraph | TagEnd::Item => self.end_block(),
            TagEnd::CodeBlock => self.in_code = false,
            TagEnd::List(_) => {
                self.end_block();
                self.lists = self.lists.saturating_sub(1);
            }
            _ => {}
        }
    }

    /// Ends the block before, and keeps a line free below it, but not within lists.
    fn begin_block(&mut self) {
        self.end_block();
        if self.lists == 0 && !self.drawn.is_empty() {
            self.drawn.push('\n');
        }
    }

    fn say(&mut self, text: &str, look: Look) {
        for (at, letters) in text.split(char::is_whitespace).enumerate() {
            self.between |= at > 0;
            if letters.is_empty() {
                continue;
            }
            let part = (look, cell::escape(letters, false));
            match self.words.last_mut() {
                Some(word) if !self.between => word.push(part),
                _ => self.words.push(vec![part]),
            }
            self.between = false;
        }
    }

    /// Lines of code are never broken.
    fn code(&mut self, text: &str) {
        for line in text.lines() {
            let line = cell::escape(line, false);
            let drawn = format!("    {}", self.dressed(Look::Code, &line));
            self.drawn += drawn.trim_end();
            self.drawn.push('\n');
        }
    }

    /// Writes the words of the block on lines of the paper's width.
    fn end_block(&mut self) {
        self.between = true;
        let words = std::mem::take(&mut self.words);
        if words.is_empty() {
            return;
        }
        let inner = "  ".repeat(self.lists);
        let width = self.paper.width.min(WIDEST);
        let mut line = match (self.lists, std::mem::take(&mut self.bullet)) {
            (0, _) | (_, false) => inner.clone(),
            (depth, true) => format!("{}- ", "  ".repeat(depth - 1)),
        };
        let mut columns = line.len();
        let mut is_first = true;
        for word in words {
            let letters: usize = word.iter().map(|(_, letters)| letters.width()).sum();
            if !is_first && columns + 1 + letters > width {
                self.end_line(&line);
                line.clone_from(&inner);
                columns = inner.len();
            } else if !is_first {
                line.push(' ');
                columns += 1;
            }
            for (look, letters) in &word {
                line += &self.dressed(*look, letters);
            }
            columns += letters;
            is_first = false;
        }
        self.end_line(&line);
    }

    fn end_line(&mut self, line: &str) {
        // The looks of a word go on over the space to the next of the same looks.
        let joined = [Look::Strong, Look::Code]
            .iter()
            .fold(line.to_owned(), |line, look| {
                line.replace(&format!("{END} {}", look.begin()), " ")
            });
        self.drawn += joined.trim_end();
        self.drawn.push('\n');
    }

    /// The letters as they look.
    fn dressed(&self, look: Look, letters: &str) -> String {
        if self.paper.colour && look != Look::Plain && !letters.is_empty() {
            format!("{}{letters}{END}", look.begin())
        } else {
            letters.into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "## ping\n\n```rhai\nping(x)\n\n  y\n```\n\nSends **echo**, and\n`a b` waits.\n\n**Options**\n\n- `count` (int): how many; 4 unless given\n- x\n\nEnd\\*.";

    fn drawn(width: usize, colour: bool) -> String {
        draw(PAGE, Paper { colour, width })
    }

    #[test]
    fn plain_text_has_no_marks() {
        assert_eq!(
            drawn(80, false),
            "ping\n\n    ping(x)\n\n      y\n\nSends echo, and a b waits.\n\nOptions\n\n- count (int): how many; 4 unless given\n- x\n\nEnd*.\n"
        );
    }

    #[test]
    fn lines_are_as_wide_as_the_paper() {
        let text = drawn(20, false);
        assert!(
            text.contains("\n- count (int): how\n  many; 4 unless\n  given\n- x\n"),
            "{text}"
        );
        assert!(drawn(1, false).contains("\nSends\necho,\nand\na\nb\nwaits.\n"));
        assert!(!drawn(0, false).is_empty());
    }

    #[test]
    fn colours_are_closed_again() {
        let text = drawn(80, true);
        assert!(text.starts_with("\u{1b}[1mping\u{1b}[0m\n"), "{text:?}");
        assert!(
            text.contains("Sends \u{1b}[1mecho\u{1b}[0m, and \u{1b}[36ma b\u{1b}[0m waits"),
            "{text:?}"
        );
    }

    #[test]
    fn nothing_drives_the_terminal() {
        let text = draw(
            "a\u{1b}[2J\u{9b}b\n\n    \u{1b}c\n\n<b>\u{7}",
            Paper {
                colour: false,
                width: 80,
            },
        );
        assert!(
            !text.chars().any(|c| c.is_control() && c != '\n'),
            "{text:?}"
        );
        assert_eq!(
            draw(
                "",
                Paper {
                    colour: true,
                    width: 80
                }
            ),
            ""
        );
    }
}
