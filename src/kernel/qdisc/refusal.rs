//! Why the kernel says no to a queueing discipline: its words are about its tables, not about what to do.

use nix::errno::Errno;

use super::handle::Handle;
use super::kinds::QDISCS;
use super::{Mode, Qdisc, QdiscAdd, QdiscDel, kinds, list};
use crate::kernel::change::Names;
use crate::kernel::features::{Feature, Kind};
use crate::kernel::reason::{Reason, Refusal, listed};

/// Of one that is to be added or changed.
pub fn of_add(add: &QdiscAdd, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
    let said = refusal.said.unwrap_or("");
    let there = disciplines(names, &add.link);
    match refusal.errno {
        Errno::ENOENT if is_unknown_kind(said) => Some(no_kind(&add.kind)),
        Errno::EOPNOTSUPP if is_unknown_kind(said) => Some(no_kind(&add.kind)),
        Errno::ENOENT if !matches!(add.parent, Handle::ROOT | Handle::INGRESS) => {
            Some(no_parent(add.parent, &there))
        }
        Errno::ENOENT if add.mode == Mode::Change => Some(
            Reason::new(format!(
                "{} has no qdisc {} here to change",
                add.link, add.kind
            ))
            .blame("kind")
            .hint("qdisc_add makes one, qdisc_replace makes one where there is none"),
        ),
        Errno::EEXIST => Some(exists(add, &there)),
        Errno::EINVAL if add.mode == Mode::Change && said.contains("Qdisc type") => {
            let now = at(&there, add.parent)?;
            let words = format!("the qdisc of {} is {} {}", add.link, now.kind, now.handle);
            Some(
                Reason::new(words)
                    .blame("kind")
                    .hint("qdisc_replace puts another one in its place"),
            )
        }
        _ => None,
    }
}

/// Of one that is to be deleted.
pub fn of_del(del: &QdiscDel, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
    let there = disciplines(names, &del.link);
    let is_missing = matches!(refusal.errno, Errno::ENOENT | Errno::EINVAL);
    if !is_missing {
        return None;
    }
    let link = &del.link;
    let own: Vec<String> = there
        .iter()
        .filter(|qdisc| qdisc.handle != Handle::NONE)
        .map(|qdisc| format!("{} {} (parent {})", qdisc.kind, qdisc.handle, qdisc.parent))
        .collect();
    let words = match (at(&there, del.parent), del.parent) {
        (Some(now), _) if del.handle != Handle::NONE && now.handle != del.handle => {
            let words = format!("the qdisc there is {} {}", now.kind, now.handle);
            return Some(Reason::new(words).blame("handle"));
        }
        (Some(_), _) => return None,
        (None, Handle::ROOT) => format!("{link} has none but the kernel's own"),
        (None, Handle::INGRESS) => format!("{link} has none"),
        (None, parent) => format!("{link} has none under {parent}"),
    };
    let reason = Reason::new(words).blame(match del.parent {
        Handle::ROOT => "link",
        _ => "parent",
    });
    Some(reason.hint(match own.is_empty() {
        true => "qdisc_list shows what there is".into(),
        false => format!("it has {}", listed(&own)),
    }))
}

/// "Specified qdisc kind is unknown" since 6.3, "Specified qdisc not found" before, and nothing of old.
pub(in crate::kernel) fn is_unknown_kind(said: &str) -> bool {
    said.is_empty() || said.contains("kind is unknown") || said.contains("qdisc not found")
}

/// Why there is no discipline of this kind: none of netsh's, or none of this kernel's.
pub fn no_kind(kind: &str) -> Reason {
    let feature = Feature::of(Kind::Qdisc, kind);
    let reason = Reason::new(format!("this kernel has no {}", feature.label())).blame("kind");
    if feature.is_known() {
        return reason.hint(feature.remedy());
    }
    let known = QDISCS.iter().map(|kind| kind.name.to_owned()).collect();
    reason.hint(feature.remedy()).alike(kind, known, "")
}

fn no_parent(parent: Handle, there: &[Qdisc]) -> Reason {
    let own: Vec<String> = there
        .iter()
        .filter(|qdisc| qdisc.handle != Handle::NONE)
        .map(|qdisc| format!("{} {}", qdisc.kind, qdisc.handle))
        .collect();
    let reason = Reason::new(format!("there is no class {parent}")).blame("parent");
    reason.hint(match own.is_empty() {
        true => "the link has no qdisc with classes: qdisc_add(link, \"htb\", #{ handle: \"1:\" })"
            .into(),
        false => format!(
            "class_list shows the classes; the qdiscs are: {}",
            listed(&own)
        ),
    })
}

fn exists(add: &QdiscAdd, there: &[Qdisc]) -> Reason {
    let now = at(there, add.parent);
    if let Some(now) = now.filter(|_| add.mode == Mode::Add) {
        let words = match add.parent {
            Handle::ROOT => format!("its root qdisc is {} {}", now.kind, now.handle),
            _ => format!("its qdisc there is {} {}", now.kind, now.handle),
        };
        let hint = "qdisc_replace puts another one in its place, qdisc_change changes its options, qdisc_del deletes it";
        return Reason::new(words).blame("kind").hint(hint);
    }
    Reason::new(format!("{} has a qdisc {} already", add.link, add.handle)).blame("handle")
}

fn at(there: &[Qdisc], parent: Handle) -> Option<&Qdisc> {
    let mut there = there.iter();
    there.find(|qdisc| qdisc.parent == parent && qdisc.handle != Handle::NONE)
}

fn disciplines(names: &dyn Names, link: &str) -> Vec<Qdisc> {
    let index = names.link(link).ok();
    let found = index.and_then(|index| list(names.namespace(), Some(index)).ok());
    found.unwrap_or_default()
}

/// Whether netsh knows a kind of discipline, and so its options.
pub fn is_known(kind: &str) -> bool {
    kinds::find(QDISCS, kind).is_some()
}
