//! Signs that no font of this machine has: they are drawn as boxes, and one sentence says which package has a font.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use egui::{
    Color32, ColorImage, Context, GlyphBitmap, GlyphRasterizer, GlyphRasterizerRequest, Id, RasterizedGlyph, vec2,
};
use unicode_script::{Script, UnicodeScript as _};

/// What is written with a script, and the package of Debian and Ubuntu that has a font for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MissingFont {
    pub name: &'static str,
    pub package: &'static str,
}

/// The characters that were looked for in vain, shared by what draws the boxes and what says so.
///
/// egui asks for a box only after the system's fonts were searched, and remembers the answer, so a character that has a
/// font is never in here.
#[derive(Clone, Default)]
pub struct MissingSigns(Arc<Mutex<BTreeMap<char, MissingFont>>>);

impl MissingSigns {
    /// Draws the boxes, and keeps what they stand for.
    pub fn boxes(&self) -> GlyphRasterizer {
        let found = self.clone();
        GlyphRasterizer::new("testcard::missing_fonts", move |request: &GlyphRasterizerRequest<'_>| {
            let (sign, font) = font_for(request.cluster)?;
            found.0.lock().unwrap_or_else(PoisonError::into_inner).insert(sign, font);
            Some(empty_box(request.font_size_px))
        })
    }

    /// Whether every character so far had a font.
    pub fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Adds the fonts that this text would need.
    pub fn add_needed(&self, text: &str, needed: &mut BTreeSet<MissingFont>) {
        let missing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        needed.extend(text.chars().filter(|c| !c.is_ascii()).filter_map(|c| missing.get(&c)));
    }
}

/// What the window says about fonts that are missing for what it shows now.
pub fn notice(ctx: &Context) -> Option<Arc<str>> {
    ctx.data(|data| data.get_temp::<Option<Arc<str>>>(notice_id())).flatten()
}

/// Says, or takes back, that fonts are missing.
pub fn set_notice(ctx: &Context, needed: &BTreeSet<MissingFont>) {
    let words: Option<Arc<str>> = (!needed.is_empty()).then(|| sentence(needed).into());
    ctx.data_mut(|data| data.insert_temp(notice_id(), words));
    ctx.request_repaint();
}

fn notice_id() -> Id {
    Id::unique("fonts that are missing")
}

/// One sentence: what is shown as boxes, and what to install.
fn sentence(needed: &BTreeSet<MissingFont>) -> String {
    let listed = |words: BTreeSet<&str>| {
        let words: Vec<&str> = words.into_iter().collect();
        match words.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
            _ => words.concat(),
        }
    };
    let names = listed(needed.iter().map(|font| font.name).collect());
    let packages = listed(needed.iter().map(|font| font.package).collect());
    format!("No font for {names}: shown as boxes. Install {packages} (Debian, Ubuntu), then start Testcard again")
}

/// The first character of a sign, and the font that it would need; `None` for what belongs to no script, such as an icon.
fn font_for(sign: &str) -> Option<(char, MissingFont)> {
    let first = sign.chars().next()?;
    let font = |name, package| Some((first, MissingFont { name, package }));
    match first.script() {
        Script::Han | Script::Hiragana | Script::Katakana | Script::Bopomofo | Script::Hangul | Script::Yi => {
            font("Chinese, Japanese and Korean", "fonts-noto-cjk")
        }
        Script::Common | Script::Inherited | Script::Unknown => match first {
            '\u{3000}'..='\u{33ff}' | '\u{fe30}'..='\u{fe4f}' | '\u{ff00}'..='\u{ffef}' => {
                font("Chinese, Japanese and Korean", "fonts-noto-cjk")
            }
            '\u{1f000}'..='\u{1faff}' => font("emoji", "fonts-noto-color-emoji"),
            _ => None,
        },
        script => font(script_name(script), "fonts-noto-core"),
    }
}

fn script_name(script: Script) -> &'static str {
    match script {
        Script::Nko => "N'Ko",
        script => script.full_name(),
    }
}

/// A hollow box that stands on the line, as high as a letter.
fn empty_box(font_size_px: f32) -> RasterizedGlyph {
    let pixels = |size: f32| (size * font_size_px).round().max(3.0) as usize;
    let (width, height) = (pixels(0.5), pixels(0.7));
    let edge = (font_size_px / 14.0).round().max(1.0) as usize;
    let mut image = ColorImage::filled([width, height], Color32::TRANSPARENT);
    for y in 0..height {
        for x in 0..width {
            if x < edge || x + edge >= width || y < edge || y + edge >= height {
                image[(x, y)] = Color32::WHITE;
            }
        }
    }
    let side = (0.1 * font_size_px).round();
    RasterizedGlyph {
        bitmap: GlyphBitmap { image, offset_px: vec2(side, -(height as f32)), is_color: false },
        advance_px: width as f32 + 2.0 * side,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_has_a_package_and_icons_have_none() {
        for (sign, name, package) in [
            ("王", "Chinese, Japanese and Korean", "fonts-noto-cjk"),
            ("ひ", "Chinese, Japanese and Korean", "fonts-noto-cjk"),
            ("한", "Chinese, Japanese and Korean", "fonts-noto-cjk"),
            ("、", "Chinese, Japanese and Korean", "fonts-noto-cjk"),
            ("ש", "Hebrew", "fonts-noto-core"),
            ("م", "Arabic", "fonts-noto-core"),
            ("क", "Devanagari", "fonts-noto-core"),
            ("ก", "Thai", "fonts-noto-core"),
            ("ሀ", "Ethiopic", "fonts-noto-core"),
            ("\u{1fae8}", "emoji", "fonts-noto-color-emoji"),
        ] {
            let (_, font) = font_for(sign).unwrap();
            assert_eq!((font.name, font.package), (name, package), "{sign}");
        }
        for sign in ["", "\u{e001}", "\u{301}", "→"] {
            assert_eq!(font_for(sign), None, "{sign:?}");
        }
    }

    #[test]
    fn one_sentence_names_all() {
        let needed_for = |signs: &[&str]| -> String {
            sentence(&signs.iter().filter_map(|sign| font_for(sign)).map(|(_, font)| font).collect())
        };
        assert_eq!(
            needed_for(&["王", "ש", "م"]),
            "No font for Arabic, Chinese, Japanese and Korean and Hebrew: shown as boxes. Install fonts-noto-cjk and \
             fonts-noto-core (Debian, Ubuntu), then start Testcard again"
        );
        assert_eq!(
            needed_for(&["ש", "", "→"]),
            "No font for Hebrew: shown as boxes. Install fonts-noto-core (Debian, Ubuntu), then start Testcard again"
        );
    }
}
