//! The lists and bodies of a call in one compressed piece, and the objects of the minter. Requests, headers, answers and
//! objects are nearly the same each time: zstd with a dictionary of them keeps a fifth of their bytes.
//!
//! The first byte of a piece is the version of its dictionary. A dictionary is never changed, for what was packed with it
//! is unpacked with it: a new one is added with the next version. `cargo test --test it -- --ignored a_dictionary` makes
//! one, and says how it is trained.

use std::{cell::RefCell, sync::LazyLock};

use zstd::{
    bulk::{Compressor, Decompressor},
    dict::{DecoderDictionary, EncoderDictionary},
};

/// The dictionaries, the version of each is its place from 1 on.
const DICTIONARIES: [&[u8]; 2] =
    [include_bytes!("../../assets/calls-1.dict"), include_bytes!("../../assets/calls-2.dict")];
/// The version that is packed with.
const VERSION: u8 = DICTIONARIES.len() as u8;
/// A seventh fewer bytes than the fastest level, in the same time; the higher ones save a few more in twice the time.
const LEVEL: i32 = 3;
/// So much memory is kept from one call to the next.
const MOST_KEPT: usize = 1 << 20;
/// More than any call has: what claims to be longer is damaged.
const LONGEST: usize = 256 << 20;

static PACKING: LazyLock<EncoderDictionary<'static>> =
    LazyLock::new(|| EncoderDictionary::copy(DICTIONARIES[usize::from(VERSION) - 1], LEVEL));
