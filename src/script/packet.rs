//! Verbs that take packets apart and put them together. What headers look like is in `packet::layers`.

use std::net::IpAddr;

use rhai::plugin::*;
use rhai::{Array, Blob, Dynamic, Map};

use crate::kernel::mac::Mac;
use crate::lab::failure::{Failure, Outcome};
use crate::lab::suggest::nearest;
use crate::packet::captured::LinkType;
use crate::packet::layers::{
    self, Coding, Field, Form, Kind, Layer, Packet, Unencodable, Value, kinds,
};

use super::call::{RhaiResultOf, verb};
use super::options::{Options, describe};

/// What comes after the last header.
const PAYLOAD: &str = "payload";

/// How many headers a packet can be made of. More than any tunnel has.
const MOST_LAYERS: usize = 64;

/// How deep the value of an option can be nested.
const DEEPEST_OPTION: usize = 4;

/// The verbs.
#[export_module]
pub mod api {
    /// Takes a packet apart: its headers as maps of their fields.
    ///
    /// The fields have the names that nft has for them:
    ///
    /// - `ether`: daddr, saddr, type (up to 1500 it is the length of what follows)
    /// - `vlan`: id, pcp, dei, type; the second tag of a frame is `cvlan`, as tc calls it
    /// - `llc`: dsap, ssap, control
    /// - `stp`: version, type, flags, root_priority, root_address, root_cost, bridge_priority, bridge_address, port, message_age,
    ///   max_age, hello_time, forward_delay (times in 1/256 s)
    /// - `lldp`: chassis_id and port_id (`#{ mac: "02:00:00:00:00:01" }`, `#{ ifname: "eth0" }`, `#{ local: "x" }`), ttl,
    ///   port_description, system_name, system_description, capabilities (`#{ supported: ["bridge"], enabled: [] }`), tlvs (the
    ///   others: `#{ type: 127, data: blob }`)
    /// - `arp`: operation (1 asks, 2 answers), saddr_ether, saddr_ip, daddr_ether, daddr_ip
    /// - `ip`: dscp, ecn, id, dont_fragment, more_fragments, frag_off, ttl, protocol, saddr, daddr, options
    /// - `ip6`: dscp, ecn, flowlabel, nexthdr, hoplimit, saddr, daddr; its extension headers are `hbh` and `dst` (nexthdr,
    ///   options), `rt` (nexthdr, type, seg_left, data) and `frag` (nexthdr, frag_off, more_fragments, id)
    /// - `icmp`: type, code; id and sequence of an echo, mtu of "unreachable", gateway of a redirect, rest (an int of 32 bits) of
    ///   others
    /// - `icmp6`: type, code; id and sequence of an echo, mtu of "too big", pointer of "parameter problem"; taddr, options, router,
    ///   solicited and override of neighbour discovery; hoplimit, managed, other, lifetime, reachable_time, retrans_timer and
    ///   options of a router; max_delay and taddr of listeners; rest of others
    /// - `igmp`: type, mrt, group or count
    /// - `gre`: flags (such as "sequence,key"), protocol, key, sequence
    /// - `udp`: sport, dport
    /// - `tcp`: sport, dport, sequence, ackseq, flags (such as "syn,ack"), window, urgptr, options
    /// - `vxlan`: vni, flags
    /// - `geneve`: vni, type, options
    /// - `dns`: id, qr (true of an answer), opcode, aa, tc, rd, ra, ad, cd, rcode; questions, answers, authority and additional: arrays
    ///   of maps of name, type ("A", or an int), class (an int, unless it is the Internet's), ttl (seconds) and data: an address, a
    ///   name, `#{ preference: 10, exchange: "mx.example." }` and the like, an array of strings (TXT), or a blob
    /// - `dhcp`: op (1 asks, 2 answers), xid, secs, broadcast, ciaddr, yiaddr, siaddr, giaddr, chaddr, sname, file, message
    ///   ("discover", "offer", "request", "ack" and so on), options
    ///
    /// Options of TCP are an array such as `[#{ mss: 1460 }, "sackOK", #{ timestamps: #{ val: 1, ecr: 0 } }, "nop", #{ wscale: 7 }]`,
    /// with `#{ sack: [[1, 2]] }`; those of neighbour discovery have source_link_address, target_link_address, prefix, mtu and
    /// rdnss; those of extension headers router_alert; those of IPv4 router_alert, rr, lsrr and ssrr. Those of DHCP are
    /// subnet_mask, router, dns_servers, host_name, domain_name, mtu, broadcast, ntp_servers, requested_address, lease_time, overload,
    /// server_id, parameters, message_text, max_size, renewal_time, rebinding_time, vendor_class and client_id. What is not known is `#{ kind: 254, data: blob }` (`type` in place of `kind`
    /// in IPv6 and DHCP). What can't be read as options is a blob.
    ///
    /// A message that is laid out in another way than `packet_encode` would do it (names of DNS, the order of options) has its `bytes`
    /// too; they count until something else of it is changed.
    ///
    /// A packet in a packet (a tunnel's, or the one that an ICMP error is about) is a map of its own, under `payload`.
    ///
    /// Lengths, checksums and the like (length, hdrlength, doff, checksum, version, htype, ptype, hlen, plen, reserved) are left
    /// out where they are as they should be: `packet_encode` works them out anew, and a packet can be changed in between. A checksum
    /// that Linux left to the network card to work out is not as it should be, and stays.
    ///
    /// Search words: `parse`, `dissect`, `header`, `scapy`, `bytes`, `icmp`, `udp`, `tcp`, `arp`, `ethernet`, `802.1q`, `qinq`,
    /// `tunnel`
    ///
    /// # Options
    /// - `link` (word): what it begins with: "ethernet", "ip", or "linux_sll" and "linux_sll2", what `tcpdump -i any` has in place
    ///   of Ethernet; "ethernet" unless given
    ///
    /// # Returns
    /// A map: a map for each header that was found, and `payload`: what is behind the last of them (a blob), or a packet that is
    /// carried inside (such a map again).
    ///
    /// # Errors
    /// None for any bytes: what is not understood is payload.
    ///
    /// # Example
    /// ```rhai
    /// let bytes = packet_encode(#{ ip: #{ saddr: "10.0.0.2", daddr: "10.0.0.1" }, icmp: #{ type: 8 } });
    /// let packet = packet_decode(bytes, #{ link: "ip" });
    /// show([packet.ip.daddr, packet.ip.ttl, packet.icmp.type]);
    /// assert(!("udp" in packet));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn packet_decode(ctx: NativeCallContext, packet: Blob, options: Map) -> RhaiResultOf<Map> {
        verb(&ctx, |_| {
            let mut options = Options::new(options);
            let link = options.take::<String>("link")?;
            options.finish()?;
            let word = link.as_deref().unwrap_or("ethernet");
            let link = LinkType::of_word(word).and_then(LinkType::beginning);
            let link = link.ok_or_else(|| {
                let words = format!("no packet begins with {word:?}");
                let hint = "link is \"ethernet\" (what a tap reads) or \"ip\" (what a tun reads)";
                Failure::new(words).blame("link").hint(hint)
            })?;
            Ok(packet_map(&layers::decode(&packet, link)))
        })
    }

    /// Puts a packet together from maps of the fields of its headers.
    ///
    /// The headers and fields are those of `packet_decode`, in whatever order. What is not given is the usual: a ttl of 64, a
    /// window of 65535, 0; lengths, checksums and the type of what follows are worked out. Whatever is given is taken as it is,
    /// a wrong checksum too.
    ///
    /// The flags of TCP can be tcpdump's letters too: "S.".
    ///
    /// `payload` is a blob, a string, or a map of one more packet that is carried inside: what a tunnel carries.
    ///
    /// Of VLAN tags the outer one is `vlan`, the inner one `cvlan`. The outer one is of 802.1Q; one of 802.1ad is
    /// `ether: #{ type: 0x88a8, ... }`.
    ///
    /// Search words: `craft`, `build`, `make`, `header`, `scapy`, `checksum`, `bytes`, `icmp`, `udp`, `tcp`, `arp`, `ethernet`
    ///
    /// # Returns
    /// A blob: the bytes of the packet, which begins with the outermost of the headers.
    ///
    /// # Errors
    /// There is no such header or field; an address or another field that has to be given is missing; a value is too large.
    ///
    /// # Example
    /// ```rhai
    /// let bytes = packet_encode(#{
    ///     ip: #{ saddr: "10.0.0.2", daddr: "10.0.0.1" },
    ///     udp: #{ sport: 5353, dport: 53 },
    ///     payload: "a question",
    /// });
    /// show(bytes.len()); // 20 + 8 + 10
    /// let inner = #{ ip: #{ saddr: "192.168.0.1", daddr: "192.168.0.2" }, icmp: #{ type: 8 } };
    /// let tunnelled = packet_encode(#{ ip: #{ saddr: "10.0.0.2", daddr: "10.0.0.1" }, gre: #{ key: 7 }, payload: inner });
    /// show(packet_decode(tunnelled, #{ link: "ip" }).payload.icmp.type);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn packet_encode(ctx: NativeCallContext, packet: Dynamic) -> RhaiResultOf<Blob> {
        verb(&ctx, |_| encode(&packet))
    }
}

