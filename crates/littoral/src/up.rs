//! `littoral up`: from the command line and the files to a serving node, and from a signal to its end.
//!
//! What a node is made of is wired here and nowhere else. `settings` merges command line, node file and
//! defaults; `announce` says what came of it.

mod announce;
mod certificate;
mod file;
mod log;
mod settings;

use std::fmt::{self, Display};
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use littoral_edge::{Edge, StartError};
use littoral_runtime::{Clock, Drain, host};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::admin::{self, Administration, Door};
use crate::cli::Up;
use crate::console::{self, Paint};
use crate::demo::DemoOrigin;
use crate::exit;
use crate::node::Node;
use crate::sites::{FileOutcome, ReloadReport, SiteBook};
use announce::Announcement;
use settings::{AdminListen, Settings};

/// Time that requests in flight get to finish.
const DRAIN_DEADLINE: Duration = Duration::from_secs(30);

/// Why the node did not start, and what to do about it. Each message is complete by itself.
#[derive(Debug)]
pub(crate) struct NotStarted {
    what: String,
    hint: Option<String>,
}

impl NotStarted {
    pub(crate) fn new(what: impl Display) -> NotStarted {
        NotStarted { what: what.to_string(), hint: None }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> NotStarted {
        NotStarted { hint: Some(hint.into()), ..self }
    }
}

impl Display for NotStarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// Runs a node until a signal ends it.
pub(crate) fn up(arguments: &Up) -> ExitCode {
    let ended = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(NotStarted::new)
        .and_then(|runtime| runtime.block_on(run(arguments)));
    match ended {
        Ok(code) => code,
        Err(error) => {
            console::fail(&error, error.hint.as_deref());
            exit::NOT_STARTED.into()
        }
    }
}

async fn run(arguments: &Up) -> Result<ExitCode, NotStarted> {
    // Before anything listens: a signal that comes during the start is not lost.
    let signals = Signals::new().map_err(NotStarted::new)?;
    let clock = Clock::system();
    let demo = arguments.demo.then(|| DemoOrigin::start(clock.clone())).transpose();
    let demo =
        demo.map_err(|error| NotStarted::new(format_args!("the demo origin cannot start: {error}")))?;
    let settings = Settings::gather(arguments, demo.as_ref().map(DemoOrigin::address))?;
    if let Err(error) = host::raise_descriptor_limit() {
        console::tell(format_args!("the limit of open descriptors stays where it is: {error}"));
    }
    let running = Running::start(settings, clock)?;
    running.announce(demo.as_ref());
    Ok(running.serve(signals).await)
}

/// A node with all its parts.
struct Running {
    node: Arc<Node>,
    drain: Drain,
    administration: Vec<Administration>,
    /// Where administration is reached.
    admin: Vec<String>,
    settings: Settings,
}

impl Running {
    fn start(mut settings: Settings, clock: Clock) -> Result<Running, NotStarted> {
        let mut book = SiteBook::new(settings.take_sites());
        let (set, report) = book.reload();
        report_sites(&report);
        let set = set.filter(|_| book.len() > 0).ok_or_else(|| {
            NotStarted::new("no site is in force")
                .hint("`littoral check FILE` explains mistakes in site files")
        })?;
        // First the sockets: where a node runs already, nothing else must be touched.
        let doors: Vec<Door> = settings.admin.iter().map(open_door).collect::<Result<_, _>>()?;
        let admin = doors.iter().map(Door::place).collect();
        let edge = Edge::start(settings.edge_config(clock.clone())?, set)
            .map_err(|error| not_started(&error, &settings))?;
        let node = Arc::new(Node::new(edge, book, clock, settings.log_place()));
        let drain = Drain::new();
        let serve = |door| admin::serve(door, node.clone(), drain.clone());
        let administration = doors
            .into_iter()
            .map(serve)
            .collect::<io::Result<_>>()
            .map_err(|error| NotStarted::new(format_args!("administration cannot start: {error}")))?;
        Ok(Running { node, drain, administration, admin, settings })
    }

