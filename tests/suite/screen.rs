//! What a terminal shows: all that was written to it, drawn as a terminal draws it (the crate vt100), and the line that is
//! being typed at a prompt of netsh's.

use std::num::NonZeroU16;

use vt100::{Cell, Parser};

/// The end of a prompt: `sandbox:home> `.
const PROMPT: &str = "> ";

/// A screen.
pub struct Screen(Parser);

/// What is behind the prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The row of its prompt.
    pub row: usize,
    /// What is before the cursor; lines end with `\n`.
    pub typed: String,
    /// What is behind the cursor, without blanks at its end.
    pub rest: String,
    /// Whether all of the rest is dim: a hint, not typed.
    pub hinted: bool,
}

impl Screen {
    /// One of 24 rows and 80 columns.
    pub fn new() -> Screen {
        Screen(Parser::default())
    }

    /// Changes its size.
    pub fn resize(&mut self, rows: u16, columns: u16) {
        if let (Some(rows), Some(columns)) = (NonZeroU16::new(rows), NonZeroU16::new(columns)) {
            self.0.set_size(rows, columns);
        }
    }

    /// Draws what was written.
    pub fn draw(&mut self, bytes: &[u8]) {
        self.0.process(bytes);
    }

    fn cells(&self, row: u16) -> impl Iterator<Item = &Cell> {
        let columns = self.0.screen().size().1.get();
        (0..columns).filter_map(move |column| self.0.screen().cell(row, column))
    }

    /// The rows, without blanks at their ends.
    pub fn rows(&self) -> Vec<String> {
        let screen = self.0.screen();
        let rows = screen.rows(0, screen.size().1.get());
        rows.map(|row| row.trim_end().to_owned()).collect()
    }

    /// All of it.
    pub fn text(&self) -> String {
        self.rows().join("\n").trim_end().to_owned()
    }

    /// The rows that begin with a prompt.
    pub fn prompts(&self) -> Vec<usize> {
        let rows = self.rows().into_iter().enumerate();
        let prompts = rows.filter(|(_, row)| prompt_of(row).is_some());
        prompts.map(|(row, _)| row).collect()
    }

    /// What is behind the last prompt above the cursor.
    pub fn line(&self) -> Option<Line> {
        let (row, column) = self.0.screen().cursor_position();
        // Asked after each key that was answered, so only as much as is needed is looked at.
        let rows = self.rows();
        let above = rows.iter().enumerate().take(usize::from(row) + 1).rev();
        let (first, skipped) = above
            .filter_map(|(at, text)| Some((at, prompt_of(text)?)))
            .next()?;
        let mut typed = String::new();
        for at in u16::try_from(first).ok()?..=row {
            let from = if usize::from(at) == first { skipped } else { 0 };
            let to = if at == row { column.into() } else { usize::MAX };
            let cells = self.cells(at).skip(from).take(to.saturating_sub(from));
            let part = text_of(cells);
            match at == row {
                true => typed += &part,
                // A row that is full goes on in the next one.
                false if !part.ends_with(' ') => typed += &part,
                false => typed += &format!("{}\n", part.trim_end()),
            }
        }
        let behind: Vec<&Cell> = self.cells(row).skip(column.into()).collect();
        let drawn = behind
            .iter()
            .filter(|cell| !cell.contents().trim().is_empty());
        Some(Line {
            row: first,
            typed,
            rest: text_of(behind.iter().copied()).trim_end().to_owned(),
            hinted: drawn.clone().count() > 0 && drawn.clone().all(|cell| cell.dim()),
        })
    }
}

fn text_of<'a>(cells: impl Iterator<Item = &'a Cell>) -> String {
    let drawn = cells.filter(|cell| !cell.is_wide_continuation());
    drawn
        .map(|cell| match cell.contents() {
            "" => " ",
            text => text,
        })
        .collect()
}

/// How many columns a prompt takes, if the row begins with one.
fn prompt_of(row: &str) -> Option<usize> {
    let places = ["sandbox:", "HOST:", "netns "];
    if !places.iter().any(|place| row.starts_with(place)) {
        return None;
    }
    // Blanks at the end of a row are cut off.
    let end = row.find(PROMPT).or_else(|| {
        let bare = row.strip_suffix(PROMPT.trim_end())?;
        Some(bare.len())
    })?;
    Some(end + PROMPT.len())
}
