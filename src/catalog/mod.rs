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
