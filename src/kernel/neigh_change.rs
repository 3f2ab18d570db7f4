//! Neighbours entered, forgotten and flushed (RTM_NEWNEIGH, RTM_DELNEIGH; net/core/neighbour.c).

use std::net::IpAddr;

use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE};
use nix::errno::Errno;

use super::change::{Action, Change, Command, Names, Operation};
use super::cidr::Cidr;
use super::error::Result;
use super::mac::Mac;
use super::ndmsg::{self, Header, nda, ntf, nud, state_name};
use super::neigh::{self, Neighbour, Which, family};
use super::netlink::Request;
use super::netlink::attributes::Attributes;
use super::netns::Namespace;
use super::reason::{Reason, Refusal, listed};

/// A new neighbour, or one in the place of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeighAdd {
    /// The link behind which it is.
    pub link: String,
    /// Its IP address.
    pub address: IpAddr,
    /// Its hardware address.
    pub mac: Option<Mac>,
    /// `NUD_*`.
    pub state: u16,
    /// Whether this machine answers for it.
    pub proxy: bool,
    /// Whether it is a router (IPv6).
    pub router: bool,
    /// Whether it was learnt by somebody outside of the kernel.
    pub extern_learn: bool,
    /// Whether it takes the place of what is known of it.
    pub replace: bool,
}

impl NeighAdd {
    /// A neighbour that stays as it is.
    pub fn new(link: impl Into<String>, address: IpAddr, mac: Option<Mac>) -> Self {
        NeighAdd {
            link: link.into(),
            address,
            mac,
            state: nud::PERMANENT,
            proxy: false,
            router: false,
            extern_learn: false,
            replace: false,
        }
    }

    fn of(neighbour: &Neighbour, link: &str) -> Self {
        let has = |flag: &str| neighbour.flags.contains(&flag);
        NeighAdd {
            state: neighbour.bits,
            proxy: has("proxy"),
            router: has("router"),
            extern_learn: has("extern_learn"),
            ..NeighAdd::new(link, neighbour.address, neighbour.mac)
        }
    }
}

impl Operation for NeighAdd {
    fn object(&self) -> String {
        self.address.to_string()
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        vec![("link", &self.link)]
    }

    fn words(&self) -> String {
        let Self { link, address, .. } = self;
        match self.proxy {
            true => format!("answer for {address} on {link}"),
            false => format!("enter the neighbour {address} of {link}"),
        }
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        let flags = [
            (self.proxy, ntf::PROXY),
            (self.router, ntf::ROUTER),
            (self.extern_learn, ntf::EXT_LEARNED),
        ];
        let flags = flags.iter().filter(|(is_set, _)| *is_set);
        let header = Header {
            family: family(self.address),
            index: names.link(&self.link)?,
            state: self.state,
            flags: flags.fold(0, |bits, (_, flag)| bits | flag),
        };
        let mut attributes = Attributes::new();
        attributes.ip(nda::DST, self.address);
        if let Some(mac) = self.mac {
            attributes.put(nda::LLADDR, &mac.bytes());
        }
        let message = header.message(ndmsg::NEW, &attributes);
        let how = match self.replace {
            true => NLM_F_REPLACE,
            false => NLM_F_EXCL,
        };
        Ok(Action::Route(vec![Request::new(
            message,
            NLM_F_CREATE | how,
        )]))
    }

    fn command(&self) -> Command {
        let verb = if self.replace { "replace" } else { "add" };
        let mut command = Command::ip(["neigh", verb]);
        if self.proxy {
            command.word("proxy");
        }
        command.word(self.address.to_string());
        if let Some(mac) = self.mac {
            command.with("lladdr", mac);
        }
        command.with("dev", &self.link);
        if !self.proxy && self.state != nud::PERMANENT {
            command.with("nud", state_name(self.state));
        }
        if self.router {
            command.word("router");
        }
        if self.extern_learn {
            command.word("extern_learn");
        }
        command
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        match refusal.errno {
            Errno::EEXIST => {
                let namespace = names.namespace();
                let index = names.link(&self.link).ok()?;
                let known = neigh::get(namespace, index, self.address, self.proxy).ok()?;
                let mac = known
                    .mac
                    .map_or(String::new(), |mac| format!(" with {mac}"));
                let words = format!(
                    "{} knows it already{mac}, in state {}",
                    self.link, known.state
                );
                let hint = "neigh_replace(...) puts this in its place";
                Some(Reason::new(words).blame("address").hint(hint))
            }
            Errno::EINVAL if self.mac.is_none() && !self.proxy => {
                let words = format!(
                    "a neighbour in state {} has a hardware address",
                    state_name(self.state)
                );
                Some(Reason::new(words).hint("#{ mac: \"02:00:00:00:00:01\" }"))
            }
            _ => None,
        }
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        if self.replace {
            let index = names.link(&self.link)?;
            let before = neigh::get(names.namespace(), index, self.address, self.proxy);
            if let Ok(before) = before {
                let replace = true;
                let add = NeighAdd::of(&before, &self.link);
                return Ok(Some(Change::NeighAdd(NeighAdd { replace, ..add })));
            }
        }
        Ok(Some(Change::NeighDel(NeighDel {
            link: self.link.clone(),
            address: self.address,
            proxy: self.proxy,
        })))
    }
}

