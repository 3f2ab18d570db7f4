//! Captured packets as a script has them: maps, the same from a capture as from a file.

use std::time::Duration;

use rhai::{Array, Blob, Dynamic, Map};

use super::options::describe;
use super::packet::packet_map;
use super::value::{array, map, maybe};
use crate::lab::failure::{Failure, Outcome};
use crate::packet::captured::{Captured, Direction, LinkType};
use crate::packet::layers::{Sum, decode};
use crate::packet::line::Detail;

/// A captured packet as a map, with the usual line.
pub fn captured_map(captured: &Captured) -> Map {
    captured_map_with(captured, Detail::Usual)
}

/// A captured packet as a map, with a line that tells so much.
pub fn captured_map_with(captured: &Captured, detail: Detail) -> Map {
    let nanoseconds = i64::try_from(captured.at.as_nanos()).unwrap_or(i64::MAX);
    let packet = match captured.link_type.beginning() {
        Some(link) => Dynamic::from_map(packet_map(&decode(&captured.bytes, link))),
        None => Dynamic::UNIT,
    };
    let checksum = captured.sum().and_then(|sum| match sum {
        Sum::Right => Some("right"),
        Sum::Wrong => Some("wrong"),
        Sum::Offloaded => Some("offload"),
        Sum::Absent | Sum::Unknown => None,
    });
    map([
        ("time", captured.at.as_secs_f64().into()),
        ("time_ns", nanoseconds.into()),
        ("netns", maybe(captured.netns.clone())),
        ("link", captured.link.clone().into()),
        ("direction", maybe(captured.direction.map(Direction::word))),
        ("length", i64::from(captured.length).into()),
        ("bytes", Dynamic::from_blob(captured.bytes.clone())),
        ("link_type", captured.link_type.to_string().into()),
        ("line", captured.line(detail).into()),
        ("checksum", maybe(checksum)),
        ("comments", array(captured.comments.iter().cloned()).into()),
        ("packet", packet),
    ])
}

/// The captured packet that a script gives: such a map, of which only `bytes` has to be there, or the bytes of a frame.
pub fn read_captured(value: &Dynamic) -> Outcome<Captured> {
    if let Some(bytes) = value.read_lock::<Blob>() {
        return captured(bytes.clone(), &Map::new());
    }
    let Some(given) = value.read_lock::<Map>() else {
        let words = format!(
            "a captured packet is a map or a blob, not {}",
            describe(value)
        );
        return Err(Failure::new(words).blame("packets"));
    };
    match given.get("bytes").map(|bytes| bytes.read_lock::<Blob>()) {
        Some(Some(bytes)) => captured(bytes.clone(), &given),
        Some(None) => Err(wrong("bytes", "a blob")),
        None => {
            let hint = "packet_encode() makes the bytes of a packet from a map of its headers";
            let failure = Failure::new("a captured packet has no bytes");
            Err(failure.blame("packets").hint(hint))
        }
    }
}

fn captured(bytes: Blob, given: &Map) -> Outcome<Captured> {
    let get = |key: &str| given.get(key).filter(|value| !value.is_unit());
    let text = |key: &str| match get(key) {
        None => Ok(None),
        Some(text) => {
            let text = text.clone().into_string();
            text.map(Some).map_err(|_| wrong(key, "a string"))
        }
    };
    let direction = match text("direction")?.as_deref() {
        None => None,
        Some(word) => {
            let direction = Direction::of_word(word);
            Some(direction.ok_or_else(|| wrong("direction", "\"in\" or \"out\""))?)
        }
    };
    let link_type = match text("link_type")? {
        None => LinkType::Ethernet,
        Some(word) => {
            let words = "\"ethernet\", \"ip\", \"linux_sll\", \"linux_sll2\" or a number";
            LinkType::of_word(&word).ok_or_else(|| wrong("link_type", words))?
        }
    };
    let kept = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let length = match get("length") {
        None => kept,
        Some(length) => {
            let length = length
                .as_int()
                .ok()
                .and_then(|length| length.try_into().ok());
            let length: u32 = length.ok_or_else(|| wrong("length", "an int from 0"))?;
            length.max(kept)
        }
    };
    let comments = match get("comments") {
        None => Vec::new(),
        Some(comments) => {
            let comments = comments.clone().try_cast::<Array>();
            let comments = comments.and_then(|comments| {
                let comments = comments
                    .into_iter()
                    .map(|comment| comment.into_string().ok());
                comments.collect::<Option<Vec<_>>>()
            });
            comments.ok_or_else(|| wrong("comments", "an array of strings"))?
        }
    };
    Ok(Captured {
        at: time(given)?,
        netns: text("netns")?,
        link: text("link")?.unwrap_or_default(),
        direction,
        link_type,
        length,
        bytes,
        comments,
    })
}

/// When it was: by nanoseconds, which a float of seconds has no room for, if they are given.
fn time(given: &Map) -> Outcome<Duration> {
    let get = |key: &str| given.get(key).filter(|value| !value.is_unit());
    if let Some(nanoseconds) = get("time_ns") {
        let nanoseconds = nanoseconds
            .as_int()
            .ok()
            .and_then(|number| number.try_into().ok());
        let nanoseconds = nanoseconds.ok_or_else(|| wrong("time_ns", "an int from 0"))?;
        return Ok(Duration::from_nanos(nanoseconds));
    }
    let Some(seconds) = get("time") else {
        return Ok(Duration::ZERO);
    };
    #[allow(clippy::cast_precision_loss)]
    let float = || {
        seconds
            .as_float()
            .or_else(|_| seconds.as_int().map(|int| int as f64))
    };
    let time = float()
        .ok()
        .and_then(|float| Duration::try_from_secs_f64(float).ok());
    time.ok_or_else(|| wrong("time", "a number of seconds from 0"))
}

fn wrong(key: &str, wanted: &str) -> Box<Failure> {
    let words = format!("{key} of a captured packet has to be {wanted}");
    Failure::new(words).blame("packets")
}