/// A packet as a map of its headers. What would not be read back in this order, such as a packet in a packet, is a map of its own
/// under `payload`.
pub fn packet_map(packet: &Packet) -> Map {
    let mut maps = vec![Map::new()];
    let mut before: Option<usize> = None;
    for layer in &packet.layers {
        let at = kinds().iter().position(|kind| kind == layer.kind);
        if before.is_some() && at <= before || begins_another(before, layer.kind) {
            maps.push(Map::new());
        }
        before = at;
        let fields = layer.fields.iter();
        let fields: Map = fields
            .map(|(name, value)| ((*name).into(), to_script(value)))
            .collect();
        if let Some(map) = maps.last_mut() {
            map.insert(layer.kind.name.into(), fields.into());
        }
    }
    let payload = Dynamic::from_blob(packet.payload.clone());
    let carried = maps.into_iter().rev().fold(payload, |carried, mut map| {
        map.insert(PAYLOAD.into(), carried);
        map.into()
    });
    carried.try_cast().unwrap_or_default()
}

/// IPv6 in IPv4 is a packet in a packet, as IPv4 in IPv6 is.
fn begins_another(before: Option<usize>, kind: &Kind) -> bool {
    let before = before.and_then(|at| kinds().get(at));
    kind.name == "ip6" && before.is_some_and(|before| before.name == "ip")
}

