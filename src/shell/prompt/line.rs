//! The line editor and its history: rustyline, with what netsh knows of its own language.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;

use rhai::Engine;
use rustyline::completion::{self, Completer};
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::{Hint, Hinter, HistoryHinter};
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{ColorMode, CompletionType, Config, Context, Editor, Helper};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::catalog::Catalog;
use crate::lab::{Lab, sandbox};
use crate::script::session::Session;
use crate::shell::screen;

use super::around::Around;
use super::complete::surroundings::Surroundings;
use super::complete::{Candidate, Completion, complete};
use super::highlight::{Known, highlight};
use super::hint::Hints;
use super::history;
use super::suspend::Suspension;
use super::unfinished::is_unfinished;

/// How many inputs are remembered.
const REMEMBERED: usize = 10_000;

/// A line with more bytes has neither colours nor hints: they would cost at every key.
const LONGEST: usize = 4096;

/// So many candidates can be listed. rustyline counts them in 16 bits, and panics if they are more.
const MOST_CANDIDATES: usize = 10_000;

/// How many columns the words before an input take, more or less.
const PROMPT: usize = 14;

/// What came from the terminal.
pub enum Read {
    /// An input.
    Input(String),
    /// Nothing to do: Ctrl-C.
    Nothing,
    /// Bytes that are no text, with which the editor lets go of the line.
    NoText,
    /// The end: Ctrl-D, or the terminal is gone.
    End,
    /// The terminal can't be read; why.
    Failed(String),
}

/// A line editor.
pub struct Line {
    editor: Editor<Knowledge, FileHistory>,
    suspension: Suspension,
    /// Where the history is kept, if there is a place for it.
    history: Option<PathBuf>,
}

impl Line {
    /// An editor that knows what there is in `lab` and `session`, and what there is to tell of its history.
    pub fn new(
        lab: Rc<Lab>,
        session: Rc<RefCell<Session>>,
    ) -> Result<(Self, Option<String>), String> {
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
        editor.set_helper(Some(Knowledge::new(lab, session)));
        let suspension = Suspension::of_keys(&mut editor);
        let history = history::place();
        let note = history
            .as_ref()
            .and_then(|file| history::load(&mut editor, file));
        let line = Line {
            editor,
            suspension,
            history,
        };
        Ok((line, note))
    }

    /// Reads one input.
    pub fn read(&mut self, plain: &str, styled: &str) -> Read {
        if let Some(knowledge) = self.editor.helper_mut() {
            knowledge.look();
        }
        self.suspension.take();
        let mut read = self.editor.readline(&(plain, styled));
        while matches!(read, Err(ReadlineError::Interrupted))
            && let Some((left, right)) = self.suspension.take()
        {
            sandbox::stop();
            let again = (left.as_str(), right.as_str());
            read = self.editor.readline_with_initial(&(plain, styled), again);
        }
        match read {
            Ok(input) => {
                self.remember(&input);
                Read::Input(input)
            }
            Err(ReadlineError::Interrupted) => Read::Nothing,
            Err(ReadlineError::Eof) => Read::End,
            Err(ReadlineError::Io(error)) if error.kind() == std::io::ErrorKind::InvalidData => {
                Read::NoText
            }
            Err(ReadlineError::Signal(_)) => Read::Nothing,
            Err(error) => Read::Failed(format!("cannot read the terminal: {error}")),
        }
    }

    fn remember(&mut self, input: &str) {
        if !history::may_keep(input) || !self.editor.add_history_entry(input).unwrap_or(false) {
            return;
        }
        if let Some(file) = &self.history {
            // At once, for a session may end in any way. Where it can't be written it is only not remembered.
            let _ = self.editor.append_history(file);
        }
    }
}

/// What the editor asks while a line is typed.
struct Knowledge {
    catalog: &'static Catalog,
    around: Around,
    known: Known,
    history: HistoryHinter,
    /// Whether the line is drawn for the last time: brackets are marked for whoever types.
    taken: Cell<bool>,
}

