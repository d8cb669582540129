//! Memory that is left: the host's, or the control group's where that is less, in either version of control groups.

use std::fs;
use std::path::{Path, PathBuf};

/// How much memory there is, and how hard it is to get some.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct MemoryFacts {
    /// Bytes of memory, bounded by this process's control groups.
    pub total_bytes: Option<u64>,
    /// Bytes that can be used without swapping: `MemAvailable`, or what is left of a control group's limit when its
    /// clean files are given up.
    pub available_bytes: Option<u64>,
    /// Percent of the last ten seconds in which nobody got on for want of memory (PSI, `full avg10`): of the control
    /// group where it says so, else of the host.
    pub stalled_percent: Option<f32>,
}

impl MemoryFacts {
    /// Reads a few files of `/proc` and `/sys`; some tens of microseconds.
    pub fn read() -> MemoryFacts {
        MemoryFacts::read_under(Path::new("/"))
    }

    /// As [`MemoryFacts::read`], of files under another root.
    pub fn read_under(root: &Path) -> MemoryFacts {
        let text = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
        let meminfo = text("proc/meminfo");
        let mut facts = MemoryFacts {
            total_bytes: meminfo_bytes(&meminfo, "MemTotal"),
            available_bytes: meminfo_bytes(&meminfo, "MemAvailable"),
            stalled_percent: None,
        };
        let groups = text("proc/self/cgroup");
        let group_root = root.join("sys/fs/cgroup");
        for folder in group_folders(&groups, &group_root) {
            if let Some((limit, used)) = folder.limit_and_use() {
                let within = |host: Option<u64>, group: u64| Some(host.map_or(group, |host| host.min(group)));
                facts.total_bytes = within(facts.total_bytes, limit);
                facts.available_bytes = within(facts.available_bytes, limit.saturating_sub(used));
            }
            facts.stalled_percent = facts.stalled_percent.or_else(|| folder.stalled_percent());
        }
        facts.stalled_percent =
            facts.stalled_percent.or_else(|| stalled_percent(&text("proc/pressure/memory")));
        facts
    }
}

/// A control group's folder, and which version it is of.
struct GroupFolder {
    path: PathBuf,
    is_v2: bool,
}

/// The process's own group and all above it, any of which may have the tightest limit.
fn group_folders(groups: &str, root: &Path) -> Vec<GroupFolder> {
    let mut folders = Vec::new();
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':');
        let (Some(number), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        let is_v2 = number == "0" && controllers.is_empty();
        let top = match () {
            () if is_v2 => root.to_owned(),
            () if controllers.split(',').any(|name| name == "memory") => root.join("memory"),
            () => continue,
        };
        let own = top.join(path.trim_start_matches('/'));
        // In a container of version 1 the path is the host's, and the group itself is what is mounted.
        let own = if own.starts_with(&top) && own.is_dir() { own } else { top.clone() };
        let up = own.ancestors().take_while(|folder| folder.starts_with(&top));
        folders.extend(up.map(|folder| GroupFolder { path: folder.to_owned(), is_v2 }));
    }
    folders
}

impl GroupFolder {
    fn text(&self, file: &str) -> Option<String> {
        fs::read_to_string(self.path.join(file)).ok()
    }

    /// `None` where there is no limit.
    fn number(&self, file: &str) -> Option<u64> {
        self.text(file)?.trim().parse().ok()
    }

    /// The limit, and what is in use that cannot be given up at once: files that nobody has changed can.
    fn limit_and_use(&self) -> Option<(u64, u64)> {
        let (limit, used, names) = if self.is_v2 {
            // Beyond `memory.high` the kernel slows the group down until it is below again.
            let limit =
                [self.number("memory.max"), self.number("memory.high")].into_iter().flatten().min()?;
            (limit, self.number("memory.current")?, ["inactive_file", "active_file", "slab_reclaimable"])
        } else {
            // "No limit" is a number near the greatest that there is.
            let limit = self.number("memory.limit_in_bytes").filter(|limit| *limit < 1 << 60)?;
            (limit, self.number("memory.usage_in_bytes")?, ["total_inactive_file", "total_active_file", ""])
        };
        let stat = self.text("memory.stat").unwrap_or_default();
        let of = |name: &str| {
            let line = stat.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.and_then(|number| number.trim().parse::<u64>().ok()).unwrap_or(0)
        };
        let files = names.iter().filter(|name| !name.is_empty()).map(|name| of(name)).sum();
        let dirty = of(if self.is_v2 { "file_dirty" } else { "total_dirty" });
        Some((limit, used.saturating_sub(u64::saturating_sub(files, dirty))))
    }

    fn stalled_percent(&self) -> Option<f32> {
        stalled_percent(&self.text("memory.pressure")?)
    }
}

