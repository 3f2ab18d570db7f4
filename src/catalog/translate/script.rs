//! A script of bash as a list of commands, with its comments and empty lines.

use std::ops::Range;

use super::Fault;
use super::words::{Reader, Token, Word};

/// Where something is read from or written to: `>/dev/null`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirection {
    /// `>`, `2>`, `>&` and the like.
    pub operator: String,
    /// The file, the number of a descriptor, or the text of a here-document.
    pub target: Word,
}

impl Redirection {
    /// Whether the target is what is read, and no file.
    pub fn is_text(&self) -> bool {
        ["<<", "<<<"].contains(&self.operator.as_str())
    }
}

/// A command with its words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Command {
    /// The program and its arguments.
    pub words: Vec<Word>,
    /// Where it reads and writes.
    pub redirections: Vec<Redirection>,
}

/// What stands after a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The next one comes after it: `;`, `&&`, the end of the line.
    Next,
    /// The next one comes if it fails: `||`.
    Or,
    /// It goes on beside the next one: `&`.
    Beside,
}

/// Commands joined by `|`, mostly one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// The commands.
    pub commands: Vec<Command>,
    /// Where it stands.
    pub span: Range<usize>,
    /// What comes after.
    pub end: End,
    /// Whether it stands in parentheses or in a place where a command cannot be.
    pub grouped: Option<Range<usize>>,
}

/// A part of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Something to run.
    Pipeline(Pipeline),
    /// A comment, without its `#`. It belongs to the line before if `beside` is set.
    Comment {
        /// The text.
        text: String,
        /// Whether a command stands before it in the line.
        beside: bool,
    },
    /// An empty line.
    Blank,
}

/// Takes a script apart.
pub fn read(text: &str) -> Result<Vec<Part>, Fault> {
    let mut parts = Parts::default();
    let mut reader = Reader::new(text);
    while let Some(token) = reader.token()? {
        parts.take(token);
    }
    parts.close(End::Next);
    Ok(parts.done)
}

#[derive(Default)]
struct Parts {
    done: Vec<Part>,
    commands: Vec<Command>,
    now: Command,
    redirecting: Option<String>,
    span: Option<Range<usize>>,
    /// Where a here-document is announced, and where it ends.
    document: Option<(Range<usize>, usize)>,
    grouped: Option<Range<usize>>,
    line_has_command: bool,
    line_has_anything: bool,
}

impl Parts {
    fn take(&mut self, token: Token) {
        match token {
            Token::Word(word) => {
                self.reach(&word.span);
                match self.redirecting.take() {
                    Some(operator) => self.now.redirections.push(Redirection {
                        operator,
                        target: word,
                    }),
                    None => self.now.words.push(word),
                }
            }
            Token::Redirection(operator, span) => {
                self.reach(&span);
                self.redirecting = Some(operator);
            }
            Token::Document(text, span, until) => {
                self.reach(&span);
                self.now.redirections.push(Redirection {
                    operator: "<<".into(),
                    target: text,
                });
                self.document = Some((span, until));
            }
            Token::Operator(operator @ ("&&" | ";" | "||" | "&"), span) => {
                // The text would come behind what follows.
                if let Some((announced, _)) = self.document.take() {
                    self.grouped.get_or_insert(announced);
                }
                if operator == "&" {
                    self.reach(&span);
                }
                self.close(match operator {
                    "||" => End::Or,
                    "&" => End::Beside,
                    _ => End::Next,
                });
            }
            Token::Operator("|" | "|&", span) => {
                self.reach(&span);
                self.commands.push(std::mem::take(&mut self.now));
            }
            Token::Operator(_, span) => {
                self.reach(&span);
                self.grouped.get_or_insert(span);
            }
            Token::Comment(text) => {
                let beside = self.line_has_command || self.span.is_some();
                self.close(End::Next);
                self.line_has_anything = true;
                self.done.push(Part::Comment { text, beside });
            }
            Token::LineEnd => {
                self.close(End::Next);
                if !self.line_has_anything {
                    self.done.push(Part::Blank);
                }
                self.line_has_command = false;
                self.line_has_anything = false;
            }
        }
    }

    fn reach(&mut self, span: &Range<usize>) {
        let start = self.span.as_ref().map_or(span.start, |span| span.start);
        self.span = Some(start..span.end);
        self.line_has_anything = true;
    }

