//! What a set's keys are, where it was made by `typeof`: nft writes it into the set's user data, and reads it from there.
//!
//! The kernel keeps those bytes and does not look into them. Each thing is a type, a length and a value; what is nested is in
//! a value. Numbers are those of libnftnl's udata.h and of nft's expression.h and proto.h; those of the machine's order.

use super::extension::{self, IN_IPV6};
use super::fields::{
    CT, CT_DIRECTED, FIB_RESULTS, Field, Key, META, PROTOCOLS, Protocol, RT, SOCKET,
};
use super::message::{read_user, read_user_long, user_bytes, user_long};
use super::syntax::{Kind, Selector};

/// `NFTNL_UDATA_SET_KEY_TYPEOF`.
const KEY: u8 = 3;
/// `NFTNL_UDATA_SET_DATA_TYPEOF`.
const DATA: u8 = 4;
/// `NFTNL_UDATA_SET_DATA_INTERVAL`.
const DATA_INTERVAL: u8 = 6;

/// `enum expr_types`.
mod kind {
    pub const VERDICT: u32 = 1;
    pub const PAYLOAD: u32 = 7;
    pub const EXTHDR: u32 = 8;
    pub const META: u32 = 9;
    pub const SOCKET: u32 = 10;
    pub const CT: u32 = 12;
    pub const CONCAT: u32 = 13;
    pub const RT: u32 = 25;
    pub const FIB: u32 = 26;
}

/// `enum proto_desc_id`.
const DESCRIBED: [(&str, u32); 17] = [
    ("ah", 1),
    ("esp", 2),
    ("comp", 3),
    ("icmp", 4),
    ("igmp", 5),
    ("udp", 6),
    ("udplite", 7),
    ("tcp", 8),
    ("dccp", 9),
    ("sctp", 10),
    ("th", 11),
    ("ip", 12),
    ("ip6", 13),
    ("icmpv6", 14),
    ("arp", 15),
    ("vlan", 16),
    ("ether", 17),
];

/// `enum exthdr_desc_id`, the headers of IPv6.
const EXTENDED: [(&str, u32); 6] = [
    ("hbh", 1),
    ("rt", 2),
    ("srh", 5),
    ("frag", 6),
    ("dst", 7),
    ("mh", 8),
];

/// No direction of a connection.
const NO_DIRECTION: u32 = u32::MAX;

/// Whether nft has a way to write down what this is.
pub fn is_known(selector: &Selector) -> bool {
    one(selector).is_some()
}

/// The kinds of what was written down: a field of less than a byte takes one.
pub fn kinds(selectors: &[Selector]) -> Vec<Kind> {
    let whole = |selector: &Selector| {
        let kind = selector.typed();
        Kind {
            bits: kind.bits.next_multiple_of(8),
            ..kind
        }
    };
    selectors.iter().map(whole).collect()
}

/// The user data of a set whose keys, and what they are mapped to, are these; or whose keys are mapped to verdicts.
pub fn write(key: &[Selector], data: &[Selector], verdicts: bool) -> Vec<u8> {
    let mut user = Vec::new();
    let Some(inside) = several(key) else {
        return user;
    };
    user.extend(user_bytes(KEY, &inside));
    let mapped = match verdicts {
        true => Some(expression(kind::VERDICT, &[])),
        false => several(data),
    };
    if let Some(inside) = mapped {
        user.extend(user_bytes(DATA, &inside));
        user.extend(user_long(DATA_INTERVAL, 0));
    }
    user
}

/// What the keys of a set are, and what they are mapped to; nothing where it was not written down.
pub fn read(user: &[u8]) -> (Vec<Selector>, Vec<Selector>) {
    let of = |kind: u8| read_user(user, kind).and_then(read_several);
    let (key, data) = (of(KEY).unwrap_or_default(), of(DATA).unwrap_or_default());
    (key, data)
}

fn expression(kind: u32, inside: &[u8]) -> Vec<u8> {
    [user_long(0, kind), user_bytes(1, inside)].concat()
}

fn several(selectors: &[Selector]) -> Option<Vec<u8>> {
    match selectors {
        [] => None,
        [only] => one(only),
        several => {
            let mut inside = Vec::new();
            for (number, selector) in several.iter().enumerate() {
                inside.extend(user_bytes(u8::try_from(number).ok()?, &one(selector)?));
            }
            Some(expression(kind::CONCAT, &inside))
        }
    }
}

fn read_several(bytes: &[u8]) -> Option<Vec<Selector>> {
    if read_user_long(bytes, 0)? != kind::CONCAT {
        return Some(vec![read_one(bytes)?]);
    }
    let inside = read_user(bytes, 1)?;
    let mut found = Vec::new();
    while let Some(one) = u8::try_from(found.len())
        .ok()
        .and_then(|at| read_user(inside, at))
    {
        found.push(read_one(one)?);
    }
    Some(found)
}

