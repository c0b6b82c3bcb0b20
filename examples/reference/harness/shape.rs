//! Values of the schema that come in several shapes: one thing, a list of them, a map by name, or words.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};

/// One, several in order, several by name, or a description in words.
#[derive(Clone, Debug)]
pub(crate) enum Shape<T> {
    One(T),
    List(Vec<T>),
    Named(Vec<(String, T)>),
    Text(String),
}

impl<T> Shape<T> {
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// What can stand alone in a [`Shape`]: a struct whose keys tell it from a map by name.
pub(crate) trait Part: for<'de> Deserialize<'de> {
    /// Keys of the struct; any other first key begins a map by name.
    const KEYS: &'static [&'static str];

    /// A bare number in its place.
    fn of_number(_: f64) -> Option<Self> {
        None
    }
}

impl<'de, T: Part> Deserialize<'de> for Shape<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyShape(PhantomData))
    }
}

struct AnyShape<T>(PhantomData<T>);

impl<T: Part> AnyShape<T> {
    fn number<E: Error>(x: f64) -> Result<Shape<T>, E> {
        let found = T::of_number(x).map(Shape::One);
        found.ok_or_else(|| E::invalid_type(de::Unexpected::Float(x), &"a map, a list or a text"))
    }
}

impl<'de, T: Part> Visitor<'de> for AnyShape<T> {
    type Value = Shape<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map, a list or a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Shape<T>, E> {
        Ok(Shape::Text(text.to_owned()))
    }

    fn visit_f64<E: Error>(self, x: f64) -> Result<Shape<T>, E> {
        Self::number(x)
    }

    fn visit_u64<E: Error>(self, x: u64) -> Result<Shape<T>, E> {
        Self::number(x as f64)
    }

    fn visit_i64<E: Error>(self, x: i64) -> Result<Shape<T>, E> {
        Self::number(x as f64)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Shape<T>, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(items)).map(Shape::List)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shape<T>, A::Error> {
        let Some(first) = map.next_key::<String>()? else {
            return Err(A::Error::custom("an empty map"));
        };
        if T::KEYS.contains(&first.as_str()) {
            let whole = MapAccessDeserializer::new(Begun { first: Some(first), rest: map });
            return T::deserialize(whole).map(Shape::One);
        }
        let mut named = vec![(first, map.next_value::<Single<T>>()?.0)];
        while let Some((name, one)) = map.next_entry::<String, Single<T>>()? {
            named.push((name, one.0));
        }
        Ok(Shape::Named(named))
    }
}

/// One of several by name: itself, or the number that stands for it.
struct Single<T>(T);

impl<'de, T: Part> Deserialize<'de> for Single<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Shape::<T>::deserialize(deserializer)? {
            Shape::One(one) => Ok(Self(one)),
            _ => Err(D::Error::custom("one value is expected here")),
        }
    }
}

/// A map whose first key was read already.
struct Begun<A> {
    first: Option<String>,
    rest: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Begun<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        match self.first.take() {
            Some(key) => seed.deserialize(de::value::StringDeserializer::new(key)).map(Some),
            None => self.rest.next_key_seed(seed),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.rest.next_value_seed(seed)
    }
}
