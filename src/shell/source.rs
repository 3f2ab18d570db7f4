//! The texts that a report quotes: the main script and the modules that it imported, found by the names that Rhai's
//! positions belong to.
//!
//! Rhai knows a text only by the name that `ast.set_source` gave it, so the caller must set it on the main script
//! and on every module, to the same name that is used here. What a name means inside a text (tokens, calls,
//! arguments) is `span.rs`.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use rhai::Position;

use super::span::{self, Lexeme};

/// The largest module file that is read for a report; a script that is larger is shown without its text.
const LARGEST_FILE: u64 = 16 << 20;

/// One text with its lines and, once they are asked for, its tokens.
#[derive(Debug)]
pub struct Source {
    path: String,
    text: String,
    lines: Vec<usize>,
    /// Where parts with names of their own begin, by line.
    parts: Vec<(usize, String)>,
    lexemes: OnceCell<Vec<Lexeme>>,
}

impl Source {
    /// A text and the path that it is shown under.
    pub fn new(path: impl Into<String>, text: impl AsRef<str>) -> Self {
        // The C1 control characters drive terminals as the C0 ones do, and the renderer replaces only the latter.
        // Character for character, so that columns stay what they were.
        let text: String = text
            .as_ref()
            .chars()
            .map(|c| match c {
                '\u{80}'..='\u{9f}' | '\u{2028}' | '\u{2029}' => char::REPLACEMENT_CHARACTER,
                c => c,
            })
            .collect();
        let starts = text.match_indices('\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(starts).collect();
        Self {
            path: path.into(),
            text,
            lines,
            parts: Vec::new(),
            lexemes: OnceCell::new(),
        }
    }

    /// A text that is made of others, one below the other, each shown under a path of its own and counted from 1.
    pub fn of_parts<'a>(
        path: impl Into<String>,
        parts: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let mut lines: Vec<&str> = Vec::new();
        let mut begins = Vec::new();
        for (title, text) in parts {
            begins.push((lines.len(), title.to_owned()));
            let before = lines.len();
            lines.extend(text.lines());
            if lines.len() == before {
                lines.push("");
            }
        }
        Self {
            parts: begins,
            ..Self::new(path, lines.join("\n"))
        }
    }

    /// What a line, counted from 0, is shown as: under which path, and as which line of it, counted from 1.
    pub fn caption(&self, line: usize) -> (&str, usize) {
        let part = self.parts.partition_point(|(begin, _)| *begin <= line);
        match part.checked_sub(1).and_then(|at| self.parts.get(at)) {
            Some((begin, title)) => (title, line - begin + 1),
            None => (&self.path, line + 1),
        }
    }

    /// The path that people know the text by.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The part of the text at `range`, empty when there is no such part.
    pub fn slice(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or("")
    }

    /// The tokens of the text, without comments.
    pub fn lexemes(&self) -> &[Lexeme] {
        self.lexemes.get_or_init(|| match self.parts.is_empty() {
            true => span::lex(&self.text),
            false => self.lexemes_of_parts(),
        })
    }

    /// The first token of the part that the byte at `offset` is in.
    pub fn first_of_part(&self, offset: usize) -> usize {
        let line = self.line_of(offset);
        let part = self.parts.partition_point(|(begin, _)| *begin <= line);
        let begin = part.checked_sub(1).and_then(|at| self.parts.get(at));
        let begin = begin.and_then(|(line, _)| self.lines.get(*line));
        let begin = begin.copied().unwrap_or(0);
        let lexemes = self.lexemes();
        lexemes.partition_point(|lexeme| lexeme.range.start < begin)
    }

