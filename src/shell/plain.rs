//! Values as text for a pipe: what `show` writes when its output is not a terminal.
//!
//! Made for awk, sort and grep, in the manner of `ip -br` and `ps`: the header on the first line, one line for each map,
//! columns two spaces apart and aligned, an empty cell is `-`, nothing is wrapped, cut or coloured, no line ends in spaces.
//! A single map is one line for each key, nested keys joined by dots (`statistics.rx_packets  10`). Keys that `columns` ranks
//! as detail are no columns of a list.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use unicode_width::UnicodeWidthStr;

use super::cell::{self, Reader};
use super::columns;

/// Beyond this depth a nested value stays on the line of its key.
const DEEPEST: usize = 16;

/// A list of maps, the header first.
pub fn list(rows: &[&Map<String, Value>], keys: &BTreeSet<&str>) -> Vec<String> {
    let columns = columns::for_list(rows, keys).columns;
    let mut grid = vec![columns.iter().map(|column| word(column.key)).collect()];
    for row in rows {
        let cells = columns
            .iter()
            .map(|column| cell(row.get(column.key).unwrap_or(&Value::Null)));
        grid.push(cells.collect());
    }
    aligned(&grid)
}

/// One map, a line for each key.
pub fn map(map: &Map<String, Value>) -> Vec<String> {
    let mut grid = Vec::new();
    for (key, value) in columns::entries(map) {
        flatten(&word(key), value, 0, &mut grid);
    }
    aligned(&grid)
}

fn flatten(path: &str, value: &Value, depth: usize, grid: &mut Vec<Vec<String>>) {
    let is_nested = |item: &Value| (item.is_object() || item.is_array()) && !cell::is_address(item);
    match value {
        Value::Object(map) if depth < DEEPEST && !map.is_empty() && is_nested(value) => {
            for (key, value) in columns::entries(map) {
                flatten(&format!("{path}.{}", word(key)), value, depth + 1, grid);
            }
        }
        Value::Array(items) if depth < DEEPEST && items.iter().any(is_nested) => {
            for (index, item) in items.iter().enumerate() {
                flatten(&format!("{path}.{index}"), item, depth + 1, grid);
            }
        }
        value => grid.push(vec![path.to_owned(), cell(value)]),
    }
}

fn cell(value: &Value) -> String {
    or_dash(cell::text(value, Reader::Pipe))
}

fn word(key: &str) -> String {
    or_dash(cell::escape(key, false))
}

fn or_dash(text: String) -> String {
    match text.trim() {
        "" => "-".to_owned(),
        _ => text,
    }
}

/// Pads the columns of a grid whose rows are equally long.
fn aligned(grid: &[Vec<String>]) -> Vec<String> {
    let mut widths: Vec<usize> = Vec::new();
    for row in grid {
        widths.resize(widths.len().max(row.len()), 0);
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.width().max(*width);
        }
    }
    grid.iter()
        .map(|row| {
            let mut line = String::new();
            for (width, cell) in widths.iter().zip(row) {
                line.push_str(cell);
                line.extend(std::iter::repeat_n(' ', width - cell.width() + 2));
            }
            line.truncate(line.trim_end().len());
            line
        })
        .collect()
}
