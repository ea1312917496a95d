//! What a viewer can do, by the list of its encodings (RFC 6143 §7.5.2).

use super::Wishes;
use super::desktop::Resizing;
use crate::encoding::{self, Encoding, Jpeg, Method, cursor};

/// What matters of a viewer's list of encodings.
#[derive(Clone, Debug)]
pub(crate) struct Features {
    /// How its pixels are encoded.
    pub(crate) method: Method,
    /// How they are encoded when nothing may be lost.
    pub(crate) exact: Method,
    /// It takes CopyRect.
    pub(crate) copies: bool,
    pub(crate) resizing: Resizing,
    /// How it is sent the pointer's picture; none if it cannot draw it.
    pub(crate) cursor: Option<cursor::Kind>,
    /// It can be told where others moved the pointer to.
    pub(crate) pointer_position: bool,
    /// It can be told where programs moved the pointer to.
    pub(crate) pointer_warp: bool,
    /// How it is told which locks of the keyboard are on.
    pub(crate) leds: Option<Encoding>,
    /// It shows the desktop's name.
    pub(crate) name: bool,
    /// What it is told to be understood here, by an empty rectangle.
    pub(crate) acknowledged: Vec<Encoding>,
    /// It can send how far the pointer moved in place of where it is.
    pub(crate) pointer_motion: bool,
    pub(crate) fences: bool,
    pub(crate) continuous_updates: bool,
    pub(crate) xvp: bool,
    pub(crate) extended_clipboard: bool,
}

/// Messages that viewers may send once an empty rectangle says so.
const ACKNOWLEDGED: [Encoding; 2] = [
    Encoding::QEMU_EXTENDED_KEY_EVENT,
    Encoding::EXTENDED_MOUSE_BUTTONS,
];

impl Features {
    /// What follows of a list, the best encoding first.
    pub(crate) fn of(list: &[Encoding], wishes: &Wishes) -> Self {
        let is_used = |encoding: &Encoding| !wishes.without.contains(encoding);
        let list: Vec<Encoding> = list.iter().copied().filter(is_used).collect();
        let has = |encoding| list.contains(&encoding);
        let first_of = |encodings: &[Encoding]| encodings.iter().copied().find(|it| has(*it));
        let resizing = if has(Encoding::EXTENDED_DESKTOP_SIZE) {
            Resizing::Extended
        } else if has(Encoding::DESKTOP_SIZE) {
            Resizing::Plain
        } else {
            Resizing::Never
        };
        let is_exact = |encoding: &Encoding| *encoding != Encoding::JPEG;
        let exact: Vec<Encoding> = list.iter().copied().filter(is_exact).collect();
        Self {
            method: choose(&list, &wishes.preferred),
            exact: Method {
                jpeg: None,
                ..choose(&exact, &wishes.preferred)
            },
            copies: has(Encoding::COPY_RECT),
            resizing,
            cursor: cursor::Kind::ALL
                .into_iter()
                .find(|kind| has(kind.encoding())),
            pointer_position: has(Encoding::POINTER_POS),
            pointer_warp: has(Encoding::VMWARE_CURSOR_POSITION),
            leds: first_of(&[Encoding::QEMU_LED_STATE, Encoding::VMWARE_LED_STATE]),
            name: has(Encoding::DESKTOP_NAME),
            acknowledged: ACKNOWLEDGED.into_iter().filter(|it| has(*it)).collect(),
            pointer_motion: has(Encoding::QEMU_POINTER_MOTION_CHANGE),
            fences: has(Encoding::FENCE),
            continuous_updates: has(Encoding::CONTINUOUS_UPDATES),
            xvp: has(Encoding::XVP),
            extended_clipboard: has(Encoding::EXTENDED_CLIPBOARD),
        }
    }

    /// Whether it may send the messages that an encoding stands for.
    pub(crate) fn sends(&self, encoding: Encoding) -> bool {
        self.acknowledged.contains(&encoding)
    }
}

/// How pixels are encoded for a viewer with this list: by the first of `preferred` that
/// it lists too, or without preferences the first that it lists itself, as far as there is
/// an encoder. Raw is taken by every viewer.
fn choose(list: &[Encoding], preferred: &[Encoding]) -> Method {
    let is_possible = |encoding: &&Encoding| {
        **encoding == Encoding::RAW
            || Encoding::PIXELS.contains(encoding) && list.contains(encoding)
    };
    let order = if preferred.is_empty() {
        list
    } else {
        preferred
    };
    let encoding = order.iter().find(is_possible).copied();
    let encoding = match encoding.unwrap_or(Encoding::RAW) {
        Encoding::TIGHT => encoding::tight_variant(list),
        other => other,
    };
    let (has_level, has_jpeg) = match encoding {
        Encoding::TIGHT | Encoding::TIGHT_PNG => (true, true),
        Encoding::ZLIB | Encoding::ZRLE => (true, false),
        Encoding::TIGHT_WITHOUT_ZLIB | Encoding::JPEG => (false, true),
        _ => (false, false),
    };
    let level = list.iter().find_map(|it| it.compression_level());
    let jpeg = Jpeg::wanted(list);
    // Viewers that differ in what does not matter share all the same.
    Method {
        encoding,
        level: level.filter(|_| has_level).unwrap_or(Method::USUAL_LEVEL),
        jpeg: jpeg.filter(|_| has_jpeg),
    }
}
