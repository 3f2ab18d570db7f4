//! Verbs about the classes of queueing disciplines.

use rhai::plugin::*;
use rhai::{Array, Dynamic, Map};

use crate::kernel::qdisc::class::{Class, ClassAdd, ClassDel};
use crate::kernel::qdisc::handle::Handle;
use crate::kernel::qdisc::kinds::{self, CLASSES};
use crate::kernel::qdisc::message::Mode;
use crate::lab::Lab;
use crate::lab::explain::ask;
use crate::lab::failure::{Failure, Outcome};
use crate::lab::suggest::nearest;

use super::call::{RhaiResultOf, verb};
use super::options::Options;
use super::qdisc::{Id, statistics_map};
use super::settings;
use super::value::{array_of_maps, map};

/// The verbs.
#[export_module]
pub mod api {
    /// Gives a queueing discipline a class: a share of what the link sends.
    ///
    /// Filters (`filter_add`) lead packets into it; htb leads all others into its `default_class`.
    ///
    /// Equivalent to: `tc class add dev LINK classid CLASSID KIND ...`
    ///
    /// Search words: `tc`, `htb`, `share`, `bandwidth`, `guarantee`, `borrow`, `shaping`, `traffic control`
    ///
    /// # Options
    /// - `parent` (string): the class above it, `"1:1"`; the discipline unless given
    /// - `rate` (rate): htb: what it may always send
    /// - `ceil` (rate): htb: what it may send while others leave room; as `rate` unless given
    /// - `burst` (int, bytes): htb: how much may go out at once
    /// - `cburst` (int, bytes): htb: how much may go out at once while it borrows
    /// - `prio` (int): htb: who borrows first, 0 to 7
    /// - `quantum` (int, bytes): htb, drr: how much it sends before it is another's turn
    /// - `mtu` (int, bytes): htb: the largest packet; 1600 unless given
    /// - `mpu` (int, bytes): htb: what even the smallest packet takes
    /// - `overhead` (int, bytes): htb: what each packet takes beyond its length
    /// - `linklayer` (word): htb: what packets are cut into below: "ethernet" (nothing), "atm" (cells)
    ///
    /// # Errors
    /// The link has no such discipline (ENOENT), or has the class (EEXIST); a class of htb without a rate.
    ///
    /// # Example
    /// ```rhai
    /// veth_add("veth0", "veth0peer", #{ up: true });
    /// qdisc_add("veth0", "htb", #{ handle: "1:", default_class: "20" });
    /// class_add("veth0", "1:1", "htb", #{ rate: "10mbit" });
    /// class_add("veth0", "1:10", "htb", #{ parent: "1:1", rate: "8mbit", ceil: "10mbit" });
    /// class_add("veth0", "1:20", "htb", #{ parent: "1:1", rate: "2mbit", ceil: "10mbit" });
    /// show(class_list("veth0"));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn class_add(
        ctx: NativeCallContext,
        link: &str,
        classid: &str,
        kind: &str,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            put(lab, Mode::Add, link, (classid, kind), options)
        })
    }

    /// Changes the options of a class.
    ///
    /// Equivalent to: `tc class change dev LINK classid CLASSID KIND ...`
    ///
    /// Search words: `tc`, `htb`, `bandwidth`, `shaping`, `set`, `adjust`
    ///
    /// # Options
    /// Those of `class_add`.
    ///
    /// # Errors
    /// The link has no such class (ENOENT).
    ///
    /// # Example
    /// ```rhai
    /// veth_add("veth0", "veth0peer", #{ up: true });
    /// qdisc_add("veth0", "htb", #{ handle: "1:" });
    /// class_add("veth0", "1:1", "htb", #{ rate: "10mbit" });
    /// class_change("veth0", "1:1", "htb", #{ rate: "20mbit" });
    /// show(class_list("veth0")[0].options.rate);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn class_change(
        ctx: NativeCallContext,
        link: &str,
        classid: &str,
        kind: &str,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            put(lab, Mode::Change, link, (classid, kind), options)
        })
    }

    /// Gives a discipline a class, or changes the one with this id.
    ///
    /// Equivalent to: `tc class replace dev LINK classid CLASSID KIND ...`
    ///
    /// Search words: `tc`, `htb`, `bandwidth`, `shaping`, `set`, `adjust`
    ///
    /// # Options
    /// Those of `class_add`.
    ///
    /// # Errors
    /// The link has no such discipline (ENOENT); a class of htb without a rate.
    ///
    /// # Example
    /// ```rhai
    /// veth_add("veth0", "veth0peer", #{ up: true });
    /// qdisc_add("veth0", "htb", #{ handle: "1:" });
    /// for rate in ["10mbit", "20mbit"] { class_replace("veth0", "1:1", "htb", #{ rate: rate }); }
    /// show(class_list("veth0").map(|class| class.options.rate));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn class_replace(
        ctx: NativeCallContext,
        link: &str,
        classid: &str,
        kind: &str,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            put(lab, Mode::Replace, link, (classid, kind), options)
        })
    }

    /// Deletes a class.
    ///
    /// Equivalent to: `tc class del dev LINK classid CLASSID`
    ///
    /// Search words: `tc`, `htb`, `remove`, `delete`, `shaping`
    ///
    /// # Errors
    /// The link has no such class (ENOENT); there are classes below it, or filters lead to it (EBUSY).
    ///
    /// # Example
    /// ```rhai
    /// veth_add("veth0", "veth0peer", #{ up: true });
    /// qdisc_add("veth0", "htb", #{ handle: "1:" });
    /// class_add("veth0", "1:1", "htb", #{ rate: "10mbit" });
    /// class_del("veth0", "1:1");
    /// show(class_list("veth0"));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn class_del(ctx: NativeCallContext, link: &str, classid: &str) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            lab.apply(ClassDel {
                link: link.into(),
                id: id(classid)?,
            })
        })
    }

    /// Lists the classes of a link.
    ///
    /// Equivalent to: `tc -s class show dev LINK`
    ///
    /// Search words: `tc`, `htb`, `statistics`, `drops`, `backlog`, `shaping`
    ///
    /// # Returns
    /// An array of maps: `link`; `kind`; `classid`; `parent` (the class above, or "root"); `leaf` (the handle of the discipline
    /// in it, or `()`); `options` (map, with the keys of `class_add`; rates in bits per second, sizes in bytes); `statistics`
    /// (map: `bytes`, `packets` (sent), `drops` (packets), `overlimits` (how often it had to wait), `requeues`, `backlog`
    /// (bytes that wait), `qlen` (packets that wait)).
    ///
    /// # Errors
    /// No such link (ENODEV).
    ///
    /// # Example
    /// ```rhai
    /// veth_add("veth0", "veth0peer", #{ up: true });
    /// qdisc_add("veth0", "htb", #{ handle: "1:" });
    /// class_add("veth0", "1:1", "htb", #{ rate: "10mbit" });
    /// for class in class_list("veth0") {
    ///     print(`${class.classid}: ${class.options.rate / 1000000} Mbit/s`);
    /// }
    /// ```
    #[rhai_fn(return_raw)]
    pub fn class_list(ctx: NativeCallContext, link: &str) -> RhaiResultOf<Array> {
        verb(&ctx, |lab| {
            let words = format!("list the classes of {link}");
            let list = ask(lab, &words, || lab.classes(link));
            let list = list.map_err(|failure| failure.blame("link"))?;
            Ok(array_of_maps(
                list.into_iter().map(|class| class_map(link, class)),
            ))
        })
    }
}

