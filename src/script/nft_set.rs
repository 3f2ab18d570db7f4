//! Verbs about the sets and maps of nftables, and their elements.

use rhai::plugin::*;
use rhai::{Array, Dynamic, Map};

use crate::kernel::nft::list::{self, Set};
use crate::kernel::nft::message::SetOptions;
use crate::kernel::nft::name::Inside;
use crate::kernel::nft::set::{Elements, FLAGS, SetAdd, SetDel, body, read_type};
use crate::kernel::nft::sets::{MAP, Mapped, full_shape};
use crate::kernel::nft::table::{Flush, What};
use crate::kernel::nft::text;
use crate::lab::Lab;
use crate::lab::explain::ask;
use crate::lab::failure::{Failure, Outcome};
use crate::lab::suggest::nearest;

use super::call::{RhaiResultOf, verb};
use super::nft::{failure, inside, links, no_table, tables_of};
use super::nft_rule::read_comment;
use super::options::{Fault as OptionFault, OptionValue, Options, describe};
use super::value::{array, counter, map, maybe};

/// The verbs.
#[export_module]
pub mod api {
    /// Adds a set of nftables: values that rules look up with `@name`.
    ///
    /// Nothing happens if there is one like it. Types are ipv4_addr, ipv6_addr, ether_addr, inet_proto, inet_service (a port), mark, ifname and the others of nft(8),
    /// several joined by dots: "ipv4_addr . inet_service".
    ///
    /// Equivalent to: `nft add set SET type KIND ...`
    ///
    /// Search words: `ipset`, `ipset create`, `block list`, `netfilter`, `firewall`
    ///
    /// # Options
    /// - `flags` (string or array): "interval" for ranges and prefixes, "timeout" for elements that go by themselves, "dynamic"
    ///   for rules that write to it, "constant"
    /// - `timeout` (duration): how long elements stay
    /// - `size` (int): how many elements it takes
    /// - `elements` (string or array): what is in it from the beginning
    /// - `comment` (string): what stands with it
    ///
    /// # Errors
    /// Not a type; no such table (ENOENT); a set of that name that holds something else (EEXIST).
    ///
    /// # Example
    /// ```rhai
    /// nft_table_add("ip filter");
    /// nft_chain_add("ip filter input", #{ type: "filter", hook: "input" });
    /// nft_set_add("ip filter blocked", "ipv4_addr", #{ flags: "interval", elements: ["10.9.0.0/16", "10.8.0.1"] });
    /// nft_rule_add("ip filter input", "ip saddr @blocked drop");
    /// print(nft_text());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn nft_set_add(
        ctx: NativeCallContext,
        set: &str,
        kind: &str,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let set = inside(set, "set", "set")?;
            let (key, data) = read_type(kind).map_err(|fault| failure(fault, "kind", kind))?;
            if data != Mapped::Nothing {
                return Err(Failure::new("a type with a colon is that of a map")
                    .about(kind)
                    .blame("kind")
                    .hint(format!("nft_map_add(\"{set}\", {kind:?})")));
            }
            add_set(lab, set, key, data, options)
        })
    }

    /// Adds a map of nftables: values with what they are mapped to, a verdict or another value.
    ///
    /// Nothing happens if there is one like it.
    ///
    /// Equivalent to: `nft add map MAP type KIND ...`
    ///
    /// Search words: `ipset`, `vmap`, `verdict map`, `port forwarding`, `netfilter`
    ///
    /// # Options
    /// - `flags` (string or array): "interval" for ranges and prefixes, "timeout" for elements that go by themselves, "dynamic"
    ///   for rules that write to it, "constant"
    /// - `timeout` (duration): how long elements stay
    /// - `size` (int): how many elements it takes
    /// - `elements` (string or array): what is in it from the beginning
    /// - `comment` (string): what stands with it
    ///
    /// # Errors
    /// Not a type; no such table (ENOENT); a map of that name that holds something else (EEXIST).
    ///
    /// # Example
    /// ```rhai
    /// nft_table_add("ip filter");
    /// nft_chain_add("ip filter input", #{ type: "filter", hook: "input" });
    /// nft_map_add("ip filter ports", "inet_service : verdict", #{ elements: "22 : accept, 23 : drop" });
    /// nft_rule_add("ip filter input", "tcp dport vmap @ports");
    /// print(nft_text());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn nft_map_add(
        ctx: NativeCallContext,
        map: &str,
        kind: &str,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let set = inside(map, "map", "map")?;
            let (key, data) = read_type(kind).map_err(|fault| failure(fault, "kind", kind))?;
            if data == Mapped::Nothing {
                return Err(
                    Failure::new("the type of a map says what is mapped to what")
                        .about(kind)
                        .blame("kind")
                        .hint(format!("\"{kind} : verdict\", or \"{kind} : ipv4_addr\"")),
                );
            }
            add_set(lab, set, key, data, options)
        })
    }

    /// Deletes a set or map of nftables.
    ///
    /// Equivalent to: `nft delete set SET`, `nft delete map SET`
    ///
    /// Search words: `ipset destroy`, `remove`, `netfilter`
    ///
    /// # Errors
    /// No such table or set (ENOENT); rules use it (EBUSY).
    ///
    /// # Example
    /// ```rhai
    /// nft_table_add("ip filter");
    /// nft_set_add("ip filter blocked", "ipv4_addr");
    /// nft_set_del("ip filter blocked");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn nft_set_del(ctx: NativeCallContext, set: &str) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let set = inside(set, "set", "set")?;
            let namespace = lab.current().namespace();
            let shape = namespace
                .ok()
                .and_then(|one| list::shape_of(&one, &set.table, &set.name));
            let is_map = shape.is_some_and(|shape| shape.flags & MAP != 0);
            lab.apply(SetDel { set, is_map })
        })
    }

    /// Puts elements into a set or map of nftables.
    ///
    /// An element is written as in nft(8): `10.0.0.1`, `10.0.0.0/8`, `80-90`, `10.0.0.1 . 80`, `10.0.0.1 timeout 1h`, and of a map
    /// `80 : accept`.
    ///
    /// Equivalent to: `nft add element SET ELEMENTS`
    ///
    /// Search words: `ipset add`, `netfilter`, `block`
    ///
    /// # Errors
    /// Not an element of the set's type; no such table or set (ENOENT); overlapping ranges (EEXIST).
    ///
    /// # Example
    /// ```rhai
    /// nft_table_add("ip filter");
    /// nft_set_add("ip filter blocked", "ipv4_addr");
    /// nft_element_add("ip filter blocked", ["10.0.0.1", "10.0.0.2"]);
    /// show(nft_element_list("ip filter blocked"));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn nft_element_add(
        ctx: NativeCallContext,
        set: &str,
        elements: Dynamic,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let change = read_elements(lab, set, &elements, false)?;
            lab.apply(change)
        })
    }

    /// Takes elements out of a set or map of nftables.
    ///
    /// Equivalent to: `nft delete element SET ELEMENTS`
    ///
    /// Search words: `ipset del`, `remove`, `netfilter`
    ///
    /// # Errors
    /// Not an element of the set's type; no such table, set or element (ENOENT).
    ///
    /// # Example
    /// ```rhai
    /// nft_table_add("ip filter");
    /// nft_set_add("ip filter blocked", "ipv4_addr", #{ elements: "10.0.0.1, 10.0.0.2" });
    /// nft_element_del("ip filter blocked", "10.0.0.1");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn nft_element_del(
        ctx: NativeCallContext,
        set: &str,
        elements: Dynamic,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let change = read_elements(lab, set, &elements, true)?;
            lab.apply(change)
        })
    }

    /// Lists the elements of a set or map of nftables.
    ///
    /// Equivalent to: `nft list set SET`, `nft list map SET`
    ///
    /// Search words: `ipset list`, `netfilter`
    ///
    /// # Returns
    /// An array of texts, as nft writes the elements.
    ///
    /// # Errors
    /// No such table or set (ENOENT).
    ///
    /// # Example
    /// ```rhai
    /// nft_table_add("ip filter");
    /// nft_set_add("ip filter blocked", "ipv4_addr", #{ elements: ["10.0.0.1", "10.0.0.2"] });
    /// show(nft_element_list("ip filter blocked"));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn nft_element_list(ctx: NativeCallContext, set: &str) -> RhaiResultOf<Array> {
        verb(&ctx, |lab| {
            let set = inside(set, "set", "set")?;
            let found = found_set(lab, &set)?;
            let links = links(lab);
            Ok(array(text::texts_of(&found, &*links)))
        })
    }

    /// Takes all elements out of a set or map of nftables.
    ///
    /// Equivalent to: `nft flush set SET`, `nft flush map SET`
    ///
    /// Search words: `ipset flush`, `clear`, `empty`, `netfilter`
    ///
    /// # Errors
    /// No such table or set (ENOENT).
    ///
    /// # Example
    /// ```rhai
    /// nft_table_add("ip filter");
    /// nft_set_add("ip filter blocked", "ipv4_addr", #{ elements: ["10.0.0.1", "10.0.0.2"] });
    /// nft_set_flush("ip filter blocked");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn nft_set_flush(ctx: NativeCallContext, set: &str) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let what = What::Set(inside(set, "set", "set")?);
            lab.apply(Flush { what })
        })
    }
}

