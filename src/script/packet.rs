//! Verbs that take packets apart and put them together. What headers look like is in `packet::layers`.

use std::net::IpAddr;

use rhai::plugin::*;
use rhai::{Blob, Dynamic, Map};

use crate::kernel::mac::Mac;
use crate::lab::failure::{Failure, Outcome};
use crate::lab::suggest::nearest;
use crate::packet::layers::{
    self, Field, Form, Kind, Layer, Link, Packet, Unencodable, Value, kinds,
};

use super::call::{RhaiResultOf, verb};
use super::options::{Options, describe};

/// What comes after the last header.
const PAYLOAD: &str = "payload";

/// The verbs.
#[export_module]
pub mod api {
    /// Takes a packet apart: its headers as maps of their fields.
    ///
    /// The fields have the names that nft has for them:
    ///
    /// - `ether`: daddr, saddr, type
    /// - `arp`: operation (1 asks, 2 answers), saddr_ether, saddr_ip, daddr_ether, daddr_ip
    /// - `ip`: dscp, ecn, id, dont_fragment, more_fragments, frag_off, ttl, protocol, saddr, daddr, options
    /// - `ip6`: dscp, ecn, flowlabel, nexthdr, hoplimit, saddr, daddr
    /// - `icmp`, `icmp6`: type, code; id and sequence of an echo, rest (an int of 32 bits) of all others
    /// - `udp`: sport, dport
    /// - `tcp`: sport, dport, sequence, ackseq, flags (such as "syn,ack"), window, urgptr, options
    ///
    /// Lengths, checksums and the like (length, hdrlength, doff, checksum, version, htype, ptype, hlen, plen, reserved) are left
    /// out where they are as they should be: `packet_encode` works them out anew, and a packet can be changed in between.
    ///
    /// Search words: `parse`, `dissect`, `header`, `scapy`, `bytes`, `icmp`, `udp`, `tcp`, `arp`, `ethernet`
    ///
    /// # Options
    /// - `link` (word): what it begins with: "ethernet" or "ip"; "ethernet" unless given
    ///
    /// # Returns
    /// A map: a map for each header that was found, and `payload` (a blob), what is behind the last of them.
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
            let link = match link.as_deref() {
                None | Some("ethernet") => Link::Ethernet,
                Some("ip") => Link::Ip,
                Some(other) => {
                    let words = format!("no packet begins with {other:?}");
                    let hint =
                        "link is \"ethernet\" (what a tap reads) or \"ip\" (what a tun reads)";
                    return Err(Failure::new(words).blame("link").hint(hint));
                }
            };
            Ok(packet_map(&layers::decode(&packet, link)))
        })
    }

    /// Puts a packet together from maps of the fields of its headers.
    ///
    /// The headers and fields are those of `packet_decode`, in whatever order. What is not given is the usual: a ttl of 64, a
    /// window of 65535, 0; lengths, checksums and the type of what follows are worked out. Whatever is given is taken as it is,
    /// a wrong checksum too.
    ///
    /// `payload` is a blob, a string, or a map of one more packet that is carried inside.
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
    /// ```
    #[rhai_fn(return_raw)]
    pub fn packet_encode(ctx: NativeCallContext, packet: Dynamic) -> RhaiResultOf<Blob> {
        verb(&ctx, |_| encode(&packet))
    }
}

fn packet_map(packet: &Packet) -> Map {
    let mut map = Map::new();
    for layer in &packet.layers {
        let fields = layer.fields.iter();
        let fields: Map = fields
            .map(|(name, value)| ((*name).into(), to_script(value)))
            .collect();
        map.insert(layer.kind.name.into(), fields.into());
    }
    map.insert(PAYLOAD.into(), Dynamic::from_blob(packet.payload.clone()));
    map
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
        Value::Words(words) => words.clone().into(),
        Value::Bytes(bytes) => Dynamic::from_blob(bytes.clone()),
    }
}

fn encode(value: &Dynamic) -> Outcome<Blob> {
    let Some(map) = value.read_lock::<Map>() else {
        let words = format!("a packet is a map of its headers, not {}", describe(value));
        return Err(Failure::new(words).blame("packet"));
    };
    let mut packet = Packet::default();
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
    for kind in kinds() {
        if let Some(fields) = map.get(kind.name) {
            packet.layers.push(read_layer(kind, fields)?);
        }
    }
    if let Some(payload) = map.get(PAYLOAD) {
        packet.payload = read_payload(payload)?;
    }
    layers::encode(&packet).map_err(|Unencodable { place, words }| wrong(&place, words, None))
}

fn read_payload(value: &Dynamic) -> Outcome<Blob> {
    if let Some(bytes) = value.read_lock::<Blob>() {
        return Ok(bytes.clone());
    }
    if let Ok(text) = value.clone().into_string() {
        return Ok(text.into_bytes());
    }
    if value.is_map() {
        return encode(value);
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
            let names = kind.fields.iter().map(|field| field.name);
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
        Form::Words(_) => Value::Words(text()?),
        Form::Rest => Value::Bytes(value.clone().into_blob().map_err(|_| wanted())?),
    })
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
