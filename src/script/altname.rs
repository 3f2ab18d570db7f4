//! Verbs about the alternative names of links.

use rhai::plugin::*;

use crate::kernel::link_altname::{AltnameAdd, AltnameDel, altname_fault};
use crate::lab::failure::{Failure, Outcome};

use super::call::{RhaiResultOf, verb};

/// The verbs.
#[export_module]
pub mod api {
    /// Gives a link one more name, by which it is found as by its first.
    ///
    /// Such a name has up to 127 bytes, where a first name has 15. Every verb that takes a link takes it; only the option `iface`
    /// of probes takes none of more than 15 bytes, and says so. `link_list` has them under `altnames`.
    ///
    /// Equivalent to: `ip link property add dev LINK altname NAME`
    ///
    /// Search words: `alternative name`, `ifname`, `rename`, `long name`, `property`
    ///
    /// # Errors
    /// A link has the name already, as its first or as another (EEXIST); a name that is too long, or that has a slash or a space in
    /// it; no such link (ENODEV).
    ///
    /// # Example
    /// ```rhai
    /// veth_add("veth0", "veth0peer");
    /// link_altname_add("veth0", "uplink-to-the-provider");
    /// link_up("uplink-to-the-provider");
    /// let link = link_get("veth0");
    /// show([link.state, link.altnames]);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn link_altname_add(ctx: NativeCallContext, link: &str, name: &str) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            lab.apply(AltnameAdd {
                link: link.into(),
                name: altname(name)?,
            })
        })
    }

    /// Takes one of its alternative names away from a link.
    ///
    /// Equivalent to: `ip link property del dev LINK altname NAME`
    ///
    /// Search words: `alternative name`, `remove`, `delete`, `property`
    ///
    /// # Errors
    /// No link has the name (ENOENT); it is the first name of the link, or a name of another (EINVAL); no such link (ENODEV).
    ///
    /// # Example
    /// ```rhai
    /// veth_add("veth0", "veth0peer");
    /// link_altname_add("veth0", "uplink");
    /// link_altname_del("veth0", "uplink");
    /// show(link_exists("uplink"));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn link_altname_del(ctx: NativeCallContext, link: &str, name: &str) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            lab.apply(AltnameDel {
                link: link.into(),
                name: altname(name)?,
            })
        })
    }
}

fn altname(name: &str) -> Outcome<String> {
    match altname_fault(name) {
        None => Ok(name.to_string()),
        Some(fault) => Err(
            Failure::new(format!("no link can have the altname {name:?}: {fault}"))
                .about(name)
                .blame("name")
                .hint("1 to 127 bytes, with no slash and no space"),
        ),
    }
}
