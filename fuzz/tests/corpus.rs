//! Every target over its saved inputs, without libFuzzer.

use std::path::Path;

#[test]
fn every_target_holds_on_its_saved_inputs() {
    for (name, run) in littoral_fuzz::targets::ALL {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
        let entries =
            std::fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
        let mut inputs = 0;
        for path in entries.map(|entry| entry.expect("a readable folder").path()) {
            // The name of the input that breaks is printed with the panic.
            println!("{}", path.display());
            run(&std::fs::read(&path).expect("a readable input"));
            inputs += 1;
        }
        assert!(inputs > 0, "{name} has no saved inputs");
    }
}

#[test]
fn every_target_stands_in_the_manifest() {
    let manifest = include_str!("../Cargo.toml");
    for (name, _) in littoral_fuzz::targets::ALL {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} has no [[bin]]");
    }
}
