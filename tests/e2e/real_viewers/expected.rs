//! The viewers, and what is expected of each.

use rfb::Encoding;

use crate::foreign::Program;
use crate::foreign::programs::{
    ASYNCVNC, GVNCCAPTURE, GVNCVIEWER, LIBVNCCLIENT, NOVNC, REMMINA_BEST, REMMINA_GOOD,
    REMMINA_MEDIUM, REMMINA_POOR, RFB2, SSVNC, TIGERVNC, VINAGRE, VNCDOTOOL, XTIGHTVNCVIEWER,
};

/// How all log in: where a password is needed, and where none is.
pub(super) const LOGINS: &str = "VncAuth None";

/// The text that is copied each way, and what is left of it in Latin-1.
pub(super) const TEXT: &str = "käse €";
pub(super) const LATIN1: &str = "käse ?";

/// What a viewer does, beside showing the picture to the last bit. Encodings of pixels are named
/// as [`Encoding`] names them.
pub(super) struct Expected {
    pub(super) program: Program,
    /// Those that it asks for, in its order.
    pub(super) asks_for: &'static str,
    /// Those of them that it is sent, in the order of their numbers.
    pub(super) is_sent: &'static str,
    /// What else it does; nothing if it takes one picture and ends.
    pub(super) acts: Option<Acts>,
}

/// What a viewer does that stays. That keys and clicks arrive is expected of all.
pub(super) struct Acts {
    /// What arrives in the session of a text that is copied on the viewer's side.
    pub(super) gives: Text,
    /// What arrives on the viewer's side of a text that is copied in the session.
    pub(super) takes: Text,
    /// Its picture becomes as large as the session's screen.
    pub(super) follows: Ability,
    /// The session's screen becomes as large as its window.
    pub(super) leads: Ability,
    pub(super) cursor: Cursor,
}

/// Whether a viewer does something; if not, why not.
#[derive(Clone, Copy)]
pub(super) enum Ability {
    Yes,
    No(&'static str),
}

/// What arrives of [`TEXT`].
#[derive(Clone, Copy)]
pub(super) enum Text {
    /// As much as the encoding of texts allows.
    Whole(&'static str),
    /// Something else, for the reason that follows.
    Garbled(&'static str, &'static str),
    /// Nothing, for this reason.
    No(&'static str),
}

/// Who draws the cursor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cursor {
    /// The viewer, to which it is sent in this encoding.
    Sent(Encoding),
    /// The server, into the picture.
    Painted,
}

impl Ability {
    pub(super) fn is_there(self) -> bool {
        matches!(self, Self::Yes)
    }

    /// Why it is not there.
    pub(super) fn reason(self) -> Option<&'static str> {
        match self {
            Self::Yes => None,
            Self::No(reason) => Some(reason),
        }
    }
}

impl Text {
    pub(super) fn arrives(self) -> Option<&'static str> {
        match self {
            Self::Whole(text) | Self::Garbled(text, _) => Some(text),
            Self::No(_) => None,
        }
    }

    /// Why it does not arrive whole.
    pub(super) fn reason(self) -> Option<&'static str> {
        match self {
            Self::Whole(_) => None,
            Self::Garbled(_, reason) | Self::No(reason) => Some(reason),
        }
    }
}

use Ability::{No, Yes};
use Cursor::Painted;
use Text::Garbled;

/// What most do.
const USUAL: Acts = Acts {
    gives: Text::Whole(LATIN1),
    takes: Text::Whole(LATIN1),
    follows: Yes,
    leads: Yes,
    cursor: Cursor::Sent(Encoding::CURSOR),
};
const REMMINA: Acts = Acts {
    leads: No("it never asks for a size"),
    ..USUAL
};
const NO_DESKTOP_SIZE: Ability = No("it knows no DesktopSize");
const NO_SET_DESKTOP_SIZE: Ability = No("it knows no SetDesktopSize");
const NO_CLIPBOARD: Text = Text::No("it has no clipboard");

