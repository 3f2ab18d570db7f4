//! The body of a message about a link: `struct ifinfomsg` of linux/rtnetlink.h and attributes of linux/if_link.h.

use super::change::Names;
use super::error::Result;
use super::mac::Mac;
use super::netlink::Message;
use super::netlink::attributes::Attributes;
use super::options::Settings;

pub(super) const RTM_NEWLINK: u16 = 16;
pub(super) const RTM_SETLINK: u16 = 19;

const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFLA_LINK: u16 = 5;
const IFLA_MASTER: u16 = 10;
const IFLA_TXQLEN: u16 = 13;
const IFLA_LINKINFO: u16 = 18;
const IFLA_IFALIAS: u16 = 20;
const IFLA_GROUP: u16 = 27;
const IFLA_NET_NS_FD: u16 = 28;
const IFLA_NUM_TX_QUEUES: u16 = 31;
const IFLA_NUM_RX_QUEUES: u16 = 32;

const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const IFLA_INFO_SLAVE_KIND: u16 = 4;
const IFLA_INFO_SLAVE_DATA: u16 = 5;

/// IFF_UP and IFF_PROMISC of linux/if.h.
pub(super) const IFF_UP: u32 = 1;
pub(super) const IFF_PROMISC: u32 = 0x100;

/// A message about a link, on its way.
#[derive(Default)]
pub(super) struct Body {
    index: u32,
    flags: u32,
    change: u32,
    attributes: Attributes,
}

impl Body {
    /// About the link of this index; that of a new one is 0, unless it is chosen.
    pub(super) fn of(index: u32) -> Self {
        Body {
            index,
            ..Body::default()
        }
    }

    /// Sets a flag on or off, if it is given.
    pub(super) fn flag(&mut self, flag: u32, on: Option<bool>) {
        if let Some(on) = on {
            self.change |= flag;
            self.flags |= if on { flag } else { 0 };
        }
    }

    /// Any attribute.
    pub(super) fn attribute(&mut self, kind: u16, value: &[u8]) {
        self.attributes.put(kind, value);
    }

    /// An attribute whose value is attributes.
    pub(super) fn nest(&mut self, kind: u16, inner: &Attributes) {
        self.attributes.nest(kind, |outer| {
            outer.extend(inner);
        });
    }

    fn number(&mut self, kind: u16, number: Option<u32>) {
        if let Some(number) = number {
            self.attributes.u32(kind, number);
        }
    }

    pub(super) fn name(&mut self, name: Option<&str>) {
        if let Some(name) = name {
            self.attributes.text(IFLA_IFNAME, name);
        }
    }

    pub(super) fn mac(&mut self, mac: Option<Mac>) {
        if let Some(mac) = mac {
            self.attributes.put(IFLA_ADDRESS, &mac.bytes());
        }
    }

    pub(super) fn mtu(&mut self, mtu: Option<u32>) {
        self.number(IFLA_MTU, mtu);
    }

    /// The link below.
    pub(super) fn parent(&mut self, index: Option<u32>) {
        self.number(IFLA_LINK, index);
    }

    /// The master; 0 is none.
    pub(super) fn master(&mut self, index: Option<u32>) {
        self.number(IFLA_MASTER, index);
    }

    pub(super) fn txqueuelen(&mut self, packets: Option<u32>) {
        self.number(IFLA_TXQLEN, packets);
    }

    pub(super) fn queues(&mut self, tx: Option<u32>, rx: Option<u32>) {
        self.number(IFLA_NUM_TX_QUEUES, tx);
        self.number(IFLA_NUM_RX_QUEUES, rx);
    }

    pub(super) fn group(&mut self, group: Option<u32>) {
        self.number(IFLA_GROUP, group);
    }

    /// An alias, which has no NUL at its end: nothing at all takes it away.
    pub(super) fn alias(&mut self, alias: Option<&str>) {
        if let Some(alias) = alias {
            self.attributes.put(IFLA_IFALIAS, alias.as_bytes());
        }
    }

    pub(super) fn netns(&mut self, descriptor: Option<std::os::fd::RawFd>) {
        if let Some(descriptor) = descriptor {
            self.attributes
                .put(IFLA_NET_NS_FD, &descriptor.to_ne_bytes());
        }
    }

    /// The kind and its settings, and those as a port of a link of another kind.
    pub(super) fn info(
        &mut self,
        own: Option<(&str, &Settings)>,
        port: Option<(&str, &Settings)>,
        names: &dyn Names,
    ) -> Result<()> {
        let mut info = Attributes::new();
        let both = [
            (own, IFLA_INFO_KIND, IFLA_INFO_DATA),
            (port, IFLA_INFO_SLAVE_KIND, IFLA_INFO_SLAVE_DATA),
        ];
        for (said, kind_number, data_number) in both {
            let Some((kind, settings)) = said else {
                continue;
            };
            // As ip does it, without the NUL.
            info.put(kind_number, kind.as_bytes());
            let data = settings.attributes(&|name| names.link(name))?;
            if !data.is_empty() {
                info.put(data_number, data.as_bytes());
            }
        }
        self.attributes.put(IFLA_LINKINFO, info.as_bytes());
        Ok(())
    }

    /// The message, of this type.
    pub(super) fn message(self, kind: u16) -> Message {
        let mut body = vec![0; 4];
        for number in [self.index, self.flags, self.change] {
            body.extend(number.to_ne_bytes());
        }
        body.extend(self.attributes.as_bytes());
        Message { kind, body }
    }
}
