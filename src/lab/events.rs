//! What happens to links, addresses, routes and neighbours in all namespaces, in the order in which it happens.

use std::cell::Cell;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::kernel::error::Result;
use crate::kernel::link::{self, Link};
use crate::kernel::monitor_text::{self, Links};
use crate::kernel::netlink::listen::{self, Background, Heard, Listener, Notification, Until};
use crate::kernel::notification::{self, Kind, Object};
use crate::kernel::wait::GLANCE;

use super::Lab;
use super::hearing::Listening;
use super::interrupt;
use super::links::NamedLink;

/// Something that happened.
pub struct Event {
    /// When it was read, from the beginning on.
    pub at: Duration,
    /// What.
    pub what: What,
}

/// What happened.
pub enum What {
    /// The kernel told of it.
    Told(Box<Told>),
    /// Notifications were lost here: they came faster than they could be read.
    Lost,
}

/// What the kernel told.
pub struct Told {
    /// The namespace; `home` or its name.
    pub netns: String,
    /// The event.
    pub event: notification::Event,
    /// The names of the links in it.
    pub links: HashMap<u32, String>,
    /// The link with its names, of an event about one.
    pub link: Option<NamedLink>,
    /// A line, as `ip monitor` writes it.
    pub text: String,
}

/// What to hear of.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// What the events are about.
    pub kinds: Vec<Kind>,
    /// Only what happens there; `home` or a name.
    pub netns: Option<String>,
}

/// A link as it was when it was last heard of.
struct Known {
    name: String,
    up: bool,
}

/// Turns notifications into events. It knows what each link was called at the time.
struct Reader<'a> {
    lab: &'a Lab,
    wanted: &'a Wanted,
    start: Instant,
    links: HashMap<Option<i32>, HashMap<u32, Known>>,
    _listening: Listening<'a>,
}

impl Lab {
    /// Runs `work`, and tells what happened meanwhile.
    pub fn events<T>(&self, wanted: &Wanted, work: impl FnOnce() -> T) -> Result<(T, Vec<Event>)> {
        // What was begun before is no event of this work.
        self.settle();
        let (mut reader, listener) = self.reader(wanted)?;
        let background = Background::start(vec![listener])?;
        let value = work();
        // A link that was brought up has its carrier told from a work queue.
        self.settle();
        let heard = background.finish()?;
        let events = heard.into_iter().map(|one| reader.read(one));
        let events: Result<Vec<Option<Event>>> = events.collect();
        Ok((value, events?.into_iter().flatten().collect()))
    }

    /// Tells what happens, as it happens, until `each` returns false, the time is over, or Ctrl-C.
    pub fn monitor(
        &self,
        wanted: &Wanted,
        time: Option<Duration>,
        mut each: impl FnMut(Event) -> bool,
    ) -> Result<()> {
        let (mut reader, listener) = self.reader(wanted)?;
        let goes_on = Cell::new(true);
        let until = Until {
            deadline: time.and_then(|time| reader.start.checked_add(time)),
            glance: GLANCE,
            goes_on: &|| goes_on.get() && !interrupt::requested() && !self.screen.is_closed(),
            closed: None,
        };
        let mut fault = Ok(());
        listen::listen(&[listener], until, |heard| match reader.read(heard) {
            Ok(Some(event)) if goes_on.get() => goes_on.set(each(event)),
            Ok(_) => {}
            Err(error) => fault = Err(error),
        })?;
        fault
    }

    fn reader<'a>(&'a self, wanted: &'a Wanted) -> Result<(Reader<'a>, Listener)> {
        let groups: Vec<u32> = Kind::ALL
            .iter()
            // Links are always heard: their names are needed.
            .filter(|(kind, ..)| *kind == Kind::Link || wanted.kinds.contains(kind))
            .flat_map(|(.., groups)| groups.iter().copied())
            .collect();
        let (listener, listening) = self.listen_everywhere(listen::ROUTE, &groups)?;
        let mut links = HashMap::new();
        for (id, netns) in self.heard() {
            let Ok(namespace) = netns.namespace() else {
                continue;
            };
            let known = link::list_bare(&namespace)?.into_iter().map(|link| {
                let (name, up) = (link.name, link.up);
                (link.index, Known { name, up })
            });
            links.insert(id, known.collect());
        }
        let reader = Reader {
            lab: self,
            wanted,
            start: Instant::now(),
            links,
            _listening: listening,
        };
        Ok((reader, listener))
    }
}

impl Reader<'_> {
    /// The event that this is; None of what was not asked for.
    fn read(&mut self, heard: Heard) -> Result<Option<Event>> {
        let (at, what) = match heard {
            Heard::Lost(at) => (at, Some(What::Lost)),
            Heard::Message(notification) => {
                notification.show();
                let told = self.told(&notification)?;
                (notification.at, told.map(|told| What::Told(Box::new(told))))
            }
        };
        let at = at.saturating_duration_since(self.start);
        Ok(what.map(|what| Event { at, what }))
    }

    fn told(&mut self, notification: &Notification) -> Result<Option<Told>> {
        let Some(event) = notification::read(&notification.answer)? else {
            return Ok(None);
        };
        let nsid = notification.nsid;
        let speaker = self.lab.speaker(nsid);
        let netns = match &speaker {
            Some(netns) => netns.name().to_string(),
            None => format!("nsid {}", nsid.unwrap_or_default()),
        };
        let links = self.links.entry(nsid).or_default();
        if let Object::Link(link) = &event.object {
            let (name, up) = (link.name.clone(), link.up);
            links.insert(link.index, Known { name, up });
        }
        let is_wanted = self.wanted.kinds.contains(&event.object.kind())
            && self.wanted.netns.as_ref().is_none_or(|only| *only == netns);
        if !is_wanted {
            return Ok(None);
        }
        let names = NamesThen { links };
        let text = monitor_text::line(&event, &names);
        let names = event.object.links().into_iter();
        let names = names.map(|index| (index, NamesThen { links }.name(index)));
        let names: HashMap<u32, String> = names.collect();
        let link = match &event.object {
            Object::Link(link) => Some(self.lab.named(
                speaker.as_deref(),
                Link::clone(link),
                &names,
            )),
            _ => None,
        };
        Ok(Some(Told {
            netns,
            event,
            links: names,
            link,
            text,
        }))
    }
}

/// The names of links at the time of an event.
struct NamesThen<'a> {
    links: &'a HashMap<u32, Known>,
}

impl Links for NamesThen<'_> {
    fn name(&self, index: u32) -> String {
        match self.links.get(&index) {
            Some(known) => known.name.clone(),
            None => format!("if{index}"),
        }
    }

    fn is_down(&self, index: u32) -> bool {
        self.links.get(&index).is_some_and(|known| !known.up)
    }
}