fn one(selector: &Selector) -> Option<Vec<u8>> {
    let two = |first: u32, second: u32| [user_long(0, first), user_long(1, second)].concat();
    Some(match selector {
        Selector::Field(protocol, field) => {
            let (_, number) = DESCRIBED.iter().find(|(name, _)| *name == protocol.name)?;
            let mut inside = two(*number, template(protocol, field)?);
            if field.kind.name == "integer" {
                inside.extend(user_long(4, field.bits));
            }
            expression(kind::PAYLOAD, &inside)
        }
        Selector::Extension(extension, Some(field)) if extension.place == IN_IPV6 => {
            let (_, number) = EXTENDED.iter().find(|(name, _)| *name == extension.name)?;
            let at = extension.fields.iter().position(|one| one == *field)?;
            let place = user_long(1, u32::try_from(at).ok()? + 1);
            expression(kind::EXTHDR, &[place, user_long(0, *number)].concat())
        }
        Selector::Meta(key) => expression(kind::META, &user_long(0, key.number)),
        Selector::Socket(key) => expression(kind::SOCKET, &user_long(0, key.number)),
        Selector::Rt(key) => expression(kind::RT, &user_long(0, key.number)),
        Selector::Ct(key, direction) => {
            let direction = direction.map_or(NO_DIRECTION, u32::from);
            expression(kind::CT, &two(key.number, direction))
        }
        Selector::Fib { flags, result } => expression(kind::FIB, &two(result.number, *flags)),
        _ => return None,
    })
}

fn read_one(bytes: &[u8]) -> Option<Selector> {
    let inside = read_user(bytes, 1)?;
    let first = read_user_long(inside, 0)?;
    let key = |keys: &'static [Key]| keys.iter().find(|key| key.number == first);
    Some(match read_user_long(bytes, 0)? {
        kind::PAYLOAD => {
            let (name, _) = DESCRIBED.iter().find(|(_, number)| *number == first)?;
            let protocol = PROTOCOLS.iter().copied().find(|one| one.name == *name)?;
            let wanted = read_user_long(inside, 1)?;
            let mut fields = protocol.fields.iter();
            let field = fields.find(|field| template(protocol, field) == Some(wanted))?;
            Selector::Field(protocol, field)
        }
        kind::EXTHDR => {
            let (name, _) = EXTENDED.iter().find(|(_, number)| *number == first)?;
            let extension = extension::named(IN_IPV6, name)?;
            let at = read_user_long(inside, 1)?.checked_sub(1)?;
            let field = extension.fields.get(usize::try_from(at).ok()?)?;
            Selector::Extension(extension, Some(field))
        }
        kind::META => Selector::Meta(key(META)?),
        kind::SOCKET => Selector::Socket(key(SOCKET)?),
        kind::RT => Selector::Rt(key(RT)?),
        kind::CT => match read_user_long(inside, 1)? {
            NO_DIRECTION => Selector::Ct(key(CT)?, None),
            direction => Selector::Ct(key(CT_DIRECTED)?, u8::try_from(direction).ok()),
        },
        kind::FIB => Selector::Fib {
            flags: read_user_long(inside, 1)?,
            result: key(FIB_RESULTS)?,
        },
        _ => return None,
    })
}

/// The number of a field in nft's description of its protocol: they are counted in the order of the header.
fn template(protocol: &Protocol, field: &Field) -> Option<u32> {
    let at = protocol.fields.iter().position(|one| one == field)?;
    let number = u32::try_from(at).ok()? + 1;
    Some(match (protocol.name, field.name) {
        ("igmp", "mrt") => 3,
        ("igmp", "checksum") => 2,
        _ => number,
    })
}

#[cfg(test)]
mod tests {
    use super::super::family::Family;
    use super::super::parser::Parser;
    use super::*;
    use proptest::prelude::*;

    fn selectors(text: &str) -> Vec<Selector> {
        let mut parser = Parser::new(text, Family::Inet).expect("tokens");
        parser.expression().expect("an expression").parts
    }

    /// What `nft --debug=mnl add set inet t s { typeof ... }` sends.
    #[test]
    fn it_is_written_as_nft_writes_it() {
        for (text, wanted) in [
            ("ip saddr", "0314000407000000010c00040c00000001040b000000"),
            (
                "vlan id",
                "031a000407000000011200041000000001040400000004040c000000",
            ),
            ("frag id", "0314000408000000010c010406000000000406000000"),
            ("meta mark", "030e0004090000000106000403000000"),
            ("ct mark", "031400040c000000010c0004030000000104ffffffff"),
            (
                "fib saddr . iif oif",
                "031400041a000000010c000401000000010409000000",
            ),
            (
                "ip saddr . meta mark",
                "032e00040d00000001260014000407000000010c00040c00000001040b000000010e0004090000000106000403000000",
            ),
        ] {
            let bytes = write(&selectors(text), &[], false);
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hex, wanted, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        for protocol in PROTOCOLS {
            for field in protocol.fields {
                let key = vec![Selector::Field(protocol, field)];
                let user = write(&key, &key, false);
                assert_eq!(
                    read(&user),
                    (key.clone(), key),
                    "{} {}",
                    protocol.name,
                    field.name
                );
            }
        }
        for text in [
            "ct original bytes . iifname . rt classid",
            "socket mark . fib daddr type",
        ] {
            let key = selectors(text);
            assert_eq!(read(&write(&key, &[], true)), (key, Vec::new()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_panic(bytes: Vec<u8>) {
            let _ = read(&bytes);
        }
    }
}
