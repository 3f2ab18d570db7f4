//! Layer 3: the language. One file per noun; the doc comment of a verb is its manual.
//!
//! A verb reads and checks its arguments, builds a `Change` or asks a question, and leaves the rest to the lab. It is a
//! function in an `#[export_module]`, which keeps the names of its parameters and its doc comment; a new noun is a new file and
//! a line in [`engine`].
//!
//! | file | what it is |
//! |---|---|
//! | [`link`], [`addr`] and each other file that the list of modules below names | the verbs |
//! | [`methods`] | verbs without options, and as methods of a handle: made for all in one place |
//! | [`call`] | from a call to the lab and back; what a script catches |
//! | [`caught`] | what it catches of a call that there is no function for |
//! | [`serve`] | what is done while netsh waits |
//! | [`handle`] | what a script can hold that is no plain value |
//! | [`options`], [`settings`], [`value`] | reading what a script gives, building what it gets |
//! | `rows` | what it gets of long lists |
//! | [`run`] | a script from its text to its end |
//! | [`session`] | inputs one after another, each with what the ones before it left |
//! | [`growth`], [`text`] | Rhai's own functions that make much out of little, within the memory that there is |
//! | [`mod@modules`] | what `import` finds |
//! | `native` | what those of netsh ask of Rust |

pub mod addr;
pub mod altname;
pub mod arping;
pub mod bridge_vlan;
pub mod call;
pub mod capture;
pub mod captured;
pub mod caught;
pub mod class;
pub mod conntrack;
mod endpoint;
pub mod events;
pub mod fdb;
pub mod features;
mod file;
pub mod filter;
pub mod firewall;
pub mod growth;
pub mod handle;
pub mod help;
pub mod hex;
pub mod http;
pub mod link;
pub mod link_add;
mod link_values;
pub mod mdb;
pub mod methods;
pub mod modules;
mod native;
pub mod neigh;
pub mod netns;
pub mod nft;
pub mod nft_rule;
pub mod nft_set;
pub mod nft_trace;
pub mod options;
pub mod packet;
pub mod pcap;
pub mod ping;
pub mod port_check;
pub mod program;
pub mod qdisc;
pub mod route;
mod route_options;
mod route_values;
mod rows;
pub mod rule;
pub mod run;
pub mod screen;
pub mod send;
pub mod serve;
pub mod server;
pub mod session;
pub mod settings;
pub mod sysctl;
pub mod tcp;
pub mod text;
pub mod throughput;
pub mod trace;
pub mod traceroute;
pub mod tunnel;
pub mod tuntap;
pub mod udp;
pub mod value;
pub mod vni;
pub mod wait;
pub mod why;
pub mod wireguard;

use std::rc::Rc;
use std::sync::LazyLock;

use rhai::plugin::*;
use rhai::{Dynamic, Engine, Module, Shared};

use self::modules::INCLUDED;
use crate::catalog::Catalog;
use crate::lab::Lab;
use crate::lab::failure::printable;
use crate::lab::{interrupt, memory};

/// How deep expressions may nest. Rhai's own limits differ between debug and release builds, and the lower ones are met by
/// a chain of a few methods.
const DEEPEST_EXPRESSIONS: usize = 128;

/// How deep calls may nest. A frame of a script takes some kilobytes of the main thread's 8 MiB.
const DEEPEST_CALLS: usize = 128;

/// An engine with all verbs, at work on `lab`.
pub fn engine(lab: Rc<Lab>) -> Engine {
    let mut engine = vocabulary();
    connect(&mut engine, lab);
    replace_variables(&mut engine);
    engine
}

/// An engine with all verbs and nothing to work on: for whoever only wants to know what there is.
pub fn vocabulary() -> Engine {
    let mut engine = Engine::new();
    engine.set_max_call_levels(DEEPEST_CALLS);
    engine.set_max_expr_depths(DEEPEST_EXPRESSIONS, DEEPEST_EXPRESSIONS);
    // Names made in a loop (`veth${i}`) would fill the cache of strings, and each new one search all of it for its victim.
    engine.set_max_strings_interned(0);
    // A misspelt field would be () and every comparison with it false: a lab that proves nothing.
    engine.set_fail_on_invalid_map_property(true);
    handle::register(&mut engine);
    for (_, module) in modules() {
        engine.register_global_module(module);
    }
    wait::replace_sleep(&mut engine);
    growth::replace(&mut engine);
    text::replace(&mut engine);
    methods::register(&mut engine);
    engine.register_static_module("native", exported_module!(native::api).into());
    engine
}

