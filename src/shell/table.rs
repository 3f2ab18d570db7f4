//! Values drawn for people: the work behind `show(value)`.
//!
//! `render` decides what a value is (a scalar, a list of maps, a map, another list) and draws it for a terminal, sized to its width;
//! for a pipe it hands over to `plain`. The words of a cell are the business of `cell`, the choice and order of columns that of
//! `columns`, the drawing of columns that of `grid`. Whether the output is a terminal, how wide it is and whether it may be coloured is decided by the caller.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use unicode_width::UnicodeWidthStr;

use super::cell::{self, Reader};
use super::columns::{self, Heading, Plan};
use super::grid::{GAP, Grid, rule, split_at_width};
use super::plain;

/// What a value is drawn on.
#[derive(Debug, Clone, Default)]
pub struct Layout {
    /// The columns of the terminal. `None`: not a terminal, no limit.
    pub width: Option<usize>,
    /// Whether the terminal shows colours. Without a width it is not looked at.
    pub colour: bool,
    /// Whether the terminal shows ASCII only. Without a width it is not looked at.
    pub ascii: bool,
}

/// A terminal narrower than this is drawn on as if it were this wide.
const NARROWEST: usize = 12;
/// No terminal is wider than this.
const WIDEST: usize = 4096;
/// A longer word may be broken, so that it can't keep other columns out. A MAC and an IPv4 address with its prefix stay whole.
const UNBROKEN_WORD: usize = 24;
/// A column of longer texts does not become narrower than this.
const READABLE: usize = 12;
/// The most lines that one row of a list may take.
const TALLEST_ROW: usize = 8;
/// A nested list or map stands as a block under its key only where the block would be this wide.
const NARROWEST_BLOCK: usize = 20;
/// Blocks do not stand deeper in each other than this.
const DEEPEST_BLOCK: usize = 8;
/// Maps of at most this many scalars stand beside their key, where there is room.
const SHORT_MAP: usize = 4;

/// Draws a value. The text ends with a newline.
///
/// Scalars, and the scalars of a list, are written as they are on any layout: the terminal wraps them, so that they can be copied.
pub fn render(value: &Value, layout: &Layout) -> String {
    let lines = match layout.width {
        Some(width) => {
            let canvas = Canvas {
                width: width.clamp(NARROWEST, WIDEST),
                colour: layout.colour,
                ascii: layout.ascii,
                depth: 0,
            };
            match Kind::of(value) {
                Kind::Maps(rows, keys) => canvas.list(&rows, &columns::for_list(&rows, &keys)),
                Kind::Map(map) => canvas.map(map),
                Kind::Items(items) => written(items, canvas.reader(canvas.width)),
                Kind::Nothing => vec!["(none)".to_owned()],
                Kind::Scalar => scalar(value, layout.ascii),
            }
        }
        None => match Kind::of(value) {
            Kind::Maps(rows, keys) => plain::list(&rows, &keys),
            Kind::Map(map) => plain::map(map),
            Kind::Items(items) => written(items, Reader::Pipe),
            Kind::Nothing => vec!["(none)".to_owned()],
            Kind::Scalar => scalar(value, false),
        },
    };
    lines.join("\n") + "\n"
}

