//! A node and its control, case by case; the model explores how such cases meet.

use std::time::Duration;

use littoral_ledger::{
    Ask, Body, Change, Cut, Effect, EpochId, Follower, FollowerSettings, Kind, Log, OnControlLoss, Position,
    Purge, Record, Refusal, Replayed, Scope, SiteKey, Standing, Table,
};

use crate::wire::at;

fn purge(name: &str) -> Purge {
    Purge { site: SiteKey(1), scope: Scope::Url(name.into()), kind: Kind::Hard }
}

fn commit(log: &mut Log, names: &[&str]) -> Position {
    let prepared = log.prepare(names.iter().map(|name| purge(name)).collect());
    log.commit(prepared).expect("nobody else writes")
}

/// Remembers in words what was published.
#[derive(Default)]
struct Words(u32, Vec<String>);

impl Table for Words {
    fn publish(&mut self, change: Change<'_>) -> Position {
        self.1.push(match change {
            Change::Purge(Purge { scope: Scope::Url(url), .. }) => url.to_string(),
            Change::Purge(_) => "other".into(),
            Change::Renew => "all".into(),
            Change::Nothing => "-".into(),
        });
        self.position()
    }

    fn position(&self) -> Position {
        at(self.0, self.1.len() as u64)
    }
}

struct Node {
    follower: Follower,
    table: Words,
    acknowledged: Option<Position>,
    journal: Vec<Record>,
    asks_again: bool,
    refused: Option<Refusal>,
}

impl Node {
    fn start(settings: FollowerSettings, journal: Vec<Record>) -> Node {
        let replayed = Replayed::of(journal.clone(), Cut::Clean);
        let mut table = Words(replayed.life() + 1, Vec::new());
        let (follower, effects) = Follower::open(replayed, settings, &mut table);
        let mut node =
            Node { follower, table, acknowledged: None, journal, asks_again: false, refused: None };
        node.take(effects);
        node
    }

    fn new() -> Node {
        Node::start(FollowerSettings::default(), Vec::new())
    }

    /// Threads pass at once and the disk keeps everything.
    fn take(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            let more = match effect {
                Effect::Append { number, record } => {
                    self.journal.push(record);
                    self.follower.durable(number)
                }
                Effect::Turns(own) => self.follower.thread_passed(0, own),
                Effect::Acknowledge(position) => {
                    self.acknowledged = Some(position);
                    Vec::new()
                }
                Effect::AskAgain => {
                    self.asks_again = true;
                    Vec::new()
                }
                Effect::Refused(refusal) => {
                    self.refused = Some(refusal);
                    Vec::new()
                }
            };
            self.take(more);
        }
    }

    fn receive(&mut self, reply: littoral_ledger::Reply) {
        (self.asks_again, self.refused) = (false, None);
        let effects = self.follower.receive(reply, &mut self.table);
        self.take(effects);
    }

    fn follow(&mut self, log: &mut Log) {
        let ask = self.follower.ask(Duration::ZERO);
        if let Some(lost) = log.unknown_to_log(&ask) {
            log.make_good(lost);
        }
        self.receive(log.answer(&ask, 100));
    }

    fn words(&self) -> String {
        self.table.1.join(" ")
    }
}

#[test]
fn entries_are_applied_once_and_in_order_however_they_come() {
    let mut log = Log::new(EpochId(1), 100);
    commit(&mut log, &["a", "b", "c"]);
    let mut node = Node::new();
    let ask = node.follower.ask(Duration::ZERO);
    let whole = log.answer(&ask, 100);
    let Body::Entries(entries) = &whole.body else { panic!("{whole:?}") };
    for nth in [3, 1, 3, 2] {
        let body = Body::Entries(vec![entries[nth].clone()]);
        node.receive(littoral_ledger::Reply { nonce: 0, body, ..whole.clone() });
        assert!(node.asks_again && node.words().is_empty(), "the epoch's mark is missing");
    }
    node.receive(whole.clone());
    assert_eq!((node.words().as_str(), node.acknowledged), ("- a b c", Some(at(1, 3))));
    node.receive(whole);
    assert_eq!(node.words(), "- a b c");
}

#[test]
fn a_node_behind_the_oldest_entry_fetches_everything_older_anew() {
    let mut log = Log::new(EpochId(1), 2);
    commit(&mut log, &["a", "b", "c", "d"]);
    let mut node = Node::new();
    node.follow(&mut log);
    assert_eq!((node.words().as_str(), node.acknowledged), ("all c d", Some(at(1, 4))));
}

#[test]
fn a_restored_control_makes_good_what_only_nodes_know() {
    let mut log = Log::new(EpochId(1), 100);
    commit(&mut log, &["a"]);
    let backup = log.clone();
    commit(&mut log, &["b", "c"]);
    let (mut ahead, mut behind) = (Node::new(), Node::new());
    ahead.follow(&mut log);
    let mut restored = backup;
    behind.follow(&mut restored);
    ahead.follow(&mut restored);
    assert_eq!(ahead.refused, Some(Refusal::OlderControl), "before it began an epoch");
    restored.begin_epoch(0, EpochId(2));
    commit(&mut restored, &["d"]);
    ahead.receive(restored.answer(&Ask { nonce: 0, after: at(1, 3), id: EpochId(1), lost: None }, 100));
    assert_eq!(ahead.words(), "- a b c - d");
    assert_eq!(ahead.follower.stand().lost.map(|lost| lost.known), Some(at(1, 3)));
    let now = ahead.table.position();
    assert_eq!(ahead.follower.effective_of(now, at(2, 2)), at(1, 2), "its parent may not know b and c");
    ahead.follow(&mut restored);
    behind.follow(&mut restored);
    assert_eq!((ahead.words().as_str(), behind.words().as_str()), ("- a b c - d all", "- a - d all"));
    assert_eq!(ahead.follower.stand().lost, None);
    let now = ahead.table.position();
    assert_eq!(ahead.follower.effective_of(now, at(2, 3)), now);
    assert_eq!(ahead.follower.effective_of(now, at(2, 2)), at(1, 2));
    restored.make_good(at(1, 2));
    ahead.follow(&mut log);
    assert_eq!(ahead.refused, Some(Refusal::OlderControl));
}

