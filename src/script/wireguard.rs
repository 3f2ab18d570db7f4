//! Verbs about the keys and peers of WireGuard links. A link is made by `wireguard_add`.

use std::net::SocketAddr;
use std::time::Duration;

use rhai::plugin::*;
use rhai::{Array, Dynamic, Map};

use crate::kernel::cidr::Cidr;
use crate::kernel::wireguard::{self, Allowed, Key, KnownPeer, Peer, WireguardSet};
use crate::lab::explain::ask;
use crate::lab::failure::{Failure, Outcome};

use super::call::{RhaiResultOf, verb};
use super::options::{Fault, OptionValue, Options};
use super::value::{array, array_of_maps, counter, map, maybe};

/// The verbs.
#[export_module]
pub mod api {
    /// Sets keys, port and peers of a WireGuard link.
    ///
    /// A private key of "new" is a random one; the public key that belongs to it `wireguard_get` tells, so that no program is needed
    /// to make keys.
    ///
    /// Equivalent to: `wg set LINK`
    ///
    /// Search words: `vpn`, `genkey`, `pubkey`, `wg-quick`, `peer`, `tunnel`
    ///
    /// # Options
    /// - `private_key` (string; `private-key`): the private key in base64, or "new" for a random one
    /// - `listen_port` (int; `listen-port`): the UDP port at which it listens; 0 for any
    /// - `fwmark` (int): the mark of the packets that carry the tunnel; 0 for none
    /// - `peers` (array of maps): peers that are added or changed, each a map: `public_key` (string, has to be there);
    ///   `endpoint` ("10.0.0.2:51820"); `allowed_ips` (array: ["10.1.0.0/24"]); `persistent_keepalive` (duration);
    ///   `preshared_key` (string); `remove` (true to take it away)
    /// - `replace_peers` (bool): take all other peers away
    ///
    /// # Errors
    /// No such link (ENODEV); it is no WireGuard link (EOPNOTSUPP); the port is taken (EADDRINUSE); a text that is no key, endpoint
    /// or network.
    ///
    /// # Example
    /// ```rhai
    /// wireguard_add("wg0");
    /// wireguard_add("wg1");
    /// wireguard_set("wg0", #{ private_key: "new", listen_port: 51820 });
    /// wireguard_set("wg1", #{ private_key: "new", peers: [#{
    ///     public_key: wireguard_get("wg0").public_key,
    ///     endpoint: "127.0.0.1:51820",
    ///     allowed_ips: ["10.1.0.0/24", "fd01::/64"],
    /// }] });
    /// show(wireguard_get("wg1").peers[0].allowed_ips);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn wireguard_set(ctx: NativeCallContext, link: &str, options: Map) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let set = WireguardSet {
                link: link.into(),
                private_key: options.take::<PrivateKey>("private_key")?.map(|key| key.0),
                listen_port: options.take::<Port>("listen_port")?.map(|port| port.0),
                fwmark: options.take("fwmark")?,
                peers: options
                    .take::<Peers>("peers")?
                    .map_or(Ok(Vec::new()), peers)?,
                replace_peers: options.flag("replace_peers")?,
            };
            options.finish()?;
            lab.apply(set)
        })
    }

    /// Gives keys, port and peers of a WireGuard link.
    ///
    /// Equivalent to: `wg show LINK`
    ///
    /// Search words: `vpn`, `pubkey`, `public key`, `handshake`, `peer`
    ///
    /// # Returns
    /// A map: `private_key` and `public_key` (base64, `()` for none); `listen_port`; `fwmark` (0 for none); `peers`, an array of maps:
    /// `public_key`, `preshared_key` (`()` for none), `endpoint` (`()` while it is not known), `allowed_ips` (array),
    /// `persistent_keepalive` (seconds, `()` for none), `latest_handshake` (seconds of the clock, `()` for never), `rx_bytes`,
    /// `tx_bytes`.
    ///
    /// # Errors
    /// No such link (ENODEV); it is no WireGuard link (EOPNOTSUPP).
    ///
    /// # Example
    /// ```rhai
    /// wireguard_add("wg0");
    /// wireguard_set("wg0", #{ private_key: "new" });
    /// show(wireguard_get("wg0").public_key);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn wireguard_get(ctx: NativeCallContext, link: &str) -> RhaiResultOf<Map> {
        verb(&ctx, |lab| {
            let words = format!("look at keys and peers of {link}");
            let found = ask(lab, &words, || {
                wireguard::get(&*lab.current().namespace()?, link)
            });
            let found = found.map_err(|mut failure| {
                // The driver and its family come with the first link.
                if failure
                    .errno_name()
                    .is_some_and(|name| ["ENOENT", "EOPNOTSUPP"].contains(&name.as_str()))
                {
                    let reason = wireguard::not_wireguard(link);
                    failure.message = format!("cannot {words}: {}", reason.words);
                    failure.hint = reason.hint;
                }
                failure.blame("link")
            })?;
            Ok(map([
                (
                    "private_key",
                    maybe(found.private_key.map(|key| key.to_string())),
                ),
                (
                    "public_key",
                    maybe(found.public_key.map(|key| key.to_string())),
                ),
                ("listen_port", i64::from(found.listen_port).into()),
                ("fwmark", i64::from(found.fwmark).into()),
                (
                    "peers",
                    array_of_maps(found.peers.into_iter().map(peer_map)).into(),
                ),
            ]))
        })
    }
}