fn add_set(
    lab: &Lab,
    set: Inside,
    key: Vec<crate::kernel::nft::syntax::Kind>,
    data: Mapped,
    options: Map,
) -> Outcome<()> {
    let mut options = Options::new(options);
    let flags = options.take::<Flags>("flags")?.map_or(0, |flags| flags.0);
    let timeout = options.take::<std::time::Duration>("timeout")?;
    let size = options.take::<u32>("size")?;
    let elements = options.take::<ElementTexts>("elements")?;
    let comment = options.take::<String>("comment")?;
    let comment = comment.map(super::nft_rule::read_comment).transpose()?;
    options.finish()?;
    if timeout.is_some_and(|timeout| timeout.as_millis() == 0) {
        let words = "elements stay for a millisecond at least";
        let failure = Failure::new(words).blame("timeout");
        return Err(failure.hint("without the option they stay until they are deleted"));
    }
    let comment = comment.map(read_comment).transpose()?;
    let options = SetOptions {
        timeout: timeout.and_then(|timeout| u64::try_from(timeout.as_millis()).ok()),
        size,
        comment,
        ..SetOptions::default()
    };
    let shape = full_shape(key, data, flags, &options);
    let elements = match elements {
        None => None,
        Some(ElementTexts(text)) if text.trim().is_empty() => None,
        Some(ElementTexts(text)) => {
            let read = Elements::new(set.clone(), shape.clone(), &text, false);
            Some(read.map_err(|fault| {
                let failure = failure(fault, "elements", &text);
                Box::new(Failure {
                    within: None,
                    ..*failure
                })
            })?)
        }
    };
    let add = SetAdd {
        set,
        shape,
        options,
    };
    match elements {
        None => lab.apply(add),
        Some(elements) => lab.apply_and(add, || lab.apply(elements)),
    }
}

