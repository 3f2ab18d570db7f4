//! A ladder as a sequence diagram of Mermaid (<https://mermaid.js.org/syntax/sequenceDiagram.html>), which many pages draw by
//! themselves.

use super::{Ladder, Mark, milliseconds};

/// The text of the diagram.
pub fn draw(ladder: &Ladder) -> String {
    let mut text = String::from("sequenceDiagram\n");
    for (netns, first, count) in ladder.groups() {
        // A first word that names a colour would be one: the colour is said.
        text += &format!("    box transparent {}\n", plain(netns));
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
    // A note stands at somebody.
    for note in ladder.notes.iter().filter(|_| !ladder.columns.is_empty()) {
        text += &format!("    Note over L0: {}\n", plain(note));
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
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;
    use crate::picture::{Column, Row};

    /// The statements of the page about sequence diagrams, as far as they are used: boxes that are closed, participants that are
    /// named before they speak, and messages.
    fn messages(diagram: &str) -> Vec<String> {
        let form = |form: &str| Regex::new(form).unwrap();
        let text = "[^;#\\p{Cc}]*";
        let participant = form(&format!("^    participant (L[0-9]+) as {text}$"));
        let message = form(&format!("^    (L[0-9]+)(?:->>|-x)(L[0-9]+): ({text})$"));
        let open = form(&format!("^    box transparent {text}$"));
        let note = form(&format!("^    Note over L0: {text}$"));
        let mut lines = diagram.split_terminator('\n');
        assert_eq!(lines.next(), Some("sequenceDiagram"));
        let (mut known, mut told, mut is_open) = (Vec::new(), Vec::new(), false);
        for line in lines {
            if open.is_match(line) {
                assert!(!is_open && told.is_empty(), "{line}");
                is_open = true;
            } else if line == "    end" {
                assert!(is_open, "{line}");
                is_open = false;
            } else if let Some(parts) = participant.captures(line) {
                known.push(parts[1].to_owned());
            } else if let Some(parts) = message.captures(line) {
                let is_known = |part: usize| known.iter().any(|known| *known == parts[part]);
                assert!(!is_open && is_known(1) && is_known(2), "{line}");
                told.push(parts[3].to_owned());
            } else if note.is_match(line) {
                assert!(!is_open && !known.is_empty(), "{line}");
            } else {
                panic!("no statement: {line:?}");
            }
        }
        assert!(!is_open);
        told
    }

    proptest! {
        #[test]
        fn whatever_is_drawn_are_statements(ladder in crate::picture::tests::ladder()) {
            prop_assert_eq!(messages(&draw(&ladder)).len(), ladder.rows.len());
        }
    }

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
        let expected = "sequenceDiagram\n    box transparent home\n    participant L0 as lo\n    end\n    L0-xL0: 0.012 ms echo,  1\n";
        assert_eq!(draw(&ladder), expected);
    }
}
