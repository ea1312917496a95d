//! Fences: marks in the stream that a peer sends back when it comes to them (rfbproto
//! "ClientFence" and "ServerFence").

/// A mark with what the peer is to heed about it, and some bytes that come back as they
/// are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fence {
    pub(crate) flags: u32,
    payload: Vec<u8>,
}

/// The longest payload, in bytes.
const MAX_PAYLOAD: usize = 64;

/// What came before the mark has taken effect when it comes back.
const BLOCK_BEFORE: u32 = 1 << 0;
/// What comes after it begins only then.
const BLOCK_AFTER: u32 = 1 << 1;
/// The next message takes effect at the very place of the mark that comes back.
const SYNC_NEXT: u32 = 1 << 2;
/// It is to come back.
const REQUEST: u32 = 1 << 31;

impl Fence {
    /// None if the payload is longer than allowed.
    pub(crate) fn new(flags: u32, payload: &[u8]) -> Option<Self> {
        (payload.len() <= MAX_PAYLOAD).then(|| Self {
            flags,
            payload: payload.to_vec(),
        })
    }

    /// One that comes back with this number once all before it has been dealt with.
    pub(crate) fn ping(number: u64) -> Self {
        Self {
            flags: REQUEST | BLOCK_BEFORE,
            payload: number.to_be_bytes().to_vec(),
        }
    }

    /// The number of the [`ping`](Self::ping) that this answers.
    pub(crate) fn pong(&self) -> Option<u64> {
        let number = self.payload.as_slice().try_into().ok()?;
        (!self.is_request()).then(|| u64::from_be_bytes(number))
    }

    pub(crate) fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Whether it is to be sent back.
    pub(crate) fn is_request(&self) -> bool {
        self.flags & REQUEST != 0
    }

    /// Whether it is to be sent back only when the next message has taken effect.
    pub(crate) fn waits_for_next(&self) -> bool {
        self.flags & SYNC_NEXT != 0
    }

    /// What is sent back: with the flags that are understood here.
    pub(crate) fn answer(self) -> Self {
        Self {
            flags: self.flags & (BLOCK_BEFORE | BLOCK_AFTER | SYNC_NEXT),
            payload: self.payload,
        }
    }
}
