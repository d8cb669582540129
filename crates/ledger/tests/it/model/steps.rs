//! What the scheduler may do within one node: threads, fills, the disk.

use littoral_ledger::{Position, Verdict};

use super::bug::Bug;
use super::node::{Job, LEASE, Stored, Thread, Truth, Turn};
use super::setup::{Covers, Setup};
use super::world::{Action, World};

impl Setup {
    /// A thread looks for something that may answer: what it may answer with, and what it was.
    pub(super) fn judge(&self, world: &World, node: usize) -> Option<Stored> {
        let node_state = &world.nodes[node];
        node_state
            .stored
            .filter(|&stored| node_state.verdict(stored) == Verdict::Live && self.may_reuse(world, node))
    }

    pub(super) fn answer(&self, world: &World, node: usize, content: u8) -> Result<(), String> {
        let promised = match world.relay {
            Some(_) => world.nodes.iter().map(|node| node.promised).max().unwrap_or(0),
            None => world.nodes[node].promised,
        };
        if content < promised {
            return Err(format!(
                "node {node} begins an answer with content {content}, but all before {promised} is acknowledged as purged"
            ));
        }
        Ok(())
    }

    /// What an answer that node 0 gave to node 1 is worth there.
    pub(super) fn worth_of_parent(&self, world: &World, asked: Position, parent: Stored) -> Position {
        let told = world.nodes[0].follower.told_for(parent.effective);
        let child = &world.nodes[1].follower;
        let stand = child.stand().control;
        match self.bug {
            Some(Bug::ParentTrusted) => asked,
            Some(Bug::EpochComparedByNumber) => {
                child.effective_of(asked, Position { epoch: stand.epoch, ..told })
            }
            Some(Bug::BranchTrusted) if told.epoch == stand.epoch => asked,
            _ => child.effective_of(asked, told),
        }
    }

    pub(super) fn received(&self, world: &mut World, node: usize) {
        let fresh = |effective| Stored { content: world.content, validator: world.validator, effective };
        let position = world.nodes[node].table.position;
        let brought = match world.nodes[node].job.expect("asked") {
            Job::Asked { effective, stale: Some(stale) } if stale.validator == world.validator => {
                let late = self.is(Bug::RevalidationTakesPositionWhenStored);
                Some(Stored { effective: if late { position } else { effective }, ..stale })
            }
            Job::Asked { effective, .. } => {
                let parent = world.nodes[0].stored.filter(|_| node == 1 && self.nodes == 2);
                Some(match parent.filter(|&stored| world.nodes[0].verdict(stored) == Verdict::Live) {
                    Some(stored) => {
                        Stored { effective: self.worth_of_parent(world, effective, stored), ..stored }
                    }
                    None => fresh(effective),
                })
            }
            Job::HalfAsked { first, effective } => (first.validator == world.validator).then(|| Stored {
                content: first.content.min(world.content),
                validator: first.validator,
                effective: match self.bug {
                    Some(Bug::SlicesTakeTheLastPosition) => effective,
                    _ => effective.min(first.effective),
                },
            }),
            Job::Half(_) | Job::Here { .. } => unreachable!("nothing is on its way"),
        };
        let fetched = !matches!(world.nodes[node].job, Some(Job::Asked { stale: Some(_), .. }));
        world.nodes[node].job = brought.map(|stored| Job::Here { stored, fetched });
    }

    pub(super) fn node_actions(&self, world: &World, node: usize, actions: &mut Vec<Action>) {
        let state = &world.nodes[node];
        for (thread, Thread { turn, hot, mail }) in state.threads.iter().enumerate() {
            match turn {
                Turn::Idle if state.stored.is_some() || hot.is_some() => {
                    actions.push(Action::ThreadReads { node, thread });
                }
                Turn::Idle => {}
                Turn::Read(_) | Turn::JudgedFirst(_) => actions.push(Action::ThreadJudges { node, thread }),
                Turn::Answering(_) => actions.push(Action::ThreadAnswers { node, thread }),
            }
            let between = *turn == Turn::Idle || self.is(Bug::AnsweredInALaterTurn);
            if mail.is_some() && between {
                actions.push(Action::ThreadPassesTurn { node, thread });
            }
        }
        if self.threads == 0 && self.judge(world, node).is_some() {
            actions.push(Action::Answer { node });
        }
        match (state.job, state.stored) {
            (None, stored) if world.jobs < self.jobs_max => {
                actions.push(Action::Fetch { node });
                if let Some(stored) = stored {
                    actions.push(Action::Derive { node });
                    if state.table.lends_validators(stored.effective)
                        || self.is(Bug::HardPurgedLendsValidators)
                    {
                        actions.push(Action::Revalidate { node });
                    }
                }
            }
            (Some(Job::Asked { stale, .. }), _) => {
                actions.push(Action::Received { node });
                if self.slices && stale.is_none() {
                    actions.push(Action::FirstSlice { node });
                }
            }
            (Some(Job::Half(_)), _) => actions.push(Action::AskSecondSlice { node }),
            (Some(Job::HalfAsked { .. }), _) => actions.push(Action::Received { node }),
            (Some(Job::Here { .. }), _) => actions.push(Action::Store { node }),
            (None, _) => {}
        }
        if world.unsafes < self.unsafe_max && state.invalidating.is_none() {
            actions.push(Action::UnsafeMethod { node });
        }
        if !state.unsynced.is_empty() && !state.handed {
            actions.push(Action::Sync { node });
        }
        if world.crashes < self.crashes_max {
            let kept = 0..=state.unsynced.len();
            actions.extend(kept.map(|records_kept| Action::PowerFails { node, records_kept }));
        }
        // Control waits a margin longer, which is more than any turn takes.
        let idle = state.threads.iter().all(|thread| thread.turn == Turn::Idle);
        if self.ticks_max > 0 && idle && world.answered_at[node].is_none_or(|at| world.now >= at + LEASE) {
            actions.push(Action::LeaseRanOut { node });
        }
    }

