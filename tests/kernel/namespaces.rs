//! Namespaces by descriptor: working in them, coming home from them, and their names.

use std::os::unix::fs::MetadataExt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use netsh::kernel::error::Error;
use netsh::kernel::link::{self, LinkDel};
use netsh::kernel::link_set::LinkSet;
use netsh::kernel::netns::{self, Namespace};
use netsh::kernel::veth::VethAdd;
use nix::errno::Errno;

use crate::connection::pair;
use crate::support::{Known, Test, Verdict, known, lab, same, test, words};

/// The tests of this file.
pub fn tests() -> Vec<Test> {
    vec![
        test("namespaces: a panic comes home", a_panic_comes_home),
        test("namespaces: without a name, by descriptor", without_a_name),
        test(
            "namespaces: a socket stays where it was made",
            a_socket_stays,
        ),
        test(
            "namespaces: the end of the last descriptor",
            the_end_of_the_last_descriptor,
        ),
        test("namespaces: what is none", what_is_none),
        test("namespaces: a name left over by a crash", a_name_left_over),
        test(
            "namespaces: the lab comes home from a panic",
            the_lab_comes_home,
        ),
    ]
}

/// The inode of the namespace that this thread is in.
fn where_i_am() -> std::io::Result<u64> {
    Ok(std::fs::metadata("/proc/thread-self/ns/net")?.ino())
}

fn a_panic_comes_home(here: &Namespace) -> Verdict {
    let home = where_i_am()?;
    let other = Namespace::create().map_err(words)?;
    same(where_i_am()?, home)?;
    let inside = other.enter(where_i_am).map_err(words)??;
    same((inside != home, where_i_am()?), (true, home))?;
    same(other.identity().map_err(words)?.1, inside)?;
    let panic = catch_unwind(AssertUnwindSafe(|| {
        other.enter(|| std::panic::resume_unwind(Box::new("inside")))
    }));
    same(panic.is_err(), true)?;
    same(where_i_am()?, home)?;
    // And home is still good for work.
    known(here).make(pair("a", "b")).map_err(words)?;
    same(link::names(here).map_err(words)?.len(), 3)?;
    same(link::names(&other).map_err(words)?.len(), 1)
}

fn without_a_name(here: &Namespace) -> Verdict {
    let other = Namespace::create().map_err(words)?;
    let names = Known {
        here,
        others: vec![("other", &other)],
    };
    let across = VethAdd {
        peer_netns: Some("other".into()),
        ..pair("a", "b")
    };
    names.make(across).map_err(words)?;
    names.make(pair("c", "d")).map_err(words)?;
    let away = LinkSet {
        link: "d".into(),
        netns: Some("other".into()),
        ..LinkSet::default()
    };
    names.make(away).map_err(words)?;
    same(
        link::names(here).map_err(words)?,
        ["lo", "a", "c"].map(str::to_string).to_vec(),
    )?;
    let mut there = link::names(&other).map_err(words)?;
    there.sort();
    same(there, ["b", "d", "lo"].map(str::to_string).to_vec())?;
    // The kernel's ids lead from one end to the other.
    let far = link::nsid(here, &other).map_err(words)?;
    same(far.is_some(), true)?;
    same(link::get(here, "a").map_err(words)?.lower_nsid, far)
}

fn a_socket_stays(here: &Namespace) -> Verdict {
    let other = Namespace::create().map_err(words)?;
    let route = other.route().map_err(words)?;
    known(&other).make(pair("inner", "outer")).map_err(words)?;
    same(route.index_of("inner").is_ok(), true)?;
    same(
        here.route().map_err(words)?.index_of("inner"),
        Err(Error::NoSuchLink("inner".into())),
    )?;
    // Several namespaces, turn by turn.
    let many: Vec<Namespace> = (0..20)
        .map(|_| Namespace::create())
        .collect::<Result<_, _>>()
        .map_err(words)?;
    for turn in 0..3 {
        for (number, namespace) in many.iter().enumerate() {
            known(namespace)
                .make(pair(&format!("a{number}-{turn}"), &format!("b{turn}")))
                .map_err(words)?;
        }
    }
    for (number, namespace) in many.iter().enumerate() {
        let names = link::names(namespace).map_err(words)?;
        same(names.len(), 7)?;
        same(names.contains(&format!("a{number}-2")), true)?;
    }
    same(link::names(here).map_err(words)?.len(), 1)
}

/// Nothing but the descriptors holds an anonymous namespace: with them the far end goes, and the near one with it.
fn the_end_of_the_last_descriptor(here: &Namespace) -> Verdict {
    let other = Namespace::create().map_err(words)?;
    let names = Known {
        here,
        others: vec![("other", &other)],
    };
    let across = VethAdd {
        peer_netns: Some("other".into()),
        ..pair("a", "b")
    };
    names.make(across).map_err(words)?;
    same(link::names(&other).map_err(words)?.len(), 2)?;
    drop(names);
    drop(other);
    // The kernel clears namespaces away in the background.
    while here.route().map_err(words)?.index_of("a").is_ok() {
        std::thread::yield_now();
    }
    Ok(())
}

fn what_is_none(_: &Namespace) -> Verdict {
    let errno = |path: &str| {
        Namespace::open(path.as_ref())
            .err()
            .and_then(|error| error.errno())
    };
    same(errno("/proc/self/status"), Some(Errno::EINVAL))?;
    same(errno("/run/netns/nobody"), Some(Errno::ENOENT))?;
    same(
        Namespace::open("/proc/thread-self/ns/net".as_ref()).is_ok(),
        true,
    )?;
    same(
        netns::unmount("nobody"),
        Err(Error::NoSuchNetns("nobody".into())),
    )
}

/// A file under /run/netns with no namespace on it.
fn a_name_left_over(_: &Namespace) -> Verdict {
    std::fs::write(netns::named_path("left-over"), "")?;
    same(
        netns::names()
            .map_err(words)?
            .contains(&"left-over".to_string()),
        true,
    )?;
    let (lab, _) = lab()?;
    same(
        lab.netns("left-over").err(),
        Some(Error::NoSuchNetns("left-over".into())),
    )?;
    netns::unmount("left-over").map_err(words)?;
    same(netns::named_path("left-over").exists(), false)
}

fn the_lab_comes_home(_: &Namespace) -> Verdict {
    let (lab, _) = lab()?;
    let home = lab.current();
    let change = netsh::kernel::netns_change::NetnsAdd {
        name: "panicking".into(),
    };
    lab.apply(change).map_err(|failure| failure.message)?;
    let other = lab.netns("panicking").map_err(words)?;
    let panic = catch_unwind(AssertUnwindSafe(|| {
        lab.within(&other, || {
            assert_eq!(lab.current().name(), "panicking");
            std::panic::resume_unwind(Box::new("inside"))
        })
    }));
    same(panic.is_err(), true)?;
    same(lab.current().name().to_string(), home.name().to_string())?;
    let failure = lab
        .apply(LinkDel {
            name: "nothing".into(),
        })
        .err();
    same(failure.map(|failure| failure.netns), Some(String::new()))
}
