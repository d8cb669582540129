//! Every state that a scheduler can reach within bounds, breadth first: so the first counterexample is a shortest.

use std::collections::HashSet;
use std::fmt::Debug;
use std::hash::Hash;
use std::time::Instant;

use ahash::RandomState;

/// What is explored.
pub(crate) trait Model {
    type State: Clone + Hash;
    type Action: Clone + Debug;

    fn initial(&self) -> Self::State;
    /// All that the scheduler may do next.
    fn actions(&self, state: &Self::State) -> Vec<Self::Action>;
    /// Does it; `Err` says which promise was broken.
    fn step(&self, state: &mut Self::State, action: &Self::Action) -> Result<(), String>;
}

/// What an exploration found.
pub(crate) struct Explored<A> {
    pub(crate) states: usize,
    pub(crate) steps: usize,
    pub(crate) depth: usize,
    /// All states within the model's own bounds were seen.
    pub(crate) complete: bool,
    pub(crate) milliseconds: u128,
    pub(crate) broken: Option<(String, Vec<A>)>,
}

impl<A: Debug> Explored<A> {
    pub(crate) fn summary(&self, name: &str) -> String {
        format!(
            "{name}: {} states, {} steps, depth {}{}, {} ms",
            self.states,
            self.steps,
            self.depth,
            if self.complete { "" } else { " (cut off)" },
            self.milliseconds
        )
    }

    pub(crate) fn counterexample(&self) -> String {
        let Some((promise, actions)) = &self.broken else { return "no promise was broken".into() };
        let steps: Vec<String> =
            actions.iter().enumerate().map(|(nth, action)| format!("  {:>2}. {action:?}", nth + 1)).collect();
        format!("{promise}\n{}", steps.join("\n"))
    }
}

/// Explores at most `states_max` states. Two states with one 128-bit hash count as one.
pub(crate) fn explore<M: Model>(model: &M, states_max: usize) -> Explored<M::Action> {
    let started = Instant::now();
    let (low, high) = (RandomState::with_seeds(1, 2, 3, 4), RandomState::with_seeds(5, 6, 7, 8));
    let hash = |state: &M::State| (low.hash_one(state), high.hash_one(state));
    let mut ways: Vec<(usize, Option<M::Action>)> = vec![(0, None)];
    let initial = model.initial();
    let mut seen = HashSet::from([hash(&initial)]);
    let mut layer = vec![(0, initial)];
    let mut explored =
        Explored { states: 1, steps: 0, depth: 0, complete: true, milliseconds: 0, broken: None };
    'layers: while !layer.is_empty() {
        let mut next = Vec::new();
        for (nth, state) in layer {
            for action in model.actions(&state) {
                explored.steps += 1;
                let mut state = state.clone();
                if let Err(promise) = model.step(&mut state, &action) {
                    ways.push((nth, Some(action)));
                    explored.broken = Some((promise, way(&ways)));
                    break 'layers;
                }
                if !seen.insert(hash(&state)) {
                    continue;
                }
                ways.push((nth, Some(action)));
                next.push((ways.len() - 1, state));
                if seen.len() >= states_max {
                    explored.complete = false;
                    break 'layers;
                }
            }
        }
        explored.depth += usize::from(!next.is_empty());
        layer = next;
    }
    explored.states = seen.len();
    explored.milliseconds = started.elapsed().as_millis();
    explored
}

/// Walks at random, `walks` times, at most `steps_max` steps each: far beyond what can be seen whole.
pub(crate) fn wander<M: Model>(model: &M, walks: u64, steps_max: usize) -> Explored<M::Action> {
    let started = Instant::now();
    let mut explored =
        Explored { states: 0, steps: 0, depth: 0, complete: false, milliseconds: 0, broken: None };
    for walk in 0..walks {
        let mut random = (walk + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let (mut state, mut taken) = (model.initial(), Vec::new());
        while taken.len() < steps_max {
            let actions = model.actions(&state);
            if actions.is_empty() {
                break;
            }
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let nth = usize::try_from(random % actions.len() as u64).expect("an index");
            taken.push(actions[nth].clone());
            if let Err(promise) = model.step(&mut state, &actions[nth]) {
                explored.broken = Some((promise, taken));
                return explored;
            }
        }
        explored.steps += taken.len();
        explored.depth = explored.depth.max(taken.len());
    }
    explored.milliseconds = started.elapsed().as_millis();
    explored
}

/// The actions that lead to the last state noted.
fn way<A: Clone>(ways: &[(usize, Option<A>)]) -> Vec<A> {
    let mut actions = Vec::new();
    let mut at = ways.len() - 1;
    while let (before, Some(action)) = &ways[at] {
        actions.push(action.clone());
        at = *before;
    }
    actions.reverse();
    actions
}
