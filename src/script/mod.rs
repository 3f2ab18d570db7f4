//! Layer 3: the language. One file per noun; the doc comment of a verb is its manual.
//!
//! A verb reads and checks its arguments, builds a `Change` or asks a question, and leaves the rest to the lab. It is a
//! function in an `#[export_module]`, which keeps the names of its parameters and its doc comment; a new noun is a new file and
//! a line in [`engine`].
//!
//! | file | what it is |
//! |---|---|
//! | [`link`], [`addr`], [`neigh`], [`sysctl`], [`netns`], [`ping`], [`program`], [`screen`], [`wait`] | the verbs |
//! | [`methods`] | verbs without options, and as methods of a handle: made for all in one place |
//! | [`call`] | from a call to the lab and back; what a script catches |
//! | [`options`], [`units`], [`value`] | reading what a script gives, building what it gets |
//! | [`run`] | a script from its text to its end |
//! | [`session`] | inputs one after another, each with what the ones before it left |
//! | [`mod@modules`] | what `import` finds |

pub mod addr;
pub mod call;
pub mod link;
pub mod methods;
pub mod modules;
pub mod neigh;
pub mod netns;
pub mod options;
pub mod ping;
pub mod program;
pub mod run;
pub mod screen;
pub mod session;
pub mod sysctl;
pub mod units;
pub mod value;
pub mod wait;

use std::rc::Rc;

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
    unlock_handles(&mut engine);
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
    engine.register_type_with_name::<netns::Handle>("netns");
    for (_, module) in modules() {
        engine.register_global_module(module);
    }
    wait::replace_sleep(&mut engine);
    methods::register(&mut engine);
    engine
}

/// The verbs, by what they are about, in the order of the reference.
fn modules() -> [(&'static str, Shared<Module>); 9] {
    [
        ("Links", exported_module!(link::api).into()),
        ("Addresses", exported_module!(addr::api).into()),
        ("Neighbours", exported_module!(neigh::api).into()),
        ("Kernel parameters", exported_module!(sysctl::api).into()),
        ("Network namespaces", exported_module!(netns::api).into()),
        ("Probes", exported_module!(ping::api).into()),
        ("Programs", exported_module!(program::api).into()),
        ("Showing", exported_module!(screen::api).into()),
        ("The script itself", exported_module!(wait::api).into()),
    ]
}

/// All that netsh adds to Rhai, with its manual.
pub fn catalog() -> Catalog {
    let mut catalog = Catalog::of(modules());
    let reader = Engine::new();
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
    engine.set_default_tag(Dynamic::from(lab));
}

/// Lets a closure use the handle that runs it: `h1.run(|| print(h1.name))`.
///
/// A closure shares the variables that it uses, and a method keeps its variable locked for as long as it runs; Rhai refuses what
/// would wait for ever. A handle is the same wherever it is, so that a copy of a shared one does.
fn unlock_handles(engine: &mut Engine) {
    // Rhai marks what may change with its versions as deprecated.
    #[allow(deprecated)]
    engine.on_var(|name, from_end, context| {
        let scope = context.scope();
        // The entries come last first; where the parser could not tell which one it is, the name decides.
        let value = match from_end.checked_sub(1) {
            Some(before) => scope.iter_raw().nth(before).map(|(.., value)| value),
            None => scope.get(name),
        };
        let shared = value.filter(|value| value.is_shared());
        let handle = shared.and_then(|value| value.read_lock::<netns::Handle>());
        Ok(handle.map(|handle| Dynamic::from(handle.clone())))
    });
}