/// The verbs, by what they are about, in the order of the reference.
fn modules() -> Vec<(&'static str, Shared<Module>)> {
    vec![
        ("Links", exported_module!(link_add::api).into()),
        ("Links", exported_module!(tunnel::api).into()),
        ("Links", exported_module!(wireguard::api).into()),
        ("Links", exported_module!(link::api).into()),
        ("Links", exported_module!(altname::api).into()),
        ("Tun and tap", exported_module!(tuntap::api).into()),
        ("Addresses", exported_module!(addr::api).into()),
        ("Routes", exported_module!(route::api).into()),
        ("Rules", exported_module!(rule::api).into()),
        ("Neighbours", exported_module!(neigh::api).into()),
        (
            "Connection tracking",
            exported_module!(conntrack::api).into(),
        ),
        ("Traffic control", exported_module!(qdisc::api).into()),
        ("Traffic control", exported_module!(class::api).into()),
        ("Traffic control", exported_module!(filter::api).into()),
        ("Forwarding databases", exported_module!(fdb::api).into()),
        (
            "VLANs and groups of bridges",
            exported_module!(bridge_vlan::api).into(),
        ),
        (
            "VLANs and groups of bridges",
            exported_module!(mdb::api).into(),
        ),
        (
            "VLANs and groups of bridges",
            exported_module!(vni::api).into(),
        ),
        ("Kernel parameters", exported_module!(sysctl::api).into()),
        ("Network namespaces", exported_module!(netns::api).into()),
        (
            "What the kernel has",
            exported_module!(features::api).into(),
        ),
        ("Netfilter", exported_module!(nft::api).into()),
        ("Netfilter", exported_module!(nft_rule::api).into()),
        ("Packets and rules", exported_module!(nft_trace::api).into()),
        ("Sets of netfilter", exported_module!(nft_set::api).into()),
        ("NAT and firewall", exported_module!(firewall::api).into()),
        ("Probes", exported_module!(ping::api).into()),
        ("Probes", exported_module!(arping::api).into()),
        ("Probes", exported_module!(traceroute::api).into()),
        ("Probes", exported_module!(port_check::api).into()),
        ("Probes", exported_module!(throughput::api).into()),
        ("Where packets go", exported_module!(trace::api).into()),
        ("Where packets go", exported_module!(why::api).into()),
        ("Packets", exported_module!(capture::api).into()),
        ("Packets", exported_module!(pcap::api).into()),
        ("Packets", exported_module!(packet::api).into()),
        ("Packets", exported_module!(send::api).into()),
        ("Packets", exported_module!(hex::api).into()),
        ("Events", exported_module!(events::api).into()),
        ("TCP", exported_module!(tcp::api).into()),
        ("UDP", exported_module!(udp::api).into()),
        ("Servers", exported_module!(server::api).into()),
        ("Servers", exported_module!(http::api).into()),
        ("Programs", exported_module!(program::api).into()),
        ("Showing", exported_module!(screen::api).into()),
        ("The manual", exported_module!(help::api).into()),
        ("The script itself", exported_module!(wait::api).into()),
    ]
}

/// All that netsh adds to Rhai, with its manual. It is read when it is first wanted.
pub fn catalog() -> &'static Catalog {
    static CATALOG: LazyLock<Catalog> = LazyLock::new(read_catalog);
    &CATALOG
}

fn read_catalog() -> Catalog {
    let mut catalog = Catalog::of(modules());
    let mut reader = Engine::new();
    reader.set_max_expr_depths(DEEPEST_EXPRESSIONS, DEEPEST_EXPRESSIONS);
    for module in INCLUDED {
        // A test runs the examples of all of them: none is left out unseen.
        if let Ok(ast) = module.compile(&reader) {
            catalog = catalog.with_module(&format!("Module {}", module.name), module.name, &ast);
        }
    }
    catalog
}

/// Ties the engine to the lab: where it prints, when it stops, what verbs work on.
fn connect(engine: &mut Engine, lab: Rc<Lab>) {
    let printer = lab.clone();
    engine.on_print(move |text| printer.screen().print(text));
    let debugger = lab.clone();
    engine.on_debug(move |text, source, position| {
        let place = source.unwrap_or("script");
        debugger
            .screen()
            .note(&printable(&format!("{place}:{position:?}: {text}")));
    });
    let watched = lab.clone();
    engine.on_progress(move |_| {
        if memory::is_too_much() {
            return Some(memory::words().into());
        }
        let stop = interrupt::requested() || watched.screen().is_closed();
        stop.then_some(Dynamic::UNIT)
    });
    // Rhai marks what may change with its versions as deprecated.
    #[allow(deprecated)]
    engine.on_parse_token(|token, _, _| growth::next_token(token));
    engine.set_default_tag(Dynamic::from(lab));
}

/// Lets a closure use the handle that runs it: `h1.run(|| print(h1.name))`; and gives what was caught the words of people.
///
/// A closure shares the variables that it uses, and a method keeps its variable locked for as long as it runs; Rhai refuses what
/// would wait for ever. A handle is the same wherever it is, so that a copy of a shared one does.
fn replace_variables(engine: &mut Engine) {
    // Rhai marks what may change with its versions as deprecated.
    #[allow(deprecated)]
    engine.on_var(|name, from_end, mut context| {
        let scope = context.scope();
        // The entries come last first; where the parser could not tell which one it is, the name decides.
        let value = match from_end.checked_sub(1) {
            Some(before) => scope.iter_raw().nth(before).map(|(.., value)| value),
            None => scope.get(name),
        };
        let Some(value) = value else { return Ok(None) };
        if value.is_shared() {
            let told = || caught::told(value, context.iter_namespaces());
            return Ok(handle::copy(value).or_else(told));
        }
        // In its place, so that the script can still change it.
        if let Some(told) = caught::told(value, context.iter_namespaces())
            && let Some(caught) = context.scope_mut().get_mut(name)
        {
            *caught = told;
        }
        Ok(None)
    });
}
