//! Values as text, within the memory that there is: what stands in place of Rhai's own `print`, `debug`, `to_string`, `to_debug`,
//! `to_json`, and of `+` between a string and anything.
//!
//! A string is one text, however many arrays hold it: a value of a few kilobytes can be a text of many gigabytes. So the text is
//! written piece by piece, and refused where it grows beyond what there is.

use std::fmt::{self, Write};
use std::io;

use rhai::plugin::*;
use rhai::{Array, Dynamic, Engine, EvalAltResult, ImmutableString, Map};

use crate::lab::memory;

use super::call::RhaiResultOf;
use super::growth::{refuse_later, refused};

/// How deep arrays and maps in each other are written out. Rhai's own would go on to the end of the stack.
const DEEPEST: usize = 1000;

/// Takes the place of Rhai's own.
pub(super) fn replace(engine: &mut Engine) {
    engine.register_global_module(exported_module!(natives).into());
}

/// Not documented with `///`, which is the mark of a verb.
#[export_module]
mod natives {
    #[rhai_fn(name = "print", name = "debug", name = "to_debug", return_raw, pure)]
    pub fn print_array(ctx: NativeCallContext, array: &mut Array) -> RhaiResultOf<ImmutableString> {
        within(&ctx, |text| write_items(&ctx, text, array, 0))
    }

    #[rhai_fn(name = "print", name = "debug", name = "to_debug", return_raw, pure)]
    pub fn print_map(ctx: NativeCallContext, map: &mut Map) -> RhaiResultOf<ImmutableString> {
        within(&ctx, |text| write_entries(&ctx, text, map, 0))
    }

    // Rhai asks this of what stands in a text, and where it fails writes the value out by itself.
    #[rhai_fn(name = "to_string", pure)]
    pub fn array_to_string(ctx: NativeCallContext, array: &mut Array) -> ImmutableString {
        let text = within(&ctx, |text| write_items(&ctx, text, array, 0));
        or_later(&ctx, text)
    }

    #[rhai_fn(name = "to_string", pure)]
    pub fn map_to_string(ctx: NativeCallContext, map: &mut Map) -> ImmutableString {
        let text = within(&ctx, |text| write_entries(&ctx, text, map, 0));
        or_later(&ctx, text)
    }

    #[rhai_fn(name = "to_string", pure)]
    pub fn any_to_string(ctx: NativeCallContext, item: &mut Dynamic) -> ImmutableString {
        // Most of what stands in a text is a number, whose text is short and no name of a type.
        if let Ok(number) = item.as_int() {
            return number.to_string().into();
        }
        let text = within(&ctx, |text| write!(text, "{item}"));
        let text = or_later(&ctx, text);
        named(&ctx, text)
    }

    #[rhai_fn(name = "to_debug", return_raw, pure)]
    pub fn any_to_debug(
        ctx: NativeCallContext,
        item: &mut Dynamic,
    ) -> RhaiResultOf<ImmutableString> {
        let text = within(&ctx, |text| write!(text, "{item:?}"))?;
        Ok(named(&ctx, text))
    }

    #[rhai_fn(name = "debug", name = "to_debug", return_raw)]
    pub fn string_to_debug(ctx: NativeCallContext, string: &str) -> RhaiResultOf<ImmutableString> {
        within(&ctx, |text| write!(text, "{string:?}"))
    }

    #[rhai_fn(name = "+", return_raw, pure)]
    pub fn append(
        ctx: NativeCallContext,
        string: &mut ImmutableString,
        mut item: Dynamic,
    ) -> RhaiResultOf<ImmutableString> {
        Ok(string.clone() + words_of(&ctx, &mut item)?)
    }

    #[rhai_fn(name = "+=", name = "append", return_raw)]
    pub fn append_in_place(
        ctx: NativeCallContext,
        string: &mut ImmutableString,
        mut item: Dynamic,
    ) -> RhaiResultOf<()> {
        *string += words_of(&ctx, &mut item)?;
        Ok(())
    }

    #[rhai_fn(name = "+", return_raw, pure)]
    pub fn prepend(
        ctx: NativeCallContext,
        item: &mut Dynamic,
        string: &str,
    ) -> RhaiResultOf<ImmutableString> {
        Ok(words_of(&ctx, item)? + string)
    }

    #[rhai_fn(return_raw, pure)]
    pub fn to_json(ctx: NativeCallContext, map: &mut Map) -> RhaiResultOf<String> {
        let mut text = Room::new();
        let entries: std::collections::BTreeMap<_, _> = map
            .iter()
            .map(|(key, value)| (key.as_str(), value))
            .collect();
        match serde_json::to_writer(&mut text, &entries) {
            Ok(()) => Ok(text.written),
            Err(error) if error.is_io() => Err(too_long(&ctx)),
            Err(_) => Ok("ERROR".into()),
        }
    }
}

