//! Filters made, replaced and deleted.

use nix::errno::Errno;

use crate::kernel::change::{Action, Change, Command, Names, Operation};
use crate::kernel::error::{Error, Result};
use crate::kernel::features::{Feature, Kind};
use crate::kernel::netlink::attributes::Attributes;
use crate::kernel::qdisc::handle::Handle;
use crate::kernel::qdisc::message::{Mode, RTM_DELTFILTER, RTM_NEWTFILTER};
use crate::kernel::qdisc::{self, command};
use crate::kernel::reason::{Reason, Refusal, listed};

use super::*;

/// A filter added, or one replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterAdd {
    /// How one that is there is treated.
    pub mode: Mode,
    /// The link.
    pub link: String,
    /// Where.
    pub place: Place,
    /// What it looks for and does.
    pub rule: Rule,
}

impl FilterAdd {
    /// Says what is missing or contradicts.
    fn check(&self) -> Option<Reason> {
        if let Err((key, words)) = flower::write(&self.rule.fields) {
            return Some(Reason::new(words).blame(key));
        }
        let is_u32 = self.place.kind == "u32";
        if is_u32 && self.rule.selector.is_empty() {
            return Some(Reason::new("u32 wants something to compare").hint(
                "give the option matches: [\"ip dst 10.0.0.1\", \"ip dport 80\"]; \"u32 0 0\" is whatever comes",
            ));
        }
        None
    }

    fn options(&self, names: &dyn Names) -> Result<Vec<u8>> {
        let rule = &self.rule;
        let (class, acts) = numbers_of(&self.place.kind);
        let index_of = |link: &str| names.link(link);
        let mut actions = Attributes::new();
        if !rule.acts.is_empty() {
            actions.put(acts, &action::write(&rule.acts, &index_of)?);
        }
        let mut attributes = Attributes::new();
        if self.place.kind == "flower" {
            let fields = flower::write(&rule.fields);
            attributes.extend(&fields.map_err(|(_, words)| Error::Unreadable(words))?);
        }
        if let Some(mark) = rule.selector.write_mark() {
            attributes.put(TCA_U32_MARK, &mark);
        }
        if let Some(id) = rule.class {
            attributes.u32(class, id.0);
        }
        attributes.extend(&actions);
        match self.place.kind.as_str() {
            "u32" => drop(attributes.put(TCA_U32_SEL, &rule.selector.write())),
            "flower" => {
                flower::write_flags(&rule.fields, &mut attributes);
                if self.place.protocol != ANY_PROTOCOL {
                    attributes.be16(TCA_FLOWER_KEY_ETH_TYPE, self.place.protocol);
                }
            }
            _ => {}
        }
        Ok(attributes.into_bytes())
    }
}

impl Operation for FilterAdd {
    fn object(&self) -> String {
        self.link.clone()
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        let acts = self.rule.acts.iter().filter_map(Act::link);
        std::iter::once(("link", self.link.as_str()))
            .chain(acts.map(|link| ("action", link)))
            .collect()
    }

    fn words(&self) -> String {
        format!("give {} the filter {}", self.link, self.place.kind)
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        let mut message = self.place.message(names.link(&self.link)?);
        message.options = Some(self.options(names)?);
        Ok(Action::Route(vec![
            message.request(RTM_NEWTFILTER, self.mode.flags_of_part()),
        ]))
    }

    fn command(&self) -> Command {
        let mut command = command(["filter", self.mode.word(), "dev", &self.link]);
        self.place.command(&mut command);
        let words = |command: &mut Command, text: &str| {
            text.split(' ').for_each(|word| command.word(word));
        };
        for text in self.rule.selector.words() {
            words(&mut command, &format!("match {text}"));
        }
        self.rule.fields.say(&mut command);
        if let Some(class) = self.rule.class {
            command.with("classid", class);
        }
        for act in &self.rule.acts {
            words(&mut command, &format!("action {}", act.words()));
        }
        command
    }

