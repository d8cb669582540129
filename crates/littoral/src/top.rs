//! `littoral top`: what the node does, live, from its metrics and its status, looked at once an interval.
//!
//! `samples` reads the metrics page, `view` makes rates of two looks, `frame` draws, `screen` owns the terminal.

mod frame;
mod samples;
mod screen;
mod view;

use std::collections::VecDeque;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use hyper::Method;
use serde_json::Value;

use crate::cli::{Target, Top};
use crate::client::{self, AskError};
use crate::commands::failed;
use crate::console::{self, Paint};
use crate::exit;
use frame::Frame;
use samples::Samples;
use screen::{Pressed, Screen};
use view::View;

/// Looks that the little chart of requests remembers.
const HISTORY: usize = 120;

/// Shows the node's traffic until told to stop.
pub(crate) fn top(arguments: &Top) -> ExitCode {
    let first = match Look::take(&arguments.target) {
        Ok(first) => first,
        Err(error) => return failed(&error),
    };
    if arguments.once || arguments.json {
        return lines(arguments, first);
    }
    match Screen::open() {
        Ok(screen) => live(arguments, first, screen),
        Err(_) => {
            let hint = "print one frame with --once, or JSON with --json";
            console::fail("standard output is no terminal", Some(hint));
            exit::USAGE.into()
        }
    }
}

/// One frame, or JSON.
fn lines(arguments: &Top, mut before: Look) -> ExitCode {
    loop {
        wait_until(before.at + arguments.interval);
        let now = match Look::take(&arguments.target) {
            Ok(now) => now,
            Err(error) => return failed(&error),
        };
        let view = View::between(&before, &now);
        if arguments.json {
            console::say(serde_json::to_value(&view).unwrap_or_default());
        } else {
            let history = VecDeque::new();
            let paint = Paint::for_stdout();
            let frame = Frame { view: &view, history: &history, paint, live: false, trouble: None };
            console::say(frame.lines(screen::width(), None).join("\n"));
        }
        if arguments.once {
            return ExitCode::SUCCESS;
        }
        before = now;
    }
}

fn wait_until(moment: Instant) {
    while let Some(left) = moment.checked_duration_since(Instant::now()) {
        std::thread::park_timeout(left);
    }
}

fn live(arguments: &Top, first: Look, mut screen: Screen) -> ExitCode {
    let mut history = VecDeque::new();
    let mut trouble = None;
    let mut view = View::between(&first, &first);
    let mut before = first;
    let mut next_look = Instant::now() + arguments.interval.min(Duration::from_secs(1));
    loop {
        let size = screen.size();
        let frame = Frame {
            view: &view,
            history: &history,
            paint: Paint::for_stdout(),
            live: true,
            trouble: trouble.as_deref(),
        };
        screen.draw(&frame.lines(size.0, Some(size.1)));
        // Waits for the next look, a key, or another size of the terminal.
        loop {
            match screen.wait(next_look) {
                Pressed::Quit => return ExitCode::SUCCESS,
                Pressed::Nothing if screen.size() != size => break,
                Pressed::Nothing if Instant::now() >= next_look => {
                    next_look = Instant::now() + arguments.interval;
                    match Look::take(&arguments.target) {
                        Ok(now) => {
                            view = View::between(&before, &now);
                            (before, trouble) = (now, None);
                            history.push_back(view.requests_per_second);
                            history.drain(..history.len().saturating_sub(HISTORY));
                        }
                        Err(error) => trouble = Some(error.to_string()),
                    }
                    break;
                }
                Pressed::Nothing => {}
            }
        }
    }
}

/// The node at one moment.
pub(super) struct Look {
    at: Instant,
    samples: Samples,
    status: Value,
}

impl Look {
    fn take(target: &Target) -> Result<Look, AskError> {
        let status = client::ask(target, &Method::GET, "/v1/status", None)?;
        let metrics = client::ask(target, &Method::GET, "/metrics", None)?;
        Ok(Look {
            at: Instant::now(),
            samples: Samples::parse(&String::from_utf8_lossy(&metrics)),
            status: serde_json::from_slice(&status).unwrap_or_default(),
        })
    }
}
