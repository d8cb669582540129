//! The terminal while `top` has it: another screen, no cursor, keys as they are pressed. However it ends, the terminal
//! is left as it was found.

use std::io::{self, IsTerminal, Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

/// Longest wait before the terminal's size is looked at again.
const LOOK_AT_SIZE_EVERY: Duration = Duration::from_millis(250);
/// Where nobody says otherwise.
const SIZE: (usize, usize) = (80, 24);

const OTHER_SCREEN: &str = "\x1b[?1049h\x1b[?25l";
const FIRST_SCREEN: &str = "\x1b[?25h\x1b[?1049l";

/// What came while waiting.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Pressed {
    Quit,
    Nothing,
}

pub(super) struct Screen {
    quits: Receiver<()>,
    /// Keeps the channel open where nobody presses keys.
    _quit: SyncSender<()>,
    /// How standard input was found, if it is a terminal.
    found: Option<Termios>,
}

/// Columns of the terminal, of `COLUMNS`, or 80.
pub(super) fn width() -> usize {
    let told = || std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    size_of_terminal().map(|size| size.0).or_else(told).unwrap_or(SIZE.0)
}

fn size_of_terminal() -> Option<(usize, usize)> {
    let size = tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then(|| (usize::from(size.ws_col), usize::from(size.ws_row)))
}

impl Screen {
    /// Takes the terminal.
    ///
    /// # Errors
    /// If standard output is none.
    pub(super) fn open() -> io::Result<Screen> {
        if !io::stdout().is_terminal() {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let (quit, quits) = sync_channel(1);
        let found = io::stdin().is_terminal().then(raw_keys).flatten();
        if found.is_some() {
            let quit = quit.clone();
            std::thread::spawn(move || watch_keys(&quit));
        }
        let signalled = quit.clone();
        std::thread::spawn(move || watch_signals(&signalled));
        let mut out = io::stdout().lock();
        out.write_all(OTHER_SCREEN.as_bytes())?;
        out.flush()?;
        Ok(Screen { quits, _quit: quit, found })
    }

    /// Columns and rows.
    pub(super) fn size(&self) -> (usize, usize) {
        size_of_terminal().unwrap_or(SIZE)
    }

    /// Shows the lines, at once: nothing flickers.
    pub(super) fn draw(&mut self, lines: &[String]) {
        // Each line is cleared behind its text and never wraps.
        let mut text = String::from("\x1b[?7l\x1b[H");
        for (at, line) in lines.iter().enumerate() {
            if at > 0 {
                text.push_str("\r\n");
            }
            text.push_str(line);
            text.push_str("\x1b[K");
        }
        text.push_str("\x1b[J\x1b[?7h");
        let mut out = io::stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    /// Waits until `until`, but not so long that a change of size goes unnoticed.
    pub(super) fn wait(&self, until: Instant) -> Pressed {
        let left = until.saturating_duration_since(Instant::now());
        match self.quits.recv_timeout(left.min(LOOK_AT_SIZE_EVERY)) {
            Ok(()) => Pressed::Quit,
            Err(_) => Pressed::Nothing,
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if let Some(found) = &self.found {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, found);
        }
        let mut out = io::stdout().lock();
        let _ = out.write_all(FIRST_SCREEN.as_bytes()).and_then(|()| out.flush());
    }
}

/// Keys come at once and are not echoed; how the terminal was before.
fn raw_keys() -> Option<Termios> {
    let found = tcgetattr(io::stdin()).ok()?;
    let mut raw = found.clone();
    raw.make_raw();
    // Lines that others print, a panic for one, keep their form.
    raw.output_modes = found.output_modes;
    tcsetattr(io::stdin(), OptionalActions::Now, &raw).ok()?;
    Some(found)
}

fn watch_keys(quit: &SyncSender<()>) {
    let mut keys = [0; 64];
    while let Ok(count @ 1..) = io::stdin().lock().read(&mut keys) {
        // q, Q, Ctrl-C, Ctrl-D; Escape by itself, not as the beginning of an arrow key.
        let pressed = &keys[..count];
        if pressed.iter().any(|key| matches!(key, b'q' | b'Q' | 3 | 4)) || pressed == [0x1b] {
            // One is enough: with one waiting, another changes nothing.
            let _ = quit.try_send(());
        }
    }
}

/// Whoever ends the command from outside gets the terminal back in order, too.
fn watch_signals(quit: &SyncSender<()>) {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    runtime.block_on(async {
        let signals =
            (signal(SignalKind::interrupt()), signal(SignalKind::terminate()), signal(SignalKind::hangup()));
        if let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hang_up)) = signals {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hang_up.recv() => {}
            }
            let _ = quit.try_send(());
        }
    });
}
