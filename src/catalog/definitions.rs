//! Definitions for editors: the verbs as the language server of Rhai reads them (`*.d.rhai`). The form is that of Rhai's own
//! writer (rhai, src/api/definitions): doc comments, then `fn NAME(PARAMETER: TYPE) -> TYPE;`, where a method is a function whose
//! first parameter is what stands before the dot.
//!
//! Rhai's writer is not used: it loses the doc comments of functions that are written in Rhai, and knows no options.

use std::fmt::Write as _;

use super::page::manual;
use super::signature::Parameter;
use super::{Catalog, Entry};

/// What is no function of the catalog.
const OPENING: &str = "\
/// What netsh adds to Rhai, for editors. Made by `netsh doc --definitions`.
module static;

/// The words after the script's name on the command line: an array of strings.
const ARGS: Array;

/// The name of the namespace.
fn get name(netns: netns) -> String;

/// The name of the device's link.
fn get name(device: tuntap) -> String;

/// What passes through the device: tun or tap.
fn get kind(device: tuntap) -> String;

/// The address at which it listens.
fn get address(listener: listener) -> String;

/// The port at which it listens.
fn get port(listener: listener) -> int;

/// Its own end: address and port.
fn get local(connection: connection) -> Map;

/// The other end: address and port.
fn get peer(connection: connection) -> Map;

/// The address at which it listens.
fn get address(listener: udp_listener) -> String;

/// The port at which it listens.
fn get port(listener: udp_listener) -> int;

/// Its own end: address and port.
fn get local(connection: udp_connection) -> Map;

/// The other end: address and port.
fn get peer(connection: udp_connection) -> Map;

/// The address at which it listens.
fn get address(server: server) -> String;

/// The port at which it listens.
fn get port(server: server) -> int;

/// How many requests have come.
fn get count(server: server) -> int;

/// The last requests.
fn get requests(server: server) -> Array;
";

/// The text of the file.
pub fn definitions(catalog: &Catalog) -> String {
    let mut text = String::from(OPENING);
    let (own, imported): (Vec<&Entry>, Vec<&Entry>) = catalog
        .entries()
        .iter()
        .partition(|entry| entry.module.is_none());
    for entry in own {
        for definition in forms(entry) {
            let _ = write!(text, "\n{definition}");
        }
    }
    let mut modules: Vec<&str> = imported
        .iter()
        .filter_map(|entry| entry.module.as_deref())
        .collect();
    modules.dedup();
    for module in modules {
        let _ = write!(text, "\nmodule {module} {{");
        let entries = imported
            .iter()
            .filter(|entry| entry.module.as_deref() == Some(module));
        for definition in entries.flat_map(|entry| forms(entry)) {
            let _ = write!(text, "\n{definition}");
        }
        text += "}\n";
    }
    text
}

/// All ways to call it: with options and without, as a function and as a method.
fn forms(entry: &Entry) -> Vec<String> {
    let all = entry.signature.parameters.as_slice();
    let mut calls = Vec::new();
    if let (true, Some((_, required))) = (entry.takes_options(), all.split_last()) {
        calls.push(required);
    }
    calls.push(all);
    let docs = manual(entry, None);
    let short = format!(
        "{}\n\nActs in the namespace, as `netns.run(|| {}(...))` does.\n",
        entry.manual.summary,
        entry.path()
    );
    let mut forms = Vec::new();
    for parameters in &calls {
        forms.push(definition(
            entry,
            entry.receiver.as_deref(),
            parameters,
            &docs,
        ));
    }
    if entry.receiver.is_none() && entry.module.is_none() {
        for parameters in &calls {
            forms.push(definition(entry, Some("netns"), parameters, &short));
        }
    }
    forms
}

fn definition(
    entry: &Entry,
    receiver: Option<&str>,
    parameters: &[Parameter],
    docs: &str,
) -> String {
    let mut text = String::new();
    for line in docs.trim().lines() {
        let _ = writeln!(text, "{}", format!("/// {line}").trim_end());
    }
    let receiver = receiver.map(|kind| format!("{kind}: {}", type_name(kind)));
    let parameters = parameters.iter().map(|parameter| {
        let name = parameter.name.trim_end_matches('?');
        format!("{name}: {}", type_name(&parameter.kind))
    });
    let parameters: Vec<String> = receiver.into_iter().chain(parameters).collect();
    let returns = match type_name(&entry.signature.returns) {
        "()" | "" => String::new(),
        kind => format!(" -> {kind}"),
    };
    let _ = writeln!(
        text,
        "fn {}({}){returns};",
        entry.signature.name,
        parameters.join(", ")
    );
    text
}

/// The name that definitions have for a type.
fn type_name(kind: &str) -> &str {
    match kind {
        "string" => "String",
        "any" => "?",
        "map" => "Map",
        "array" => "Array",
        "blob" => "Blob",
        "function" => "FnPtr",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::tests::sample;

    #[test]
    fn every_form_is_defined() {
        let text = definitions(crate::script::catalog());
        for line in [
            "fn veth_add(name: String, peer: String);",
            "fn veth_add(name: String, peer: String, options: Map);",
            "fn veth_add(netns: netns, name: String, peer: String);",
            "fn veth_add(netns: netns, name: String, peer: String, options: Map);",
            "fn run(netns: netns, work: FnPtr) -> ?;",
            "fn link_list() -> Array;",
            "/// - `mtu` (int, bytes): the largest payload, of both ends",
            "const ARGS: Array;",
        ] {
            assert!(
                text.lines().any(|there| there == line),
                "{line} is missing in\n{text}"
            );
        }
        assert!(!text.contains("run(netns: netns, netns"));
    }

    #[test]
    fn modules_have_a_block() {
        let text = definitions(&sample());
        assert!(
            text.contains("\nmodule topo {\n/// A map like those of `pair`."),
            "{text}"
        );
        assert!(text.ends_with("\nfn pair(a: ?, b: ?) -> ?;\n}\n"), "{text}");
    }
}