    fn objection(&self, names: &dyn Names) -> Option<Reason> {
        self.check().or_else(|| self.kept(names))
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        if let Some(reason) = no_place(&self.link, self.place.parent, names) {
            return Some(reason);
        }
        let said = refusal.said.unwrap_or("");
        match refusal.errno {
            Errno::ENOENT if said.contains("action") => self.no_action(),
            Errno::ENOENT => {
                let filter = Feature::of(Kind::Filter, &self.place.kind);
                missing(&filter, "kind").or_else(|| self.no_action())
            }
            Errno::EEXIST if self.mode == Mode::Replace => Some(
                Reason::new("the kernel changes no filter of this kind in its place")
                    .blame("kind")
                    .hint("delete it first: filter_del"),
            ),
            Errno::EEXIST => Some(
                Reason::new("there is such a filter already")
                    .blame("prio")
                    .hint("another priority, or another protocol, is another filter"),
            ),
            Errno::EINVAL if said.contains("not classful") => Some(
                Reason::new(format!("the qdisc of {} takes no filters", self.link))
                    .blame("link")
                    .hint(
                        "qdisc_add(link, \"clsact\") takes them for all that comes in and goes out",
                    ),
            ),
            _ => None,
        }
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        if self.mode != Mode::Add
            && let Some(before) = self.before(names)?
        {
            return Ok(before);
        }
        // The kernel chooses priority and handle where they are not given; without them others would go too.
        let is_told = self.place.prio != 0 && self.place.handle != 0;
        Ok(is_told.then(|| {
            Change::FilterDel(FilterDel {
                link: self.link.clone(),
                place: self.place.clone(),
            })
        }))
    }
}

impl FilterAdd {
    /// What the kernel would leave as it is without a word, of the filter that is to give way: u32 takes another class and
    /// other actions, and goes on to compare what it did (u32_change in net/sched/cls_u32.c).
    fn kept(&self, names: &dyn Names) -> Option<Reason> {
        if self.mode == Mode::Add || self.place.kind != "u32" {
            return None;
        }
        let index = names.link(&self.link).ok()?;
        let now = list(names.namespace(), index, self.place.parent).ok()?;
        // Whatever the priority, it is found by its handle.
        let is_named = |filter: &&Filter| {
            let (own, other) = (&self.place, &filter.place);
            own.handle != 0 && own.handle == other.handle && own.prio != other.prio
        };
        if let Some(other) = now.iter().find(is_named) {
            let (handle, prio) = (other.place.handle_words(), other.place.prio);
            let words = format!("the filter {handle} has the priority {prio}, which it keeps");
            return Some(Reason::new(words).blame("prio"));
        }
        let same = now.iter().find(|filter| self.is_in_place_of(filter))?;
        let compared = |rule: &Rule| (rule.selector.keys.clone(), rule.selector.mark);
        (compared(&same.rule) != compared(&self.rule)).then(|| {
            let words = format!(
                "a filter of u32 goes on to compare what it did, {}",
                same.rule.selector.words().join(", ")
            );
            Reason::new(words)
                .blame("matches")
                .hint("delete it and add another: filter_del, filter_add")
        })
    }

    /// Whether this is the filter that gives way.
    fn is_in_place_of(&self, other: &Filter) -> bool {
        let which = |place: &Place| (place.prio, place.handle, place.chain.unwrap_or(0));
        which(&self.place) == which(&other.place)
    }

    /// What brings back the one that gives way: None if there is none, nothing in it if there is no way back.
    fn before(&self, names: &dyn Names) -> Result<Option<Option<Change>>> {
        let index = names.link(&self.link)?;
        let mut all = list(names.namespace(), index, self.place.parent)?;
        all.retain(|filter| self.is_in_place_of(filter));
        let Some(now) = all.pop() else {
            return Ok(None);
        };
        Ok(Some(now.is_whole().then(|| {
            Change::FilterAdd(FilterAdd {
                mode: Mode::Replace,
                link: self.link.clone(),
                place: Place {
                    parent: self.place.parent,
                    ..now.place
                },
                rule: now.rule,
            })
        })))
    }

    fn no_action(&self) -> Option<Reason> {
        let mut kinds = self.rule.acts.iter().map(Act::kind);
        kinds.find_map(|kind| missing(&Feature::of(Kind::Action, kind), "action"))
    }
}

