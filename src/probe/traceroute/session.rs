//! A traceroute under way: which question goes out when, how long its answer is waited for, and when it is over.

use std::time::{Duration, Instant};

use nix::libc;

use super::method::Method;
use super::{Event, Hop, Options, Query, Report, Start};
use crate::kernel::wait::{GLANCE, Waiter};
use crate::probe::attempt::Answer;
use crate::probe::error::ProbeError;

/// How long the next hop waits for the one before.
const PACE: Duration = Duration::from_millis(50);

/// The longest that an answer is waited for when nothing is said, and how much longer than another took that has come: for the same
/// hop, and for one behind it (`-w 5,3,10` of traceroute). A machine that is busy gets some time on top.
const PATIENCE: Duration = Duration::from_secs(5);
const HERE: u32 = 3;
const NEAR: u32 = 10;
const GRACE: Duration = Duration::from_millis(10);

/// How many questions may be open at once: each can be a socket.
const MOST: usize = 128;

/// A question.
enum Question {
    /// It has not been asked.
    Future,
    /// It was asked then.
    Asked(Instant),
    /// What came, and how long it took.
    Done(Query, Option<Duration>),
}

/// Asks until the way is known.
pub(super) fn run<'a>(
    method: Box<dyn Method + 'a>,
    start: Start,
    options: &'a Options,
    waiter: &dyn Waiter,
    on_event: &mut dyn FnMut(Event<'_>),
) -> Result<Report, ProbeError> {
    let hops = usize::from(options.max_hops.saturating_sub(options.first)) + 1;
    let queries = usize::from(options.queries);
    let mut session = Session {
        method,
        start,
        options,
        questions: (0..hops * queries).map(|_| Question::Future).collect(),
        next: 0,
        end: hops,
        told: Vec::new(),
        pace: Instant::now(),
    };
    let interrupted = session.work(waiter, on_event)?;
    let reached = session.told.iter().flat_map(|hop| &hop.queries);
    Ok(Report {
        reached: reached.clone().any(|query| query.reached),
        start: session.start,
        hops: session.told,
        interrupted,
    })
}

struct Session<'a> {
    method: Box<dyn Method + 'a>,
    start: Start,
    options: &'a Options,
    /// All that there can be, hop by hop.
    questions: Vec<Question>,
    /// The next one to ask.
    next: usize,
    /// How many hops there are, as far as is known.
    end: usize,
    /// The hops that all is known about.
    told: Vec<Hop>,
    /// When the next hop is asked though the one before says nothing.
    pace: Instant,
}

