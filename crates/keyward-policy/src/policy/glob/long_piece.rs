//! A piece searched for at 64 places at once (Shift-And), for pieces that almost fit at a great many
//! places: the time is that of text and piece multiplied, divided by 64.

use std::collections::HashMap;

/// The places of a piece, a bit each.
type Places = Vec<u64>;

const BITS: usize = 64;

/// What follows the leftmost place of the piece in the text. `None` in the piece is any character.
pub(super) fn skip_past(piece: impl Iterator<Item = Option<char>>, text: &str) -> Option<&str> {
    let mut search = Search::default();
    piece.for_each(|character| search.push(character));
    let mut characters = text.chars();
    loop {
        if search.is_found() {
            return Some(characters.as_str());
        }
        search.step(characters.next()?);
    }
}

#[derive(Default)]
struct Search {
    count: usize,
    /// Where any character fits.
    any: Places,
    /// Where each character of the piece fits beside those.
    of: HashMap<char, Places>,
    /// How far the beginnings of the piece that fit so far have come.
    come: Places,
}

impl Search {
    fn push(&mut self, character: Option<char>) {
        let places = match character {
            Some(character) => self.of.entry(character).or_default(),
            None => &mut self.any,
        };
        let words = self.count / BITS + 1;
        places.resize(words, 0);
        if let Some(word) = places.last_mut() {
            *word |= 1 << (self.count % BITS);
        }
        self.come.resize(words, 0);
        self.count += 1;
    }

    /// One character more of the text.
    fn step(&mut self, character: char) {
        let of = self.of.get(&character).map(Vec::as_slice).unwrap_or_default();
        let word = |places: &[u64], at: usize| places.get(at).copied().unwrap_or(0);
        let mut carried = 1;
        for (at, come) in self.come.iter_mut().enumerate() {
            let next = *come >> (BITS - 1);
            *come = (*come << 1 | carried) & (word(&self.any, at) | word(of, at));
            carried = next;
        }
    }

    /// Whether the whole piece ends here.
    fn is_found(&self) -> bool {
        let Some(last) = self.count.checked_sub(1) else { return true };
        self.come.last().is_some_and(|come| come >> (last % BITS) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn naive<'a>(piece: &[Option<char>], text: &'a str) -> Option<&'a str> {
        let starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        starts.map(|at| &text[at..]).find_map(|from| {
            let mut rest = from.chars();
            let fits =
                |&it: &Option<char>| rest.next().is_some_and(|c| it.is_none_or(|it| it == c));
            piece.iter().all(fits).then_some(rest.as_str())
        })
    }

    proptest! {
        #[test]
        fn the_leftmost_place_is_found(
            piece in proptest::collection::vec(proptest::option::of("[ab\u{e9}]"), 0..140),
            before in "[ab\u{e9}]{0,80}",
            after in "[ab\u{e9}]{0,80}",
        ) {
            let piece: Vec<_> = piece.iter().map(|it| it.as_ref()?.chars().next()).collect();
            let inside: String = piece.iter().map(|it| it.unwrap_or('b')).collect();
            for text in [format!("{before}{inside}{after}"), before + &after] {
                let found = skip_past(piece.iter().copied(), &text);
                prop_assert_eq!(found, naive(&piece, &text));
            }
        }
    }
}
