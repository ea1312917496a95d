use super::VncClient;
use super::wire::broken;
use crate::Result;

/// What a server sends (RFC 6143 §7.6).
impl VncClient {
    /// Waits for the next message and takes it in.
    pub fn read_message(&mut self) -> Result {
        match self.wire.u8("a message")? {
            0 => self.read_update(),
            1 => self.read_colour_map(),
            2 => {
                self.bells += 1;
                Ok(())
            }
            3 => self.read_cut_text(),
            150 => self.read_end_of_continuous_updates(),
            248 => self.read_fence(),
            250 => self.read_xvp(),
            253 => self.read_gii(),
            255 => self.read_audio(),
            other => Err(broken(format!("message type {other}"))),
        }
    }

    /// Fails unless the viewer has said that it knows the extension that a message belongs to.
    pub(super) fn expect_extension(&self, encoding: i32) -> Result {
        match self.asked.ever(encoding) {
            true => Ok(()),
            false => Err(broken(format!(
                "a message of extension {encoding}, which the viewer does not know"
            ))),
        }
    }

    /// SetColourMapEntries (RFC 6143 §7.6.2): 16 bits a channel, of which the upper 8 are kept.
    fn read_colour_map(&mut self) -> Result {
        self.wire.u8("the padding of a colour map")?;
        let first = usize::from(self.wire.u16("the first colour")?);
        let count = usize::from(self.wire.u16("the number of colours")?);
        if first + count > 256 {
            return Err(broken(format!("{count} colours from number {first} on")));
        }
        let colours = self.wire.bytes(count * 6, "the colours")?;
        self.colour_map
            .resize(self.colour_map.len().max(first + count), [0; 3]);
        for (entry, colour) in self.colour_map[first..]
            .iter_mut()
            .zip(colours.chunks_exact(6))
        {
            *entry = [colour[0], colour[2], colour[4]];
        }
        Ok(())
    }

    /// ServerCutText (RFC 6143 §7.6.4): Latin-1, or with a negative length any of what the
    /// extended clipboard has.
    fn read_cut_text(&mut self) -> Result {
        self.wire.bytes(3, "the padding of a cut text")?;
        let length = self.wire.i32("the length of a cut text")?;
        let bytes = length.unsigned_abs() as usize;
        if bytes > 16 << 20 {
            return Err(broken(format!("a cut text of {length} bytes")));
        }
        if length < 0 {
            return self.read_clipboard(bytes);
        }
        let text = self.wire.bytes(bytes, "a cut text")?;
        self.cut_texts
            .push(text.into_iter().map(char::from).collect());
        Ok(())
    }
}
