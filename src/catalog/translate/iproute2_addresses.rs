//! Addresses as iproute2 reads them: `10/8` is 10.0.0.0/8, and a mask does for the length of a prefix (lib/utils.c).

use std::net::Ipv4Addr;

use super::reading::Reading;

/// The keys whose values are addresses.
const KEYS: [&str; 10] = [
    "to",
    "exact",
    "root",
    "match",
    "from",
    "src",
    "via",
    "local",
    "peer",
    "broadcast",
];

/// Writes the addresses of a command out.
pub fn write_out(reading: &mut Reading) {
    let object = reading.head.get(1).map_or("", String::as_str).to_owned();
    if !["address", "route", "rule", "neighbour"].contains(&object.as_str()) {
        return;
    }
    for argument in &mut reading.arguments {
        let Some(value) = argument.value.as_mut() else {
            continue;
        };
        if !KEYS.contains(&argument.key.as_str()) {
            continue;
        }
        if let Some(text) = written_out(&value.text) {
            value.text = text;
        }
        // A rule has this word for every address.
        if object == "rule" && ["any", "default", "0.0.0.0/0"].contains(&value.text.as_str()) {
            value.text = "all".into();
        }
    }
}

/// An IPv4 address or network with all of its four numbers. Nothing if it is no such thing.
pub fn written_out(text: &str) -> Option<String> {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let mut bytes = [0; 4];
    let mut parts = address.split('.');
    for (byte, part) in bytes.iter_mut().zip(parts.by_ref()) {
        let is_number = !part.is_empty() && part.bytes().all(|c| c.is_ascii_digit());
        // With a zero before it, it is octal for ip, and nobody means that.
        let is_plain = part.len() == 1 || !part.starts_with('0');
        *byte = part.parse().ok().filter(|_: &u8| is_number && is_plain)?;
    }
    if parts.next().is_some() {
        return None;
    }
    let address = Ipv4Addr::from(bytes);
    let Some(prefix) = prefix else {
        return Some(address.to_string());
    };
    let length = match prefix.parse::<Ipv4Addr>() {
        Ok(mask) => {
            let bits = u32::from(mask);
            (bits.leading_ones() + bits.trailing_zeros() == 32)
                .then(|| bits.leading_ones().to_string())?
        }
        Err(_) => prefix.to_owned(),
    };
    Some(format!("{address}/{length}"))
}

#[cfg(test)]
mod tests {
    use super::written_out;

    /// Tried with `ip` of iproute2 6.1.
    #[test]
    fn addresses_are_those_of_ip() {
        for (text, wanted) in [
            ("10/8", Some("10.0.0.0/8")),
            ("192.168/16", Some("192.168.0.0/16")),
            ("11.1", Some("11.1.0.0")),
            ("10.3/255.255.0.0", Some("10.3.0.0/16")),
            ("0.0.0.0/0.0.0.0", Some("0.0.0.0/0")),
            ("10.0.0.0/255.0.255.0", None),
            ("10.0.0.1/24", Some("10.0.0.1/24")),
            ("10.0.0.0.0", None),
            ("256/8", None),
            ("010/8", None),
            ("fd00::/8", None),
            ("default", None),
            ("", None),
        ] {
            assert_eq!(written_out(text).as_deref(), wanted, "{text}");
        }
    }
}
