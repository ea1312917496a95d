//! The screen: one output, its size and scale, and the requests of viewers and clients to resize
//! it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use calloop::timer::{TimeoutAction, Timer};
use smithay::desktop::utils::with_surfaces_surface_tree;
use smithay::output::{Mode, Output, PhysicalProperties, Scale, Subpixel};
use smithay::reexports::wayland_server::DisplayHandle;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Logical, Physical, Rectangle, Size, Transform};
use smithay::wayland::compositor::{send_surface_state, with_states};
use tracing::{info, warn};

use crate::config::{Config, MAX_SIDE, MIN_SIDE};
use crate::remote::ViewerId;
use crate::state::Offing;
use crate::tree::Tree;

/// Viewers send a burst of sizes while their window is dragged, and clients may do so at any time:
/// one is taken in this time.
const DEBOUNCE: Duration = Duration::from_millis(100);
/// Refreshes per 1000 seconds, as wl_output tells it.
pub(crate) const REFRESH: i32 = 60_000;

/// The one output of the session.
pub(crate) struct Screen {
    output: Output,
    size: rfb::Size,
    fixed: bool,
    resized: Option<Instant>,
    /// The sizes asked for that wait for their turn, the newest last, and who asked.
    waiting: Vec<(Asker, rfb::Size)>,
}

/// Who asks for a size of the screen.
enum Asker {
    Viewer(ViewerId),
    /// A client of the session, and how to tell it whether the screen has that size now.
    Client(Box<dyn FnOnce(bool)>),
}

/// How a client wants the screen to be; what it does not say is to be as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Wish {
    /// In pixels.
    pub(crate) size: Option<(i32, i32)>,
    /// In logical units.
    pub(crate) position: Option<(i32, i32)>,
    pub(crate) transform: Option<Transform>,
    pub(crate) scale: Option<f64>,
    /// The screen refreshes when a program draws.
    pub(crate) adaptive_sync: Option<bool>,
    pub(crate) off: bool,
}

impl Screen {
    pub(crate) fn new(display: &DisplayHandle, config: &Config) -> Self {
        let output = Output::new(
            "OFFING-1".to_owned(),
            PhysicalProperties {
                // None, as for a projector: a density that changed with every resize would change
                // the size of text.
                size: (0, 0).into(),
                subpixel: Subpixel::Unknown,
                make: "Offing".to_owned(),
                model: config.name.clone(),
            },
        );
        output.create_global::<Offing>(display);
        let screen = Self {
            output,
            size: config.size,
            fixed: config.fixed_size,
            resized: None,
            waiting: Vec::new(),
        };
        let scale = Scale::Fractional(config.scale);
        screen.output.change_current_state(
            None,
            Some(Transform::Normal),
            Some(scale),
            Some((0, 0).into()),
        );
        screen.announce_mode();
        screen
    }

    pub(crate) fn output(&self) -> &Output {
        &self.output
    }

    /// Pixels per logical unit.
    pub(crate) fn scale(&self) -> f64 {
        self.output.current_scale().fractional_scale()
    }

    /// The size in pixels.
    pub(crate) fn size(&self) -> rfb::Size {
        self.size
    }

    /// All of it, in pixels.
    pub(crate) fn area(&self) -> Rectangle<i32, Physical> {
        pixels(self.size)
    }

    /// The size in logical units.
    pub(crate) fn logical_size(&self) -> Size<i32, Logical> {
        let scale = self.scale();
        let logical = |pixels: u16| (f64::from(pixels) / scale).round() as i32;
        (logical(self.size.width), logical(self.size.height)).into()
    }

    /// The part of the screen that this rectangle in logical units covers, in pixels; none if
    /// nothing is.
    pub(crate) fn pixels_of(&self, part: Rectangle<i32, Logical>) -> Option<rfb::Rect> {
        let scale = self.scale();
        let edges = |at: i32, length: i32, side: u16| {
            let pixel = |logical: f64| (logical * scale).round().clamp(0.0, side.into()) as u16;
            let (start, end) = (f64::from(at), f64::from(at) + f64::from(length));
            (pixel(start), pixel(end).saturating_sub(pixel(start)))
        };
        let (x, width) = edges(part.loc.x, part.size.w, self.size.width);
        let (y, height) = edges(part.loc.y, part.size.h, self.size.height);
        let part = rfb::Rect::new(x, y, width, height);
        (!part.is_empty()).then_some(part)
    }

    /// Tells surfaces that they are on the screen, and forgets those that are gone.
    pub(crate) fn show(&self, trees: impl Iterator<Item = Tree>) {
        self.output.cleanup();
        for tree in trees {
            tree.surfaces()
                .for_each(|(surface, _)| self.enter(&surface));
        }
    }

    fn enter(&self, surface: &WlSurface) {
        with_surfaces_surface_tree(surface, |surface, _| self.output.enter(surface));
    }

    /// A window or panel is no longer shown.
    pub(crate) fn leave(&self, surface: &WlSurface) {
        with_surfaces_surface_tree(surface, |surface, _| self.output.leave(surface));
    }

    /// Tells a new surface which scale to draw at.
    pub(crate) fn announce_scale(&self, surface: &WlSurface) {
        let scale = self.output.current_scale().integer_scale();
        with_states(surface, |states| {
            send_surface_state(surface, states, scale, Transform::Normal)
        });
    }

    fn announce_mode(&self) {
        let mode = Mode {
            size: (i32::from(self.size.width), i32::from(self.size.height)).into(),
            refresh: REFRESH,
        };
        if let Some(old) = self.output.current_mode().filter(|old| *old != mode) {
            self.output.delete_mode(old);
        }
        // First: a mode is told along with whether it is the preferred one.
        self.output.set_preferred(mode);
        self.output
            .change_current_state(Some(mode), None, None, None);
    }
}

