use super::wire::broken;
use super::{PixelFormat, VncClient, encoding};
use crate::{Error, Result};

/// Flags of fences (rfbproto "ClientFence").
pub mod fence {
    /// What was sent before takes effect before the answer is sent.
    pub const BLOCK_BEFORE: u32 = 1;
    /// What is sent after it takes effect after the answer is sent.
    pub const BLOCK_AFTER: u32 = 2;
    /// The next message takes effect exactly where the answer is.
    pub const SYNC_NEXT: u32 = 4;
    /// An answer is wanted.
    pub const REQUEST: u32 = 1 << 31;

    /// Those that an answer can have.
    pub(in super::super) const ALL: u32 = BLOCK_BEFORE | BLOCK_AFTER | SYNC_NEXT;
}

/// The most bytes that a fence can carry.
const LONGEST_PAYLOAD: usize = 64;

/// A point in the stream of messages: a question to be answered there, or such an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    /// See [`fence`].
    pub flags: u32,
    /// At most 64 bytes, that the answer has, too.
    pub payload: Vec<u8>,
}

impl Fence {
    /// ClientFence (rfbproto).
    fn to_bytes(&self) -> Vec<u8> {
        let mut message = vec![248, 0, 0, 0];
        message.extend(self.flags.to_be_bytes());
        message.push(self.payload.len() as u8);
        message.extend(&self.payload);
        message
    }
}

/// Fences, and updates without requests.
impl VncClient {
    /// Asks for an answer, which ends up in [`VncClient::fences`]. The server must have sent a
    /// fence, as it does when it knows them. `flags` are those of [`fence`], and [`fence::REQUEST`]
    /// is added.
    pub fn fence(&mut self, flags: u32, payload: &[u8]) -> Result {
        if self.fences.is_empty() {
            return Err(Error::other("the server has not said that it knows fences"));
        }
        if payload.len() > LONGEST_PAYLOAD {
            return Err(Error::other("a fence has at most 64 bytes: use send()"));
        }
        let fence = Fence {
            flags: flags | fence::REQUEST,
            payload: payload.to_vec(),
        };
        self.wire.send(&fence.to_bytes())?;
        self.pending.fences.push(fence);
        Ok(())
    }

    /// Changes the pixel format between two updates, whatever is on its way, with a fence that has
    /// [`fence::SYNC_NEXT`]: takes in what comes up to the answer.
    pub fn set_pixel_format_in_step(&mut self, format: PixelFormat) -> Result {
        self.fence(fence::SYNC_NEXT, b"format")?;
        let awaited = self.pending.fences.len();
        self.send_pixel_format(format)?;
        while self.pending.fences.len() == awaited {
            self.read_message()?;
        }
        self.assume_pixel_format(format);
        Ok(())
    }

    /// Has the server send updates of a piece of the screen without requests. It must have sent an
    /// end of them, as it does when it knows them. While they last, only requests of everything
    /// are sent.
    pub fn enable_continuous_updates(&mut self, x: u16, y: u16, width: u16, height: u16) -> Result {
        self.send_continuous_updates(true, [x, y, width, height])?;
        self.pending.continuous = true;
        Ok(())
    }

    /// Has the server wait for requests again. Updates may come up to the answer, which
    /// [`VncClient::ends_of_continuous_updates`] counts.
    pub fn disable_continuous_updates(&mut self) -> Result {
        self.send_continuous_updates(false, [0; 4])?;
        self.pending.continuous = false;
        self.pending.disabled += 1;
        Ok(())
    }

    /// EnableContinuousUpdates (rfbproto).
    fn send_continuous_updates(&mut self, enable: bool, place: [u16; 4]) -> Result {
        if self.ends_of_continuous_updates == 0 {
            let message = "the server has not said that it knows continuous updates";
            return Err(Error::other(message));
        }
        let mut message = vec![150, enable.into()];
        message.extend(place.iter().flat_map(|number| number.to_be_bytes()));
        self.wire.send(&message)
    }

