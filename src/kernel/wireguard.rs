//! WireGuard: keys, port and peers of a link, by generic netlink (include/uapi/linux/wireguard.h, drivers/net/wireguard/
//! netlink.c, linux/genetlink.h). The link itself is made as any other.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use nix::errno::Errno;

use super::change::{Action, Change, Command, Names, Operation};
use super::error::{Error, Result};
use super::netlink::attributes::{self, Attribute, Attributes};
use super::netlink::{Message, Request};
use super::netns::Namespace;
use super::reason::{Reason, Refusal};

/// `GENL_ID_CTRL`, `CTRL_CMD_GETFAMILY`, `CTRL_ATTR_FAMILY_ID` and `CTRL_ATTR_FAMILY_NAME` of linux/genetlink.h.
const GENL_ID_CTRL: u16 = 16;
const CTRL_CMD_GETFAMILY: u8 = 3;
const CTRL_ATTR_FAMILY_ID: u16 = 1;
const CTRL_ATTR_FAMILY_NAME: u16 = 2;

/// `WG_CMD_*`, and the attributes of devices, peers and addresses.
const WG_CMD_GET_DEVICE: u8 = 0;
const WG_CMD_SET_DEVICE: u8 = 1;
const DEVICE_IFINDEX: u16 = 1;
const DEVICE_PRIVATE_KEY: u16 = 3;
const DEVICE_PUBLIC_KEY: u16 = 4;
const DEVICE_FLAGS: u16 = 5;
const DEVICE_LISTEN_PORT: u16 = 6;
const DEVICE_FWMARK: u16 = 7;
const DEVICE_PEERS: u16 = 8;
const REPLACE_PEERS: u32 = 1;
const PEER_PUBLIC_KEY: u16 = 1;
const PEER_PRESHARED_KEY: u16 = 2;
const PEER_FLAGS: u16 = 3;
const PEER_ENDPOINT: u16 = 4;
const PEER_KEEPALIVE: u16 = 5;
const PEER_LAST_HANDSHAKE: u16 = 6;
const PEER_RX_BYTES: u16 = 7;
const PEER_TX_BYTES: u16 = 8;
const PEER_ALLOWEDIPS: u16 = 9;
const REMOVE_ME: u32 = 1;
const REPLACE_ALLOWEDIPS: u32 = 2;
const ALLOWEDIP_FAMILY: u16 = 1;
const ALLOWEDIP_IPADDR: u16 = 2;
const ALLOWEDIP_CIDR_MASK: u16 = 3;

const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;

/// `struct genlmsghdr` is 4 bytes.
const HEADER: usize = 4;

/// A key of Curve25519, written in base64.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key([u8; 32]);

/// The digits of base64 (RFC 4648).
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

impl Key {
    /// A private key that nobody knows. Any 32 bytes are one: the kernel clears the bits that have to be 0.
    pub fn random() -> Result<Self> {
        let mut bytes = [0; 32];
        File::open("/dev/urandom")?.read_exact(&mut bytes)?;
        bytes[0] &= 0xf8;
        bytes[31] = bytes[31] & 0x7f | 0x40;
        Ok(Key(bytes))
    }

    fn of(attribute: &Attribute<'_>) -> Option<Self> {
        attribute.value.try_into().ok().map(Key)
    }

    fn is_zero(&self) -> bool {
        self.0 == [0; 32]
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        for three in self.0.chunks(3) {
            let mut number = 0u32;
            for place in 0..3 {
                number = number << 8 | u32::from(three.get(place).copied().unwrap_or(0));
            }
            for place in 0..4 {
                let digit = number >> (18 - 6 * place) & 63;
                match place <= three.len() {
                    true => text.push(char::from(DIGITS[digit as usize])),
                    false => text.push('='),
                }
            }
        }
        f.write_str(&text)
    }
}

/// Keys are no words for logs.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