/// Why it can't be: this kernel does not have it.
fn missing(feature: &Feature, argument: &'static str) -> Option<Reason> {
    if feature.is_there() != Ok(false) {
        return None;
    }
    let reason = Reason::new(format!("this kernel has no {}", feature.label())).blame(argument);
    let reason = reason.hint(feature.remedy());
    Some(match feature.is_known() {
        true => reason,
        false => reason.alike(&feature.name, KINDS.map(str::to_owned).to_vec(), ""),
    })
}

/// Why there can be no filter: no discipline to put it at.
fn no_place(link: &str, parent: Handle, names: &dyn Names) -> Option<Reason> {
    let index = names.link(link).ok()?;
    let there = qdisc::list(names.namespace(), Some(index)).ok()?;
    let has = |handle: Handle| there.iter().any(|qdisc| qdisc.handle == handle);
    match parent {
        Handle::NONE | Handle::ROOT => None,
        side if side.major() == Handle::OF_INGRESS => (!has(Handle::OF_INGRESS)).then(|| {
            Reason::new(format!("{link} has no clsact for filters"))
                .blame("parent")
                .hint(format!("make it first: qdisc_add({link:?}, \"clsact\")"))
        }),
        parent if has(parent.major()) => None,
        parent => {
            let own: Vec<String> = there
                .iter()
                .filter(|qdisc| qdisc.handle != Handle::NONE)
                .map(|qdisc| format!("{} {}", qdisc.kind, qdisc.handle))
                .collect();
            let reason = Reason::new(format!("{link} has no qdisc {}", parent.major()));
            Some(reason.blame("parent").hint(match own.is_empty() {
                true => "it has none but the kernel's own".into(),
                false => format!("it has {}", listed(&own)),
            }))
        }
    }
}

/// Filters removed: all at a place, or those of a priority, or one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterDel {
    /// The link.
    pub link: String,
    /// Which.
    pub place: Place,
}

impl Operation for FilterDel {
    fn object(&self) -> String {
        self.link.clone()
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        vec![("link", &self.link)]
    }

    fn words(&self) -> String {
        match self.place.prio {
            0 => format!("delete the filters of {}", self.link),
            prio => format!(
                "delete the filters of {} with the priority {prio}",
                self.link
            ),
        }
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        let message = self.place.message(names.link(&self.link)?);
        Ok(Action::Route(vec![message.request(RTM_DELTFILTER, 0)]))
    }

    fn command(&self) -> Command {
        let mut command = command(["filter", "del", "dev", &self.link]);
        self.place.command(&mut command);
        command
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        if let Some(reason) = no_place(&self.link, self.place.parent, names) {
            return Some(reason);
        }
        if !matches!(refusal.errno, Errno::ENOENT | Errno::EINVAL) {
            return None;
        }
        let index = names.link(&self.link).ok()?;
        let all = list(names.namespace(), index, self.place.parent).ok()?;
        let own: Vec<String> = all
            .iter()
            .map(|filter| format!("{} {}", filter.place.prio, filter.place.kind))
            .collect();
        let reason = Reason::new("there is no such filter").blame("prio");
        Some(match own.is_empty() {
            true => reason.hint("there are none at all; filter_list shows those of a parent"),
            false => reason.hint(format!("there are, by priority: {}", listed(&own))),
        })
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        let index = names.link(&self.link)?;
        let place = &self.place;
        let mut all = list(names.namespace(), index, place.parent)?;
        all.retain(|filter| {
            (place.prio == 0 || filter.place.prio == place.prio)
                && (place.handle == 0 || filter.place.handle == place.handle)
        });
        let Ok([only]) = <[Filter; 1]>::try_from(all) else {
            return Ok(None);
        };
        let is_whole = only.is_whole();
        Ok(is_whole.then(|| {
            Change::FilterAdd(FilterAdd {
                mode: Mode::Add,
                link: self.link.clone(),
                place: Place {
                    parent: place.parent,
                    ..only.place
                },
                rule: only.rule,
            })
        }))
    }
}
