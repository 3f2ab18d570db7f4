//! Why a link can't be made or set, where the kernel says too little. What it says it says by errno, and by words only in newer
//! versions; the rest is found out by asking what there is.

use nix::errno::Errno;

use super::change::Names;
use super::kind;
use super::kinds::{is_pair, no_driver};
use super::link::{self, exists, kind_of, mtu_refused};
use super::link_add::LinkAdd;
use super::link_set::LinkSet;
use super::options::{Setting, Settings};
use super::reason::{Reason, Refusal};

/// What rtnl_newlink says of a kind that it has no driver for (net/core/rtnetlink.c).
const UNKNOWN: &str = "Unknown device type";

/// Why a link can't be made.
pub(super) fn of_add(add: &LinkAdd, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
    let said = refusal.said.unwrap_or_default();
    let parent = add.parent.as_deref();
    match refusal.errno {
        // An index that is taken; some kernels call it busy (dev_index_reserve).
        Errno::EEXIST | Errno::EBUSY
            if let Some(owner) = add.index.and_then(|index| owner(index, names)) =>
        {
            let words = format!("the index {} is that of {owner}", add.index.unwrap_or(0));
            Some(Reason::new(words).blame("index"))
        }
        Errno::EEXIST if add.netns.is_none() && names.link(&add.name).is_err() => taken(add),
        Errno::EEXIST => Some(exists(&add.name, "name")),
        Errno::EOPNOTSUPP if said == UNKNOWN => Some(no_driver(&add.kind, "kind")),
        Errno::EOPNOTSUPP => {
            let master = add.master.as_deref();
            let no_ports = master.and_then(|master| no_ports(master, names));
            no_ports
                .or_else(|| not_built(&add.settings))
                .or_else(|| said_of(&add.settings, said))
        }
        Errno::EINVAL | Errno::ENODEV | Errno::EPERM
            if parent.is_none() && needs_parent(&add.kind) =>
        {
            Some(no_parent(&add.kind))
        }
        Errno::EINVAL | Errno::ERANGE if add.mtu.is_some() && refusal.may_mean("mtu") => {
            add.mtu.map(|mtu| mtu_refused(mtu, &add.kind))
        }
        // macvlan_port_create in drivers/net/macvlan.c, and the like of others.
        Errno::EINVAL if parent.is_some_and(|parent| is_loopback(parent, names)) => {
            let parent = parent.unwrap_or_default();
            let words = format!(
                "{parent} is a loopback link, on which there can be no {}",
                add.kind
            );
            Some(
                Reason::new(words)
                    .blame("parent")
                    .hint("veth_add and dummy_add make links that can"),
            )
        }
        Errno::EINVAL if add.settings.get("macaddr").is_some() => Some(
            Reason::new("only a macvlan of the mode source goes by the source of frames")
                .blame("macaddr")
                .hint("give it too: #{ mode: \"source\" }"),
        ),
        Errno::EINVAL
            if add.settings.get("group").is_some() && add.settings.get("dev").is_none() =>
        {
            Some(
                Reason::new("a multicast group is joined on a link, and none is given")
                    .blame("group")
                    .hint("name it: #{ dev: \"eth0\" }"),
            )
        }
        Errno::ERANGE => out_of_range(&add.settings),
        Errno::EBUSY => parent.and_then(|parent| in_use(parent, "parent", names)),
        Errno::ENETDOWN if add.up => parent.map(|parent| {
            Reason::new(format!("the link below, {parent}, is down"))
                .blame("up")
                .hint(format!("bring it up first: link_up({parent:?})"))
        }),
        Errno::ELOOP => Some(bridge_in_bridge(&add.name)),
        _ => said_of(&add.settings, said),
    }
}

