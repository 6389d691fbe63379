//! The ids of a list in its sort order, with a fast way to find the position of an id.

use std::collections::VecDeque;

use super::{entry::EntryId, filter::SortOrder};

/// How many insertions and removals far from both ends one change may have. With more, it is faster to build the list
/// anew.
const MOST_MOVES: usize = 256;
/// How many ids from an end an insertion or removal is cheap.
const NEAR: usize = 4096;

/// The ids of a list in its sort order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryListing {
    ids: VecDeque<EntryId>,
    /// The positions in `ids`, sorted by id. `None` for a list that is newest first, whose ids are sorted already.
    by_id: Option<Vec<u32>>,
}

impl EntryListing {
    /// A list of ids in the order of `sort`. Indexing a long list takes time: do not call this in a frame.
    pub fn new(ids: Vec<EntryId>, sort: SortOrder) -> Self {
        let by_id = (!sort.is_newest_first()).then(|| {
            let mut places: Vec<u32> = (0..u32::try_from(ids.len()).unwrap_or(u32::MAX)).collect();
            places.sort_unstable_by_key(|place| ids[*place as usize]);
            places
        });
        Self { ids: ids.into(), by_id }
    }

    pub fn len(&self) -> usize {
        self.ids.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    pub fn at(&self, place: usize) -> Option<EntryId> {
        self.ids.get(place).copied()
    }

    pub fn iter(&self) -> impl Iterator<Item = EntryId> {
        self.ids.iter().copied()
    }

    /// The position of an entry.
    pub fn place_of(&self, id: EntryId) -> Option<usize> {
        match &self.by_id {
            None => self.ids.binary_search_by(|known| id.cmp(known)).ok(),
            Some(places) => {
                let found = places.binary_search_by_key(&id, |place| self.ids[*place as usize]).ok()?;
                Some(places[found] as usize)
            }
        }
    }

    /// Adds entries at the end, which are in the order of creation, as those before them.
    pub fn append(&mut self, ids: Vec<EntryId>) {
        if let Some(places) = &mut self.by_id {
            // Oldest first: what comes last has the highest id.
            let end = self.ids.len() as u32;
            places.extend(end..end + ids.len() as u32);
        }
        self.ids.extend(ids);
    }

    /// Adds (`true`) or removes (`false`) entries. Returns `false` if that takes too long, or if the new positions are
    /// unknown because the list is not newest first. Then the list must be built anew; until then some of the changes
    /// may be missing.
    pub fn change(&mut self, changes: impl IntoIterator<Item = (EntryId, bool)>) -> bool {
        let mut moves = 0;
        for (id, is_shown) in changes {
            if self.by_id.is_some() {
                return false;
            }
            let (place, is_there) = match self.ids.binary_search_by(|known| id.cmp(known)) {
                Ok(place) => (place, true),
                Err(place) => (place, false),
            };
            if is_there == is_shown {
                continue;
            }
            if place.min(self.ids.len() - place) > NEAR {
                moves += 1;
                if moves > MOST_MOVES {
                    return false;
                }
            }
            if is_shown {
                self.ids.insert(place, id);
            } else {
                self.ids.remove(place);
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::history::filter::SortKey;

    fn listing(ids: &[i64]) -> EntryListing {
        EntryListing::new(ids.iter().copied().map(EntryId).collect(), SortOrder::default())
    }

    fn by_card(ids: &[i64]) -> EntryListing {
        EntryListing::new(ids.iter().copied().map(EntryId).collect(), SortOrder::default().clicked(SortKey::Card))
    }

    #[test]
    fn whatever_the_order_every_entry_is_found_at_its_place() {
        for (list, ids) in [
            (listing(&[]), &[][..]),
            (listing(&[7]), &[7]),
            (listing(&[9, 5, 1]), &[9, 5, 1]),
            (by_card(&[]), &[]),
            (by_card(&[1, 5, 9]), &[1, 5, 9]),
            (by_card(&[5, 9, 1, 7]), &[5, 9, 1, 7]),
        ] {
            for (place, id) in ids.iter().enumerate() {
                assert_eq!(list.place_of(EntryId(*id)), Some(place), "{ids:?}");
            }
            assert_eq!(list.place_of(EntryId(2)), None, "{ids:?}");
        }
    }

    #[test]
    fn a_list_that_is_newest_first_takes_changes_and_another_asks_to_be_made_anew() {
        let mut list = listing(&[9, 5, 1]);
        assert!(
            list.change([(10, true), (5, false), (4, true), (3, false), (9, true)].map(|(id, is)| (EntryId(id), is)))
        );
        assert_eq!(list, listing(&[10, 9, 4, 1]));
        let mut list = by_card(&[5]);
        assert!(list.change([]));
        assert!(!list.change([(EntryId(7), true)]));
        assert_eq!(list, by_card(&[5]));
    }

    #[test]
    fn a_list_that_comes_in_parts_is_the_list_that_comes_at_once() {
        let oldest_first = SortOrder::default().clicked(SortKey::Created);
        for (sort, ids) in [(SortOrder::default(), [9, 7, 5, 2, 1]), (oldest_first, [1, 2, 5, 7, 9])] {
            let ids = ids.map(EntryId);
            let mut list = EntryListing::new(ids[..2].to_vec(), sort);
            list.append(ids[2..3].to_vec());
            list.append(ids[3..].to_vec());
            assert_eq!(list, EntryListing::new(ids.to_vec(), sort));
        }
    }

    #[test]
    fn many_changes_in_the_middle_ask_for_a_new_list() {
        let ids: Vec<i64> = (1..=20_000).rev().collect();
        let mut list = listing(&ids);
        assert!(list.change((9_000..9_256).map(|id| (EntryId(id), false))));
        assert!(!list.change((11_000..12_000).map(|id| (EntryId(id), false))));
        assert!(list.change((1..1_000).map(|id| (EntryId(id), false))), "an end is cheap");
    }
}
