//! org_kde_kwin_server_decoration_manager (KDE, version 1), which GTK 3 knows in place of
//! zxdg_decoration_manager_v1.

use std::sync::Mutex;

use smithay::delegate_kde_decoration;
use smithay::reexports::wayland_protocols::xdg::decoration::zv1::server::zxdg_toplevel_decoration_v1::Mode as XdgMode;
use smithay::reexports::wayland_protocols_misc::server_decoration::server::org_kde_kwin_server_decoration::{
    Mode, OrgKdeKwinServerDecoration,
};
use smithay::reexports::wayland_server::WEnum;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::wayland::compositor::with_states;
use smithay::wayland::shell::kde::decoration::{KdeDecorationHandler, KdeDecorationState};

use crate::lock::lock;
use crate::state::Offing;

/// Who shall draw the decorations of a surface, which may not be a window yet.
struct Wish(Mutex<XdgMode>);

impl KdeDecorationHandler for Offing {
    fn kde_decoration_state(&self) -> &KdeDecorationState {
        &self.protocols.kde_decoration
    }

    fn new_decoration(&mut self, surface: &WlSurface, decoration: &OrgKdeKwinServerDecoration) {
        self.wish(surface, decoration, XdgMode::ServerSide);
    }

    fn request_mode(
        &mut self,
        surface: &WlSurface,
        decoration: &OrgKdeKwinServerDecoration,
        mode: WEnum<Mode>,
    ) {
        let wanted = match mode {
            WEnum::Value(Mode::Server) => XdgMode::ServerSide,
            _ => XdgMode::ClientSide,
        };
        self.wish(surface, decoration, wanted);
    }
}

impl Offing {
    fn wish(
        &mut self,
        surface: &WlSurface,
        decoration: &OrgKdeKwinServerDecoration,
        wanted: XdgMode,
    ) {
        with_states(surface, |states| {
            let new = || Wish(Mutex::new(wanted));
            *lock(&states.data_map.get_or_insert_threadsafe(new).0) = wanted;
        });
        decoration.mode(match self.desktop.decorated_by(wanted) {
            XdgMode::ServerSide => Mode::Server,
            _ => Mode::Client,
        });
        self.grant_wish(surface);
    }

    /// A surface is a window now, or wants other decorations.
    pub(super) fn grant_wish(&mut self, surface: &WlSurface) {
        let wanted = with_states(surface, |states| {
            states.data_map.get::<Wish>().map(|wish| *lock(&wish.0))
        });
        let toplevel = self.desktop.window(surface).map(|it| it.toplevel.clone());
        if let (Some(wanted), Some(toplevel)) = (wanted, toplevel) {
            self.decorate(&toplevel, wanted);
        }
    }
}

delegate_kde_decoration!(Offing);