/// Why properties of a link can't be set.
pub(super) fn of_set(set: &LinkSet, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
    let settings = [&set.own, &set.port];
    let mut settings = settings.into_iter().flatten().map(|one| &one.settings);
    match (refusal.errno, &set.name, set.mtu) {
        (Errno::EEXIST, Some(name), _) => Some(exists(name, "name")),
        (Errno::EINVAL, _, Some(mtu)) if refusal.may_mean("mtu") => {
            let kind = kind_of(names.namespace(), &set.link).unwrap_or_default();
            Some(mtu_refused(mtu, &kind))
        }
        (Errno::EBUSY, Some(_), _) => Some(
            Reason::new("the link is up")
                .blame("name")
                .hint("bring it down first: link_down(...)"),
        ),
        (Errno::EOPNOTSUPP, ..) if set.properties.get("carrier").is_some() => Some(
            Reason::new("a link of this kind does not let its carrier be set")
                .blame("carrier")
                .hint("a dummy and a tap do"),
        ),
        (Errno::EOPNOTSUPP, ..) if set.properties.get("protodown").is_some() => Some(
            Reason::new("a link of this kind does not let itself be held down").blame("protodown"),
        ),
        (Errno::EOPNOTSUPP, ..) => {
            let master = set.master.as_ref().and_then(Option::as_deref);
            let no_ports = master.and_then(|master| no_ports(master, names));
            no_ports.or_else(|| settings.find_map(not_built))
        }
        (Errno::ERANGE, ..) => settings.find_map(out_of_range),
        (Errno::EINVAL, ..) if set.master.is_some() && is_loopback(&set.link, names) => Some(
            Reason::new(format!(
                "{} is a loopback link, which can't be a port",
                set.link
            ))
            .blame("link"),
        ),
        // bond_enslave in drivers/net/bonding/bond_main.c.
        (Errno::EPERM, ..) if set.master.is_some() && refusal.said.is_some() => Some(
            Reason::new(format!(
                "{} is up, and a bond takes only links that are down",
                set.link
            ))
            .blame("master")
            .hint(format!(
                "link_down({:?}) first; with up: true it comes up as a port",
                set.link
            )),
        ),
        (Errno::ELOOP, ..) if set.master.is_some() => Some(bridge_in_bridge(&set.link)),
        (Errno::EBUSY, ..) if set.master.is_some() => in_use(&set.link, "master", names),
        _ => {
            let said = refusal.said.unwrap_or_default();
            let kind = set.own.as_ref().or(set.port.as_ref());
            let only = kind.filter(|_| set.keys().len() == 1 && said.is_empty());
            let only = only.filter(|_| [Errno::EINVAL, Errno::ERANGE].contains(&refusal.errno));
            settings
                .find_map(|settings| said_of(settings, said))
                .or_else(|| only.and_then(|only| only_one(&only.settings)))
        }
    }
}

fn needs_parent(kind: &str) -> bool {
    kind::find(kind).is_some_and(|kind| kind.parent)
}

fn no_parent(kind: &str) -> Reason {
    Reason::new(format!(
        "a {kind} has another link below it, and none is given"
    ))
    .blame("kind")
    .hint("give it: #{ parent: \"eth0\" }")
}

/// There is no link of this name, and yet the kernel has what it is to be.
/// The link that has an index.
fn owner(index: u32, names: &dyn Names) -> Option<String> {
    names.namespace().route().ok()?.name_of(index)
}