pub(super) const EXPECTED: &[Expected] = &[
    Expected {
        program: TIGERVNC,
        asks_for: "tight copyrect zrle hextile rre copyrect raw",
        is_sent: "tight",
        acts: Some(Acts {
            gives: Text::Whole(TEXT),
            takes: Text::Whole(TEXT),
            cursor: Cursor::Sent(Encoding::CURSOR_WITH_ALPHA),
            ..USUAL
        }),
    },
    Expected {
        program: GVNCVIEWER,
        asks_for: "tight zrle hextile rre copyrect raw",
        is_sent: "tight",
        acts: Some(Acts {
            gives: NO_CLIPBOARD,
            takes: NO_CLIPBOARD,
            follows: No("it makes the screen as large as its window again"),
            cursor: Cursor::Sent(Encoding::CURSOR_WITH_ALPHA),
            ..USUAL
        }),
    },
    Expected {
        program: GVNCCAPTURE,
        asks_for: "zrle hextile rre copyrect raw",
        is_sent: "zrle",
        acts: None,
    },
    Expected {
        program: VINAGRE,
        asks_for: "tight zrle hextile rre copyrect raw",
        is_sent: "tight",
        acts: Some(Acts {
            gives: Garbled("käse EUR", "it spells out what is not Latin-1"),
            leads: No("it never asks for a size"),
            cursor: Cursor::Sent(Encoding::CURSOR_WITH_ALPHA),
            ..USUAL
        }),
    },
    Expected {
        program: XTIGHTVNCVIEWER,
        asks_for: "tight copyrect hextile zlib corre rre raw",
        is_sent: "tight",
        acts: Some(Acts {
            follows: NO_DESKTOP_SIZE,
            leads: NO_SET_DESKTOP_SIZE,
            ..USUAL
        }),
    },
    Expected {
        program: SSVNC,
        asks_for: "copyrect tight zrle zywrle hextile zlib corre rre",
        is_sent: "tight",
        acts: Some(Acts {
            leads: NO_SET_DESKTOP_SIZE,
            ..USUAL
        }),
    },
    Expected {
        program: LIBVNCCLIENT,
        asks_for: "tight zrle ultra copyrect hextile zlib corre rre raw",
        is_sent: "tight",
        acts: Some(USUAL),
    },
    Expected {
        program: REMMINA_BEST,
        asks_for: "copyrect zlib hextile raw",
        is_sent: "zlib",
        acts: Some(REMMINA),
    },
    Expected {
        program: REMMINA_GOOD,
        asks_for: "tight zrle ultra copyrect hextile zlib corre rre raw",
        is_sent: "tight",
        acts: Some(REMMINA),
    },
    Expected {
        program: REMMINA_MEDIUM,
        asks_for: "tight zrle ultra copyrect hextile zlib corre rre raw",
        is_sent: "tight",
        acts: Some(REMMINA),
    },
    Expected {
        program: REMMINA_POOR,
        asks_for: "copyrect zrle ultra zlib hextile corre rre raw",
        is_sent: "zrle",
        acts: Some(REMMINA),
    },
    Expected {
        program: VNCDOTOOL,
        asks_for: "raw",
        is_sent: "raw",
        acts: Some(Acts {
            follows: No("it goes on asking for the part that it had"),
            leads: NO_SET_DESKTOP_SIZE,
            cursor: Painted,
            ..USUAL
        }),
    },
    Expected {
        program: ASYNCVNC,
        asks_for: "zlib",
        is_sent: "zlib",
        acts: Some(Acts {
            gives: Text::No("it leaves out two bytes, and all that follows seems text"),
            takes: Text::No("it takes a text for a bell, and all that follows for nonsense"),
            follows: NO_DESKTOP_SIZE,
            leads: NO_SET_DESKTOP_SIZE,
            cursor: Painted,
        }),
    },
    Expected {
        program: RFB2,
        asks_for: "raw copyrect",
        is_sent: "raw",
        acts: Some(Acts {
            gives: Garbled("käse ¬", "it sends the lowest byte of each character"),
            takes: Garbled("kdse ?", "it takes texts for ASCII"),
            leads: NO_SET_DESKTOP_SIZE,
            cursor: Painted,
            ..USUAL
        }),
    },
    Expected {
        program: NOVNC,
        asks_for: "copyrect open-h264 tight tight-png zrle jpeg hextile rre zlib raw",
        is_sent: "tight",
        acts: Some(Acts {
            gives: Text::Whole(TEXT),
            takes: Text::Whole(TEXT),
            cursor: Cursor::Sent(Encoding::VMWARE_CURSOR),
            ..USUAL
        }),
    },
];