    /// What is not closed in one part does not run on into the next.
    fn lexemes_of_parts(&self) -> Vec<Lexeme> {
        let begins = self.parts.iter().map(|(line, _)| *line);
        let ends = begins.clone().skip(1).chain([self.lines.len()]);
        let mut lexemes = Vec::new();
        for (begin, end) in begins.zip(ends) {
            let offset = |line: usize| self.lines.get(line).copied().unwrap_or(self.text.len());
            let part = offset(begin)..offset(end);
            for mut lexeme in span::lex(self.slice(part.clone())) {
                lexeme.range = lexeme.range.start + part.start..lexeme.range.end + part.start;
                lexeme.position = lower(lexeme.position, begin);
                lexemes.push(lexeme);
            }
        }
        lexemes
    }

    /// The number of the line, from 0, that the byte at `offset` is in.
    pub fn line_of(&self, offset: usize) -> usize {
        self.lines
            .partition_point(|&start| start <= offset)
            .saturating_sub(1)
    }

    /// The bytes of the line with that number, from 0, without its line ending.
    pub fn line(&self, number: usize) -> Option<Range<usize>> {
        let start = *self.lines.get(number)?;
        let end = match self.lines.get(number + 1) {
            Some(next) => next.saturating_sub(1),
            None => self.text.len(),
        };
        let line = self.slice(start..end);
        let line = line.strip_suffix('\r').unwrap_or(line);
        Some(start..start + line.len())
    }

    /// The byte that a position stands for: columns count characters from 1, a column past the end is the end of the
    /// line. Nothing when there is no such line.
    pub fn offset(&self, position: Position) -> Option<usize> {
        let line = self.line(position.line()?.checked_sub(1)?)?;
        let column = position.position().unwrap_or(1).saturating_sub(1);
        let within = self.slice(line.clone()).char_indices().nth(column);
        Some(within.map_or(line.end, |(at, _)| line.start + at))
    }
}

/// A position so many lines further down.
fn lower(position: Position, lines: usize) -> Position {
    let line = position.line().map(|line| line + lines);
    match line.and_then(|line| u16::try_from(line).ok()) {
        Some(line) => Position::new(
            line,
            u16::try_from(position.position().unwrap_or(0)).unwrap_or(u16::MAX),
        ),
        None => Position::NONE,
    }
}

/// All the texts of one run.
#[derive(Debug)]
pub struct Sources {
    main: Rc<Source>,
    modules: BTreeMap<String, Rc<Source>>,
    files: RefCell<BTreeMap<String, Option<Rc<Source>>>>,
}

impl Sources {
    /// The main script, under the name that `ast.set_source` gave it.
    pub fn new(name: impl Into<String>, text: impl AsRef<str>) -> Self {
        Self::of(Source::new(name, text))
    }

    /// A main script that is made of parts.
    pub fn of(main: Source) -> Self {
        Self {
            main: Rc::new(main),
            modules: BTreeMap::new(),
            files: RefCell::default(),
        }
    }

    /// Adds a module that is not a file, or whose text is known already, under the name that `ast.set_source` gave it.
    #[must_use]
    pub fn with_module(mut self, name: impl Into<String>, text: impl AsRef<str>) -> Self {
        let name = name.into();
        let source = Rc::new(Source::new(name.clone(), text));
        self.modules.insert(name, source);
        self
    }

    /// The main script.
    pub fn main(&self) -> Rc<Source> {
        Rc::clone(&self.main)
    }

    /// The names of the modules whose texts are known.
    pub fn modules(&self) -> impl Iterator<Item = &str> {
        self.modules.keys().map(String::as_str)
    }

    /// The text with that name: the main script, a module, or a file that is a module (read once, `.rhai` added where
    /// it is missing, looked for beside the main script and then where netsh was started).
    pub fn get(&self, name: &str) -> Option<Rc<Source>> {
        if name.is_empty() || name == self.main.path {
            return Some(self.main());
        }
        if let Some(module) = self.modules.get(name) {
            return Some(Rc::clone(module));
        }
        let mut files = self.files.borrow_mut();
        let file = files
            .entry(name.to_owned())
            .or_insert_with(|| self.read(name));
        file.clone()
    }

