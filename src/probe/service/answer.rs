//! What is answered to what came. Pure: bytes in, bytes out.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::Asked;
use crate::packet::http::{self, Fault, Request, Response, read_request, reason};

/// Who answers.
#[derive(Debug, Clone)]
pub enum Answerer {
    /// The same comes back (RFC 862).
    Echo,
    /// Pages by HTTP.
    Http(Pages),
}

/// What is served by HTTP.
#[derive(Debug, Clone, Default)]
pub struct Pages {
    /// Who serves them, for the page that there is when none is given.
    pub host: String,
    /// By path; what has no page is not found.
    pub by_path: BTreeMap<String, String>,
    /// What there is at any path, if it is given.
    pub body: Option<String>,
    /// The status of all pages that are found.
    pub status: u16,
    /// Header fields of all answers.
    pub fields: http::Fields,
}

/// An answer on a connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The request, where there is one with a beginning and an end.
    pub asked: Option<Asked>,
    /// How many bytes the request had.
    pub taken: usize,
    /// The connection ends with it.
    pub closes: bool,
}

impl Answerer {
    /// Answers what stands at the beginning of `heard`; None if more of it has to come.
    pub fn answer(&self, heard: &[u8], from: SocketAddr, at: SocketAddr) -> Option<Answer> {
        match self {
            Answerer::Echo => (!heard.is_empty()).then(|| Answer {
                bytes: heard.to_vec(),
                taken: heard.len(),
                ..Answer::default()
            }),
            Answerer::Http(pages) => match read_request(heard) {
                Ok(None) => None,
                Ok(Some((request, taken))) => Some(pages.answer(&request, taken, from, at)),
                Err(fault) => Some(pages.refuse(&fault, heard.len())),
            },
        }
    }
}

impl Pages {
    fn answer(&self, request: &Request, taken: usize, from: SocketAddr, at: SocketAddr) -> Answer {
        let path = request.target.split(['?', '#']).next().unwrap_or("/");
        let page = match self.by_path.get(path) {
            Some(page) => Some(page.clone()),
            None if self.body.is_some() => self.body.clone(),
            None if self.by_path.is_empty() => Some(self.greeting(from, at)),
            None => None,
        };
        let (status, body) = match page {
            Some(page) => (self.status, page),
            None => (404, format!("there is no page {path}\n")),
        };
        let response = self.response(status, body, !request.stays);
        Answer {
            bytes: response.to_bytes(request.method != "HEAD"),
            asked: Some(Asked {
                method: request.method.clone(),
                target: request.target.clone(),
                status,
            }),
            taken,
            closes: !request.stays,
        }
    }

    /// Who answers whom: what a lab with several servers wants to know.
    fn greeting(&self, from: SocketAddr, at: SocketAddr) -> String {
        let host = &self.host;
        format!("{host} at {at} answers {from}\n")
    }

    fn refuse(&self, fault: &Fault, taken: usize) -> Answer {
        let status = match fault {
            Fault::TooLong(..) => 413,
            Fault::NoHttp(_) | Fault::CutShort => 400,
        };
        let response = self.response(status, format!("{fault}\n"), true);
        Answer {
            bytes: response.to_bytes(true),
            asked: Some(Asked {
                method: String::new(),
                target: String::new(),
                status,
            }),
            taken,
            closes: true,
        }
    }

    fn response(&self, status: u16, body: String, closes: bool) -> Response {
        let mut fields = self.fields.clone();
        let mut field = |name: &str, value: String| {
            if http::value(&fields, name).is_none() {
                fields.push((name.into(), value));
            }
        };
        field("content-type", "text/plain; charset=utf-8".into());
        // These two without any (RFC 9110, 8.6).
        if !matches!(status, 204 | 304) {
            field("content-length", body.len().to_string());
        }
        if closes {
            field("connection", "close".into());
        }
        Response {
            status,
            reason: reason(status).into(),
            fields,
            body: match status {
                204 | 304 => Vec::new(),
                _ => body.into_bytes(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::http::read_response;
    use proptest::prelude::*;

    fn pages() -> Pages {
        Pages {
            host: "web".into(),
            status: 200,
            ..Pages::default()
        }
    }

    fn asked(pages: Pages, request: &str) -> (Answer, Option<Response>) {
        let [from, at] =
            ["10.0.0.2:4000", "10.0.0.1:80"].map(|text| text.parse().expect("an address"));
        let answer = Answerer::Http(pages).answer(request.as_bytes(), from, at);
        let answer = answer.expect("an answer");
        let response = read_response(&answer.bytes, true).ok().flatten();
        (answer, response)
    }

    #[test]
    fn a_server_without_pages_says_who_it_is() {
        let (answer, response) = asked(pages(), "GET / HTTP/1.1\r\n\r\n");
        let body = response.expect("a response").body;
        assert_eq!(body, b"web at 10.0.0.1:80 answers 10.0.0.2:4000\n");
        assert!(!answer.closes);
    }

    #[test]
    fn pages_are_found_by_path() {
        let by_path = BTreeMap::from([("/a".to_owned(), "A".to_owned())]);
        let only = Pages {
            by_path: by_path.clone(),
            ..pages()
        };
        let status = |request: &str| asked(only.clone(), request).1.map(|it| it.status);
        assert_eq!(status("GET /a?x=1 HTTP/1.1\r\n\r\n"), Some(200));
        assert_eq!(status("GET /b HTTP/1.1\r\n\r\n"), Some(404));
        let beside = Pages {
            by_path,
            body: Some("B".into()),
            status: 503,
            ..pages()
        };
        let (_, response) = asked(beside, "GET /b HTTP/1.0\r\n\r\n");
        let response = response.expect("a response");
        assert_eq!(
            (response.status, response.body.as_slice()),
            (503, &b"B"[..])
        );
        assert_eq!(response.reason, "Service Unavailable");
    }

    #[test]
    fn a_head_has_no_body_and_nonsense_no_page() {
        let (answer, _) = asked(pages(), "HEAD / HTTP/1.1\r\nConnection: close\r\n\r\n");
        assert!(answer.bytes.ends_with(b"\r\n\r\n") && answer.closes);
        let (answer, response) = asked(pages(), "hello there\r\n\r\n");
        assert_eq!(response.map(|it| it.status), Some(400));
        assert!(answer.closes);
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered_or_waited_for(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let here: SocketAddr = "10.0.0.1:80".parse().expect("an address");
            for answerer in [Answerer::Echo, Answerer::Http(pages())] {
                if let Some(answer) = answerer.answer(&bytes, here, here) {
                    prop_assert!(answer.taken > 0 && answer.taken <= bytes.len());
                }
            }
        }
    }
}
