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
        apart(&ctx, string, |text| text.split_whitespace())
    }

    #[rhai_fn(return_raw, pure)]
    pub fn split(
        ctx: NativeCallContext,
        string: &mut ImmutableString,
        delimiter: &str,
    ) -> RhaiResultOf<Array> {
        apart(&ctx, string, |text| text.split(delimiter))
    }

    #[rhai_fn(name = "split", return_raw, pure)]
    pub fn split_at_most(
        ctx: NativeCallContext,
        string: &mut ImmutableString,
        delimiter: &str,
        segments: INT,
    ) -> RhaiResultOf<Array> {
        at_most(&ctx, string, segments, |text, most| {
            text.splitn(most, delimiter)
        })
    }

    #[rhai_fn(name = "split", return_raw, pure)]
    pub fn split_by_char(
        ctx: NativeCallContext,
        string: &mut ImmutableString,
        delimiter: char,
    ) -> RhaiResultOf<Array> {
        apart(&ctx, string, |text| text.split(delimiter))
    }

    #[rhai_fn(name = "split", return_raw, pure)]
    pub fn split_by_char_at_most(
        ctx: NativeCallContext,
        string: &mut ImmutableString,
        delimiter: char,
        segments: INT,
    ) -> RhaiResultOf<Array> {
        at_most(&ctx, string, segments, |text, most| {
            text.splitn(most, delimiter)
        })
    }

    #[rhai_fn(return_raw, pure)]
    pub fn split_rev(
        ctx: NativeCallContext,
        string: &mut ImmutableString,
        delimiter: &str,
    ) -> RhaiResultOf<Array> {
        apart(&ctx, string, |text| text.rsplit(delimiter))
    }

    #[rhai_fn(name = "split_rev", return_raw, pure)]
    pub fn split_rev_at_most(
        ctx: NativeCallContext,
        string: &mut ImmutableString,
        delimiter: &str,
        segments: INT,
    ) -> RhaiResultOf<Array> {
        at_most(&ctx, string, segments, |text, most| {
            text.rsplitn(most, delimiter)
        })
    }

    #[rhai_fn(name = "split_rev", return_raw, pure)]
    pub fn split_rev_by_char(
        ctx: NativeCallContext,
        string: &mut ImmutableString,
        delimiter: char,
    ) -> RhaiResultOf<Array> {
        apart(&ctx, string, |text| text.rsplit(delimiter))
    }

    #[rhai_fn(name = "split_rev", return_raw, pure)]
    pub fn split_rev_by_char_at_most(
        ctx: NativeCallContext,
        string: &mut ImmutableString,
        delimiter: char,
        segments: INT,
    ) -> RhaiResultOf<Array> {
        at_most(&ctx, string, segments, |text, most| {
            text.rsplitn(most, delimiter)
        })
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

/// A string in pieces. An empty one is one piece.
fn apart<'a, I: Iterator<Item = &'a str> + Clone>(
    ctx: &NativeCallContext,
    string: &'a ImmutableString,
    split: impl FnOnce(&'a str) -> I,
) -> RhaiResultOf<Array> {
    match string.is_empty() {
        true => Ok(vec![string.clone().into()]),
        false => pieces(ctx, string, split(string)),
    }
}

/// A string in so many pieces at most; less than two are one.
fn at_most<'a, I: Iterator<Item = &'a str> + Clone>(
    ctx: &NativeCallContext,
    string: &'a ImmutableString,
    segments: INT,
    split: impl FnOnce(&'a str, usize) -> I,
) -> RhaiResultOf<Array> {
    match usize::try_from(segments) {
        Ok(most @ 2..) => apart(ctx, string, |text| split(text, most)),
        _ => Ok(vec![string.clone().into()]),
    }
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
