//! Lines of text in the system's fonts, which are read when the first one is wanted, and by a
//! thread of their own, as that takes long. A text that is not drawn yet is there in a later frame.

use std::collections::HashMap;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use calloop::LoopHandle;
use calloop::ping::{Ping, make_ping};
use cosmic_text::{
    Attrs, Buffer, Color, Ellipsize, EllipsizeHeightLimit, Family, FontSystem, Metrics, Shaping,
    SwashCache, Weight, Wrap,
};
use tracing::warn;

use crate::state::Offing;

/// So many texts are kept; with more of them on the screen the others are left out.
const MAX_KEPT: usize = 256;
/// So many texts wait to be drawn; others have to be asked for again.
const MAX_WAITING: usize = 32;
/// How long somebody who wants the whole picture waits for texts.
const PATIENCE: Duration = Duration::from_secs(1);
/// The height of a line, as a share of its letters' size.
const LEADING: f32 = 1.3;

/// A line of text to be drawn.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Line {
    pub(crate) text: String,
    /// The size of its letters, in pixels.
    pub(crate) size: u16,
    pub(crate) bold: bool,
    /// What does not fit into so many pixels is left out, and an ellipsis says so.
    pub(crate) width: u16,
}

/// How much of each pixel a text covers, row by row.
#[derive(Debug, Default)]
pub(crate) struct Ink {
    /// In pixels.
    pub(crate) width: usize,
    /// In pixels.
    pub(crate) height: usize,
    /// 0 to 255, `width * height` of them.
    pub(crate) cover: Vec<u8>,
}

/// The texts that are drawn, and those that are going to be.
#[derive(Default)]
pub(crate) struct Texts {
    known: HashMap<Line, Known>,
    /// How often what is on the screen has been asked for.
    round: u64,
    /// The thread that draws, once it is needed.
    thread: Option<Thread>,
}

/// A text that is drawn, or is going to be.
struct Known {
    /// None: it is being drawn.
    ink: Option<Arc<Ink>>,
    /// When it was asked for last.
    round: u64,
}

/// The thread that draws: what it shall draw, and what it has drawn.
struct Thread {
    wanted: SyncSender<Line>,
    drawn: Receiver<(Line, Ink)>,
}

impl Texts {
    /// Starts the thread, if there is none: it reads the fonts first.
    pub(crate) fn prepare(&mut self, handle: &LoopHandle<'static, Offing>) {
        if self.thread.is_none() {
            self.thread = start(handle);
        }
    }

    /// A line of text, if it is drawn already; else the loop turns when it is.
    fn get(&mut self, line: Line) -> Option<Arc<Ink>> {
        let round = self.round;
        if let Some(known) = self.known.get_mut(&line) {
            known.round = round;
            return known.ink.clone();
        }
        if self.known.len() >= MAX_KEPT {
            // What is on the screen, or is being drawn, would only be asked for again.
            self.known
                .retain(|_, known| known.ink.is_none() || known.round + 1 >= round);
        }
        // If too many wait, it is asked for again when one of them is drawn.
        if self.known.len() < MAX_KEPT
            && self.thread.as_ref()?.wanted.try_send(line.clone()).is_ok()
        {
            self.known.insert(line, Known { ink: None, round });
        }
        None
    }

    fn keep(&mut self, line: &Line, ink: Ink) {
        if let Some(known) = self.known.get_mut(line) {
            known.ink = Some(Arc::new(ink));
        }
    }

    /// Takes what has been drawn.
    fn collect(&mut self) {
        let drawn = self.thread.iter().flat_map(|it| it.drawn.try_iter());
        for (line, ink) in drawn.collect::<Vec<_>>() {
            self.keep(&line, ink);
        }
    }

    /// Waits a while for what is being drawn; returns whether something has been.
    fn wait(&mut self) -> bool {
        let deadline = Instant::now() + PATIENCE;
        let before = self.waiting();
        while self.waiting() > 0
            && let Some(thread) = &self.thread
        {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok((line, ink)) = thread.drawn.recv_timeout(left) else {
                break;
            };
            self.keep(&line, ink);
        }
        self.waiting() < before
    }

    fn waiting(&self) -> usize {
        self.known.values().filter(|it| it.ink.is_none()).count()
    }
}

impl Offing {
    /// A line of text, if it is drawn already; else there will be a frame when it is.
    pub(crate) fn text(&mut self, line: Line) -> Option<Arc<Ink>> {
        self.texts.prepare(&self.handle);
        self.texts.get(line)
    }

    /// What is on the screen is asked for anew: what is not, may be forgotten.
    pub(crate) fn begin_texts(&mut self) {
        self.texts.round += 1;
    }

    /// Whether texts are being drawn that are missing on the screen.
    pub(crate) fn are_texts_coming(&self) -> bool {
        self.texts.waiting() > 0
    }

    /// Waits a while for texts that are being drawn; returns whether some have been.
    pub(crate) fn wait_for_texts(&mut self) -> bool {
        self.texts.wait()
    }
}

/// Starts the thread that draws.
fn start(handle: &LoopHandle<'static, Offing>) -> Option<Thread> {
    let (wanted, lines) = sync_channel(MAX_WAITING);
    let (results, drawn) = channel();
    let started = || -> io::Result<()> {
        let (ping, source) = make_ping()?;
        let noticed = handle.insert_source(source, |(), (), state| {
            state.texts.collect();
            state.clock.queue();
        });
        noticed.map_err(|error| io::Error::from(error.error))?;
        let thread = thread::Builder::new().name("text".to_owned());
        thread.spawn(move || draw_lines(&lines, &results, &ping))?;
        Ok(())
    };
    if let Err(error) = started() {
        warn!("titles of windows stay empty: no thread for drawing text: {error}");
        return None;
    }
    Some(Thread { wanted, drawn })
}

