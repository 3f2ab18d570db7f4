//! What there is to call, read back from the engine. The functions and their doc comments are the one source; what is
//! here only reads them.

pub mod signature;

use rhai::Engine;

use signature::{Parameter, Signature, Signatures};

/// One way to call a function, with its manual.
#[derive(Debug, Clone)]
pub struct Entry {
    /// How it is called.
    pub signature: Signature,
    /// Its doc comment, without the marks of a comment.
    pub documentation: String,
}

/// All functions that netsh adds to Rhai.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    entries: Vec<Entry>,
}

impl Catalog {
    /// Reads the functions of an engine that carry documentation, in the order of their names.
    pub fn of(engine: &Engine) -> Self {
        let mut entries = engine.collect_fn_metadata(
            None,
            |found| {
                let function = found.metadata;
                (!function.comments.is_empty()).then(|| Entry {
                    signature: signature_of(
                        &function.name,
                        &function.params_info,
                        &function.return_type,
                    ),
                    documentation: documentation(&function.comments),
                })
            },
            false,
        );
        entries.sort_by(|a, b| a.signature.name.cmp(&b.signature.name));
        Catalog { entries }
    }

    /// The entries, in the order of their names.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

impl Signatures for Catalog {
    fn of(&self, name: &str) -> Vec<Signature> {
        let called = |entry: &&Entry| entry.signature.name == name;
        let found = self.entries.iter().filter(called);
        found.map(|entry| entry.signature.clone()).collect()
    }

    fn names(&self) -> Vec<String> {
        let names = self
            .entries
            .iter()
            .map(|entry| entry.signature.name.clone());
        names.collect()
    }

    fn fields(&self, name: &str) -> Vec<String> {
        let documented = |name: &str| {
            let entries = self.entries.iter();
            let called = entries.filter(|entry| entry.signature.name == name);
            let words: Vec<String> = called
                .flat_map(|entry| returned_words(&entry.documentation))
                .collect();
            words
        };
        // "A map like those of `link_list`": what another verb gives.
        let (verbs, mut fields): (Vec<_>, Vec<_>) = documented(name)
            .into_iter()
            .partition(|word| !self.of(word).is_empty());
        if fields.is_empty() {
            fields = verbs.iter().flat_map(|verb| documented(verb)).collect();
        }
        fields.sort();
        fields.dedup();
        fields
    }
}

/// The names in back ticks under `# Returns`.
fn returned_words(documentation: &str) -> Vec<String> {
    let after = documentation.split("# Returns").nth(1).unwrap_or("");
    let section = after.split("\n# ").next().unwrap_or("");
    let is_name = |word: &&str| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let quoted = section.split('`').skip(1).step_by(2).filter(is_name);
    quoted.map(str::to_owned).collect()
}

fn signature_of(name: &str, parameters: &[impl AsRef<str>], returns: &str) -> Signature {
    let parameters = parameters.iter().filter_map(|parameter| {
        let (name, kind) = parameter.as_ref().split_once(':')?;
        let kind = kind_name(kind.trim());
        // The handle of a method stands before the dot, not among the arguments.
        (kind != "netns").then(|| Parameter {
            name: match kind {
                "map" if name == "options" => "options?".into(),
                _ => name.trim().to_string(),
            },
            kind: kind.to_string(),
        })
    });
    Signature {
        name: name.to_string(),
        parameters: parameters.collect(),
        returns: kind_name(returns).to_string(),
    }
}

/// A Rust type by the name that scripts have for it.
fn kind_name(rust: &str) -> &str {
    let inner = rust
        .strip_prefix("RhaiResultOf<")
        .and_then(|rest| rest.strip_suffix('>'))
        .unwrap_or(rust)
        .trim_end();
    match inner.trim_start_matches("&mut ").trim_start_matches('&') {
        "str" | "String" | "ImmutableString" => "string",
        "i64" | "INT" => "int",
        "f64" | "FLOAT" => "float",
        "Dynamic" => "any",
        "Map" => "map",
        "Array" => "array",
        "FnPtr" => "function",
        "Handle" => "netns",
        other => other,
    }
}

fn documentation(comments: &[impl AsRef<str>]) -> String {
    let lines = comments.iter().flat_map(|comment| comment.as_ref().lines());
    let lines = lines.map(|line| {
        let text = line.trim_start().trim_start_matches("///");
        text.strip_prefix(' ').unwrap_or(text)
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_from_the_manual() {
        let entry = |name: &str, documentation: &str| Entry {
            signature: Signature {
                name: name.into(),
                parameters: Vec::new(),
                returns: String::new(),
            },
            documentation: documentation.into(),
        };
        let catalog = Catalog {
            entries: vec![
                entry(
                    "link_list",
                    "Lists `x`.\n\n# Returns\nMaps: `mtu` (`()` for none),\n`name`.\n\n# Errors\n`no`.",
                ),
                entry("link_get", "# Returns\nA map like those of `link_list`."),
            ],
        };
        assert_eq!(catalog.fields("link_list"), ["mtu", "name"]);
        assert_eq!(catalog.fields("link_get"), ["mtu", "name"]);
        assert!(catalog.fields("ping").is_empty());
    }

    #[test]
    fn kinds_have_the_names_of_scripts() {
        for (rust, kind) in [
            ("&str", "string"),
            ("RhaiResultOf<Map >", "map"),
            ("RhaiResultOf<() >", "()"),
            ("&mut Handle", "netns"),
            ("()", "()"),
            ("bool", "bool"),
            ("Dynamic", "any"),
        ] {
            assert_eq!(kind_name(rust), kind, "{rust}");
        }
    }
}
