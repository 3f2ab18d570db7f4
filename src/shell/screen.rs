//! What the lab says, on the terminal or into a pipe: text and tables to standard output, diagnostics to standard error.

use std::cell::{Cell, OnceCell};
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;

use serde_json::Value;

use crate::kernel::netlink::Direction;
use crate::lab::screen::Screen;
use crate::packet::netlink;
use crate::picture::Drawing;

use super::markdown::{self, Paper};
use super::progress::Progress;
use super::report::Style;
use super::table::{self, Layout};

/// How wide a report is where no terminal says so.
const PIPED_WIDTH: usize = 120;

/// How wide a page of the manual is there, as man(1) has it.
const PIPED_PAGE_WIDTH: usize = 80;

/// The standard streams.
pub struct Terminal {
    json: bool,
    quiet: bool,
    /// Netlink trees are comments when what goes to standard error is to be a shell script.
    netlink_as_comments: bool,
    closed: Cell<bool>,
    /// Whether a verb has told what it does since the last time that this was asked.
    told: Cell<bool>,
    fault: OnceCell<io::Error>,
    progress: OnceCell<Progress>,
}

impl Terminal {
    /// `json`: values as JSON lines, and nothing else on standard output. `quiet`: no lines of verbs.
    pub fn new(json: bool, quiet: bool, show_commands: bool) -> Self {
        Terminal {
            json,
            quiet,
            netlink_as_comments: show_commands,
            closed: Cell::new(false),
            told: Cell::new(false),
            fault: OnceCell::new(),
            progress: OnceCell::new(),
        }
    }

    fn write(&self, text: &str) {
        if self.closed.get() {
            return;
        }
        let written = self.making_way(|| {
            let mut out = io::stdout().lock();
            out.write_all(text.as_bytes()).and_then(|()| out.flush())
        });
        if let Err(error) = written {
            self.closed.set(true);
            // A reader that went away (`| head -1`) is no error; a full disk is.
            if error.kind() != io::ErrorKind::BrokenPipe {
                let _ = self.fault.set(error);
            }
        }
    }

    /// Writes to standard error.
    pub fn diagnose(&self, text: &str) {
        // Diagnostics that nobody takes are lost, and nothing more.
        self.making_way(|| drop(io::stderr().lock().write_all(text.as_bytes())));
    }

    /// From now on what takes long shows that it is alive, if standard error is a terminal that can take a line back.
    pub fn show_progress(&self) {
        let capable = std::env::var_os("TERM").is_some_and(|term| term != "dumb");
        if capable
            && io::stderr().is_terminal()
            && let Some(progress) = Progress::new()
        {
            let _ = self.progress.set(progress);
        }
    }

    /// Runs what may take long.
    pub fn at_work<T>(&self, work: impl FnOnce() -> T) -> T {
        let progress = self.progress.get();
        progress.iter().for_each(|progress| progress.begin());
        let done = work();
        progress.iter().for_each(|progress| progress.end());
        done
    }

    fn making_way<T>(&self, write: impl FnOnce() -> T) -> T {
        match self.progress.get() {
            Some(progress) => progress.make_way(write),
            None => write(),
        }
    }

    /// Whether a verb has told what it does since the last time that this was asked.
    pub fn take_told(&self) -> bool {
        self.told.take()
    }

    /// Why standard output took no more, unless that was its reader's wish.
    pub fn fault(&self) -> Option<&io::Error> {
        self.fault.get()
    }

    /// The same, of a terminal that has nothing more to write.
    pub fn into_fault(self) -> Option<io::Error> {
        self.fault.into_inner()
    }
}

impl Screen for Terminal {
    fn print(&self, text: &str) {
        if self.json {
            self.note(text);
        } else {
            self.write(&format!("{text}\n"));
        }
    }

    fn live(&self, text: &str) {
        if !self.quiet && !self.json {
            self.told.set(true);
            self.write(&format!("{text}\n"));
        }
    }

    fn mark(&self, signs: &str) {
        if !self.quiet && !self.json && io::stdout().is_terminal() {
            self.told.set(true);
            self.write(signs);
        }
    }

    fn show(&self, value: &Value) {
        let text = if self.json {
            format!("{}\n", json_line(value))
        } else {
            table::render(value, &layout())
        };
        self.write(&text);
    }

