//! The kinds of queueing disciplines and classes: what options they have, and how those lie in TCA_OPTIONS
//! (linux/pkt_sched.h; the order of attributes is that of tc, so that the bytes can be compared).

use super::{fifo, htb, netem, red, tbf};
use crate::kernel::error::{Error, Result};
use crate::kernel::options::read::read;
use crate::kernel::options::{Form, Row, Says, Settings, Unit, Width, row};
use crate::kernel::reason::Reason;

/// A kind whose options netsh knows.
pub struct Kind {
    /// Its name.
    pub name: &'static str,
    /// Its options, in the order of tc's message.
    pub options: &'static [Row],
    /// How they lie in the message.
    pub layout: Layout,
    /// Says what is missing or contradicts, before anything is sent.
    pub check: fn(&Settings) -> Option<Reason>,
}

/// How options lie in TCA_OPTIONS.
pub enum Layout {
    /// There are none.
    Nothing,
    /// Each is an attribute.
    Attributes,
    /// Structs; what writes them (None: no TCA_OPTIONS at all) and what reads them.
    Structs(
        fn(&Settings) -> Option<Vec<u8>>,
        fn(&[u8]) -> Result<Settings>,
    ),
}

/// A time in a struct.
pub(super) const TIME: Form = Form::Period(Unit::Nanoseconds);

/// What a packet is cut into below.
pub(super) const LINKLAYER: Form = Form::OneOf(&["ethernet", "atm"]);

/// An option in a struct. Without a word it stands behind the one before.
pub(super) const fn of(key: &'static str, word: &'static str, form: Form) -> Row {
    let row = row(key, 0, form, "").word(word);
    match word.is_empty() {
        true => row.says(Says::Behind),
        false => row,
    }
}

/// An option in a struct that is on where its word stands.
pub(super) const fn flag(key: &'static str) -> Row {
    row(key, 0, Form::Switch(Width::U32), "").says(Says::Alone)
}

/// An option that is an attribute.
const fn at(key: &'static str, form: Form, number: u16) -> Row {
    row(key, number, form, "")
}

const NUMBER: Form = Form::number(Width::U32);
const SWITCH: Form = Form::Switch(Width::U32);
const MICROSECONDS: Form = Form::Period(Unit::Microseconds);

fn nothing_to_check(_: &Settings) -> Option<Reason> {
    None
}

const fn plain(name: &'static str, options: &'static [Row], layout: Layout) -> Kind {
    Kind {
        name,
        options,
        layout,
        check: nothing_to_check,
    }
}

/// TCA_FQ_CODEL_*.
const FQ_CODEL: &[Row] = &[
    at("limit", NUMBER, 2),
    at("flows", NUMBER, 5),
    at("quantum", Form::Size, 6),
    at("interval", MICROSECONDS, 3),
    at("target", MICROSECONDS, 1),
    at("ecn", SWITCH, 4).says(Says::No),
    at("ce_threshold", MICROSECONDS, 7),
    at("memory_limit", Form::Size, 9),
    at("drop_batch", NUMBER, 8),
];

/// TCA_CODEL_*.
const CODEL: &[Row] = &[
    at("limit", NUMBER, 2),
    at("interval", MICROSECONDS, 3),
    at("target", MICROSECONDS, 1),
    at("ecn", SWITCH, 4).says(Says::No),
    at("ce_threshold", MICROSECONDS, 5),
];

/// TCA_FQ_*.
const FQ: &[Row] = &[
    at("buckets", Form::Logarithm(Width::U32, 1 << 18), 8),
    at("limit", NUMBER, 1),
    at("flow_limit", NUMBER, 2),
    at("quantum", Form::Size, 3),
    at("initial_quantum", Form::Size, 4),
    at("pacing", SWITCH, 5).says(Says::No),
    at("maxrate", Form::Rate, 7),
    at("low_rate_threshold", Form::Rate, 11),
    at("refill_delay", MICROSECONDS, 9),
    at("orphan_mask", NUMBER, 10),
    at("ce_threshold", MICROSECONDS, 12),
    at("timer_slack", TIME, 13),
    at("horizon", MICROSECONDS, 14),
    at("horizon_drop", Form::Switch(Width::U8), 15).says(Says::Or("horizon_cap")),
];

