use offing_tests::Result;
use offing_tests::vnc_client::button;
use offing_tests::wayland_client::protocol::{KeyboardInteractivity, Layer, Mode};
use offing_tests::wayland_client::{Clipboard, Lock, Panel, Surface, WaylandClient, Window};

use super::chance::Chance;
use super::constraints::Constraints;
use super::copies::Copies;
use super::devices::Devices;
use super::lists::Lists;
use super::texts::Texts;
use super::things::{Hold, KEYBOARDS, Kind, LAYERS, Thing, View, shape, somewhere};
use super::viewer::Viewer;
use crate::fixture::{Fixture, Frame};

/// The most things that a program shows at a time.
const MOST: usize = 8;

/// A program that keeps to the rules, and otherwise does anything.
pub(super) struct Program {
    pub(super) client: WaylandClient,
    pub(super) name: String,
    /// How many windows it has opened.
    pub(super) opened: usize,
    /// A parent comes before its children.
    pub(super) things: Vec<Thing>,
    pub(super) lock: Option<(Lock, Surface)>,
    /// The size at which the lock was drawn.
    pub(super) lock_size: (i32, i32),
    tokens: u32,
    pub(super) lists: Lists,
    pub(super) devices: Devices,
    pub(super) texts: Texts,
    pub(super) constraints: Constraints,
    pub(super) copies: Copies,
}

impl Program {
    pub(super) fn start(fixture: &Fixture, name: String) -> Result<Self> {
        Ok(Self {
            client: fixture.client()?,
            name,
            opened: 0,
            things: Vec::new(),
            lock: None,
            lock_size: (0, 0),
            tokens: 0,
            lists: Lists::default(),
            devices: Devices::default(),
            texts: Texts::default(),
            constraints: Constraints::default(),
            copies: Copies::default(),
        })
    }

    /// Does something that the rules allow; returns what.
    pub(super) fn act(&mut self, chance: &mut Chance) -> Result<String> {
        self.client.roundtrip()?;
        self.react(chance.flip())?;
        let did = match chance.below(96) {
            0..6 if self.things.len() < MOST => self.open_window(chance)?,
            6..8 if self.things.len() < MOST => self.open_panel(chance)?,
            8..11 => self.change_panel(chance)?,
            11..16 => self.open_popup(chance, false)?,
            16..18 => self.reposition(chance)?,
            18..20 => self.open_child(chance)?,
            20..22 => self.move_child(chance)?,
            22..25 => self.destroy_one(chance)?,
            25..29 => self.map_or_unmap(chance)?,
            29..35 => self.resize(chance)?,
            35..41 => self.fill(chance)?,
            41..43 => self.change_parent(chance)?,
            43..45 => self.change_title(chance)?,
            45..47 => self.limit(chance)?,
            47..50 => self.change_decoration(chance)?,
            50..52 => {
                self.client
                    .copy(Clipboard::Selection, &[("text/plain", b"copied")])?;
                "copies".to_owned()
            }
            52 => self.paste()?,
            53 if self.lock.is_none() && chance.once_in(4) => self.lock(chance)?,
            53..55 if self.lock.is_some() => self.unlock()?,
            55..58 => self.cast_shadow(chance)?,
            58..61 => self.change_view(chance)?,
            61..67 => self.use_lists(chance)?,
            67..70 => self.point(chance)?,
            70..72 => self.type_something(chance)?,
            72..75 => self.edit(chance)?,
            75..79 => self.be_input_method(chance)?,
            79..83 => self.constrain(chance)?,
            83..88 => self.copy_screen(chance)?,
            _ => self.redraw(chance)?,
        };
        self.client.roundtrip()?;
        self.client.forget_input();
        Ok(did)
    }

    pub(super) fn draw(&mut self, at: usize) -> Result {
        let thing = &mut self.things[at];
        let (surface, state) = (thing.surface, self.client.surface(thing.surface));
        thing.drawn = Some(state.size);
        let extent = state.extent();
        if let Some(view) = thing.view {
            let (scale, source, destination) = view.of(extent);
            self.client.set_buffer_scale(surface, scale);
            self.client
                .set_viewport(surface, Some(source), Some(destination))?;
        }
        self.client.draw(surface, thing.colour)
    }

    pub(super) fn pick(
        &self,
        chance: &mut Chance,
        is_it: impl Fn(&Thing) -> bool,
    ) -> Option<usize> {
        let places: Vec<_> = (0..self.things.len())
            .filter(|at| is_it(&self.things[*at]))
            .collect();
        chance.pick(&places).copied()
    }