#[test]
fn two_logs_restored_from_one_backup_do_not_lead_one_node() {
    let mut first = Log::new(EpochId(1), 100);
    let mut second = first.clone();
    first.begin_epoch(0, EpochId(2));
    second.begin_epoch(0, EpochId(3));
    commit(&mut second, &["x"]);
    let mut node = Node::new();
    node.follow(&mut first);
    node.follow(&mut second);
    assert_eq!((node.refused, node.words().as_str()), (Some(Refusal::OtherHistory), "- -"));
    second.begin_epoch(2, EpochId(4));
    node.follow(&mut second);
    node.follow(&mut second);
    assert_eq!(node.follower.stand().control, second.head());
    assert!(node.words().ends_with("all"), "{}", node.words());
}

#[test]
fn a_node_that_restarts_goes_on_where_its_journal_ends() {
    let mut log = Log::new(EpochId(1), 100);
    commit(&mut log, &["a"]);
    let mut node = Node::new();
    node.follow(&mut log);
    let mut again = Node::start(FollowerSettings::default(), node.journal);
    assert_eq!((again.follower.stand().control, again.acknowledged), (at(1, 1), Some(at(1, 1))));
    commit(&mut log, &["b"]);
    again.follow(&mut log);
    assert_eq!((again.words().as_str(), again.table.position().epoch), ("b", 2));
    assert_eq!(again.follower.told_for(at(1, 2)), at(1, 1), "what the last life stored");
}

#[test]
fn the_lease_counts_from_the_ask_and_only_with_all_that_control_told() {
    let lease = Duration::from_secs(10);
    let mut log = Log::new(EpochId(1), 100);
    commit(&mut log, &["a", "b"]);
    let mut node = Node::new();
    let seconds = Duration::from_secs;
    assert_eq!(node.follower.standing(seconds(0)), Standing::Lost);
    let ask = node.follower.ask(seconds(3));
    node.receive(log.answer(&ask, 2));
    assert!(node.asks_again);
    assert_eq!(node.follower.standing(seconds(4)), Standing::CatchingUp);
    let second = node.follower.ask(seconds(5));
    node.receive(log.answer(&second, 2));
    assert_eq!(node.follower.lease_until(), Some(seconds(5) + lease));
    assert_eq!(node.follower.standing(seconds(14)), Standing::Current);
    assert_eq!(node.follower.standing(seconds(15)), Standing::Lost);
    node.receive(log.answer(&ask, 2));
    assert_eq!(node.follower.lease_until(), Some(seconds(15)), "a reply counts once");
    assert!(Standing::Lost.may_reuse(OnControlLoss::Serve));
    assert!(!Standing::Lost.may_reuse(OnControlLoss::Revalidate));
}

#[test]
fn nothing_is_acknowledged_before_threads_journal_and_the_older_process_are_there() {
    let mut log = Log::new(EpochId(1), 100);
    commit(&mut log, &["a"]);
    let mut table = Words(1, Vec::new());
    let settings = FollowerSettings { threads: 2, predecessor: true, ..FollowerSettings::default() };
    let (mut follower, _) = Follower::open(Replayed::default(), settings, &mut table);
    assert_eq!(follower.standing(Duration::ZERO), Standing::Opening);
    let ask = follower.ask(Duration::ZERO);
    let effects = follower.receive(log.answer(&ask, 100), &mut table);
    let last = effects.iter().rev().find_map(|effect| match effect {
        Effect::Append { number, .. } => Some(*number),
        _ => None,
    });
    let own = table.position();
    assert_eq!(follower.thread_passed(0, own), []);
    assert_eq!(follower.durable(last.unwrap()), []);
    assert_eq!(follower.predecessor_passed(at(1, 0)), []);
    assert_eq!(follower.thread_passed(1, own), [Effect::Acknowledge(at(1, 0))]);
    assert_eq!(follower.predecessor_gone(), [Effect::Acknowledge(at(1, 1))]);
}

#[test]
fn writers_commit_one_after_the_other_and_who_was_overtaken_prepares_again() {
    let mut log = Log::new(EpochId(1), 100);
    let (first, second) = (log.prepare(vec![purge("a"), purge("b")]), log.prepare(vec![purge("c")]));
    assert_eq!(log.commit(second), Ok(at(1, 1)));
    assert_eq!(log.commit(first).map_err(|moved| moved.head), Err(at(1, 1)));
    commit(&mut log, &["a", "b"]);
    let numbers: Vec<u64> = log.entries().map(|logged| logged.at.number).collect();
    assert_eq!(numbers, [0, 1, 2, 3]);
}
