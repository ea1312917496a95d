//! Watches sockets in the viewers' loop.

use std::io;
use std::os::fd::AsFd;
use std::rc::Rc;

use calloop::generic::Generic;
use calloop::{Dispatcher, Interest, LoopHandle, Mode, PostAction, Readiness, RegistrationToken};

use super::viewers::Ready;

/// What to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wishes {
    pub(super) read: bool,
    pub(super) write: bool,
}

/// A socket in the loop; dropping this takes it out.
pub(super) struct Watch<F: AsFd + 'static> {
    handle: LoopHandle<'static, Ready>,
    token: RegistrationToken,
    source: Dispatcher<'static, Generic<Rc<F>>, Ready>,
    wishes: Wishes,
}

impl<F: AsFd + 'static> Watch<F> {
    /// Waits for something to read; `report` is called as long as there is.
    pub(super) fn new(
        handle: &LoopHandle<'static, Ready>,
        socket: Rc<F>,
        mut report: impl FnMut(&mut Ready, Readiness) + 'static,
    ) -> io::Result<Self> {
        let source = Dispatcher::new(
            Generic::new(socket, Interest::READ, Mode::Level),
            move |readiness, _, ready: &mut Ready| {
                report(ready, readiness);
                Ok(PostAction::Continue)
            },
        );
        Ok(Self {
            handle: handle.clone(),
            token: handle.register_dispatcher(source.clone())?,
            source,
            wishes: Wishes {
                read: true,
                write: false,
            },
        })
    }

    pub(super) fn socket(&self) -> Rc<F> {
        self.source.as_source_ref().get_ref().clone()
    }

    /// Waits for this from now on. Waiting for nothing takes the socket out of the kernel's list:
    /// a closed connection would be reported there again and again, wanted or not.
    pub(super) fn set(&mut self, wishes: Wishes) -> io::Result<()> {
        let none = |wishes: Wishes| !wishes.read && !wishes.write;
        let before = self.wishes;
        if before == wishes {
            return Ok(());
        }
        self.wishes = wishes;
        if none(wishes) {
            return Ok(self.handle.disable(&self.token)?);
        }
        self.source.as_source_mut().interest = Interest {
            readable: wishes.read,
            writable: wishes.write,
        };
        if none(before) {
            Ok(self.handle.enable(&self.token)?)
        } else {
            Ok(self.handle.update(&self.token)?)
        }
    }
}

impl<F: AsFd + 'static> Drop for Watch<F> {
    fn drop(&mut self) {
        self.handle.remove(self.token);
    }
}
