//! Where a base chain hangs: its type, hook, priority, policy and devices.

use super::family::Family;

/// Where a base chain hangs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// filter, nat or route.
    pub kind: String,
    /// The number of the hook in its family.
    pub number: u32,
    /// Chains of lower priority see a packet earlier.
    pub priority: i32,
    /// Whether what no rule decides is dropped.
    pub drops: bool,
    /// The links of an ingress or egress hook.
    pub devices: Vec<String>,
}

/// The types of chains, and the hooks that each can hang in (`nft_chain_type` of net/netfilter).
pub const TYPES: [(&str, &[&str]); 3] = [
    (
        "filter",
        &[
            "prerouting",
            "input",
            "forward",
            "output",
            "postrouting",
            "ingress",
            "egress",
        ],
    ),
    ("nat", &["prerouting", "input", "output", "postrouting"]),
    ("route", &["output"]),
];

/// The hooks of a family with their numbers (linux/netfilter.h, netfilter_arp.h, netdev's `enum nf_dev_hooks`).
pub fn hooks(family: Family) -> &'static [(&'static str, u32)] {
    const INET: &[(&str, u32)] = &[
        ("prerouting", 0),
        ("input", 1),
        ("forward", 2),
        ("output", 3),
        ("postrouting", 4),
        ("ingress", 5),
    ];
    match family {
        Family::Inet => INET,
        Family::Ip | Family::Ip6 | Family::Bridge => INET.get(..5).unwrap_or(INET),
        Family::Arp => &[("input", 0), ("output", 1)],
        Family::Netdev => &[("ingress", 0), ("egress", 1)],
    }
}

/// The name of a hook.
pub fn hook_name(family: Family, number: u32) -> &'static str {
    let mut all = hooks(family).iter();
    all.find(|(_, one)| *one == number)
        .map_or("unknown", |(name, _)| name)
}

/// The names of priorities in a family, with the only hook of those that have one (linux/netfilter_ipv4.h,
/// netfilter_bridge.h).
pub fn priorities(family: Family) -> &'static [(&'static str, i32, Option<&'static str>)] {
    match family {
        Family::Ip | Family::Ip6 | Family::Inet => &[
            ("raw", -300, None),
            ("mangle", -150, None),
            ("dstnat", -100, Some("prerouting")),
            ("filter", 0, None),
            ("security", 50, None),
            ("srcnat", 100, Some("postrouting")),
        ],
        Family::Bridge => &[
            ("dstnat", -300, Some("prerouting")),
            ("filter", -200, None),
            ("out", 100, Some("output")),
            ("srcnat", 300, Some("postrouting")),
        ],
        Family::Arp | Family::Netdev => &[("filter", 0, None)],
    }
}

/// Reads a priority: a name, a number, or a name with something added: `filter - 5`.
pub fn read_priority(text: &str, family: Family) -> Result<i32, String> {
    let text = text.trim();
    if let Ok(number) = text.parse::<i32>() {
        return Ok(number);
    }
    let split = text.find(['+', '-', ' ']).unwrap_or(text.len());
    let (name, rest) = text.split_at(split);
    let found = priorities(family).iter().find(|(one, ..)| *one == name);
    let Some((_, base, _)) = found else {
        return Err(format!("{name:?} is not a priority of family {family}"));
    };
    let rest: String = rest.chars().filter(|c| !c.is_whitespace()).collect();
    if rest.is_empty() {
        return Ok(*base);
    }
    let offset: Option<i32> = rest.parse().ok();
    let sum = offset.and_then(|offset| base.checked_add(offset));
    sum.ok_or_else(|| format!("{text:?} is not a priority: what is added to {name} is a number"))
}

/// A priority as nft prints it: by the nearest name, if it is near.
pub fn priority_text(priority: i32, family: Family, hook: &str) -> String {
    let near = priorities(family).iter().find(|(_, base, only)| {
        priority.abs_diff(*base) <= 10 && only.is_none_or(|only| only == hook)
    });
    match near {
        Some((name, base, _)) => match priority - base {
            0 => (*name).into(),
            more @ 1.. => format!("{name} + {more}"),
            less => format!("{name} - {}", -less),
        },
        None => priority.to_string(),
    }
}

impl Hook {
    /// As nft prints it: `type nat hook postrouting priority srcnat; policy accept;`.
    pub fn text(&self, family: Family) -> String {
        let hook = hook_name(family, self.number);
        let devices = match self.devices.as_slice() {
            [] => String::new(),
            [one] => format!(" device \"{one}\""),
            several => {
                let names: Vec<String> = several.iter().map(|name| format!("\"{name}\"")).collect();
                format!(" devices = {{ {} }}", names.join(", "))
            }
        };
        let policy = if self.drops { "drop" } else { "accept" };
        let priority = priority_text(self.priority, family, hook);
        format!(
            "type {} hook {hook}{devices} priority {priority}; policy {policy};",
            self.kind
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priorities_have_names() {
        for (text, family, number) in [
            ("srcnat", Family::Ip, 100),
            ("filter - 5", Family::Inet, -5),
            ("filter + 10", Family::Bridge, -190),
            ("-17", Family::Arp, -17),
        ] {
            assert_eq!(read_priority(text, family), Ok(number), "{text}");
        }
        assert!(read_priority("mangel", Family::Ip).is_err());
        assert!(read_priority("filter - x", Family::Ip).is_err());
        assert_eq!(priority_text(-5, Family::Ip, "input"), "filter - 5");
        assert_eq!(priority_text(100, Family::Ip, "input"), "100");
    }
}
