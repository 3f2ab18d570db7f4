//! HTTP/1.1 as bytes: requests and responses, written and read (RFC 9112). Heads are read by httparse; where a body ends is worked out
//! here. Everything is pure and takes any bytes without a panic. Connections, and what is answered, are left to others.

use std::fmt;

/// The longest head that is read.
const LONGEST_HEAD: usize = 64 << 10;

/// The longest body that is read, of a request and of a response.
pub const LONGEST_ASKED: usize = 1 << 20;
/// See [`LONGEST_ASKED`].
pub const LONGEST_ANSWERED: usize = 16 << 20;

/// More header fields than this are nobody's.
const FIELDS: usize = 128;

/// Header fields, in their order; names in small letters.
pub type Fields = Vec<(String, String)>;

/// A request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// `GET`.
    pub method: String,
    /// Path and query, as they were asked for.
    pub target: String,
    /// Its header fields.
    pub fields: Fields,
    /// What follows the head.
    pub body: Vec<u8>,
    /// Whether the connection stays for another request.
    pub stays: bool,
}

/// A response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// 200.
    pub status: u16,
    /// `OK`.
    pub reason: String,
    /// Its header fields.
    pub fields: Fields,
    /// What follows the head.
    pub body: Vec<u8>,
}

/// Why bytes are no message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// They are no HTTP; this is what is wrong.
    NoHttp(String),
    /// The head, or the body, is too long.
    TooLong(&'static str, usize),
    /// The connection ended in the middle.
    CutShort,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::NoHttp(why) => write!(f, "it is no HTTP: {why}"),
            Fault::TooLong(what, most) => write!(f, "its {what} has more than {most} bytes"),
            Fault::CutShort => f.write_str("the connection ended before the end of it"),
        }
    }
}

fn no_http(why: impl fmt::Display) -> Fault {
    Fault::NoHttp(why.to_string().to_lowercase())
}

/// Reads a request from the beginning of the bytes, and says how many it took; None if more has to come.
pub fn read_request(bytes: &[u8]) -> Result<Option<(Request, usize)>, Fault> {
    let mut room = [httparse::EMPTY_HEADER; FIELDS];
    let mut head = httparse::Request::new(&mut room);
    let Some(length) = complete(head.parse(bytes), bytes)? else {
        return Ok(None);
    };
    let fields = fields(head.headers);
    let body = match is_chunked(&fields) {
        true => chunks(rest(bytes, length), LONGEST_ASKED)?,
        false => counted(
            rest(bytes, length),
            length_of(&fields)?.unwrap_or(0),
            LONGEST_ASKED,
        )?,
    };
    let Some((body, taken)) = body else {
        return Ok(None);
    };
    let wish = value(&fields, "connection").unwrap_or("");
    let request = Request {
        method: head.method.unwrap_or_default().to_owned(),
        target: head.path.unwrap_or_default().to_owned(),
        body,
        stays: match head.version {
            Some(1) => !wish.eq_ignore_ascii_case("close"),
            _ => wish.eq_ignore_ascii_case("keep-alive"),
        },
        fields,
    };
    Ok(Some((request, length + taken)))
}

/// Reads the response to a request for a resource from the bytes; None if more has to come. `is_over` says that nothing more comes.
pub fn read_response(bytes: &[u8], is_over: bool) -> Result<Option<Response>, Fault> {
    let mut bytes = bytes;
    loop {
        let mut room = [httparse::EMPTY_HEADER; FIELDS];
        let mut head = httparse::Response::new(&mut room);
        let Some(length) = complete(head.parse(bytes), bytes)? else {
            return match is_over {
                true => Err(Fault::CutShort),
                false => Ok(None),
            };
        };
        let status = head.code.unwrap_or(0);
        // `100 Continue` and the like go before the response.
        if (100..200).contains(&status) && status != 101 {
            bytes = rest(bytes, length);
            continue;
        }
        let fields = fields(head.headers);
        let after = rest(bytes, length);
        let body = if matches!(status, 101 | 204 | 304) {
            Some((Vec::new(), 0))
        } else if is_chunked(&fields) {
            chunks(after, LONGEST_ANSWERED)?
        } else if let Some(length) = length_of(&fields)? {
            counted(after, length, LONGEST_ANSWERED)?
        } else if after.len() > LONGEST_ANSWERED {
            return Err(Fault::TooLong("body", LONGEST_ANSWERED));
        } else {
            // It ends with the connection.
            is_over.then(|| (after.to_vec(), after.len()))
        };
        return match body {
            None if is_over => Err(Fault::CutShort),
            None => Ok(None),
            Some((body, _)) => Ok(Some(Response {
                status,
                reason: head.reason.unwrap_or_default().to_owned(),
                fields,
                body,
            })),
        };
    }
}

