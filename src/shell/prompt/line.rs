//! The line editor and its history: rustyline, with what netsh knows of its own language.

use std::cell::RefCell;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::rc::Rc;

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::Validator;
use rustyline::{ColorMode, CompletionType, Config, Editor, Helper};

use crate::lab::Lab;
use crate::script::session::Session;
use crate::shell::screen;

/// How many inputs are remembered.
const REMEMBERED: usize = 10_000;

/// What came from the terminal.
pub enum Read {
    /// An input.
    Input(String),
    /// Nothing to do: Ctrl-C, or bytes that are no text.
    Nothing,
    /// The end: Ctrl-D, or the terminal is gone.
    End,
    /// The terminal can't be read; why.
    Failed(String),
}

/// A line editor.
pub struct Line {
    editor: Editor<Knowledge, FileHistory>,
    /// Where the history is kept, if there is a place for it.
    history: Option<PathBuf>,
}

impl Line {
    /// An editor that knows what there is in `lab` and `session`.
    pub fn new(lab: Rc<Lab>, session: Rc<RefCell<Session>>) -> Result<Self, String> {
        let config = Config::builder()
            .max_history_size(REMEMBERED)
            .and_then(|config| config.history_ignore_dups(true))
            .map_err(|error| error.to_string())?
            .history_ignore_space(true)
            .completion_type(CompletionType::List)
            .completion_prompt_limit(200)
            .color_mode(match screen::output_has_colour() {
                true => ColorMode::Enabled,
                false => ColorMode::Disabled,
            })
            .build();
        let mut editor = Editor::with_config(config).map_err(|error| error.to_string())?;
        editor.set_helper(Some(Knowledge { lab, session }));
        let history = place_of_history();
        if let Some(file) = &history {
            // There is none yet, or it is damaged: then it begins anew.
            let _ = editor.load_history(file);
        }
        Ok(Line { editor, history })
    }

    /// Reads one input.
    pub fn read(&mut self, plain: &str, styled: &str) -> Read {
        match self.editor.readline(&(plain, styled)) {
            Ok(input) => {
                self.remember(&input);
                Read::Input(input)
            }
            Err(ReadlineError::Interrupted) => Read::Nothing,
            Err(ReadlineError::Eof) => Read::End,
            Err(ReadlineError::Io(error)) if error.kind() == std::io::ErrorKind::InvalidData => {
                Read::Nothing
            }
            Err(ReadlineError::Signal(_)) => Read::Nothing,
            Err(error) => Read::Failed(format!("cannot read the terminal: {error}")),
        }
    }

    fn remember(&mut self, input: &str) {
        if input.trim().is_empty() || !self.editor.add_history_entry(input).unwrap_or(false) {
            return;
        }
        if let Some(file) = &self.history {
            // At once, for a session may end in any way. Where it can't be written it is only not remembered.
            let _ = self.editor.append_history(file);
        }
    }
}

/// `$XDG_STATE_HOME/netsh/history`, by the XDG Base Directory Specification; its folder is made.
fn place_of_history() -> Option<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let state = state.filter(|path| path.is_absolute()).or_else(|| {
        let home = std::env::var_os("HOME").map(PathBuf::from);
        let home = home.filter(|path| path.is_absolute())?;
        Some(home.join(".local/state"))
    })?;
    let folder = state.join("netsh");
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder.create(&folder).ok()?;
    Some(folder.join("history"))
}

/// What the editor asks while a line is typed.
#[allow(dead_code)]
struct Knowledge {
    lab: Rc<Lab>,
    session: Rc<RefCell<Session>>,
}

impl Helper for Knowledge {}

impl Completer for Knowledge {
    type Candidate = String;
}

impl Hinter for Knowledge {
    type Hint = String;
}

impl Highlighter for Knowledge {}

impl Validator for Knowledge {}
