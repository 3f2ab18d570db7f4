//! What becomes many small values.

use std::ops::{Range, RangeInclusive};

use rhai::plugin::*;
use rhai::{Array, Blob, Dynamic, INT, ImmutableString};

use super::{ENTRY, VALUE, afford};
use crate::lab::memory;
use crate::script::call::RhaiResultOf;

/// A string of its own in an array that grows: the value twice, the counters of its users, the text's own header.
const PIECE: usize = 2 * VALUE + 40;

#[export_module]
pub mod api {
    #[rhai_fn(return_raw)]
    pub fn to_chars(ctx: NativeCallContext, string: &str) -> RhaiResultOf<Array> {
        afford(&ctx, string.len().saturating_mul(2 * VALUE))?;
        Ok(string.chars().map(Into::into).collect())
    }

    #[rhai_fn(return_raw, pure)]
    pub fn to_array(ctx: NativeCallContext, blob: &mut Blob) -> RhaiResultOf<Array> {
        afford(&ctx, blob.len().saturating_mul(VALUE))?;
        let bytes = blob.iter().map(|byte| INT::from(*byte).into());
        Ok(bytes.collect())
    }

    #[rhai_fn(name = "split", return_raw, pure)]
    pub fn split_words(
        ctx: NativeCallContext,
        string: &mut ImmutableString,
    ) -> RhaiResultOf<Array> {
        match string.is_empty() {
            true => Ok(vec![string.clone().into()]),
            false => pieces(&ctx, string, string.split_whitespace()),
        }
    }

    #[rhai_fn(return_raw, pure)]
    pub fn split(
        ctx: NativeCallContext,
        string: &mut ImmutableString,
        delimiter: &str,
    ) -> RhaiResultOf<Array> {
        match string.is_empty() {
            true => Ok(vec![string.clone().into()]),
            false => pieces(&ctx, string, string.split(delimiter)),
        }
    }

    #[rhai_fn(name = "split", return_raw, pure)]
    pub fn split_at_most(
        ctx: NativeCallContext,
        string: &mut ImmutableString,
        delimiter: &str,
        segments: INT,
    ) -> RhaiResultOf<Array> {
        match at_least_two(segments) {
            Some(most) if !string.is_empty() => {
                pieces(&ctx, string, string.splitn(most, delimiter))
            }
            _ => Ok(vec![string.clone().into()]),
        }
    }

    #[rhai_fn(name = "split", return_raw, pure)]
    pub fn split_by_char(
        ctx: NativeCallContext,
        string: &mut ImmutableString,
        delimiter: char,
    ) -> RhaiResultOf<Array> {
        pieces(&ctx, string, string.split(delimiter))
    }

    #[rhai_fn(name = "split", return_raw, pure)]
    pub fn split_by_char_at_most(
        ctx: NativeCallContext,
        string: &mut ImmutableString,
        delimiter: char,
        segments: INT,
    ) -> RhaiResultOf<Array> {
        match at_least_two(segments) {
            Some(most) => pieces(&ctx, string, string.splitn(most, delimiter)),
            None => Ok(vec![string.clone().into()]),
        }
    }

    #[rhai_fn(return_raw, pure)]
    pub fn split_rev(
        ctx: NativeCallContext,
        string: &mut ImmutableString,
        delimiter: &str,
    ) -> RhaiResultOf<Array> {
        match string.is_empty() {
            true => Ok(vec![string.clone().into()]),
            false => pieces(&ctx, string, string.rsplit(delimiter)),
        }
    }

    #[rhai_fn(name = "split_rev", return_raw, pure)]
    pub fn split_rev_at_most(
        ctx: NativeCallContext,
        string: &mut ImmutableString,
        delimiter: &str,
        segments: INT,
    ) -> RhaiResultOf<Array> {
        match at_least_two(segments) {
            Some(most) if !string.is_empty() => {
                pieces(&ctx, string, string.rsplitn(most, delimiter))
            }
            _ => Ok(vec![string.clone().into()]),
        }
    }

    #[rhai_fn(name = "split_rev", return_raw, pure)]
    pub fn split_rev_by_char(
        ctx: NativeCallContext,
        string: &mut ImmutableString,
        delimiter: char,
    ) -> RhaiResultOf<Array> {
        pieces(&ctx, string, string.rsplit(delimiter))
    }

