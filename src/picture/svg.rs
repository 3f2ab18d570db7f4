//! A ladder as SVG 1.1: a page of its own, readable on light and dark grounds, with nothing that has to be fetched.

use unicode_width::UnicodeWidthStr;

use super::{Ladder, Mark, milliseconds};

/// Pixels: of a letter (the font is one of fixed width), of a row, of the head, of the times.
const LETTER: usize = 8;
const ROW: usize = 26;
const HEAD: usize = 64;
const TIMES: usize = 88;
const GAP: usize = 28;

/// The text of the picture.
pub fn draw(ladder: &Ladder) -> String {
    let mut rails = Vec::new();
    let mut next = TIMES;
    for column in &ladder.columns {
        let width = (column.link.width().max(column.netns.width()) + 2) * LETTER;
        rails.push(next + width / 2);
        next += width + GAP;
    }
    let labels = ladder.rows.iter().map(|row| row.label.width() + 4);
    let notes = ladder.notes.iter().map(|note| note.width());
    let longest = labels.chain(notes).max();
    let (width, height) = (
        next + longest.unwrap_or(0) * LETTER,
        HEAD + ROW * (ladder.rows.len() + 1 + ladder.notes.len()),
    );
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"monospace\" font-size=\"13\">\n\
         <style>.rail{{stroke:#999}}.move{{stroke:#2266cc;stroke-width:2;fill:#2266cc}}.lost{{stroke:#cc3333;fill:#cc3333}}\
         text{{fill:#222}}.dim{{fill:#777}}.no{{fill:#cc3333}}.yes{{fill:#228833}}</style>\n\
         <defs><marker id=\"head\" orient=\"auto\" markerWidth=\"5\" markerHeight=\"6\" refX=\"4.5\" refY=\"3\">\
         <path d=\"M0,0 L5,3 L0,6 z\" fill=\"#2266cc\"/></marker></defs>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n"
    );
    let at = |column: usize| rails.get(column).copied().unwrap_or(TIMES);
    for (netns, first, count) in ladder.groups() {
        let (left, right) = (at(first), at(first + count - 1));
        let middle = (left + right) / 2;
        svg += &text(middle, 20, "middle", "dim", netns);
        svg += &format!(
            "<path d=\"M{},28 H{}\" class=\"rail\"/>\n",
            left.saturating_sub(24),
            right + 24
        );
    }
    for (number, column) in ladder.columns.iter().enumerate() {
        svg += &text(at(number), 46, "middle", "", &column.link);
        svg += &format!(
            "<path d=\"M{},{} V{}\" class=\"rail\"/>\n",
            at(number),
            HEAD - 10,
            HEAD + ROW * ladder.rows.len() + ROW / 2
        );
    }
    for (number, row) in ladder.rows.iter().enumerate() {
        let y = HEAD + ROW * number + ROW / 2;
        svg += &text(TIMES - 24, y + 4, "end", "dim", &milliseconds(row.at));
        let (from, to) = (at(row.from), at(row.to));
        svg += &match from == to {
            true => format!("<circle cx=\"{from}\" cy=\"{y}\" r=\"5\" class=\"move\"/>\n"),
            false => format!(
                "<path d=\"M{from},{y} H{to}\" class=\"move\" marker-end=\"url(#head)\"/>\n"
            ),
        };
        svg += &text(next, y + 4, "start", "", &row.label);
        let (class, mark) = match row.mark {
            Mark::None => continue,
            Mark::Delivered => ("yes", "\u{2713}"),
            Mark::Lost => ("no", "\u{2717}"),
        };
        let after = next + (row.label.width() + 1) * LETTER;
        svg += &text(after, y + 4, "start", class, mark);
    }
    for (number, note) in ladder.notes.iter().enumerate() {
        let y = HEAD + ROW * (ladder.rows.len() + 1 + number);
        svg += &text(TIMES - 24, y, "start", "dim", note);
    }
    svg + "</svg>\n"
}

fn text(x: usize, y: usize, anchor: &str, class: &str, words: &str) -> String {
    let words = escaped(words);
    format!("<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" class=\"{class}\">{words}</text>\n")
}

/// XML 1.0, 2.4; control characters are not allowed at all.
fn escaped(words: &str) -> String {
    let mut escaped = String::new();
    for letter in words.chars() {
        match letter {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            // XML 1.0, 2.2.
            '\u{fffe}' | '\u{ffff}' => escaped.push(' '),
            letter if letter.is_control() => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::picture::{Column, Row};

    /// The texts of a picture, read by a parser of XML.
    fn texts(svg: &str) -> Vec<String> {
        let document = roxmltree::Document::parse(svg).expect("XML");
        let root = document.root_element();
        assert!(root.has_tag_name(("http://www.w3.org/2000/svg", "svg")));
        let texts = root
            .children()
            .filter(|node| node.tag_name().name() == "text");
        texts
            .map(|node| node.text().unwrap_or_default().to_owned())
            .collect()
    }

    proptest! {
        /// All of it is XML, says all names and labels, and lies within the picture.
        #[test]
        fn whatever_is_drawn_is_xml(ladder in crate::picture::tests::ladder()) {
            let svg = draw(&ladder);
            let texts = texts(&svg);
            let mut words: Vec<&str> = ladder.columns.iter().map(|column| column.link.as_str()).collect();
            words.extend(ladder.rows.iter().map(|row| row.label.as_str()));
            words.extend(ladder.notes.iter().map(String::as_str));
            for words in words {
                let is_odd = |letter: char| letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}');
                let shown = words.replace(is_odd, " ");
                prop_assert!(texts.contains(&shown), "{shown:?} in {texts:?}");
            }
            let document = roxmltree::Document::parse(&svg).expect("XML");
            let number = |node: roxmltree::Node, name: &str| node.attribute(name).and_then(|text| text.parse::<usize>().ok());
            let root = document.root_element();
            let (width, height) = (number(root, "width").unwrap(), number(root, "height").unwrap());
            for node in root.children().filter(|node| node.has_attribute("x")) {
                let (x, y) = (number(node, "x").unwrap_or(0), number(node, "y").unwrap_or(0));
                prop_assert!(x <= width && y <= height, "{x}, {y}");
            }
        }
    }

    #[test]
    fn names_can_hold_anything() {
        let ladder = Ladder {
            columns: vec![Column {
                netns: "a<b".into(),
                link: "x&y".into(),
            }],
            rows: vec![Row {
                at: std::time::Duration::ZERO,
                from: 0,
                to: 0,
                label: "10.0.0.1 > 10.0.0.2\u{1b}".into(),
                mark: Mark::Delivered,
            }],
            ..Ladder::default()
        };
        let svg = draw(&ladder);
        assert!(svg.contains("a&lt;b") && svg.contains("x&amp;y"));
        assert!(svg.contains("10.0.0.1 &gt; 10.0.0.2 <"));
    }
}
