//! The lines of a file, forwards and backwards, in bounded memory.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

/// Read at once.
const BLOCK_BYTES: usize = 256 * 1024;
/// Longer lines are no lines of a log: they come in pieces, which are then not understood.
const LINE_BYTES_MAX: usize = 512 * 1024;

/// Lines as they come.
pub(super) struct Lines<R> {
    from: R,
    buffer: Vec<u8>,
    /// What is not handed out yet begins here.
    start: usize,
    /// Up to here there is no line feed.
    searched: usize,
    ended: bool,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(from: R) -> Lines<R> {
        Lines { from, buffer: Vec::new(), start: 0, searched: 0, ended: false }
    }

    /// The next line, without its line feed; the last one may have none. `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<&[u8]>> {
        loop {
            let unseen = &self.buffer[self.searched..];
            if let Some(found) = unseen.iter().position(|&b| b == b'\n') {
                let (start, end) = (self.start, self.searched + found);
                (self.start, self.searched) = (end + 1, end + 1);
                return Ok(Some(&self.buffer[start..end]));
            }
            self.searched = self.buffer.len();
            if self.ended || self.searched - self.start > LINE_BYTES_MAX {
                let (start, end) = (self.start, self.searched);
                self.start = end;
                return Ok((start < end).then(|| &self.buffer[start..end]));
            }
            self.fill()?;
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        self.buffer.drain(..self.start);
        self.searched -= self.start;
        self.start = 0;
        let length = self.buffer.len();
        self.buffer.resize(length + BLOCK_BYTES, 0);
        let read = loop {
            match self.from.read(&mut self.buffer[length..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.buffer.truncate(length + *read.as_ref().unwrap_or(&0));
        self.ended = read? == 0;
        Ok(())
    }
}

/// Where the last line ends that is whole; with `whole` false, where the file does.
pub(super) fn whole_lines_end(file: &File, whole: bool) -> io::Result<u64> {
    let length = file.metadata()?.len();
    if !whole {
        return Ok(length);
    }
    let mut end = length;
    let mut block = vec![0; BLOCK_BYTES];
    while end > 0 {
        let start = end.saturating_sub(BLOCK_BYTES as u64);
        let block = &mut block[..(end - start) as usize];
        file.read_exact_at(block, start)?;
        if let Some(found) = block.iter().rposition(|&b| b == b'\n') {
            return Ok(start + found as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

/// Shows the lines from the last one on, up to `end` (or the file's), until `each` says that it is enough.
pub(super) fn backwards(
    file: &File,
    end: Option<u64>,
    mut each: impl FnMut(&[u8]) -> bool,
) -> io::Result<()> {
    let length = file.metadata()?.len();
    let mut position = end.map_or(length, |end| end.min(length));
    // The beginning of the block behind, up to its first line feed: the end of a line that begins before it.
    let mut carried: Vec<u8> = Vec::new();
    while position > 0 {
        let start = position.saturating_sub(BLOCK_BYTES as u64);
        let mut block = vec![0; (position - start) as usize];
        file.read_exact_at(&mut block, start)?;
        block.extend_from_slice(&carried);
        position = start;
        let lines_from = match block.iter().position(|&b| b == b'\n') {
            _ if start == 0 => 0,
            Some(first) => first + 1,
            // One line longer than a block: its end is carried on, as long as it can be a line.
            None if block.len() <= LINE_BYTES_MAX => {
                carried = block;
                continue;
            }
            None => 0,
        };
        let mut rest = &block[lines_from..];
        rest = rest.strip_suffix(b"\n").unwrap_or(rest);
        while !rest.is_empty() || lines_from < block.len() {
            let line_from = rest.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
            if !each(&rest[line_from..]) {
                return Ok(());
            }
            if line_from == 0 {
                break;
            }
            rest = &rest[..line_from - 1];
        }
        carried = block[..lines_from].to_vec();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn file_of(text: &[u8]) -> File {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(text).expect("written");
        file
    }

    /// Hands out a few bytes at a time.
    struct Drip<'a>(&'a [u8], usize);

    impl Read for Drip<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let count = self.0.len().min(self.1).min(out.len());
            out[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn texts() -> Vec<Vec<u8>> {
        let long = vec![b'x'; BLOCK_BYTES + 1];
        let many: Vec<u8> = (0..200_000_u32).flat_map(|n| format!("{n}\n").into_bytes()).collect();
        vec![
            b"".to_vec(),
            b"a".to_vec(),
            b"a\n".to_vec(),
            b"\n".to_vec(),
            b"a\n\nb\n".to_vec(),
            b"a\nb".to_vec(),
            [&b"first\n"[..], &long, b"\nlast\n"].concat(),
            many,
        ]
    }

    fn expected(text: &[u8]) -> Vec<Vec<u8>> {
        let mut lines: Vec<Vec<u8>> = text.split(|&b| b == b'\n').map(<[u8]>::to_vec).collect();
        lines.pop_if(|last| last.is_empty());
        lines
    }

    #[test]
    fn lines_are_the_same_however_they_arrive() {
        for text in texts() {
            for step in [1.max(text.len() / 7), usize::MAX] {
                let mut lines = Lines::new(Drip(&text, step));
                let mut seen = Vec::new();
                while let Some(line) = lines.next().expect("it reads") {
                    seen.push(line.to_vec());
                }
                assert_eq!(seen, expected(&text));
            }
        }
    }

    #[test]
    fn backwards_they_are_the_same_in_reverse() {
        for text in texts() {
            let mut seen = Vec::new();
            backwards(&file_of(&text), None, |line| {
                seen.push(line.to_vec());
                true
            })
            .expect("it reads");
            seen.reverse();
            assert_eq!(seen, expected(&text), "{} bytes", text.len());
        }
    }

    #[test]
    fn a_line_that_is_being_written_is_left_for_later() {
        for (text, end) in [(&b"a\nbc"[..], 2), (b"a\n", 2), (b"abc", 0), (b"", 0)] {
            assert_eq!(whole_lines_end(&file_of(text), true).expect("it reads"), end);
            assert_eq!(whole_lines_end(&file_of(text), false).expect("it reads"), text.len() as u64);
        }
    }

    #[test]
    fn what_has_no_line_feed_for_too_long_is_handed_out_in_pieces() {
        let text = vec![b'x'; 3 * LINE_BYTES_MAX];
        let mut lines = Lines::new(&text[..]);
        let mut total = 0;
        while let Some(piece) = lines.next().expect("it reads") {
            assert!(piece.len() <= LINE_BYTES_MAX + BLOCK_BYTES);
            total += piece.len();
        }
        assert_eq!(total, text.len());
    }
}