fn draw_lines(lines: &Receiver<Line>, drawn: &Sender<(Line, Ink)>, ping: &Ping) {
    let mut painter = Painter::new();
    for line in lines {
        // Fonts and texts are anybody's, and more than one library reads them.
        let drawn_line = panic::catch_unwind(AssertUnwindSafe(|| painter.draw(&line)));
        let ink = drawn_line.unwrap_or_else(|_| {
            warn!("a text cannot be drawn: {:?}", line.text);
            painter = Painter::new();
            Ink::default()
        });
        if drawn.send((line, ink)).is_err() {
            return;
        }
        ping.ping();
    }
}

struct Painter {
    fonts: FontSystem,
}

impl Painter {
    fn new() -> Self {
        let fonts = FontSystem::new();
        if fonts.db().is_empty() {
            warn!("no fonts are installed: titles of windows stay empty (try fonts-dejavu-core)");
        }
        Self { fonts }
    }

    fn draw(&mut self, line: &Line) -> Ink {
        if self.fonts.db().is_empty() || line.size == 0 || line.width == 0 {
            return Ink::default();
        }
        let size = f32::from(line.size);
        let height = (size * LEADING).ceil();
        let mut buffer = Buffer::new(&mut self.fonts, Metrics::new(size, height));
        buffer.set_wrap(Wrap::None);
        buffer.set_ellipsize(Ellipsize::End(EllipsizeHeightLimit::Lines(1)));
        buffer.set_size(Some(f32::from(line.width)), Some(height));
        let weight = if line.bold {
            Weight::BOLD
        } else {
            Weight::NORMAL
        };
        let look = Attrs::new().family(Family::SansSerif).weight(weight);
        // One line, whatever is in it.
        let text = line.text.replace(char::is_control, " ");
        buffer.set_text(&text, &look, Shaping::Advanced, None);
        buffer.shape_until_scroll(&mut self.fonts, false);
        let width = buffer
            .layout_runs()
            .map(|run| run.line_w.ceil() as usize)
            .max();
        let width = width.unwrap_or(0).min(usize::from(line.width));
        let mut ink = Ink {
            width,
            height: height as usize,
            cover: vec![0; width * height as usize],
        };
        let white = Color::rgb(255, 255, 255);
        buffer.draw(
            &mut self.fonts,
            &mut SwashCache::new(),
            white,
            |x, y, w, h, colour| {
                for y in y..y.saturating_add_unsigned(h) {
                    for x in x..x.saturating_add_unsigned(w) {
                        ink.add(x, y, colour.a());
                    }
                }
            },
        );
        ink
    }
}

impl Ink {
    fn add(&mut self, x: i32, y: i32, cover: u8) {
        let at = |at: i32, of: usize| usize::try_from(at).ok().filter(|at| *at < of);
        if let (Some(x), Some(y)) = (at(x, self.width), at(y, self.height)) {
            let pixel = &mut self.cover[y * self.width + x];
            *pixel = cover.max(*pixel);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, width: u16) -> Line {
        Line {
            text: text.to_owned(),
            size: 13,
            bold: false,
            width,
        }
    }

    #[test]
    fn more_texts_than_are_kept_are_not_drawn_again_and_again() {
        let (wanted, asked) = sync_channel(2 * MAX_KEPT);
        let (_results, drawn) = channel();
        let mut texts = Texts {
            thread: Some(Thread { wanted, drawn }),
            ..Texts::default()
        };
        let show = |texts: &mut Texts, count: usize| {
            texts.round += 1;
            for number in 0..count {
                let _ = texts.get(line(&number.to_string(), 100));
            }
            let lines: Vec<_> = asked.try_iter().collect();
            for line in &lines {
                texts.keep(line, Ink::default());
            }
            lines.len()
        };
        assert_eq!(show(&mut texts, MAX_KEPT + 50), MAX_KEPT);
        for _ in 0..3 {
            assert_eq!(show(&mut texts, MAX_KEPT + 50), 0);
        }
        // Those that are not shown any more make room for others.
        show(&mut texts, 3);
        show(&mut texts, 3);
        texts.round += 1;
        for number in 0..20 {
            let _ = texts.get(line(&format!("new {number}"), 100));
        }
        assert_eq!(asked.try_iter().count(), 20);
    }

    #[test]
    fn text_is_as_wide_as_its_letters_and_no_wider_than_its_room() {
        let mut painter = Painter::new();
        let [short, long, cut] = [
            line("abc", 500),
            line("abcabcabc", 500),
            line("abcabcabc", 40),
        ]
        .map(|line| painter.draw(&line));
        assert!(short.width > 10 && short.cover.iter().any(|cover| *cover > 200));
        assert!(long.width > 2 * short.width);
        assert!(cut.width <= 40 && cut.width > 20, "{}", cut.width);
        assert_eq!(long.cover.len(), long.width * long.height);
    }

    #[test]
    fn any_text_is_one_line() {
        let mut painter = Painter::new();
        for text in [
            "",
            "\n\n",
            "a\nb\tc\0",
            "漢字 العربية 🙂\u{301}\u{202e}",
            &"x".repeat(5000),
        ] {
            let ink = painter.draw(&line(text, 300));
            assert_eq!(ink.cover.len(), ink.width * ink.height);
            assert!(ink.width <= 300);
        }
        for (size, width) in [(0, 100), (13, 0), (1, 1), (400, 3)] {
            let line = Line {
                size,
                width,
                ..line("abc", 0)
            };
            painter.draw(&line);
        }
    }
}
