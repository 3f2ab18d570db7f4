//! Strings that become other strings.

use std::ops::{Range, RangeInclusive};

use rhai::plugin::*;
use rhai::{Blob, INT, ImmutableString};

use super::afford;
use super::taken_apart::bounds;
use crate::lab::memory;
use crate::script::call::RhaiResultOf;

#[export_module]
pub mod api {
    #[rhai_fn(return_raw)]
    pub fn replace(
        ctx: NativeCallContext,
        string: &mut ImmutableString,
        find_string: &str,
        substitute_string: &str,
    ) -> RhaiResultOf<()> {
        replace_in(&ctx, string, find_string, substitute_string)
    }

    #[rhai_fn(name = "replace", return_raw)]
    pub fn replace_by_char(
        ctx: NativeCallContext,
        string: &mut ImmutableString,
        find_string: &str,
        substitute_character: char,
    ) -> RhaiResultOf<()> {
        replace_in(
            &ctx,
            string,
            find_string,
            substitute_character.encode_utf8(&mut [0; 4]),
        )
    }

    #[rhai_fn(name = "replace", return_raw)]
    pub fn replace_char_by_string(
        ctx: NativeCallContext,
        string: &mut ImmutableString,
        find_character: char,
        substitute_string: &str,
    ) -> RhaiResultOf<()> {
        replace_in(
            &ctx,
            string,
            find_character.encode_utf8(&mut [0; 4]),
            substitute_string,
        )
    }

    #[rhai_fn(return_raw)]
    pub fn to_upper(
        ctx: NativeCallContext,
        string: ImmutableString,
    ) -> RhaiResultOf<ImmutableString> {
        // The capitals of one character can be three.
        afford(&ctx, string.len().saturating_mul(3))?;
        Ok(string.to_uppercase().into())
    }

    #[rhai_fn(return_raw)]
    pub fn make_upper(ctx: NativeCallContext, string: &mut ImmutableString) -> RhaiResultOf<()> {
        *string = to_upper(ctx, string.clone())?;
        Ok(())
    }

    #[rhai_fn(return_raw)]
    pub fn to_lower(
        ctx: NativeCallContext,
        string: ImmutableString,
    ) -> RhaiResultOf<ImmutableString> {
        afford(&ctx, string.len().saturating_mul(3))?;
        Ok(string.to_lowercase().into())
    }

    #[rhai_fn(return_raw)]
    pub fn make_lower(ctx: NativeCallContext, string: &mut ImmutableString) -> RhaiResultOf<()> {
        *string = to_lower(ctx, string.clone())?;
        Ok(())
    }

    #[rhai_fn(name = "sub_string")]
    pub fn sub_string_in(string: &str, range: Range<INT>) -> ImmutableString {
        let start = range.start.max(0);
        sub_string(string, start, range.end.max(start) - start)
    }

    #[rhai_fn(name = "sub_string")]
    pub fn sub_string_up_to(string: &str, range: RangeInclusive<INT>) -> ImmutableString {
        let (start, len) = inclusive(&range);
        sub_string(string, start, len)
    }

    pub fn sub_string(string: &str, start: INT, len: INT) -> ImmutableString {
        let (at, end) = bounds(string, start, len);
        string.get(at..end).unwrap_or_default().into()
    }

    #[rhai_fn(name = "sub_string")]
    pub fn sub_string_from(string: &str, start: INT) -> ImmutableString {
        sub_string(string, start, INT::MAX)
    }

    #[rhai_fn(name = "crop")]
    pub fn crop_in(string: &mut ImmutableString, range: Range<INT>) {
        let start = range.start.max(0);
        crop(string, start, range.end.max(start) - start);
    }

    #[rhai_fn(name = "crop")]
    pub fn crop_up_to(string: &mut ImmutableString, range: RangeInclusive<INT>) {
        let (start, len) = inclusive(&range);
        crop(string, start, len);
    }

    pub fn crop(string: &mut ImmutableString, start: INT, len: INT) {
        *string = sub_string(string, start, len);
    }

    #[rhai_fn(name = "crop")]
    pub fn crop_from(string: &mut ImmutableString, start: INT) {
        crop(string, start, INT::MAX);
    }

    #[rhai_fn(return_raw)]
    pub fn as_string(ctx: NativeCallContext, blob: Blob) -> RhaiResultOf<String> {
        text_of(&ctx, blob)
    }

    #[rhai_fn(name = "+", return_raw)]
    pub fn string_and_blob(
        ctx: NativeCallContext,
        string: ImmutableString,
        utf8: Blob,
    ) -> RhaiResultOf<ImmutableString> {
        Ok(string + text_of(&ctx, utf8)?.as_str())
    }

    #[rhai_fn(name = "+=", name = "append", return_raw)]
    pub fn append_blob(
        ctx: NativeCallContext,
        string: &mut ImmutableString,
        utf8: Blob,
    ) -> RhaiResultOf<()> {
        string.make_mut().push_str(&text_of(&ctx, utf8)?);
        Ok(())
    }

    #[rhai_fn(name = "+", return_raw)]
    pub fn blob_and_string(
        ctx: NativeCallContext,
        utf8: Blob,
        string: &str,
    ) -> RhaiResultOf<ImmutableString> {
        Ok((text_of(&ctx, utf8)? + string).into())
    }
}

pub(super) fn inclusive(range: &RangeInclusive<INT>) -> (INT, INT) {
    let start = (*range.start()).max(0);
    let end = (*range.end()).max(start).min(INT::MAX - 1);
    (start, end - start + 1)
}

fn replace_in(
    ctx: &NativeCallContext,
    string: &mut ImmutableString,
    find: &str,
    substitute: &str,
) -> RhaiResultOf<()> {
    if string.is_empty() {
        return Ok(());
    }
    let with = |matches: usize| {
        let new = matches.saturating_mul(substitute.len());
        new.saturating_add(string.len())
    };
    let most = string.len() / find.len().max(1) + 1;
    if !memory::can_afford(with(most)) {
        afford(ctx, with(string.matches(find).count()))?;
    }
    *string = string.replace(find, substitute).into();
    Ok(())
}

/// Bytes as text; a byte that is none becomes the three of U+FFFD.
fn text_of(ctx: &NativeCallContext, utf8: Blob) -> RhaiResultOf<String> {
    String::from_utf8(utf8).or_else(|error| {
        let bytes = error.as_bytes();
        afford(ctx, bytes.len().saturating_mul(3))?;
        Ok(String::from_utf8_lossy(bytes).into_owned())
    })
}
