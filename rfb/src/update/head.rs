//! What an update tells ahead of its pixels, in pseudo-rectangles.

use super::features::Features;
use crate::encoding::Encoding;
use crate::server_message;

/// The lights of a keyboard: which of its locks are on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Leds {
    /// Scroll Lock.
    pub scroll_lock: bool,
    /// Num Lock.
    pub num_lock: bool,
    /// Caps Lock.
    pub caps_lock: bool,
}

/// What a viewer is told besides pixels, size and pointer.
#[derive(Debug)]
pub(crate) struct Head {
    name: News<String>,
    leds: News<Option<Leds>>,
    /// Whether the viewer is to send how far the pointer moved, not where it is.
    relative: News<bool>,
    /// That is what it was told last.
    told_relative: bool,
    /// It was told what it can send.
    acknowledged: Vec<Encoding>,
}

/// A value, and whether the viewer knows another one.
#[derive(Debug)]
struct News<T> {
    value: T,
    is_news: bool,
}

impl<T: PartialEq> News<T> {
    fn known(value: T) -> Self {
        Self {
            value,
            is_news: false,
        }
    }

    fn set(&mut self, value: T) {
        self.is_news |= value != self.value;
        self.value = value;
    }
}

impl Head {
    pub(crate) fn new(name: String) -> Self {
        Self {
            name: News::known(name),
            leds: News::known(None),
            relative: News::known(false),
            told_relative: false,
            acknowledged: Vec::new(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name.value
    }

    pub(crate) fn set_name(&mut self, name: &str) {
        if name != self.name.value {
            self.name.set(name.to_owned());
        }
    }

    /// The viewer has been told the name.
    pub(crate) fn introduced(&mut self) {
        self.name.is_news = false;
    }

    pub(crate) fn set_leds(&mut self, leds: Leds) {
        self.leds.set(Some(leds));
    }

    pub(crate) fn set_relative(&mut self, relative: bool) {
        self.relative.set(relative);
    }

    /// Whether the viewer was told to send how far the pointer moved.
    pub(crate) fn is_relative(&self) -> bool {
        self.told_relative
    }

    /// The viewer has these features from now on, and had those before.
    pub(crate) fn set_features(&mut self, before: &Features, features: &Features) {
        self.leds.is_news |= self.leds.value.is_some() && features.leds != before.leds;
        // By this it learns that it is understood.
        self.relative.is_news |= features.pointer_motion && !before.pointer_motion;
        self.told_relative &= features.pointer_motion;
    }

    /// Whether there is anything to tell.
    pub(crate) fn has_news(&self, features: &Features) -> bool {
        self.name.is_news && features.name
            || self.leds.is_news && features.leds.is_some()
            || self.relative.is_news && features.pointer_motion
            || self.unacknowledged(features).next().is_some()
    }

    fn unacknowledged<'a>(&'a self, features: &'a Features) -> impl Iterator<Item = Encoding> + 'a {
        let all = features.acknowledged.iter().copied();
        all.filter(|encoding| !self.acknowledged.contains(encoding))
    }

    /// Appends what there is to tell. Returns the number of rectangles.
    pub(crate) fn write(&mut self, features: &Features, out: &mut Vec<u8>) -> u16 {
        let mut rectangles = 0;
        if features.name && std::mem::take(&mut self.name.is_news) {
            server_message::desktop_name(out, &self.name.value);
            rectangles += 1;
        }
        if let Some((encoding, leds)) = features.leds.zip(self.leds.value)
            && std::mem::take(&mut self.leds.is_news)
        {
            server_message::led_state(out, encoding, leds);
            rectangles += 1;
        }
        if features.pointer_motion && std::mem::take(&mut self.relative.is_news) {
            self.told_relative = self.relative.value;
            server_message::pointer_motion(out, self.relative.value);
            rectangles += 1;
        }
        let encodings: Vec<Encoding> = self.unacknowledged(features).collect();
        for encoding in encodings {
            server_message::acknowledgement(out, encoding);
            rectangles += 1;
            self.acknowledged.push(encoding);
        }
        rectangles
    }
}