/// The length of a head, once it is complete.
fn complete(parsed: httparse::Result<usize>, bytes: &[u8]) -> Result<Option<usize>, Fault> {
    match parsed.map_err(no_http)? {
        httparse::Status::Complete(length) => Ok(Some(length)),
        httparse::Status::Partial if bytes.len() > LONGEST_HEAD => {
            Err(Fault::TooLong("head", LONGEST_HEAD))
        }
        httparse::Status::Partial => Ok(None),
    }
}

fn rest(bytes: &[u8], from: usize) -> &[u8] {
    bytes.get(from..).unwrap_or_default()
}

fn fields(headers: &[httparse::Header<'_>]) -> Fields {
    let field = |header: &httparse::Header<'_>| {
        let value = String::from_utf8_lossy(header.value);
        (header.name.to_ascii_lowercase(), value.trim().to_owned())
    };
    headers.iter().map(field).collect()
}

/// The value of a header field; the name is in small letters.
pub fn value<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    let found = fields.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str())
}

fn is_chunked(fields: &Fields) -> bool {
    let codings = value(fields, "transfer-encoding").unwrap_or("");
    let last = codings.rsplit(',').next().unwrap_or("");
    last.trim().eq_ignore_ascii_case("chunked")
}

fn length_of(fields: &Fields) -> Result<Option<usize>, Fault> {
    let Some(text) = value(fields, "content-length") else {
        return Ok(None);
    };
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_number);
    let wrong = || no_http(format!("a length of {text:?}"));
    number.map(Some).ok_or_else(wrong)
}

/// A body, and how many bytes it takes.
type Body = Option<(Vec<u8>, usize)>;

fn counted(bytes: &[u8], length: usize, most: usize) -> Result<Body, Fault> {
    if length > most {
        return Err(Fault::TooLong("body", most));
    }
    Ok(bytes.get(..length).map(|body| (body.to_vec(), length)))
}

/// A body in pieces, each with its length before it (RFC 9112, 7.1).
fn chunks(bytes: &[u8], most: usize) -> Result<Body, Fault> {
    let mut body = Vec::new();
    let mut at = 0;
    loop {
        let piece = rest(bytes, at);
        let parsed = httparse::parse_chunk_size(piece).map_err(|_| no_http("a broken chunk"))?;
        let httparse::Status::Complete((head, length)) = parsed else {
            return Ok(None);
        };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > most.saturating_sub(body.len()) {
            return Err(Fault::TooLong("body", most));
        }
        if length == 0 {
            return Ok(trailers(rest(piece, head)).map(|taken| (body, at + head + taken)));
        }
        let Some(data) = piece.get(head..head + length) else {
            return Ok(None);
        };
        match piece.get(head + length..head + length + 2) {
            None => return Ok(None),
            Some(b"\r\n") => {}
            Some(_) => return Err(no_http("a chunk that is longer than it says")),
        }
        body.extend_from_slice(data);
        at += head + length + 2;
    }
}

/// What stands after the last piece, up to an empty line; its length once that has come.
fn trailers(bytes: &[u8]) -> Option<usize> {
    if bytes.starts_with(b"\r\n") {
        return Some(2);
    }
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some(end + 4)
}

impl Request {
    /// The request as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        write_rest(&mut bytes, &self.fields, &self.body);
        bytes
    }
}

impl Response {
    /// The response as bytes; without its body for a `HEAD`.
    pub fn to_bytes(&self, has_body: bool) -> Vec<u8> {
        let mut bytes = format!("HTTP/1.1 {} {}\r\n", self.status, self.reason).into_bytes();
        let body = if has_body { self.body.as_slice() } else { &[] };
        write_rest(&mut bytes, &self.fields, body);
        bytes
    }
}

