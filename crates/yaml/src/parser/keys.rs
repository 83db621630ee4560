//! Finds duplicate keys: few keys are compared, many are hashed.

use std::borrow::Cow;
use std::collections::HashMap;

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

    /// Adds `key`, found at byte `at`; the place of the same key before, if there was one.
    pub(super) fn add(
        &mut self,
        scope: &mut Scope<'a>,
        key: &Cow<'a, str>,
        at: usize,
    ) -> Option<usize> {
        if let Some(index) = &mut scope.index {
            return index.insert(key.clone(), at);
        }
        let own = &self.stack[scope.base..];
        if let Some((_, first)) = own.iter().find(|(k, _)| k == key) {
            return Some(*first);
        }
        self.stack.push((key.clone(), at));
        if self.stack.len() - scope.base == INDEX_FROM {
            scope.index = Some(self.stack.drain(scope.base..).collect());
        }
        None
    }

    pub(super) fn close(&mut self, scope: &Scope<'a>) {
        self.stack.truncate(scope.base);
    }
}
