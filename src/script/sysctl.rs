//! Verbs about kernel parameters.

use rhai::plugin::*;
use rhai::{Array, Dynamic};

use crate::kernel::sysctl::{self, Key, SysctlSet};
use crate::lab::failure::{Failure, Outcome};

use super::call::{RhaiResultOf, verb};
use super::options::describe;
use super::value::{array_of_maps, map};

/// The verbs.
#[export_module]
pub mod api {
    /// Reads a kernel parameter of the current namespace.
    ///
    /// The name is written as for sysctl(8): `net.ipv4.conf.veth0.accept_local` or `net/ipv4/conf/veth0/accept_local`. A dot
    /// in the name of a link is a slash in the first spelling (`net.ipv4.conf.v0/10.accept_local`), itself in the second.
    ///
    /// Equivalent to: `sysctl -n NAME`
    ///
    /// Search words: `/proc/sys`, `kernel parameter`, `proc`, `setting`, `tunable`
    ///
    /// # Returns
    /// An int if the value is a whole number, the text otherwise.
    ///
    /// # Errors
    /// No such sysctl (ENOENT), with what is like it.
    ///
    /// # Example
    /// ```rhai
    /// show(sysctl_get("net.ipv4.ip_forward"));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn sysctl_get(ctx: NativeCallContext, name: &str) -> RhaiResultOf<Dynamic> {
        verb(&ctx, |lab| {
            let key = read_key(name)?;
            let value = lab
                .current()
                .namespace()
                .and_then(|ns| sysctl::get(&ns, &key));
            let value =
                value.map_err(|error| lab.explain_sysctl(&format!("read {key}"), &key, &error))?;
            Ok(typed(value))
        })
    }

    /// Sets a kernel parameter of the current namespace.
    ///
    /// In the sandbox only names under `net.` can be set: the others are the whole machine's.
    ///
    /// Equivalent to: `sysctl -w NAME=VALUE`
    ///
    /// Search words: `/proc/sys`, `kernel parameter`, `ip_forward`, `forwarding`, `router`, `rp_filter`, `proxy_arp`,
    /// `accept_local`, `tunable`
    ///
    /// # Errors
    /// No such sysctl (ENOENT); the kernel does not take the value (EINVAL); not under `net.` (EPERM).
    ///
    /// # Example
    /// ```rhai
    /// sysctl_set("net.ipv4.ip_forward", 1);
    /// show(sysctl_get("net.ipv4.ip_forward"));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn sysctl_set(ctx: NativeCallContext, name: &str, value: Dynamic) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let key = read_key(name)?;
            let value = written(&value)?;
            lab.apply(SysctlSet { key, value })
        })
    }

    /// Lists the kernel parameters at or below a name, those that can be read.
    ///
    /// Equivalent to: `sysctl -a --pattern '^PREFIX'`
    ///
    /// Search words: `/proc/sys`, `kernel parameters`, `settings`
    ///
    /// # Returns
    /// An array of maps: `name` (the dotted spelling) and `value` (as `sysctl_get` gives it), sorted by name.
    ///
    /// # Errors
    /// No such group of sysctls (ENOENT).
    ///
    /// # Example
    /// ```rhai
    /// show(sysctl_list("net.ipv4.conf.lo").len() > 20);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn sysctl_list(ctx: NativeCallContext, prefix: &str) -> RhaiResultOf<Array> {
        verb(&ctx, |lab| {
            let key = read_key(prefix.trim_end_matches(['.', '/']))
                .map_err(|failure| failure.blame("prefix"))?;
            let list = lab
                .current()
                .namespace()
                .and_then(|ns| sysctl::list(&ns, &key));
            let list = list.map_err(|error| {
                let words = format!("list the sysctls under {key}");
                lab.explain_sysctl(&words, &key, &error).blame("prefix")
            })?;
            Ok(array_of_maps(list.into_iter().map(|(key, value)| {
                map([("name", key.to_string().into()), ("value", typed(value))])
            })))
        })
    }
}

fn read_key(name: &str) -> Outcome<Key> {
    Key::parse(name).map_err(|words| {
        Failure::new(words)
            .about(name)
            .blame("name")
            .hint("names are written as for sysctl(8): net.ipv4.ip_forward")
    })
}

fn written(value: &Dynamic) -> Outcome<String> {
    if let Ok(flag) = value.as_bool() {
        return Ok(u8::from(flag).to_string());
    }
    if let Ok(number) = value.as_int() {
        return Ok(number.to_string());
    }
    value.clone().into_string().map_err(|_| {
        let words = format!(
            "the value of a sysctl is an int, a bool or a string, not {}",
            describe(value)
        );
        Failure::new(words).blame("value")
    })
}

fn typed(value: String) -> Dynamic {
    match value.parse::<i64>() {
        Ok(number) => number.into(),
        Err(_) => value.into(),
    }
}
