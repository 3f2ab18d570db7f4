//! Reads what a rule looks at: `ip saddr`, `meta mark`, `ct original saddr`, `fib daddr . iif type`.

use super::extension::{self, IN_IPV4, IN_IPV6};
use super::family::Family;
use super::fault::Fault;
use super::fields::{
    self, Base, CT, CT_DIRECTED, FIB_FLAGS, FIB_RESULTS, Key, META, META_ALONE, PROTOCOLS, RT,
    SOCKET,
};
use super::parser::{Parser, Read};
use super::syntax::{Expression, Selector};
use super::token::Kind;

/// The words that begin a selector, beside the names of protocols and the keys of meta.
pub const BEGINNINGS: [&str; 14] = [
    "meta", "ct", "fib", "rt", "socket", "numgen", "jhash", "symhash", "exthdr", "hbh", "srh",
    "frag", "dst", "mh",
];

/// Options of TCP: the number, the name, and the fields with their place and length in bytes (RFC 9293, 7323, 2018, 2385, 8684, 7413).
type TcpOption = (u8, &'static str, &'static [(&'static str, u32, u32)]);

/// Those that rules can name.
pub const TCP_OPTIONS: &[TcpOption] = &[
    (0, "eol", &[]),
    (1, "nop", &[]),
    (2, "maxseg", &[("size", 2, 2), LENGTH]),
    (3, "window", &[("count", 2, 1), LENGTH]),
    (4, "sack-perm", &[LENGTH]),
    (4, "sack-permitted", &[LENGTH]),
    (5, "sack", &[("left", 2, 4), ("right", 6, 4), LENGTH]),
    (5, "sack0", &[("left", 2, 4), ("right", 6, 4), LENGTH]),
    (5, "sack1", &[("left", 10, 4), ("right", 14, 4), LENGTH]),
    (5, "sack2", &[("left", 18, 4), ("right", 22, 4), LENGTH]),
    (5, "sack3", &[("left", 26, 4), ("right", 30, 4), LENGTH]),
    (8, "timestamp", &[("tsval", 2, 4), ("tsecr", 6, 4), LENGTH]),
    (19, "md5sig", &[LENGTH]),
    (30, "mptcp", &[LENGTH]),
    (34, "fastopen", &[LENGTH]),
];

const LENGTH: (&str, u32, u32) = ("length", 1, 1);

fn extension_names(place: u32) -> impl Iterator<Item = &'static str> {
    extension::EXTENSIONS
        .iter()
        .filter(move |one| one.place == place)
        .map(|one| one.name)
}

impl Parser<'_> {
    /// Whether the next token begins a selector.
    pub fn is_selector(&self) -> bool {
        if self.is("@") {
            return ["ll", "nh", "th"].contains(&self.text_at(self.ahead(1).at.clone()))
                && self.text_at(self.ahead(2).at.clone()) == ",";
        }
        self.next().kind == Kind::Word
            && (BEGINNINGS.contains(&self.here())
                || META_ALONE.contains(&self.here())
                || fields::protocol_named(self.here()).is_some())
    }

    /// Reads a selector, or several joined by dots.
    pub fn expression(&mut self) -> Read<Expression> {
        let mut parts = vec![self.selector()?];
        while self.take(".") {
            parts.push(self.selector()?);
        }
        Ok(Expression { parts, mask: None })
    }

    /// Reads one selector.
    pub fn selector(&mut self) -> Read<Selector> {
        if self.is("@") {
            return self.bits();
        }
        if let Some(protocol) = fields::protocol_named(self.here()).filter(|_| self.is_selector()) {
            self.skip();
            if protocol.name == "tcp" && self.take("option") {
                return self.tcp_option();
            }
            if protocol.name == "ip" && self.take("option") {
                return self.extension(IN_IPV4);
            }
            return self.field(protocol);
        }
        if META_ALONE.iter().any(|word| self.is(word)) {
            return self.key("a property of packets", META).map(Selector::Meta);
        }
        match self.here() {
            "meta" | "ct" if self.text_at(self.ahead(1).at.clone()) == "secmark" => Err(self
                .fault("nft has secmark (labels of SELinux), netsh does not")
                .hint(super::parse_statement::NFT_DOES)),
            "meta" => {
                self.skip();
                self.key("a property of packets", META).map(Selector::Meta)
            }
            "ct" => {
                self.skip();
                self.connection()
            }
            "fib" => {
                self.skip();
                self.fib()
            }
            "exthdr" => {
                self.skip();
                let names = extension_names(IN_IPV6).filter(|name| *name != "srh");
                let name = self.one_of("an extension header", &names.collect::<Vec<_>>())?;
                if !self.is("exists") && !self.is("missing") {
                    return Err(self.fault("exists or missing has to stand here"));
                }
                let found = extension::named(IN_IPV6, name);
                found
                    .map(|one| Selector::Extension(one, None))
                    .ok_or_else(|| self.fault("an extension header has to stand here"))
            }
            "hbh" | "srh" | "frag" | "dst" | "mh" => self.extension(IN_IPV6),
            "rt" if extension::named(IN_IPV6, "rt").is_some_and(|one| {
                let second = self.text_at(self.ahead(1).at.clone());
                one.fields.iter().any(|field| field.name == second)
            }) =>
            {
                self.extension(IN_IPV6)
            }
            "rt" => {
                self.skip();
                let name = match self.family {
                    Family::Ip6 => "ip6 nexthop",
                    _ => "ip nexthop",
                };
                if self.is("nexthop") && !matches!(self.family, Family::Ip | Family::Ip6) {
                    return Err(self
                        .fault("a table that sees both families needs to know which is meant")
                        .hint("rt ip nexthop, rt ip6 nexthop"));
                }
                if let Some(key) = RT.iter().find(|key| key.name == name && self.is("nexthop")) {
                    self.skip();
                    return Ok(Selector::Rt(key));
                }
                self.key("a property of routes", RT).map(Selector::Rt)
            }
            "socket" => {
                self.skip();
                self.key("a property of sockets", SOCKET)
                    .map(Selector::Socket)
            }
            "numgen" => {
                self.skip();
                self.numgen()
            }
            "jhash" | "symhash" => self.hash(),
            _ => {
                let protocols = PROTOCOLS.iter().map(|protocol| protocol.name);
                let words = protocols
                    .chain(BEGINNINGS)
                    .chain(META_ALONE.iter().copied());
                let mut fault = self.unknown("something that a rule can look at", words);
                fault.hint = "such as ip saddr, tcp dport, iifname, meta mark, ct state".into();
                Err(fault)
            }
        }
    }

    /// A header that may be there, and a field of it; or whether it is there, where that is asked by its name alone.
    fn extension(&mut self, place: u32) -> Read<Selector> {
        let names: Vec<&'static str> = extension_names(place).collect();
        let what = match place {
            IN_IPV4 => "an option of IPv4",
            _ => "an extension header",
        };
        let name = self.one_of(what, &names)?;
        let Some(one) = extension::named(place, name) else {
            return Err(self.fault(format!("{what} has to stand here")));
        };
        if place == IN_IPV4 && (self.is("exists") || self.is("missing")) {
            return Ok(Selector::Extension(one, None));
        }
        // `sid[1]` is several tokens.
        let spelled = |parser: &Parser, name: &str| {
            let start = parser.start();
            parser.text_at(start..start + name.len()) == name
        };
        let found = one
            .fields
            .iter()
            .find(|field| match field.name.contains('[') {
                true => spelled(self, field.name),
                false => self.is(field.name),
            });
        let Some(field) = found else {
            let mut fault = self.unknown(
                &format!("a field of {name}"),
                one.fields.iter().map(|field| field.name),
            );
            if place == IN_IPV4 {
                fault.hint += ", exists, missing";
            }
            return Err(fault);
        };
        let end = self.start() + field.name.len();
        while self.start() < end && self.next().kind != Kind::End {
            self.skip();
        }
        Ok(Selector::Extension(one, Some(field)))
    }

    fn field(&mut self, protocol: &'static fields::Protocol) -> Read<Selector> {
        let two = |parser: &Parser| {
            let second = parser.text_at(parser.ahead(1).at.clone());
            format!("{} {second}", parser.here())
        };
        let (one, two) = (self.here().to_string(), two(self));
        let found = |name: &str| protocol.fields.iter().find(|field| field.name == name);
        if let Some(field) = found(&two) {
            self.skip();
            self.skip();
            return Ok(Selector::Field(protocol, field));
        }
        let plain = self.next().kind == Kind::Word;
        if let Some(field) = found(&one).filter(|_| plain) {
            self.skip();
            return Ok(Selector::Field(protocol, field));
        }
        let names = protocol.fields.iter().map(|field| field.name);
        Err(self.unknown(&format!("a field of {}", protocol.name), names))
    }

    fn key(&mut self, what: &str, keys: &'static [Key]) -> Read<&'static Key> {
        let second = self.text_at(self.ahead(1).at.clone());
        let two = format!("{} {second}", self.here());
        if let Some(key) = keys.iter().find(|key| key.name == two) {
            self.skip();
            self.skip();
            return Ok(key);
        }
        match keys.iter().find(|key| self.is(key.name)) {
            Some(key) => {
                self.skip();
                Ok(key)
            }
            None => Err(self.unknown(what, keys.iter().map(|key| key.name))),
        }
    }

    fn connection(&mut self) -> Read<Selector> {
        let direction = match self.here() {
            "original" => Some(0),
            "reply" => Some(1),
            _ => None,
        };
        let Some(direction) = direction else {
            let keys = CT.iter().find(|key| self.is(key.name));
            if keys.is_none() && CT_DIRECTED.iter().any(|key| self.is(key.name)) {
                let words = format!("ct {} is of a direction", self.here());
                return Err(self.fault(words).hint(format!(
                    "ct original {} is that of the first packet, ct reply {} that of the answers",
                    self.here(),
                    self.here()
                )));
            }
            return self
                .key("a property of connections", CT)
                .map(|key| Selector::Ct(key, None));
        };
        self.skip();
        if let "saddr" | "daddr" = self.here() {
            // Without a family it is that of the table.
            let name = self.here();
            let full = match self.family {
                Family::Ip => format!("ip {name}"),
                Family::Ip6 => format!("ip6 {name}"),
                _ => {
                    let words = format!("the family of {name} has to be said here");
                    let hint = format!("ct original ip {name}, or ip6 {name}");
                    return Err(self.fault(words).hint(hint));
                }
            };
            // NFT_CT_SRC_IP and the like rather than NFT_CT_SRC, of which nft can't list sets.
            if let Some(key) = CT_DIRECTED.iter().find(|key| key.name == full) {
                self.skip();
                return Ok(Selector::Ct(key, Some(direction)));
            }
        }
        let key = self.key("a property of a connection's direction", CT_DIRECTED)?;
        Ok(Selector::Ct(key, Some(direction)))
    }

    fn fib(&mut self) -> Read<Selector> {
        let mut flags = 0;
        let names: Vec<&'static str> = FIB_FLAGS.iter().map(|(name, _)| *name).collect();
        loop {
            let word = self.one_of("something to look up a route by", &names)?;
            flags |= FIB_FLAGS
                .iter()
                .find(|(name, _)| *name == word)
                .map_or(0, |(_, flag)| *flag);
            if !self.take(".") {
                break;
            }
        }
        let result = self.key("something that a route tells", FIB_RESULTS)?;
        if result.name != "type" && (self.is("exists") || self.is("missing")) {
            flags |= fields::FIB_PRESENT;
        }
        Ok(Selector::Fib { flags, result })
    }

    fn numgen(&mut self) -> Read<Selector> {
        let random = self.one_of("how numbers are made", &["inc", "random"])? == "random";
        self.expect("mod")?;
        let modulus = self.number("the number of numbers", u32::MAX.into())?;
        Ok(Selector::Numgen {
            random,
            modulus: u32::try_from(modulus).unwrap_or(0),
            offset: self.offset()?,
        })
    }

    fn offset(&mut self) -> Read<u32> {
        match self.take("offset") {
            true => {
                let offset = self.number("the first number", u32::MAX.into())?;
                Ok(u32::try_from(offset).unwrap_or(0))
            }
            false => Ok(0),
        }
    }

    fn hash(&mut self) -> Read<Selector> {
        let parts = match self.take("symhash") {
            true => Vec::new(),
            false => {
                self.skip();
                self.expression()?.parts
            }
        };
        self.expect("mod")?;
        let modulus = self.number("the number of numbers", u32::MAX.into())?;
        let seed = match self.take("seed") {
            true => Some(self.number("a seed", u32::MAX.into())?),
            false => None,
        };
        Ok(Selector::Hash {
            parts,
            modulus: u32::try_from(modulus).unwrap_or(0),
            seed: seed.and_then(|seed| u32::try_from(seed).ok()),
            offset: self.offset()?,
        })
    }

    /// `@th,16,16`
    fn bits(&mut self) -> Read<Selector> {
        self.expect("@")?;
        let base = match self.one_of("a header (ll, nh, th)", &["ll", "nh", "th"])? {
            "ll" => Base::Link,
            "nh" => Base::Network,
            _ => Base::Transport,
        };
        self.expect(",")?;
        let offset = self.number("the first bit", 0xffff)?;
        self.expect(",")?;
        let at = self.next().at.clone();
        let bits = self.number("the number of bits", 128)?;
        if bits == 0 {
            return Err(
                Fault::new("there is nothing in 0 bits", at).hint("1 to 128 bits can be looked at")
            );
        }
        Ok(Selector::Bits {
            base,
            offset: u32::try_from(offset).unwrap_or(0),
            bits: u32::try_from(bits).unwrap_or(1),
        })
    }

    fn tcp_option(&mut self) -> Read<Selector> {
        if self.is("mss") {
            // An older name of it.
            self.skip();
            self.expect("size")?;
            return Ok(Selector::TcpOption {
                option: 2,
                name: "maxseg",
                field: Some(("size", 2, 2)),
            });
        }
        let names: Vec<&'static str> = TCP_OPTIONS.iter().map(|(_, name, _)| *name).collect();
        let name = self.one_of("an option of TCP", &names)?;
        let found = TCP_OPTIONS.iter().find(|(_, one, _)| *one == name);
        let (option, name, fields) = found.copied().unwrap_or((0, "eol", &[]));
        let field = fields.iter().find(|(field, ..)| self.is(field)).copied();
        if field.is_some() {
            self.skip();
        }
        Ok(Selector::TcpOption {
            option,
            name,
            field,
        })
    }
}
