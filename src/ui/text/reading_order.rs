//! Right-to-left and mixed text in the order in which it is read, by Unicode's bidirectional algorithm.
//!
//! egui 0.37 shapes each run of one font in its right direction, and then sets the runs of a line from left to right as
//! they follow in the text, so that the words of a Hebrew name stand in the wrong order. It also counts more glyphs in
//! such a run than there are characters, so that End puts the caret beyond the text and Backspace takes nothing.
//! [`in_reading_order`] takes a text that egui has laid out, has its pieces laid out one by one, and puts them where they
//! are read.
//!
//! What comes of it has one glyph for each character, in the order of the text, as egui's carets and screen readers need
//! it. The glyph of a right-to-left character begins at its right edge and has a negative width.

use std::{ops::Range, sync::Arc};

use egui::{
    Align, Galley, Mesh, Pos2, Rect, Vec2,
    emath::GuiRounding as _,
    epaint::text::{Glyph, PlacedRow, Row},
    pos2,
    text::{LayoutJob, TextFormat},
    vec2,
};
use unicode_bidi::{BidiClass, BidiInfo, Level, bidi_class};
use unicode_segmentation::UnicodeSegmentation as _;

use crate::domain::signs;

/// Lays text out as egui does.
pub type LayOut<'a> = dyn FnMut(LayoutJob) -> Arc<Galley> + 'a;

/// Whether egui shows `galley` otherwise than it is read: it has right-to-left text, or it is cut, perhaps within a sign.
pub fn is_out_of_order(galley: &Galley) -> bool {
    let text = &galley.job.text;
    if text.is_ascii() || is_arranged(galley) {
        return false;
    }
    text.chars().any(is_right_to_left) || galley.elided && !signs::are_single(text)
}

/// Whether the glyphs of `galley` are not the characters of its text one by one, so that a caret would go astray in it and a
/// screen reader would read something else: egui names the glyphs of a letter and its marks all after the letter.
pub fn is_miscounted(galley: &Galley) -> bool {
    if galley.job.text.is_ascii() {
        return false;
    }
    let mut text = galley.job.text.chars();
    let is_other = galley.rows.iter().any(|row| {
        let is_other = row.glyphs.iter().any(|glyph| text.next() != Some(glyph.chr));
        is_other || row.ends_with_newline && text.next() != Some('\n')
    });
    is_other || text.next().is_some()
}

/// Whether [`in_reading_order`] made this, and there is right-to-left text in it.
pub fn is_arranged(galley: &Galley) -> bool {
    galley.rows.iter().any(|row| row.glyphs.iter().any(|glyph| glyph.advance_width < 0.0))
}

/// Whether a text is read from right to left: its first letter with a direction tells.
pub fn begins_at_the_right(text: &str) -> bool {
    let directed =
        text.chars().map(bidi_class).find(|class| matches!(class, BidiClass::L | BidiClass::R | BidiClass::AL));
    matches!(directed, Some(BidiClass::R | BidiClass::AL))
}

/// The character of `galley` whose left or right edge is nearest to `at`, as the count of characters before that edge.
pub fn place_at(galley: &Galley, at: Vec2) -> usize {
    let mut start = 0;
    let mut nearest = (f32::INFINITY, 0);
    let last = galley.rows.len().saturating_sub(1);
    for (index, row) in galley.rows.iter().enumerate() {
        let rect = row.rect();
        let is_row = index == last || at.y < rect.max.y;
        if is_row {
            for (column, glyph) in row.glyphs.iter().enumerate().filter(|(_, glyph)| glyph.advance_width != 0.0) {
                // What has no width belongs to the sign before it.
                let rest = row.glyphs[column + 1..].iter().take_while(|glyph| glyph.advance_width == 0.0).count();
                for (x, column) in [(glyph.pos.x, column), (glyph.pos.x + glyph.advance_width, column + 1 + rest)] {
                    let distance = (x + row.pos.x - at.x).abs();
                    if distance < nearest.0 {
                        nearest = (distance, start + column);
                    }
                }
            }
            return if nearest.0.is_finite() { nearest.1 } else { start };
        }
        start += row.glyphs.len() + usize::from(row.ends_with_newline);
    }
    start
}

/// The same text in the order in which it is read.
pub fn in_reading_order(galley: &Galley, lay_out: &mut LayOut<'_>) -> Galley {
    let overflow = galley.job.wrap.overflow_character.map(String::from).unwrap_or_default();
    let mut text = SignedText::read(&galley.job, galley.pixels_per_point, lay_out);
    text.rows_into(galley, &overflow, lay_out)
}