impl FromStr for Key {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let wrong =
            || "it is no key: 43 digits of base64 and \"=\", as wg genkey prints".to_string();
        let digits = text
            .strip_suffix('=')
            .filter(|digits| digits.len() == 43)
            .ok_or_else(wrong)?;
        let mut bytes = Vec::with_capacity(33);
        let (mut number, mut bits) = (0u32, 0);
        for digit in digits.bytes() {
            let value = DIGITS
                .iter()
                .position(|known| *known == digit)
                .ok_or_else(wrong)?;
            number = number << 6 | value as u32;
            bits += 6;
            if bits >= 8 {
                bits -= 8;
                bytes.push((number >> bits) as u8);
            }
        }
        let key = bytes.try_into().map(Key).map_err(|_| wrong())?;
        // Two spellings of one key are one too many.
        (key.to_string() == text).then_some(key).ok_or_else(wrong)
    }
}

/// Addresses that belong to a peer.
pub type Allowed = (IpAddr, u8);

/// A peer as it is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Its public key.
    pub public_key: Key,
    /// A secret that both know beside their keys.
    pub preshared_key: Option<Key>,
    /// Where it is.
    pub endpoint: Option<SocketAddr>,
    /// From one sign of life to the next; 0 for none.
    pub keepalive: Option<u16>,
    /// The addresses behind it. None leaves them as they are.
    pub allowed_ips: Option<Vec<Allowed>>,
    /// Whether it goes.
    pub remove: bool,
}

/// What is set of a WireGuard link; None leaves it as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireguardSet {
    /// The link.
    pub link: String,
    /// Its private key.
    pub private_key: Option<Key>,
    /// The UDP port at which it listens; 0 for any.
    pub listen_port: Option<u16>,
    /// The mark of what it sends; 0 for none.
    pub fwmark: Option<u32>,
    /// Whether these peers are all.
    pub replace_peers: bool,
    /// Peers that are added or changed.
    pub peers: Vec<Peer>,
}

/// A WireGuard link as the kernel tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wireguard {
    /// Its private key.
    pub private_key: Option<Key>,
    /// Its public key, which the kernel works out.
    pub public_key: Option<Key>,
    /// The UDP port at which it listens.
    pub listen_port: u16,
    /// The mark of what it sends.
    pub fwmark: u32,
    /// Its peers.
    pub peers: Vec<KnownPeer>,
}

/// A peer as the kernel tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPeer {
    /// What was set of it.
    pub peer: Peer,
    /// How long ago the last handshake was, in seconds of the clock; None for never.
    pub latest_handshake: Option<Duration>,
    /// What came from it.
    pub rx_bytes: u64,
    /// What was sent to it.
    pub tx_bytes: u64,
}

/// A message of generic netlink.
fn message(family: u16, command: u8, attributes: &Attributes) -> Message {
    let mut body = vec![command, 1, 0, 0];
    body.extend(attributes.as_bytes());
    Message { kind: family, body }
}

/// The number of WireGuard's family, which the kernel gave it when the driver was loaded.
fn family(namespace: &Namespace) -> Result<u16> {
    let mut attributes = Attributes::new();
    attributes.text(CTRL_ATTR_FAMILY_NAME, "wireguard");
    let question = message(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, &attributes);
    let answer = namespace.generic()?.get(question)?;
    let attributes = answer.bytes.get(HEADER..).unwrap_or_default();
    let id = attributes::find(attributes, CTRL_ATTR_FAMILY_ID);
    id.ok_or_else(|| Error::Unreadable("a family without a number".into()))?
        .u16()
}

/// What the kernel knows of a link.
pub fn get(namespace: &Namespace, link: &str) -> Result<Wireguard> {
    let index = namespace.route()?.index_of(link)?;
    let mut attributes = Attributes::new();
    attributes.u32(DEVICE_IFINDEX, index);
    let question = message(family(namespace)?, WG_CMD_GET_DEVICE, &attributes);
    let parts = namespace
        .generic()?
        .dump(question, |answer| Ok(Some(answer.bytes.into_owned())))?;
    let mut device = Wireguard::default();
    for part in parts {
        read_device(part.get(HEADER..).unwrap_or_default(), &mut device)?;
    }
    Ok(device)
}

