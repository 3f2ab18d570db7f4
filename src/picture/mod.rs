//! Pictures of what was seen, as text and as files: pure, data in and lines out.
//!
//! | file | what it draws |
//! |---|---|
//! | [`ladder`] | journeys on a terminal: links as columns, time down |
//! | [`svg`] | the same as a picture |
//! | [`mermaid`] | the same as a sequence diagram |
//! | [`story`] | a verdict in words |
//!
//! A [`Ladder`] is what all of them draw: columns and rows, already in words.

pub mod ladder;
pub mod mermaid;
pub mod story;
pub mod svg;

use std::time::Duration;

/// Something that is drawn for people; machines get the same as data.
pub trait Drawing {
    /// As lines of text. `plain`: in ASCII. `width`: how long a line may be, where a terminal says so.
    fn text(&self, plain: bool, width: Option<usize>) -> String;
}

/// A column: a link of a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The namespace.
    pub netns: String,
    /// The link.
    pub link: String,
}

/// How a row ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// The packet goes on.
    None,
    /// Whom it was for has it.
    Delivered,
    /// It ends here.
    Lost,
}

/// A row: a packet that moves from one column to another, or stays in one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// When it was there, from the beginning on.
    pub at: Duration,
    /// The column that it comes from.
    pub from: usize,
    /// The column that it goes to; the same one for a packet that is seen there alone.
    pub to: usize,
    /// What it is, or what changed.
    pub label: String,
    /// How it ends.
    pub mark: Mark,
}

/// Journeys as columns and rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ladder {
    /// The links, those of one namespace side by side.
    pub columns: Vec<Column>,
    /// The rows, in the order of their times.
    pub rows: Vec<Row>,
    /// What there is to say under them.
    pub notes: Vec<String>,
    /// What else there is to look at, for somebody at a terminal.
    pub hints: Vec<String>,
}

impl Ladder {
    /// The namespaces, each with its first column and how many it has.
    pub fn groups(&self) -> Vec<(&str, usize, usize)> {
        let mut groups: Vec<(&str, usize, usize)> = Vec::new();
        for (number, column) in self.columns.iter().enumerate() {
            match groups.last_mut() {
                Some((netns, _, count)) if *netns == column.netns => *count += 1,
                _ => groups.push((&column.netns, number, 1)),
            }
        }
        groups
    }
}

/// A time in milliseconds, to the microsecond.
fn milliseconds(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64() * 1e3)
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Any ladder, of columns and rows with any words.
    pub fn ladder() -> impl Strategy<Value = Ladder> {
        let column = (any::<String>(), any::<String>());
        let columns = prop::collection::vec(column, 1..5);
        let mark = prop::sample::select(vec![Mark::None, Mark::Delivered, Mark::Lost]);
        let row = (
            0usize..5,
            0usize..5,
            any::<String>(),
            mark,
            0u64..10_000_000,
        );
        let notes = prop::collection::vec(any::<String>(), 0..3);
        let rows = prop::collection::vec(row, 0..6);
        (columns, rows, notes).prop_map(|(columns, rows, notes)| {
            let count = columns.len();
            Ladder {
                columns: columns
                    .into_iter()
                    .map(|(netns, link)| Column { netns, link })
                    .collect(),
                rows: rows
                    .into_iter()
                    .map(|(from, to, label, mark, at)| Row {
                        at: Duration::from_micros(at),
                        from: from % count,
                        to: to % count,
                        label,
                        mark,
                    })
                    .collect(),
                notes,
                ..Ladder::default()
            }
        })
    }
}