fn is_right_to_left(c: char) -> bool {
    matches!(
        c,
        '\u{590}'..='\u{8ff}'
            | '\u{fb1d}'..='\u{fdff}'
            | '\u{fe70}'..='\u{fefe}'
            | '\u{10800}'..='\u{10fff}'
            | '\u{1e800}'..='\u{1efff}'
    )
}

/// What a person takes for one sign, and what egui made of it.
#[derive(Clone)]
struct PlacedSign<'a> {
    text: &'a str,
    level: Level,
    /// The section of the job that it is in, and the piece that it was laid out in.
    section: usize,
    piece: usize,
    /// Its glyphs in the piece, and where it stands there.
    glyphs: Range<usize>,
    left: f32,
    width: f32,
}

impl PlacedSign<'_> {
    fn is_space(&self) -> bool {
        self.text.chars().all(char::is_whitespace)
    }

    /// Whether it has a direction from right to left by itself, as letters have and spaces have not.
    fn is_letter(&self) -> bool {
        self.text.chars().next().is_some_and(|c| matches!(bidi_class(c), BidiClass::R | BidiClass::AL))
    }
}

/// A line of the text, up to a line break that the text has.
struct TextLine {
    signs: Range<usize>,
    base: Level,
    /// The section at its start, which gives an empty line its height.
    section: usize,
}

struct SignedText<'a> {
    job: &'a LayoutJob,
    pixels_per_point: f32,
    pieces: Vec<Arc<Galley>>,
    signs: Vec<PlacedSign<'a>>,
    lines: Vec<TextLine>,
}

impl<'a> SignedText<'a> {
    fn read(job: &'a LayoutJob, pixels_per_point: f32, lay_out: &mut LayOut<'_>) -> Self {
        let mut this = Self { job, pixels_per_point, pieces: Vec::new(), signs: Vec::new(), lines: Vec::new() };
        let info = BidiInfo::new(&job.text, None);
        let base = |at: usize| {
            let paragraph = info.paragraphs.iter().find(|paragraph| paragraph.range.contains(&at));
            paragraph.map_or(Level::ltr(), |paragraph| paragraph.level)
        };
        let (mut section, mut line_start, mut line_section, mut line_base) = (0, 0, 0, base(0));
        for (at, sign) in job.text.grapheme_indices(true) {
            while section + 1 < job.sections.len() && job.sections[section].byte_range.end.0 <= at {
                section += 1;
            }
            let text = if job.break_on_newline { sign.trim_end_matches('\n') } else { sign };
            if !text.is_empty() {
                let sign =
                    PlacedSign { text, level: info.levels[at], section, piece: 0, glyphs: 0..0, left: 0.0, width: 0.0 };
                this.signs.push(sign);
            }
            if text.len() < sign.len() {
                let signs = line_start..this.signs.len();
                this.lines.push(TextLine { signs, base: line_base, section: line_section });
                (line_start, line_section, line_base) = (this.signs.len(), section, base(at + sign.len()));
            }
        }
        this.lines.push(TextLine { signs: line_start..this.signs.len(), base: line_base, section: line_section });
        this.lay_out_pieces(lay_out);
        this
    }

