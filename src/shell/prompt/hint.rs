//! What is still to be typed of a call, in words behind the cursor: the parameters that are left, the options not given.

use super::order::statement;
use super::reading::{Ending, Reading};
use crate::catalog::signature::{Parameter, Signature, Signatures};
use crate::catalog::{Catalog, Entry};

/// For a longer text there is no hint: all of it is read again at every key.
const LONGEST: usize = 16 << 10;

/// What a hint is made from.
#[derive(Debug, Clone, Copy)]
pub struct Hints<'a> {
    /// The verbs.
    pub catalog: &'a Catalog,
    /// The functions that the user defined.
    pub functions: &'a [Signature],
}

impl Hints<'_> {
    /// What is shown behind a text whose end the cursor is at, in at most `width` columns.
    pub fn hint(&self, text: &str, width: usize) -> Option<String> {
        if text.len() > LONGEST {
            return None;
        }
        let statement = statement(text)?;
        let reading = Reading::of(statement);
        let hint = match &reading.ending {
            Ending::Comment { .. } | Ending::Broken => None,
            Ending::Text(said) if said.whole => {
                let rest = self.inside(&reading, said.token, width)?;
                Some(format!("{}{rest}", said.closing))
            }
            Ending::Text(_) => None,
            Ending::Code => self
                .of_name(&reading)
                .or_else(|| self.inside(&reading, reading.word_token(), width)),
        };
        hint.and_then(|hint| shortened(hint, width))
    }

    /// `(link, cidr, options?)` behind a name that is typed to its end.
    fn of_name(&self, reading: &Reading) -> Option<String> {
        let word = reading.word_token();
        if reading.source.word(word).is_empty() {
            return None;
        }
        let before = word.checked_sub(1).and_then(|at| reading.source.token(at));
        if matches!(
            before,
            Some(rhai::Token::Fn | rhai::Token::Let | rhai::Token::Const)
        ) {
            return None;
        }
        let names: Vec<String> = self
            .parameters(reading, word)?
            .iter()
            .map(|one| one.name.clone())
            .collect();
        Some(format!("({})", names.join(", ")))
    }

    /// What is left of the innermost call, when the token at the cursor has that number.
    fn inside(&self, reading: &Reading, token: usize, width: usize) -> Option<String> {
        let open = *reading.open.last()?;
        if let Some(name) = reading.options_of(open) {
            return self.options(reading, open, token, reading.source.word(name), width);
        }
        let name = reading.called_by(open)?;
        let parameters = self.parameters(reading, name)?;
        let items = reading.source.open_items(open);
        let current = items.last()?;
        let begun = usize::from(!current.is_empty());
        let names = parameters.iter().map(|one| one.name.as_str());
        let rest: Vec<&str> = names.skip(items.len() - 1 + begun).collect();
        let between = match reading.source.text().chars().last() {
            _ if rest.is_empty() => "",
            _ if begun > 0 => ", ",
            Some(',') => " ",
            _ => "",
        };
        Some(format!("{between}{})", rest.join(", ")))
    }

    /// The parameters of all ways to call a function; those that not each of them has are marked.
    fn parameters(&self, reading: &Reading, name: usize) -> Option<Vec<Parameter>> {
        let before = name.checked_sub(1).and_then(|at| reading.source.token(at));
        let name = reading.source.word(name);
        let ways: Vec<Signature> = if matches!(before, Some(rhai::Token::DoubleColon)) {
            // Whatever the module was imported as.
            let of_modules = self.catalog.called(name).filter(|one| one.module.is_some());
            of_modules.map(|one| one.signature.clone()).collect()
        } else {
            let own = self.functions.iter().filter(|one| one.name == name);
            let own: Vec<Signature> = own.cloned().collect();
            match own.is_empty() {
                true => Signatures::of(self.catalog, name),
                false => own,
            }
        };
        let fewest = ways.iter().map(|way| way.parameters.len()).min()?;
        let longest = ways.into_iter().max_by_key(|way| way.parameters.len())?;
        let mut parameters = longest.parameters;
        for parameter in parameters.iter_mut().skip(fewest) {
            if !parameter.name.ends_with('?') {
                parameter.name.push('?');
            }
        }
        Some(parameters)
    }

    /// The keys that are not given yet, or the type of the value behind `key:`.
    fn options(
        &self,
        reading: &Reading,
        open: usize,
        token: usize,
        verb: &str,
        width: usize,
    ) -> Option<String> {
        let entry = self.catalog.called(verb).find(|one| one.takes_options())?;
        let items = reading.source.open_items(open);
        let current = items.last()?;
        let typed = reading.source.word(current.start);
        match token.checked_sub(current.start)? {
            _ if current.is_empty() => {}
            // A key that is complete.
            0 => return Some(format!(": {}", kind_of(entry, typed)?)),
            // Behind `key:`.
            2 if token == reading.source.lexemes().len() => {
                let space = space_after(reading.source.text());
                return Some(format!("{space}{}", kind_of(entry, typed)?));
            }
            _ => return None,
        }
        let given: Vec<&str> = items
            .iter()
            .filter_map(|item| reading.source.key_of(item))
            .collect();
        let keys = entry.manual.options.iter().map(|one| one.key.as_str());
        let keys: Vec<&str> = keys.filter(|key| !given.contains(key)).collect();
        (!keys.is_empty()).then(|| listed(&keys, reading.source.text(), width))
    }
}

