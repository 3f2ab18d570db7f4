//! DNS messages (RFC 1035, 3596, 6891, and RFC 6762 for multicast): read as far as they are whole, and told in one line as tcpdump does.

use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::layers::type_name;

/// What every message begins with.
const HEADER: usize = 12;

/// How many pointers a name may follow. Compressed names have one; a malicious one runs in circles.
const MOST_POINTERS: usize = 32;

/// How long a name can be (RFC 1035, 2.3.4). A malicious message could tell the same long one over and over.
const LONGEST_NAME: usize = 255;

/// A message, as far as it could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its number.
    pub id: u16,
    /// The flags and codes of the header.
    pub flags: u16,
    /// How many questions, answers, authorities and additional records it says that it has.
    pub counts: [u16; 4],
    /// The questions.
    pub questions: Vec<Question>,
    /// The answers.
    pub answers: Vec<Record>,
    /// Whether questions or answers are not all there.
    pub is_cut: bool,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Of what.
    pub name: String,
    /// The type of records that is asked for.
    pub kind: u16,
    /// Their class.
    pub class: u16,
}

/// A resource record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Of what.
    pub name: String,
    /// Its type.
    pub kind: u16,
    /// Its class.
    pub class: u16,
    /// For how many seconds it holds.
    pub ttl: u32,
    /// Its data, as text; None for types of which nothing is known.
    pub data: Option<String>,
}

impl Message {
    /// Reads a message; None if there is no whole header.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        bytes.get(..HEADER)?;
        let mut reader = Reader { bytes, at: 0 };
        let id = reader.short()?;
        let flags = reader.short()?;
        let counts = [
            reader.short()?,
            reader.short()?,
            reader.short()?,
            reader.short()?,
        ];
        let mut message = Message {
            id,
            flags,
            counts,
            questions: Vec::new(),
            answers: Vec::new(),
            is_cut: false,
        };
        message.is_cut = message.sections(&mut reader).is_none();
        Some(message)
    }

    fn sections(&mut self, reader: &mut Reader) -> Option<()> {
        let [questions, answers, ..] = self.counts;
        for _ in 0..questions {
            self.questions.push(Question {
                name: reader.name()?,
                kind: reader.short()?,
                class: reader.short()?,
            });
        }
        for _ in 0..answers {
            self.answers.push(reader.record()?);
        }
        Some(())
    }

    /// Whether it is an answer.
    pub fn is_response(&self) -> bool {
        self.flags & 0x8000 != 0
    }
}

/// A place in a message.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn take(&mut self, count: usize) -> Option<&[u8]> {
        let taken = self.bytes.get(self.at..)?.get(..count)?;
        self.at += count;
        Some(taken)
    }

    fn short(&mut self) -> Option<u16> {
        let bytes = self.take(2)?.first_chunk::<2>()?;
        Some(u16::from_be_bytes(*bytes))
    }

    fn long(&mut self) -> Option<u32> {
        let bytes = self.take(4)?.first_chunk::<4>()?;
        Some(u32::from_be_bytes(*bytes))
    }

    /// A name with a dot behind each of its labels.
    fn name(&mut self) -> Option<String> {
        let (name, end) = name(self.bytes, self.at)?;
        self.at = end;
        Some(name)
    }

    fn record(&mut self) -> Option<Record> {
        let name = self.name()?;
        let kind = self.short()?;
        let class = self.short()?;
        let ttl = self.long()?;
        let length = usize::from(self.short()?);
        let start = self.at;
        self.take(length)?;
        let data = Reader {
            bytes: self.bytes,
            at: start,
        };
        Some(Record {
            name,
            kind,
            class,
            ttl,
            data: data.data(kind, length),
        })
    }

    fn data(mut self, kind: u16, length: usize) -> Option<String> {
        let end = self.at + length;
        Some(match kind {
            1 => Ipv4Addr::from(*self.take(length)?.first_chunk::<4>()?).to_string(),
            28 => Ipv6Addr::from(*self.take(length)?.first_chunk::<16>()?).to_string(),
            // NS, CNAME, PTR, DNAME
            2 | 5 | 12 | 39 => self.name()?,
            15 => {
                let preference = self.short()?;
                format!("{} {preference}", self.name()?)
            }
            16 => {
                let mut texts = Vec::new();
                while self.at < end {
                    let length = usize::from(*self.take(1)?.first()?);
                    texts.push(format!("\"{}\"", printable(self.take(length)?)));
                }
                texts.join(" ")
            }
            33 => {
                let (priority, weight, port) = (self.short()?, self.short()?, self.short()?);
                format!("{}:{port} {priority} {weight}", self.name()?)
            }
            _ => return None,
        })
    }
}

/// The name that begins at this place, and where it ends.
fn name(bytes: &[u8], start: usize) -> Option<(String, usize)> {
    let mut text = String::new();
    let mut at = start;
    let mut end = None;
    let mut pointers = 0;
    let mut total = 0;
    loop {
        let length = usize::from(*bytes.get(at)?);
        match length >> 6 {
            0 if length == 0 => break,
            0 => {
                text.push_str(&printable(bytes.get(at + 1..)?.get(..length)?));
                text.push('.');
                at += 1 + length;
                total += 1 + length;
                (total <= LONGEST_NAME).then_some(())?;
            }
            3 => {
                let low = usize::from(*bytes.get(at + 1)?);
                end.get_or_insert(at + 2);
                at = (length & 0x3f) << 8 | low;
                pointers += 1;
                (pointers <= MOST_POINTERS).then_some(())?;
            }
            _ => return None,
        }
    }
    if text.is_empty() {
        text.push('.');
    }
    Some((text, end.unwrap_or(at + 1)))
}