fn put(
    lab: &Lab,
    mode: Mode,
    link: &str,
    (classid, kind): (&str, &str),
    options: Map,
) -> Outcome<()> {
    let mut options = Options::new(options);
    let id = id(classid)?;
    let Some(known) = kinds::find(CLASSES, kind) else {
        let names: Vec<&str> = CLASSES.iter().map(|kind| kind.name).collect();
        let failure = Failure::new(format!("netsh knows no classes of the kind {kind:?}"));
        let hint = match nearest(kind, names.iter().copied()) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("it knows those of {}", names.join(" and ")),
        };
        return Err(failure.about(link).blame("kind").hint(hint));
    };
    let parent = options.take::<Id>("parent")?.map(|id| id.0);
    let settings = settings::take_all(&mut options, known.options)?;
    options.finish()?;
    lab.apply(ClassAdd {
        mode,
        link: link.into(),
        kind: kind.into(),
        id,
        parent: parent.unwrap_or(id.major()),
        settings,
    })
}

/// The id of a class: the discipline's number and its own.
fn id(text: &str) -> Outcome<Handle> {
    let read = Handle::parse(text).ok();
    let read = read.filter(|id| id.minor() != 0 && id.major() != Handle::NONE);
    read.ok_or_else(|| {
        Failure::new(format!("{text:?} is not the id of a class"))
            .about(text)
            .blame("classid")
            .hint("an id is the handle of the qdisc and a number of its own, both hexadecimal: \"1:10\"")
    })
}

fn class_map(link: &str, class: Class) -> Map {
    let leaf = match class.leaf {
        Handle::NONE => Dynamic::UNIT,
        leaf => leaf.to_string().into(),
    };
    map([
        ("classid", class.id.to_string().into()),
        ("kind", class.kind.into()),
        ("leaf", leaf),
        ("link", link.to_owned().into()),
        ("options", settings::map_of(class.settings.given()).into()),
        ("parent", class.parent.to_string().into()),
        (
            "statistics",
            Dynamic::from_map(statistics_map(class.statistics)),
        ),
    ])
}
