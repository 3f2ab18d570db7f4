//! Values on their way between Rust and a script: maps from typed structs, JSON from anything.

use rhai::{Array, Dynamic, Map};
use serde_json::Value;

use super::handle;
use crate::lab::memory;
use crate::packet::hex;

/// How deep JSON may nest; a script can build a value that would overflow the stack of whoever walks it.
const DEEPEST: usize = 100;

/// A map from pairs.
pub fn map<const N: usize>(pairs: [(&str, Dynamic); N]) -> Map {
    pairs
        .into_iter()
        .map(|(key, value)| (key.into(), value))
        .collect()
}

/// The value, or `()` where there is none.
pub fn maybe<T: Into<Dynamic>>(value: Option<T>) -> Dynamic {
    value.map_or(Dynamic::UNIT, Into::into)
}

/// An array of anything that a script can hold.
pub fn array<T: Into<Dynamic>>(items: impl IntoIterator<Item = T>) -> Array {
    items.into_iter().map(Into::into).collect()
}

/// An array of maps, as they are: Rhai's own conversion of a map builds it once more, key by key.
pub fn array_of_maps(items: impl IntoIterator<Item = Map>) -> Array {
    items.into_iter().map(Dynamic::from_map).collect()
}

/// A counter. Rhai's integers are signed; a counter of the kernel's that is beyond them stands still at the highest.
pub fn counter(number: u64) -> Dynamic {
    i64::try_from(number).unwrap_or(i64::MAX).into()
}

/// The name of a value's type as people call it.
pub fn type_name(value: &Dynamic) -> &'static str {
    if let Some(kind) = handle::kind(value) {
        return kind;
    }
    match value.type_name() {
        "i64" => "int",
        "f64" => "float",
        "bool" => "bool",
        "string" | "&str" => "string",
        "char" => "char",
        "map" => "map",
        "array" => "array",
        "blob" => "blob",
        "()" => "()",
        "Fn" => "function",
        "range" | "range=" => "range",
        _ => "value",
    }
}

/// The article that goes before the name of a type.
pub fn article(kind: &str) -> &'static str {
    if kind.starts_with(['a', 'i']) {
        "an"
    } else {
        "a"
    }
}

/// What it takes to draw a value, measured: for any, for a map (a row of a table) beyond that, for a byte of text.
const DRAWN: (usize, usize, usize) = (256, 1024, 8);

/// Whether there is the memory to show a value. A string that many arrays hold is one in memory, and many on the screen.
pub fn can_be_shown(value: &Dynamic) -> bool {
    draw_with(memory::left(), value, 0).is_some()
}

/// What memory is left when a value is drawn.
fn draw_with(left: usize, value: &Dynamic, depth: usize) -> Option<usize> {
    let (any, map, byte) = DRAWN;
    let mut left = left.checked_sub(any)?;
    if depth > DEEPEST {
        return Some(left);
    }
    if let Some(array) = value.read_lock::<Array>() {
        let mut items = array.iter();
        return items.try_fold(left, |left, item| draw_with(left, item, depth + 1));
    }
    if let Some(entries) = value.read_lock::<Map>() {
        left = left.checked_sub(map)?;
        let mut entries = entries.iter();
        return entries.try_fold(left, |left, (key, item)| {
            let left = left.checked_sub(key.len().saturating_mul(byte))?;
            draw_with(left, item, depth + 1)
        });
    }
    let inside = match value.read_lock::<rhai::Blob>() {
        Some(blob) => blob.len().saturating_mul(any),
        None => {
            let text = value.as_immutable_string_ref();
            text.map_or(0, |text| text.len().saturating_mul(byte))
        }
    };
    left.checked_sub(inside)
}

/// What to say of a value that can't be shown.
pub fn too_large_to_show() -> String {
    let most = memory::limit() >> 20;
    format!(
        "this value is too large to show: its text would take more of the {most} MiB of a script than there is"
    )
}

/// Any value as JSON. What JSON has no form for (functions, handles, ranges) becomes its text.
pub fn to_json(value: &Dynamic) -> Value {
    json_at(value, 0, &|bytes| {
        Value::Array(bytes.iter().map(|byte| (*byte).into()).collect())
    })
}

/// The same for the eyes of people: bytes in hexadecimal.
pub fn to_shown(value: &Dynamic) -> Value {
    match value.read_lock::<rhai::Blob>() {
        Some(bytes) => Value::String(hex::dump(&bytes)),
        None => json_at(value, 0, &|bytes| Value::String(hex::encode(bytes))),
    }
}

fn json_at(value: &Dynamic, depth: usize, blob: &dyn Fn(&[u8]) -> Value) -> Value {
    if depth > DEEPEST {
        return Value::String("...".into());
    }
    if value.is_unit() {
        Value::Null
    } else if let Ok(flag) = value.as_bool() {
        Value::Bool(flag)
    } else if let Ok(number) = value.as_int() {
        number.into()
    } else if let Ok(number) = value.as_float() {
        serde_json::Number::from_f64(number).map_or(Value::Null, Value::Number)
    } else if let Some(array) = value.read_lock::<Array>() {
        let items = array.iter().map(|item| json_at(item, depth + 1, blob));
        Value::Array(items.collect())
    } else if let Some(map) = value.read_lock::<Map>() {
        let pairs = map
            .iter()
            .map(|(key, item)| (key.to_string(), json_at(item, depth + 1, blob)));
        Value::Object(pairs.collect())
    } else if let Some(bytes) = value.read_lock::<rhai::Blob>() {
        blob(&bytes)
    } else if let Some(data) = handle::data(value) {
        json_at(&data.into(), depth + 1, blob)
    } else if let Some(text) = handle::text(value) {
        Value::String(text)
    } else {
        Value::String(value.to_string())
    }
}
