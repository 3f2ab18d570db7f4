//! Addresses with the length of their network's prefix: `192.168.4.2/24`, `fd00::1/64` (RFC 4632, RFC 4291).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// An address and the length of its prefix in bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cidr {
    /// The address, host part included.
    pub address: IpAddr,
    /// Length of the network's part in bits.
    pub prefix: u8,
}

impl Cidr {
    /// Number of bits of an address of this family.
    pub fn bits(address: IpAddr) -> u8 {
        if address.is_ipv4() { 32 } else { 128 }
    }

    /// One address alone.
    pub fn host(address: IpAddr) -> Cidr {
        let prefix = Cidr::bits(address);
        Cidr { address, prefix }
    }

    /// Whether all bits after the prefix are zero, though there are at least two of them: then this is the name of the
    /// network (or, in IPv6, the address of any of its routers), not of a host.
    pub fn has_no_host_part(&self) -> bool {
        let host_bits = Cidr::bits(self.address).saturating_sub(self.prefix);
        host_bits >= 2 && self.number() & self.host_mask() == 0
    }

    /// Whether both are addresses in one network.
    pub fn shares_network(&self, other: &Cidr) -> bool {
        self.address.is_ipv4() == other.address.is_ipv4()
            && self.prefix == other.prefix
            && (self.number() ^ other.number()) & !self.host_mask() == 0
    }

    /// Whether the other is the same network or a part of it.
    pub fn contains(&self, other: &Cidr) -> bool {
        let prefix = self.prefix;
        other.prefix >= prefix && self.shares_network(&Cidr { prefix, ..*other })
    }

    /// The network: all bits after the prefix zero.
    pub fn network(&self) -> Cidr {
        let number = self.number() & !self.host_mask();
        let address = match self.address {
            IpAddr::V4(_) => Ipv4Addr::from_bits(u32::try_from(number).unwrap_or(0)).into(),
            IpAddr::V6(_) => Ipv6Addr::from_bits(number).into(),
        };
        Cidr { address, ..*self }
    }

    /// The address as a number.
    fn number(&self) -> u128 {
        match self.address {
            IpAddr::V4(address) => u128::from(address.to_bits()),
            IpAddr::V6(address) => address.to_bits(),
        }
    }

    /// Ones where the host's part is.
    fn host_mask(&self) -> u128 {
        let host_bits = Cidr::bits(self.address).saturating_sub(self.prefix);
        // checked_shl is None when all 128 bits are the host's.
        1u128
            .checked_shl(u32::from(host_bits))
            .map_or(u128::MAX, |bit| bit - 1)
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// Why a text is no CIDR: what is wrong, and what to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CidrFault {
    /// What is wrong.
    pub message: String,
    /// What to write.
    pub hint: String,
}

impl FromStr for Cidr {
    type Err = CidrFault;

    fn from_str(text: &str) -> Result<Self, CidrFault> {
        let fault = |message: String, hint: &str| CidrFault {
            message,
            hint: hint.to_string(),
        };
        let example =
            "write an address and the length of its prefix, such as 192.168.4.2/24 or fd00::1/64";
        let Some((address, prefix)) = text.split_once('/') else {
            return Err(match text.parse::<IpAddr>() {
                Ok(address) => fault(
                    format!("{text:?} has no prefix length"),
                    &format!(
                        "write {address}/{} for an address in such a network, {address}/{} for the host alone",
                        if address.is_ipv4() { 24 } else { 64 },
                        Cidr::bits(address)
                    ),
                ),
                Err(_) => fault(format!("{text:?} is not an address with a prefix"), example),
            });
        };
        if address.is_empty() {
            return Err(fault(
                format!("{text:?} has no address before the slash"),
                example,
            ));
        }
        let address: IpAddr = address.parse().map_err(|_| {
            fault(
                format!("{address:?} in {text:?} is not an IP address"),
                example,
            )
        })?;
        let bits = Cidr::bits(address);
        let longest = format!(
            "an IPv{} prefix has 0 to {bits} bits",
            if address.is_ipv4() { 4 } else { 6 }
        );
        let digits = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
        if !digits {
            return Err(fault(
                format!("{prefix:?} in {text:?} is not a prefix length"),
                &longest,
            ));
        }
        match prefix.parse::<u8>() {
            Ok(prefix) if prefix <= bits => Ok(Cidr { address, prefix }),
            _ => Err(fault(
                format!("the prefix of {text:?} is too long"),
                &longest,
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cidr(text: &str) -> Cidr {
        text.parse().expect(text)
    }

    proptest! {
        #[test]
        fn what_is_written_can_be_read(bits: u128, v4: bool, prefix in 0u8..=128) {
            let address: IpAddr = if v4 {
                std::net::Ipv4Addr::from_bits((bits & 0xffff_ffff) as u32).into()
            } else {
                std::net::Ipv6Addr::from_bits(bits).into()
            };
            let written = Cidr { address, prefix: prefix.min(Cidr::bits(address)) };
            prop_assert_eq!(written.to_string().parse::<Cidr>(), Ok(written));
            let _ = written.has_no_host_part();
        }

        #[test]
        fn no_text_is_a_panic(text in "[0-9a-f:./ +-]{0,30}|.*") {
            let _ = text.parse::<Cidr>();
        }
    }

    #[test]
    fn faults_name_what_is_wrong() {
        let message = |text: &str| text.parse::<Cidr>().expect_err(text).message;
        assert!(message("192.168.4.2").contains("no prefix length"));
        assert!(message("192.168.4.2/33").contains("too long"));
        assert!(message("fd00::1/129").contains("too long"));
        assert!(message("192.168.4.2/999999").contains("too long"));
        assert!(message("192.168.4/24").contains("not an IP address"));
        assert!(message("/24").contains("no address"));
        assert!(message("192.168.4.2/+4").contains("not a prefix length"));
        assert!(message("192.168.4.2/").contains("not a prefix length"));
        assert!(message("veth0").contains("not an address"));
    }

    #[test]
    fn networks_have_no_host_part() {
        assert!(cidr("192.168.4.0/24").has_no_host_part());
        assert!(cidr("0.0.0.0/0").has_no_host_part());
        assert!(cidr("fd00::/64").has_no_host_part());
        assert!(cidr("::/0").has_no_host_part());
        for host in [
            "192.168.4.2/24",
            "10.0.0.0/31",
            "10.0.0.0/32",
            "fd00::/127",
            "fd00::1/64",
        ] {
            assert!(!cidr(host).has_no_host_part(), "{host}");
        }
    }
}
