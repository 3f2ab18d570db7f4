//! What a script catches of a call that Rhai has no function for: the words that the report would have.
//!
//! Rhai makes the map that `catch (e)` gets, and its words are its own: `Function not found: ping (netns, &str | ...)`. They are
//! put into those of people where the script looks at them, for Rhai asks nobody before.

use std::sync::OnceLock;

use rhai::{Dynamic, Map};

/// Who has the words for `name (type, type)`; none where it knows no such verb.
type Words = fn(&str) -> Option<String>;

static WORDS: OnceLock<Words> = OnceLock::new();

/// From now on these are the words.
pub fn tell_by(words: Words) {
    // Whoever came first is the program itself.
    let _ = WORDS.set(words);
}

/// The same map with words for people, if it is one that tells of such a call.
pub(super) fn told(value: &Dynamic) -> Option<Dynamic> {
    // Rhai's maps of errors have no more keys; any other is let go of at once.
    const MOST: usize = 8;
    let map = value.read_lock::<Map>()?;
    if map.len() > MOST || !map.contains_key("error") {
        return None;
    }
    let message = map.get("message")?.as_immutable_string_ref().ok()?;
    let signature = signature(&message)?;
    let words = WORDS.get()?(signature)?;
    let mut told = map.clone();
    told.insert("message".into(), words.into());
    Some(told.into())
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