    pub(super) fn pick_window(&self, chance: &mut Chance) -> Option<usize> {
        self.pick(chance, Thing::is_window)
    }

    fn push(
        &mut self,
        surface: Surface,
        kind: Kind,
        parent: Option<Surface>,
        colour: [u8; 3],
        drawn: bool,
    ) -> usize {
        let size = self.client.surface(surface).drawn;
        self.things.push(Thing {
            surface,
            kind,
            parent,
            title: String::new(),
            drawn: drawn.then_some(size),
            colour,
            view: None,
        });
        self.things.len() - 1
    }

    /// Answers what it was told: popups that were dismissed go, as do windows that are to close; if
    /// `draws`, what has another size is drawn anew. Returns whether there was something to do.
    pub(super) fn react(&mut self, draws: bool) -> Result<bool> {
        let gone = |this: &Self, thing: &Thing| {
            let state = this.client.surface(thing.surface);
            state.dismissed || state.close_requests > 0
        };
        let mut did = false;
        while let Some(at) = self.things.iter().position(|thing| gone(self, thing)) {
            self.destroy(at)?;
            did = true;
        }
        if !draws {
            return Ok(did);
        }
        for at in 0..self.things.len() {
            let thing = &self.things[at];
            let size = self.client.surface(thing.surface).size;
            if thing.drawn.is_some_and(|drawn| drawn != size) {
                self.draw(at)?;
                did = true;
            }
        }
        if let Some((_, surface)) = self.lock {
            let size = self.client.surface(surface).size;
            if size != self.lock_size {
                self.lock_size = size;
                self.client.draw(surface, [0, 0, 90])?;
                did = true;
            }
        }
        Ok(did)
    }

    /// Destroys something with what belongs to it, the topmost popups first.
    fn destroy(&mut self, at: usize) -> Result {
        let mut doomed = vec![self.things[at].surface];
        let grabs = matches!(self.things[at].kind, Kind::Popup { grabs: true });
        for thing in &self.things[at + 1..] {
            let follows = grabs && matches!(thing.kind, Kind::Popup { grabs: true });
            let is_below = thing.parent.is_some_and(|it| doomed.contains(&it));
            if follows || is_below && !thing.is_window() {
                doomed.push(thing.surface);
            }
        }
        for surface in doomed.iter().rev() {
            self.client.destroy(*surface)?;
        }
        self.things.retain(|thing| !doomed.contains(&thing.surface));
        for thing in &mut self.things {
            if thing.parent.is_some_and(|it| doomed.contains(&it)) {
                thing.parent = None;
            }
        }
        Ok(())
    }

    /// Destroys the popups of something, which is to be unmapped.
    fn destroy_popups(&mut self, surface: Surface) -> Result {
        let is_it = |thing: &Thing| thing.parent == Some(surface) && thing.is_popup();
        while let Some(at) = self.things.iter().position(is_it) {
            self.destroy(at)?;
        }
        Ok(())
    }

    fn open_window(&mut self, chance: &mut Chance) -> Result<String> {
        self.opened += 1;
        let title = format!("{}-{}", self.name, self.opened);
        let colour = chance.colour();
        let size = (chance.between(1, 200), chance.between(1, 150));
        let mut window = Window::new(&title, size.0, size.1);
        let asks_for_decoration = chance.flip();
        if asks_for_decoration {
            window = window.decoration(Mode::ServerSide);
        }
        match chance.below(8) {
            0 => window = window.maximized(),
            1 => window = window.fullscreen(),
            _ => {}
        }
        let shown = !chance.once_in(8);
        if shown {
            window = window.content(colour);
        }
        let surface = self.client.open(window)?;
        let kind = Kind::Window {
            asks_for_decoration,
        };
        let at = self.push(surface, kind, None, colour, shown);
        let what = format!("opens {title} of {size:?}, decorated: {asks_for_decoration}");
        self.things[at].title = title;
        Ok(what)
    }

    fn open_panel(&mut self, chance: &mut Chance) -> Result<String> {
        let is_panel = |thing: &&Thing| thing.kind == Kind::Panel;
        if self.things.iter().filter(is_panel).count() >= 1 {
            return self.change_panel(chance);
        }
        let colour = chance.colour();
        let (anchor, width, height) = shape(chance);
        let layer = chance.pick(&LAYERS).copied().unwrap_or(Layer::Top);
        let keyboard = chance.pick(&KEYBOARDS).copied();
        let keyboard = keyboard.unwrap_or(KeyboardInteractivity::None);
        let zone = chance.between(-1, 24);
        let panel = Panel::new(layer, anchor, width, height)
            .zone(zone)
            .keyboard(keyboard);
        let surface = self.client.open_panel(panel.content(colour))?;
        self.push(surface, Kind::Panel, None, colour, true);
        Ok(format!(
            "opens a panel at {anchor:?} of {layer:?}, zone {zone}, keyboard {keyboard:?}"
        ))
    }