/// One line for a message of which these bytes are there, and which has `length`: `1+ A? example.com. (29)`.
pub fn line(bytes: &[u8], length: usize, is_multicast: bool) -> String {
    if length < HEADER {
        return format!("domain [length {length} < {HEADER}] (invalid)");
    }
    let Some(message) = Message::read(bytes) else {
        return "[|domain]".into();
    };
    let mut line = match message.is_response() {
        true => response(&message, is_multicast),
        false => query(&message, is_multicast),
    };
    let end = match message.is_cut {
        true => write!(line, " [|domain]"),
        false => write!(line, " ({length})"),
    };
    // A string takes all that is written to it.
    let _ = end;
    line
}

fn response(message: &Message, is_multicast: bool) -> String {
    let Message { id, flags, .. } = message;
    let when = |bit: u16, set: &'static str, unset: &'static str| {
        if flags & bit != 0 { set } else { unset }
    };
    let [questions, answers, authorities, additional] = message.counts;
    let mut line = format!(
        "{id}{}{}{}{}{}{}",
        operation(*flags),
        result(*flags),
        when(0x0400, "*", ""),
        when(0x0080, "", "-"),
        when(0x0200, "|", ""),
        when(0x0020, "$", "")
    );
    if questions != 1 {
        let _ = write!(line, " [{questions}q]");
    }
    let _ = write!(line, " {answers}/{authorities}/{additional}");
    let records = message.answers.iter().map(|record| {
        let data = record.data.iter().map(|data| format!(" {data}"));
        let flush = if is_multicast && record.class & 0x8000 != 0 {
            " (Cache flush)"
        } else {
            ""
        };
        let class = class(record.class, is_multicast);
        format!(
            "{flush}{class} {}{}",
            kind(record.kind),
            data.collect::<String>()
        )
    });
    line + records.collect::<Vec<_>>().join(",").as_str()
}

fn query(message: &Message, is_multicast: bool) -> String {
    let Message { id, flags, .. } = message;
    let [questions, answers, authorities, additional] = message.counts;
    let when = |bit: u16, set: &'static str| if flags & bit != 0 { set } else { "" };
    let mut line = format!(
        "{id}{}{}{}",
        operation(*flags),
        when(0x0100, "+"),
        when(0x0010, "%")
    );
    // A question has neither results nor answers.
    if flags & 0x06cf != 0 {
        let _ = write!(line, " [b2&3={flags:#x}]");
    }
    for (count, usual, word) in [
        (answers, 0, "a"),
        (questions, 1, "q"),
        (authorities, 0, "n"),
        (additional, 0, "au"),
    ] {
        if count != usual {
            let _ = write!(line, " [{count}{word}]");
        }
    }
    for question in &message.questions {
        let _ = write!(line, " {}", kind(question.kind));
        if is_multicast {
            let way = if question.class & 0x8000 != 0 {
                "QU"
            } else {
                "QM"
            };
            let _ = write!(line, " ({way})");
        }
        let _ = write!(
            line,
            "{}? {}",
            class(question.class, is_multicast),
            question.name
        );
    }
    line
}

fn operation(flags: u16) -> String {
    match flags >> 11 & 15 {
        0 => String::new(),
        1 => " inv_q".into(),
        2 => " stat".into(),
        4 => " notify".into(),
        5 => " update".into(),
        other => format!(" op{other}"),
    }
}

/// The result of a response (RFC 6895, 2.3).
pub(super) fn result(flags: u16) -> String {
    match flags & 15 {
        0 => String::new(),
        1 => " FormErr".into(),
        2 => " ServFail".into(),
        3 => " NXDomain".into(),
        4 => " NotImp".into(),
        5 => " Refused".into(),
        6 => " YXDomain".into(),
        7 => " YXRRSet".into(),
        8 => " NXRRSet".into(),
        9 => " NotAuth".into(),
        10 => " NotZone".into(),
        other => format!(" Resp{other}"),
    }
}

/// A type of records, or of questions.
pub fn kind(number: u16) -> String {
    type_name(number).map_or_else(|| format!("Type{number}"), Into::into)
}

/// A class that is not the Internet's.
fn class(number: u16, is_multicast: bool) -> String {
    let number = if is_multicast {
        number & 0x7fff
    } else {
        number
    };
    match number {
        1 => String::new(),
        2 => " CSNET".into(),
        3 => " CHAOS".into(),
        4 => " HS".into(),
        255 => " ANY".into(),
        other => format!(" Class{other}"),
    }
}

/// Bytes as text; what could do something to a terminal is shown as tcpdump shows it.
pub(super) fn printable(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        let mut low = *byte;
        if !low.is_ascii() {
            text.push_str("M-");
            low &= 0x7f;
        }
        if low.is_ascii_graphic() || low == b' ' {
            text.push(char::from(low));
        } else {
            text.push('^');
            text.push(char::from(low ^ 0x40));
        }
    }
    text
}

#[cfg(test)]
mod tests;
