use std::collections::HashSet;
use std::ops::RangeInclusive;

use super::encoding;

/// The encodings that the server may use.
#[derive(Default)]
pub(super) struct Asked {
    /// Those that the viewer has listed last.
    pub(super) listed: Vec<i32>,
    /// Those listed before, in which updates on their way may be.
    before: Vec<i32>,
    /// All that were ever listed: what they begin does not end with them.
    ever: HashSet<i32>,
}

impl Asked {
    /// Another list. An update may be on its way that knows nothing of it.
    pub(super) fn list(&mut self, encodings: &[i32], on_its_way: bool) {
        let listed = std::mem::replace(&mut self.listed, encodings.to_vec());
        if on_its_way {
            self.before.extend(listed);
        }
        self.ever.extend(encodings);
    }

    /// What comes from now on was sent after the last list was read.
    pub(super) fn forget_before(&mut self) {
        self.before.clear();
    }

    /// Whether a rectangle may have this encoding. Raw is always understood.
    pub(super) fn allows(&self, encoding: i32) -> bool {
        encoding == encoding::RAW || self.any(encoding..=encoding)
    }

    /// Whether a quality was asked for, without which there is no JPEG in Tight.
    pub(super) fn wants_quality(&self) -> bool {
        self.any(encoding::quality(0)..=encoding::quality(9))
            || self.any(encoding::fine_quality(0)..=encoding::fine_quality(100))
    }

    /// Whether the viewer ever knew this extension of the protocol.
    pub(super) fn ever(&self, encoding: i32) -> bool {
        self.ever.contains(&encoding)
    }

    fn any(&self, encodings: RangeInclusive<i32>) -> bool {
        let mut asked = self.listed.iter().chain(&self.before);
        asked.any(|it| encodings.contains(it))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_listed_before_may_come_until_it_is_forgotten() {
        let mut asked = Asked::default();
        assert!(asked.allows(encoding::RAW) && !asked.allows(encoding::RRE));
        asked.list(&[encoding::RRE], false);
        asked.list(&[encoding::ZLIB], true);
        assert!(asked.allows(encoding::RRE) && asked.allows(encoding::ZLIB));
        asked.forget_before();
        assert!(!asked.allows(encoding::RRE) && asked.allows(encoding::ZLIB));
        assert!(asked.ever(encoding::RRE) && !asked.ever(encoding::FENCE));
    }

    #[test]
    fn a_quality_is_one_of_two_kinds() {
        let wants = |encodings: &[i32]| {
            let mut asked = Asked::default();
            asked.list(encodings, false);
            asked.wants_quality()
        };
        // rfbproto: -23 to -32, and -412 to -512.
        for number in [-23, -32, -412, -512] {
            assert!(wants(&[number]), "{number}");
        }
        assert!(!wants(&[-22, -33, -411, -513, encoding::subsampling::FOUR]));
    }
}