/// The set of that name as the kernel has it, with its elements.
fn found_set(lab: &Lab, set: &Inside) -> Outcome<Set> {
    let sets = ask(lab, "list the sets", || {
        let namespace = lab.current().namespace()?;
        let socket = namespace.netfilter()?;
        let mut sets = list::sets(socket, Some(&set.table))?;
        for (table, one) in &mut sets {
            if one.name == set.name {
                one.elements = list::elements(socket, table, &one.name)?;
            }
        }
        Ok(sets)
    })?;
    let names: Vec<String> = sets.iter().map(|(_, one)| one.name.clone()).collect();
    if let Some((_, found)) = sets.into_iter().find(|(_, one)| one.name == set.name) {
        return Ok(found);
    }
    if tables_of(lab, Some(&set.table))?.is_empty() {
        return Err(no_table(lab, &set.table).blame("set"));
    }
    let hint = match nearest(&set.name, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean {near:?}?"),
        None => format!("make it with nft_set_add(\"{set}\", \"ipv4_addr\"), or with nft_map_add"),
    };
    let words = format!("there is no set {:?} in table {}", set.name, set.table);
    let mut failure = Failure::new(words)
        .about(set.to_string())
        .blame("set")
        .hint(hint);
    failure.errno = Some(nix::errno::Errno::ENOENT);
    Err(failure)
}