    fn shows_data(&self) -> bool {
        self.json
    }

    fn draw(&self, drawing: &dyn Drawing, value: &Value) {
        if self.json {
            return self.show(value);
        }
        let layout = layout();
        self.write(&drawing.text(layout.ascii, layout.width));
    }

    fn manual(&self, markdown: &str) {
        if self.json {
            let text = markdown::draw(markdown, paper(io::stderr()));
            self.diagnose(&text);
        } else {
            self.write(&markdown::draw(markdown, paper(io::stdout())));
        }
    }

    fn command(&self, line: &str) {
        self.note(line);
    }

    fn netlink(&self, protocol: isize, direction: Direction, bytes: &[u8]) {
        let arrow = match direction {
            Direction::Sent => ">>> sent",
            Direction::Received => "<<< received",
        };
        let tree = netlink::text(&netlink::decode(protocol, bytes));
        for line in std::iter::once(arrow).chain(tree.lines()) {
            if self.netlink_as_comments {
                self.note(&format!("# {line}"));
            } else {
                self.note(line);
            }
        }
    }

    fn note(&self, text: &str) {
        self.diagnose(&format!("{text}\n"));
    }

    fn hint(&self, text: &str) {
        if io::stdout().is_terminal() {
            self.live(text);
        }
    }

    fn doing(&self, words: &str) {
        if let Some(progress) = self.progress.get() {
            progress.doing(words);
        }
    }

    fn lend(&self, lent: bool) {
        if let Some(progress) = self.progress.get() {
            progress.lend(lent);
        }
    }

    fn is_closed(&self) -> bool {
        self.closed.get()
    }
}

/// A value as a line of JSON. JSON itself only forbids control characters below the space; the others (DEL and U+0080 to
/// U+009F) steer terminals too. They can only be in strings, where they may be spelled out.
fn json_line(value: &Value) -> String {
    let mut line = String::new();
    for c in value.to_string().chars() {
        if c.is_control() {
            line += &format!("\\u{:04x}", u32::from(c));
        } else {
            line.push(c);
        }
    }
    line
}

/// How much room there is, and what the terminal can do.
pub fn layout() -> Layout {
    layout_of(io::stdout())
}

/// The same for a table on standard error.
pub fn report_layout() -> Layout {
    layout_of(io::stderr())
}

fn layout_of(stream: impl AsFd + IsTerminal) -> Layout {
    let width = width_of(stream.is_terminal(), stream);
    Layout {
        width,
        colour: width.is_some() && wants_colour(),
        ascii: is_plain(),
    }
}

/// How wide standard error is.
pub fn width_of_errors() -> usize {
    width_of(io::stderr().is_terminal(), io::stderr()).unwrap_or(PIPED_WIDTH)
}

/// How a page of the manual may look there.
pub fn paper(stream: impl AsFd + IsTerminal) -> Paper {
    let layout = layout_of(stream);
    Paper {
        colour: layout.colour,
        width: layout.width.unwrap_or(PIPED_PAGE_WIDTH),
    }
}

/// How an error report on standard error may look.
pub fn report_style() -> Style {
    let terminal = io::stderr().is_terminal();
    Style {
        colour: terminal && wants_colour(),
        width: width_of_errors(),
        ascii: is_plain(),
    }
}

fn width_of(terminal: bool, stream: impl AsFd) -> Option<usize> {
    let width = || terminal_size::terminal_size_of(stream).map_or(80, |(width, _)| width.0.into());
    terminal.then(width)
}

/// The conventions of no-color.org and of terminals that can't.
pub fn wants_colour() -> bool {
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !no_colour && !is_dumb()
}

/// Whether what is drawn on standard output may have colours.
pub fn output_has_colour() -> bool {
    io::stdout().is_terminal() && wants_colour()
}

/// Whether what is drawn is to be ASCII: the locale has no other letters, or the terminal says that it can do nothing but text.
pub fn is_plain() -> bool {
    is_dumb() || !speaks_utf8()
}

fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// Whether the locale says that the terminal takes UTF-8 (setlocale(3): the first of these that is set counts).
pub fn speaks_utf8() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty());
    locale.is_some_and(|locale| {
        let locale = locale.to_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}
