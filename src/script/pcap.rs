//! Verbs for capture files. How they are laid out is in `packet::capture_file`.

use std::fs::File;
use std::io::{self, BufReader, BufWriter};

use rhai::plugin::*;
use rhai::{Array, Map};

use super::call::{RhaiResultOf, verb};
use super::captured::{captured_map_with, read_captured};
use super::file::{new_file, plain, refusal};
use super::options::Options;
use crate::lab::Lab;
use crate::lab::failure::{Failure, Outcome, printable};
use crate::lab::{interrupt, memory};
use crate::packet::capture_file::{Fault, Format, Reader, Writer};
use crate::packet::captured::Captured;
use crate::packet::line::Detail;

/// What has to be left of a script's memory when a packet is added to what it gets.
const ROOM: usize = 4 << 20;

/// The verbs.
#[export_module]
pub mod api {
    /// Reads a capture file: a pcap or pcapng file of tcpdump, Wireshark or netsh.
    ///
    /// What it is, its first bytes tell, not its name. A file that ends within a packet, as one does to which somebody still
    /// writes, is read up to there.
    ///
    /// Equivalent to: `tcpdump -r FILE`
    ///
    /// Search words: `tshark`, `wireshark`, `pcapng`, `dump`, `capture`, `load`
    ///
    /// # Options
    /// - `count` (int; `-c`): the most packets that are read; all unless given
    /// - `link_header` (bool): whether lines tell the header of the link and VLAN tags, as those of `tcpdump -e` do
    ///
    /// # Returns
    /// An array of maps, one for each packet:
    ///
    /// - `time` (float): when, in seconds since 1970
    /// - `time_ns` (int): the same in nanoseconds, all of which are there
    /// - `netns` (string): the namespace, which only files of netsh tell; () if nobody said
    /// - `link` (string): the link; empty if nobody said
    /// - `direction` (string): "in" or "out"; () if nobody said
    /// - `length` (int): how long it was, in bytes
    /// - `bytes` (blob): what was kept of it
    /// - `link_type` (string): what it begins with: "ethernet", "ip", "linux_sll", "linux_sll2", or a number
    /// - `line` (string): the line that `tcpdump -n` has for it
    /// - `checksum` (string): "right", "wrong", or "offload" (left to be worked out on the way); () if there is none,
    ///   or not all of what it covers is there
    /// - `comments` (array of strings): what is noted about it
    /// - `packet` (map): what `packet_decode` makes of it; () if its link type is a number
    ///
    /// # Errors
    /// There is no such file (ENOENT); it is no capture file, or a damaged one.
    ///
    /// # Example
    /// ```rhai
    /// let frame = packet_encode(#{
    ///     ether: #{ saddr: "02:00:00:00:00:01", daddr: "02:00:00:00:00:02" },
    ///     ip: #{ saddr: "10.0.0.1", daddr: "10.0.0.2" },
    ///     icmp: #{ type: 8, id: 1, sequence: 1 },
    /// });
    /// let file = exec("mktemp", []).stdout;
    /// file.trim();
    /// pcap_write(file, [frame]);
    /// let packets = pcap_read(file);
    /// show(packets[0].line);
    /// assert(packets[0].packet.ip.ttl == 64);
    /// exec("rm", [file]);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn pcap_read(ctx: NativeCallContext, file: &str, options: Map) -> RhaiResultOf<Array> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let count = options.take::<i64>("count")?;
            let detail = match options.flag("link_header")? {
                true => Detail::Link,
                false => Detail::Usual,
            };
            options.finish()?;
            let most = match count.map(usize::try_from) {
                None => usize::MAX,
                Some(Ok(count)) => count,
                Some(Err(_)) => {
                    return Err(Failure::new("count is less than 0").blame("count"));
                }
            };
            read(lab, file, most, detail)
        })
    }

    /// Writes packets to a capture file, which tcpdump, tshark and Wireshark can read.
    ///
    /// The file is pcapng, with nanoseconds, links, namespaces (as the descriptions of interfaces: `netns h1`), directions and
    /// comments; or pcap with nanoseconds if its name ends in `.pcap`, which has room for none of them. A file of this name is
    /// replaced.
    ///
    /// A packet is a map as `pcap_read` gives it, of which only `bytes` has to be there (without `time`, it is of 1970), or the
    /// bytes of a frame.
    ///
    /// Search words: `tshark`, `wireshark`, `pcapng`, `dump`, `capture`, `save`, `tcpdump -w`
    ///
    /// # Options
    /// - `format` (word): "pcap" or "pcapng"; as the file's name ends unless given
    ///
    /// # Returns
    /// How many packets were written (int).
    ///
    /// # Errors
    /// The file can't be written; a packet has no bytes; packets of more than one link type in a pcap file.
    ///
    /// # Example
    /// ```rhai
    /// let frame = packet_encode(#{
    ///     ether: #{ saddr: "02:00:00:00:00:01", daddr: "ff:ff:ff:ff:ff:ff" },
    ///     arp: #{ operation: 1, saddr_ether: "02:00:00:00:00:01", saddr_ip: "10.0.0.1", daddr_ip: "10.0.0.2" },
    /// });
    /// let file = exec("mktemp", []).stdout;
    /// file.trim();
    /// show(pcap_write(file, [#{ bytes: frame, time: 1.5, link: "eth0", direction: "out" }]));
    /// show(pcap_read(file)[0].line);
    /// exec("rm", [file]);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn pcap_write(
        ctx: NativeCallContext,
        file: &str,
        packets: Array,
        options: Map,
    ) -> RhaiResultOf<i64> {
        verb(&ctx, |_| {
            let mut options = Options::new(options);
            let format = options.take::<String>("format")?;
            options.finish()?;
            let format = match format.as_deref() {
                None => format_of(file),
                Some("pcapng") => Format::Pcapng,
                Some("pcap") => Format::Pcap,
                Some(other) => {
                    let words = format!("there is no capture file of the format {other:?}");
                    let hint = "there are \"pcap\" and \"pcapng\"";
                    return Err(Failure::new(words).blame("format").hint(hint));
                }
            };
            write_given(file, &packets, format)
        })
    }
}