    fn announce(&self, demo: Option<&DemoOrigin>) {
        let settings = &self.settings;
        let (http, https) = self.node.addresses();
        let mut more = Vec::new();
        if let Some(demo) = demo {
            more.push(("origin", format!("http://{} (the demo's own)", demo.address())));
        }
        more.extend(settings.told());
        let announcement = Announcement {
            title: format!("littoral {} is up: {}", env!("CARGO_PKG_VERSION"), settings.summary()),
            http: &http,
            https: &https,
            admin: &self.admin,
            token_file: settings.token_file(),
            more,
            self_made_certificate: settings.self_made_certificate(),
            demo: demo.is_some(),
        };
        console::tell_raw(announcement.text(Paint::for_stderr()));
    }

    /// Serves until told to stop, then drains.
    async fn serve(self, mut signals: Signals) -> ExitCode {
        loop {
            match signals.next().await {
                Told::Stop(name) => {
                    console::tell(format_args!(
                        "{name}: finishing what is in flight, {} s at most; a second signal stops at once",
                        DRAIN_DEADLINE.as_secs()
                    ));
                    return self.stop(signals).await;
                }
                Told::Reload => {
                    // On a thread of its own: a slow disk must not keep a signal waiting.
                    let node = self.node.clone();
                    let reloaded = tokio::task::spawn_blocking(move || node.reload_sites());
                    if let Ok(report) = reloaded.await {
                        report_sites(&report);
                    }
                    self.node.reopen_logs();
                }
                Told::ReopenLogs => {
                    self.node.reopen_logs();
                    console::tell("the access log is opened anew");
                }
            }
        }
    }

    async fn stop(self, mut signals: Signals) -> ExitCode {
        self.drain.begin();
        let node = self.node.clone();
        let drained = tokio::task::spawn_blocking(move || node.drain(DRAIN_DEADLINE));
        let cut = tokio::select! {
            cut = drained => cut.unwrap_or_default(),
            told = signals.next_stop() => {
                console::tell(format_args!("{told}: stopping at once"));
                drop(self.administration);
                // The drain's thread is left behind: returning from main ends it.
                return exit::CUT_OFF.into();
            }
        };
        drop(self.administration);
        match cut {
            0 => {
                console::tell("stopped; everything in flight had finished");
                ExitCode::SUCCESS
            }
            cut => {
                console::tell(format_args!(
                    "stopped at the deadline; {} cut off",
                    console::count(cut, "connection")
                ));
                exit::CUT_OFF.into()
            }
        }
    }
}

fn open_door(listen: &AdminListen) -> Result<Door, NotStarted> {
    let door = match listen {
        AdminListen::Unix(path) => Door::unix(path),
        AdminListen::Tcp(address, token) => Door::tcp(*address, token.clone()),
    };
    door.map_err(|error| NotStarted::new(&error).hint(error.hint()))
}

fn not_started(error: &StartError, settings: &Settings) -> NotStarted {
    let mut what = error.to_string();
    if let (StartError::Log(_), Some(log)) = (error, settings.access_log_file()) {
        what = format!("the access log {} cannot be opened", log.display());
    }
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        what.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    let advice = match error {
        StartError::Bind(bind) => Some(match bind.cause {
            littoral_runtime::BindCause::Taken(_) => format!("{}: --http 127.0.0.1:0", bind.advice()),
            _ => bind.advice(),
        }),
        _ => None,
    };
    NotStarted { what, hint: advice }
}

/// Each change and each refusal, in a line or with its mistakes.
pub(crate) fn report_sites(report: &ReloadReport) {
    for file in &report.files {
        if let Some(mistakes) = &file.mistakes {
            console::tell_raw(mistakes.trim_end());
        }
        if file.outcome == FileOutcome::Refused {
            let then = if file.site.is_some() { "its old form serves on" } else { "it does not serve" };
            console::tell(format_args!("{} is refused; {then}", file.file));
        }
    }
    report.notes.iter().for_each(console::tell);
    console::tell(report.summary());
}

/// What a signal asks for.
enum Told {
    Stop(&'static str),
    Reload,
    ReopenLogs,
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
    user: Signal,
}

impl Signals {
    fn new() -> io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
            user: signal(SignalKind::user_defined1())?,
        })
    }

    async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::Stop("SIGTERM"),
            _ = self.interrupt.recv() => Told::Stop("SIGINT"),
            _ = self.hang_up.recv() => Told::Reload,
            _ = self.user.recv() => Told::ReopenLogs,
        }
    }

    async fn next_stop(&mut self) -> &'static str {
        loop {
            if let Told::Stop(name) = self.next().await {
                return name;
            }
        }
    }
}
