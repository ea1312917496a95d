//! A text that is edited, and how it lies in rows.

use std::ops::Range;

/// A text, a caret, and the part that is seen.
pub(crate) struct TextArea {
    text: Vec<char>,
    /// The caret is ahead of this character.
    caret: usize,
    /// The first row that is seen.
    top: usize,
    columns: usize,
    /// The number of rows that are seen at once.
    height: usize,
}

/// The most characters: enough for a long talk.
const MAX: usize = 20_000;

impl TextArea {
    pub(crate) fn new(columns: usize, height: usize) -> Self {
        Self {
            text: Vec::new(),
            caret: 0,
            top: 0,
            columns,
            height,
        }
    }

    /// The rows that are seen.
    pub(crate) fn visible(&self) -> Vec<String> {
        let rows = self.rows().into_iter().skip(self.top).take(self.height);
        let seen = |row: Range<usize>| self.text[row].iter().take(self.columns).collect();
        rows.map(seen).collect()
    }

    /// The column and row, from the first one seen, of the caret if it is seen.
    pub(crate) fn caret(&self) -> Option<(usize, usize)> {
        let (column, row) = self.place();
        let row = row.checked_sub(self.top)?;
        (row < self.height).then_some((column, row))
    }

    /// How much of the text is above what is seen, how much is seen, and how much
    /// there is, in rows.
    pub(crate) fn extent(&self) -> (usize, usize, usize) {
        (self.top, self.height, self.rows().len())
    }

    /// Presses a key: one that writes, deletes, or moves the caret.
    pub(crate) fn press(&mut self, keysym: u32) {
        let (column, row) = self.place();
        match keysym {
            // Latin-1 (RFC 6143 §7.5.4).
            0x20..=0x7e | 0xa0..=0xff => self.insert(keysym),
            // Return, and that of the keypad.
            0xff0d | 0xff8d => self.insert('\n'.into()),
            // BackSpace.
            0xff08 if self.caret > 0 => {
                self.caret -= 1;
                self.text.remove(self.caret);
            }
            // Delete.
            0xffff if self.caret < self.text.len() => _ = self.text.remove(self.caret),
            // Home and End; Left, Up, Right and Down.
            0xff50 => self.caret = self.position(0, row),
            0xff57 => self.caret = self.position(usize::MAX, row),
            0xff51 => self.caret = self.caret.saturating_sub(1),
            0xff52 => self.caret = row.checked_sub(1).map_or(0, |up| self.position(column, up)),
            0xff53 => self.caret = self.text.len().min(self.caret + 1),
            0xff54 => self.caret = self.position(column, row + 1),
            _ => return,
        }
        self.show_caret();
    }

    /// Puts the caret to a column of a row, counted from the first one seen.
    pub(crate) fn click(&mut self, column: usize, row: usize) {
        self.caret = self.position(column, self.top + row);
        self.show_caret();
    }

    /// Scrolls so many rows down.
    pub(crate) fn scroll(&mut self, rows: isize) {
        let last = self.rows().len().saturating_sub(self.height);
        self.top = self.top.saturating_add_signed(rows).min(last);
    }

    fn insert(&mut self, character: u32) {
        if let Some(character) = char::from_u32(character).filter(|_| self.text.len() < MAX) {
            self.text.insert(self.caret, character);
            self.caret += 1;
        }
    }

    fn show_caret(&mut self) {
        let (_, row) = self.place();
        self.top = self.top.clamp((row + 1).saturating_sub(self.height), row);
        self.scroll(0);
    }

    /// The column and row of the caret. Over spaces that hang over it does not move.
    fn place(&self) -> (usize, usize) {
        let rows = self.rows();
        let row = rows.partition_point(|row| row.start <= self.caret) - 1;
        ((self.caret - rows[row].start).min(self.columns), row)
    }

    /// What the caret is ahead of, in a column of a row or as near to it as can be.
    fn position(&self, column: usize, row: usize) -> usize {
        let rows = self.rows();
        let Some(found) = rows.get(row) else {
            return self.text.len();
        };
        // Where a row is wrapped, its end is the start of the next one.
        let is_wrapped = rows
            .get(row + 1)
            .is_some_and(|next| next.start == found.end);
        let end = found.end - usize::from(is_wrapped);
        found.start.saturating_add(column).min(end)
    }

    /// The characters of each row. There is at least one row.
    fn rows(&self) -> Vec<Range<usize>> {
        let mut rows = Vec::new();
        let (mut start, mut word) = (0, 0);
        for (at, character) in self.text.iter().enumerate() {
            if *character == '\n' {
                rows.push(start..at);
                (start, word) = (at + 1, at + 1);
                continue;
            }
            if *character == ' ' {
                // It may hang over the end of its row.
                word = at + 1;
            } else if at - start >= self.columns {
                // A word that fills a row is cut.
                let end = if word > start { word } else { at };
                rows.push(start..end);
                start = end;
            }
        }
        rows.push(start..self.text.len());
        rows
    }
}
