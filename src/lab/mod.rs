//! Layer 2: the experiment. Which namespaces there are, which one is current, and the one door for changes.
//!
//! | file | what it is |
//! |---|---|
//! | [`sandbox`] | the fresh namespaces in which netsh runs by default |
//! | `supervise` | the process outside of it: the terminal's business |
//! | [`sandboxes`] | the sandboxes that are running |
//! | [`attach`] | joining one of them with a command |
//! | `follow` | the process outside while the command runs |
//! | [`netns`] | the network namespaces of the lab, by name |
//! | [`apply`] | the door: every change goes through it |
//! | `permit` | what may not be changed here, whoever asks |
//! | [`failure`] | a refusal with all that a person or a script wants to know |
//! | [`explain`] | from the kernel's answer to words, hints and the argument to blame |
//! | [`ping`], [`traceroute`], [`port_check`], [`arping`] | probes from the current namespace; `destination` says where they go |
//! | [`send`] | packets sent as they are, and what is answered |
//! | `craft` | what a crafted packet lacks for its link |
//! | [`capture`] | packets of a namespace, or of all, while a script is at work |
//! | [`tuntap`] | tun and tap devices that a script holds |
//! | [`events`] | what happens in all namespaces while a script is at work, in order |
//! | `hearing` | the namespaces that are heard, and which of them speaks |
//! | [`trace`] | every packet on every link of every namespace while a script is at work |
//! | `wiring` | how the links hang together meanwhile |
//! | [`journey`] | which of them are one packet on its way |
//! | [`why`] | why a packet does not get there, or nothing comes back |
//! | [`traced`] | what the rules do with packets while a script is at work |
//! | [`throughput`] | how much gets through to another namespace |
//! | [`tcp`], [`udp`], [`http`] | connections, datagrams and pages, from the current namespace and to it |
//! | [`server`] | servers that answer by themselves |
//! | [`tracked`] | what happens to tracked connections while a script is at work |
//! | [`links`] | links with names in place of indexes |
//! | `link_set` | the properties of a link, in an order in which the kernel can take them |
//! | [`routes`] | routes and neighbours with the names of their links |
//! | [`bridges`] | what bridges and tunnels know, with the names of its links |
//! | [`listed`] | lists of objects, with the names of the links in them |
//! | [`traffic`] | queueing disciplines with the names of links, and impaired links |
//! | `settle` | waiting for links that were brought up |
//! | [`screen`] | what the lab says while it works, to whoever shows it |
//! | [`interrupt`] | Ctrl-C |
//! | [`memory`] | how much of it a script may take |
//! | [`suggest`] | did you mean |
//!
//! Nothing here names rhai; hints are written as a script would write them.

pub mod apply;
pub mod arping;
pub mod attach;
pub mod bridges;
pub mod capture;
mod craft;
mod destination;
pub mod events;
pub mod explain;
pub mod failure;
mod follow;
mod hearing;
pub mod http;
pub mod interrupt;
pub mod journey;
mod link_set;
pub mod links;
pub mod listed;
pub mod memory;
pub mod netns;
mod permit;
pub mod ping;
pub mod port_check;
pub mod routes;
pub mod sandbox;
pub mod sandboxes;
pub mod screen;
pub mod send;
pub mod server;
mod settle;
mod socket;
pub mod suggest;
mod supervise;
pub mod tcp;
pub mod throughput;
pub mod trace;
pub mod traced;
pub mod traceroute;
pub mod tracked;
pub mod traffic;
pub mod tuntap;
pub mod udp;
pub mod why;
mod wiring;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::kernel::error::Result;
use crate::kernel::netlink::{Tap, set_tap};
use crate::kernel::netns::Namespace;
use netns::Netns;
use screen::Screen;

/// How the lab was asked to work.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settings {
    /// Whether the network is one of our own. It decides what may be touched.
    pub sandboxed: bool,
    /// Print the equivalent command before each change.
    pub show_commands: bool,
    /// Print every netlink message.
    pub show_netlink: bool,
}

/// An experiment in progress.
pub struct Lab {
    settings: Cell<Settings>,
    screen: Rc<dyn Screen>,
    home: Rc<Netns>,
    /// The namespace in which verbs act outside of any `run`.
    base: RefCell<Rc<Netns>>,
    /// The namespaces that `run` is at work in, the innermost last.
    entered: RefCell<Vec<Rc<Netns>>>,
    known: RefCell<BTreeMap<String, Rc<Netns>>>,
    /// What the script asked netsh to end with.
    exit_status: Cell<Option<u8>>,
    /// Who is heard, as long as somebody listens.
    hearing: RefCell<hearing::Hearing>,
    /// The captures that are going on.
    captures: RefCell<capture::Captures>,
    /// What is remembered of links for those who follow packets.
    watched: RefCell<Vec<Rc<RefCell<wiring::Watched>>>>,
    /// The servers that answer by themselves.
    servers: RefCell<Vec<Rc<server::Server>>>,
    /// Whether a link was brought up since the last time that all were waited for.
    unsettled: Cell<bool>,
    /// Whether some link-local address of IPv6 may not yet be its host's own.
    undetected: Cell<bool>,
}

impl Lab {
    /// A lab whose home is the namespace that the calling thread is in.
    pub fn new(settings: Settings, screen: Rc<dyn Screen>) -> Result<Self> {
        let home = Rc::new(Netns::home(Namespace::home()?));
        let lab = Lab {
            settings: Cell::new(settings),
            screen,
            base: RefCell::new(home.clone()),
            entered: RefCell::new(Vec::new()),
            home,
            known: RefCell::new(BTreeMap::new()),
            exit_status: Cell::new(None),
            hearing: RefCell::default(),
            captures: RefCell::default(),
            watched: RefCell::default(),
            servers: RefCell::default(),
            unsettled: Cell::new(false),
            undetected: Cell::new(true),
        };
        lab.show_netlink(settings.show_netlink);
        Ok(lab)
    }

    /// How the lab was asked to work.
    pub fn settings(&self) -> Settings {
        self.settings.get()
    }

    /// From now on the equivalent command is printed before each change, or no more.
    pub fn show_commands(&self, on: bool) {
        self.settings.set(Settings {
            show_commands: on,
            ..self.settings.get()
        });
    }

    /// From now on every netlink message is printed, or none.
    pub fn show_netlink(&self, on: bool) {
        self.settings.set(Settings {
            show_netlink: on,
            ..self.settings.get()
        });
        let screen = self.screen.clone();
        let print: Tap =
            Box::new(move |protocol, direction, bytes| screen.netlink(protocol, direction, bytes));
        set_tap(on.then_some(print));
    }

    /// What netsh is to end with when the script ends well.
    pub fn exit_status(&self) -> u8 {
        self.exit_status.get().unwrap_or(0)
    }

    /// Whether the script asked netsh to end.
    pub fn is_to_end(&self) -> bool {
        self.exit_status.get().is_some()
    }

    /// Sets what netsh is to end with when the script ends well.
    pub fn set_exit_status(&self, status: u8) {
        self.exit_status.set(Some(status));
    }

    /// Where the lab shows what it has to say.
    pub fn screen(&self) -> &dyn Screen {
        &*self.screen
    }
}
