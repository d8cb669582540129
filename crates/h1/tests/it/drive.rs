//! A connection without a socket: bytes in any pieces in, messages and the refusal that ended them out.

use littoral_h1::{
    BodyDecoder, Limits, Refusal, RequestFraming, RequestHead, RequestParser, TargetForm, Version,
};

/// One message as we read it, owning its bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Message {
    pub(crate) method: Vec<u8>,
    pub(crate) target: Vec<u8>,
    pub(crate) form: TargetForm,
    pub(crate) version: Version,
    pub(crate) host: Vec<u8>,
    pub(crate) host_name: Vec<u8>,
    pub(crate) port: Option<u16>,
    pub(crate) fields: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) framing: RequestFraming,
    pub(crate) keep_alive: bool,
    pub(crate) upgrade: Option<Vec<u8>>,
    pub(crate) expect_continue: bool,
    pub(crate) te_trailers: bool,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Vec<(Vec<u8>, Vec<u8>)>,
}

/// All that was read of a connection.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Reading {
    pub(crate) messages: Vec<Message>,
    /// A message whose body has not ended.
    pub(crate) unfinished: Option<Message>,
    pub(crate) refusal: Option<Refusal>,
    /// Bytes that the whole messages took, from the start of the connection.
    pub(crate) taken: usize,
    /// Bytes left over of an incomplete head.
    pub(crate) unread: usize,
}

impl Message {
    fn of(head: &RequestHead, buf: &[u8]) -> Message {
        let own = |span: littoral_h1::Span| span.of(buf).to_vec();
        Message {
            method: own(head.method),
            target: own(head.target),
            form: head.form,
            version: head.version,
            host: own(head.host),
            host_name: own(head.host_name),
            port: head.port,
            fields: head.fields.iter().map(|line| (own(line.name), own(line.value))).collect(),
            framing: head.framing,
            keep_alive: head.keep_alive,
            upgrade: head.upgrade.map(own),
            expect_continue: head.expect_continue,
            te_trailers: head.te_trailers,
            body: Vec::new(),
            trailers: Vec::new(),
        }
    }

    /// One line for tables: `POST /x @example.com length hello`, with what is unusual behind it.
    pub(crate) fn line(&self) -> String {
        let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
        let framing = match self.framing {
            RequestFraming::None => "none".to_owned(),
            RequestFraming::Length(length) => format!("length={length}"),
            RequestFraming::Chunked => "chunked".to_owned(),
        };
        let mut line =
            format!("{} {} @{} {framing}", text(&self.method), text(&self.target), text(&self.host));
        for (shown, word) in [
            (self.version == Version::Http10, "1.0"),
            (!self.keep_alive, "close"),
            (self.expect_continue, "expect"),
            (self.te_trailers, "te-trailers"),
        ] {
            if shown {
                line.push(' ');
                line.push_str(word);
            }
        }
        if let Some(token) = &self.upgrade {
            line.push_str(&format!(" upgrade={}", text(token)));
        }
        if !self.body.is_empty() {
            line.push_str(&format!(" <{}>", text(&self.body)));
        }
        for (name, value) in &self.trailers {
            line.push_str(&format!(" +{}={}", text(name), text(value)));
        }
        line
    }
}

/// Reads a connection on which `pieces` arrive one after the other, as the edge does: a head, then its body, then
/// the next head, until a message closes, something is refused, or nothing more comes.
pub(crate) fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, limits: &Limits) -> Reading {
    let mut reading = Reading::default();
    let mut buf: Vec<u8> = Vec::new();
    let mut parser = RequestParser::new();
    let mut body: Option<(Message, BodyDecoder)> = None;
    let mut closed = false;
    let mut received = 0;
    for piece in pieces {
        buf.extend_from_slice(piece);
        received += piece.len();
        while reading.refusal.is_none() && !closed {
            let step = match body.take() {
                Some((message, decoder)) => read_body(message, decoder, &mut buf),
                None => read_head(&mut parser, &mut buf, limits),
            };
            match step {
                Ok(Step::Done(message)) => {
                    closed = !message.keep_alive;
                    reading.taken = received - buf.len();
                    reading.messages.push(*message);
                }
                Ok(Step::Body(message, decoder)) => body = Some((*message, decoder)),
                Ok(Step::NeedsMore(rest)) => {
                    body = rest.map(|(message, decoder)| (*message, decoder));
                    break;
                }
                Err((refusal, message)) => {
                    reading.refusal = Some(refusal);
                    reading.unfinished = message.map(|message| *message);
                }
            }
        }
    }
    if let Some((message, _)) = body {
        reading.unfinished = Some(message);
    }
    // Behind a refusal or a close it depends on the pieces how much had arrived: not part of the reading.
    reading.unread = if reading.refusal.is_some() || closed { 0 } else { buf.len() };
    reading
}

enum Step {
    Done(Box<Message>),
    Body(Box<Message>, BodyDecoder),
    NeedsMore(Option<(Box<Message>, BodyDecoder)>),
}

type Failed = (Refusal, Option<Box<Message>>);

fn read_head(parser: &mut RequestParser, buf: &mut Vec<u8>, limits: &Limits) -> Result<Step, Failed> {
    let Some(head) = parser.parse(buf, limits).map_err(|refusal| (refusal, None))? else {
        return Ok(Step::NeedsMore(None));
    };
    let message = Box::new(Message::of(&head, buf));
    buf.drain(..head.head_len);
    Ok(Step::Body(message, BodyDecoder::new(head.framing, limits)))
}

fn read_body(mut message: Message, mut decoder: BodyDecoder, buf: &mut Vec<u8>) -> Result<Step, Failed> {
    let decoded = match decoder.decode(buf) {
        Ok(decoded) => decoded,
        Err(refusal) => return Err((refusal, Some(Box::new(message)))),
    };
    assert!(decoded.data.end <= decoded.consumed && decoded.consumed <= buf.len());
    assert_eq!(decoded.end, decoder.is_end());
    message.body.extend_from_slice(&buf[decoded.data.clone()]);
    buf.drain(..decoded.consumed);
    if decoded.end {
        message.trailers = decoder.trailers().iter().map(|t| (t.name.to_vec(), t.value.to_vec())).collect();
        return Ok(Step::Done(Box::new(message)));
    }
    let message = Box::new(message);
    if decoded.consumed == 0 {
        Ok(Step::NeedsMore(Some((message, decoder))))
    } else {
        Ok(Step::Body(message, decoder))
    }
}

/// The reading of `input` in one piece, seen to be the same octet by octet.
#[track_caller]
pub(crate) fn read_both_ways(name: &str, input: &[u8], limits: &Limits) -> Reading {
    let whole = read([input], limits);
    let trickled = read(input.chunks(1), limits);
    assert_eq!(whole, trickled, "{name}: whole and octet by octet differ");
    whole
}
