//! What a script catches of a call that Rhai has no function for: the map of a failed verb, with the words of the report.
//!
//! Rhai makes the map that `catch (e)` gets, and its words are its own: `Function not found: ping (netns, &str | ...)`. They are
//! put into those of people where the script looks at them, for Rhai asks nobody before.

use std::sync::OnceLock;

use rhai::{Dynamic, Map, Module};

use crate::catalog::signature::{Parameter, Signature};

/// What the report says of such a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

/// Who has the words for `name (type, type)`, in a script with these functions.
type Words = fn(&str, &[Signature]) -> Told;

static WORDS: OnceLock<Words> = OnceLock::new();

/// From now on these are the words.
pub fn tell_by(words: Words) {
    // Whoever came first is the program itself.
    let _ = WORDS.set(words);
}

/// The same map as a failed verb throws it, if it is one that tells of such a call. `scripts` have the functions of the script.
pub(super) fn told<'a>(
    value: &Dynamic,
    scripts: impl Iterator<Item = &'a Module>,
) -> Option<Dynamic> {
    // Rhai's maps of errors have no more keys; any other is let go of at once.
    const MOST: usize = 8;
    let map = value.read_lock::<Map>()?;
    if map.len() > MOST || !map.contains_key("error") {
        return None;
    }
    let message = map.get("message")?.as_immutable_string_ref().ok()?;
    let signature = signature(&message)?;
    let name = signature.split(" (").next().unwrap_or(signature);
    let functions: Vec<Signature> = scripts.flat_map(functions).collect();
    let words = WORDS.get()?(signature, &functions);
    let mut told = map.clone();
    told.remove("function");
    for (key, value) in [
        ("op", name.into()),
        ("object", "".into()),
        ("netns", "".into()),
        ("errno", Dynamic::UNIT),
        ("code", Dynamic::from(0_i64)),
        ("message", words.message.into()),
        ("kernel", "".into()),
        ("hint", words.hint.into()),
        ("argument", "".into()),
    ] {
        told.insert(key.into(), value);
    }
    Some(told.into())
}

/// The functions that a script defines, but for closures.
fn functions(script: &Module) -> Vec<Signature> {
    let defined = script.iter_script_fn_info();
    let named = defined.filter(|(_, _, name, ..)| !name.contains('$'));
    let signature = |name: &str, parameters: &[rhai::ImmutableString]| Signature {
        name: name.into(),
        parameters: parameters
            .iter()
            .map(|name| Parameter {
                name: name.to_string(),
                kind: "any".into(),
            })
            .collect(),
        returns: String::new(),
    };
    named
        .map(|(_, _, name, _, function)| signature(name, &function.params))
        .collect()
}

/// `name (type, type)` out of Rhai's words, behind which it may say where it was called.
fn signature(message: &str) -> Option<&str> {
    let rest = message.strip_prefix("Function not found: ")?;
    let end = rest.find(')')?;
    rest.get(..=end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_found() {
        for (message, wanted) in [
            ("Function not found: ping (i64)", Some("ping (i64)")),
            (
                "Function not found: f (netns, &str | String) @ 'x' (line 4, position 2)\nin closure call",
                Some("f (netns, &str | String)"),
            ),
            ("Function not found: f", None),
            ("nothing", None),
        ] {
            assert_eq!(signature(message), wanted);
        }
    }
}
