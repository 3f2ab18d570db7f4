//! Verbs about network namespaces, and the handle on which every verb is a method.

use std::fmt;
use std::rc::Rc;

use rhai::plugin::*;
use rhai::{Array, Dynamic, EvalAltResult, FnPtr, Map, Position};

use crate::kernel::change::Change;
use crate::kernel::link_set::LinkSet;
use crate::kernel::netns::{Namespace, name_fault, named_path};
use crate::kernel::netns_change::{HOME, NetnsAdd, NetnsDel};
use crate::lab::Lab;
use crate::lab::explain::ask;
use crate::lab::failure::{Failure, Outcome};
use crate::lab::netns::Netns;

use super::call::{RhaiResultOf, lab, thrown, verb};
use super::options::{NetnsName, OptionValue, Options, describe};
use super::value::{array_of_maps, counter, map};

/// A network namespace in the hands of a script.
#[derive(Clone)]
pub struct Handle(Rc<Netns>);

impl Handle {
    /// Its name.
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// The namespace.
    pub fn netns(&self) -> &Rc<Netns> {
        &self.0
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "netns {}", self.name())
    }
}

/// The verbs.
#[export_module]
pub mod api {
    /// Makes a network namespace and gives its handle.
    ///
    /// Programs find it under its name in /run/netns (`ip netns exec NAME ...`). Its loopback link is brought up.
    ///
    /// Equivalent to: `ip netns add NAME; ip -n NAME link set lo up`
    ///
    /// Search words: `host`, `network namespace`, `node`, `container`, `machine`, `unshare`, `isolate`, `create`, `new`
    ///
    /// # Options
    /// - `lo` (bool): whether to bring the loopback link up; true unless given
    ///
    /// # Returns
    /// A handle: `name`; `run(|| ...)`; and every verb as a method, which then acts in the namespace.
    ///
    /// # Errors
    /// There is one of this name (EEXIST); a name that no file can have.
    ///
    /// # Example
    /// ```rhai
    /// let h1 = netns_add("h1");
    /// veth_add("v1", "eth0", #{ peer_netns: h1, up: true });
    /// h1.addr_add("eth0", "10.0.0.1/24");
    /// show(h1.addr_list("eth0").len() > 0);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn netns_add(ctx: NativeCallContext, name: &str, options: Map) -> RhaiResultOf<Handle> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let lo = options.take::<bool>("lo")?.unwrap_or(true);
            options.finish()?;
            let fault = name_fault(name).or((name == HOME)
                .then_some("it is the name of the namespace that netsh itself works in"));
            if let Some(fault) = fault {
                let words = format!("no network namespace can be called {name:?}: {fault}");
                return Err(Failure::new(words).about(name).blame("name"));
            }
            let change = NetnsAdd { name: name.into() };
            let netns = lab.apply_and(change, || {
                let netns = ask(lab, &format!("open netns {name}"), || lab.netns(name))?;
                if lo {
                    let up = Change::from(LinkSet::up("lo", true));
                    lab.apply_together(&[(netns.clone(), up)])?;
                }
                Ok(netns)
            })?;
            Ok(Handle(netns))
        })
    }

    /// Gives the handle of a network namespace, whoever made it. `"home"` is the one that netsh itself works in.
    ///
    /// Search words: `host`, `handle`, `network namespace`, `home`
    ///
    /// # Returns
    /// A handle, as from `netns_add`.
    ///
    /// # Errors
    /// There is none of this name (ENOENT).
    ///
    /// # Example
    /// ```rhai
    /// netns_add("h1");
    /// show(netns_get("h1").link_list().len());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn netns_get(ctx: NativeCallContext, name: &str) -> RhaiResultOf<Handle> {
        verb(&ctx, |lab| {
            let netns = ask(lab, &format!("get netns {name}"), || lab.netns(name));
            netns.map(Handle).map_err(|failure| failure.blame("name"))
        })
    }

    /// Lists the network namespaces that have a name.
    ///
    /// Equivalent to: `ip netns list`
    ///
    /// Search words: `lsns`, `hosts`, `network namespaces`, `nodes`
    ///
    /// # Returns
    /// An array of maps: `name`; `inode` (the number by which `lsns` calls it).
    ///
    /// # Example
    /// ```rhai
    /// netns_add("h1");
    /// netns_add("h2");
    /// for netns in netns_list() { print(netns.name); }
    /// ```
    #[rhai_fn(return_raw)]
    pub fn netns_list(ctx: NativeCallContext) -> RhaiResultOf<Array> {
        verb(&ctx, |lab| {
            let names = ask(lab, "list the network namespaces", || lab.netns_names())?;
            // A name without a namespace behind it is left over from a crash; `ip netns list` shows it too.
            let inode = |name: &str| {
                let namespace = Namespace::open(&named_path(name));
                namespace.and_then(|namespace| namespace.identity())
            };
            Ok(array_of_maps(names.into_iter().map(|name| {
                let inode = inode(&name).map_or(Dynamic::UNIT, |(_, inode)| counter(inode));
                map([("inode", inode), ("name", name.into())])
            })))
        })
    }

    /// Takes the name from a network namespace. Links in it that have no other user go with it.
    ///
    /// Equivalent to: `ip netns del NAME`
    ///
    /// Search words: `remove`, `delete`, `destroy`
    ///
    /// # Errors
    /// There is none of this name (ENOENT); it is the current one (EBUSY).
    ///
    /// # Example
    /// ```rhai
    /// let h1 = netns_add("h1");
    /// netns_del(h1);
    /// show(netns_list().len());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn netns_del(ctx: NativeCallContext, name: Dynamic) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let name = netns_name(&name)?;
            lab.apply(NetnsDel { name })
        })
    }

    /// Runs a closure with this namespace as the current one, and comes back, also when the closure fails.
    ///
    /// Equivalent to: `ip netns exec NETNS ...`
    ///
    /// Search words: `nsenter`, `enter`, `inside`, `closure`
    ///
    /// # Returns
    /// What the closure returns.
    ///
    /// # Errors
    /// Those of the closure; the namespace was deleted (ENOENT).
    ///
    /// # Example
    /// ```rhai
    /// let h1 = netns_add("h1");
    /// show(h1.run(|| link_list().len()));
    /// ```
    #[rhai_fn(return_raw, pure)]
    pub fn run(ctx: NativeCallContext, netns: &mut Handle, work: FnPtr) -> RhaiResultOf<Dynamic> {
        let result = within(&ctx, netns, || work.call_within_context(&ctx, ()));
        result.map_err(|mut error: Box<EvalAltResult>| {
            if error.position() == Position::NONE {
                error.set_position(ctx.call_position());
            }
            error
        })
    }

    /// Makes a network namespace the current one, until `netns_leave`.
    ///
    /// For the prompt, and for the scripts that it saves. A script of your own is clearer with `run`, which always comes back.
    ///
    /// Equivalent to: `ip netns exec NAME bash`
    ///
    /// Search words: `cd`, `go`, `switch`, `inside`
    ///
    /// # Errors
    /// There is none of this name (ENOENT); called inside of `run`.
    ///
    /// # Example
    /// ```rhai
    /// netns_add("h1");
    /// netns_enter("h1");
    /// show(link_list());
    /// netns_leave();
    /// ```
    #[rhai_fn(return_raw)]
    pub fn netns_enter(ctx: NativeCallContext, name: Dynamic) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let name = netns_name(&name)?;
            let enter = || lab.netns(&name).and_then(|netns| lab.stay_in(&netns));
            not_inside(lab, "enter")?;
            ask(lab, &format!("enter netns {name}"), enter).map_err(|failure| failure.blame("name"))
        })
    }

    /// Comes back from `netns_enter` to the namespace that netsh itself works in.
    ///
    /// Equivalent to: `exit`
    ///
    /// Search words: `back`, `home`, `return`
    ///
    /// # Errors
    /// Called inside of `run`.
    ///
    /// # Example
    /// ```rhai
    /// netns_enter(netns_add("h1"));
    /// netns_leave();
    /// ```
    #[rhai_fn(return_raw)]
    pub fn netns_leave(ctx: NativeCallContext) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            not_inside(lab, "leave")?;
            ask(lab, "go home", || lab.stay_in(&lab.home()))
        })
    }

    /// The name of the namespace.
    #[rhai_fn(get = "name", pure)]
    pub fn netns_name_of(netns: &mut Handle) -> String {
        netns.name().to_string()
    }

    /// The handle as text.
    #[rhai_fn(name = "to_string", name = "to_debug", pure)]
    pub fn netns_text(netns: &mut Handle) -> String {
        netns.to_string()
    }

    /// Whether two handles are of the same namespace.
    #[rhai_fn(name = "==", pure)]
    pub fn netns_same(netns: &mut Handle, other: Handle) -> bool {
        Rc::ptr_eq(&netns.0, &other.0)
    }

    /// Whether two handles are of different namespaces.
    #[rhai_fn(name = "!=", pure)]
    pub fn netns_different(netns: &mut Handle, other: Handle) -> bool {
        !Rc::ptr_eq(&netns.0, &other.0)
    }
}

/// Runs `work` with the handle's namespace as the current one.
pub(super) fn within<T>(
    ctx: &NativeCallContext,
    handle: &Handle,
    work: impl FnOnce() -> RhaiResultOf<T>,
) -> RhaiResultOf<T> {
    let lab = lab(ctx)?;
    lab.within(&handle.0, work).unwrap_or_else(|error| {
        let words = format!("enter netns {}", handle.name());
        let failure = lab.explain_question(&words, &error);
        Err(thrown(ctx.fn_name(), *failure, ctx.call_position()))
    })
}

/// `run` comes back to the namespace that was current before it; nothing else may change that.
fn not_inside(lab: &Lab, verb: &str) -> Outcome<()> {
    if lab.is_inside() {
        let words = format!("cannot {verb} a network namespace inside of run()");
        return Err(Failure::new(words).hint("run() itself goes there and comes back"));
    }
    Ok(())
}

fn netns_name(value: &Dynamic) -> Outcome<String> {
    NetnsName::read(value).map(|name| name.0).map_err(|_| {
        let words = format!(
            "a network namespace is given by its name or its handle, not by {}",
            describe(value)
        );
        Failure::new(words).blame("name")
    })
}