    /// ServerFence (rfbproto). A question is answered at once, which is right whatever its flags:
    /// messages are taken in one after the other.
    pub(super) fn read_fence(&mut self) -> Result {
        self.expect_extension(encoding::FENCE)?;
        self.wire.bytes(3, "the padding of a fence")?;
        let flags = self.wire.u32("the flags of a fence")?;
        let length = usize::from(self.wire.u8("the length of a fence")?);
        if length > LONGEST_PAYLOAD {
            return Err(broken(format!("a fence with {length} bytes")));
        }
        let payload = self.wire.bytes(length, "the payload of a fence")?;
        let received = Fence { flags, payload };
        if flags & !(fence::ALL | fence::REQUEST) != 0 {
            return Err(broken(format!("unknown flags in {received:?}")));
        }
        if flags & fence::REQUEST == 0 {
            // The one that shows that the server knows fences may be of any sort.
            if !self.fences.is_empty() {
                self.pending.answered(&received)?;
            }
        } else if self.answers_fences {
            let answer = Fence {
                flags: flags & fence::ALL,
                ..received.clone()
            };
            self.wire.send(&answer.to_bytes())?;
        }
        self.fences.push(received);
        Ok(())
    }

    /// EndOfContinuousUpdates (rfbproto): the first one shows that the server knows them.
    pub(super) fn read_end_of_continuous_updates(&mut self) -> Result {
        self.expect_extension(encoding::CONTINUOUS_UPDATES)?;
        if self.ends_of_continuous_updates > 0 {
            self.pending.ended()?;
        }
        self.asked.forget_before();
        self.ends_of_continuous_updates += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{rect, script, script_and_sent, update_of};
    use super::*;

    const FORMAT: PixelFormat = PixelFormat::BGR233;
    const ENCODINGS: &[i32] = &[encoding::FENCE, encoding::CONTINUOUS_UPDATES];

    /// ServerFence (rfbproto): type, 3 of padding, flags, length, payload.
    fn server_fence(flags: u32, payload: &[u8]) -> Vec<u8> {
        let flags = flags.to_be_bytes();
        [&[248, 0, 0, 0], &flags[..], &[payload.len() as u8], payload].concat()
    }

    #[test]
    fn questions_are_answered_at_once() -> Result {
        let question = fence::REQUEST | fence::BLOCK_BEFORE | fence::SYNC_NEXT;
        let messages = server_fence(question, b"ping").repeat(2);
        let (mut viewer, sent) = script_and_sent(FORMAT, (2, 1), ENCODINGS, &messages)?;
        viewer.read_message()?;
        let answer = [248, 0, 0, 0, 0, 0, 0, 5, 4, b'p', b'i', b'n', b'g'];
        assert_eq!(sent.take(), answer);
        viewer.answers_fences = false;
        viewer.read_message()?;
        assert!(sent.take().is_empty());
        assert_eq!(viewer.fences.len(), 2);
        assert_eq!(viewer.fences[0].payload, b"ping");
        Ok(())
    }

    #[test]
    fn answers_belong_to_a_question() -> Result {
        let hello = server_fence(fence::REQUEST, b"");
        let cases = [
            (server_fence(fence::BLOCK_BEFORE, b"a"), true),
            (server_fence(0, b"a"), true),
            (server_fence(fence::BLOCK_AFTER, b"a"), false),
            (server_fence(fence::BLOCK_BEFORE, b"b"), false),
            (server_fence(0, b"a").repeat(2), false),
        ];
        for (answers, right) in cases {
            let messages = [&hello[..], &answers].concat();
            let (mut viewer, sent) = script_and_sent(FORMAT, (2, 1), ENCODINGS, &messages)?;
            assert!(
                viewer.fence(0, b"").is_err(),
                "before the server knows fences"
            );
            viewer.read_message()?;
            sent.take();
            viewer.fence(fence::BLOCK_BEFORE, b"a")?;
            assert_eq!(sent.take(), [248, 0, 0, 0, 0x80, 0, 0, 1, 1, b'a']);
            let found = viewer.read_message().and_then(|()| {
                let more = answers.len() > server_fence(0, b"a").len();
                if more { viewer.read_message() } else { Ok(()) }
            });
            assert_eq!(found.is_ok(), right, "{answers:?}");
        }
        Ok(())
    }

    #[test]
    fn fences_are_for_those_who_know_them_and_short() -> Result {
        let message = |encodings: &[i32], bytes: &[u8]| -> Result<String> {
            let mut viewer = script(FORMAT, (2, 1), encodings, bytes)?;
            Ok(viewer.read_message().unwrap_err().to_string())
        };
        let unknown = message(&[], &server_fence(fence::REQUEST, b""))?;
        assert_eq!(
            unknown,
            "a message of extension -312, which the viewer does not know"
        );
        let long = message(ENCODINGS, &server_fence(fence::REQUEST, &[0; 65]))?;
        assert_eq!(long, "a fence with 65 bytes");
        let flags = message(ENCODINGS, &server_fence(fence::REQUEST | 8, b""))?;
        assert!(flags.starts_with("unknown flags"), "{flags}");
        Ok(())
    }

    #[test]
    fn the_format_changes_where_the_fence_is_answered() -> Result {
        let pixels = |bytes: &[u8]| update_of(&[rect([0, 0, 1, 1], encoding::RAW, bytes)]);
        let messages = [
            &[150][..],
            &server_fence(fence::REQUEST, b""),
            &pixels(&[7]),
            &server_fence(fence::SYNC_NEXT, b"format"),
            &pixels(&[1, 2]),
        ]
        .concat();
        let (mut viewer, sent) = script_and_sent(FORMAT, (1, 1), ENCODINGS, &messages)?;
        viewer.read_message()?;
        viewer.read_message()?;
        viewer.enable_continuous_updates(0, 0, 1, 1)?;
        assert!(
            viewer.set_pixel_format(PixelFormat::RGB565).is_err(),
            "without a fence"
        );
        sent.take();
        viewer.set_pixel_format_in_step(PixelFormat::RGB565)?;
        let fence = b"\xf8\0\0\0\x80\0\0\x04\x06format";
        let format = [&[0; 4], &PixelFormat::RGB565.to_bytes()[..]].concat();
        assert_eq!(sent.take(), [&fence[..], &format].concat());
        assert_eq!(viewer.updates.len(), 1);
        viewer.read_message()?;
        assert_eq!(viewer.framebuffer.pixels, [0x0201]);
        Ok(())
    }

    #[test]
    fn continuous_updates_need_no_requests() -> Result {
        let update = update_of(&[rect([0, 0, 2, 1], encoding::RAW, &[7, 8])]);
        let messages = [&[150][..], &update, &update, &update, &[150], &update].concat();
        let (mut viewer, sent) = script_and_sent(FORMAT, (2, 1), ENCODINGS, &messages)?;
        assert!(viewer.enable_continuous_updates(0, 0, 2, 1).is_err());
        viewer.read_message()?;
        viewer.enable_continuous_updates(0, 0, 2, 1)?;
        assert_eq!(sent.take(), [150, 1, 0, 0, 0, 0, 0, 2, 0, 1]);
        // The first time it wants everything, and after that it says nothing.
        viewer.update()?;
        assert_eq!(sent.take(), [3, 0, 0, 0, 0, 0, 0, 2, 0, 1]);
        viewer.update()?;
        assert!(sent.take().is_empty());
        viewer.disable_continuous_updates()?;
        assert_eq!(sent.take(), [150, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        // One was on its way; after the end none may be.
        viewer.read_message()?;
        viewer.read_message()?;
        assert_eq!(viewer.ends_of_continuous_updates, 2);
        let error = viewer.read_message().unwrap_err();
        assert_eq!(error.to_string(), "an update that was not asked for");
        Ok(())
    }

    #[test]
    fn continuous_updates_end_as_often_as_they_are_disabled() -> Result {
        let mut viewer = script(FORMAT, (2, 1), ENCODINGS, &[150, 150])?;
        viewer.read_message()?;
        let error = viewer.read_message().unwrap_err();
        let message = "an end of continuous updates that were not disabled";
        assert_eq!(error.to_string(), message);
        Ok(())
    }
}
