//! A text that all viewers see and write, as one has it on a whiteboard.
//!
//! `cargo run -p offing-rfb --example chat`

use std::error::Error;

use clap::Parser;
use rfb::{ResizeStatus, Server, ServerEvent};

mod driver;
#[path = "../common/options.rs"]
mod options;
mod painting;
mod text_area;

use painting::Painting;
use text_area::TextArea;

/// A text that all VNC viewers see and write
#[derive(clap::Parser)]
struct Arguments {
    #[command(flatten)]
    options: options::Options,
}

fn main() -> Result<(), Box<dyn Error>> {
    let Arguments { options } = Arguments::parse();
    let mut server = Server::new("chat", painting::SIZE);
    server.set_password(options.password()?.as_deref());
    let mut text = TextArea::new(painting::COLUMNS, painting::ROWS);
    let mut painting = Painting::new();
    let driver = driver::Driver::new(server, move |server, events| {
        let mut is_news = false;
        for event in events {
            is_news |= handle(&mut text, server, event);
        }
        if is_news {
            painting.show(&text, server);
        }
    });
    Ok(driver.serve(&options.listen()?)?)
}

/// Does what a viewer asks for. Returns whether there may be something new to see.
fn handle(text: &mut TextArea, server: &mut Server, event: ServerEvent) -> bool {
    const LEFT: u16 = 1;
    match event {
        ServerEvent::Key {
            keysym,
            pressed: true,
            modifiers,
            ..
        } if !modifiers.control() && !modifiers.alt() => text.press(keysym),
        ServerEvent::Pointer {
            at,
            buttons,
            changed,
            ..
        } if buttons & changed & LEFT != 0 => {
            let (column, row) = painting::cell_at(at);
            text.click(column, row);
        }
        ServerEvent::Wheel { y, .. } => text.scroll(3 * isize::from(y)),
        ServerEvent::SetDesktopSize { viewer, .. } => {
            server.answer_resize(viewer, ResizeStatus::Prohibited);
            return false;
        }
        // The heading names them.
        ServerEvent::StateChanged(_) | ServerEvent::Joined(_) | ServerEvent::Left(_) => {}
        _ => return false,
    }
    true
}
