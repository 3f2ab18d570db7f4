//! What the manual says that is rows of a table. The doc comment of a verb has a line in their place: `- {settings of bridge}`,
//! `- {ports of bridge}`, `- {any link}`, `- {causes}`.

use crate::kernel::kind;
use crate::kernel::link_properties::PROPERTIES;
use crate::kernel::options::Row;
use crate::lab::why::Cause;

/// What every verb takes that makes a link.
const ANY_LINK: &str = "\
- `mtu` (int, bytes): the largest payload
- `mac` (mac; `address`): the hardware address; the kernel chooses one otherwise
- `up` (bool): bring it up
- `master` (link): the bridge, bond or vrf to become a port of
- `netns` (netns): the namespace in which it is made; a parent stays where it is
- `txqueuelen` (int, packets): length of the transmit queue
- `numtxqueues` (int): how many transmit queues it has
- `numrxqueues` (int): how many receive queues it has
- `group` (int): the number of the group that it belongs to
- `index` (int): its index; the kernel chooses one otherwise
- `alias` (string): free text kept with the link
";

/// A doc comment with the rows in their places.
pub fn with_rows(documentation: &str) -> String {
    let mut whole = String::new();
    for line in documentation.lines() {
        let named = line
            .strip_prefix("- {")
            .and_then(|rest| rest.strip_suffix('}'));
        match named.map(|named| named.split_once(' ').unwrap_or((named, ""))) {
            Some(("properties", _)) => rows(PROPERTIES, &mut whole),
            Some(("any", _)) => any_link(&mut whole),
            Some(("settings", rest)) => rows(kind::options(last_word(rest)), &mut whole),
            Some(("causes", _)) => causes(&mut whole),
            Some(("ports", rest)) => rows(kind::port_options(last_word(rest)), &mut whole),
            _ => {
                whole.push_str(line);
                whole.push('\n');
            }
        }
    }
    whole
}

/// The group of a VXLAN is another than that of a link: the kind's own option counts.
fn any_link(whole: &mut String) {
    for line in ANY_LINK.lines() {
        let key = line.split('`').nth(1).unwrap_or_default();
        if !whole.contains(&format!("- `{key}` (")) {
            whole.push_str(line);
            whole.push('\n');
        }
    }
}

fn last_word(text: &str) -> &str {
    text.rsplit(' ').next().unwrap_or_default()
}

fn rows(rows: &[Row], whole: &mut String) {
    for row in rows.iter().filter(|row| row.is_an_option()) {
        let spelling = row.spelling().map(|word| format!("; `{word}`"));
        let (key, kind) = (row.key, row.manual_kind());
        let spelling = spelling.unwrap_or_default();
        whole.push_str(&format!("- `{key}` ({kind}{spelling}): {}\n", row.text));
    }
}

fn causes(whole: &mut String) {
    for cause in Cause::ALL {
        whole.push_str(&format!("- `{}`: {}\n", cause.word(), cause.meaning()));
    }
}