/// A screen of this size.
pub(crate) fn pixels(size: rfb::Size) -> Rectangle<i32, Physical> {
    Rectangle::from_size((i32::from(size.width), i32::from(size.height)).into())
}

impl Offing {
    /// Whether the screen can be as a client wants it: only its size changes, if anything. Returns
    /// that; the error says what is possible.
    pub(crate) fn consider(&self, wish: &Wish) -> Result<rfb::Size, String> {
        let scale = self.screen.scale();
        // As precise as the protocol.
        let is_scale = |wanted: f64| (wanted - scale).abs() < 1.0 / 256.0;
        let is_as_it_is = !wish.off
            && wish.position.is_none_or(|position| position == (0, 0))
            && wish.transform.is_none_or(|it| it == Transform::Normal)
            && wish.scale.is_none_or(is_scale)
            && wish.adaptive_sync != Some(true);
        if !is_as_it_is {
            return Err(format!(
                "the screen is on, at (0, 0), upright and of scale {scale}: only its size changes"
            ));
        }
        let now = self.screen.size;
        let size = match wish.size {
            None => now,
            Some((width, height)) => {
                let side = |side: i32| u16::try_from(side).unwrap_or(0);
                rfb::Size::new(side(width), side(height))
            }
        };
        check_sides(size)?;
        match size == now || self.may_resize() {
            true => Ok(size),
            false => Err("the screen's size is fixed, as the session was started".to_owned()),
        }
    }

    /// Whether viewers and clients may resize the screen.
    fn may_resize(&self) -> bool {
        !self.screen.fixed && self.shared.is_desktop()
    }

    /// Resizes the screen, to pixels. The error says which sizes are possible.
    pub fn resize(&mut self, size: rfb::Size) -> Result<(), String> {
        check_sides(size)?;
        if size == self.screen.size {
            return Ok(());
        }
        if self.shared.is_desktop() {
            self.renderer.look_at(pixels(size)).map_err(|error| {
                format!(
                    "no screen of {}x{} ({error}): choose a smaller one",
                    size.width, size.height
                )
            })?;
        }
        info!("the screen is {}x{} now", size.width, size.height);
        self.screen.size = size;
        self.screen.announce_mode();
        self.tell_output_managers();
        self.tell_capture_sessions();
        self.arrange();
        self.keep_pointer_on_screen();
        // Viewers learn the new size with a picture of it.
        self.draw();
        Ok(())
    }

    /// A viewer asks for a size. It is always answered, but of a burst only the newest is taken.
    pub(crate) fn request_resize(&mut self, viewer: ViewerId, size: rfb::Size) {
        if !self.may_resize() {
            self.remote
                .answer_resize(viewer, rfb::ResizeStatus::Prohibited);
            return;
        }
        self.queue_resize(Asker::Viewer(viewer), size);
    }

    /// A client asks for a size that was [considered](Self::consider). It is told whether the
    /// screen has it then.
    pub(crate) fn client_resizes(&mut self, size: rfb::Size, answer: impl FnOnce(bool) + 'static) {
        self.queue_resize(Asker::Client(Box::new(answer)), size);
    }

    fn queue_resize(&mut self, asker: Asker, size: rfb::Size) {
        self.screen.waiting.push((asker, size));
        if self.screen.waiting.len() == 1 {
            self.schedule_resize();
        }
    }

    fn schedule_resize(&mut self) {
        let due = match self.screen.resized {
            Some(last) if last.elapsed() < DEBOUNCE => last + DEBOUNCE,
            _ => return self.resize_waiting(),
        };
        let armed =
            self.handle
                .insert_source(Timer::from_deadline(due), |_, (), state: &mut Offing| {
                    state.resize_waiting();
                    TimeoutAction::Drop
                });
        if let Err(error) = armed {
            warn!("the resize timer could not be armed: {error}");
            self.resize_waiting();
        }
    }

    fn resize_waiting(&mut self) {
        let waiting = std::mem::take(&mut self.screen.waiting);
        let Some(size) = waiting.last().map(|(_, size)| *size) else {
            return;
        };
        self.screen.resized = Some(Instant::now());
        let status = match self.resize(size) {
            Ok(()) => rfb::ResizeStatus::Done,
            Err(error) => {
                warn!("a wish for another size was refused: {error}");
                rfb::ResizeStatus::OutOfResources
            }
        };
        // The screen must have the size that a viewer is granted last: one whose wishes all lost
        // against another's is told that it failed.
        let mut last_wishes = HashMap::new();
        for (asker, wish) in &waiting {
            if let Asker::Viewer(viewer) = asker {
                last_wishes.insert(*viewer, *wish);
            }
        }
        for (asker, wish) in waiting {
            match asker {
                Asker::Viewer(viewer) => {
                    let lost = last_wishes.get(&viewer) != Some(&size);
                    let answer = match status {
                        rfb::ResizeStatus::Done if lost => rfb::ResizeStatus::OutOfResources,
                        status => status,
                    };
                    self.remote.answer_resize(viewer, answer);
                }
                Asker::Client(answer) => {
                    answer(status == rfb::ResizeStatus::Done && wish == size);
                }
            }
        }
    }
}

/// The error says which sizes a screen can have.
fn check_sides(size: rfb::Size) -> Result<(), String> {
    let sides = MIN_SIDE..=MAX_SIDE;
    match sides.contains(&size.width) && sides.contains(&size.height) {
        true => Ok(()),
        false => Err(format!(
            "no screen of {}x{}: each side is {MIN_SIDE} to {MAX_SIDE} pixels",
            size.width, size.height
        )),
    }
}