/// A neighbour forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeighDel {
    /// The link behind which it is.
    pub link: String,
    /// Its IP address.
    pub address: IpAddr,
    /// Whether this machine answered for it.
    pub proxy: bool,
}

impl Operation for NeighDel {
    fn object(&self) -> String {
        self.address.to_string()
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        vec![("link", &self.link)]
    }

    fn words(&self) -> String {
        let Self { link, address, .. } = self;
        match self.proxy {
            true => format!("stop answering for {address} on {link}"),
            false => format!("forget the neighbour {address} of {link}"),
        }
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        let header = Header {
            family: family(self.address),
            index: names.link(&self.link)?,
            state: 0,
            flags: if self.proxy { ntf::PROXY } else { 0 },
        };
        let mut attributes = Attributes::new();
        attributes.ip(nda::DST, self.address);
        let message = header.message(ndmsg::DEL, &attributes);
        Ok(Action::Route(vec![Request::new(message, 0)]))
    }

    fn command(&self) -> Command {
        let mut command = Command::ip(["neigh", "del"]);
        if self.proxy {
            command.word("proxy");
        }
        command.word(self.address.to_string());
        command.with("dev", &self.link);
        command
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        (refusal.errno == Errno::ENOENT).then(|| unknown(names.namespace(), &self.link, self.proxy))
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        let index = names.link(&self.link)?;
        let known = neigh::get(names.namespace(), index, self.address, self.proxy);
        // What was learnt is learnt again; only what was entered has to be entered again.
        let entered = nud::PERMANENT | nud::NOARP;
        let known = known
            .ok()
            .filter(|known| self.proxy || known.bits & entered != 0);
        Ok(known.map(|known| Change::NeighAdd(NeighAdd::of(&known, &self.link))))
    }
}

/// Why a neighbour can't be given or forgotten: there is none. The hint has those that there are.
pub fn unknown(namespace: &Namespace, link: &str, proxy: bool) -> Reason {
    let which = if proxy { Which::Proxies } else { Which::All };
    let index = namespace.route().and_then(|route| route.index_of(link));
    let mut list = neigh::list(namespace, which).unwrap_or_default();
    list.retain(|known| Some(known.index) == index.as_ref().ok().copied());
    let known: Vec<String> = list.iter().map(|known| known.address.to_string()).collect();
    let words = format!("{link} knows no such neighbour");
    Reason::new(words)
        .blame("address")
        .hint(match known.is_empty() {
            true => "it knows none at all".into(),
            false => format!("it knows {}", listed(&known)),
        })
}

/// Neighbours forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeighFlush {
    /// Those behind this link; None is any.
    pub link: Option<String>,
    /// AF_INET or AF_INET6; 0 is both.
    pub family: u8,
    /// This one, or those in this network; None is any.
    pub to: Option<Cidr>,
    /// Those in this state; None is all but permanent, noarp and failed, as in `ip neigh flush`.
    pub state: Option<u16>,
}

impl Operation for NeighFlush {
    fn object(&self) -> String {
        self.link.clone().unwrap_or_default()
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        let link = self.link.as_deref();
        link.map(|link| ("dev", link)).into_iter().collect()
    }

    fn words(&self) -> String {
        match &self.link {
            Some(link) => format!("forget the neighbours of {link}"),
            None => "forget the neighbours".into(),
        }
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        let link = self.link.as_deref();
        let index = link.map(|link| names.link(link)).transpose()?;
        let stays = nud::PERMANENT | nud::NOARP | nud::FAILED;
        let mut list = neigh::list(names.namespace(), Which::All)?;
        list.retain(|known| {
            index.is_none_or(|index| known.index == index)
                && (self.family == 0 || self.family == family(known.address))
                && self.to.is_none_or(|to| to.contains(&Cidr::host(known.address)))
                // As in `ip neigh flush`, what somebody else learnt goes whatever its state.
                && (known.flags.contains(&"extern_learn")
                    || match self.state {
                        Some(state) => known.bits == state,
                        None => known.bits & stays == 0,
                    })
        });
        let requests = list.iter().map(|known| {
            let header = Header {
                family: family(known.address),
                index: known.index,
                ..Header::default()
            };
            let mut attributes = Attributes::new();
            attributes.ip(nda::DST, known.address);
            Request::new(header.message(ndmsg::DEL, &attributes), 0)
        });
        Ok(Action::Route(requests.collect()))
    }

    fn command(&self) -> Command {
        let mut command = match self.family {
            0 => Command::ip(["neigh", "flush"]),
            super::route::AF_INET => Command::ip(["-4", "neigh", "flush"]),
            _ => Command::ip(["-6", "neigh", "flush"]),
        };
        if let Some(to) = self.to {
            command.with("to", to.to_string());
        }
        match &self.link {
            Some(link) => command.with("dev", link),
            None if self.to.is_none() => command.word("all"),
            None => {}
        }
        if let Some(state) = self.state {
            command.with("nud", state_name(state));
        }
        command
    }

    fn inverse(&self, _names: &dyn Names) -> Result<Option<Change>> {
        Ok(None)
    }
}
