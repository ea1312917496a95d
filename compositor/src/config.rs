//! What a session is made from.

pub use crate::background::{Background, Image};
use crate::clients::limits::Limits;
pub use crate::clipboard::Exchange;
use crate::keymap::KeyboardConfig;
pub use crate::keymap::Keys;
use crate::remote::{Auth, Listener};
pub use crate::share::Share;

/// The smallest width and height of the screen, in pixels.
pub const MIN_SIDE: u16 = 16;
/// The largest width and height of the screen, in pixels.
pub const MAX_SIDE: u16 = 16384;
/// The smallest and largest scale of the screen.
pub const SCALES: std::ops::RangeInclusive<f64> = 0.5..=4.0;

/// The settings of a [`Server`](crate::Server).
pub struct Config {
    /// The session's name, which is the desktop's name in viewers too.
    pub name: String,
    /// The screen's size at the start, in pixels.
    pub size: rfb::Size,
    /// Viewers' requests to resize the screen are refused.
    pub fixed_size: bool,
    /// Pixels per logical unit of the screen.
    pub scale: f64,
    /// What viewers see of it.
    pub share: Share,
    /// Shows a red dot while a viewer is logged in.
    pub indicator: bool,
    /// What is behind all windows.
    pub background: Background,
    /// Windows without a parent fill the screen and have no decorations.
    pub kiosk: bool,
    /// Some keys are shortcuts of the session, such as Alt+Tab; otherwise programs get them all.
    pub shortcuts: bool,
    /// The keyboard's layout.
    pub keyboard: KeyboardConfig,
    /// Which key is pressed when a viewer tells a symbol and a place.
    pub keys: Keys,
    /// Who may connect.
    pub auth: Auth,
    /// All viewers only watch.
    pub view_only: bool,
    /// Which ways the clipboard is shared with viewers.
    pub clipboard: Exchange,
    /// Which ways the primary selection is: what is marked, as the middle button pastes it. Viewers
    /// have one clipboard, which is whatever was copied or marked last.
    pub primary: Exchange,
    /// The encodings of pixels to use, the best first; empty: as each viewer likes. See
    /// [`rfb::Config::encodings`].
    pub encodings: Vec<rfb::Encoding>,
    /// Frames are compared inside their damage, so that only what really changed is sent. Without
    /// it, what programs say they changed is sent as it is.
    pub diff: bool,
    /// Where viewers connect; bound already.
    pub listeners: Vec<Listener>,
    /// The session runs in the background, where a viewer may be attached at any time: programs
    /// need not run at the full rate for nobody, even without listeners.
    pub detached: bool,
    /// What Wayland clients may take up.
    pub limits: Limits,
}

impl Config {
    /// A session of this name and size, with defaults, that nobody can reach but through
    /// [`Remote::insert`](crate::remote::Remote::insert).
    pub fn new(name: &str, size: rfb::Size) -> Self {
        Self {
            name: name.to_owned(),
            size,
            fixed_size: false,
            scale: 1.0,
            share: Share::Desktop,
            indicator: false,
            background: Background::default(),
            kiosk: false,
            shortcuts: true,
            keyboard: KeyboardConfig::default(),
            keys: Keys::default(),
            auth: Auth {
                security: vec![rfb::Security::NONE],
                password: None,
                view_only_password: None,
            },
            view_only: false,
            clipboard: Exchange::BOTH,
            primary: Exchange::OFF,
            encodings: Vec::new(),
            diff: true,
            listeners: Vec::new(),
            detached: false,
            limits: Limits::default(),
        }
    }
}