impl Knowledge {
    fn new(lab: Rc<Lab>, session: Rc<RefCell<Session>>) -> Self {
        let catalog = crate::script::catalog();
        let functions = rhai_functions(session.borrow().engine());
        Knowledge {
            known: Known::new(catalog, functions),
            catalog,
            around: Around::new(lab, session),
            history: HistoryHinter::new(),
            taken: Cell::new(false),
        }
    }

    /// Looks at what the session has by now.
    fn look(&mut self) {
        let variables = self.around.variables().into_iter().map(|one| one.name);
        let functions = self.around.functions().into_iter().map(|one| one.name);
        self.known.define(variables.chain(functions));
    }

    /// How many columns are left behind a text.
    fn room_behind(&self, text: &str) -> usize {
        let width = screen::layout().width.unwrap_or(80);
        let last = text.rsplit('\n').next().unwrap_or(text);
        let used = (PROMPT + last.width()) % width.max(1);
        width.saturating_sub(used + 1)
    }
}

/// Cuts a line so that it takes no more than so many columns.
fn cut(line: &mut String, width: usize) {
    let mut used = 0;
    let end = line.char_indices().find(|(_, c)| {
        used += c.width().unwrap_or(0);
        used > width
    });
    if let Some((end, _)) = end {
        line.truncate(end);
    }
}

/// The names of Rhai's own functions, for colours.
fn rhai_functions(engine: &Engine) -> Vec<String> {
    engine.collect_fn_metadata(None, |found| Some(found.metadata.name.to_string()), true)
}

impl Helper for Knowledge {}

impl completion::Candidate for Candidate {
    fn display(&self) -> &str {
        &self.display
    }

    fn replacement(&self) -> &str {
        &self.replacement
    }
}

impl Completer for Knowledge {
    type Candidate = Candidate;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Candidate>)> {
        let completion = complete(line, position, self.catalog, &self.around);
        let typed = line.get(completion.start..position).unwrap_or_default();
        let Completion {
            start,
            mut candidates,
        } = completion.of_at_most(MOST_CANDIDATES, typed);
        let width = screen::layout().width.unwrap_or(80);
        for candidate in &mut candidates {
            cut(&mut candidate.display, width.saturating_sub(1));
        }
        Ok((start, candidates))
    }
}

/// What is shown behind the cursor.
enum Behind {
    /// What is still to be typed of a call: to be read only.
    Signature(String),
    /// The rest of an input of before, which the right arrow takes over.
    History(String),
}

impl Hint for Behind {
    fn display(&self) -> &str {
        match self {
            Behind::Signature(text) | Behind::History(text) => text,
        }
    }

    fn completion(&self) -> Option<&str> {
        match self {
            Behind::Signature(_) => None,
            Behind::History(text) => Some(text),
        }
    }
}

impl Hinter for Knowledge {
    type Hint = Behind;

    fn hint(&self, line: &str, position: usize, context: &Context<'_>) -> Option<Behind> {
        // Where nothing can be dim, a hint would be taken for what is typed.
        if !screen::output_has_colour()
            || position < line.len()
            || line.is_empty()
            || line.len() > LONGEST
        {
            return None;
        }
        let functions = self.around.functions();
        let hints = Hints {
            catalog: self.catalog,
            functions: &functions,
        };
        let signature = hints.hint(line, self.room_behind(line));
        signature.map(Behind::Signature).or_else(|| {
            let rest = self.history.hint(line, position, context)?;
            history::may_keep(&rest).then_some(Behind::History(rest))
        })
    }
}

impl Highlighter for Knowledge {
    fn highlight<'l>(&self, line: &'l str, position: usize) -> Cow<'l, str> {
        let position = if self.taken.get() {
            usize::MAX
        } else {
            position
        };
        highlight(line, position, &self.known)
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(format!("\u{1b}[2m{hint}\u{1b}[0m"))
    }

    fn highlight_char(&self, line: &str, _: usize, kind: CmdKind) -> bool {
        self.taken.set(kind == CmdKind::ForcedRefresh);
        // A longer line is not drawn anew for every key.
        line.len() <= LONGEST
    }
}

impl Validator for Knowledge {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(match is_unfinished(context.input()) {
            true => ValidationResult::Incomplete,
            false => ValidationResult::Valid(None),
        })
    }
}