    fn close(&mut self, end: End) {
        let Some(mut span) = self.span.take() else {
            return;
        };
        if let Some((_, until)) = self.document.take() {
            span.end = until;
        }
        self.redirecting = None;
        self.commands.push(std::mem::take(&mut self.now));
        self.line_has_command = true;
        self.done.push(Part::Pipeline(Pipeline {
            commands: std::mem::take(&mut self.commands),
            span,
            end,
            grouped: self.grouped.take(),
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::super::words::WorkedOut;
    use super::*;
    use proptest::prelude::*;

    /// The words of the first command.
    fn words(text: &str) -> Vec<String> {
        match read(text).expect(text).first() {
            Some(Part::Pipeline(pipeline)) => pipeline.commands[0]
                .words
                .iter()
                .map(|word| word.text.clone())
                .collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn words_are_those_of_bash() {
        for (text, wanted) in [
            ("ip  link\tshow", vec!["ip", "link", "show"]),
            (
                "a 'b c' \"d e\" f\\ g h'i'\"j\"",
                vec!["a", "b c", "d e", "f g", "hij"],
            ),
            (
                r"a 'it'\''s' $'\x1b\'\x0a\xc2\x85\u00e9'",
                vec!["a", "it's", "\u{1b}'\n\u{85}é"],
            ),
            ("a '' \"\"", vec!["a", "", ""]),
            ("a b\\\nc \\\n d", vec!["a", "bc", "d"]),
            ("a b#c # d", vec!["a", "b#c"]),
            ("a>b", vec!["a"]),
            ("a 2>b c", vec!["a", "c"]),
            ("a 2 >b", vec!["a", "2"]),
            ("a \"\\$b\\c\"", vec!["a", "$b\\c"]),
        ] {
            assert_eq!(words(text), wanted, "{text}");
        }
    }

    #[test]
    fn spans_are_those_of_the_text() {
        let text = "é 'b c' && d";
        let parts = read(text).expect(text);
        let Some(Part::Pipeline(first)) = parts.first() else {
            panic!("{parts:?}")
        };
        let spans: Vec<&str> = first.commands[0]
            .words
            .iter()
            .map(|word| &text[word.span.clone()])
            .collect();
        assert_eq!(spans, ["é", "'b c'"]);
        assert_eq!(&text[first.span.clone()], "é 'b c'");
    }

    #[test]
    fn what_the_shell_works_out_is_marked() {
        for (text, wanted) in [
            ("$$", Some(WorkedOut::OwnPid)),
            ("'$$'", None),
            ("$$x", Some(WorkedOut::Substitution)),
            ("a$b", Some(WorkedOut::Substitution)),
            ("\"$b\"", Some(WorkedOut::Substitution)),
            ("`b`", Some(WorkedOut::Substitution)),
            ("'$b'", None),
            ("a$", None),
        ] {
            let parts = read(text).expect(text);
            let Some(Part::Pipeline(first)) = parts.first() else {
                panic!("{text}")
            };
            assert_eq!(first.commands[0].words[0].worked_out, wanted, "{text}");
        }
    }

    #[test]
    fn scripts_have_parts() {
        let parts = read("# one\n\na; b && c || d & e | f # g\n(h)\n").expect("a script");
        let told: Vec<String> = parts
            .iter()
            .map(|part| match part {
                Part::Blank => "blank".into(),
                Part::Comment { text, beside } => format!("#{text} {beside}"),
                Part::Pipeline(pipeline) => format!(
                    "{}{:?}{}",
                    pipeline.commands.len(),
                    pipeline.end,
                    if pipeline.grouped.is_some() { "()" } else { "" }
                ),
            })
            .collect();
        let wanted = [
            "# one false",
            "blank",
            "1Next",
            "1Next",
            "1Or",
            "1Beside",
            "2Next",
            "# g true",
            "1Next()",
        ];
        assert_eq!(told, wanted);
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        for text in ["'a", "\"a", "$'a", "a <<END", "a <<END\nEN", "a <<"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_a_panic(text in r#"[a-z0-9 $'"`\\#;&|()<>\n{}é=./-]{0,60}|.*"#) {
            if let Ok(parts) = read(&text) {
                for part in parts {
                    if let Part::Pipeline(pipeline) = part {
                        prop_assert!(text.get(pipeline.span).is_some());
                    }
                }
            }
        }

        #[test]
        fn what_shlex_quotes_is_read_back(words in prop::collection::vec("[^\u{0}]{0,12}", 1..5)) {
            let text = shlex::try_join(words.iter().map(String::as_str)).expect("no NUL in it");
            let found = super::tests::words(&text);
            prop_assert_eq!(found, words);
        }
    }
}
