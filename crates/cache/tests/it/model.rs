//! Random operations against a map that never evicts: what is found is what was stored last, and every byte
//! is accounted for.

use std::collections::HashMap;
use std::sync::Arc;

use littoral_cache::{
    Body, Content, Key, MemoryStore, NotKept, PartialBody, ResponseParts, SiteIx, Store, StoredResponse,
};
use proptest::prelude::*;

use crate::make::{Make, fence, fields, terms};

#[derive(Clone, Debug)]
enum Step {
    Insert { key: u8, variant: u8, len: usize, partial: bool },
    Hit { key: u8, variant: u8 },
    Freshen { key: u8, variant: u8 },
    Remove { key: u8 },
    RemoveVariant { key: u8, variant: u8 },
    Hold { key: u8 },
    LetGo,
    Derive { key: u8, len: usize },
    Shares(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let key = 0..24u8;
    let variant = 0..4u8;
    prop_oneof![
        12 => (key.clone(), variant.clone(), prop_oneof![0..500usize, 0..30_000usize], any::<bool>())
            .prop_map(|(key, variant, len, partial)| Step::Insert { key, variant, len, partial }),
        8 => (key.clone(), variant.clone()).prop_map(|(key, variant)| Step::Hit { key, variant }),
        4 => (key.clone(), variant.clone()).prop_map(|(key, variant)| Step::Freshen { key, variant }),
        1 => key.clone().prop_map(|key| Step::Remove { key }),
        2 => (key.clone(), variant).prop_map(|(key, variant)| Step::RemoveVariant { key, variant }),
        2 => key.clone().prop_map(|key| Step::Hold { key }),
        1 => Just(Step::LetGo),
        2 => (key, 0..800usize).prop_map(|(key, len)| Step::Derive { key, len }),
        1 => any::<u8>().prop_map(Step::Shares),
    ]
}

/// Odd keys vary by a field; even keys have one variant.
fn request(key: u8, variant: u8) -> littoral_http_caching::Fields {
    let name = ["a", "b", "c", "d"][usize::from(variant)];
    if key % 2 == 1 { fields(&[("x-variant", name)]) } else { fields(&[]) }
}

fn cache_key(key: u8) -> Key {
    Key::new(format!("h/{key}").as_bytes())
}

const BUDGET: u64 = 256 * 1024;

proptest! {
    #![proptest_config(crate::cases(100))]

    #[test]
    fn presence_is_a_subset_of_the_model_and_accounting_is_exact(
        steps in prop::collection::vec(step(), 1..250)
    ) {
        let fence = fence();
        let store = MemoryStore::new(BUDGET, &[]).with_variants_max(3);
        let mut model: HashMap<(u8, u8), Arc<StoredResponse>> = HashMap::new();
        let mut held = Vec::new();
        let slot = |key: u8, variant: u8| (key, if key % 2 == 1 { variant } else { 0 });
        for step in steps {
            match step {
                Step::Insert { key, variant, len, partial } => {
                    let url = format!("h/{key}");
                    let body = Body::from_slice(&vec![key; len]);
                    let vary = if key % 2 == 1 { "x-variant" } else { "" };
                    let make = Make::new(&fence, &url, body.clone());
                    let mut parts = Make { vary, request: request(key, variant), ..make }.parts();
                    if let (true, Some(partial)) = (partial, PartialBody::new(1 << 20, 7, body)) {
                        parts.content = Content::Partial(partial);
                    }
                    let response = Arc::new(StoredResponse::new(parts));
                    match store.insert(&cache_key(key), SiteIx(u32::from(key) % 5), Arc::clone(&response)) {
                        Ok(()) => drop(model.insert(slot(key, variant), response)),
                        Err(reason) => prop_assert!(
                            matches!(reason, NotKept::Pinned | NotKept::SiteShare), "{:?}", reason
                        ),
                    }
                }
                Step::Hit { key, variant } => {
                    if let Some(entry) = store.lookup(cache_key(key).as_key_ref())
                        && let Some(found) = entry.select(&request(key, variant), &mut Vec::new())
                    {
                        let expected = &model[&slot(key, variant)];
                        prop_assert!(Arc::ptr_eq(found, expected));
                        prop_assert!(!found.is_dead() && !entry.is_dead());
                    }
                }
                Step::Freshen { key, variant } => {
                    if let Some(old) = model.get(&slot(key, variant)).cloned() {
                        let parts = ResponseParts { terms: terms(2_000), ..old.parts().clone() };
                        let new = Arc::new(StoredResponse::new(parts));
                        if store.replace(&cache_key(key), &old, Arc::clone(&new)) {
                            prop_assert!(old.is_dead() && !new.is_dead());
                            model.insert(slot(key, variant), new);
                        }
                    }
                }
                Step::Remove { key } => {
                    store.remove(cache_key(key).as_key_ref());
                    prop_assert!(store.lookup(cache_key(key).as_key_ref()).is_none());
                    model.retain(|&(of, _), response| of != key || { assert!(response.is_dead()); false });
                }
                Step::RemoveVariant { key, variant } => {
                    if let Some(old) = model.remove(&slot(key, variant)) {
                        let was_there = !old.is_dead();
                        prop_assert_eq!(store.remove_response(cache_key(key).as_key_ref(), &old), was_there);
                        prop_assert!(old.is_dead());
                    }
                }
                Step::Hold { key } => held.extend(store.lookup(cache_key(key).as_key_ref())),
                Step::LetGo => held.clear(),
                Step::Derive { key, len } => {
                    if let Some(entry) = store.lookup(cache_key(key).as_key_ref()) {
                        entry.variants()[0].keep_derived(1, vec![0; len].into());
                    }
                }
                Step::Shares(share) => store.set_shares(f32::from(share) / 255.0, &[(SiteIx(1), 0.3)]),
            }
            model.retain(|_, response| !response.is_dead());
            let stat = store.stat();
            prop_assert_eq!(stat.responses as usize, model.len());
            prop_assert!(stat.bytes <= BUDGET + 1_024, "{} of {}", stat.bytes, BUDGET);
            prop_assert!(stat.bytes >= store.recount());
            let by_site: u64 = stat.sites.iter().map(|site| site.bytes).sum();
            prop_assert_eq!(by_site + stat.overhead_bytes, stat.bytes);
        }
        model.clear();
        held.clear();
        prop_assert_eq!(store.stat().bytes, store.recount());
    }
}