fn peer_map(known: KnownPeer) -> Map {
    let peer = known.peer;
    let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    let allowed = peer.allowed_ips.unwrap_or_default();
    let allowed = allowed.iter().map(|(ip, prefix)| format!("{ip}/{prefix}"));
    map([
        ("public_key", peer.public_key.to_string().into()),
        (
            "preshared_key",
            maybe(peer.preshared_key.map(|key| key.to_string())),
        ),
        (
            "endpoint",
            maybe(peer.endpoint.map(|endpoint| endpoint.to_string())),
        ),
        ("allowed_ips", array(allowed).into()),
        ("persistent_keepalive", maybe(peer.keepalive.map(i64::from))),
        (
            "latest_handshake",
            maybe(known.latest_handshake.map(seconds)),
        ),
        ("rx_bytes", counter(known.rx_bytes)),
        ("tx_bytes", counter(known.tx_bytes)),
    ])
}

/// The maps of peers.
fn peers(given: Peers) -> Outcome<Vec<Peer>> {
    given.0.into_iter().map(peer).collect()
}

fn peer(given: Map) -> Outcome<Peer> {
    let mut options = Options::new(given);
    let public_key = options.take::<GivenKey>("public_key")?;
    let public_key = public_key.ok_or_else(|| {
        Failure::new("a peer has no public_key")
            .blame("peers")
            .hint("it is what tells it from others: wireguard_get(...).public_key at the other end")
    })?;
    let keepalive = options.take::<Duration>("persistent_keepalive")?;
    let keepalive = keepalive.map(|time| u16::try_from(time.as_secs()).unwrap_or(u16::MAX));
    let peer = Peer {
        public_key: public_key.0,
        preshared_key: options.take::<GivenKey>("preshared_key")?.map(|key| key.0),
        endpoint: options
            .take::<Endpoint>("endpoint")?
            .map(|endpoint| endpoint.0),
        keepalive,
        allowed_ips: options.take::<AllowedIps>("allowed_ips")?.map(|all| all.0),
        remove: options.flag("remove")?,
    };
    options.finish()?;
    Ok(peer)
}

struct GivenKey(Key);

impl OptionValue for GivenKey {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        let text = String::read(value).map_err(|_| Fault::Type("a key as a string"))?;
        text.parse().map(GivenKey).map_err(Fault::Value)
    }
}

struct PrivateKey(Key);

impl OptionValue for PrivateKey {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        match String::read(value).as_deref() {
            Ok("new") => Key::random()
                .map(PrivateKey)
                .map_err(|error| Fault::Value(error.to_string())),
            _ => GivenKey::read(value).map(|key| PrivateKey(key.0)),
        }
    }
}

struct Port(u16);

impl OptionValue for Port {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        let number = i64::read(value)?;
        let port = u16::try_from(number);
        port.map(Port)
            .map_err(|_| Fault::Value(format!("{number} is not between 0 and 65535")))
    }
}

struct Endpoint(SocketAddr);

impl OptionValue for Endpoint {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        let wanted = "an address and a port such as \"10.0.0.2:51820\" or \"[fd00::2]:51820\"";
        let text = String::read(value).map_err(|_| Fault::Type(wanted))?;
        let endpoint = text.parse().map(Endpoint);
        endpoint.map_err(|_| Fault::Value(format!("{text:?} is not {wanted}")))
    }
}

struct AllowedIps(Vec<Allowed>);

impl OptionValue for AllowedIps {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        let wanted = || Fault::Type("an array of networks: [\"10.1.0.0/24\"]");
        let items: Array = value.clone().into_array().map_err(|_| wanted())?;
        let networks = items.into_iter().map(|item| {
            let text = item.into_string().map_err(|_| wanted())?;
            let cidr: Cidr = text.parse().map_err(|_| {
                Fault::Value(format!("{text:?} is no network such as \"10.1.0.0/24\""))
            })?;
            Ok((cidr.address, cidr.prefix))
        });
        networks.collect::<Result<_, Fault>>().map(AllowedIps)
    }
}

struct Peers(Vec<Map>);

impl OptionValue for Peers {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        let wanted = || Fault::Type("an array of maps, one for each peer");
        let items: Array = value.clone().into_array().map_err(|_| wanted())?;
        let maps = items
            .into_iter()
            .map(|item| item.try_cast::<Map>().ok_or_else(wanted));
        maps.collect::<Result<_, _>>().map(Peers)
    }
}