/// TCA_DRR_QUANTUM, of a class.
const DRR_CLASS: &[Row] = &[at("quantum", Form::Size, 1)];

/// The queueing disciplines.
pub static QDISCS: &[Kind] = &[
    plain(
        "bfifo",
        fifo::BYTES,
        Layout::Structs(fifo::write, fifo::read_bytes),
    ),
    plain("clsact", &[], Layout::Nothing),
    plain("codel", CODEL, Layout::Attributes),
    plain("drr", &[], Layout::Nothing),
    plain("fq", FQ, Layout::Attributes),
    plain("fq_codel", FQ_CODEL, Layout::Attributes),
    plain(
        "htb",
        htb::QDISC,
        Layout::Structs(htb::write_qdisc, htb::read_qdisc),
    ),
    plain("ingress", &[], Layout::Nothing),
    Kind {
        check: netem::check,
        ..plain(
            "netem",
            netem::OPTIONS,
            Layout::Structs(netem::write, netem::read),
        )
    },
    plain("noqueue", &[], Layout::Nothing),
    plain(
        "pfifo",
        fifo::PACKETS,
        Layout::Structs(fifo::write, fifo::read_packets),
    ),
    plain("pfifo_fast", &[], Layout::Nothing),
    Kind {
        check: fifo::check_bands,
        ..plain(
            "prio",
            fifo::PRIO,
            Layout::Structs(fifo::write_prio, fifo::read_prio),
        )
    },
    Kind {
        check: red::check,
        ..plain("red", red::OPTIONS, Layout::Structs(red::write, red::read))
    },
    Kind {
        check: fifo::check_sfq,
        ..plain(
            "sfq",
            fifo::SFQ,
            Layout::Structs(fifo::write_sfq, fifo::read_sfq),
        )
    },
    Kind {
        check: tbf::check,
        ..plain("tbf", tbf::OPTIONS, Layout::Structs(tbf::write, tbf::read))
    },
];

/// The kinds of classes.
pub static CLASSES: &[Kind] = &[
    plain("drr", DRR_CLASS, Layout::Attributes),
    Kind {
        check: htb::check_class,
        ..plain(
            "htb",
            htb::CLASS,
            Layout::Structs(htb::write_class, htb::read_class),
        )
    },
];

/// A kind by its name.
pub fn find(kinds: &'static [Kind], name: &str) -> Option<&'static Kind> {
    kinds.iter().find(|kind| kind.name == name)
}

impl Kind {
    /// The value of TCA_OPTIONS; None where there is to be none.
    pub fn write(&self, settings: &Settings) -> Result<Option<Vec<u8>>> {
        Ok(match self.layout {
            Layout::Nothing => None,
            Layout::Attributes => Some(settings.attributes(&no_link)?.into_bytes()),
            Layout::Structs(write, _) => write(settings),
        })
    }

    /// The options in a TCA_OPTIONS, in the order of the table.
    pub fn read(&self, bytes: &[u8]) -> Result<Settings> {
        let mut settings = Settings::of(self.options);
        match self.layout {
            Layout::Nothing => {}
            Layout::Attributes => {
                for (row, setting) in read(self.options, bytes, &|_| None) {
                    settings.set(row.key, setting);
                }
            }
            Layout::Structs(_, read) => settings = read(bytes)?.in_order(),
        }
        Ok(settings)
    }
}

/// No option here is a link.
fn no_link(name: &str) -> Result<u32> {
    Err(Error::NoSuchLink(name.into()))
}