/// The type of an option's value, with its unit.
fn kind_of<'a>(entry: &'a Entry, key: &str) -> Option<&'a str> {
    let options = entry.manual.options.iter();
    let mut found = options.filter(|option| option.key == key);
    found.next().map(|option| option.kind.as_str())
}

fn space_after(text: &str) -> &'static str {
    if text.ends_with(char::is_whitespace) {
        ""
    } else {
        " "
    }
}

/// As many keys as there is room for, and the end of the call.
fn listed(keys: &[&str], text: &str, width: usize) -> String {
    let space = space_after(text);
    let all = format!("{space}{} }})", keys.join(", "));
    if all.len() <= width {
        return all;
    }
    let mut room = width.saturating_sub(space.len() + "... })".len());
    let fits = |key: &&&str| match room.checked_sub(key.len() + ", ".len()) {
        Some(left) => {
            room = left;
            true
        }
        None => false,
    };
    let some = keys.iter().take_while(fits);
    let some: String = some.map(|key| format!("{key}, ")).collect();
    format!("{space}{some}... }})")
}

/// The hint as far as there is room for it.
fn shortened(hint: String, width: usize) -> Option<String> {
    if hint.chars().count() <= width {
        return Some(hint);
    }
    let kept = width.checked_sub("...".len()).filter(|&kept| kept > 0)?;
    Some(hint.chars().take(kept).chain("...".chars()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hint(text: &str, width: usize) -> Option<String> {
        let own = Signature {
            name: "pair".into(),
            parameters: ["left", "right"]
                .map(|name| Parameter {
                    name: name.into(),
                    kind: "any".into(),
                })
                .to_vec(),
            returns: String::new(),
        };
        let hints = Hints {
            catalog: crate::script::catalog(),
            functions: &[own],
        };
        hints.hint(text, width)
    }

    #[test]
    fn what_is_left_of_a_call_is_shown() {
        for (text, expected) in [
            ("addr_add", "(link, cidr, options?)"),
            ("addr_add(", "link, cidr, options?)"),
            ("addr_add(\"veth0\"", ", cidr, options?)"),
            ("addr_add(\"ve", "\", cidr, options?)"),
            ("addr_add(ve", ", cidr, options?)"),
            ("addr_add(\"veth0\",", " cidr, options?)"),
            ("addr_add(\"veth0\", ", "cidr, options?)"),
            ("addr_add(\"veth0\", \"::1/64\"", ", options?)"),
            ("addr_add(\"veth0\", \"::1/64\", #{}", ")"),
            ("h1.addr_add(\"veth0\", ", "cidr, options?)"),
            ("h1.run(|| link_up(", "link)"),
            ("addr_list(", "link?)"),
            ("impair::link(", "name, kind)"),
            ("assert(", "condition, message?)"),
            ("pair", "(left, right)"),
            ("let x = [1, pair(2, ", "right)"),
            (":time pair(2, ", "right)"),
            ("`${pair(", "left, right)"),
            ("addr_del(\"a\", \"b\", #{ ", "peer })"),
            ("addr_del(\"a\", \"b\", #{", " peer })"),
            ("addr_del(\"a\", \"b\", #{ peer", ": address"),
            ("veth_add(\"a\", \"b\", #{ mtu:", " int, bytes"),
            ("veth_add(\"a\", \"b\", #{ mtu: ", "int, bytes"),
            (
                "veth_add(\"a\", \"b\", #{ mtu: 1, \"mac\": 2, ",
                "peer_netns, netns, txqueuelen, master, peer_master, peer_mac, up })",
            ),
        ] {
            assert_eq!(hint(text, 80).as_deref(), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn where_nothing_is_known_there_is_no_hint() {
        for text in [
            "",
            "addr",
            "unknown(",
            // Of a module.
            "link(",
            "addr_add(\"a\", [",
            "(",
            "addr_add(1)",
            "// addr_add",
            "fn addr_add",
            "!addr_add",
            ":load addr_add",
            "veth_add(\"a\", \"b\", #{ mtu: 12",
            "veth_add(\"a\", \"b\", #{ unknown: ",
            "#{ ",
            "link_exists(\"a\"); #{",
        ] {
            assert_eq!(hint(text, 80), None, "{text:?}");
        }
    }

    #[test]
    fn a_hint_keeps_to_its_width() {
        let keys = "veth_add(1, 2, #{ ";
        let some = "peer_netns, netns, ... })";
        assert_eq!(hint(keys, 25).as_deref(), Some(some));
        assert_eq!(hint(keys, 4).as_deref(), Some("...."));
        assert_eq!(hint("addr_add", 12).as_deref(), Some("(link, ci..."));
        assert_eq!(hint("addr_add", 3), None);
    }

    proptest! {
        #[test]
        fn no_text_panics_and_no_hint_is_too_wide(
            pieces in "(addr_add|\\(|,|#\\{|\"|`|\\$\\{| |:|mtu|\\)|\\}|é|\\||/){0,12}", width in 0usize..40,
        ) {
            let hint = hint(&pieces, width);
            prop_assert!(hint.is_none_or(|hint| hint.chars().count() <= width));
        }
    }
}
