//! Words, stems and numbers of spoken English: text in, text out.

mod spoken;

pub use spoken::speakable;
