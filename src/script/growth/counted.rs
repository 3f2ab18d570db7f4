//! What is made as long as a number says.

use rhai::plugin::*;
use rhai::{Array, Blob, Dynamic, INT, ImmutableString, Map};

use super::{ENTRY, VALUE, afford};
use crate::script::call::RhaiResultOf;

#[export_module]
pub mod api {
    #[rhai_fn(return_raw)]
    pub fn blob(ctx: NativeCallContext, len: INT) -> RhaiResultOf<Blob> {
        blob_of(ctx, len, 0)
    }

    #[rhai_fn(name = "blob", return_raw)]
    pub fn blob_of(ctx: NativeCallContext, len: INT, value: INT) -> RhaiResultOf<Blob> {
        let len = usize::try_from(len).unwrap_or(0);
        afford(&ctx, len)?;
        Ok(vec![low_byte(value); len])
    }

    #[rhai_fn(name = "pad", return_raw)]
    pub fn pad_blob(
        ctx: NativeCallContext,
        blob: &mut Blob,
        len: INT,
        value: INT,
    ) -> RhaiResultOf<()> {
        let len = usize::try_from(len).unwrap_or(0);
        if len > blob.len() {
            afford(&ctx, len - blob.len())?;
            blob.resize(len, low_byte(value));
        }
        Ok(())
    }

    #[rhai_fn(name = "pad", return_raw)]
    pub fn pad_array(
        ctx: NativeCallContext,
        array: &mut Array,
        len: INT,
        item: Dynamic,
    ) -> RhaiResultOf<()> {
        let len = usize::try_from(len).unwrap_or(0);
        if len > array.len() {
            afford(&ctx, (len - array.len()).saturating_mul(copied(&item)))?;
            array.resize(len, item);
        }
        Ok(())
    }

    #[rhai_fn(name = "pad", return_raw)]
    pub fn pad_string(
        ctx: NativeCallContext,
        string: &mut ImmutableString,
        len: INT,
        character: char,
    ) -> RhaiResultOf<()> {
        let missing = missing(string, len);
        if missing > 0 {
            afford(&ctx, missing.saturating_mul(character.len_utf8()))?;
            let padding = character.encode_utf8(&mut [0; 4]).repeat(missing);
            string.make_mut().push_str(&padding);
        }
        Ok(())
    }

    #[rhai_fn(name = "pad", return_raw)]
    pub fn pad_string_with(
        ctx: NativeCallContext,
        string: &mut ImmutableString,
        len: INT,
        padding: &str,
    ) -> RhaiResultOf<()> {
        let missing = missing(string, len);
        // Rhai would look for the end of nothing for ever.
        if missing > 0 && !padding.is_empty() {
            afford(&ctx, missing.saturating_mul(widest(padding)))?;
            let whole = missing / padding.chars().count();
            let rest = padding
                .chars()
                .cycle()
                .take(missing % padding.chars().count());
            let text = string.make_mut();
            text.push_str(&padding.repeat(whole));
            text.extend(rest);
        }
        Ok(())
    }

    // The items of the second are moved, but the first grows; both are copies already.
    #[rhai_fn(name = "+", return_raw)]
    pub fn concat(ctx: NativeCallContext, array1: Array, array2: Array) -> RhaiResultOf<Array> {
        if array2.is_empty() {
            return Ok(array1);
        }
        if array1.is_empty() {
            return Ok(array2);
        }
        afford(&ctx, array2.len() * VALUE)?;
        let mut array = array1;
        array.extend(array2);
        Ok(array)
    }
}

fn low_byte(value: INT) -> u8 {
    value.to_le_bytes()[0]
}

/// How many characters a string lacks to have so many.
fn missing(string: &str, len: INT) -> usize {
    let len = usize::try_from(len).unwrap_or(0);
    // Counting them is as long as the string.
    if len == 0 {
        return 0;
    }
    len.saturating_sub(string.chars().count())
}

/// The bytes of the widest character.
fn widest(text: &str) -> usize {
    text.chars().map(char::len_utf8).max().unwrap_or(0)
}

/// What one more copy of a value takes. The text of a string is shared by its copies.
fn copied(value: &Dynamic) -> usize {
    let inside = if let Some(array) = value.read_lock::<Array>() {
        size_of::<Array>() + array.iter().map(copied).sum::<usize>()
    } else if let Some(map) = value.read_lock::<Map>() {
        // A node of the tree is at least half full, unless it is the only one.
        let nodes = map.len().div_ceil(5);
        size_of::<Map>() + nodes * ENTRY + map.values().map(copied).sum::<usize>()
    } else if let Some(blob) = value.read_lock::<Blob>() {
        size_of::<Blob>() + blob.len()
    } else {
        0
    };
    VALUE + inside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_copy_takes() {
        let mut map = Map::new();
        assert_eq!(copied(&map.clone().into()), VALUE + size_of::<Map>());
        map.insert("a".into(), "a long text is shared by all its copies".into());
        assert_eq!(
            copied(&map.into()),
            VALUE + size_of::<Map>() + ENTRY + VALUE
        );
        let array: Array = vec![1.into(), 2.into()];
        assert_eq!(
            copied(&array.into()),
            VALUE + size_of::<Array>() + 2 * VALUE
        );
        let blob: Blob = vec![0; 100];
        assert_eq!(
            copied(&Dynamic::from_blob(blob)),
            VALUE + size_of::<Blob>() + 100
        );
    }
}
