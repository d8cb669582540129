//! One node's purge fence: shared by all threads; readers take no lock and write nothing.
//!
//! The crate's header argues why a reader cannot miss a purge. What happens at the limits: a full table
//! gives up the precision of the site with the most entries (its purges so far become one purge of
//! everything it has), a full list of odd prefixes shortens a new one to its last slash. Both purge too
//! much and are counted; nothing is ever forgotten but what [`Fence::forget_older_than`] is told.

use std::sync::atomic::{Ordering::Acquire, Ordering::Relaxed, Ordering::Release};
use std::sync::{Arc, PoisonError};

use crate::entry::Entry;
use crate::journal::{Kept, Replayed};
use crate::odd::OddPrefixes;
use crate::position::Position;
use crate::purge::{Purge, Scope, SiteKey};
use crate::shared::{AtomicU64, Latest, Mutex, MutexGuard};
use crate::subject::{Probes, Subject};
use crate::table::{Marks, Table};

/// Bounds of the fence's memory.
#[derive(Copy, Clone, Debug)]
pub struct Limits {
    /// Entries of the table. A purge takes one, by tag one or two. Default 65,536 (8 MiB when full);
    /// less than 16 counts as 16.
    pub entries_max: usize,
    /// Prefixes that do not end in `/`, for all sites together. Each costs a comparison for every
    /// judgement that goes to the table. Default 128.
    pub odd_prefixes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { entries_max: 65_536, odd_prefixes_max: 128 }
    }
}

/// What the fence says of a stored response.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum Verdict {
    /// No later purge covers it.
    Live,
    /// Made stale: may be revalidated.
    Soft,
    /// Gone: not reused, lends no validators.
    Hard,
}

/// What takes the next own position of a node.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Change<'a> {
    /// A purge, control's or the node's own.
    Purge(&'a Purge),
    /// Everything older, of every site, must be fetched anew before it is used again.
    Renew,
    /// Nothing that concerns what is stored.
    Nothing,
}

impl<'a> Change<'a> {
    /// What an entry of control's log means for what is stored.
    pub fn of(entry: &'a Entry) -> Change<'a> {
        match entry {
            Entry::Purge(purge) => Change::Purge(purge),
            Entry::Renew { .. } => Change::Renew,
            Entry::Epoch { .. } => Change::Nothing,
        }
    }
}

/// The purges that matter to what this node has stored.
pub struct Fence {
    probes: Probes,
    limits: Limits,
    position: AtomicU64,
    /// The last purge of each site; sites whose keys meet in a cell share it, and judge more often.
    sites: Box<[AtomicU64]>,
    tables: Latest<Tables>,
    writer: Mutex<Writer>,
    overflows: AtomicU64,
    entries: AtomicU64,
}

#[derive(Clone)]
struct Tables {
    table: Arc<Table>,
    odd: Arc<OddPrefixes>,
    /// Holds for every site: set when even one entry a site is too many.
    floor: Marks,
    /// The last time that everything was to be fetched anew; zero is never.
    renew: u64,
}

struct Writer {
    entries: usize,
}

impl Tables {
    /// What covers the response; as soon as that is a hard purge later than `effective`, the rest may be missing.
    fn marks(&self, subject: &Subject, url: &[u8], effective: u64) -> Marks {
        let mut marks = self.floor.join(self.odd.marks(subject.site, url));
        for &probe in &subject.probes {
            if marks.hard > effective {
                break;
            }
            marks = marks.join(self.table.marks(probe));
        }
        marks
    }
}

const SITE_CELLS: usize = if cfg!(loom) { 2 } else { 1024 };

impl Fence {
    /// A fence before its first purge.
    pub fn new(limits: Limits) -> Fence {
        Fence::starting_at(limits, Position::default())
    }

    /// A fence that goes on from `position` and knows none of the purges up to it: whatever is stored
    /// with an earlier effective position must have been thrown away.
    pub fn starting_at(limits: Limits, position: Position) -> Fence {
        let limits = Limits { entries_max: limits.entries_max.max(16), ..limits };
        Fence {
            probes: Probes::new(),
            limits,
            position: AtomicU64::new(position.pack()),
            sites: (0..SITE_CELLS).map(|_| AtomicU64::new(position.pack())).collect(),
            tables: Latest::new(Tables {
                table: Arc::new(Table::for_entries(0)),
                odd: Arc::default(),
                floor: Marks::default(),
                renew: 0,
            }),
            writer: Mutex::new(Writer { entries: 0 }),
            overflows: AtomicU64::new(0),
            entries: AtomicU64::new(0),
        }
    }

