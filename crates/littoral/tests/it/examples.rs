//! Every example that is shipped starts and answers.

use std::path::Path;
use std::sync::Arc;

use crate::harness::{Node, littoral, run, status};

#[test]
fn every_example_is_sound_starts_and_answers() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut seen = 0;
    for example in std::fs::read_dir(&examples).unwrap().map(|entry| entry.unwrap().path()) {
        let file = example.join("littoral.toml");
        if !file.is_file() {
            continue;
        }
        seen += 1;
        // A copy: nothing is written where the example is kept.
        let folder = Arc::new(tempfile::tempdir().unwrap());
        copy(&example, folder.path());
        let (code, out, err) = run(littoral(folder.path()).args(["check", "littoral.toml"]));
        assert_eq!(code, 0, "{}: {out}{err}", file.display());
        let node = Node::start_in(
            folder,
            &["-c", "littoral.toml", "--http", "127.0.0.1:0", "--admin", "./admin.sock"],
        );
        // Whatever the origin says or fails to say, the edge answers for itself.
        let (head, _) = node.get("/");
        assert!((200..600).contains(&status(&head)), "{}: {head}", file.display());
        assert_eq!(node.command(&["status"]).0, 0);
    }
    assert!(seen > 0, "no example in {}", examples.display());
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            std::fs::create_dir_all(&to).unwrap();
            copy(&from, &to);
        } else {
            std::fs::copy(&from, &to).unwrap();
        }
    }
}
