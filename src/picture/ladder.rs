//! A ladder on the terminal: links as columns grouped by namespace, time down, a line for each move of a packet.
//!
//! ```text
//!          ╭─────── home ────────╮
//!      ms  veth0   veth0peer    lo
//!   0.017    ●─────────▶        │    echo request seq 1  192.168.4.2 > 192.168.4.3 ✓
//! ```

use unicode_width::UnicodeWidthStr;

use super::{Drawing, Ladder, Mark, Row, milliseconds};

/// What lines are drawn with.
#[derive(Debug, Clone, Copy)]
struct Strokes {
    rail: char,
    line: char,
    start: char,
    right: char,
    left: char,
    stay: char,
    delivered: &'static str,
    lost: &'static str,
    brace: [char; 3],
}

const UNICODE: Strokes = Strokes {
    rail: '│',
    line: '─',
    start: '●',
    right: '▶',
    left: '◀',
    stay: '↻',
    delivered: "✓",
    lost: "✗",
    brace: ['╭', '─', '╮'],
};

const ASCII: Strokes = Strokes {
    rail: '|',
    line: '-',
    start: 'o',
    right: '>',
    left: '<',
    stay: '@',
    delivered: "ok",
    lost: "x",
    brace: ['+', '-', '+'],
};

/// Spaces between two columns.
const GAP: usize = 3;

impl Drawing for Ladder {
    fn text(&self, plain: bool, width: Option<usize>) -> String {
        draw(self, plain, width)
    }
}