    /// A fence that knows what a journal kept, at the beginning of the life after the journal's last. What is stored
    /// under positions of earlier lives is judged as before.
    pub fn of_journal(limits: Limits, replayed: &Replayed) -> Fence {
        let fence = Fence::new(limits);
        let mut kept: Vec<&(Position, Kept)> = replayed.kept.iter().collect();
        kept.sort_by_key(|(own, _)| *own);
        for (own, kept) in kept {
            let change = match kept {
                Kept::Entry(entry) => Change::of(entry),
                Kept::Local(purge) => Change::Purge(purge),
                Kept::Floor => Change::Renew,
            };
            fence.publish_at(&mut fence.write(), *own, change);
        }
        let begin = Position { epoch: replayed.life() + 1, number: 0 };
        fence.position.store(begin.pack(), Release);
        fence
    }

    /// The last purge published. A fetch reads it before its request leaves; that is the effective
    /// position of the response.
    pub fn position(&self) -> Position {
        Position::unpack(self.position.load(Acquire))
    }

    /// A position no earlier than the last purge of `site`, unchanged while nothing of the site is purged
    /// (nor of a few others that share its cell). One load.
    pub fn site_position(&self, site: SiteKey) -> Position {
        Position::unpack(self.cell(site).load(Acquire))
    }

    /// What the fence will look at of a response: its canonical URL (`host/path?query`, no scheme) and
    /// its surrogate keys. More than 256 of these count as every tag.
    pub fn subject<'t>(
        &self,
        site: SiteKey,
        url: &[u8],
        tags: impl IntoIterator<Item = &'t [u8]>,
    ) -> Subject {
        self.probes.subject(site, url, tags.into_iter())
    }

    /// Applies a purge at the next position. When this returns, every judgement that begins afterwards
    /// counts it.
    pub fn apply(&self, purge: &Purge) -> Position {
        self.publish(Change::Purge(purge))
    }

    /// Applies a change at the next position; as [`apply`](Self::apply).
    pub fn publish(&self, change: Change<'_>) -> Position {
        let mut writer = self.write();
        let at = Position::unpack(self.position.load(Relaxed)).next();
        self.publish_at(&mut writer, at, change);
        at
    }

