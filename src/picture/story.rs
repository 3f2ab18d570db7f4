//! A short story for people: a heading, and paragraphs of words or of pairs.

use unicode_width::UnicodeWidthStr;

use super::Drawing;

/// What is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Story {
    /// Each with a title.
    pub parts: Vec<Part>,
}

/// A part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What it is about, a word or two.
    pub title: &'static str,
    /// Its lines.
    pub lines: Vec<String>,
}

impl Story {
    /// Adds a part, unless it has nothing to tell.
    pub fn tell(&mut self, title: &'static str, lines: impl IntoIterator<Item = String>) {
        let lines: Vec<String> = lines.into_iter().collect();
        if !lines.is_empty() {
            self.parts.push(Part { title, lines });
        }
    }
}

impl Drawing for Story {
    fn text(&self, _plain: bool, width: Option<usize>) -> String {
        let titles = self.parts.iter().map(|part| part.title.width());
        let indent = titles.max().unwrap_or(0) + 2;
        let room = width.map_or(usize::MAX, |width| width.saturating_sub(indent).max(20));
        let mut text = String::new();
        for part in &self.parts {
            let mut title = part.title;
            for line in part.lines.iter().flat_map(|line| wrapped(line, room)) {
                text += format!("{title:<indent$}{line}").trim_end();
                text.push('\n');
                title = "";
            }
        }
        text
    }
}

/// A line in pieces that are no longer than there is room, cut at spaces where there are any.
fn wrapped(line: &str, room: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    for word in line.split(' ') {
        if !piece.is_empty() && piece.width() + 1 + word.width() > room {
            pieces.push(std::mem::take(&mut piece));
        }
        if !piece.is_empty() {
            piece.push(' ');
        }
        piece += word;
    }
    pieces.push(piece);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_story() {
        let mut story = Story::default();
        story.tell("cause", ["one two three four five six seven".to_owned()]);
        story.tell("nothing", []);
        story.tell("mend", ["x".to_owned(), "y".to_owned()]);
        assert_eq!(
            story.text(true, Some(27)),
            "cause  one two three four\n       five six seven\nmend   x\n       y\n"
        );
    }
}
