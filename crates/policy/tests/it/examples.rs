//! The examples that the project ships are good, without a warning.

use crate::fixtures::Folder;
use littoral_model::{parse_node, render_all};
use littoral_policy::{PolicySet, SiteIds, read_site};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One for each kind of user.
const EXAMPLES: [&str; 5] = ["broadcaster", "mirror", "network-operator", "publisher", "site-owner"];

#[test]
fn every_example_passes_without_a_warning() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    for example in EXAMPLES {
        let folder = root.join(example);
        let (node_name, node) = read(&folder.join("littoral.toml"));
        let (node_file, mistakes) = parse_node(&node, &node_name);
        assert!(mistakes.is_empty(), "{}", render_all(&mistakes, &node));
        assert!(!node_file.expect("it has no mistakes").sites.is_empty(), "{example} names no sites");
        let sites: Vec<_> = site_files(&folder).iter().map(|file| Arc::new(site(file))).collect();
        assert!(!sites.is_empty(), "{example} has no sites");
        let set = PolicySet::build(sites, 1).unwrap_or_else(|conflicts| panic!("{example}: {conflicts:?}"));
        assert!(set.sites().iter().all(|site| site.memory_share <= 1.0));
    }
}

#[test]
fn every_folder_of_examples_is_tested() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut folders: Vec<_> = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().join("littoral.toml").exists())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    folders.sort();
    assert_eq!(folders, EXAMPLES);
}

#[test]
fn every_site_file_of_a_page_passes_without_a_warning() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let (_, text) = read(&page);
    let blocks = text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let sites: Vec<&str> = blocks.filter(|block| block.contains("\nhosts = ")).collect();
    assert!(sites.len() >= 2, "the page has a long and a short one");
    for source in sites {
        match read_site(source, "shop.toml", &Folder, |_| SiteIds::default()) {
            Ok((_, warnings)) if warnings.is_empty() => {}
            Ok((_, mistakes)) | Err(mistakes) => panic!("{}", render_all(&mistakes, source)),
        }
    }
}

fn site(file: &Path) -> littoral_policy::Site {
    let (name, source) = read(file);
    match read_site(&source, &name, &Folder, |_| SiteIds::default()) {
        Ok((site, warnings)) if warnings.is_empty() => site,
        Ok((_, mistakes)) | Err(mistakes) => panic!("{}", render_all(&mistakes, &source)),
    }
}

fn site_files(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder.join("sites")).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|extension| extension == "toml")).collect();
    files.sort();
    files
}

fn read(file: &Path) -> (String, String) {
    (file.display().to_string(), fs::read_to_string(file).unwrap())
}