    fn write(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish_at(&self, writer: &mut Writer, at: Position, change: Change<'_>) {
        match change {
            Change::Purge(purge) => {
                self.mark_scope(writer, purge, at);
                self.entries.store(writer.entries as u64, Relaxed);
                self.cell(purge.site).store(at.pack(), Release);
            }
            Change::Renew => {
                let tables = self.tables.load();
                let (table, odd, floor) = (tables.table.clone(), tables.odd.clone(), tables.floor);
                self.tables.store(Arc::new(Tables { table, odd, floor, renew: at.pack() }));
                self.sites.iter().for_each(|cell| cell.store(at.pack(), Release));
            }
            Change::Nothing => {}
        }
        self.position.store(at.pack(), Release);
    }

    fn mark_scope(&self, writer: &mut Writer, purge: &Purge, at: Position) {
        let marks = Marks::of(purge.kind, at.pack());
        let site = purge.site;
        match &purge.scope {
            Scope::Everything => self.mark(writer, site, &[self.probes.everything(site)], marks),
            Scope::Url(url) => self.mark(writer, site, &[self.probes.url(site, url.as_bytes())], marks),
            Scope::Tag(tag) => {
                let probes = [self.probes.tag(site, tag.as_bytes()), self.probes.any_tag(site)];
                self.mark(writer, site, &probes, marks);
            }
            Scope::Host(host) => {
                let prefix = [host.as_bytes(), b"/"].concat();
                self.mark_prefix(writer, site, &prefix, marks);
            }
            Scope::Prefix(prefix) => self.mark_prefix(writer, site, prefix.as_bytes(), marks),
        }
    }

    /// Whether a purge later than `effective` covers the response. `url` is the one that `subject` was
    /// made of. A response made soft stays hard if a hard purge came first. What is
    /// older than a [`Change::Renew`] is hard.
    pub fn judge(&self, subject: &Subject, url: &[u8], effective: Position) -> Verdict {
        let effective = effective.pack();
        if self.cell(subject.site).load(Acquire) <= effective {
            return Verdict::Live;
        }
        let tables = self.tables.load();
        if tables.renew > effective {
            return Verdict::Hard;
        }
        let marks = tables.marks(subject, url, effective);
        if marks.hard > effective {
            Verdict::Hard
        } else if marks.soft > effective {
            Verdict::Soft
        } else {
            Verdict::Live
        }
    }

    /// Drops purges at or before `oldest_effective`. The caller knows that nothing stored, and no fetch in
    /// flight, has an earlier effective position: it reads [`position`](Self::position) first, then takes
    /// the minimum over what is stored and in flight.
    pub fn forget_older_than(&self, oldest_effective: Position) {
        let mut writer = self.write();
        let oldest = oldest_effective.pack();
        let tables = self.tables.load();
        let floor = if tables.floor.latest() > oldest { tables.floor } else { Marks::default() };
        let renew = if tables.renew > oldest { tables.renew } else { 0 };
        let odd = Arc::new(tables.odd.later_than(oldest));
        let kept = tables.table.taken().filter(|taken| taken.marks.latest() > oldest).count();
        let table = Table::for_entries(kept);
        for taken in tables.table.taken().filter(|taken| taken.marks.latest() > oldest) {
            table.mark(taken.probe, taken.site, taken.marks);
        }
        writer.entries = kept;
        self.entries.store(kept as u64, Relaxed);
        self.tables.store(Arc::new(Tables { table: Arc::new(table), odd, floor, renew }));
    }

    /// Purges remembered: entries of the table and odd prefixes.
    pub fn len(&self) -> usize {
        let entries = usize::try_from(self.entries.load(Relaxed)).expect("a count of slots in memory");
        entries + self.tables.load().odd.len()
    }

    /// Whether it remembers no purge.
    pub fn is_empty(&self) -> bool {
        let tables = self.tables.load();
        self.len() == 0 && tables.floor.latest().max(tables.renew) == 0
    }

    /// How often a limit made a purge cover too much.
    pub fn overflows(&self) -> u64 {
        self.overflows.load(Relaxed)
    }

    /// Bytes of the table, the odd prefixes and the sites' positions.
    pub fn memory_bytes(&self) -> usize {
        let tables = self.tables.load();
        tables.table.memory_bytes() + tables.odd.memory_bytes() + SITE_CELLS * size_of::<AtomicU64>()
    }

    fn cell(&self, site: SiteKey) -> &AtomicU64 {
        // A site's key is a hash already; folding guards against keys that are small numbers times a power.
        let folded = site.0 ^ (site.0 >> 32) ^ (site.0 >> 16);
        &self.sites[(folded % SITE_CELLS as u64) as usize]
    }

    fn mark_prefix(&self, writer: &mut Writer, site: SiteKey, prefix: &[u8], marks: Marks) {
        if prefix.is_empty() {
            return self.mark(writer, site, &[self.probes.everything(site)], marks);
        }
        if let Some(probe) = self.probes.prefix(site, prefix) {
            return self.mark(writer, site, &[probe], marks);
        }
        let tables = self.tables.load();
        match tables.odd.with(site, prefix, marks, self.limits.odd_prefixes_max) {
            Some(odd) => self.tables.store(Arc::new(Tables { odd: Arc::new(odd), ..Tables::clone(&tables) })),
            None => {
                self.overflows.fetch_add(1, Relaxed);
                let probe = self.probes.last_boundary(site, prefix);
                self.mark(writer, site, &[probe.unwrap_or_else(|| self.probes.everything(site))], marks);
            }
        }
    }

    /// Marks probes in the table, which grows, or gives up precision, to take them.
    fn mark(&self, writer: &mut Writer, site: SiteKey, probes: &[u64], marks: Marks) {
        let mut tables = self.tables.load_full();
        let new = probes.iter().filter(|&&probe| !tables.table.contains(probe)).count();
        if writer.entries + new > self.limits.entries_max {
            self.overflow(writer, &tables);
            tables = self.tables.load_full();
        }
        if writer.entries + new > tables.table.capacity() {
            let table = Table::for_entries(writer.entries + new);
            for taken in tables.table.taken() {
                table.mark(taken.probe, taken.site, taken.marks);
            }
            tables = Arc::new(Tables { table: Arc::new(table), ..Tables::clone(&tables) });
            self.tables.store(tables.clone());
        }
        for &probe in probes {
            writer.entries += usize::from(tables.table.mark(probe, site, marks));
        }
    }

    /// Makes room: the site with the most entries keeps one, a purge of everything it has. When every site
    /// is down to few, all become one floor.
    fn overflow(&self, writer: &mut Writer, tables: &Tables) {
        self.overflows.fetch_add(1, Relaxed);
        let largest = tables.table.largest_site().filter(|&(_, count)| count >= 8);
        let table = Table::for_entries(writer.entries);
        let mut floor = tables.floor;
        writer.entries = 0;
        for taken in tables.table.taken() {
            let probe = match largest {
                Some((site, _)) if site != taken.site => taken.probe,
                Some((site, _)) => self.probes.everything(site),
                None => {
                    floor = floor.join(taken.marks);
                    continue;
                }
            };
            writer.entries += usize::from(table.mark(probe, taken.site, taken.marks));
        }
        self.tables.store(Arc::new(Tables { table: Arc::new(table), floor, ..tables.clone() }));
    }
}
