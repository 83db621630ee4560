//! Finds duplicate keys: few keys are compared, many are hashed.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;

/// From how many keys on a map gets an index.
const INDEX_FROM: usize = 16;

/// The keys of all maps that are being read, innermost last.
#[derive(Default)]
pub(super) struct Keys<'a> {
    stack: Vec<(Cow<'a, str>, usize)>,
}

/// The keys of one map.
pub(super) struct Scope<'a> {
    base: usize,
    index: Option<HashMap<Cow<'a, str>, usize>>,
}

impl<'a> Keys<'a> {
    pub(super) const fn open(&self) -> Scope<'a> {
        Scope { base: self.stack.len(), index: None }
    }

    /// Adds `key`, found at byte `at`; gives it back with the place where it stood before, if any.
    pub(super) fn add(
        &mut self,
        scope: &mut Scope<'a>,
        key: Cow<'a, str>,
        at: usize,
    ) -> Option<(Cow<'a, str>, usize)> {
        if let Some(index) = &mut scope.index {
            return match index.entry(key) {
                Slot::Occupied(first) => Some((first.key().clone(), *first.get())),
                Slot::Vacant(slot) => {
                    slot.insert(at);
                    None
                }
            };
        }
        let own = &self.stack[scope.base..];
        if let Some((_, first)) = own.iter().find(|(k, _)| *k == key) {
            return Some((key, *first));
        }
        self.stack.push((key, at));
        if self.stack.len() - scope.base == INDEX_FROM {
            scope.index = Some(self.stack.drain(scope.base..).collect());
        }
        None
    }

    pub(super) fn close(&mut self, scope: &Scope<'a>) {
        self.stack.truncate(scope.base);
    }
}