/// What a value is to the one who draws it.
enum Kind<'a> {
    Scalar,
    /// An empty list or map.
    Nothing,
    /// A list of maps, and the keys that they have between them.
    Maps(Vec<&'a Map<String, Value>>, BTreeSet<&'a str>),
    Map(&'a Map<String, Value>),
    /// Any other list.
    Items(&'a [Value]),
}

impl<'a> Kind<'a> {
    fn of(value: &'a Value) -> Kind<'a> {
        match value {
            Value::Object(map) if map.is_empty() => Kind::Nothing,
            Value::Object(map) => Kind::Map(map),
            Value::Array(items) if items.is_empty() => Kind::Nothing,
            Value::Array(items) => {
                let rows: Option<Vec<_>> = items.iter().map(Value::as_object).collect();
                match rows {
                    Some(rows) if rows.iter().any(|row| !row.is_empty()) => {
                        let keys = rows
                            .iter()
                            .flat_map(|row| row.keys())
                            .map(String::as_str)
                            .collect();
                        Kind::Maps(rows, keys)
                    }
                    _ => Kind::Items(items),
                }
            }
            _ => Kind::Scalar,
        }
    }
}

fn scalar(value: &Value, ascii: bool) -> Vec<String> {
    match value {
        Value::String(text) => cell::lines(text, ascii),
        value => vec![cell::inline(value, Reader::Pipe)],
    }
}

/// A list that is no table: an item a line.
fn written(items: &[Value], reader: Reader) -> Vec<String> {
    items
        .iter()
        .map(|item| match item {
            Value::String(text) => {
                cell::escape(text, matches!(reader, Reader::Terminal { ascii: true, .. }))
            }
            item => cell::inline(item, reader),
        })
        .collect()
}

/// A terminal, or the part of it that a nested value may use.
#[derive(Clone, Copy)]
struct Canvas {
    width: usize,
    colour: bool,
    ascii: bool,
    /// The number of blocks around this one.
    depth: usize,
}

impl Canvas {
    fn reader(&self, room: usize) -> Reader {
        Reader::Terminal {
            room,
            ascii: self.ascii,
        }
    }

    /// A list of maps: a header, a rule, a row for each map, and what the reader doesn't see.
    fn list(&self, rows: &[&Map<String, Value>], plan: &Plan) -> Vec<String> {
        let mut columns: Vec<ListColumn> = plan
            .columns
            .iter()
            .map(|heading| ListColumn::new(heading, rows, self))
            .collect();
        let left_out = self.leave_out(&mut columns);
        let widths = self.share_out(&columns);

        let header: Vec<&str> = columns.iter().map(|column| column.head.as_str()).collect();
        let grid = Grid {
            right: columns.iter().map(|column| column.numeric).collect(),
            widths,
            tallest: Some(TALLEST_ROW),
        };
        let body = (0..rows.len()).map(|row| {
            columns
                .iter()
                .map(|column| column.cells.get(row).map_or("", String::as_str))
                .collect()
        });
        let mut lines = self.headed(grid.draw(Some(header), body, self.ascii));
        if !left_out.is_empty() {
            lines.extend(self.note(&format!("no room for: {}", left_out.join(", "))));
        }
        if !plan.detail.is_empty() {
            let detail: Vec<String> = plan
                .detail
                .iter()
                .map(|key| cell::escape(key, self.ascii))
                .collect();
            let more = detail.join(", ");
            lines.extend(self.note(&format!(
                "more: {more} (show one {} to see them)",
                plan.noun
            )));
        }
        lines
    }

    /// Takes out columns until the rest fits: first those without any content, then the least important.
    fn leave_out(&self, columns: &mut Vec<ListColumn>) -> Vec<String> {
        let narrowest = |columns: &[ListColumn]| {
            let content: usize = columns.iter().map(|column| column.narrowest).sum();
            content + GAP * columns.len().saturating_sub(1)
        };
        let mut left_out = Vec::new();
        while columns.len() > 1 && narrowest(columns) > self.width {
            let least = columns
                .iter()
                .enumerate()
                .max_by_key(|(_, column)| (column.is_empty, column.importance))
                .map_or(0, |(place, _)| place);
            left_out.push(columns.remove(least).head);
        }
        left_out.reverse();
        left_out
    }

    /// The width of each column: all that it wants where there is room, else the wide columns give way, none below what it needs.
    fn share_out(&self, columns: &[ListColumn]) -> Vec<usize> {
        let room = self
            .width
            .saturating_sub(GAP * columns.len().saturating_sub(1));
        let limited = |limit: usize| -> Vec<usize> {
            let width = |column: &ListColumn| column.widest.min(limit.max(column.narrowest));
            columns.iter().map(width).collect()
        };
        let mut limit = room;
        while limit > 0 && limited(limit).iter().sum::<usize>() > room {
            limit -= 1;
        }
        let mut widths = limited(limit);
        let mut spare = room.saturating_sub(widths.iter().sum());
        for (width, column) in widths.iter_mut().zip(columns) {
            let more = spare.min(column.widest - *width);
            *width = (*width + more).min(room);
            spare -= more;
        }
        widths
    }

    /// A map: first the keys with their values beside them, then each larger value as a block under its key.
    fn map(&self, map: &Map<String, Value>) -> Vec<String> {
        let (blocks, short): (Vec<_>, Vec<_>) = columns::entries(map)
            .into_iter()
            .partition(|(_, value)| self.is_block(value));
        let mut lines = self.pairs(&short);
        for (key, value) in blocks {
            let key = self.wrapped(&cell::escape(key, self.ascii));
            lines.extend(key.iter().map(|line| self.bold(line)));
            let inner = Canvas {
                width: self.width - GAP,
                depth: self.depth + 1,
                ..*self
            };
            let block = match Kind::of(value) {
                Kind::Maps(rows, keys) => inner.list(&rows, &columns::whole(&keys)),
                Kind::Map(map) => inner.map(map),
                Kind::Items(items) => written(items, inner.reader(inner.width))
                    .iter()
                    .flat_map(|line| inner.wrapped(line))
                    .collect(),
                Kind::Nothing | Kind::Scalar => Vec::new(),
            };
            lines.extend(block.into_iter().map(|line| {
                let line = format!("{:GAP$}{line}", "");
                line.trim_end().to_owned()
            }));
        }
        lines
    }

    /// Keys with their values beside them.
    fn pairs(&self, entries: &[(&str, &Value)]) -> Vec<String> {
        let keys: Vec<String> = entries
            .iter()
            .map(|(key, _)| cell::escape(key, self.ascii))
            .collect();
        let widest = keys.iter().map(|key| key.width()).max().unwrap_or(0);
        let key_width = widest.clamp(2, (self.width - GAP) / 2);
        let value_width = self.width - GAP - key_width;
        let values: Vec<String> = entries
            .iter()
            .map(|(_, value)| cell::text(value, self.reader(value_width)))
            .collect();
        let grid = Grid {
            widths: vec![key_width, value_width],
            right: vec![false, false],
            tallest: None,
        };
        let rows = keys
            .iter()
            .zip(&values)
            .map(|(key, value)| vec![key.as_str(), value.as_str()]);
        let lines = grid.draw(None, rows, self.ascii);
        lines
            .into_iter()
            .map(|line| {
                let (key, value) = split_at_width(&line, key_width);
                self.bold(key) + value
            })
            .collect()
    }

    /// Whether a value stands as a block under its key.
    fn is_block(&self, value: &Value) -> bool {
        if self.width < NARROWEST_BLOCK + GAP || self.depth >= DEEPEST_BLOCK {
            return false;
        }
        let is_scalar = |value: &Value| !value.is_object() && !value.is_array();
        match Kind::of(value) {
            Kind::Nothing | Kind::Scalar => false,
            Kind::Maps(..) => true,
            Kind::Items(items) => !items.iter().all(is_scalar),
            Kind::Map(map) => {
                // A short map beside its key takes half of the width at most.
                let short = map.len() <= SHORT_MAP && map.values().all(is_scalar);
                let fits = || cell::inline(value, Reader::Pipe).width() <= self.width / 2;
                !(cell::is_address(value) || (short && fits()))
            }
        }
    }

    /// A remark under a list.
    fn note(&self, text: &str) -> Vec<String> {
        let lines = self.wrapped(text);
        lines.iter().map(|line| self.dim(line)).collect()
    }

    fn wrapped(&self, text: &str) -> Vec<String> {
        let grid = Grid {
            widths: vec![self.width],
            right: vec![false],
            tallest: None,
        };
        grid.draw(None, std::iter::once(vec![text]), self.ascii)
    }

    /// Sets the header of a drawn list off from its rows.
    fn headed(&self, lines: Vec<String>) -> Vec<String> {
        let rule = rule(self.ascii);
        let is_rule =
            |line: &String| !line.is_empty() && line.chars().all(|character| character == rule);
        let Some(end) = lines.iter().position(is_rule) else {
            return lines;
        };
        let paint = |(place, line): (usize, String)| match place.cmp(&end) {
            std::cmp::Ordering::Less => self.bold(&line),
            std::cmp::Ordering::Equal => self.dim(&line),
            std::cmp::Ordering::Greater => line,
        };
        lines.into_iter().enumerate().map(paint).collect()
    }

    fn bold(&self, text: &str) -> String {
        self.painted(text, "1")
    }

    fn dim(&self, text: &str) -> String {
        self.painted(text, "2")
    }

    /// Select Graphic Rendition, ECMA-48 8.3.117.
    fn painted(&self, text: &str, rendition: &str) -> String {
        if self.colour && !text.trim().is_empty() {
            format!("\u{1b}[{rendition}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

/// A column of a list, with all that is needed to decide on its width.
struct ListColumn {
    head: String,
    cells: Vec<String>,
    importance: usize,
    is_empty: bool,
    numeric: bool,
    /// The width at which nothing needs to be wrapped.
    widest: usize,
    /// The width below which the column is better left out.
    narrowest: usize,
}

impl ListColumn {
    fn new(heading: &Heading, rows: &[&Map<String, Value>], canvas: &Canvas) -> ListColumn {
        let values = || rows.iter().filter_map(|row| row.get(heading.key));
        let reader = canvas.reader(canvas.width / 2);
        let cells: Vec<String> = rows
            .iter()
            .map(|row| cell::text(row.get(heading.key).unwrap_or(&Value::Null), reader))
            .collect();
        let head = cell::escape(heading.key, canvas.ascii);

        let texts = || std::iter::once(&head).chain(&cells);
        let widest = |parts: &mut dyn Iterator<Item = &str>| {
            parts.map(UnicodeWidthStr::width).max().unwrap_or(0)
        };
        let line = widest(&mut texts().flat_map(|text| text.lines())).max(2);
        let word = widest(&mut texts().flat_map(|text| text.split([' ', '\n'])));
        let unbroken = word.min(UNBROKEN_WORD).min(canvas.width / 2);
        ListColumn {
            is_empty: cells.iter().all(String::is_empty),
            numeric: values().any(Value::is_number)
                && values().all(|value| value.is_number() || value.is_null()),
            importance: heading.importance,
            narrowest: unbroken.max(READABLE.min(line)),
            widest: line,
            head,
            cells,
        }
    }
}

#[cfg(test)]
mod tests;