/// `full avg10=…` of a pressure file.
fn stalled_percent(pressure: &str) -> Option<f32> {
    let line = pressure.lines().find_map(|line| line.strip_prefix("full "))?;
    line.split_ascii_whitespace().find_map(|word| word.strip_prefix("avg10="))?.parse().ok()
}

fn meminfo_bytes(meminfo: &str, name: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMINFO: &str = "MemTotal:       10000 kB\nMemFree: 1 kB\nMemAvailable:    5000 kB\n";
    const KB: u64 = 1024;

    /// A root with these files.
    fn root(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a folder");
        for (path, text) in [("proc/meminfo", MEMINFO)].iter().chain(files) {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("in a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        root
    }

    fn facts(files: &[(&str, &str)]) -> (Option<u64>, Option<u64>, Option<f32>) {
        let facts = MemoryFacts::read_under(root(files).path());
        (facts.total_bytes, facts.available_bytes, facts.stalled_percent)
    }

    #[test]
    fn without_control_groups_it_is_the_hosts() {
        assert_eq!(facts(&[]), (Some(10_000 * KB), Some(5_000 * KB), None));
        let pressure = "some avg10=7.50 avg60=0.00 avg300=0.00 total=1\nfull avg10=2.25 avg60=0.00 avg300=0.00 total=1\n";
        assert_eq!(facts(&[("proc/pressure/memory", pressure)]).2, Some(2.25));
    }

    #[test]
    fn a_group_of_version_2_bounds_it_and_its_clean_files_count_as_free() {
        let files = [
            ("proc/self/cgroup", "0::/system.slice/littoral.service\n"),
            ("sys/fs/cgroup/system.slice/littoral.service/memory.max", "max\n"),
            ("sys/fs/cgroup/system.slice/littoral.service/memory.high", "4096000\n"),
            ("sys/fs/cgroup/system.slice/littoral.service/memory.current", "4000000\n"),
            (
                "sys/fs/cgroup/system.slice/littoral.service/memory.stat",
                "anon 1\nfile 9\ninactive_file 2000000\nactive_file 1000000\nfile_dirty 500000\nslab_reclaimable 100000\n",
            ),
            ("sys/fs/cgroup/system.slice/littoral.service/memory.pressure", "full avg10=1.00 avg60=0\n"),
            ("proc/pressure/memory", "full avg10=9.00\n"),
        ];
        let used = 4_000_000 - (3_100_000 - 500_000);
        assert_eq!(facts(&files), (Some(4_096_000), Some(4_096_000 - used), Some(1.0)));
    }

    #[test]
    fn the_tightest_of_the_groups_above_counts() {
        let files = [
            ("proc/self/cgroup", "0::/a/b\n"),
            ("sys/fs/cgroup/a/b/memory.max", "9000000\n"),
            ("sys/fs/cgroup/a/b/memory.current", "1000\n"),
            ("sys/fs/cgroup/a/memory.max", "2000000\n"),
            ("sys/fs/cgroup/a/memory.current", "1990000\n"),
        ];
        assert_eq!(facts(&files), (Some(2_000_000), Some(10_000), None));
    }

    #[test]
    fn a_group_of_version_1_bounds_it_also_where_its_path_is_the_hosts() {
        let stat = "cache 9\ntotal_inactive_file 300000\ntotal_active_file 200000\n";
        let groups = "5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n";
        let files = [
            ("proc/self/cgroup", groups),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "1000000\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "900000\n"),
            ("sys/fs/cgroup/memory/memory.stat", stat),
        ];
        assert_eq!(facts(&files), (Some(1_000_000), Some(600_000), None));
        let unlimited = [
            ("proc/self/cgroup", groups),
            ("sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "9223372036854771712\n"),
            ("sys/fs/cgroup/memory/docker/abc/memory.usage_in_bytes", "900000\n"),
        ];
        assert_eq!(facts(&unlimited), (Some(10_000 * KB), Some(5_000 * KB), None));
    }

    #[test]
    fn a_group_over_its_limit_has_nothing_left() {
        let files = [
            ("proc/self/cgroup", "0::/\n"),
            ("sys/fs/cgroup/memory.max", "1000\n"),
            ("sys/fs/cgroup/memory.current", "2000\n"),
        ];
        assert_eq!(facts(&files), (Some(1000), Some(0), None));
    }

    #[test]
    fn what_cannot_be_read_is_not_known() {
        let empty = tempfile::tempdir().expect("a folder");
        assert_eq!(MemoryFacts::read_under(empty.path()), MemoryFacts::default());
        assert_eq!(meminfo_bytes(MEMINFO, "Mem"), None);
    }
}