    fn change_panel(&mut self, chance: &mut Chance) -> Result<String> {
        let Some(at) = self.pick(chance, |thing| thing.kind == Kind::Panel) else {
            return Ok("has no panel".to_owned());
        };
        let surface = self.things[at].surface;
        let (anchor, width, height) = shape(chance);
        let layer = chance.pick(&LAYERS).copied().unwrap_or(Layer::Top);
        let keyboard = chance.pick(&KEYBOARDS).copied();
        let keyboard = keyboard.unwrap_or(KeyboardInteractivity::None);
        let zone = chance.between(-1, 24);
        let panel = self.client.panel(surface)?;
        panel.set_anchor(anchor);
        panel.set_size(width, height);
        panel.set_layer(layer);
        panel.set_keyboard_interactivity(keyboard);
        panel.set_exclusive_zone(zone);
        self.client.commit(surface)?;
        Ok(format!(
            "has its panel at {anchor:?} of {layer:?}, zone {zone}, keyboard {keyboard:?}"
        ))
    }

    fn open_popup(&mut self, chance: &mut Chance, grabs: bool) -> Result<String> {
        let has_popups = |thing: &Thing| thing.drawn.is_some() && thing.kind != Kind::Child;
        let grabs = grabs || chance.once_in(3);
        // A menu's submenu belongs to the topmost menu.
        let menu = (0..self.things.len())
            .rev()
            .find(|at| self.things[*at].kind == Kind::Popup { grabs: true });
        let parent = match menu {
            Some(menu) if grabs => Some(menu),
            _ if grabs => self.pick(chance, |it| has_popups(it) && !it.is_popup()),
            _ => self.pick(chance, has_popups),
        };
        let is_full = self.things.len() >= 2 * MOST;
        let Some(parent) = parent.filter(|at| !is_full && has_popups(&self.things[*at])) else {
            return Ok("has no place for a popup".to_owned());
        };
        let parent_surface = self.things[parent].surface;
        let place = somewhere(chance, self.things[parent].drawn.unwrap_or((1, 1)));
        let colour = chance.colour();
        let popup = match grabs {
            true => self
                .client
                .open_grabbing_popup(parent_surface, &place, colour)?,
            false => self.client.open_popup(parent_surface, &place, colour)?,
        };
        let drawn = self.client.surface(popup).is_drawn();
        let at = self.push(
            popup,
            Kind::Popup { grabs },
            Some(parent_surface),
            colour,
            drawn,
        );
        let parent = (self.things[parent].kind, &self.things[parent].title);
        let what = format!("opens a popup of {parent:?}, grabs: {grabs}, shown: {drawn}");
        if !drawn {
            self.destroy(at)?;
        }
        Ok(what)
    }

    fn reposition(&mut self, chance: &mut Chance) -> Result<String> {
        let Some(at) = self.pick(chance, Thing::is_popup) else {
            return Ok("has no popup".to_owned());
        };
        let parent = self.things[at].parent;
        let parent = self.things.iter().find(|it| Some(it.surface) == parent);
        let size = parent.and_then(|parent| parent.drawn).unwrap_or((1, 1));
        let place = somewhere(chance, size);
        self.tokens += 1;
        self.client
            .reposition(self.things[at].surface, &place, self.tokens)?;
        Ok("moves a popup".to_owned())
    }

    fn open_child(&mut self, chance: &mut Chance) -> Result<String> {
        let parent = self.pick(chance, |thing| thing.drawn.is_some());
        let Some(parent) = parent.filter(|_| self.things.len() < 2 * MOST) else {
            return Ok("has nothing for a subsurface".to_owned());
        };
        let colour = chance.colour();
        let parent = self.things[parent].surface;
        let place = (chance.between(-20, 60), chance.between(-20, 60));
        let size = (chance.between(1, 60), chance.between(1, 60));
        let desync = chance.flip();
        let child = self
            .client
            .add_subsurface(parent, place, size, colour, desync)?;
        self.client.commit(parent)?;
        self.push(child, Kind::Child, Some(parent), colour, true);
        Ok(format!("adds a subsurface of {size:?} at {place:?}"))
    }

