//! Reads `ip monitor`.

use super::Fault;
use super::reading::Reading;
use super::words::Word;

/// What netsh hears of, by the words of ip, and by those of netsh.
const KINDS: [(&str, &str); 6] = [
    ("link", "link"),
    ("address", "addr"),
    ("addr", "addr"),
    ("route", "route"),
    ("neigh", "neigh"),
    ("neighbour", "neigh"),
];

/// The reading of `ip monitor`; None of any other command.
pub fn read(words: &[Word]) -> Option<Result<Reading, Fault>> {
    let mut rest = words.get(1..)?.iter();
    let object = rest.find(|word| !word.text.starts_with('-'))?;
    (object.text == "monitor").then(|| of_kinds(words, rest.as_slice()))
}

fn of_kinds(words: &[Word], rest: &[Word]) -> Result<Reading, Fault> {
    let mut reading = Reading::of(["ip", "monitor"], words);
    let mut kinds = Vec::new();
    for word in rest {
        match KINDS.iter().find(|(name, _)| *name == word.text) {
            Some((_, kind)) => kinds.push(word.with(*kind)),
            // All namespaces are heard in any case, and each line tells which it is.
            None if ["all", "all-nsid", "label"].contains(&word.text.as_str()) => {}
            None => {
                return Err(
                    Fault::new(format!("netsh does not hear of {:?}", word.text))
                        .at(word.span.clone(), "not understood")
                        .help("monitor hears of link, addr, route and neigh"),
                );
            }
        }
    }
    match kinds.as_slice() {
        [] | [_, _, _, _] => {}
        [kind] => reading.push("kinds", Some(kind.clone()), &kind.span),
        [first, ..] => {
            return Err(Fault::new("several kinds of events are an array in netsh")
                .at(first.span.clone(), "and more")
                .help("write monitor(#{ kinds: [\"link\", \"addr\"] })"));
        }
    }
    Ok(reading)
}