static UNPACKING: LazyLock<[DecoderDictionary<'static>; DICTIONARIES.len()]> =
    LazyLock::new(|| DICTIONARIES.map(DecoderDictionary::copy));

thread_local! {
    static PACKER: RefCell<TextPacker> = RefCell::new(TextPacker::new());
    /// Making one takes longer than unpacking with it.
    static UNPACKER: RefCell<Option<(u8, Decompressor<'static>)>> = const { RefCell::new(None) };
}

/// What is packed of a call. Lists are compact JSON, which has no line break in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct CallParts<'a> {
    pub(super) params: &'a str,
    pub(super) headers: &'a str,
    /// Headers and body of the answer; `None` where there was none.
    pub(super) answer: Option<(&'a str, &'a [u8])>,
    /// What the minter has to know of the token that the answer shows.
    pub(super) token_state: Option<&'a str>,
}

/// Packs texts, with memory that it keeps from one to the next.
struct TextPacker {
    compressor: Compressor<'static>,
    text: Vec<u8>,
    packed: Vec<u8>,
}

impl TextPacker {
    fn new() -> Self {
        let compressor = Compressor::with_prepared_dictionary(&PACKING).and_then(|mut compressor| {
            // The version in front says which dictionary it is.
            compressor.set_parameter(zstd::zstd_safe::CParameter::DictIdFlag(false))?;
            Ok(compressor)
        });
        Self { compressor: compressor.expect("the dictionary is one"), text: Vec::new(), packed: Vec::new() }
    }

    fn pack(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        self.text.clear();
        write(&mut self.text);
        let room = 1 + zstd::zstd_safe::compress_bound(self.text.len());
        if self.packed.len() < room {
            self.packed.resize(room, 0);
        }
        self.packed[0] = VERSION;
        let length = self.compressor.compress_to_buffer(&self.text, &mut self.packed[1..]);
        let packed = self.packed[..=length.expect("there is room for what cannot be compressed")].to_vec();
        for kept in [&mut self.text, &mut self.packed] {
            kept.truncate(MOST_KEPT);
            kept.shrink_to(MOST_KEPT);
        }
        packed
    }
}

pub(super) fn pack_call(parts: &CallParts<'_>) -> Vec<u8> {
    let (headers, body) = parts.answer.unwrap_or_default();
    pack(|text| {
        for line in [parts.params, parts.headers, headers, parts.token_state.unwrap_or_default()] {
            text.extend_from_slice(line.as_bytes());
            text.push(b'\n');
        }
        text.extend_from_slice(body);
    })
}

/// Packs the JSON of an object of the minter: it is most of an answer.
pub(super) fn pack_object(json: &str) -> Vec<u8> {
    pack(|text| text.extend_from_slice(json.as_bytes()))
}

fn pack(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    PACKER.with_borrow_mut(|packer| packer.pack(write))
}

/// A call as it was before it was packed.
pub(super) struct UnpackedCall {
    text: String,
    /// Where the body begins and each of the lines before it ends.
    ends: [usize; 4],
    body: Vec<u8>,
}

impl UnpackedCall {
    /// `None` for what was not packed, or is damaged.
    pub(super) fn of(packed: &[u8]) -> Option<Self> {
        let mut bytes = unpacked(packed)?;
        let mut ends = [0; 4];
        let mut from = 0;
        for end in &mut ends {
            *end = from + bytes[from..].iter().position(|byte| *byte == b'\n')?;
            from = *end + 1;
        }
        let body = bytes.split_off(from);
        Some(Self { text: String::from_utf8(bytes).ok()?, ends, body })
    }

    pub(super) fn params(&self) -> &str {
        &self.text[..self.ends[0]]
    }

    pub(super) fn headers(&self) -> &str {
        &self.text[self.ends[0] + 1..self.ends[1]]
    }

    /// The headers of the answer; `None` where there was none.
    pub(super) fn answer_headers(&self) -> Option<&str> {
        Some(&self.text[self.ends[1] + 1..self.ends[2]]).filter(|headers| !headers.is_empty())
    }

    pub(super) fn token_state(&self) -> &str {
        &self.text[self.ends[2] + 1..self.ends[3]]
    }

    /// The body of the answer.
    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    pub(super) fn into_body(self) -> Vec<u8> {
        self.body
    }
}

/// The text of a packed call, its lists and its body together, in which a search looks first.
pub(super) fn unpacked(packed: &[u8]) -> Option<Vec<u8>> {
    let (version, frame) = packed.split_first()?;
    let dictionary = UNPACKING.get(usize::from(version.checked_sub(1)?))?;
    let length = Decompressor::upper_bound(frame).filter(|length| *length <= LONGEST)?;
    UNPACKER.with_borrow_mut(|unpacker| {
        if unpacker.as_ref().is_none_or(|(known, _)| known != version) {
            *unpacker = Some((*version, Decompressor::with_prepared_dictionary(dictionary).ok()?));
        }
        unpacker.as_mut()?.1.decompress(frame, length).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_comes_out_as_it_was() {
        let answers: [Option<(&str, &[u8])>; 4] = [
            None,
            Some(("[]", b"")),
            Some((r#"[["A","b"]]"#, b"{\n  \"id\": \"tok_1\"\n}")),
            Some(("[]", &[0, 255, 10])),
        ];
        for answer in answers {
            for token_state in [None, Some("{}")] {
                let parts = CallParts { params: r#"[["n","ü"]]"#, headers: "[]", answer, token_state };
                let call = UnpackedCall::of(&pack_call(&parts)).unwrap();
                assert_eq!((call.params(), call.headers()), (parts.params, parts.headers));
                assert_eq!(call.answer_headers().map(|headers| (headers, call.body())), answer);
                assert_eq!(call.token_state(), token_state.unwrap_or_default());
            }
        }
    }

    #[test]
    fn what_is_damaged_is_refused() {
        let parts = CallParts { params: "[]", headers: "[]", answer: Some(("[]", b"body")), token_state: None };
        let packed = pack_call(&parts);
        for damaged in [&[][..], &[0], &[VERSION], &[VERSION + 1, 1, 2], &packed[..packed.len() - 1], b"\x01{}"] {
            assert!(UnpackedCall::of(damaged).is_none(), "{damaged:?}");
        }
    }
}
