//! Behaviours of reading, of values and of messages.

mod faults;
mod layers;
mod robust;
mod values;

use super::{End, Faults, Input, Reader, Tree, load, render};

fn tree(text: &str) -> Tree {
    let input = Input::Text { name: "p.yaml".to_owned(), text: text.to_owned() };
    match load(&input, &[]) {
        Ok((tree, _)) => tree,
        Err((files, faults)) => panic!("{}", render(&files, &faults, false)),
    }
}

/// Reads a text, lets `read` work on it, and returns what it gave and the faults as they are shown.
fn reading<T>(text: &str, read: impl Fn(&Reader, &Tree) -> T) -> (T, String) {
    let tree = tree(text);
    let reader = Reader::new(&tree, End::High);
    let value = read(&reader, &tree);
    (value, render(&tree.files, &reader.into_faults(), false))
}

/// The faults of a text that cannot be read, or of its tree, as they are shown.
fn shown(text: &str, sets: &[&str]) -> String {
    let input = Input::Text { name: "p.yaml".to_owned(), text: text.to_owned() };
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    let (files, faults): (_, Faults) = match load(&input, &sets) {
        Ok((tree, faults)) => (tree.files, faults),
        Err(faulty) => faulty,
    };
    render(&files, &faults, false)
}
