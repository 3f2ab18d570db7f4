//! What is peculiar to `ip route`: a type before the destination, families before routers, locked metrics, several next hops
//! (ip/iproute.c).

use crate::kernel::route_names::TYPES;

use super::Fault;
use super::iproute2_addresses::written_out;
use super::line::quoted;
use super::reading::{Reading, span_of, value_of};
use super::words::Word;

/// How a route is to fit, which may have a `to` before it: `ip route show to match 10.0.0.1`.
const SELECTORS: [&str; 3] = ["root", "match", "exact"];

/// The words in a form in which each keyword has one value. What no keyword can say becomes an argument of the reading, as
/// Rhai.
pub fn settled(words: &[Word], reading: &mut Reading) -> Result<Vec<Word>, Fault> {
    let (words, hops) = match words.iter().position(|word| word.text == "nexthop") {
        Some(at) => words.split_at(at),
        None => (words, &[][..]),
    };
    let mut settled = Vec::new();
    let mut locked = Vec::new();
    let mut rest = words.iter().peekable();
    while let Some(word) = rest.next() {
        match word.text.as_str() {
            // Where the destination stands: a table is called all too.
            "any" | "all" if settled.is_empty() || settled.len() == 2 => {
                settled.push(word.with("default"));
            }
            "to" if rest
                .peek()
                .is_some_and(|next| SELECTORS.contains(&next.text.as_str())) => {}
            "via" => {
                settled.push(word.clone());
                settled.push(router(word, &mut rest)?);
            }
            "lock" => locked.extend(settled.last().map(|word: &Word| quoted(&word.text))),
            // Only before the destination: `src` and the like may have any value.
            text if settled.is_empty() && TYPES.all().any(|name| name == text) => {
                settled.extend([word.with("type"), word.clone()]);
            }
            _ => {
                settled.push(word.clone());
            }
        }
    }
    if !locked.is_empty() {
        let list = format!("[{}]", locked.join(", "));
        let span = span_of(words);
        reading.push("lock", Some(Word::in_place_of(&span, list)), &span);
    }
    if !hops.is_empty() {
        let span = span_of(hops);
        let list = Word::in_place_of(&span, next_hops(hops)?);
        reading.push("nexthops", Some(list), &span);
    }
    Ok(settled)
}

/// The router after `via`, with its family if that is said.
fn router<'a>(
    via: &Word,
    rest: &mut std::iter::Peekable<impl Iterator<Item = &'a Word>>,
) -> Result<Word, Fault> {
    let first = value_of(via, rest.next())?;
    match first.text.as_str() {
        "inet" | "inet6" => {
            let address = value_of(first, rest.next())?;
            Ok(address.with(format!("{} {}", first.text, address.text)))
        }
        _ => Ok(first.clone()),
    }
}

fn next_hops(words: &[Word]) -> Result<String, Fault> {
    let mut maps: Vec<Vec<String>> = Vec::new();
    let mut rest = words.iter().peekable();
    while let Some(word) = rest.next() {
        let pair = match word.text.as_str() {
            "nexthop" => {
                maps.push(Vec::new());
                continue;
            }
            "via" => {
                let router = router(word, &mut rest)?.text;
                let written = written_out(&router).unwrap_or(router);
                format!("via: {}", quoted(&written))
            }
            "dev" | "oif" => format!("dev: {}", quoted(&value_of(word, rest.next())?.text)),
            "weight" => {
                let weight = value_of(word, rest.next())?;
                let number: u32 = weight.text.parse().map_err(|_| {
                    Fault::new("netsh does not take this value")
                        .at(weight.span.clone(), "not a number")
                })?;
                format!("weight: {number}")
            }
            "onlink" => "onlink: true".into(),
            other => {
                return Err(Fault::new(format!("netsh knows no {other:?} of a nexthop"))
                    .at(word.span.clone(), "not understood")
                    .help("a nexthop has via, dev, weight and onlink"));
            }
        };
        if let Some(map) = maps.last_mut() {
            map.push(pair);
        }
    }
    let maps: Vec<String> = maps
        .iter()
        .map(|pairs| format!("#{{ {} }}", pairs.join(", ")))
        .collect();
    Ok(format!("[{}]", maps.join(", ")))
}