fn to_script(value: &Value) -> Dynamic {
    match value {
        // None has more than 32 bits.
        Value::Number(number) => super::value::counter(*number),
        Value::Flag(set) => (*set).into(),
        Value::Mac(bytes) => {
            Mac::from_bytes(bytes).map_or(Dynamic::UNIT, |mac| mac.to_string().into())
        }
        Value::Ip(address) => address.to_string().into(),
        Value::Words(words) | Value::Text(words) => words.clone().into(),
        Value::Bytes(bytes) => Dynamic::from_blob(bytes.clone()),
        Value::List(values) => values.iter().map(to_script).collect::<Array>().into(),
        Value::Map(entries) => {
            let entries = entries.iter();
            let map: Map = entries
                .map(|(name, value)| (name.into(), to_script(value)))
                .collect();
            map.into()
        }
    }
}

/// The bytes of a packet that is given as a map.
pub fn encode(value: &Dynamic) -> Outcome<Blob> {
    let packet = read_packet(value)?;
    layers::encode(&packet).map_err(|Unencodable { place, words }| wrong(&place, words, None))
}

/// A packet that is given as a map.
pub fn read_packet(value: &Dynamic) -> Outcome<Packet> {
    let mut packet = Packet::default();
    let mut value = value.clone();
    loop {
        let payload = read_headers(&value, &mut packet)?;
        if !payload.is_map() {
            packet.payload = read_payload(&payload)?;
            break;
        }
        value = payload;
        if packet.layers.len() > MOST_LAYERS {
            let words = format!("it has more than {MOST_LAYERS} headers");
            return Err(wrong(PAYLOAD, words, None));
        }
    }
    Ok(packet)
}

/// Adds the headers of a map to a packet, and gives its payload.
fn read_headers(value: &Dynamic, packet: &mut Packet) -> Outcome<Dynamic> {
    let Some(map) = value.read_lock::<Map>() else {
        let words = format!("a packet is a map of its headers, not {}", describe(value));
        return Err(Failure::new(words).blame("packet"));
    };
    let mut unknown = map.keys().filter(|name| {
        name.as_str() != PAYLOAD && kinds().iter().all(|kind| kind.name != name.as_str())
    });
    if let Some(unknown) = unknown.next() {
        let names = kinds().iter().map(|kind| kind.name).chain([PAYLOAD]);
        return Err(wrong(
            unknown,
            "there is no header of this name",
            nearest_of(unknown, names),
        ));
    }
    if let Some([first, second]) = beside_each_other(&map) {
        let words = format!(
            "a packet has {first} or {second}; a header in another is in a map under {PAYLOAD}"
        );
        return Err(wrong(second, words, None));
    }
    for kind in kinds() {
        if let Some(fields) = map.get(kind.name) {
            packet.layers.push(read_layer(kind, fields)?);
        }
    }
    Ok(map.get(PAYLOAD).cloned().unwrap_or_default())
}

/// Two headers of which a packet has only one: none of them carries the other.
fn beside_each_other(map: &Map) -> Option<[&'static str; 2]> {
    const EITHER: [&[&str]; 3] = [
        &["icmp", "icmpv6", "tcp", "udp"],
        &["arp", "ip"],
        &["arp", "ip6"],
    ];
    EITHER.iter().find_map(|names| {
        let mut given = names.iter().filter(|name| map.contains_key(**name));
        Some([*given.next()?, *given.next()?])
    })
}