/// Many peers come in several parts; one with many addresses goes on in the next part.
fn read_device(bytes: &[u8], device: &mut Wireguard) -> Result<()> {
    for attribute in attributes::read(bytes) {
        let attribute = attribute?;
        match attribute.kind {
            DEVICE_PRIVATE_KEY => {
                device.private_key = Key::of(&attribute).filter(|key| !key.is_zero())
            }
            DEVICE_PUBLIC_KEY => {
                device.public_key = Key::of(&attribute).filter(|key| !key.is_zero())
            }
            DEVICE_LISTEN_PORT => device.listen_port = attribute.u16()?,
            DEVICE_FWMARK => device.fwmark = attribute.u32()?,
            DEVICE_PEERS => {
                for peer in attribute.nested() {
                    let Some(new) = read_peer(peer?)? else {
                        continue;
                    };
                    match device
                        .peers
                        .last_mut()
                        .filter(|last| last.peer.public_key == new.peer.public_key)
                    {
                        Some(last) => {
                            let more = new.peer.allowed_ips.unwrap_or_default();
                            last.peer.allowed_ips.get_or_insert_default().extend(more);
                        }
                        None => device.peers.push(new),
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn read_peer(attribute: Attribute<'_>) -> Result<Option<KnownPeer>> {
    let mut public_key = None;
    let mut peer = KnownPeer {
        peer: Peer {
            public_key: Key([0; 32]),
            preshared_key: None,
            endpoint: None,
            keepalive: None,
            allowed_ips: Some(Vec::new()),
            remove: false,
        },
        latest_handshake: None,
        rx_bytes: 0,
        tx_bytes: 0,
    };
    for attribute in attribute.nested() {
        let attribute = attribute?;
        match attribute.kind {
            PEER_PUBLIC_KEY => public_key = Key::of(&attribute),
            PEER_PRESHARED_KEY => {
                peer.peer.preshared_key = Key::of(&attribute).filter(|key| !key.is_zero());
            }
            PEER_ENDPOINT => peer.peer.endpoint = endpoint(attribute.value),
            PEER_KEEPALIVE => peer.peer.keepalive = Some(attribute.u16()?).filter(|time| *time > 0),
            PEER_LAST_HANDSHAKE => peer.latest_handshake = time(attribute.value),
            PEER_RX_BYTES => peer.rx_bytes = attribute.u64()?,
            PEER_TX_BYTES => peer.tx_bytes = attribute.u64()?,
            PEER_ALLOWEDIPS => {
                let all = attribute
                    .nested()
                    .map(|one| allowed(one?))
                    .collect::<Result<Vec<_>>>()?;
                peer.peer.allowed_ips = Some(all.into_iter().flatten().collect());
            }
            _ => {}
        }
    }
    Ok(public_key.map(|key| {
        peer.peer.public_key = key;
        peer
    }))
}

fn allowed(attribute: Attribute<'_>) -> Result<Option<Allowed>> {
    let (mut ip, mut prefix) = (None, None);
    for attribute in attribute.nested() {
        let attribute = attribute?;
        match attribute.kind {
            ALLOWEDIP_IPADDR => ip = Some(attribute.ip()?),
            ALLOWEDIP_CIDR_MASK => prefix = Some(attribute.u8()?),
            _ => {}
        }
    }
    Ok(ip.zip(prefix))
}

/// `struct __kernel_timespec`: seconds and nanoseconds of the clock; 0 is never.
fn time(bytes: &[u8]) -> Option<Duration> {
    let seconds = u64::from_ne_bytes(*bytes.first_chunk()?);
    (seconds > 0).then(|| Duration::from_secs(seconds))
}

/// `struct sockaddr_in` or `struct sockaddr_in6`.
fn endpoint(bytes: &[u8]) -> Option<SocketAddr> {
    let port = u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?);
    match u16::from_ne_bytes(*bytes.first_chunk()?) {
        AF_INET => {
            let ip: [u8; 4] = bytes.get(4..8)?.try_into().ok()?;
            Some((Ipv4Addr::from(ip), port).into())
        }
        AF_INET6 => {
            let ip: [u8; 16] = bytes.get(8..24)?.try_into().ok()?;
            Some((Ipv6Addr::from(ip), port).into())
        }
        _ => None,
    }
}

fn endpoint_bytes(endpoint: SocketAddr) -> Vec<u8> {
    let port = endpoint.port().to_be_bytes();
    match endpoint.ip() {
        IpAddr::V4(ip) => [&AF_INET.to_ne_bytes()[..], &port, &ip.octets(), &[0; 8]].concat(),
        IpAddr::V6(ip) => [
            &AF_INET6.to_ne_bytes()[..],
            &port,
            &[0; 4],
            &ip.octets(),
            &[0; 4],
        ]
        .concat(),
    }
}

impl Peer {
    fn write(&self, attributes: &mut Attributes) {
        attributes.put(PEER_PUBLIC_KEY, &self.public_key.0);
        let remove = if self.remove { REMOVE_ME } else { 0 };
        let replace = if self.allowed_ips.is_some() {
            REPLACE_ALLOWEDIPS
        } else {
            0
        };
        attributes.u32(PEER_FLAGS, remove | replace);
        if let Some(key) = self.preshared_key {
            attributes.put(PEER_PRESHARED_KEY, &key.0);
        }
        if let Some(endpoint) = self.endpoint {
            attributes.put(PEER_ENDPOINT, &endpoint_bytes(endpoint));
        }
        if let Some(seconds) = self.keepalive {
            attributes.u16(PEER_KEEPALIVE, seconds);
        }
        if let Some(all) = &self.allowed_ips {
            attributes.nest(PEER_ALLOWEDIPS, |list| {
                for (ip, prefix) in all {
                    list.nest(0, |one| {
                        let family = if ip.is_ipv4() { AF_INET } else { AF_INET6 };
                        one.u16(ALLOWEDIP_FAMILY, family)
                            .ip(ALLOWEDIP_IPADDR, *ip)
                            .u8(ALLOWEDIP_CIDR_MASK, *prefix);
                    });
                }
            });
        }
    }

    fn say(&self, line: &mut String) {
        *line += &format!(" peer {}", self.public_key);
        if self.remove {
            *line += " remove";
        }
        if let Some(key) = self.preshared_key {
            *line += &format!(" preshared-key <(echo {key})");
        }
        if let Some(endpoint) = self.endpoint {
            *line += &format!(" endpoint {endpoint}");
        }
        if let Some(seconds) = self.keepalive {
            *line += &format!(" persistent-keepalive {seconds}");
        }
        if let Some(all) = &self.allowed_ips {
            let all: Vec<String> = all
                .iter()
                .map(|(ip, prefix)| format!("{ip}/{prefix}"))
                .collect();
            let all = all.join(",");
            *line += &format!(" allowed-ips {}", if all.is_empty() { "''" } else { &all });
        }
    }
}

impl Operation for WireguardSet {
    fn object(&self) -> String {
        self.link.clone()
    }

    fn words(&self) -> String {
        format!("set keys and peers of {}", self.link)
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        vec![("link", &self.link)]
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        let mut attributes = Attributes::new();
        attributes.u32(DEVICE_IFINDEX, names.link(&self.link)?);
        if self.replace_peers {
            attributes.u32(DEVICE_FLAGS, REPLACE_PEERS);
        }
        if let Some(key) = self.private_key {
            attributes.put(DEVICE_PRIVATE_KEY, &key.0);
        }
        if let Some(port) = self.listen_port {
            attributes.u16(DEVICE_LISTEN_PORT, port);
        }
        if let Some(mark) = self.fwmark {
            attributes.u32(DEVICE_FWMARK, mark);
        }
        if !self.peers.is_empty() {
            attributes.nest(DEVICE_PEERS, |list| {
                for peer in &self.peers {
                    list.nest(0, |attributes| peer.write(attributes));
                }
            });
        }
        let message = message(family(names.namespace())?, WG_CMD_SET_DEVICE, &attributes);
        Ok(Action::Generic(vec![Request { message, flags: 0 }]))
    }

    fn command(&self) -> Command {
        // wg takes secrets from files only.
        let mut line = format!("wg set {}", self.link);
        if let Some(key) = self.private_key {
            line += &format!(" private-key <(echo {key})");
        }
        if let Some(port) = self.listen_port {
            line += &format!(" listen-port {port}");
        }
        if let Some(mark) = self.fwmark {
            line += &format!(" fwmark {mark}");
        }
        self.peers.iter().for_each(|peer| peer.say(&mut line));
        Command {
            program: "bash".into(),
            arguments: ["-c", &line].map(Into::into).to_vec(),
            everywhere: false,
        }
    }

    fn refusal(&self, refusal: &Refusal, _names: &dyn Names) -> Option<Reason> {
        match refusal.errno {
            Errno::EOPNOTSUPP | Errno::ENOENT => Some(not_wireguard(&self.link)),
            Errno::EADDRINUSE => Some(
                Reason::new(format!(
                    "something listens at UDP port {} already",
                    self.listen_port.unwrap_or(0)
                ))
                .blame("listen_port"),
            ),
            _ => None,
        }
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        let now = get(names.namespace(), &self.link)?;
        Ok(Some(Change::WireguardSet(WireguardSet {
            link: self.link.clone(),
            private_key: self
                .private_key
                .map(|_| now.private_key.unwrap_or(Key([0; 32]))),
            listen_port: self.listen_port.map(|_| now.listen_port),
            fwmark: self.fwmark.map(|_| now.fwmark),
            replace_peers: self.replace_peers || !self.peers.is_empty(),
            peers: match self.replace_peers || !self.peers.is_empty() {
                true => now.peers.into_iter().map(|known| known.peer).collect(),
                false => Vec::new(),
            },
        })))
    }
}

/// Why a link has no keys and peers. Without the driver, which comes with the first link, there is no family to ask.
pub fn not_wireguard(link: &str) -> Reason {
    Reason::new(format!("{link} is no WireGuard link"))
        .blame("link")
        .hint("make one: wireguard_add(\"wg0\")")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As `wg genkey` and `base64` write it.
    #[test]
    fn keys_are_base64() {
        let key = Key(*b"0123456789abcdefghijklmnopqrstuv");
        let text = "MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=";
        assert_eq!(key.to_string(), text);
        assert_eq!(text.parse(), Ok(key));
        for wrong in [
            "",
            "=",
            "MDEy",
            &text[..43],
            &text.replace('M', "!"),
            &text.replace("dXY=", "dXZ="),
        ] {
            assert!(wrong.parse::<Key>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn endpoints_are_read_as_they_are_written() {
        for text in ["10.0.0.1:51820", "[fd00::1]:1"] {
            let there: SocketAddr = text.parse().expect("an endpoint");
            assert_eq!(endpoint(&endpoint_bytes(there)), Some(there));
        }
    }

    proptest! {
        #[test]
        fn every_key_comes_back(bytes: [u8; 32]) {
            prop_assert_eq!(Key(bytes).to_string().parse(), Ok(Key(bytes)));
        }

        #[test]
        fn no_bytes_are_a_panic(bytes: Vec<u8>, text in ".*") {
            let _ = read_device(&bytes, &mut Wireguard::default());
            let _ = (endpoint(&bytes), time(&bytes), text.parse::<Key>());
        }

        #[test]
        fn no_peer_is_a_panic(values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..36), 0..10)) {
            let mut attributes = Attributes::new();
            attributes.nest(DEVICE_PEERS, |list| {
                list.nest(0, |peer| (0..).zip(&values).for_each(|(number, value)| { peer.put(number, value); }));
            });
            let _ = read_device(attributes.as_bytes(), &mut Wireguard::default());
        }
    }
}
