//! The prompt: reads inputs from a terminal, runs them in a session, shows what they give.
//!
//! | file | what it is |
//! |---|---|
//! | [`command`], [`order`] | what begins with a colon or an exclamation mark |
//! | [`complete`] | what can stand at the cursor |
//! | [`hint`] | what is still to be typed of a call |
//! | [`highlight`] | colours |
//! | [`unfinished`] | whether an input goes on in the next line |
//! | [`reading`] | what the end of a text stands in |
//! | [`around`] | what there is around the prompt |
//! | `line`, `history` | the line editor, and the inputs of former sessions |
//! | `statements` | where the statements of a text end |
//! | `saved` | a session as a script |
//! | `suspend` | Ctrl-Z while a line is typed |

pub mod around;
pub mod command;
pub mod complete;
pub mod highlight;
pub mod hint;
mod history;
mod line;
pub mod order;
pub mod reading;
mod saved;
mod statements;
mod suspend;
pub mod unfinished;

use std::cell::RefCell;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::rc::Rc;
use std::time::Instant;

use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};
use rhai::Dynamic;

use crate::catalog::translate::line::quoted;
use crate::kernel::program;
use crate::lab::failure::printable;
use crate::lab::screen::Screen;
use crate::lab::{Lab, interrupt, memory, sandbox};
use crate::script::call::RhaiResultOf;
use crate::script::modules::INCLUDED;
use crate::script::run::text_of_plain_file;
use crate::script::screen::show_on;
use crate::script::session::{self, Session};
use crate::script::value::{can_be_shown, too_large_to_show};

use super::report::report;
use super::screen::{self, Terminal};
use super::source::{Source, Sources};
use command::Command;
use line::{Line, Read};

/// Where the prompt works, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A network of our own.
    Sandbox,
    /// The network that netsh was started in.
    Host,
    /// The namespace of this name on the host.
    Netns(String),
}

/// What a person is told first.
const GREETING: &str =
    "help() tells about the verbs, :help about the prompt. Tab completes, Ctrl-D ends.";

/// A prompt on a terminal.
pub struct Prompt {
    lab: Rc<Lab>,
    terminal: Rc<Terminal>,
    place: Place,
    session: Rc<RefCell<Session>>,
    line: Line,
    /// The terminal's modes as they were: what a program leaves behind when it is killed is not for the next input.
    modes: Option<Termios>,
}

/// Whether to go on, and if not, with which exit status netsh ends.
enum Next {
    GoOn,
    End(u8),
}

impl Prompt {
    /// A prompt with an empty session.
    pub fn new(lab: Rc<Lab>, terminal: Rc<Terminal>, place: Place) -> Result<Self, String> {
        let session = Rc::new(RefCell::new(Session::new(lab.clone())));
        let (line, note) = Line::new(lab.clone(), session.clone())?;
        note.iter().for_each(|note| terminal.note(note));
        Ok(Prompt {
            lab,
            terminal,
            place,
            session,
            line,
            modes: tcgetattr(std::io::stdin()).ok(),
        })
    }

    /// Reads and runs until the user leaves. Returns the exit status.
    pub fn run(mut self) -> u8 {
        self.greet();
        self.terminal.show_progress();
        loop {
            if let Some(modes) = &self.modes {
                let _ = tcsetattr(std::io::stdin(), SetArg::TCSANOW, modes);
            }
            let (plain, styled) = self.words();
            // A Ctrl-C of before. One that comes while a line is typed is the editor's; one right after it is meant for what
            // is to run.
            interrupt::take();
            let next = match self.line.read(&plain, &styled) {
                Read::Input(input) => self.perform(&input),
                Read::Nothing => Next::GoOn,
                Read::NoText => {
                    let words = "netsh: a byte that is no UTF-8 text came; the line is lost";
                    self.terminal.note(words);
                    Next::GoOn
                }
                Read::End => Next::End(self.lab.exit_status()),
                Read::Failed(words) => {
                    self.terminal.note(&format!("netsh: {words}"));
                    Next::End(1)
                }
            };
            if let Next::End(status) = next {
                return status;
            }
            if self.terminal.is_closed() {
                return 0;
            }
        }
    }

    fn greet(&self) {
        let place = match &self.place {
            Place::Sandbox => "a network of your own, gone when you leave".into(),
            Place::Host => "THE HOST'S OWN NETWORK: what you change here stays changed".into(),
            Place::Netns(name) => format!("network namespace {name} of this host"),
        };
        let version = env!("CARGO_PKG_VERSION");
        self.terminal
            .note(&format!("netsh {version}, {place}.\n{GREETING}"));
    }

    /// The words before the cursor: where we are, and on whose network.
    fn words(&self) -> (String, String) {
        let netns = printable(self.lab.current().name());
        let (kind, colour) = match &self.place {
            Place::Sandbox => ("sandbox".to_string(), "32"),
            Place::Host => ("HOST".to_string(), "1;37;41"),
            Place::Netns(name) => (format!("netns {}", printable(name)), "1;33"),
        };
        let plain = format!("{kind}:{netns}> ");
        let styled = format!("\u{1b}[{colour}m{kind}\u{1b}[0m:\u{1b}[1m{netns}\u{1b}[0m> ");
        (plain, styled)
    }

    fn perform(&mut self, input: &str) -> Next {
        match Command::read(input) {
            None => self.evaluate(input),
            Some(Ok(command)) => self.obey(command),
            Some(Err(words)) => {
                self.terminal.note(&printable(&format!("error: {words}")));
                Next::GoOn
            }
        }
    }