fn read(lab: &Lab, file: &str, most: usize, detail: Detail) -> Outcome<Array> {
    let refused = |error: io::Error| refusal("read", file, &error);
    plain(file, "read")?;
    let input = BufReader::with_capacity(1 << 18, File::open(file).map_err(refused)?);
    let damaged = |fault: Fault| match fault {
        Fault::Io(error) => refused(error),
        fault => {
            let words = format!("cannot read {}: {fault}", printable(file));
            Failure::new(words).about(file).blame("file")
        }
    };
    let mut packets = Array::new();
    for packet in Reader::new(input).map_err(damaged)?.take(most) {
        let packet = match packet {
            Ok(packet) => packet,
            // As it is where a program that captured was ended: what is whole counts.
            Err(Fault::Cut) => {
                let (file, count) = (printable(file), packets.len());
                let words = format!("{file} ends within a packet: the {count} before it were read");
                lab.screen().note(&words);
                break;
            }
            Err(fault) => return Err(damaged(fault)),
        };
        if !memory::can_afford(ROOM) {
            let words = format!(
                "cannot read {}: after {} packets there is no memory left for more",
                printable(file),
                packets.len()
            );
            let failure = Failure::new(words).about(file).blame("file");
            return Err(failure.hint("count: N reads the first N packets"));
        }
        if interrupt::requested() {
            break;
        }
        packets.push(captured_map_with(&packet, detail).into());
    }
    Ok(packets)
}

fn write_given(file: &str, packets: &Array, format: Format) -> Outcome<i64> {
    // Before the file is touched: what can't be written leaves an old one as it is.
    let packets = packets.iter().map(read_captured);
    let packets = packets.collect::<Outcome<Vec<_>>>()?;
    let refused = |error: io::Error| refusal("write", file, &error);
    write_all(
        Writer::new(io::sink(), format).map_err(refused)?,
        file,
        &packets,
    )?;
    write(file, packets, format)
}

/// Writes a whole file, and tells how many packets are in it.
pub(super) fn write(
    file: &str,
    packets: impl IntoIterator<Item = Captured>,
    format: Format,
) -> Outcome<i64> {
    write_all(create(file, format)?, file, packets)
}

fn write_all<P: std::borrow::Borrow<Captured>>(
    mut writer: Writer<impl io::Write>,
    file: &str,
    packets: impl IntoIterator<Item = P>,
) -> Outcome<i64> {
    let refused = |error: io::Error| refusal("write", file, &error);
    let mut number = 0;
    for packet in packets {
        if interrupt::requested() {
            break;
        }
        writer.packet(packet.borrow()).map_err(refused)?;
        number += 1;
    }
    writer.finish().map_err(refused)?;
    Ok(number)
}

/// Begins a file.
pub(super) fn create(file: &str, format: Format) -> Outcome<Writer<BufWriter<File>>> {
    let refused = |error: io::Error| refusal("write", file, &error);
    let output = BufWriter::with_capacity(1 << 18, new_file(file)?);
    Writer::new(output, format).map_err(refused)
}

/// The format of a file of this name, if nobody says which.
pub(super) fn format_of(file: &str) -> Format {
    match file.ends_with(".pcap") {
        true => Format::Pcap,
        false => Format::Pcapng,
    }
}
