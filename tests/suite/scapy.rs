//! The fields of packets, and their bytes: held against scapy.

use std::process::Command;

use libtest_mimic::{Completion, Failed, Trial};

use crate::folder::Folder;
use crate::support::{Ran, User, Verdict, ignored, run, same, test};

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    let mut trials = test(
        "scapy: fields are the same, both ways",
        &[],
        fields_of_scapy,
    );
    // Who asks makes no difference.
    let name = "scapy: what is checked in is what it says";
    trials.push(Trial::ignorable_test(name, said_by_scapy));
    trials
}

/// What scapy says of tests/packets/common.pcap: made by tests/packets/fields.py.
const FIELDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/packets/fields.json");

/// Every field that scapy shows is decoded to the same value, and the same fields are encoded to scapy's bytes.
fn fields_of_scapy(user: User) -> Verdict {
    let folder = Folder::new()?;
    let file = folder.file("fields.json", std::fs::read(FIELDS)?)?;
    let code = format!(
        r#"
        let faults = [];
        fn with_bytes(packet) {{
            packet.payload = if type_of(packet.payload) == "map" {{ with_bytes(packet.payload) }} else {{ hex_decode(packet.payload) }};
            packet
        }}
        fn differences(wanted, found) {{
            let faults = [];
            for name in wanted.keys() {{
                if !(name in found) {{ faults.push(`no ${{name}}`); continue; }}
                if name == "payload" {{
                    if type_of(wanted.payload) == "map" {{
                        if type_of(found.payload) != "map" {{ faults.push("no packet inside"); continue; }}
                        faults += differences(wanted.payload, found.payload);
                        continue;
                    }}
                    // scapy's fields end at UDP and at Ethernet.
                    let behind = blob();
                    for message in ["lldp", "dns", "dhcp"] {{
                        if message in found && !(message in wanted) {{
                            let alone = #{{}};
                            alone[message] = found[message];
                            behind.append(packet_encode(alone));
                        }}
                    }}
                    behind.append(found.payload);
                    if wanted.payload != behind {{ faults.push("another payload"); }}
                    continue;
                }}
                for field in wanted[name].keys() {{
                    // Not said where it is as it should be.
                    if ["checksum", "length"].contains(field) && !(field in found[name]) {{ continue; }}
                    if !(field in found[name]) || `${{found[name][field]}}` != `${{wanted[name][field]}}` {{
                        faults.push(`${{name}}.${{field}}: ${{found[name]}}, scapy has ${{wanted[name][field]}}`);
                    }}
                }}
            }}
            faults
        }}
        let number = 0;
        for line in exec("cat", [{file:?}]).stdout.split("\n") {{
            if !line.contains("bytes") {{ continue; }}
            if line.ends_with(",") {{ line.pop(); }}
            let told = parse_json(line);
            let bytes = hex_decode(told.bytes);
            let packet = with_bytes(told.packet);
            for fault in differences(packet, packet_decode(bytes)) {{ faults.push(`${{number}}: ${{fault}}`); }}
            try {{
                let made = packet_encode(packet);
                if made != bytes {{ faults.push(`${{number}}: ${{told.packet}} is made ${{hex_encode(made)}}, not ${{told.bytes}}`); }}
            }} catch (e) {{ faults.push(`${{number}}: ${{e.message}}: ${{told.packet}}`); }}
            number += 1;
        }}
        for fault in faults {{ print(fault); }}
        print(`${{number}} packets`);
        "#,
        file = file.display().to_string()
    );
    same(run(user, &code)?.as_str(), "191 packets\n")
}

/// Asks scapy, where there is one: that of target/scapy, where .ci/run puts it, or the system's.
fn said_by_scapy() -> Result<Completion, Failed> {
    let folder = Folder::new()?;
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/target/scapy/bin/python");
    let pythons = [own, "python3"].into_iter();
    let mut pythons = pythons.filter(|python| {
        let there = Command::new(python)
            .args(["-c", "import scapy.all"])
            .output();
        there.is_ok_and(|ran| ran.status.success())
    });
    let Some(python) = pythons.next() else {
        return ignored("there is no scapy (pip install scapy)".into());
    };
    let file = folder.path().join("fields.json");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/packets/fields.py");
    let ran = Ran::from(Command::new(python).arg(script).arg(&file).output()?);
    if ran.status != Some(0) {
        return Err(format!("{script} failed: {ran:#?}").into());
    }
    let said = std::fs::read_to_string(file)?;
    let kept = std::fs::read_to_string(FIELDS)?;
    let different = said.lines().zip(kept.lines());
    let different = different.filter(|(said, kept)| said != kept);
    same(different.collect(), Vec::new())?;
    same(said.lines().count(), kept.lines().count())?;
    Ok(Completion::Completed)
}