    fn evaluate(&mut self, text: &str) -> Next {
        let text = match text.trim() {
            "" => return Next::GoOn,
            // As everybody writes them.
            "help" | "?" => "help()",
            "exit" | "quit" => return Next::End(self.lab.exit_status()),
            _ => text,
        };
        self.told_before();
        let session = &self.session;
        let result = self.terminal.at_work(|| session.borrow_mut().run(text));
        let silent = statements::is_ended(text) || self.terminal.take_told();
        self.finish(result, silent)
    }

    fn told_before(&self) {
        self.terminal.take_told();
        memory::grant();
    }

    /// Shows what came of an input.
    fn finish(&self, result: RhaiResultOf<Dynamic>, silent: bool) -> Next {
        interrupt::take();
        match result {
            _ if self.lab.is_to_end() => Next::End(self.lab.exit_status()),
            Ok(value) => {
                if !silent && !value.is_unit() {
                    self.show(&value);
                }
                Next::GoOn
            }
            Err(error) => {
                let session = self.session.borrow();
                let inputs = session.placed_inputs().iter();
                let parts = inputs.map(|input| (input.title.as_str(), input.text.as_str()));
                let mut sources = Sources::of(Source::of_parts(session::NAME, parts));
                for module in INCLUDED {
                    sources = sources.with_module(module.path, module.text);
                }
                let catalog = crate::script::catalog();
                let report = report(&error, &sources, catalog, screen::report_style());
                self.terminal.diagnose(&report);
                if memory::is_full() {
                    let words = "the variables hold more than a script may; x = () lets go of x";
                    self.terminal.note(words);
                }
                Next::GoOn
            }
        }
    }

    fn show(&self, value: &Dynamic) {
        if can_be_shown(value) {
            show_on(&*self.terminal, value);
            self.session.borrow_mut().mark_shown();
        } else {
            self.terminal.note(&too_large_to_show());
        }
    }

    fn obey(&mut self, command: Command) -> Next {
        match command {
            Command::Help => self.terminal.print(&command::help()),
            Command::Quit => return Next::End(self.lab.exit_status()),
            Command::Enter(name) => {
                let name = quoted(&name);
                return self.evaluate(&format!("netns_enter({name});"));
            }
            Command::Leave => return self.evaluate("netns_leave();"),
            Command::Save(file) => self.save(Path::new(&file)),
            Command::Load(file) => return self.load(Path::new(&file)),
            Command::Time(text) => return self.time(&text),
            Command::Commands(on) => {
                let on = on.unwrap_or(self.lab.settings().show_commands);
                self.lab.show_commands(on);
                self.say_whether("commands", on);
            }
            Command::Netlink(on) => {
                let on = on.unwrap_or(self.lab.settings().show_netlink);
                self.lab.show_netlink(on);
                self.say_whether("netlink messages", on);
            }
            Command::Program(line) => self.program(&line),
        }
        Next::GoOn
    }

    fn say_whether(&self, what: &str, on: bool) {
        let how = if on { "are shown" } else { "are not shown" };
        self.terminal.note(&format!("{what} {how}"));
    }

    fn save(&self, file: &Path) {
        let session = self.session.borrow();
        let words = match saved::script(&session).and_then(|text| write_new(file, &text)) {
            Ok(()) => format!("saved as {}", printable(&file.display().to_string())),
            Err(words) => format!("error: {words}"),
        };
        self.terminal.note(&words);
    }

    fn load(&mut self, file: &Path) -> Next {
        let text = match text_of_plain_file(file) {
            Ok(text) => text,
            Err(words) => {
                self.terminal.note(&format!("error: {words}"));
                return Next::GoOn;
            }
        };
        self.told_before();
        let session = &self.session;
        let load = || session.borrow_mut().load(file, &text);
        let result = self.terminal.at_work(load);
        self.finish(result, true)
    }

    fn time(&mut self, text: &str) -> Next {
        let start = Instant::now();
        let next = self.perform(text);
        let took = start.elapsed();
        self.terminal.note(&format!("it took {took:.1?}"));
        next
    }

    /// Runs a program as a shell does: the terminal is its own, and Ctrl-C its business.
    fn program(&mut self, line: &str) {
        self.lab.settle();
        self.lab.show_shell(line);
        let namespace = self.lab.current().namespace();
        let status = namespace.and_then(|namespace| program::stream(&namespace, line, &|| false));
        sandbox::take_terminal_back();
        interrupt::take();
        match status {
            // A shell that somebody typed in is nothing to be done again.
            Ok(0) if is_a_shell(line) => {}
            Ok(0) => {
                let text = format!("sh({});", quoted(line));
                self.session.borrow_mut().record(&text);
            }
            Ok(status) => self.terminal.note(&format!("exit status {status}")),
            Err(error) => self
                .terminal
                .note(&format!("error: cannot run it: {error}")),
        }
    }
}

/// Whether a command is a shell and no more.
fn is_a_shell(line: &str) -> bool {
    let program = line.rsplit('/').next().unwrap_or(line);
    ["sh", "bash", "dash", "fish", "ksh", "zsh"].contains(&program.trim_end_matches(" -i"))
}

/// Writes a script that there was not: what is there may be somebody's work.
fn write_new(file: &Path, text: &str) -> Result<(), String> {
    let name = printable(&file.display().to_string());
    let new = std::fs::File::options()
        .write(true)
        .create_new(true)
        .mode(0o777)
        .open(file);
    let written = new.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            format!("there is a file {name} already; save under another name")
        }
        _ => format!("cannot write {name}: {error}"),
    })
}