/// Lines longer than `width` lose the end of their labels, marks are kept.
fn draw(ladder: &Ladder, plain: bool, width: Option<usize>) -> String {
    let is_terminal = width.is_some();
    let width = width.unwrap_or(usize::MAX);
    let strokes = if plain { ASCII } else { UNICODE };
    let layout = Layout::of(ladder);
    let mut lines = match ladder.rows.is_empty() {
        true => vec!["no packet was seen".to_owned()],
        false => vec![layout.namespaces(ladder, strokes), layout.links(ladder)],
    };
    for row in &ladder.rows {
        lines.push(layout.row(row, strokes, width));
    }
    lines.extend(ladder.notes.iter().cloned());
    lines.extend(ladder.hints.iter().filter(|_| is_terminal).cloned());
    let mut text = String::new();
    for line in lines {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Where everything stands.
struct Layout {
    /// The width of the times.
    times: usize,
    /// The first place and the width of each column.
    columns: Vec<(usize, usize)>,
    /// Where labels begin.
    labels: usize,
}

impl Layout {
    fn of(ladder: &Ladder) -> Layout {
        let times = ladder.rows.iter().map(|row| milliseconds(row.at).len());
        // A second has room, so that most pictures have the same columns.
        let times = times.max().unwrap_or(0).max("999.999".len());
        let mut columns: Vec<(usize, usize)> = Vec::new();
        let mut next = times + 2;
        for (netns, first, count) in ladder.groups() {
            let links = ladder.columns.iter().skip(first).take(count);
            let mut widths: Vec<usize> = links.map(|column| column.link.width().max(3)).collect();
            let together = widths.iter().sum::<usize>() + GAP * (count - 1);
            // The name of a namespace needs its place too, between its corners.
            let wanted = netns.width() + 4;
            if let Some(last) = widths.last_mut() {
                *last += wanted.saturating_sub(together);
            }
            for width in widths {
                columns.push((next, width));
                next += width + GAP;
            }
        }
        Layout {
            times,
            columns,
            labels: next,
        }
    }

    /// The middle of a column.
    fn rail(&self, column: usize) -> usize {
        let (at, width) = self.columns.get(column).copied().unwrap_or((0, 1));
        at + width / 2
    }

    fn namespaces(&self, ladder: &Ladder, strokes: Strokes) -> String {
        let mut line = String::new();
        for (netns, first, count) in ladder.groups() {
            let Some((start, _)) = self.columns.get(first) else {
                continue;
            };
            let last = self.columns.get(first + count - 1);
            let end = last.map_or(*start, |(at, width)| at + width);
            pad(&mut line, *start);
            let [open, over, close] = strokes.brace;
            let inside = (end - start).saturating_sub(2);
            let free = inside.saturating_sub(netns.width() + 2);
            line.push(open);
            line.extend(std::iter::repeat_n(over, free / 2));
            line.push_str(&format!(" {netns} "));
            line.extend(std::iter::repeat_n(over, free - free / 2));
            line.push(close);
        }
        line
    }

    fn links(&self, ladder: &Ladder) -> String {
        let mut line = format!("{:>1$}", "ms", self.times);
        for (column, (start, width)) in ladder.columns.iter().zip(&self.columns) {
            pad(
                &mut line,
                start + (width.saturating_sub(column.link.width())).div_ceil(2),
            );
            line.push_str(&column.link);
        }
        line
    }

    fn row(&self, row: &Row, strokes: Strokes, width: usize) -> String {
        let time = format!("{:>1$}", milliseconds(row.at), self.times);
        let mut cells: Vec<char> = time.chars().collect();
        cells.resize(self.labels, ' ');
        let mut set = |at: usize, what: char| {
            if let Some(cell) = cells.get_mut(at) {
                *cell = what;
            }
        };
        for column in 0..self.columns.len() {
            set(self.rail(column), strokes.rail);
        }
        let (from, to) = (self.rail(row.from), self.rail(row.to));
        for at in from.min(to)..from.max(to) {
            set(at, strokes.line);
        }
        set(from, strokes.start);
        let head = match from.cmp(&to) {
            std::cmp::Ordering::Less => strokes.right,
            std::cmp::Ordering::Greater => strokes.left,
            std::cmp::Ordering::Equal if row.mark == Mark::Lost => strokes.start,
            std::cmp::Ordering::Equal => strokes.stay,
        };
        set(to, head);
        let mut line: String = cells.into_iter().collect();
        let mark = match row.mark {
            Mark::None => "",
            Mark::Delivered => strokes.delivered,
            Mark::Lost => strokes.lost,
        };
        let room =
            width.saturating_sub(line.width() + if mark.is_empty() { 0 } else { mark.width() + 1 });
        line.push_str(&cut(&row.label, room));
        if !mark.is_empty() {
            if !row.label.is_empty() {
                line.push(' ');
            }
            line.push_str(mark);
        }
        line
    }
}

fn pad(line: &mut String, to: usize) {
    let missing = to.saturating_sub(line.width());
    line.extend(std::iter::repeat_n(' ', missing));
}

/// As much of a label as there is room for, but never so little that it says nothing.
fn cut(label: &str, room: usize) -> String {
    let room = room.max(20);
    if label.width() <= room {
        return label.to_owned();
    }
    let mut kept = String::new();
    for letter in label.chars() {
        if kept.width() + 2 > room {
            break;
        }
        kept.push(letter);
    }
    kept + "~"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Column;
    use std::time::Duration;

    fn ladder() -> Ladder {
        let column = |netns: &str, link: &str| Column {
            netns: netns.into(),
            link: link.into(),
        };
        let row = |at, from, to, label: &str, mark| Row {
            at: Duration::from_micros(at),
            from,
            to,
            label: label.into(),
            mark,
        };
        Ladder {
            columns: vec![
                column("h1", "eth0"),
                column("router", "eth0"),
                column("router", "eth1"),
                column("h2", "eth0"),
            ],
            rows: vec![
                row(0, 0, 1, "echo request", Mark::None),
                row(13, 1, 2, "ttl 64 > 63", Mark::None),
                row(19, 2, 3, "", Mark::Delivered),
                row(1030, 3, 2, "echo reply", Mark::Lost),
                row(2000, 2, 2, "stays", Mark::None),
            ],
            notes: vec!["3 packets more".into()],
            hints: vec!["2 bystanders".into()],
        }
    }

    #[test]
    fn a_ladder() {
        let expected = "         ╭ h1 ╮   ╭ router ─╮   ╭ h2 ╮
     ms   eth0    eth0   eth1    eth0
  0.000     ●───────▶      │       │     echo request
  0.013     │       ●──────▶       │     ttl 64 > 63
  0.019     │       │      ●───────▶     ✓
  1.030     │       │      ◀───────●     echo reply ✗
  2.000     │       │      ↻       │     stays
3 packets more
2 bystanders
";
        let drawn = draw(&ladder(), false, Some(120));
        assert_eq!(drawn, expected);
        let piped = draw(&ladder(), false, None);
        assert_eq!(piped, expected.trim_end_matches("2 bystanders\n"));
    }

    #[test]
    fn a_narrow_terminal_cuts_labels() {
        let drawn = draw(&ladder(), true, Some(50));
        assert!(drawn.is_ascii(), "{drawn}");
    }

    #[test]
    fn nothing_to_draw() {
        let drawn = draw(&Ladder::default(), false, None);
        assert_eq!(drawn, "no packet was seen\n");
    }
}