    fn read(&self, name: &str) -> Option<Rc<Source>> {
        let beside = Path::new(&self.main.path).parent().unwrap_or(Path::new(""));
        let found = [beside.join(name), PathBuf::from(name)]
            .into_iter()
            .flat_map(|path| [with_suffix(&path), path])
            .find(|path| is_small_file(path))?;
        // A file may hold anything by now: what is not text is shown as replacement characters.
        let bytes = std::fs::read(&found).ok()?;
        let text = String::from_utf8_lossy(&bytes);
        Some(Rc::new(Source::new(found.to_string_lossy(), text)))
    }
}

fn with_suffix(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".rhai");
    PathBuf::from(name)
}

/// A pipe or a device would block or never end, so only plain files are read.
fn is_small_file(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|data| data.is_file() && data.len() <= LARGEST_FILE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_at_either_line_ending() {
        let source = Source::new("x", "ab\r\ncd\n");
        assert_eq!(source.line(0), Some(0..2));
        assert_eq!(source.line(1), Some(4..6));
        assert_eq!(source.line(2), Some(7..7));
        assert_eq!(source.line(3), None);
        assert_eq!(source.line_of(3), 0);
        assert_eq!(source.line_of(4), 1);
    }

    #[test]
    fn parts_have_names_and_lines_of_their_own() {
        let source = Source::of_parts("x", [("input 1", "a\nb\n"), ("input 2", ""), ("f", "c")]);
        assert_eq!(source.text(), "a\nb\n\nc");
        let captions: Vec<_> = (0..5).map(|line| source.caption(line)).collect();
        let wanted = [
            ("input 1", 1),
            ("input 1", 2),
            ("input 2", 1),
            ("f", 1),
            ("f", 2),
        ];
        assert_eq!(captions, wanted);
        assert_eq!(Source::new("y", "a").caption(7), ("y", 8));
        let broken = Source::of_parts("x", [("1", "a \"b"), ("2", "c\nlink /*"), ("3", "d")]);
        let words: Vec<_> = broken
            .lexemes()
            .iter()
            .map(|found| (broken.slice(found.range.clone()), found.position.line()))
            .collect();
        let wanted = [("a", 1), ("\"b\n", 1), ("c", 2), ("link", 3), ("d", 4)];
        assert_eq!(words, wanted.map(|(word, line)| (word, Some(line))));
        let first = |offset| broken.first_of_part(offset);
        assert_eq!([first(0), first(4), first(5), first(15)], [0, 0, 2, 4]);
    }

    #[test]
    fn columns_count_characters_and_stop_at_the_end_of_the_line() {
        let source = Source::new("x", "é日x\nnext");
        assert_eq!(source.offset(Position::new(1, 3)), Some(5));
        assert_eq!(source.offset(Position::new(1, 99)), Some(6));
        assert_eq!(source.offset(Position::new(2, 0)), Some(7));
        assert_eq!(source.offset(Position::new(9, 1)), None);
        assert_eq!(source.offset(Position::NONE), None);
    }

    #[test]
    fn names_find_the_main_script_modules_and_files() {
        let directory = std::env::temp_dir().join(format!("netsh-source-{}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a directory");
        std::fs::write(directory.join("wires.rhai"), "fn a() {}").expect("a file");
        let main = directory.join("lab.rhai").to_string_lossy().into_owned();
        let sources = Sources::new(main.clone(), "1").with_module("topo", "2");
        assert_eq!(sources.get(&main).expect("main").text(), "1");
        assert_eq!(sources.get("").expect("main").text(), "1");
        assert_eq!(sources.get("topo").expect("module").text(), "2");
        assert_eq!(sources.get("wires").expect("file").text(), "fn a() {}");
        assert!(sources.get("nowhere").is_none());
        assert!(sources.get("/dev").is_none());
        std::fs::remove_dir_all(&directory).expect("removed");
    }
}