fn taken(add: &LinkAdd) -> Option<Reason> {
    let number = |key| match add.settings.get(key) {
        Some(Setting::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let parent = add.parent.clone().unwrap_or_default();
    let (words, argument) = match add.kind.as_str() {
        "vlan" => (
            format!("{parent} has a VLAN {} already", number("id")),
            "id",
        ),
        "vxlan" => (
            format!("there is a VXLAN {} at this UDP port already", number("id")),
            "id",
        ),
        "geneve" => (
            format!(
                "there is a tunnel with the id {} to this remote already",
                number("id")
            ),
            "id",
        ),
        "bareudp" => ("this UDP port is taken already".into(), "dstport"),
        _ => (
            "there is a tunnel between these ends already, or one of its kind with any ends".into(),
            "name",
        ),
    };
    let hint = "look for it by show(link_list()); another namespace can have the same";
    Some(Reason::new(words).blame(argument).hint(hint))
}

/// The first option that this kernel may be built without.
fn not_built(settings: &Settings) -> Option<Reason> {
    let mut rows = settings.given().iter().map(|(row, _)| row);
    let row = rows.find(|row| !row.config.is_empty())?;
    let (key, config) = (row.key, row.config);
    Some(
        Reason::new(format!("this kernel has no {key}: {config}"))
            .blame(key)
            .hint(format!(
                "it was built without {config}; no module brings it"
            )),
    )
}

/// The first option of which it is known why its numbers end where they end.
fn out_of_range(settings: &Settings) -> Option<Reason> {
    let mut rows = settings.given().iter().map(|(row, _)| row);
    let row = rows.find(|row| !row.note.is_empty())?;
    Some(
        Reason::new(format!("{} is outside of what it can be", row.key))
            .blame(row.key)
            .hint(row.note),
    )
}

/// What the kernel refuses without a word, where there is but one thing that it can mean.
fn only_one(settings: &Settings) -> Option<Reason> {
    let [(row, value)] = settings.given() else {
        return None;
    };
    let hint = match row.key {
        // BR_GROUPFWD_RESTRICTED of net/bridge/br_private.h.
        "group_fwd_mask" => {
            "the lowest three bits can't be set: what is sent to 01:80:c2:00:00:00, 01 and 02 is for the bridge alone"
        }
        // br_set_group_fwd_mask's neighbour in net/bridge/br_netlink.c.
        "group_address" => "it is one of 01:80:c2:00:00:00 to 0f, but none of 01, 02 and 03",
        _ => row.note,
    };
    let words = format!("{} can't be {}", row.key, value.words());
    Some(Reason::new(words).blame(row.key).hint(hint))
}

fn is_loopback(name: &str, names: &dyn Names) -> bool {
    kind_of(names.namespace(), name).is_some_and(|kind| kind == "loopback")
}

/// The kinds of which other links can be ports: those whose driver has an ndo_add_slave.
const MASTERS: [&str; 4] = ["bridge", "bond", "team", "vrf"];

/// That a link can't be the master of any other, if so.
fn no_ports(master: &str, names: &dyn Names) -> Option<Reason> {
    let kind = kind_of(names.namespace(), master)?;
    let wrong = !MASTERS.contains(&kind.as_str());
    wrong.then(|| {
        let words = format!("{master} is a link of kind {kind}, which has no ports");
        let hint = "a bridge, a bond, a team or a vrf has ports: bridge_add(\"br0\")";
        Reason::new(words).blame("master").hint(hint)
    })
}

/// The option that the kernel's words are about, if they name one.
fn said_of(settings: &Settings, said: &str) -> Option<Reason> {
    let words = said.to_lowercase();
    let names_it = |key: &str| {
        let plain = key.replace('_', " ");
        words
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(|word| word == plain)
            || plain.contains(' ') && words.contains(&plain)
    };
    let (row, _) = settings.given().iter().find(|(row, _)| names_it(row.key))?;
    Some(Reason::new(said).blame(row.key).hint(row.note))
}

/// What has a link already: a bridge or bond, or links of another kind above it.
fn in_use(name: &str, argument: &'static str, names: &dyn Names) -> Option<Reason> {
    let route = names.namespace().route().ok()?;
    let link = link::get_bare(names.namespace(), names.link(name).ok()?).ok()?;
    let master = link.master.and_then(|index| route.name_of(index));
    let reason = match master {
        Some(master) => Reason::new(format!("{name} is a port of {master}")).hint(format!(
            "leave it first: link_set({name:?}, #{{ nomaster: true }})"
        )),
        None => {
            let above = link::list_bare(names.namespace()).ok()?;
            let above = above
                .into_iter()
                .find(|above| above.lower == Some(link.index) && !is_pair(&above.kind));
            let what = above.map_or("something else".into(), |above| {
                format!("{} ({})", above.name, above.kind)
            });
            Reason::new(format!("{name} is taken by {what}")).hint(
                "one link can be a port, or have macvlans, or have ipvlans, but not two of them",
            )
        }
    };
    Some(reason.blame(argument))
}

fn bridge_in_bridge(name: &str) -> Reason {
    Reason::new(format!(
        "{name} is a bridge, or has one above it: a bridge can't be a port of a bridge"
    ))
    .blame("master")
    .hint("connect two bridges by a veth: one end is a port of the one, the other of the other")
}