    /// Lays out what egui can lay out at once: signs of one section and one direction, from right to left only letters.
    fn lay_out_pieces(&mut self, lay_out: &mut LayOut<'_>) {
        for line in 0..self.lines.len() {
            let Range { mut start, end: line_end } = self.lines[line].signs.clone();
            while start < line_end {
                let first = &self.signs[start];
                let is_alone = first.level.is_rtl() && !first.is_letter();
                let goes_on = |sign: &&PlacedSign<'_>| {
                    !is_alone
                        && sign.section == first.section
                        && sign.level == first.level
                        && (first.level.is_ltr() || sign.is_letter())
                };
                let end = start + 1 + self.signs[start + 1..line_end].iter().take_while(goes_on).count();
                let text: String = if is_alone {
                    first.text.chars().map(mirrored).collect()
                } else {
                    self.signs[start..end].iter().map(|sign| sign.text).collect()
                };
                let format = self.job.sections[first.section].format.clone();
                let spacing = format.extra_letter_spacing;
                let is_letters = first.level.is_rtl() && !is_alone;
                let piece = lay_out(piece_job(text, format));
                let glyphs = piece.rows.first().map_or(&[][..], |row| &row.glyphs);
                place_glyphs(&mut self.signs[start..end], glyphs, is_letters, spacing);
                for sign in &mut self.signs[start..end] {
                    sign.piece = self.pieces.len();
                }
                self.pieces.push(piece);
                start = end;
            }
        }
    }

    fn format(&self, sign: &PlacedSign<'_>) -> &'a TextFormat {
        &self.job.sections[sign.section].format
    }

    /// How far it is from the left edge of this sign to what follows on its right.
    fn advance(&self, sign: &PlacedSign<'_>) -> f32 {
        sign.width + self.format(sign).extra_letter_spacing
    }

    /// Breaks the lines into rows that fit, and says whether something is left over.
    fn broken(&self) -> (Vec<(Range<usize>, usize)>, bool) {
        let room = self.job.effective_wrap_width();
        let most = self.job.wrap.max_rows;
        let mut rows: Vec<(Range<usize>, usize)> = Vec::new();
        for (number, line) in self.lines.iter().enumerate() {
            let (mut start, mut space, mut x) = (line.signs.start, None, 0.0);
            for index in line.signs.clone() {
                let sign = &self.signs[index];
                if x + sign.width > room && index > start {
                    if rows.len() + 1 >= most {
                        rows.push((start..index, number));
                        return (rows, true);
                    }
                    let cut = space.filter(|_| !self.job.wrap.break_anywhere).unwrap_or(index);
                    rows.push((start..cut, number));
                    x = self.signs[cut..index].iter().map(|sign| self.advance(sign)).sum();
                    (start, space) = (cut, None);
                }
                x += self.advance(sign);
                if sign.is_space() {
                    space = Some(index + 1);
                }
            }
            rows.push((start..line.signs.end, number));
            if rows.len() >= most && number + 1 < self.lines.len() {
                return (rows, true);
            }
        }
        (rows, false)
    }

    fn rows_into(&mut self, galley: &Galley, overflow: &'a str, lay_out: &mut LayOut<'_>) -> Galley {
        let (broken, is_cut) = self.broken();
        let count = broken.len();
        let mut made = galley.clone();
        made.rows = Vec::with_capacity(count);
        (made.elided, made.rect, made.mesh_bounds) = (is_cut, Rect::ZERO, Rect::NOTHING);
        (made.num_vertices, made.num_indices) = (0, 0);
        let mut y = 0.0;
        for (number, (range, of)) in broken.into_iter().enumerate() {
            let line = &self.lines[of];
            let (base, section) = (line.base, line.section);
            let ends_with_newline = of + 1 < self.lines.len() && range.end == line.signs.end;
            let mut signs = self.signs[range].to_vec();
            if is_cut && number + 1 == count && !overflow.is_empty() {
                self.cut_short(&mut signs, overflow, base, section, lay_out);
            }
            let (row, width) = self.row(&signs, base, section, lay_out);
            let height = if number == 0 { row.size.y.max(self.job.first_row_min_height) } else { row.size.y };
            let left = match self.job.halign {
                Align::Min => 0.0,
                Align::Center => -width * 0.5,
                Align::Max => -width,
            };
            let pos = pos2(left, y).round_to_pixels(self.pixels_per_point);
            made.rect |= Rect::from_min_size(pos, vec2(width, height));
            made.mesh_bounds |= row.visuals.mesh_bounds.translate(pos.to_vec2());
            made.num_vertices += row.visuals.mesh.vertices.len();
            made.num_indices += row.visuals.mesh.indices.len();
            y = (y + height).round_to_pixels(self.pixels_per_point);
            made.rows.push(PlacedRow { pos, row: Arc::new(row), ends_with_newline });
        }
        if made.job.round_output_to_gui {
            made.rect = made.rect.round_ui();
        }
        made
    }

    /// Takes signs from the end of a row until the sign of what is left out fits behind them.
    fn cut_short(
        &mut self,
        signs: &mut Vec<PlacedSign<'a>>,
        overflow: &'a str,
        base: Level,
        section: usize,
        lay_out: &mut LayOut<'_>,
    ) {
        let section = signs.last().map_or(section, |sign| sign.section);
        let piece = lay_out(piece_job(overflow.to_owned(), self.job.sections[section].format.clone()));
        let glyphs = piece.rows.first().map_or(&[][..], |row| &row.glyphs);
        let mut dots = [PlacedSign {
            text: overflow,
            level: base,
            section,
            piece: self.pieces.len(),
            glyphs: 0..0,
            left: 0.0,
            width: 0.0,
        }];
        place_glyphs(&mut dots, glyphs, false, 0.0);
        self.pieces.push(piece);
        let room = self.job.effective_wrap_width() - dots[0].width;
        while !signs.is_empty() && signs.iter().map(|sign| self.advance(sign)).sum::<f32>() > room {
            signs.pop();
        }
        signs.extend(dots);
    }

    /// One row, and how wide it is.
    fn row(&self, signs: &[PlacedSign<'a>], base: Level, section: usize, lay_out: &mut LayOut<'_>) -> (Row, f32) {
        // Spaces at the end of a line go with the whole line, as Unicode has it.
        let inner = signs.len() - signs.iter().rev().take_while(|sign| sign.is_space()).count();
        let levels: Vec<Level> =
            signs.iter().enumerate().map(|(i, sign)| if i < inner { sign.level } else { base }).collect();
        let mut lefts = vec![0.0; signs.len()];
        let (mut x, mut width) = (0.0, 0.0);
        for index in BidiInfo::reorder_visual(&levels) {
            lefts[index] = x;
            width = x + signs[index].width;
            x += self.advance(&signs[index]);
        }

        let empty;
        let first = match signs.first() {
            Some(sign) => &self.pieces[sign.piece],
            None => {
                empty = lay_out(piece_job(String::new(), self.job.sections[section].format.clone()));
                &empty
            }
        };
        // Parts of a row cannot be made outside of egui, so it begins as a copy.
        let mut row = first.rows.first().map(|row| (*row.row).clone()).expect("a text that is laid out has a row");
        row.glyphs.clear();
        let height = signs.iter().map(|sign| self.pieces[sign.piece].rows[0].size.y).fold(row.size.y, f32::max);
        let mut mesh = Mesh::default();
        for (sign, left) in signs.iter().zip(&lefts) {
            let format = self.format(sign);
            if format.background != egui::Color32::TRANSPARENT {
                let rect = Rect::from_min_size(pos2(*left, 0.0), vec2(self.advance(sign), height));
                mesh.add_colored_rect(rect.expand(format.expand_bg), format.background);
            }
        }
        row.visuals.glyph_index_start = mesh.indices.len();
        let first_vertex = mesh.vertices.len();
        for ((sign, left), level) in signs.iter().zip(&lefts).zip(&levels) {
            self.add_sign(sign, *left, level.is_rtl(), height, &mut row.glyphs, &mut mesh);
        }
        row.visuals.glyph_vertex_range = first_vertex..mesh.vertices.len();
        for (sign, left) in signs.iter().zip(&lefts) {
            let format = self.format(sign);
            for (stroke, y) in [(format.underline, height - 1.0), (format.strikethrough, height * 0.5)] {
                if stroke.width > 0.0 {
                    let from = pos2(*left, y - stroke.width * 0.5);
                    mesh.add_colored_rect(
                        Rect::from_min_size(from, vec2(self.advance(sign), stroke.width)),
                        stroke.color,
                    );
                }
            }
        }
        row.visuals.mesh_bounds = mesh.calc_bounds();
        row.visuals.mesh = mesh;
        // egui puts the caret behind the last character at the end of the row's size: of a text that is read from right
        // to left, that is its left edge.
        row.size = vec2(if base.is_rtl() { 0.0 } else { width }, height);
        (row, width)
    }

    /// Adds what is drawn of a sign, and a glyph for each of its characters.
    fn add_sign(
        &self,
        sign: &PlacedSign<'_>,
        left: f32,
        is_rtl: bool,
        row_height: f32,
        glyphs: &mut Vec<Glyph>,
        mesh: &mut Mesh,
    ) {
        let piece = &self.pieces[sign.piece].rows[0];
        let down = (row_height - piece.size.y) * self.format(sign).valign.to_factor();
        let by = vec2(left - sign.left, down).round_to_pixels(self.pixels_per_point);
        let first_vertex = mesh.vertices.len() as u32;
        for glyph in piece.glyphs[sign.glyphs.clone()].iter().filter(|glyph| !glyph.uv_rect.is_nothing()) {
            let at = mesh.vertices.len() as u32;
            let corners = glyph.first_vertex as usize..glyph.first_vertex as usize + 4;
            mesh.vertices.extend(piece.visuals.mesh.vertices[corners].iter().map(|corner| {
                let mut corner = *corner;
                corner.pos += by;
                corner
            }));
            mesh.indices.extend([at, at + 1, at + 2, at + 2, at + 1, at + 3]);
        }
        let Some(model) = piece.glyphs.get(sign.glyphs.start).or(piece.glyphs.first()) else { return };
        let (start, width) = if is_rtl { (left + sign.width, -sign.width) } else { (left, sign.width) };
        for (index, chr) in sign.text.chars().enumerate() {
            let mut glyph = *model;
            let is_first = index == 0;
            glyph.chr = chr;
            glyph.pos = Pos2::new(if is_first { start } else { start + width }, model.pos.y + by.y);
            glyph.advance_width = if is_first { width } else { 0.0 };
            glyph.first_vertex = first_vertex;
            if !is_first {
                // Only the first is drawn.
                let _ = std::mem::take(&mut glyph.uv_rect);
            }
            glyphs.push(glyph);
        }
    }
}

/// A piece of text for egui, in one line.
fn piece_job(text: String, format: TextFormat) -> LayoutJob {
    LayoutJob {
        break_on_newline: false,
        keep_trailing_whitespace: true,
        round_output_to_gui: false,
        ..LayoutJob::single_section(text, format)
    }
}

/// Tells which of a piece's glyphs are whose, and where each sign stands in the piece.
fn place_glyphs(signs: &mut [PlacedSign<'_>], glyphs: &[Glyph], is_from_right: bool, spacing: f32) {
    // Behind a run from right to left, egui has glyphs that stand for nothing.
    let is_nothing = |glyph: &&Glyph| glyph.advance_width == 0.0 && glyph.uv_rect.is_nothing();
    let empty = if is_from_right { glyphs.iter().rev().take_while(is_nothing).count() } else { 0 };
    let count = glyphs.len() - empty;
    let nth = |index: usize| if is_from_right { count - 1 - index } else { index };
    let mut current = 0;
    let mut counts = vec![0; signs.len()];
    for index in 0..count {
        let glyph = &glyphs[nth(index)];
        // Every glyph of a sign names the sign's first character; what has no width belongs to the sign before it.
        let begins = |sign: &PlacedSign<'_>| sign.text.starts_with(glyph.chr);
        if index > 0 && glyph.advance_width > 0.0 {
            let next = (current + 1..signs.len()).find(|next| begins(&signs[*next]));
            current = next.filter(|next| !begins(&signs[current]) || *next == current + 1).unwrap_or(current);
        }
        counts[current] += 1;
        signs[current].width += glyph.advance_width;
    }

    let mut done = 0;
    for (sign, count_of_sign) in signs.iter_mut().zip(&counts) {
        let range = done..done + count_of_sign;
        sign.glyphs = if is_from_right { count - range.end..count - range.start } else { range };
        done += count_of_sign;
    }
    share_ligatures(signs, &counts);
    let mut x = 0.0;
    let mut put = |sign: &mut PlacedSign<'_>| {
        sign.left = x;
        x += sign.width + spacing;
    };
    if is_from_right {
        signs.iter_mut().rev().for_each(&mut put);
    } else {
        signs.iter_mut().for_each(&mut put);
    }
}

/// Signs that are drawn as one, as lam and alef are, have equal parts of its width.
fn share_ligatures(signs: &mut [PlacedSign<'_>], counts: &[usize]) {
    let mut start = 0;
    while start < signs.len() {
        let followers = counts[start + 1..].iter().take_while(|count| **count == 0).count();
        let share = signs[start].width / (followers + 1) as f32;
        for sign in &mut signs[start..=start + followers] {
            sign.width = share;
        }
        start += followers + 1;
    }
}

/// Brackets and the like, as they are drawn in text from right to left.
fn mirrored(c: char) -> char {
    const PAIRS: [(char, char); 9] = [
        ('(', ')'),
        ('[', ']'),
        ('{', '}'),
        ('<', '>'),
        ('\u{ab}', '\u{bb}'),
        ('\u{2039}', '\u{203a}'),
        ('\u{2264}', '\u{2265}'),
        ('\u{27e8}', '\u{27e9}'),
        ('\u{300c}', '\u{300d}'),
    ];
    let pair = PAIRS.iter().find(|(open, close)| *open == c || *close == c);
    pair.map_or(c, |(open, close)| if *open == c { *close } else { *open })
}
