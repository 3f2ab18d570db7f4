//! Queueing disciplines, classes and filters with the names of links in place of indexes; and links made worse on purpose.

use crate::kernel::error::Result;
use crate::kernel::features::{Feature, Kind};
use crate::kernel::filter::{self, Filter};
use crate::kernel::options::{Setting, Settings};
use crate::kernel::qdisc::class::{self, Class};
use crate::kernel::qdisc::handle::Handle;
use crate::kernel::qdisc::message::Mode;
use crate::kernel::qdisc::tbf;
use crate::kernel::qdisc::{self, Qdisc, QdiscAdd, QdiscDel};

use super::Lab;
use super::failure::{Failure, Outcome};

/// The kinds that an impaired link has at its root.
const IMPAIRMENTS: [&str; 2] = ["netem", "tbf"];

/// How long a packet may wait for a rate that has no netem: as long as a common router would let it.
const LATENCY: u64 = 50_000_000;

impl Lab {
    /// The queueing disciplines of the current namespace, or of one link of it, each with its link's name.
    pub fn qdiscs(&self, link: Option<&str>) -> Result<Vec<(String, Qdisc)>> {
        let namespace = self.current().namespace()?;
        let route = namespace.route()?;
        let only = link.map(|link| route.index_of(link)).transpose()?;
        let list = qdisc::list(&namespace, only)?;
        let named = list.into_iter().map(|qdisc| {
            let name = route.name_of(qdisc.index).unwrap_or_default();
            (name, qdisc)
        });
        Ok(named.collect())
    }

    /// The classes of a link of the current namespace.
    pub fn classes(&self, link: &str) -> Result<Vec<Class>> {
        let namespace = self.current().namespace()?;
        let index = namespace.route()?.index_of(link)?;
        class::list(&namespace, index)
    }

    /// The filters of a link of the current namespace, at one place or at all that its disciplines have.
    pub fn filters(&self, link: &str, parent: Option<Handle>) -> Result<Vec<Filter>> {
        let namespace = self.current().namespace()?;
        let index = namespace.route()?.index_of(link)?;
        if let Some(parent) = parent {
            return filter::list(&namespace, index, parent);
        }
        let mut filters = Vec::new();
        for qdisc in qdisc::list(&namespace, Some(index))? {
            let places = match (qdisc.handle, qdisc.kind.as_str()) {
                (Handle::NONE, _) => &[][..],
                (_, "clsact") => &[INGRESS, EGRESS],
                (_, "ingress") => &[INGRESS],
                (handle, _) => &[handle],
            };
            for place in places {
                filters.extend(filter::list(&namespace, index, *place)?);
            }
        }
        Ok(filters)
    }

    /// Makes a link worse by these options of netem, in place of what it was impaired by before.
    pub fn impair(&self, link: &str, settings: Settings) -> Outcome<()> {
        let now = self.impairment(link)?;
        let (kind, settings) = self.impairment_of(link, settings)?;
        // Another handle puts a fresh discipline in the place of the old one in a single step. The old one, changed, would
        // keep whatever is not said this time.
        let handle = match now {
            Some(Qdisc { handle, .. }) if handle == FIRST => SECOND,
            _ => FIRST,
        };
        self.apply(QdiscAdd {
            mode: Mode::Replace,
            link: link.into(),
            kind,
            parent: Handle::ROOT,
            handle,
            settings,
        })
    }

    /// Takes away what a link was impaired by.
    pub fn unimpair(&self, link: &str) -> Outcome<()> {
        match self.impairment(link)? {
            None => Ok(()),
            Some(now) => self.apply(QdiscDel {
                link: link.into(),
                parent: Handle::ROOT,
                handle: now.handle,
            }),
        }
    }

    /// What a link is impaired by. A discipline at its root that is something else is the user's own.
    fn impairment(&self, link: &str) -> Outcome<Option<Qdisc>> {
        let words = format!("look at the qdisc of {link}");
        let found = self.current().namespace().and_then(|namespace| {
            let index = namespace.route()?.index_of(link)?;
            qdisc::at(&namespace, index, Handle::ROOT)
        });
        let found = found.map_err(|error| self.explain_question(&words, &error).blame("link"))?;
        match found {
            Some(other) if !IMPAIRMENTS.contains(&other.kind.as_str()) => {
                let words = format!(
                    "{link} has at its root the qdisc {} {}",
                    other.kind, other.handle
                );
                Err(Failure::new(words).about(link).blame("link").hint(
                    "put netem into a class of it: qdisc_add(link, \"netem\", #{ parent: \"1:10\", ... }); or delete it: qdisc_del(link)",
                ))
            }
            found => Ok(found),
        }
    }

    /// The discipline for what is asked: netem, or, for a rate alone where the kernel has no netem, tbf.
    fn impairment_of(&self, link: &str, settings: Settings) -> Outcome<(String, Settings)> {
        let rate = match settings.get("rate") {
            Some(Setting::Rate(rate)) if settings.given().len() == 1 => *rate,
            _ => return Ok(("netem".into(), settings)),
        };
        let netem = Feature::of(Kind::Qdisc, "netem");
        let is_there = netem.is_there();
        if is_there.map_err(|error| self.explain_question("look for netem", &error))? {
            return Ok(("netem".into(), settings));
        }
        let mut bucket = Settings::of(tbf::OPTIONS);
        bucket.set("rate", Setting::Rate(rate));
        // What passes between two ticks of a slow timer, and no less than a packet with its header.
        let burst = (rate / 250).max(2048);
        // tbf counts what waits with 32 bits.
        let most = u64::from(u32::MAX).saturating_sub(burst) * 1_000_000_000 / rate.max(1);
        bucket.set("burst", Setting::Size(burst));
        bucket.set("latency", Setting::nanoseconds(LATENCY.min(most)));
        // Whichever of its options it is about, it is the rate that was given.
        if let Some(reason) = tbf::check(&bucket) {
            let words = format!(
                "cannot give {link} this rate without netem: {}",
                reason.words
            );
            let failure = Failure::new(words).about(link).blame("rate");
            return Err(failure.hint(netem.remedy()));
        }
        Ok(("tbf".into(), bucket))
    }
}

/// The sides of clsact, where its filters are (TC_H_MIN_INGRESS and TC_H_MIN_EGRESS of linux/pkt_sched.h).
const INGRESS: Handle = Handle(0xffff_fff2);
const EGRESS: Handle = Handle(0xffff_fff3);

/// The handles that an impaired link takes turns with.
const FIRST: Handle = Handle(0x1_0000);
const SECOND: Handle = Handle(0x2_0000);
