//! How a verb is called, in words for people.
//!
//! Whoever reads the verbs back from the engine makes these; the error report and the tests of the manual use
//! them. A verb with optional arguments may have one signature per number of arguments, or mark a parameter's name
//! with a `?` at its end: both mean the same.

/// One parameter of a verb.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// The name, as in the documentation: `link`. With a `?` at its end the parameter may be left out.
    pub name: String,
    /// The type that it takes, in words for people: `string`, `map`, `int | string`, `any`.
    pub kind: String,
}

/// One way to call a verb. The handle of a method call is not among the parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The name of the verb: `addr_add`.
    pub name: String,
    /// What stands between the parentheses.
    pub parameters: Vec<Parameter>,
    /// The type of the result, empty for none.
    pub returns: String,
}

/// Who knows the signatures of all that a script can call.
pub trait Signatures {
    /// All the ways to call `name`; none when there is no such function.
    fn of(&self, name: &str) -> Vec<Signature>;
    /// The ways to call `name` as a method of this type alone.
    fn methods(&self, _holder: &str, _name: &str) -> Vec<Signature> {
        Vec::new()
    }
    /// The names of all functions, for a did-you-mean.
    fn names(&self) -> Vec<String>;
    /// The fields of the maps that `name` gives, as far as they are documented.
    fn fields(&self, _name: &str) -> Vec<String> {
        Vec::new()
    }
}

/// The types that have methods: what stands before the dot is not among the arguments.
pub const HANDLES: [&str; 10] = [
    "netns",
    "tuntap",
    "listener",
    "connection",
    "udp_listener",
    "udp_connection",
    "server",
    "capture",
    "trace",
    "verdict",
];

/// A Rust type by the name that scripts have for it.
pub(super) fn kind_name(rust: &str) -> &str {
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
        "Blob" => "blob",
        "Array" => "array",
        "FnPtr" => "function",
        "Handle" => "netns",
        "Device" => "tuntap",
        "Listener" => "listener",
        "Connection" => "connection",
        "UdpListener" => "udp_listener",
        "UdpConnection" => "udp_connection",
        "Server" => "server",
        "Capturing" => "capture",
        "Traced" => "trace",
        "Told" => "verdict",
        other => other,
    }
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