    #[rhai_fn(name = "split_rev", return_raw, pure)]
    pub fn split_rev_by_char_at_most(
        ctx: NativeCallContext,
        string: &mut ImmutableString,
        delimiter: char,
        segments: INT,
    ) -> RhaiResultOf<Array> {
        match at_least_two(segments) {
            Some(most) => pieces(&ctx, string, string.rsplitn(most, delimiter)),
            None => Ok(vec![string.clone().into()]),
        }
    }

    #[rhai_fn(return_raw)]
    pub fn parse_json(ctx: NativeCallContext, json: &str) -> RhaiResultOf<Dynamic> {
        // At worst every seven characters are a map, which is rare: looked at closer before it is refused.
        if !memory::can_afford(json.len().saturating_mul(ENTRY / 7)) {
            let count = |wanted: u8| json.bytes().filter(|byte| *byte == wanted).count();
            let maps = count(b'{').saturating_mul(ENTRY);
            let values = (count(b',') + count(b'[')).saturating_mul(2 * PIECE);
            afford(&ctx, json.len().saturating_add(maps).saturating_add(values))?;
        }
        serde_json::from_str(json).map_err(|error| error.to_string().into())
    }

    #[rhai_fn(name = "chars")]
    pub fn chars_in(string: ImmutableString, range: Range<INT>) -> Characters {
        let from = range.start.max(0);
        Characters::of(string, from, range.end.max(from) - from)
    }

    #[rhai_fn(name = "chars")]
    pub fn chars_up_to(string: ImmutableString, range: RangeInclusive<INT>) -> Characters {
        let from = (*range.start()).max(0);
        let to = (*range.end()).max(from - 1).min(INT::MAX - 1);
        Characters::of(string, from, to - from + 1)
    }

    #[rhai_fn(name = "chars")]
    pub fn chars_at(string: ImmutableString, start: INT, len: INT) -> Characters {
        Characters::of(string, start, len)
    }

    #[rhai_fn(name = "chars")]
    pub fn chars_from(string: ImmutableString, start: INT) -> Characters {
        Characters::of(string, start, INT::MAX)
    }

    #[rhai_fn(name = "chars", get = "chars")]
    pub fn chars(string: ImmutableString) -> Characters {
        Characters::of(string, 0, INT::MAX)
    }
}

fn at_least_two(segments: INT) -> Option<usize> {
    usize::try_from(segments)
        .ok()
        .filter(|segments| *segments > 1)
}

/// The pieces of a string. A string that is one piece is shared.
fn pieces<'a>(
    ctx: &NativeCallContext,
    string: &ImmutableString,
    pieces: impl Iterator<Item = &'a str> + Clone,
) -> RhaiResultOf<Array> {
    // There is hardly ever a reason to count them.
    if !memory::can_afford((string.len() + 2).saturating_mul(PIECE + 1)) {
        let count = pieces.clone().count();
        afford(
            ctx,
            count.saturating_mul(PIECE).saturating_add(string.len()),
        )?;
    }
    let value = |piece: &'a str| match piece.len() == string.len() {
        true => string.clone().into(),
        false => piece.into(),
    };
    Ok(pieces.map(value).collect())
}

/// The characters of a string, one after another. Rhai's takes four bytes for each before it gives the first.
#[derive(Debug, Clone)]
pub struct Characters {
    text: ImmutableString,
    at: usize,
    end: usize,
}

impl Characters {
    pub(super) fn of(text: ImmutableString, start: INT, len: INT) -> Self {
        let (at, end) = bounds(&text, start, len);
        Characters { text, at, end }
    }
}

impl Iterator for Characters {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let next = self.text.get(self.at..self.end)?.chars().next()?;
        self.at += next.len_utf8();
        Some(next)
    }
}

/// Where a part of a string begins and ends, as Rhai counts characters: a negative start from the end.
pub(super) fn bounds(text: &str, start: INT, len: INT) -> (usize, usize) {
    let Some(len) = usize::try_from(len).ok().filter(|len| *len > 0) else {
        return (0, 0);
    };
    let skipped = match usize::try_from(start) {
        Ok(start) => start,
        Err(_) => {
            let back = usize::try_from(start.unsigned_abs()).unwrap_or(usize::MAX);
            text.chars().count().saturating_sub(back)
        }
    };
    let nth = |text: &str, count: usize| match text.char_indices().nth(count) {
        Some((at, _)) => at,
        None => text.len(),
    };
    let at = nth(text, skipped);
    (at, at + text.get(at..).map_or(0, |rest| nth(rest, len)))
}
