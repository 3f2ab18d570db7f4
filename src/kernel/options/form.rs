//! The forms that the values of options have: in a script, in attributes, in the words of ip and tc.

/// The width of a number, and its byte order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// One byte.
    U8,
    /// Two, in the machine's order.
    U16,
    /// Four, in the machine's order.
    U32,
    /// Eight, in the machine's order.
    U64,
    /// Two, in the network's order.
    Be16,
    /// Four, in the network's order.
    Be32,
}

impl Width {
    /// The largest number.
    pub const fn most(self) -> u64 {
        match self {
            Width::U8 => u8::MAX as u64,
            Width::U16 | Width::Be16 => u16::MAX as u64,
            Width::U32 | Width::Be32 => u32::MAX as u64,
            Width::U64 => u64::MAX,
        }
    }

    /// A number as bytes; of one that is too large the lower part.
    pub fn bytes(self, number: u64) -> Vec<u8> {
        match self {
            Width::U8 => vec![number as u8],
            Width::U16 => (number as u16).to_ne_bytes().to_vec(),
            Width::U32 => (number as u32).to_ne_bytes().to_vec(),
            Width::U64 => number.to_ne_bytes().to_vec(),
            Width::Be16 => (number as u16).to_be_bytes().to_vec(),
            Width::Be32 => (number as u32).to_be_bytes().to_vec(),
        }
    }

    /// The number that these bytes are, if they are of this width.
    pub fn number(self, bytes: &[u8]) -> Option<u64> {
        Some(match self {
            Width::U8 => u8::from_ne_bytes(bytes.try_into().ok()?).into(),
            Width::U16 => u16::from_ne_bytes(bytes.try_into().ok()?).into(),
            Width::U32 => u32::from_ne_bytes(bytes.try_into().ok()?).into(),
            Width::U64 => u64::from_ne_bytes(bytes.try_into().ok()?),
            Width::Be16 => u16::from_be_bytes(bytes.try_into().ok()?).into(),
            Width::Be32 => u32::from_be_bytes(bytes.try_into().ok()?).into(),
        })
    }
}

/// What a number counts, where it is a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// USER_HZ: hundredths of a second.
    Centiseconds,
    /// Thousandths of a second.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// Microseconds.
    Microseconds,
    /// Nanoseconds.
    Nanoseconds,
}

impl Unit {
    /// How many nanoseconds it has.
    pub const fn nanoseconds(self) -> u64 {
        match self {
            Unit::Nanoseconds => 1,
            Unit::Microseconds => 1_000,
            Unit::Milliseconds => 1_000_000,
            Unit::Centiseconds => 10_000_000,
            Unit::Seconds => 1_000_000_000,
        }
    }
}

/// Which addresses belong to an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Any.
    Any,
    /// Those of a group only.
    Group,
    /// All but those of a group.
    Host,
}

/// Words and the numbers that stand for them.
pub type Names = &'static [(&'static str, u64)];

/// The form of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// On or off: 1 or 0.
    Switch(Width),
    /// On or off: the attribute is there (NLA_FLAG), or not.
    Present,
    /// On or off: a bit of a number that is several options.
    Bit(Width, u64),
    /// On or off: a bit of `struct { u32 value, mask; }`, in which only the bits of the mask are changed.
    MaskedBit(u32),
    /// A number from the first to the second; some have a word.
    Number(Width, u64, u64, Names),
    /// A number that ip reads and writes with base 16.
    Hex(Width, u64, u64, Names),
    /// One of a few words.
    Word(Width, Names),
    /// A hop limit: a number, "auto" for 0, or "inherit", which is the attribute of this number and value.
    Ttl(u16, &'static [u8]),
    /// A whole number of a unit of time, which ip says without the unit.
    Time(Width, Unit),
    /// A hardware address, maybe of a group.
    Mac,
    /// An address of either family; the attribute of this number has those of IPv6.
    Ip(u16, Which),
    /// An IPv4 address.
    Ip4,
    /// An IPv6 address.
    Ip6,
    /// The name of a link, as its index.
    Link,
    /// A text.
    Text,
    /// `struct ifla_vxlan_port_range`: two ports in the network's order.
    Ports,
    /// Nested attributes of `struct ifla_vlan_qos_mapping`: pairs of numbers.
    Pairs,
    /// Nested attributes, numbered from 0, of IPv4 addresses.
    Ip4s,
    /// The same of IPv6 addresses.
    Ip6s,
    /// Nested attributes of hardware addresses, each with the last number; the attribute of the first number says by the
    /// second that they replace those that there are.
    Macs(u16, u32, u16),
    /// A key of GRE, in the network's order, which may be said as a dotted quad; GRE_KEY is set in the flags of this number.
    Key(u16),
    /// Two other options at once, both keys.
    Both(&'static str, &'static str),
    /// Two other options at once, both on or off.
    BothBits(&'static str, &'static str),
    /// A part of the flow information of IPv6: its shift, its largest value, and where the bit is by which it is inherited.
    Flow(u32, u64, (u16, u64)),
    /// A number, or this word, which is a bit in the number of another attribute.
    NumberOrBit(Width, &'static str, (u16, u64)),
    /// The other end of a pair: an ifinfomsg and its name.
    Peer,
    /// A number that may be negative.
    Signed,
    /// A number that is a power of two, as its logarithm, up to this one.
    Logarithm(Width, u64),
    /// The minor number of a class: hexadecimal digits.
    Minor,
    /// Bits per second, or a text with a unit; four bytes that count bytes per second, all ones for no limit.
    Rate,
    /// Bytes, or a text with a unit; four bytes.
    Size,
    /// A time to which tc gives a unit; four bytes that count this one, rounded down.
    Period(Unit),
    /// Percent.
    Chance,
    /// A part of 1.
    Fraction,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// Numbers up to the first, as many as between the others.
    Numbers(u64, usize, usize),
    /// Percentages, as many as between both; one may stand alone.
    Chances(usize, usize),
}

impl Form {
    /// A number of a width.
    pub const fn number(width: Width) -> Form {
        Form::Number(width, 0, width.most(), &[])
    }

    /// A number up to this one, in a struct.
    pub const fn up_to(most: u64) -> Form {
        Form::Number(Width::U64, 0, most, &[])
    }

    /// Whether it is on or off.
    pub const fn is_switch(&self) -> bool {
        matches!(
            self,
            Form::Switch(_)
                | Form::Present
                | Form::Bit(..)
                | Form::MaskedBit(_)
                | Form::BothBits(..)
        )
    }
}

/// How ip and tc say on and off, or where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// `word 1`, `word 0`.
    Digit,
    /// A word by its number.
    Number,
    /// `word on`, `word off`.
    OnOff,
    /// `word`, `noword`.
    No,
    /// `word`; off is said by silence.
    Alone,
    /// The word, or this one.
    Or(&'static str),
    /// Without a word, right behind the value of the row before, which is 0 where it is not given.
    Behind,
}
