//! A ladder as a sequence diagram of Mermaid (<https://mermaid.js.org/syntax/sequenceDiagram.html>), which many pages draw by
//! themselves.

use super::{Ladder, Mark, milliseconds};

/// The text of the diagram.
pub fn draw(ladder: &Ladder) -> String {
    let mut text = String::from("sequenceDiagram\n");
    for (netns, first, count) in ladder.groups() {
        text += &format!("    box {}\n", plain(netns));
        let columns = ladder.columns.iter().enumerate().skip(first).take(count);
        for (number, column) in columns {
            text += &format!("    participant L{number} as {}\n", plain(&column.link));
        }
        text += "    end\n";
    }
    for row in &ladder.rows {
        let arrow = match row.mark {
            Mark::Lost => "-x",
            Mark::None | Mark::Delivered => "->>",
        };
        let label = plain(&row.label);
        text += &format!(
            "    L{}{arrow}L{}: {} ms {label}\n",
            row.from,
            row.to,
            milliseconds(row.at)
        );
    }
    text
}

/// Text without what has a meaning there: `;` and `#` begin something new, a line ends the text.
fn plain(text: &str) -> String {
    let letters = text.chars();
    letters
        .map(|letter| match letter {
            ';' => ',',
            '#' => ' ',
            letter if letter.is_control() => ' ',
            letter => letter,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{Column, Row};

    #[test]
    fn a_diagram() {
        let ladder = Ladder {
            columns: vec![Column {
                netns: "home".into(),
                link: "lo".into(),
            }],
            rows: vec![Row {
                at: std::time::Duration::from_micros(12),
                from: 0,
                to: 0,
                label: "echo; #1".into(),
                mark: Mark::Lost,
            }],
            ..Ladder::default()
        };
        let expected = "sequenceDiagram\n    box home\n    participant L0 as lo\n    end\n    L0-xL0: 0.012 ms echo,  1\n";
        assert_eq!(draw(&ladder), expected);
    }
}
