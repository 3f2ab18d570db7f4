//! The words of a text of nft's, and whether netsh takes all of it.

use std::cell::Cell;

use crate::kernel::nft::load::{Load, NFT_DOES};
use crate::lab::suggest::nearest;

use super::Fault;
use super::reading::{Unread, program, span_of};
use super::words::Word;

/// The words of a command, those of one word of the shell taken apart: nft puts its arguments together again. What is in
/// double quotes is one word, quotes and all.
pub fn apart(words: &[Word]) -> Vec<Word> {
    words.iter().flat_map(parts).collect()
}

fn parts(word: &Word) -> Vec<Word> {
    let (mut parts, mut part) = (Vec::new(), String::new());
    let mut quoted = false;
    for c in word.text.chars().chain([' ']) {
        let alone = "{};,".contains(c);
        if quoted || !(c.is_whitespace() || alone) {
            quoted ^= c == '"';
            part.push(c);
            continue;
        }
        if !part.is_empty() {
            parts.push(Word::in_place_of(&word.span, std::mem::take(&mut part)));
        }
        if alone {
            parts.push(Word::in_place_of(&word.span, c));
        }
    }
    if !part.is_empty() {
        parts.push(Word::in_place_of(&word.span, part.trim_end()));
    }
    parts
}

/// Several words as one.
pub fn joined(words: &[Word]) -> Word {
    let mut text = String::new();
    for word in words {
        if !text.is_empty() && word.text != "," {
            text.push(' ');
        }
        text.push_str(&word.text);
    }
    Word::in_place_of(&span_of(words), text)
}

/// Whether a text is more than one command in one line.
pub fn is_several(words: &[Word]) -> bool {
    let text: Vec<&str> = words.iter().map(|word| word.text.trim()).collect();
    let text = text.join(" ");
    let (mut depth, mut quoted) = (0, false);
    let mut ended = false;
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '\n' | '#' => return true,
            '{' => depth += 1,
            '}' => depth -= 1,
            ';' if depth <= 0 => {
                ended = true;
                continue;
            }
            _ => {}
        }
        if ended && !c.is_whitespace() {
            return true;
        }
    }
    false
}

/// Refuses a text that nft_load() would refuse; what only nft can do is left to it. `place` is the part of the command to
/// point at.
pub fn check(text: &str, place: &Word, words: &[Word]) -> Result<(), Unread> {
    // Of a set that the text does not make nobody knows here what it holds.
    let is_unknown = Cell::new(false);
    let shapes = |_: &_, _: &_| {
        is_unknown.set(true);
        None
    };
    let Err(wrong) = Load::new(text, &shapes) else {
        return Ok(());
    };
    if is_unknown.get() {
        return Ok(());
    }
    if wrong.hint == NFT_DOES && !text.contains('\n') {
        return Err(program(words, span_of(words), wrong.words));
    }
    // Where the text stands in the command as it is, its own part can be shown.
    let longer = place.span.len().checked_sub(text.len());
    let start = match longer.filter(|_| text == place.text) {
        Some(0) => Some(place.span.start),
        Some(2) if place.quoted => Some(place.span.start + 1),
        _ => None,
    };
    let span = match start {
        Some(start) => start + wrong.at.start..start + wrong.at.end,
        None => place.span.clone(),
    };
    let near = wrong.alike.as_ref().and_then(|(word, among)| {
        nearest(word, among.iter().map(String::as_str)).map(str::to_owned)
    });
    let fault = Fault::new("netsh does not take this text of nft's").at(span, wrong.words);
    let help = near.map_or(wrong.hint, |near| format!("did you mean {near:?}?"));
    Err(match help.as_str() {
        "" => fault,
        help => fault.help(help),
    }
    .into())
}