    fn move_child(&mut self, chance: &mut Chance) -> Result<String> {
        let Some(at) = self.pick(chance, |thing| thing.kind == Kind::Child) else {
            return Ok("has no subsurface".to_owned());
        };
        let (x, y) = (chance.between(-40, 90), chance.between(-40, 90));
        let thing = &self.things[at];
        self.client.place_subsurface(thing.surface, x, y)?;
        if let Some(parent) = thing.parent {
            self.client.commit(parent)?;
        }
        Ok(format!("moves a subsurface to ({x}, {y})"))
    }

    fn destroy_one(&mut self, chance: &mut Chance) -> Result<String> {
        let Some(at) = self.pick(chance, |_| true) else {
            return Ok("has nothing to destroy".to_owned());
        };
        let what = format!(
            "destroys {:?} {}",
            self.things[at].kind, self.things[at].title
        );
        self.destroy(at)?;
        Ok(what)
    }

    fn map_or_unmap(&mut self, chance: &mut Chance) -> Result<String> {
        let maps = |thing: &Thing| thing.is_window() || thing.kind == Kind::Panel;
        let Some(at) = self.pick(chance, maps) else {
            return Ok("has nothing to show or hide".to_owned());
        };
        let (surface, kind) = (self.things[at].surface, self.things[at].kind);
        let what = format!("{kind:?} {}", self.things[at].title);
        if self.things[at].drawn.is_some() {
            self.destroy_popups(surface)?;
            let thing = self.things.iter_mut().find(|it| it.surface == surface);
            if let Some(thing) = thing {
                thing.drawn = None;
            }
            self.client.unmap(surface)?;
            return Ok(format!("hides {what}"));
        }
        self.client.commit(surface)?;
        self.client.roundtrip()?;
        self.draw(at)?;
        Ok(format!("shows {what}"))
    }

    fn paste(&mut self) -> Result<String> {
        let offered = &self.client.clipboard(Clipboard::Selection).offered;
        let Some(first) = offered.as_ref().and_then(|it| it.first()).cloned() else {
            return Ok("has nothing to paste".to_owned());
        };
        // What it gets matters less than that it asks.
        drop(self.client.begin_paste(Clipboard::Selection, &first)?);
        Ok(format!("pastes {first}"))
    }

    /// Shows a buffer in another way than before.
    fn change_view(&mut self, chance: &mut Chance) -> Result<String> {
        let Some(at) = self.pick(chance, |thing| thing.drawn.is_some()) else {
            return Ok("has nothing to draw in another way".to_owned());
        };
        let view = View::any(chance);
        self.things[at].view = Some(view);
        self.draw(at)?;
        let thing = &self.things[at];
        Ok(format!("draws {:?} {} {view:?}", thing.kind, thing.title))
    }

    fn redraw(&mut self, chance: &mut Chance) -> Result<String> {
        let Some(at) = self.pick(chance, |thing| thing.drawn.is_some()) else {
            return Ok("has nothing to draw".to_owned());
        };
        self.things[at].colour = chance.colour();
        self.draw(at)?;
        let thing = &self.things[at];
        Ok(format!("draws {:?} {}", thing.kind, thing.title))
    }

    /// A viewer presses a button on a window of this program, which does something with it.
    pub(super) fn hold(
        &mut self,
        chance: &mut Chance,
        fixture: &Fixture,
        frames: &[(String, Frame)],
        viewer: &mut Viewer,
    ) -> Result<String> {
        let Some(at) = self.pick(chance, |it| it.is_window() && it.drawn.is_some()) else {
            return Ok("has no window to be held".to_owned());
        };
        let (surface, title) = (self.things[at].surface, self.things[at].title.clone());
        let Some((_, frame)) = frames.iter().find(|(it, _)| *it == title) else {
            return Ok("has no window to be held now".to_owned());
        };
        let x = frame.x + chance.between(0, frame.width);
        let y = frame.y + chance.between(0, frame.height);
        viewer.release()?;
        viewer.move_to(x, y)?;
        viewer.press(button::LEFT)?;
        viewer.sync()?;
        fixture.settle()?;
        self.client.roundtrip()?;
        let hold = Hold::any(chance);
        match hold {
            Hold::Move => self.client.start_move(surface)?,
            Hold::Resize(edge) => self.client.start_resize(surface, edge)?,
            Hold::Drag => self.client.drag_text(surface, "dragged")?,
            Hold::DragIcon => {
                let icon = self.client.create_surface(10, 10)?;
                self.client.drag(surface, icon)?;
                self.client.draw(icon, chance.colour())?;
                if chance.flip() {
                    self.client.destroy(icon)?;
                }
            }
            Hold::Menu => {
                self.react(false)?;
                self.open_popup(chance, true)?;
            }
        }
        self.client.roundtrip()?;
        Ok(format!("{title} is pressed at ({x}, {y}): {hold:?}"))
    }
}
