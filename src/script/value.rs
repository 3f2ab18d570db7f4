//! Values on their way between Rust and a script: maps from typed structs, JSON from anything.

use rhai::{Array, Dynamic, Map};
use serde_json::Value;

use super::netns::Handle;

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

/// A counter. Rhai's integers are signed; a counter of the kernel's that is beyond them stands still at the highest.
pub fn counter(number: u64) -> Dynamic {
    i64::try_from(number).unwrap_or(i64::MAX).into()
}

/// The name of a value's type as people call it.
pub fn type_name(value: &Dynamic) -> &'static str {
    if value.is::<Handle>() {
        return "netns";
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

/// Any value as JSON. What JSON has no form for (functions, handles, ranges) becomes its text.
pub fn to_json(value: &Dynamic) -> Value {
    json_at(value, 0)
}

fn json_at(value: &Dynamic, depth: usize) -> Value {
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
        let items = array.iter().map(|item| json_at(item, depth + 1));
        Value::Array(items.collect())
    } else if let Some(map) = value.read_lock::<Map>() {
        let pairs = map
            .iter()
            .map(|(key, item)| (key.to_string(), json_at(item, depth + 1)));
        Value::Object(pairs.collect())
    } else if let Some(bytes) = value.read_lock::<rhai::Blob>() {
        Value::Array(bytes.iter().map(|byte| (*byte).into()).collect())
    } else if let Some(handle) = value.read_lock::<Handle>() {
        Value::String(handle.to_string())
    } else {
        Value::String(value.to_string())
    }
}