fn read_payload(value: &Dynamic) -> Outcome<Blob> {
    if value.is_unit() {
        return Ok(Blob::new());
    }
    if let Some(bytes) = value.read_lock::<Blob>() {
        return Ok(bytes.clone());
    }
    if let Ok(text) = value.clone().into_string() {
        return Ok(text.into_bytes());
    }
    let words = format!(
        "it wants a blob, a string or a packet, not {}",
        describe(value)
    );
    Err(wrong(PAYLOAD, words, None))
}

fn read_layer(kind: &'static Kind, fields: &Dynamic) -> Outcome<Layer> {
    let Some(fields) = fields.read_lock::<Map>() else {
        let words = format!("it is a map of its fields, not {}", describe(fields));
        return Err(wrong(kind.name, words, None));
    };
    let mut layer = Layer::new(kind);
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_unit()) {
        let place = format!("{}.{name}", kind.name);
        let Some(field) = kind.field(name) else {
            let mut names: Vec<&str> = Vec::new();
            for field in kind.fields {
                if !names.contains(&field.name) {
                    names.push(field.name);
                }
            }
            let names = names.into_iter();
            return Err(wrong(
                &place,
                "there is no such field",
                nearest_of(name, names),
            ));
        };
        let value = read_field(field, value).map_err(|words| wrong(&place, words, None))?;
        layer.fields.push((field.name, value));
    }
    Ok(layer)
}

fn read_field(field: &Field, value: &Dynamic) -> Result<Value, String> {
    let wanted = || format!("it wants {}, not {}", field.form.wanted(), describe(value));
    let text = || value.clone().into_string().map_err(|_| wanted());
    Ok(match field.form {
        Form::Number => {
            let number = value.as_int().map_err(|_| wanted())?;
            let number = u64::try_from(number);
            Value::Number(number.map_err(|_| format!("{value} is less than 0"))?)
        }
        Form::Flag => Value::Flag(value.as_bool().map_err(|_| wanted())?),
        Form::Mac => Value::Mac(text()?.parse::<Mac>().map_err(|_| wanted())?.bytes()),
        Form::Ip4 | Form::Ip6 => {
            let address: IpAddr = text()?.parse().map_err(|_| wanted())?;
            if address.is_ipv4() != (field.form == Form::Ip4) {
                return Err(wanted());
            }
            Value::Ip(address)
        }
        Form::Words(..) => Value::Words(text()?),
        Form::Whatever(_) => any_value(value, 0)?,
        Form::Rest(coding) => match coding {
            _ if value.is_blob() => Value::Bytes(value.clone().into_blob().unwrap_or_default()),
            Coding::Bytes => return Err(wanted()),
            _ if value.is_array() => any_value(value, 0)?,
            _ => return Err(wanted()),
        },
    })
}

/// A value of which the options say what it has to be.
fn any_value(value: &Dynamic, depth: usize) -> Result<Value, String> {
    if depth > DEEPEST_OPTION {
        return Err("its values are nested too deep".into());
    }
    if let Some(values) = value.read_lock::<Array>() {
        let values = values.iter().map(|value| any_value(value, depth + 1));
        return Ok(Value::List(values.collect::<Result<_, _>>()?));
    }
    if let Some(entries) = value.read_lock::<Map>() {
        let entries = entries.iter();
        let entries =
            entries.map(|(name, value)| Ok((name.to_string(), any_value(value, depth + 1)?)));
        return Ok(Value::Map(entries.collect::<Result<_, String>>()?));
    }
    if let Some(bytes) = value.read_lock::<Blob>() {
        return Ok(Value::Bytes(bytes.clone()));
    }
    if let Ok(number) = value.as_int() {
        let number = u64::try_from(number);
        return Ok(Value::Number(
            number.map_err(|_| format!("{value} is less than 0"))?,
        ));
    }
    if let Ok(set) = value.as_bool() {
        return Ok(Value::Flag(set));
    }
    let text = value.clone().into_string();
    let text = text.map_err(|_| format!("{} is no value of an option", describe(value)))?;
    Ok(Value::Text(text))
}

fn nearest_of(name: &str, names: impl Iterator<Item = &'static str> + Clone) -> Option<String> {
    Some(match nearest(name, names.clone()) {
        Some(near) => format!("did you mean {near:?}?"),
        None => format!("there are: {}", names.collect::<Vec<_>>().join(", ")),
    })
}

fn wrong(place: &str, words: impl AsRef<str>, hint: Option<String>) -> Box<Failure> {
    let message = format!("cannot encode the packet: {place}: {}", words.as_ref());
    Failure::new(message)
        .about(place)
        .blame("packet")
        .hint(hint.unwrap_or_default())
}
