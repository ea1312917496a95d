use super::wire::broken;
use super::{VncClient, encoding};
use crate::{Error, Result};

/// How samples are stored (rfbproto "QEMU Audio Client Message").
pub mod sample {
    /// 8 bits without a sign.
    pub const U8: u8 = 0;
    /// 8 bits with a sign.
    pub const S8: u8 = 1;
    /// 16 bits without a sign.
    pub const U16: u8 = 2;
    /// 16 bits with a sign.
    pub const S16: u8 = 3;
    /// 32 bits without a sign.
    pub const U32: u8 = 4;
    /// 32 bits with a sign.
    pub const S32: u8 = 5;
}

/// The most bytes of sound that a message may have: minutes.
const MOST_DATA: usize = 16 << 20;

/// The sound received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audio {
    /// A stream has begun and has not ended.
    pub playing: bool,
    /// How many streams have begun.
    pub streams: usize,
    /// The samples of all streams, as they came.
    pub samples: Vec<u8>,
    /// It was switched on, though perhaps off again.
    enabled: bool,
    /// The bytes of a sample of all channels, if the viewer has chosen.
    frame: Option<usize>,
}

impl Audio {
    pub(super) fn assume_enabled(&mut self) {
        self.enabled = true;
    }
}

/// Sound (rfbproto "QEMU Audio Pseudo-encoding").
impl VncClient {
    /// Asks for sound. The server must have confirmed that it has any.
    pub fn enable_audio(&mut self) -> Result {
        self.send_audio(&[0, 0])?;
        self.audio.enabled = true;
        Ok(())
    }

    /// Asks for silence: some sound may still come.
    pub fn disable_audio(&mut self) -> Result {
        self.send_audio(&[0, 1])
    }

    /// Chooses how samples are stored (see [`sample`]), how many channels there are, 1 or 2, and
    /// how many samples each has in a second.
    pub fn set_audio_format(&mut self, sample: u8, channels: u8, frequency: u32) -> Result {
        if sample > sample::S32 || !(1..=2).contains(&channels) {
            return Err(Error::other("there is no such sound: use send()"));
        }
        let mut operation = vec![0, 2, sample, channels];
        operation.extend(frequency.to_be_bytes());
        self.send_audio(&operation)?;
        self.audio.frame = Some((1 << (sample / 2)) * usize::from(channels));
        Ok(())
    }

    /// QEMU Audio Client Message (rfbproto).
    fn send_audio(&mut self, operation: &[u8]) -> Result {
        self.expect_confirmed(encoding::QEMU_AUDIO)?;
        self.wire.send(&[&[255, 1], operation].concat())
    }

    /// QEMU Audio Server Message (rfbproto): streams begin and end in turn, with whole samples
    /// between, and only where they were asked for.
    pub(super) fn read_audio(&mut self) -> Result {
        let kind = self.wire.u8("the kind of a QEMU message")?;
        if kind != 1 || !self.confirmed.contains(&encoding::QEMU_AUDIO) {
            return Err(broken(format!("a QEMU message of kind {kind}")));
        }
        if !self.audio.enabled {
            return Err(broken("sound that was not asked for"));
        }
        let operation = self.wire.u16("the operation of sound")?;
        match (operation, self.audio.playing) {
            (1, false) => {
                self.audio.playing = true;
                self.audio.streams += 1;
                Ok(())
            }
            (0, true) => {
                self.audio.playing = false;
                Ok(())
            }
            (2, true) => self.read_samples(),
            (operation, playing) => Err(broken(format!(
                "operation {operation} of sound that is {}",
                if playing { "playing" } else { "not playing" }
            ))),
        }
    }

    fn read_samples(&mut self) -> Result {
        let length = self.wire.u32("the length of sound")? as usize;
        let frame = self.audio.frame.unwrap_or(1);
        if length > MOST_DATA || !length.is_multiple_of(frame) {
            return Err(broken(format!(
                "{length} bytes of sound in samples of {frame} bytes"
            )));
        }
        let samples = self.wire.take(length, "sound")?;
        self.audio.samples.extend_from_slice(samples);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::PixelFormat;
    use super::super::tests::{Sent, rect, script_and_sent, update_of};
    use super::*;

    /// A viewer for which the server has confirmed sound, and then sends these messages.
    fn listener(messages: &[&[u8]]) -> Result<(VncClient, Sent)> {
        let confirmation = update_of(&[rect([0; 4], encoding::QEMU_AUDIO, &[])]);
        let messages = [&confirmation, messages.concat().as_slice()].concat();
        let listed = &[encoding::QEMU_AUDIO];
        let (mut viewer, sent) = script_and_sent(PixelFormat::BGR233, (2, 1), listed, &messages)?;
        assert!(viewer.enable_audio().is_err(), "before it is confirmed");
        viewer.update()?;
        sent.take();
        Ok((viewer, sent))
    }

    const BEGIN: &[u8] = &[255, 1, 0, 1];
    const END: &[u8] = &[255, 1, 0, 0];
    const SOUND: &[u8] = &[255, 1, 0, 2, 0, 0, 0, 4, 1, 2, 3, 4];

    #[test]
    fn sound_is_asked_for_and_kept() -> Result {
        let (mut viewer, sent) = listener(&[BEGIN, SOUND, END, BEGIN, SOUND])?;
        viewer.set_audio_format(sample::S16, 2, 44_100)?;
        assert_eq!(sent.take(), [255, 1, 0, 2, 3, 2, 0, 0, 0xac, 0x44]);
        viewer.enable_audio()?;
        assert_eq!(sent.take(), [255, 1, 0, 0]);
        for _ in 0..4 {
            viewer.read_message()?;
        }
        viewer.disable_audio()?;
        assert_eq!(sent.take(), [255, 1, 0, 1]);
        viewer.read_message()?;
        assert_eq!((viewer.audio.streams, viewer.audio.playing), (2, true));
        assert_eq!(viewer.audio.samples, [1, 2, 3, 4, 1, 2, 3, 4]);
        Ok(())
    }

    #[test]
    fn what_the_specification_forbids_is_an_error() -> Result {
        let cases: [(&str, &[&[u8]]); 5] = [
            ("operation 2 of sound that is not playing", &[SOUND]),
            ("operation 0 of sound that is not playing", &[END]),
            ("operation 1 of sound that is playing", &[BEGIN, BEGIN]),
            ("4 bytes of sound in samples of 8 bytes", &[BEGIN, SOUND]),
            ("a QEMU message of kind 0", &[&[255, 0]]),
        ];
        for (expected, messages) in cases {
            let (mut viewer, _) = listener(messages)?;
            viewer.set_audio_format(sample::S32, 2, 44_100)?;
            viewer.enable_audio()?;
            let results: Result = messages.iter().try_for_each(|_| viewer.read_message());
            assert_eq!(results.unwrap_err().to_string(), expected);
        }
        let (mut viewer, _) = listener(&[BEGIN])?;
        let error = viewer.read_message().unwrap_err().to_string();
        assert_eq!(error, "sound that was not asked for");
        Ok(())
    }
}
