//! Columns of given widths, drawn for a terminal: wrapping, padding, alignment and the rule under a header.
//!
//! comfy-table draws; here stands how it is asked to. Which columns there are and how wide they may be is decided by `table`.

use comfy_table::{
    Cell, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Row, Table, TableStyle,
    Width,
};
use unicode_width::UnicodeWidthStr;

/// The spaces between two columns.
pub const GAP: usize = 2;

/// Columns of given widths.
pub struct Grid {
    /// Of each column, without the gap that follows it.
    pub widths: Vec<usize>,
    /// Which columns are aligned on their right side.
    pub right: Vec<bool>,
    /// The most lines that a row may take, if there is a limit: what is cut off shows as an ellipsis.
    pub tallest: Option<usize>,
}

impl Grid {
    /// Draws the rows as lines without trailing spaces. Below a header stands a rule.
    pub fn draw<'a>(
        &self,
        header: Option<Vec<&'a str>>,
        rows: impl Iterator<Item = Vec<&'a str>>,
        ascii: bool,
    ) -> Vec<String> {
        let mut table = Table::new();
        table.load_style(TableStyle::new().header_separator(LineStyle::none().fill(rule(ascii))));
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_truncation_indicator(if ascii { "..." } else { "…" });
        if let Some(header) = header {
            table.set_header(self.row(&header));
        }
        for cells in rows {
            let mut row = self.row(&cells);
            if let Some(tallest) = self.tallest {
                row.max_height(tallest);
            }
            table.add_row(row);
        }
        let last = self.widths.len().saturating_sub(1);
        for (place, (column, width)) in table.column_iter_mut().zip(&self.widths).enumerate() {
            let padding = if place == last { 0 } else { GAP };
            let whole = u16::try_from(width + padding).unwrap_or(u16::MAX);
            column.set_padding((0, u16::try_from(padding).unwrap_or(0)));
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(whole)));
            if self.right.get(place) == Some(&true) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let lines = table.lines();
        lines.map(|line| line.trim_end().to_owned()).collect()
    }

    fn row(&self, cells: &[&str]) -> Row {
        cells
            .iter()
            .zip(&self.widths)
            .map(|(text, width)| Cell::new(break_long_words(text, *width)))
            .collect::<Vec<Cell>>()
            .into()
    }
}

/// What the line under a header is made of.
pub fn rule(ascii: bool) -> char {
    if ascii { '-' } else { '─' }
}

/// Puts spaces into words wider than `width`, where a line may end: after punctuation in the second half of the line
/// (an IPv6 address breaks at a colon), else where the line is full. The library would break at any place, and takes
/// time that grows with the square of the word's length.
fn break_long_words(text: &str, width: usize) -> String {
    let mut broken = String::with_capacity(text.len());
    for word in text.split_inclusive([' ', '\n']) {
        let mut rest = word.trim_end_matches([' ', '\n']);
        let end = word.strip_prefix(rest).unwrap_or_default();
        while let Some((piece, after)) = split_at_break(rest, width) {
            broken.push_str(piece);
            broken.push(' ');
            rest = after;
        }
        broken.push_str(rest);
        broken.push_str(end);
    }
    broken
}

/// `None` where the word fits.
fn split_at_break(word: &str, width: usize) -> Option<(&str, &str)> {
    /// Fewer characters are not left alone on a line: the prefix stays with its address.
    const TAIL: usize = 4;
    let (full, rest) = split_at_width(word, width);
    if full.is_empty() || rest.is_empty() {
        return None;
    }
    full.char_indices()
        .rev()
        .filter(|(_, character)| character.is_ascii_punctuation())
        .filter_map(|(place, character)| word.split_at_checked(place + character.len_utf8()))
        .find(|(_, rest)| rest.chars().nth(TAIL - 1).is_some())
        // Pieces longer than half a line can't meet on one line, with a space between them that isn't theirs.
        .filter(|(piece, _)| piece.width() > width / 2)
        .or(Some((full, rest)))
}

/// Splits where the first part is as wide as can be without being wider than `width`.
pub fn split_at_width(text: &str, width: usize) -> (&str, &str) {
    let mut end = 0;
    for (place, character) in text.char_indices() {
        let next = place + character.len_utf8();
        match text.get(..next) {
            Some(part) if part.width() <= width => end = next,
            _ => break,
        }
    }
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_word_breaks_after_punctuation_or_where_the_line_is_full() {
        let broken = |text| break_long_words(text, 24);
        assert_eq!(
            broken("192.168.4.2/24, fe80::58d1:b7ff:feb0:af8a/64"),
            "192.168.4.2/24, fe80::58d1:b7ff:feb0: af8a/64"
        );
        assert_eq!(
            broken("fe80::a5:d5ff:fec5:62a0/64 x"),
            "fe80::a5:d5ff:fec5: 62a0/64 x"
        );
        assert_eq!(break_long_words("a.bcdefghij", 4), "a.bc defg hij");
        assert_eq!(break_long_words("漢字漢字", 3), "漢 字 漢 字");
    }

    #[test]
    fn a_tall_row_is_cut_with_an_ellipsis() {
        let grid = |ascii| {
            let grid = Grid {
                widths: vec![4],
                right: vec![false],
                tallest: Some(2),
            };
            grid.draw(None, std::iter::once(vec!["one two six"]), ascii)
        };
        assert_eq!(grid(false), ["one", "two…"]);
        assert_eq!(grid(true), ["one", "t..."]);
    }

    #[test]
    fn a_word_of_a_megabyte_is_wrapped_in_linear_time() {
        let grid = Grid {
            widths: vec![40],
            right: vec![false],
            tallest: None,
        };
        let word = "x".repeat(1_000_000);
        let lines = grid.draw(None, std::iter::once(vec![word.as_str()]), false);
        assert_eq!(lines.len(), 25_000);
    }
}
