//! What a rule of nftables looked at, in the words of a trace.

/// What is known of the packet that a rule looked at.
pub(super) struct Seen<'a> {
    /// Its headers, as the trace words them.
    pub headers: &'a str,
    /// The link by which it came.
    pub iif: Option<String>,
    /// The link by which it goes.
    pub oif: Option<String>,
}

/// What stands after a name in the words of a trace.
pub(super) fn word<'a>(headers: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = headers;
    while let Some((before, after)) = rest.split_once(name) {
        let is_whole = before.is_empty() || before.ends_with(' ');
        if let Some(after) = after.strip_prefix(' ').filter(|_| is_whole) {
            return after.split(' ').next();
        }
        rest = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn words_of_a_trace_are_whole() {
        let headers = "ip saddr 10.0.0.1 ip daddr 10.0.0.21 ip ttl 64 tcp sport 9 tcp dport 80";
        assert_eq!(word(headers, "ip daddr"), Some("10.0.0.21"));
        assert_eq!(word(headers, "tcp dport"), Some("80"));
        assert_eq!(word(headers, "p daddr"), None);
        assert_eq!(word(headers, "udp dport"), None);
        assert_eq!(word("ip daddr", "ip daddr"), None);
    }
}
