//! The world around nodes: an origin whose content changes before each purge, controls with their logs, a network that
//! loses, doubles and reorders, power that fails.
//!
//! The promise that is checked whenever the head of an answer is queued: its content is no older than what the node
//! has acknowledged a purge of (or than what control was told is out of use because the lease ran out).

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use littoral_ledger::{Body, EpochId, Log, Position, Prepared, Reply};

use super::bug::Bug;
use super::explorer::Model;
use super::node::{Node, Stored, Truth, Turn};
use super::setup::{Covers, Setup, nothing};

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Control {
    pub(super) log: Log,
    pub(super) made_old: BTreeMap<Position, u8>,
    pub(super) alive: bool,
}

impl Control {
    pub(super) fn truth(&self) -> Truth {
        Truth { id: self.log.id(), made_old: self.made_old.clone() }
    }
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Message {
    pub(super) node: usize,
    control: usize,
    reply: Reply,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct World {
    pub(super) content: u8,
    pub(super) validator: u8,
    pub(super) controls: Vec<Control>,
    pub(crate) nodes: Vec<Node>,
    pub(super) connected: Vec<usize>,
    pub(super) net: Vec<Message>,
    pub(super) writers: Vec<Option<(Prepared, Covers, u8)>>,
    pub(super) hole: Option<Position>,
    pub(super) now: u8,
    pub(super) answered_at: Vec<Option<u8>>,
    pub(super) relay: Option<VecDeque<Message>>,
    pub(super) gone: bool,
    pub(super) purges: u8,
    pub(super) jobs: u8,
    pub(super) unsafes: u8,
    pub(super) asks: u8,
    pub(super) crashes: u8,
    pub(super) restores: u8,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Action {
    Purge { control: usize, covers: Covers },
    WriterPrepares { writer: usize, covers: Covers },
    WriterCommits { writer: usize },
    WriterGivesUp { writer: usize },
    Ask { node: usize, control: usize },
    Deliver { message: usize },
    DeliverAndKeep { message: usize },
    Lose { message: usize },
    ThreadReads { node: usize, thread: usize },
    ThreadJudges { node: usize, thread: usize },
    ThreadAnswers { node: usize, thread: usize },
    ThreadPassesTurn { node: usize, thread: usize },
    Answer { node: usize },
    Fetch { node: usize },
    Revalidate { node: usize },
    FirstSlice { node: usize },
    AskSecondSlice { node: usize },
    Received { node: usize },
    Derive { node: usize },
    Store { node: usize },
    UnsafeMethod { node: usize },
    Sync { node: usize },
    PowerFails { node: usize, records_kept: usize },
    Restore,
    Tick,
    LeaseRanOut { node: usize },
    HandOver,
    Relay,
    OlderProcessEnds,
}

impl Setup {
    fn commit(&self, world: &mut World, control: usize, covers: Covers) {
        let content = world.change(covers);
        let log = &mut world.controls[control].log;
        let prepared = log.prepare(vec![covers.purge()]);
        let at = log.commit(prepared).expect("nobody else writes");
        self.committed(world, control, at, content);
    }

    fn committed(&self, world: &mut World, control: usize, at: Position, content: u8) {
        world.controls[control].made_old.insert(at, content);
        for node in 0..world.nodes.len() {
            if world.connected[node] == control && world.net.len() < self.net_max && world.is_linked(node) {
                let log = &world.controls[control].log;
                let entries = log.entries().filter(|logged| logged.at == at).cloned().collect();
                let reply = Reply { nonce: 0, head: log.head(), id: log.id(), body: Body::Entries(entries) };
                world.net.push(Message { node, control, reply });
            }
        }
    }

    fn ask(&self, world: &mut World, node: usize, control: usize) -> Message {
        let ask = world.nodes[node].follower.ask(Duration::from_secs(world.now.into()));
        let log = &mut world.controls[control].log;
        if let Some(lost) = log.unknown_to_log(&ask) {
            log.make_good(lost);
        }
        let mut reply = log.answer(&ask, self.reply_entries_max);
        if let (Some(hole), Body::Entries(entries)) = (world.hole, &mut reply.body) {
            entries.retain(|logged| logged.at != hole);
        }
        world.connected[node] = control;
        world.answered_at[node] = Some(world.now);
        Message { node, control, reply }
    }

    fn deliver(&self, world: &mut World, message: Message) {
        let Message { node, control, mut reply } = message;
        if let Some(relay) = world.relay.as_mut().filter(|_| node == 1 && !world.gone) {
            let reply = Reply { nonce: 0, ..reply.clone() };
            relay.push_back(Message { node: 0, control, reply });
        }
        let truth = world.controls[control].truth();
        let receiver = &mut world.nodes[node];
        let stand = receiver.follower.stand().control;
        if let (true, Body::Entries(entries)) = (self.is(Bug::GapSkipped), &mut reply.body)
            && let [only] = &mut entries[..]
            && only.at.epoch == stand.epoch
            && only.at > stand.next()
        {
            only.at = stand.next();
        }
        if self.is(Bug::LeaseFromReply) && reply.nonce != 0 {
            reply.nonce = receiver.follower.ask(Duration::from_secs(world.now.into())).nonce;
        }
        if self.is(Bug::LeaseWithoutCatchingUp)
            && let Body::Entries(entries) = &reply.body
            && let Some(last) = entries.last()
        {
            reply.head = last.at;
        }
        receiver.receive(reply, &truth, self.bug);
    }

    /// When nothing is on its way, asking brings a node to the head.
    fn settles(&self, world: &World) -> Result<(), String> {
        let mut world = world.clone();
        for _ in 0..8 {
            let message = self.ask(&mut world, 0, 0);
            self.deliver(&mut world, message);
        }
        let (stand, head) = (world.nodes[0].follower.stand().control, world.controls[0].log.head());
        if stand == head { Ok(()) } else { Err(format!("the node stays at {stand}, control is at {head}")) }
    }
}

impl World {
    fn change(&mut self, covers: Covers) -> u8 {
        self.purges += 1;
        match covers {
            Covers::Hard => self.content += 1,
            Covers::Soft => {
                self.content += 1;
                self.validator += 1;
            }
            Covers::Other => return 0,
        }
        self.content
    }

    /// Whether control talks to this process.
    fn is_linked(&self, node: usize) -> bool {
        self.relay.is_none() || node == 1
    }
}

impl Model for Setup {
    type State = World;
    type Action = Action;

    fn initial(&self) -> World {
        let control = Control {
            log: Log::new(EpochId(1), self.log_entries_max),
            made_old: BTreeMap::new(),
            alive: true,
        };
        let mut world = World {
            content: 0,
            validator: 0,
            controls: vec![control],
            nodes: Vec::new(),
            connected: vec![0; 2],
            net: Vec::new(),
            writers: vec![None; self.writers],
            hole: None,
            now: 0,
            answered_at: vec![None; 2],
            relay: None,
            gone: false,
            purges: 0,
            jobs: 0,
            unsafes: 0,
            asks: 0,
            crashes: 0,
            restores: 0,
        };
        for node in 0..self.nodes {
            world.nodes.push(Node::start(
                Vec::new(),
                littoral_ledger::Cut::Clean,
                self.threads,
                false,
                self.bug,
            ));
            let message = self.ask(&mut world, node, 0);
            self.deliver(&mut world, message);
            let started = &mut world.nodes[node];
            started.sync(&Truth::default(), self.bug);
            let effective = started.table.position;
            started.stored = Some(Stored { content: 0, validator: 0, effective });
            for thread in 0..self.threads {
                started.threads[thread].mail = None;
                let effects = started.follower.thread_passed(thread, effective);
                started.take(effects, &Truth::default(), self.bug);
            }
        }
        for action in self.prelude {
            self.step(&mut world, action).expect("what has happened broke nothing");
        }
        world
    }

    fn actions(&self, world: &World) -> Vec<Action> {
        let mut actions = Vec::new();
        for (control, _) in world.controls.iter().enumerate().filter(|(_, control)| control.alive) {
            if world.purges < self.purges_max && self.writers == 0 {
                actions.extend(self.next_purges(world).map(|&covers| Action::Purge { control, covers }));
            }
            for node in (0..world.nodes.len()).filter(|&node| world.is_linked(node)) {
                if world.asks < self.asks_max && world.net.len() < self.net_max {
                    actions.push(Action::Ask { node, control });
                }
            }
        }
        for (writer, prepared) in world.writers.iter().enumerate() {
            if prepared.is_some() {
                actions.push(Action::WriterCommits { writer });
                actions.push(Action::WriterGivesUp { writer });
            } else if world.purges < self.purges_max {
                let prepares = |&covers| Action::WriterPrepares { writer, covers };
                actions.extend(self.next_purges(world).map(prepares));
            }
        }
        for message in 0..world.net.len() {
            actions.push(Action::Deliver { message });
            if self.doubles {
                actions.push(Action::DeliverAndKeep { message });
            }
            if self.loses {
                actions.push(Action::Lose { message });
            }
        }
        for node in (0..world.nodes.len()).filter(|&node| node == 1 || !world.gone) {
            self.node_actions(world, node, &mut actions);
        }
        if world.restores < self.restores_max {
            actions.push(Action::Restore);
        }
        if world.now < self.ticks_max {
            actions.push(Action::Tick);
        }
        if self.upgrades && world.relay.is_none() {
            actions.push(Action::HandOver);
        }
        if world.relay.as_ref().is_some_and(|relay| !relay.is_empty()) {
            actions.push(Action::Relay);
        }
        if world.relay.is_some()
            && !world.gone
            && world.nodes[0].threads.iter().all(|thread| thread.turn == Turn::Idle)
        {
            actions.push(Action::OlderProcessEnds);
        }
        actions
    }

    fn step(&self, world: &mut World, action: &Action) -> Result<(), String> {
        match *action {
            Action::Purge { control, covers } => self.commit(world, control, covers),
            Action::WriterPrepares { writer, covers } => {
                let content = world.change(covers);
                let prepared = world.controls[0].log.prepare(vec![covers.purge()]);
                world.writers[writer] = Some((prepared, covers, content));
            }
            Action::WriterCommits { writer } => self.writer_commits(world, writer),
            Action::WriterGivesUp { writer } => {
                world.writers[writer] = None;
                if self.is(Bug::NumberBeforeCommit) && world.hole.is_none() {
                    let log = &mut world.controls[0].log;
                    let prepared = log.prepare(vec![nothing()]);
                    world.hole = Some(log.commit(prepared).expect("nobody else writes"));
                }
            }
            Action::Ask { node, control } => {
                world.asks += 1;
                let message = self.ask(world, node, control);
                world.net.push(message);
            }
            Action::Deliver { message } => {
                let message = world.net.remove(message);
                self.deliver(world, message);
            }
            Action::DeliverAndKeep { message } => {
                let message = world.net[message].clone();
                self.deliver(world, message);
            }
            Action::Lose { message } => drop(world.net.remove(message)),
            Action::Restore => self.restore(world),
            Action::Tick => world.now += 1,
            Action::LeaseRanOut { node } => {
                let made_old = world.controls[0].made_old.values().max();
                let content = made_old.copied().unwrap_or(0);
                world.nodes[node].promised = world.nodes[node].promised.max(content);
            }
            Action::HandOver => self.hand_over(world),
            Action::Relay => {
                let message = world.relay.as_mut().and_then(VecDeque::pop_front).expect("not empty");
                self.deliver(world, message);
                let passed = world.nodes[0].acknowledged;
                let effects = world.nodes[1].follower.predecessor_passed(passed);
                self.follow_up(world, 1, effects);
            }
            Action::OlderProcessEnds => {
                world.gone = true;
                let effects = world.nodes[1].follower.predecessor_gone();
                self.follow_up(world, 1, effects);
            }
            ref action => self.node_step(world, action)?,
        }
        if self.writers > 0 && world.net.is_empty() && world.writers.iter().all(Option::is_none) {
            self.settles(world)?;
        }
        Ok(())
    }
}

impl Setup {
    pub(super) fn follow_up(&self, world: &mut World, node: usize, effects: Vec<littoral_ledger::Effect>) {
        let truth = world.controls[world.connected[node]].truth();
        world.nodes[node].take(effects, &truth, self.bug);
    }

    fn writer_commits(&self, world: &mut World, writer: usize) {
        let (prepared, covers, content) = world.writers[writer].take().expect("prepared");
        match world.controls[0].log.commit(prepared) {
            Ok(at) => self.committed(world, 0, at, content),
            Err(moved) if self.is(Bug::WritersTakeOneNumber) => {
                let made_old = world.controls[0].made_old.entry(moved.head).or_default();
                *made_old = content.max(*made_old);
            }
            Err(_) => {
                let prepared = world.controls[0].log.prepare(vec![covers.purge()]);
                world.writers[writer] = Some((prepared, covers, content));
            }
        }
    }

    fn restore(&self, world: &mut World) {
        world.restores += 1;
        let mut log = Log::new(EpochId(1), self.log_entries_max);
        if !self.is(Bug::RestoreWithoutEpoch) {
            // Above all that was ever begun, as an operator is told to.
            let above = world.controls.iter().map(|control| control.log.head().epoch).max().unwrap_or(0);
            log.begin_epoch(above, EpochId(1 + u64::from(world.restores)));
        }
        world.controls.iter_mut().for_each(|control| control.alive &= self.split);
        world.controls.push(Control { log, made_old: BTreeMap::new(), alive: true });
    }

    fn hand_over(&self, world: &mut World) {
        let truth = world.controls[0].truth();
        world.relay = Some(VecDeque::new());
        let read_early = self.is(Bug::JournalReadBeforeHandOver);
        let journal = world.nodes[0].journal.clone();
        let old = &mut world.nodes[0];
        old.sync(&truth, self.bug);
        let effects = old.follower.hand_over();
        old.take(effects, &truth, self.bug);
        old.handed = true;
        let journal = if read_early { journal } else { old.journal.clone() };
        let predecessor = !self.is(Bug::OlderProcessForgotten);
        let mut new = Node::start(journal, littoral_ledger::Cut::Clean, self.threads, predecessor, self.bug);
        new.stored = old.stored;
        (new.promised, new.known) = (old.promised, old.known.clone());
        let effects = new.follower.predecessor_passed(old.acknowledged);
        new.take(effects, &truth, self.bug);
        new.sync(&truth, self.bug);
        world.nodes.push(new);
        world.net.clear();
    }
}