    pub(super) fn node_step(&self, world: &mut World, action: &Action) -> Result<(), String> {
        match *action {
            Action::ThreadReads { node, thread } => {
                // The lease first: what was caught up with before it was granted is then in the position.
                if !self.is(Bug::LeaseReadAfterPosition) && !self.may_reuse(world, node) {
                    return Ok(());
                }
                let position = world.nodes[node].table.position;
                let judged = self.judge(world, node).filter(|_| self.is(Bug::PositionReadAfterJudging));
                let thread = &mut world.nodes[node].threads[thread];
                thread.turn = judged.map_or(Turn::Read(position), Turn::JudgedFirst);
            }
            Action::ThreadJudges { node, thread } => {
                let (judged, now) = (self.judge(world, node), world.nodes[node].table.position);
                let may_reuse = !self.is(Bug::LeaseReadAfterPosition) || self.may_reuse(world, node);
                let thread = &mut world.nodes[node].threads[thread];
                let found = match (thread.turn, thread.hot) {
                    (Turn::JudgedFirst(stored), _) => Some((stored, now)),
                    (Turn::Read(position), Some((stored, checked))) if checked == position && may_reuse => {
                        Some((stored, checked))
                    }
                    (Turn::Read(position), _) => judged.map(|stored| (stored, position)),
                    _ => None,
                };
                thread.hot = found.or(thread.hot);
                thread.turn = found.map_or(Turn::Idle, |(stored, _)| Turn::Answering(stored.content));
            }
            Action::ThreadAnswers { node, thread } => {
                let turn = std::mem::take(&mut world.nodes[node].threads[thread].turn);
                if let Turn::Answering(content) = turn {
                    self.answer(world, node, content)?;
                }
            }
            Action::ThreadPassesTurn { node, thread } => {
                let own = world.nodes[node].threads[thread].mail.take().expect("asked for");
                let effects = world.nodes[node].follower.thread_passed(thread, own);
                self.follow_up(world, node, effects);
            }
            Action::Answer { node } => {
                let stored = self.judge(world, node).expect("may answer");
                self.answer(world, node, stored.content)?;
            }
            Action::Fetch { node } | Action::Revalidate { node } => {
                world.jobs += 1;
                let state = &mut world.nodes[node];
                let stale = state.stored.filter(|_| matches!(action, Action::Revalidate { .. }));
                state.job = Some(Job::Asked { effective: state.table.position, stale });
            }
            Action::FirstSlice { node } => {
                let Some(Job::Asked { effective, .. }) = world.nodes[node].job else { return Ok(()) };
                let first = Stored { content: world.content, validator: world.validator, effective };
                world.nodes[node].job = Some(Job::Half(first));
            }
            Action::AskSecondSlice { node } => {
                let state = &mut world.nodes[node];
                let Some(Job::Half(first)) = state.job else { return Ok(()) };
                state.job = Some(Job::HalfAsked { first, effective: state.table.position });
            }
            Action::Received { node } => self.received(world, node),
            Action::Derive { node } => {
                world.jobs += 1;
                let state = &mut world.nodes[node];
                let source = state.stored.expect("stored");
                let own = self.is(Bug::DerivedTakesItsOwnPosition);
                let effective = if own { state.table.position } else { source.effective };
                state.job = Some(Job::Here { stored: Stored { effective, ..source }, fetched: false });
            }
            Action::Store { node } => {
                let state = &mut world.nodes[node];
                let Some(Job::Here { mut stored, fetched }) = state.job.take() else { return Ok(()) };
                if fetched && self.is(Bug::FillTakesPositionWhenStored) {
                    stored.effective = state.table.position;
                }
                state.stored = Some(stored);
            }
            Action::UnsafeMethod { node } => {
                world.unsafes += 1;
                world.content += 1;
                world.nodes[node].invalidate(world.content, Covers::Hard.purge(), self.bug);
            }
            Action::Sync { node } => {
                let truth = world.controls[world.connected[node]].truth();
                world.nodes[node].sync(&truth, self.bug);
            }
            Action::PowerFails { node, records_kept } => {
                world.crashes += 1;
                let mut started = world.nodes[node].crash(records_kept, self.bug);
                // A start is synced before anything is answered.
                started.sync(&Truth::default(), self.bug);
                world.nodes[node] = started;
                world.net.retain(|message| message.node != node);
                world.answered_at[node] = None;
            }
            _ => unreachable!("a step of the world"),
        }
        Ok(())
    }
}
