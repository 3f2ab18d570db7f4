//! Long lists: maps that are alike, and values that come again and again, made as few times as can be.
//!
//! A table can have 100 000 routes, and a script gets a map of 17 keys for each. What is slow about that is not the kernel but the
//! making: a tree grown key by key, and each word a new string.

use std::collections::{BTreeMap, HashMap};
use std::fmt::{Display, Write};

use rhai::{Dynamic, Identifier, ImmutableString, Map};

/// Maps that have the same keys. Each is a copy of an empty form that is then filled in: a tree is copied in half the time that
/// it takes to grow.
#[derive(Default)]
pub struct Rows {
    form: Map,
}

impl Rows {
    /// A map from pairs in the order of their keys, the same keys each time.
    pub fn map<const N: usize>(&mut self, pairs: [(&'static str, Dynamic); N]) -> Map {
        if self.form.len() != N {
            self.form = form(&pairs);
        }
        self.filled(pairs)
    }

    /// A map from pairs in any order, whose keys are mostly those of the one before.
    pub fn map_of(&mut self, mut pairs: Vec<(&'static str, Dynamic)>) -> Map {
        pairs.sort_unstable_by_key(|(key, _)| *key);
        let keys = pairs.iter().map(|(key, _)| *key);
        if !self.form.keys().map(Identifier::as_str).eq(keys) {
            self.form = form(&pairs);
        }
        self.filled(pairs)
    }

    fn filled(&self, pairs: impl IntoIterator<Item = (&'static str, Dynamic)>) -> Map {
        let mut map = self.form.clone();
        for ((key, slot), (name, value)) in map.iter_mut().zip(pairs) {
            debug_assert_eq!(key, name, "the keys are not in order");
            *slot = value;
        }
        map
    }
}

fn form(pairs: &[(&'static str, Dynamic)]) -> Map {
    let keys = pairs.iter().map(|(key, _)| *key);
    keys.map(|key| (key.into(), Dynamic::UNIT)).collect()
}

/// Words of netsh's own: each is one string, however many maps hold it.
#[derive(Default)]
pub struct Words {
    known: Vec<(&'static str, Dynamic)>,
}

impl Words {
    /// The string of a word. A list has a handful of them, which stand in tables: to compare where they stand is enough.
    pub fn get(&mut self, word: &'static str) -> Dynamic {
        let mut known = self.known.iter();
        if let Some((_, text)) = known.find(|(known, _)| std::ptr::eq(*known, word)) {
            return text.clone();
        }
        let text = Dynamic::from(word);
        self.known.push((word, text.clone()));
        text
    }
}

/// The names of links by their indexes.
pub struct LinkNames {
    names: BTreeMap<u32, Dynamic>,
}

impl LinkNames {
    /// Those that the lab found.
    pub fn of(names: &HashMap<u32, String>) -> Self {
        let names = names.iter();
        LinkNames {
            names: names
                .map(|(index, name)| (*index, name.clone().into()))
                .collect(),
        }
    }

    /// The name of this link, or `()`.
    pub fn get(&self, index: Option<u32>) -> Dynamic {
        let name = index.and_then(|index| self.names.get(&index));
        name.cloned().unwrap_or(Dynamic::UNIT)
    }
}

/// Something as a string. One of up to 23 bytes, as most addresses are, is written where it stays.
pub fn text(words: impl Display) -> Dynamic {
    let mut text = Identifier::new();
    // Writing into a string in memory does not fail.
    let _ = write!(text, "{words}");
    ImmutableString::from(text).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_the_maps_that_their_pairs_say() {
        let mut rows = Rows::default();
        for number in 0..3 {
            let made = rows.map([("a", number.into()), ("b", text(number))]);
            let wanted: Map = [("a".into(), number.into()), ("b".into(), text(number))].into();
            assert_eq!(format!("{made:?}"), format!("{wanted:?}"));
        }
    }

    #[test]
    fn keys_may_be_others_each_time() {
        let mut rows = Rows::default();
        for keys in [&["b", "a"][..], &["a", "b"], &["a", "c"], &[], &["c"]] {
            let pairs: Vec<_> = keys.iter().map(|key| (*key, text(key))).collect();
            let wanted: Map = pairs
                .iter()
                .map(|(key, value)| ((*key).into(), value.clone()))
                .collect();
            assert_eq!(format!("{:?}", rows.map_of(pairs)), format!("{wanted:?}"));
        }
    }

    #[test]
    fn a_word_is_one_string() {
        let mut words = Words::default();
        let pair = ["inet", "inet"].map(|word| words.get(word));
        let pair = pair.map(|word| word.into_immutable_string().expect("a string"));
        assert_eq!(pair[0].as_ptr(), pair[1].as_ptr());
    }

    #[test]
    fn long_texts_are_whole() {
        let long = "0123456789".repeat(7);
        assert_eq!(text(&long).into_string(), Ok(long));
    }
}