/// A text that does not grow beyond what memory there was when it was begun.
struct Room {
    written: String,
    left: usize,
}

impl Room {
    fn new() -> Self {
        Room {
            written: String::new(),
            left: memory::left(),
        }
    }
}

impl Write for Room {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.left = self.left.checked_sub(text.len()).ok_or(fmt::Error)?;
        self.written.push_str(text);
        Ok(())
    }
}

impl io::Write for Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = std::str::from_utf8(bytes).map_err(io::Error::other)?;
        self.write_str(text).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn within(
    ctx: &NativeCallContext,
    write: impl FnOnce(&mut Room) -> fmt::Result,
) -> RhaiResultOf<ImmutableString> {
    let mut text = Room::new();
    match write(&mut text) {
        Ok(()) => Ok(text.written.into()),
        Err(fmt::Error) => Err(too_long(ctx)),
    }
}

fn too_long(ctx: &NativeCallContext) -> Box<EvalAltResult> {
    refused(ctx, "this text would take more memory than there is".into())
}

fn or_later(ctx: &NativeCallContext, text: RhaiResultOf<ImmutableString>) -> ImmutableString {
    text.unwrap_or_else(|_| {
        refuse_later(ctx);
        ImmutableString::new()
    })
}

/// The name that people know, where the text of a value is but the name of its type in Rust.
fn named(ctx: &NativeCallContext, text: ImmutableString) -> ImmutableString {
    match ctx.engine().map_type_name(&text) {
        name if name == text.as_str() => text,
        name => name.into(),
    }
}

/// The text of a value that goes into another text.
fn words_of(ctx: &NativeCallContext, item: &mut Dynamic) -> RhaiResultOf<ImmutableString> {
    if let Some(array) = item.read_lock::<Array>() {
        return within(ctx, |text| write_items(ctx, text, &array, 0));
    }
    if let Some(map) = item.read_lock::<Map>() {
        return within(ctx, |text| write_entries(ctx, text, &map, 0));
    }
    if let Ok(number) = item.as_int() {
        return Ok(number.to_string().into());
    }
    if item.is_blob() {
        return within(ctx, |text| write!(text, "{item}"));
    }
    Ok(asked(ctx, "to_string", item))
}

/// What a value's own function says.
fn asked(ctx: &NativeCallContext, function: &str, item: &mut Dynamic) -> ImmutableString {
    let answer = ctx.call_native_fn_raw(function, true, &mut [item]);
    match answer.map(Dynamic::into_immutable_string) {
        Ok(Ok(text)) => text,
        Ok(Err(kind)) => ctx.engine().map_type_name(kind).into(),
        Err(_) => ctx.engine().map_type_name(item.type_name()).into(),
    }
}

fn write_items(
    ctx: &NativeCallContext,
    text: &mut Room,
    array: &[Dynamic],
    depth: usize,
) -> fmt::Result {
    text.write_str("[")?;
    for (index, item) in array.iter().enumerate() {
        text.write_str(if index > 0 { ", " } else { "" })?;
        write_value(ctx, text, item, depth + 1)?;
    }
    text.write_str("]")
}

fn write_entries(ctx: &NativeCallContext, text: &mut Room, map: &Map, depth: usize) -> fmt::Result {
    text.write_str("#{")?;
    for (index, (key, item)) in map.iter().enumerate() {
        text.write_str(if index > 0 { ", " } else { "" })?;
        write!(text, "{key:?}: ")?;
        write_value(ctx, text, item, depth + 1)?;
    }
    text.write_str("}")
}

/// A value inside another.
fn write_value(
    ctx: &NativeCallContext,
    text: &mut Room,
    value: &Dynamic,
    depth: usize,
) -> fmt::Result {
    if depth > DEEPEST {
        return text.write_str("...");
    }
    if let Some(array) = value.read_lock::<Array>() {
        return write_items(ctx, text, &array, depth);
    }
    if let Some(map) = value.read_lock::<Map>() {
        return write_entries(ctx, text, &map, depth);
    }
    if let Ok(string) = value.as_immutable_string_ref() {
        return write!(text, "{:?}", string.as_str());
    }
    if value.is_int() || value.is_bool() || value.is_float() || value.is_unit() || value.is_blob() {
        return write!(text, "{value:?}");
    }
    if value.is_char() || value.is_fnptr() {
        return write!(text, "{value}");
    }
    text.write_str(&asked(ctx, "to_debug", &mut value.flatten_clone()))
}