/// Reads elements of a set that is there.
fn read_elements(lab: &Lab, set: &str, elements: &Dynamic, gone: bool) -> Outcome<Elements> {
    let set = inside(set, "set", "set")?;
    let text = ElementTexts::read(elements).map_err(|_| {
        let words = format!(
            "elements are a string or an array of strings, not {}",
            describe(elements)
        );
        Failure::new(words).blame("elements")
    })?;
    let found = found_set(lab, &set)?;
    let whole = elements.is_string();
    Elements::new(set, found.shape, &text.0, gone).map_err(|fault| {
        let failure = failure(fault, "elements", &text.0);
        match whole {
            true => failure,
            false => Box::new(Failure {
                within: None,
                ..*failure
            }),
        }
    })
}

/// Elements as one text.
struct ElementTexts(String);

impl OptionValue for ElementTexts {
    fn read(value: &Dynamic) -> Result<Self, OptionFault> {
        const WANTED: OptionFault = OptionFault::Type("a string or an array of strings");
        if let Ok(text) = value.clone().into_string() {
            return Ok(ElementTexts(text));
        }
        let list = value.as_array_ref().map_err(|_| WANTED)?;
        let texts: Result<Vec<String>, OptionFault> = list
            .iter()
            .map(|one| match one.as_int() {
                Ok(number) => Ok(number.to_string()),
                Err(_) => one.clone().into_string().map_err(|_| WANTED),
            })
            .collect();
        Ok(ElementTexts(texts?.join(", ")))
    }
}

/// Flags of a set: one, or several with commas or in an array.
struct Flags(u32);

impl OptionValue for Flags {
    fn read(value: &Dynamic) -> Result<Self, OptionFault> {
        let text = ElementTexts::read(value)?.0;
        let mut flags = 0;
        for word in text
            .split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty())
        {
            let Some((_, flag)) = FLAGS.iter().find(|(name, _)| *name == word) else {
                let names = FLAGS.map(|(name, _)| name);
                let words = format!("{word:?} is not one of {}", names.join(", "));
                return Err(OptionFault::Value(words));
            };
            flags |= flag;
        }
        Ok(Flags(flags))
    }
}

/// A set as scripts see it.
pub(super) fn set_map(lab: &Lab, set: &Set) -> Map {
    let is_map = set.shape.data != Mapped::Nothing;
    let lines = body(&set.shape, &set.options);
    let kind = lines
        .first()
        .and_then(|line| line.split_once(' '))
        .map(|(_, kind)| kind)
        .unwrap_or("");
    let flags = FLAGS.iter().filter(|(_, flag)| set.shape.flags & flag != 0);
    let seconds = set
        .options
        .timeout
        .and_then(|timeout| i64::try_from(timeout / 1000).ok());
    let links = links(lab);
    map([
        ("elements", array(text::texts_of(set, &*links)).into()),
        ("flags", array(flags.map(|(name, _)| *name)).into()),
        ("handle", counter(set.handle)),
        ("kind", if is_map { "map" } else { "set" }.into()),
        ("name", set.name.clone().into()),
        ("timeout", maybe(seconds)),
        ("type", kind.to_string().into()),
    ])
}