fn write_rest(bytes: &mut Vec<u8>, fields: &Fields, body: &[u8]) {
    for (name, value) in fields {
        bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
}

/// Whether a header field can be written: its name is a token, its value has no line ends (RFC 9110, 5.5).
pub fn is_field(name: &str, value: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty()
        && name.bytes().all(is_token)
        && !value.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | 0))
}

/// The usual words for a status (RFC 9110, 15).
pub fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Content Too Large",
        418 => "I'm a teapot",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_request_is_read_when_all_of_it_is_there() {
        let text = b"POST /x?y=1 HTTP/1.1\r\nHost: web\r\nContent-Length: 5\r\n\r\nhelloGET /";
        let length = text.len() - 5;
        for end in 0..length {
            assert_eq!(read_request(&text[..end]), Ok(None), "{end}");
        }
        let (request, taken) = read_request(text).expect("HTTP").expect("all of it");
        assert_eq!(taken, length);
        assert_eq!(
            (request.method.as_str(), request.target.as_str()),
            ("POST", "/x?y=1")
        );
        assert_eq!(request.body, b"hello");
        assert!(request.stays);
        assert_eq!(value(&request.fields, "host"), Some("web"));
        let old = read_request(b"GET / HTTP/1.0\r\n\r\n")
            .expect("HTTP")
            .expect("all");
        assert!(!old.0.stays);
        assert!(read_request(b"\x16\x03\x01\x02\x00").is_err());
    }

    #[test]
    fn a_body_ends_in_three_ways() {
        let counted = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi and more";
        let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nh\r\n1;x=y\r\ni\r\n0\r\nT: 1\r\n\r\n";
        for text in [&counted[..], &chunked[..]] {
            let response = read_response(text, false)
                .expect("HTTP")
                .expect("all of it");
            assert_eq!(response.body, b"hi");
        }
        let until_the_end = b"HTTP/1.0 404 Not Found\r\n\r\nhi";
        assert_eq!(read_response(until_the_end, false), Ok(None));
        let response = read_response(until_the_end, true)
            .expect("HTTP")
            .expect("all");
        assert_eq!(
            (response.status, response.reason.as_str()),
            (404, "Not Found")
        );
        assert_eq!(response.body, b"hi");
        assert_eq!(read_response(&chunked[..60], true), Err(Fault::CutShort));
        let continued = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n";
        let response = read_response(continued, false).expect("HTTP").expect("all");
        assert_eq!(response.status, 204);
    }

    #[test]
    fn what_is_too_long_is_refused() {
        let long = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n";
        assert_eq!(
            read_response(long, false),
            Err(Fault::TooLong("body", LONGEST_ANSWERED))
        );
        let odd = b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n";
        assert!(matches!(read_response(odd, false), Err(Fault::NoHttp(_))));
        let head = [
            b"GET / HTTP/1.1\r\nx: ".as_slice(),
            &vec![b'a'; LONGEST_HEAD],
        ]
        .concat();
        assert_eq!(
            read_request(&head),
            Err(Fault::TooLong("head", LONGEST_HEAD))
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_readers_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), over: bool) {
            let _ = read_request(&bytes);
            let _ = read_response(&bytes, over);
            for head in ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: "] {
                let _ = read_response(&[head.as_bytes(), &bytes].concat(), over);
            }
        }

        #[test]
        fn what_is_written_is_read(body in proptest::collection::vec(any::<u8>(), 0..300), status in 200u16..600) {
            let fields = vec![("content-length".to_owned(), body.len().to_string())];
            let response = Response { status, reason: reason(status).into(), fields: fields.clone(), body: body.clone() };
            let read = read_response(&response.to_bytes(true), false);
            if !matches!(status, 204 | 304) {
                prop_assert_eq!(read, Ok(Some(response)));
            }
            let request = Request { method: "PUT".into(), target: "/".into(), fields, body, stays: true };
            let bytes = request.to_bytes();
            prop_assert_eq!(read_request(&bytes), Ok(Some((request, bytes.len()))));
        }
    }
}