impl Session<'_> {
    /// Whether it was interrupted.
    fn work(
        &mut self,
        waiter: &dyn Waiter,
        on_event: &mut dyn FnMut(Event<'_>),
    ) -> Result<bool, ProbeError> {
        loop {
            if waiter.is_interrupted() {
                return Ok(true);
            }
            for (number, answer) in self.method.take()? {
                self.answered(number, &answer);
            }
            self.expire();
            self.tell(on_event);
            if self.told.len() >= self.end {
                return Ok(false);
            }
            if self.may_ask() {
                self.ask()?;
            } else {
                let time = self
                    .wake()
                    .saturating_duration_since(Instant::now())
                    .min(GLANCE);
                waiter
                    .wait(&[self.method.watched()], time)
                    .map_err(ProbeError::Receive)?;
            }
        }
    }

    fn queries(&self) -> usize {
        usize::from(self.options.queries)
    }

    fn has_more(&self) -> bool {
        self.next < self.end * self.queries()
    }

    fn open(&self) -> usize {
        let is_open = |question: &&Question| matches!(question, Question::Asked(_));
        self.questions.iter().filter(is_open).count()
    }

    /// The questions of a hop go out together.
    fn may_ask(&self) -> bool {
        let in_hop = !self.next.is_multiple_of(self.queries());
        let open = self.open();
        self.has_more()
            && open < MOST
            && (in_hop || open == 0 || Instant::now() >= self.pace || self.has_answered())
    }

    /// Whether all is known about the hop that was asked last.
    fn has_answered(&self) -> bool {
        let from = self.next.saturating_sub(self.queries());
        let last = self.questions.get(from..self.next).unwrap_or_default();
        let is_done = |question: &Question| matches!(question, Question::Done(..));
        last.iter().all(is_done)
    }

    fn ask(&mut self) -> Result<(), ProbeError> {
        let number = self.next;
        let hop = u8::try_from(number / self.queries()).unwrap_or(u8::MAX);
        let asked = Instant::now();
        match self
            .method
            .ask(number, self.options.first.saturating_add(hop))
        {
            Ok(()) => {}
            // One of those that are open makes room.
            Err(ProbeError::Open(error))
                if error.raw_os_error() == Some(libc::EMFILE) && self.open() > 0 =>
            {
                self.pace = asked + PACE;
                return Ok(());
            }
            Err(error) => return Err(error),
        }
        if let Some(question) = self.questions.get_mut(number) {
            *question = Question::Asked(asked);
        }
        self.next += 1;
        self.pace = asked + PACE;
        Ok(())
    }

    fn answered(&mut self, number: usize, answer: &Answer) {
        let query = Query::of(self.start.destination, answer);
        let hop = number / self.queries();
        if let Some(question @ Question::Asked(_)) = self.questions.get_mut(number) {
            if query.is_final {
                self.end = self.end.min(hop + 1);
            }
            *question = Question::Done(query, Some(answer.time));
        }
    }

    /// How long the answer to an open question is waited for.
    fn patience(&self, number: usize) -> Duration {
        if let Some(timeout) = self.options.timeout {
            return timeout;
        }
        let took = |question: &Question| match question {
            Question::Done(_, took) => *took,
            _ => None,
        };
        let first = number / self.queries() * self.queries();
        let here = self.questions.iter().skip(first).take(self.queries());
        let behind = self.questions.iter().take(self.next).skip(number + 1);
        let times = |time: Duration, factor| (time + GRACE).saturating_mul(factor);
        let here = here.filter_map(took).next().map(|time| times(time, HERE));
        let near = || behind.filter_map(took).next().map(|time| times(time, NEAR));
        here.or_else(near)
            .map_or(PATIENCE, |time| time.min(PATIENCE))
    }

    fn expire(&mut self) {
        let now = Instant::now();
        for number in 0..self.next {
            let Some(Question::Asked(at)) = self.questions.get(number) else {
                continue;
            };
            let waited = now.saturating_duration_since(*at);
            if waited >= self.patience(number)
                && let Some(question) = self.questions.get_mut(number)
            {
                *question = Question::Done(Query::default(), None);
                self.method.forget(number);
            }
        }
    }

    /// Tells of the hops that all is known about.
    fn tell(&mut self, on_event: &mut dyn FnMut(Event<'_>)) {
        while self.told.len() < self.end {
            let first = self.told.len() * self.queries();
            let asked = self.questions.iter().skip(first).take(self.queries());
            let done = asked.map_while(|question| match question {
                Question::Done(query, _) => Some(query.clone()),
                _ => None,
            });
            let queries: Vec<Query> = done.collect();
            if queries.len() < self.queries() {
                return;
            }
            let hop = u8::try_from(self.told.len()).unwrap_or(u8::MAX);
            let hop = Hop {
                ttl: self.options.first.saturating_add(hop),
                queries,
            };
            on_event(Event::Hop(&hop));
            self.told.push(hop);
        }
    }

    /// When there is something to do even if nothing comes.
    fn wake(&self) -> Instant {
        let numbered = self.questions.iter().enumerate().take(self.next);
        let expires = numbered.filter_map(|(number, question)| match question {
            Question::Asked(at) => at.checked_add(self.patience(number)),
            _ => None,
        });
        let pace = (self.has_more() && self.open() < MOST).then_some(self.pace);
        let far = Instant::now() + GLANCE;
        expires.chain(pace).min().unwrap_or(far)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::attempt::Outcome;
    use crate::probe::traceroute::Proto;
    use std::cell::RefCell;
    use std::os::fd::{AsFd, BorrowedFd};
    use std::rc::Rc;

    /// A path of so many hops; the numbers of the questions in the order in which they came.
    struct Path {
        asked: Rc<RefCell<Vec<usize>>>,
        length: u8,
        silent: u8,
        answers: Vec<(usize, Answer)>,
        file: std::fs::File,
    }

    impl Method for Path {
        fn ask(&mut self, number: usize, ttl: u8) -> Result<(), ProbeError> {
            self.asked.borrow_mut().push(number);
            let destination = "10.0.0.9".parse().ok();
            let router = format!("10.0.1.{ttl}").parse().ok();
            let (outcome, from) = match ttl >= self.length {
                true => (Outcome::Answered, destination),
                false => {
                    let error = crate::probe::error_queue::QueuedError {
                        errno: 0,
                        origin: libc::SO_EE_ORIGIN_ICMP,
                        icmp_type: 11,
                        icmp_code: 0,
                        info: 0,
                        data: 0,
                        offender: router,
                    };
                    (Outcome::Icmp(error), router)
                }
            };
            if ttl != self.silent {
                let time = Duration::from_micros(100);
                self.answers.push((
                    number,
                    Answer {
                        outcome,
                        from,
                        time,
                    },
                ));
            }
            Ok(())
        }

        fn watched(&self) -> BorrowedFd<'_> {
            self.file.as_fd()
        }

        fn take(&mut self) -> Result<Vec<(usize, Answer)>, ProbeError> {
            Ok(std::mem::take(&mut self.answers))
        }

        fn forget(&mut self, _: usize) {}
    }

    fn options() -> Options {
        Options {
            proto: Proto::Udp,
            port: 33434,
            first: 1,
            max_hops: 6,
            queries: 2,
            timeout: None,
            iface: None,
            source: None,
            size: None,
            dont_fragment: false,
        }
    }

    fn trace(length: u8, silent: u8, options: &Options) -> (Report, Vec<usize>) {
        let asked = Rc::default();
        let path = Path {
            asked: Rc::clone(&asked),
            length,
            silent,
            answers: Vec::new(),
            // Always readable: the loop never sleeps for long.
            file: std::fs::File::open("/dev/null").expect("/dev/null"),
        };
        let start = Start {
            destination: "10.0.0.9".parse().expect("an address"),
            scope: None,
            max_hops: options.max_hops,
            size: 60,
        };
        let report = run(Box::new(path), start, options, &|| false, &mut |_| {});
        let asked = asked.borrow().clone();
        (report.expect("a report"), asked)
    }

    #[test]
    fn nobody_is_asked_behind_the_destination() {
        let (report, asked) = trace(3, 0, &options());
        assert!(report.reached);
        assert_eq!(report.hops.len(), 3);
        assert_eq!(asked, (0..6).collect::<Vec<_>>());
        let ttls: Vec<u8> = report.hops.iter().map(|hop| hop.ttl).collect();
        assert_eq!(ttls, [1, 2, 3]);
    }

    #[test]
    fn a_silent_hop_costs_no_more_than_others_took() {
        let begun = Instant::now();
        let (report, _) = trace(4, 2, &options());
        assert_eq!(report.hops.len(), 4);
        assert!(
            report.hops[1]
                .queries
                .iter()
                .all(|query| query.from.is_none())
        );
        assert!(begun.elapsed() < PATIENCE);
    }

    #[test]
    fn it_ends_with_the_last_hop_that_is_wanted() {
        let options = Options {
            first: 2,
            max_hops: 3,
            ..options()
        };
        let (report, _) = trace(9, 0, &options);
        assert!(!report.reached);
        let ttls: Vec<u8> = report.hops.iter().map(|hop| hop.ttl).collect();
        assert_eq!(ttls, [2, 3]);
    }
}
