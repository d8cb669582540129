//! The queues' nodes: two doubly linked lists through one slab, so that each stored response stands in a
//! queue of the whole store and in one of its site.
//!
//! Blocks of nodes are added and never moved or returned: no growth copies, and their bytes are counted.

use std::sync::Arc;

use crate::response::StoredResponse;
use crate::store::SiteIx;

/// No node.
pub(super) const NONE: u32 = u32::MAX;

/// Which of a node's two lists.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Scope {
    Store = 0,
    Site = 1,
}

/// Which of the two queues of S3-FIFO.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Queue {
    Small = 0,
    Main = 1,
}

pub(super) struct Node {
    /// `None` while the node is free.
    pub(super) response: Option<Arc<StoredResponse>>,
    pub(super) key_hash: u64,
    /// Bytes that count in its queues.
    pub(super) bytes: u64,
    pub(super) site: SiteIx,
    pub(super) queue: Queue,
    links: [Link; 2],
}

#[derive(Copy, Clone)]
struct Link {
    newer: u32,
    older: u32,
}

/// A first-in first-out list of nodes.
#[derive(Copy, Clone, Debug)]
pub(super) struct List {
    newest: u32,
    oldest: u32,
    pub(super) bytes: u64,
    pub(super) len: u64,
}

/// The two queues of a scope, indexed by [`Queue`].
pub(super) type Queues = [List; 2];

#[derive(Default)]
pub(super) struct Nodes {
    blocks: Vec<Vec<Node>>,
    free: u32,
    len: u32,
}

const BLOCK: usize = 256;

impl Default for List {
    fn default() -> Self {
        List { newest: NONE, oldest: NONE, bytes: 0, len: 0 }
    }
}

impl List {
    pub(super) fn oldest(&self) -> Option<u32> {
        (self.oldest != NONE).then_some(self.oldest)
    }
}

impl Nodes {
    pub(super) fn new() -> Nodes {
        Nodes { blocks: Vec::new(), free: NONE, len: 0 }
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.blocks.len() * BLOCK * size_of::<Node>() + self.blocks.capacity() * size_of::<Vec<Node>>()
    }

    /// A node in no list.
    pub(super) fn take(&mut self, response: Arc<StoredResponse>, key_hash: u64, site: SiteIx) -> u32 {
        let link = Link { newer: NONE, older: NONE };
        let node = Node {
            response: Some(response),
            key_hash,
            bytes: 0,
            site,
            queue: Queue::Small,
            links: [link; 2],
        };
        if self.free != NONE {
            let at = self.free;
            self.free = self.at(at).links[0].older;
            *self.at_mut(at) = node;
            return at;
        }
        if self.blocks.last().is_none_or(|block| block.len() == BLOCK) {
            self.blocks.push(Vec::with_capacity(BLOCK));
        }
        self.blocks.last_mut().expect("pushed above").push(node);
        self.len += 1;
        self.len - 1
    }

    /// Frees a node that is in no list.
    pub(super) fn give(&mut self, at: u32) -> Option<Arc<StoredResponse>> {
        let free = self.free;
        let node = self.at_mut(at);
        node.links[0].older = free;
        let response = node.response.take();
        self.free = at;
        response
    }

    pub(super) fn at(&self, at: u32) -> &Node {
        &self.blocks[at as usize / BLOCK][at as usize % BLOCK]
    }

    pub(super) fn at_mut(&mut self, at: u32) -> &mut Node {
        &mut self.blocks[at as usize / BLOCK][at as usize % BLOCK]
    }

    /// The response of a taken node.
    pub(super) fn response(&self, at: u32) -> &Arc<StoredResponse> {
        self.at(at).response.as_ref().expect("nodes in a list are taken")
    }

    /// Puts a node at the new end of a list; the caller keeps `node.queue` in step.
    pub(super) fn push(&mut self, list: &mut List, scope: Scope, at: u32) {
        let s = scope as usize;
        let older = list.newest;
        let node = self.at_mut(at);
        node.links[s] = Link { newer: NONE, older };
        list.bytes += node.bytes;
        list.len += 1;
        match older {
            NONE => list.oldest = at,
            _ => self.at_mut(older).links[s].newer = at,
        }
        list.newest = at;
    }

    pub(super) fn unlink(&mut self, list: &mut List, scope: Scope, at: u32) {
        let s = scope as usize;
        let Link { newer, older } = self.at(at).links[s];
        match newer {
            NONE => list.newest = older,
            _ => self.at_mut(newer).links[s].older = older,
        }
        match older {
            NONE => list.oldest = newer,
            _ => self.at_mut(older).links[s].newer = newer,
        }
        list.bytes -= self.at(at).bytes;
        list.len -= 1;
    }
}
