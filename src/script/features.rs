//! Verbs about what the kernel has.

use rhai::plugin::*;
use rhai::{Array, Dynamic, EvalAltResult};

use crate::kernel::doctor;
use crate::kernel::features::{self, Feature, Kind};
use crate::lab::Lab;
use crate::lab::explain::ask;
use crate::lab::failure::{Failure, Outcome};
use crate::lab::suggest::nearest;

use super::call::{RhaiResultOf, verb};
use super::options::describe;
use super::value::{array_of_maps, map, maybe};

/// The exit status of a script that can't run here, as in automake and the kernel's own selftests' runner of old.
const SKIPPED: u8 = 77;

/// The verbs.
#[export_module]
pub mod api {
    /// Tells whether this kernel has a kind of link, qdisc, filter or action, or lets this user open a device.
    ///
    /// Settings of bridges that not every kernel has can be asked for too.
    /// It is found out by trying one in a namespace that nobody sees; a module that can be loaded by that counts as there.
    ///
    /// Equivalent to: `modprobe -n NAME`
    ///
    /// Search words: `module`, `config`, `support`, `feature`, `driver`, `kconfig`
    ///
    /// # Returns
    /// true or false.
    ///
    /// # Errors
    /// Linux has nothing of this name; it is written `"qdisc netem"`, `"link vlan"`, `"filter flower"`, `"action mirred"`,
    /// `"bridge vlan_filtering"`, `"device tun"`.
    ///
    /// # Example
    /// ```rhai
    /// show(kernel_has("link veth"));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn kernel_has(ctx: NativeCallContext, name: &str) -> RhaiResultOf<bool> {
        verb(&ctx, |lab| is_there(lab, &read(name, "name")?))
    }

    /// Tries all that this kernel may have and this user may do, and tells what to do where something is missing.
    ///
    /// It is what `netsh doctor` prints: kinds of links, queueing disciplines, filters and actions of traffic control,
    /// nftables, sockets, capabilities. All is tried in namespaces that nobody sees; modules that can be loaded by that are.
    ///
    /// Search words: `check`, `diagnose`, `support`, `feature`, `kernel`, `module`, `config`, `modprobe`, `capability`,
    /// `permission`
    ///
    /// # Returns
    /// An array of maps: `kind` (such as "link", "qdisc", "nft", "socket"), `name`, `ok` (bool), `remedy` (the option of the
    /// kernel, the module or the sysctl; `()` where it is there).
    ///
    /// # Example
    /// ```rhai
    /// let missing = doctor().filter(|one| !one.ok);
    /// assert(missing.all(|one| one.remedy != ()));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn doctor(ctx: NativeCallContext) -> RhaiResultOf<Array> {
        verb(&ctx, |lab| {
            let findings = ask(lab, "examine the kernel", doctor::examine)?;
            Ok(array_of_maps(findings.into_iter().map(|found| {
                let remedy = Some(found.remedy).filter(|remedy| !remedy.is_empty());
                map([
                    ("kind", found.kind.into()),
                    ("name", found.name.into()),
                    ("ok", found.is_there.into()),
                    ("remedy", maybe(remedy)),
                ])
            })))
        })
    }

    /// Ends the script as skipped unless this kernel has all of these.
    ///
    /// The script says what is missing and ends with the exit status 77, which runners of tests take for "skipped".
    ///
    /// Search words: `skip`, `needs`, `kernel`, `support`, `feature`
    ///
    /// # Errors
    /// As of `kernel_has`.
    ///
    /// # Example
    /// ```rhai
    /// require("link veth");
    /// require(["qdisc tbf", "filter u32"]);
    /// print("this kernel has all of it");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn require(ctx: NativeCallContext, names: Dynamic) -> RhaiResultOf<()> {
        let all = verb(&ctx, |lab| has_all(lab, &names))?;
        match all {
            true => Ok(()),
            false => Err(EvalAltResult::Exit(Dynamic::UNIT, ctx.call_position()).into()),
        }
    }
}

/// Whether all are there. If not, says what is missing and sets the exit status.
fn has_all(lab: &Lab, names: &Dynamic) -> Outcome<bool> {
    let mut missing = Vec::new();
    for name in texts(names)? {
        let feature = read(&name, "names")?;
        if !is_there(lab, &feature)? {
            missing.push(feature);
        }
    }
    if missing.is_empty() {
        return Ok(true);
    }
    lab.screen()
        .print(&format!("skipped: {}", absence(&missing)));
    lab.set_exit_status(SKIPPED);
    Ok(false)
}

/// What is missing, in one sentence.
fn absence(missing: &[Feature]) -> String {
    let (devices, others): (Vec<_>, Vec<_>) = missing
        .iter()
        .partition(|feature| feature.kind == Kind::Device);
    let others: Vec<String> = others.iter().map(|feature| feature.label()).collect();
    let others = match others.is_empty() {
        true => None,
        false => Some(format!("this kernel has no {}", others.join(", no "))),
    };
    let devices = devices.iter().map(|feature| feature.absence());
    others
        .into_iter()
        .chain(devices)
        .collect::<Vec<_>>()
        .join("; ")
}

fn texts(names: &Dynamic) -> Outcome<Vec<String>> {
    let wrong = |value: &Dynamic| {
        Failure::new(format!(
            "require is given names such as \"qdisc netem\", not {}",
            describe(value)
        ))
        .blame("names")
    };
    let text = |value: &Dynamic| value.clone().into_string().map_err(|_| wrong(value));
    match names.read_lock::<rhai::Array>() {
        Some(list) => list.iter().map(text).collect(),
        None => Ok(vec![text(names)?]),
    }
}

fn is_there(lab: &Lab, feature: &Feature) -> Outcome<bool> {
    let words = format!("find out whether this kernel has {}", feature.words());
    ask(lab, &words, || feature.is_there())
}

fn read(text: &str, argument: &str) -> Outcome<Feature> {
    Feature::parse(text).ok_or_else(|| {
        let failure = Failure::new(format!("Linux has nothing called {text:?}"))
            .about(text)
            .blame(argument);
        let known: Vec<String> = features::all().map(|feature| feature.words()).collect();
        let named = known.iter().find(|words| {
            let name = words.strip_suffix(text);
            name.is_some_and(|kind| kind.ends_with(' '))
        });
        let near = named.map(String::as_str);
        let near = near.or_else(|| nearest(text, known.iter().map(String::as_str)));
        match near {
            Some(near) => failure.hint(format!("did you mean {near:?}?")),
            None => failure.hint(
                "it is written as \"link vlan\", \"qdisc netem\", \"filter flower\", \"action mirred\", \"bridge vlan_filtering\" or \"device tun\"",
            ),
        }
    })
}
